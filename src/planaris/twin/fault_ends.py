"""Faults that end by themselves after a time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from planaris.model import ProcessFault

# What has happened is not undone by waiting: a person has to do something, or a part is changed.
_LASTING = frozenset({"slip", "break", "lost", "slots", ProcessFault.WORN_DISK.value, ProcessFault.RING_WEAR.value})


class FaultEnds:
    """When targets' faults end, on the running loop. ``mend`` gets a target whose time has come."""

    def __init__(self, mend: Callable[[str], None]) -> None:
        self._mend = mend
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def check(self, fault: str, duration_s: float | None) -> None:
        """Raise ValueError for a duration that a fault cannot have."""
        if duration_s is None:
            return
        if not (math.isfinite(duration_s) and duration_s > 0.0):
            raise ValueError(f"a fault lasts more than 0 s, not {duration_s:g} s; leave the duration out to keep it")
        if fault in _LASTING:
            raise ValueError(f"{fault} is not mended by time; leave the duration out")

    def begin(self, target: str, duration_s: float | None) -> None:
        """Have a target mended after a time, in place of an end that was set before."""
        self.forget(target)
        if duration_s is not None:
            self._timers[target] = asyncio.get_running_loop().call_later(duration_s, self._end, target)

    def forget(self, target: str) -> None:
        """Let a target not be mended by time."""
        timer = self._timers.pop(target, None)
        if timer is not None:
            timer.cancel()

    def _end(self, target: str) -> None:
        del self._timers[target]
        self._mend(target)
