"""The steady cycle of a played run as difference constraints: which periods its order of operations allows. Pure.

One wafer's operations, repeated every period, with the order in which resources serve them and the wet limits. What
the constraints do not hold is what the order leaves free, so the shortest period is the order's own best, and the
longest is where a wet limit would be passed: a slower cycle in the same order may be infeasible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from planaris.scheduling.difference import DifferenceSystem
from planaris.scheduling.line import Line, RoutedWafer
from planaris.scheduling.plan import Operation, What

Key = tuple[str, str, str]


class _Cycle:
    """Operations by the wafer (or turn) they belong to, counted in cycles."""

    def __init__(self, line: Line, wafers: Sequence[RoutedWafer], operations: Sequence[Operation]) -> None:
        self.line = line
        self.number = {w.wafer_id: n for n, w in enumerate(wafers)}
        self.home = {w.wafer_id: w.home for w in wafers}
        self.operations = sorted(operations, key=lambda o: o.start_s)
        self.turns = [o for o in self.operations if o.what is What.INDEX]
        self.rinses = [o for o in self.operations if o.what is What.RINSE]
        self._turn_of = {id(o): n for n, o in enumerate(self.turns)} | {id(o): n for n, o in enumerate(self.rinses)}

    def cycle_of(self, o: Operation) -> int:
        """Return the cycle an operation belongs to."""
        return self._turn_of[id(o)] if o.wafer_id == "" else self.number[o.wafer_id]

    def key(self, o: Operation) -> Key:
        """Return what an operation is in every cycle, without names of wafers, slots and heads."""
        if o.what in {What.INDEX, What.RINSE}:
            return o.what, "", ""
        if o.what is What.VISIT:
            return o.what, o.resource, ""
        home = self.home[o.wafer_id]
        return f"{o.what} {o.resource}", _place(o.source, home), _place(o.destination, home)


def _place(name: str, home: str) -> str:
    return "slot" if name == home else "" if name.startswith("head") else name


def cycle_system(
    line: Line, wafers: Sequence[RoutedWafer], operations: Sequence[Operation], *, wafer: int
) -> DifferenceSystem:
    """Return the constraints around one wafer, counted from 0, of a run in its steady state.

    All wafers must have the same operations, and the run must repeat itself from wafer to wafer there.
    """
    cycle, system = _Cycle(line, wafers, operations), DifferenceSystem()
    own = [o for o in cycle.operations if o.wafer_id == wafers[wafer].wafer_id]
    for one, other in pairwise(own):
        system.at_least(cycle.key(one), cycle.key(other), one.end_s - one.start_s, why="wafer")
    _resources(cycle, system, own)
    _places(cycle, system, own, wafers[wafer].home)
    _turns(cycle, system, own, wafer)
    limits = wafers[wafer].limits
    works = [o for o in own if o.resource in line.stations and o.what is What.WORK]
    last = [o for o in own if o.what is What.VISIT][-1]
    for one, other, limit_s in (
        (last, works[0], limits.polish_to_clean_s),
        *((a, b, limits.between_stations_s) for a, b in pairwise(works)),
    ):
        most_s = one.end_s - one.start_s + limit_s
        system.at_most(cycle.key(one), cycle.key(other), most_s, why="wet limit")
    return system


def _resources(cycle: _Cycle, system: DifferenceSystem, own: Sequence[Operation]) -> None:
    """Each resource serves in the order of the run; an empty move comes before what it was for."""
    by_resource: dict[str, list[Operation]] = defaultdict(list)
    for o in cycle.operations:
        by_resource[o.resource].append(o)
    for o in own:
        after = by_resource[o.resource]
        following = after[after.index(o) + 1 :]
        least_s = o.end_s - o.start_s
        for later in following:
            if later.what is What.GOTO:
                least_s += later.end_s - later.start_s
                continue
            periods = cycle.cycle_of(later) - cycle.cycle_of(o) if later.wafer_id else 0
            if later.wafer_id:
                system.at_least(cycle.key(o), cycle.key(later), least_s, periods=periods, why=o.resource)
            break


def _places(cycle: _Cycle, system: DifferenceSystem, own: Sequence[Operation], home: str) -> None:
    """A place takes the next wafer only when this one has left it."""
    moving = {What.PICK, What.PLACE, What.CARRY, What.LOAD, What.UNLOAD}
    for o in own:
        if o.what not in moving or o.source in {home, o.resource} or o.source.startswith("head"):
            continue
        later = next((x for x in cycle.operations if x.destination == o.source and x.start_s >= o.end_s - 1e-6), None)
        if later is not None and later.what in moving:
            periods = cycle.cycle_of(later) - cycle.cycle_of(o)
            system.at_least(cycle.key(o), cycle.key(later), o.end_s - o.start_s, periods=periods, why=o.source)


def _turns(cycle: _Cycle, system: DifferenceSystem, own: Sequence[Operation], wafer: int) -> None:
    """What happens on heads and in the load cup happens between two turns."""
    turn = cycle.key(cycle.turns[0])
    for o in own:
        at_cup = o.what in {What.PICK, What.PLACE} and "loadcup" in {o.source, o.destination}
        if o.what not in {What.VISIT, What.LOAD, What.UNLOAD} and not at_cup:
            continue
        before = max((n for n, t in enumerate(cycle.turns) if t.end_s <= o.start_s + 1e-6), default=None)
        if before is not None:
            turn_s = cycle.turns[before].end_s - cycle.turns[before].start_s
            system.at_least(turn, cycle.key(o), turn_s, periods=wafer - before, why="turn")
            system.at_least(cycle.key(o), turn, o.end_s - o.start_s, periods=before + 1 - wafer, why="turn")
