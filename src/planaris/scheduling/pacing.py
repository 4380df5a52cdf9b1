"""Pacing: end no polish before the line after it can take the wafer, so that nothing waits wet. Pure."""

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


def entry_times_s(
    leave_s: Sequence[float], wafers: Sequence[LineWafer], carry_s: Sequence[float] = ()
) -> tuple[float, ...]:
    """Return when each wafer before the line gets into it, in seconds from now.

    A flow shop without buffers: a wafer holds its place until the next is free and ``leave_s`` of taking it out is
    over; it arrives at the next place ``carry_s`` later. ``wafers`` come in their order, the one nearest the end first.
    """
    return _march(leave_s, wafers, carry_s)[0]


def line_free_s(
    leave_s: Sequence[float],
    wafers: Sequence[LineWafer],
    carry_s: Sequence[float] = (),
    *,
    process_s: Sequence[float] = (),
    most_wait_s: Sequence[float] = (),
) -> float:
    """Return when one more wafer may get into the line, in seconds from now, once all of these are in.

    With its ``process_s`` and the longest wait in each place, it comes no earlier than lets it keep those limits.
    """
    free_s = _march(leave_s, wafers, carry_s)[1]
    entry_s = free_s[0]
    carry = (*carry_s, *(0.0 for _ in range(len(leave_s) - len(carry_s))))
    for _ in range(len(most_wait_s) + 1):
        ready_s, over_s = entry_s, 0.0
        for place, most_s in enumerate(most_wait_s):
            done_s = ready_s + process_s[place]
            leaves_s = max(done_s, free_s[place + 1])
            over_s = max(over_s, leaves_s - done_s - most_s)
            ready_s = leaves_s + leave_s[place] + carry[place]
        if over_s <= 0.0:
            break
        entry_s += over_s
    return entry_s


def _march(
    leave_s: Sequence[float], wafers: Sequence[LineWafer], carry_s: Sequence[float]
) -> tuple[tuple[float, ...], list[float]]:
    places = len(leave_s)
    carry = (*carry_s, *(0.0 for _ in range(places - len(carry_s))))
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
                ready_s = free_s[place] + carry[place] + wafer.process_s[place + 1]
            place += 1
    return tuple(entries), free_s
