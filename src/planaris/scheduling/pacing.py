"""Pacing: start no polish whose wafer would wait wet for the cleaner longer than its limit. Pure.

A carousel turns all heads at once, so holding one wafer back from its last polish also holds the wafer that is done
before it. The rule therefore looks at all turns to come together: each wafer's wait is from the turn after its last
polish, not only from the line's next free place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Passes over the turns to come. Every pass only moves turns later; a plan that can be kept settles in some ten.
_MOST_PASSES = 30
_SETTLED_S = 1e-6


@dataclass(frozen=True, slots=True)
class LineWafer:
    """A wafer in the line after the polish, or in the cup before it.

    ``place`` is where it is, -1 before the line; ``ready_s`` when it is done there or stands in the cup;
    ``process_s`` its time at each place.
    """

    place: int
    ready_s: float
    process_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CarouselTimes:
    """Nominal times of a carousel and its load cup.

    ``polish_s`` is the longest visit between two turns, ``last_s`` the visit of the last polish; ``unload_s`` from the
    end of a turn until the wafer stands in the cup; ``carry_s`` of the robot from the cup into the line, begun when
    the line's first place is free; ``load_s`` from then until the next wafer hangs on its head; ``limit_s`` from the
    end of the last polish until the line has the wafer.
    """

    turn_s: float
    polish_s: float
    last_s: float
    unload_s: float
    carry_s: float
    load_s: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class HeadWafer:
    """What one turn after another brings to the cup: a wafer, or an empty head with no ``process_s``.

    ``starts_with`` is the turn with which its last polish starts, negative where that is under way or over;
    ``loads`` says whether the turn after its own waits for another wafer to be loaded.
    """

    process_s: tuple[float, ...] | None
    starts_with: int
    loads: bool


def entry_times_s(leave_s: Sequence[float], wafers: Sequence[LineWafer], carry_s: float) -> tuple[float, ...]:
    """Return when each wafer before the line gets into it, in seconds from now.

    A flow shop without buffers: a wafer holds its place until the next is free and ``leave_s`` of carrying is over;
    into the first place the robot carries it for ``carry_s`` once that is free. ``wafers`` come in their order, the
    one nearest the end first.
    """
    free_s = [0.0] * len(leave_s)
    return tuple(entry for w in wafers if (entry := _pass(w, leave_s, free_s, carry_s)) is not None)


def _pass(wafer: LineWafer, leave_s: Sequence[float], free_s: list[float], carry_s: float) -> float | None:
    """Take a wafer through the line, noting in ``free_s`` when it frees each place; return when it got in."""
    places = len(leave_s)
    place, ready_s = wafer.place, wafer.ready_s
    entered_s = None
    if place < 0:
        entered_s = max(ready_s, free_s[0]) + carry_s
        place, ready_s = 0, entered_s + wafer.process_s[0]
    while place < places:
        last = place + 1 == places
        free_s[place] = (ready_s if last else max(ready_s, free_s[place + 1])) + leave_s[place]
        if not last:
            ready_s = free_s[place] + wafer.process_s[place + 1]
        place += 1
    return entered_s


def turn_times_s(
    leave_s: Sequence[float], line: Sequence[LineWafer], heads: Sequence[HeadWafer], times: CarouselTimes
) -> tuple[float, ...] | None:
    """Return the earliest times of the turns to come, one for each of ``heads``, so that no wafer waits too long.

    ``line`` are the wafers in the line and before it, in their order; turn k brings ``heads[k]`` to the cup. The least
    solution is found by moving turns later until every wafer keeps the limit: a turn moved later delays only what
    comes after it, so nothing has to move back. None if no times keep the limit: the line is slower than the carousel
    by more than the limit allows, and waiting would not end.
    """
    turns = [0.0] * len(heads)
    start_free_s = [0.0] * len(leave_s)
    cup_free_s = 0.0
    for wafer in line:
        cup_free_s = _pass(wafer, leave_s, start_free_s, times.carry_s) or cup_free_s
    for _ in range(_MOST_PASSES):
        before = tuple(turns)
        free_s, entered_s = start_free_s.copy(), cup_free_s
        for k, head in enumerate(heads):
            if k > 0:
                loaded_s = entered_s + times.load_s if heads[k - 1].loads else 0.0
                turns[k] = max(turns[k], turns[k - 1] + times.turn_s + times.polish_s, loaded_s)
            if head.process_s is None:
                continue
            in_cup_s = max(turns[k] + times.turn_s, entered_s) + times.unload_s
            entered_s = _pass(LineWafer(-1, in_cup_s, head.process_s), leave_s, free_s, times.carry_s) or 0.0
            if head.starts_with >= 0:
                begun_s = entered_s - times.limit_s - times.turn_s - times.last_s
                turns[head.starts_with] = max(turns[head.starts_with], begun_s)
        if max((a - b for a, b in zip(turns, before, strict=True)), default=0.0) <= _SETTLED_S:
            return tuple(turns)
    return None
