"""Pacing: start no polish whose wafer would wait wet for the cleaner longer than its limit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineWafer:
    """A wafer in the line after the polish, or on its way to it.

    ``place`` is where it is, -1 before the line; ``ready_s`` when it is done there or reaches the line;
    ``process_s`` its time at each place.
    """

    place: int
    ready_s: float
    process_s: tuple[float, ...]


def entry_times_s(leave_s: Sequence[float], wafers: Sequence[LineWafer]) -> tuple[float, ...]:
    """Return when each wafer before the line gets into it, in seconds from now.

    A flow shop without buffers: a wafer holds its place until the next is free and ``leave_s`` of carrying is over.
    ``wafers`` come in their order, the one nearest the end first.
    """
    places = len(leave_s)
    free_s = [0.0] * places
    entries: list[float] = []
    for wafer in wafers:
        place, ready_s = wafer.place, wafer.ready_s
        if place < 0:
            entered_s = max(ready_s, free_s[0])
            entries.append(entered_s)
            place, ready_s = 0, entered_s + wafer.process_s[0]
        while place < places:
            last = place + 1 == places
            free_s[place] = (ready_s if last else max(ready_s, free_s[place + 1])) + leave_s[place]
            if not last:
                ready_s = free_s[place] + wafer.process_s[place + 1]
            place += 1
    return tuple(entries)


def hold_s(leave_s: Sequence[float], wafers: Sequence[LineWafer], *, natural_s: float, limit_s: float) -> float:
    """Return how long to hold the carousel so that the last of ``wafers`` waits no longer than ``limit_s``.

    ``natural_s`` is what passes between its polish and the line however free the line is.
    """
    entered_s = entry_times_s(leave_s, wafers)[-1]
    return max(0.0, entered_s - wafers[-1].ready_s + natural_s - limit_s)
