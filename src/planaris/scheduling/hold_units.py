"""Which heads of a tool of units must wait with their next wafer, so that none waits for the cleaner. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from planaris.scheduling.line import PlatenVisit
from planaris.scheduling.line_units import UnitsLine
from planaris.scheduling.pacing import LineWafer
from planaris.scheduling.pacing_units import begin_hold_s

# How long a wafer may wait for the cleaner on its way there, for what cannot be foreseen: a robot in use, device time
# spread; never more than what its wet limit leaves [design].
ALLOWED_WAIT_S = 5.0
# Kept free of the wet limit [design].
MARGIN_S = 10.0


@dataclass(frozen=True, slots=True)
class UnitsAhead:
    """What lies ahead on a floor of units, seconds from now.

    ``at`` maps location to wafer, ``positions`` unit to the platen its head stands over, 0 at the exchange station;
    ``due_s`` when a location's wafer is expected to be ready. Of each wafer on the floor: ``todo`` its visits to come
    (whole ones: how far the first has gone is told by ``due_s``), ``after_s`` its times in the places after the polish,
    ``wet_limit_s`` its limit from polish to clean. ``polished`` wafers have no visit to come.
    """

    at: Mapping[str, str]
    positions: Mapping[int, int]
    due_s: Mapping[str, float]
    todo: Mapping[str, tuple[PlatenVisit, ...]]
    after_s: Mapping[str, tuple[float, ...]]
    wet_limit_s: Mapping[str, float]
    polished: frozenset[str]


def holds_s(line: UnitsLine, ahead: UnitsAhead) -> dict[str, float]:
    """Return how long to hold each loaded head that is still at its exchange station; heads that may go lack."""
    places, leave_s = _after_polish(line)
    in_line = [
        LineWafer(place, max(0.0, ahead.due_s.get(name, 0.0)), ahead.after_s[ahead.at[name]])
        for place, name in reversed(list(enumerate(places)))
        if name in ahead.at
    ]
    holds: dict[str, float] = {}
    for unit, platen in ahead.positions.items():
        wafer = ahead.at.get(f"head{unit}")
        if wafer is None or platen or wafer in ahead.polished:
            continue
        way_s = line.swing_exchange_s + _stages_s(line, ahead.todo[wafer]) + _back_s(line)
        coming = [*_coming(line, ahead, but=unit), LineWafer(-1, way_s, ahead.after_s[wafer])]
        left_s = ahead.wet_limit_s[wafer] - MARGIN_S - _back_s(line)
        wait_s = begin_hold_s(leave_s, in_line, coming, max(0.0, min(ALLOWED_WAIT_S, left_s)))
        if wait_s > 0.0:
            holds[f"head{unit}"] = wait_s
    return holds


def _after_polish(line: UnitsLine) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the places after the polish and how long each is held while its wafer is taken out."""
    exchanges = (line.exchange_s,) * (len(line.stations) - 1)
    dry = line.dry
    if not line.measured:
        return line.stations, (*exchanges, dry.pick_s)
    through = (dry.pick_s + dry.move_s + dry.place_s, dry.pick_s + dry.empty_move_s)
    return (*line.stations, "metrology"), (*exchanges, *through)


def _from_arm_s(line: UnitsLine) -> float:
    return line.wet.move_s + line.wet.place_s


def _from_cup_s(line: UnitsLine) -> float:
    return (line.wet.swap_s if line.wet.arms > 1 else line.wet.pick_s) + _from_arm_s(line)


def _back_s(line: UnitsLine) -> float:
    """Return the way from a table to the cleaner."""
    return line.swing_exchange_s + line.unload_s + _from_cup_s(line)


def _stages_s(line: UnitsLine, visits: tuple[PlatenVisit, ...]) -> float:
    """Return visits and the swings between them."""
    swings = sum(line.platens_for(a.platen) != line.platens_for(b.platen) for a, b in pairwise(visits))
    return sum(visit.time_s for visit in visits) + swings * line.swing_table_s


def _coming(line: UnitsLine, ahead: UnitsAhead, but: int) -> Iterator[LineWafer]:
    """Yield wafers on their way to the line, without the one on a unit's head."""
    at, polished = ahead.at, ahead.polished
    for arm in line.wet_arms:
        if at.get(arm) in polished:
            yield LineWafer(-1, _from_arm_s(line), ahead.after_s[at[arm]])
    for unit, platen in ahead.positions.items():
        cup, head = at.get(f"exchange{unit}"), f"head{unit}"
        wafer = at.get(head)
        if cup is not None and cup in polished:
            yield LineWafer(-1, _from_cup_s(line), ahead.after_s[cup])
        if wafer is None or unit == but:
            continue
        if wafer in polished:
            yield LineWafer(-1, _back_s(line), ahead.after_s[wafer])
        elif platen:
            todo = ahead.todo[wafer]
            left_s = ahead.due_s.get(head, todo[0].time_s)
            way_s = max(0.0, left_s) + _stages_s(line, todo[1:]) + _back_s(line)
            yield LineWafer(-1, way_s, ahead.after_s[wafer])
