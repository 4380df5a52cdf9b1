"""An independent checker of timed operations of a tool of polishing units. Pure.

It shares no code with rule, planner or simulator. Beside what the checker of carousels holds to (nothing overlaps,
every wafer goes its route in order and long enough, no wet limit is passed), each arm of a robot holds one wafer, a
station does not rise into an arm, and each head works where its own swings have brought it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from planaris.scheduling.checker import TICK_S, Fault, Violation, clashes, places, way
from planaris.scheduling.difference import DifferenceSystem
from planaris.scheduling.line import RoutedWafer
from planaris.scheduling.line_units import UnitsLine
from planaris.scheduling.plan import Operation, What

_ON_ARM = (What.PICK, What.PLACE)


def check_units(
    line: UnitsLine, wafers: Sequence[RoutedWafer], operations: Sequence[Operation], *, short_fraction: float = 0.0
) -> tuple[Violation, ...]:
    """Return every violation. A motion may be shorter than the line says by ``short_fraction`` (device time spread)."""
    ordered = sorted(operations, key=lambda o: (o.start_s, o.end_s))
    by_id = {w.wafer_id: w for w in wafers}
    found = [
        *_overlaps(ordered),
        *places([o for o in ordered if o.what is not What.SWING]),
        *_arms(line, ordered, short_fraction),
        *_heads(line, ordered),
        *_durations(line, by_id, ordered, short_fraction),
    ]
    for wafer in wafers:
        own = [o for o in ordered if o.wafer_id == wafer.wafer_id]
        found += way(wafer, [o for o in own if o.what is not What.SWING])
        found += _route(line, wafer, own)
        found += _residency(line, wafer, own, ordered)
    return tuple(sorted(found, key=lambda v: v.time_s))


def _overlaps(operations: Sequence[Operation]) -> Iterable[Violation]:
    """No resource and no head does two things at once; an arm is in no station that is up."""
    by_resource: dict[str, list[Operation]] = defaultdict(list)
    for o in operations:
        if o.what is not What.RINSE:  # the station stays down, and an arm may reach in
            by_resource[o.resource].append(o)
        head = o.destination if o.what is What.LOAD else o.source
        if o.what in {What.VISIT, What.LOAD, What.UNLOAD, What.RINSE, What.SWING}:
            by_resource[head].append(o)
        if o.what in _ON_ARM:
            for place in (o.source, o.destination):
                if place.startswith("exchange"):
                    by_resource[place].append(o)
    return clashes(by_resource)


def _arms(line: UnitsLine, operations: Sequence[Operation], short: float) -> Iterable[Violation]:
    """Each arm holds one wafer; ways, picks and places take their time, a swap of two arms half of its own each."""
    arms_of = {"dry_robot": ("dry_robot",), "wet_robot": line.wet_arms}
    for robot, times in (("dry_robot", line.dry), ("wet_robot", line.wet)):
        held: dict[str, str] = {}
        stands, swapped_at = "", ""
        for o in operations:
            if o.resource != robot:
                continue
            place = o.source if o.what is What.PICK else o.destination
            way_s = 0.0 if stands == place else times.move_s if held else times.empty_move_s
            least_s = way_s
            if o.what is What.PICK:
                arm = o.destination
                if arm in held or arm not in arms_of[robot]:
                    yield Violation(Fault.ARM, robot, o.start_s, f"picks {o.wafer_id} with {arm}, which cannot")
                least_s += times.swap_s / 2.0 if held else times.pick_s
                swapped_at = place if held else ""
                held[arm] = o.wafer_id
            elif o.what is What.PLACE:
                arm = o.source
                if held.pop(arm, None) != o.wafer_id:
                    yield Violation(Fault.ARM, robot, o.start_s, f"places {o.wafer_id}, which {arm} does not hold")
                least_s += times.swap_s / 2.0 if swapped_at == place else times.place_s
                swapped_at = ""
            stands = place if times.arms > 1 or o.what is What.GOTO else ""
            if o.end_s - o.start_s < least_s * (1.0 - short) - TICK_S:
                yield Violation(Fault.TOO_SHORT, robot, o.start_s, f"{o.what} takes {o.end_s - o.start_s:.2f} s")


def _heads(line: UnitsLine, operations: Sequence[Operation]) -> Iterable[Violation]:
    """Follow each unit's head: what is done with it is done where its last swing has brought it."""
    for unit, platens in enumerate(line.units, start=1):
        head, station = f"head{unit}", f"exchange{unit}"
        over = station
        legal = {station, *(f"platen{n}" for n in platens)}
        for o in operations:
            if head not in {o.source, o.destination}:
                continue
            if o.what is What.SWING:
                if o.destination not in legal:
                    yield Violation(Fault.ROUTE, head, o.start_s, f"cannot reach {o.destination}")
                if o.resource != f"swing{unit}":
                    yield Violation(Fault.ROUTE, head, o.start_s, f"is on swing{unit}, not on {o.resource}")
                over = o.destination
            elif o.resource != over:
                yield Violation(Fault.ROUTE, head, o.start_s, f"{o.what} at {o.resource} while it is over {over}")


