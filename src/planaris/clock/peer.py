"""Peer time: the real clock that sockets, users and files live on. Control never asks it."""

from __future__ import annotations

import datetime
import time


def monotonic_s() -> float:
    """Return a real monotonic time in seconds, for durations."""
    return time.monotonic()


def utc_now() -> datetime.datetime:
    """Return the wall-clock date and time in UTC."""
    return datetime.datetime.now(datetime.UTC)
