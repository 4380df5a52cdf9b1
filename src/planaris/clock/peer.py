"""Peer time: the real clock that sockets, users and files live on. Control never asks it."""

from __future__ import annotations

import datetime
import time
from typing import TypeAlias

# A date and time with its zone, for those who hold one and may not ask for it.
Instant: TypeAlias = datetime.datetime

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def monotonic_s() -> float:
    """Return a real monotonic time in seconds, for durations."""
    return time.monotonic()


def utc_now() -> datetime.datetime:
    """Return the wall-clock date and time in UTC."""
    return datetime.datetime.now(datetime.UTC)


def utc_of_ns(time_ns: int) -> datetime.datetime:
    """Return ns since 1970-01-01 UTC as a date, to the microsecond."""
    return _EPOCH + datetime.timedelta(microseconds=round(time_ns / 1000))


def ns_of_utc(date: datetime.datetime) -> int:
    """Return a date as ns since 1970-01-01; one without a zone is UTC."""
    aware = date if date.tzinfo else date.replace(tzinfo=datetime.UTC)
    return (aware - _EPOCH) // datetime.timedelta(microseconds=1) * 1000


def utc_of_text(text: str, pattern: str = "") -> datetime.datetime:
    """Return the date that a text says in a pattern of ``strptime``, in ISO 8601 where there is none.

    One without a zone is UTC. Raises ValueError.
    """
    if pattern:
        at = datetime.datetime.strptime(text, pattern).replace(tzinfo=datetime.UTC)
    else:
        at = datetime.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=datetime.UTC)


def later(at: datetime.datetime, seconds: float) -> datetime.datetime:
    """Return the date so many seconds after another."""
    return at + datetime.timedelta(seconds=seconds)