def _durations(
    line: UnitsLine, wafers: dict[str, RoutedWafer], operations: Sequence[Operation], short: float
) -> Iterable[Violation]:
    over: dict[str, str] = {}
    done: dict[str, int] = defaultdict(int)
    for o in operations:
        wafer = wafers.get(o.wafer_id)
        least_s = {
            What.UNLOAD: line.unload_s,
            What.LOAD: line.load_s + line.chuck_s,
            What.RINSE: line.head_rinse_s,
            What.CARRY: line.exchange_s,
        }.get(o.what, 0.0)
        if o.what is What.SWING:
            ends = {over.get(o.source, "exchange"), o.destination}
            to_table = all(end.startswith("platen") for end in ends)
            least_s = line.swing_table_s if to_table else line.swing_exchange_s
            over[o.source] = o.destination
        elif o.what is What.WORK and wafer is not None:
            if o.resource == "aligner":
                least_s = line.aligner_s
            elif o.resource == "metrology":
                least_s = wafer.measure_s
            elif o.resource in line.stations:
                least_s = wafer.clean_s[line.stations.index(o.resource)]
        least_s *= 1.0 - short
        if o.what is What.VISIT and wafer is not None and done[o.wafer_id] < len(wafer.visits):
            visit = wafer.visits[done[o.wafer_id]]
            least_s = visit.time_s - visit.spread_s
            done[o.wafer_id] += 1
        if o.end_s - o.start_s < least_s - TICK_S:
            problem = f"{o.what} of {o.wafer_id or o.source} takes {o.end_s - o.start_s:.2f} s, least {least_s:.2f}"
            yield Violation(Fault.TOO_SHORT, o.resource, o.start_s, problem)


def _route(line: UnitsLine, wafer: RoutedWafer, own: Sequence[Operation]) -> Iterable[Violation]:
    done = [o.resource for o in own if o.what in {What.WORK, What.VISIT}]
    wanted = [("aligner",), *(tuple(f"platen{n}" for n in line.platens_for(v.platen)) for v in wafer.visits)]
    wanted += [(name,) for name in line.stations]
    if wafer.measure_s > 0:
        wanted.append(("metrology",))
    if len(done) != len(wanted) or any(name not in legal for name, legal in zip(done, wanted, strict=False)):
        yield Violation(Fault.ROUTE, wafer.wafer_id, own[-1].end_s if own else 0.0, f"was worked on in {done}")


def _residency(
    line: UnitsLine, wafer: RoutedWafer, own: Sequence[Operation], operations: Sequence[Operation]
) -> Iterable[Violation]:
    """Wet limits as difference constraints: polish to clean, between stations, on a head over a table that is done."""
    system, name, limits = DifferenceSystem(), wafer.wafer_id, wafer.limits
    times_s: dict[Hashable, float] = {}
    visits = [o for o in own if o.what is What.VISIT]
    cleans = [o for o in own if o.what is What.WORK and o.resource in line.stations]

    def limit(end_s: float, begin_s: float, most_s: float, why: str) -> None:
        ends, begins = f"{why}, from", f"{why}, to"
        times_s[ends], times_s[begins] = end_s, begin_s
        system.at_most(ends, begins, most_s, why=why)

    for visit in visits:
        later = [
            o.start_s
            for o in operations
            if o.source == visit.source and o.what in {What.SWING, What.VISIT} and o.start_s >= visit.end_s - TICK_S
        ]
        leaves_s = min(later, default=visit.end_s)
        limit(visit.end_s, leaves_s, limits.stopped_platen_s, f"{name} over stopped {visit.resource}")
    if visits and cleans:
        limit(visits[-1].end_s, cleans[0].start_s, limits.polish_to_clean_s, f"{name} from polish to clean")
    for one, other in pairwise(cleans):
        limit(
            one.end_s, other.start_s, limits.between_stations_s, f"{name} between {one.resource} and {other.resource}"
        )
    for broken in system.broken(times_s):
        fault = Fault.STOPPED_PLATEN if " over stopped " in broken.why else Fault.RESIDENCY
        yield Violation(fault, name, times_s[broken.earlier], f"{broken.why}: {-broken.least_s:g} s is passed")
