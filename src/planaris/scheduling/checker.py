"""An independent checker: whether a list of timed operations may be done by a carousel tool. Pure.

It shares no code with rule, planner or simulator: from the operations alone it follows every wafer, arm, head and
place. Nothing may overlap, every wafer goes its route in order and long enough, one arm holds one wafer, all heads
turn together and only when they may, and no wet limit is passed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from planaris.scheduling.difference import DifferenceSystem
from planaris.scheduling.line import Line, RoutedWafer
from planaris.scheduling.plan import Operation, What

# Times are sums of floats; less than this is no overlap.
TICK_S = 1e-6
CUP = "loadcup"


class Fault(StrEnum):
    """Kind of a violation."""

    OVERLAP = "overlap"
    OCCUPIED = "occupied"
    PRECEDENCE = "precedence"
    ROUTE = "route"
    TOO_SHORT = "too_short"
    ARM = "arm"
    CAROUSEL = "carousel"
    RESIDENCY = "residency"
    STOPPED_PLATEN = "stopped_platen"


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong: with which wafer or resource, when, and how."""

    fault: Fault
    subject: str
    time_s: float
    detail: str


def check(
    line: Line, wafers: Sequence[RoutedWafer], operations: Sequence[Operation], *, short_fraction: float = 0.0
) -> tuple[Violation, ...]:
    """Return every violation. A motion may be shorter than the line says by ``short_fraction`` (device time spread)."""
    ordered = sorted(operations, key=lambda o: (o.start_s, o.end_s))
    by_id = {w.wafer_id: w for w in wafers}
    found = [
        *_overlaps(ordered),
        *places(ordered),
        *_arms(line, ordered, short_fraction),
        *_turns(line, ordered),
        *_durations(line, by_id, ordered, short_fraction),
    ]
    for wafer in wafers:
        own = [o for o in ordered if o.wafer_id == wafer.wafer_id]
        found += way(wafer, own)
        found += _route(line, wafer, own)
    found += residency(line, wafers, ordered)
    return tuple(sorted(found, key=lambda v: v.time_s))


def _overlaps(operations: Sequence[Operation]) -> Iterable[Violation]:
    by_resource: dict[str, list[Operation]] = defaultdict(list)
    for o in operations:
        by_resource[o.resource].append(o)
        if CUP in {o.source, o.destination} and o.what in {What.PICK, What.PLACE}:
            by_resource[CUP].append(o)  # an arm in the cup keeps it from moving
    return clashes(by_resource)


def clashes(by_resource: Mapping[str, Sequence[Operation]]) -> Iterator[Violation]:
    """Yield operations of one resource, in the order of their starts, that begin before an earlier one ends."""
    for resource, own in by_resource.items():
        latest = own[0]
        for o in own[1:]:
            if o.start_s < latest.end_s - TICK_S:
                yield Violation(Fault.OVERLAP, resource, o.start_s, f"{o.what} begins before {latest.what} ends")
            latest = max(latest, o, key=lambda x: x.end_s)


def places(operations: Sequence[Operation]) -> Iterable[Violation]:
    """Yield wafers that are brought where another one is.

    A place belongs to a wafer from the moment it is brought there until it has been taken away.
    """
    holder: dict[str, tuple[str, float]] = {}
    events: list[tuple[float, int, str, str]] = []
    for o in operations:
        if o.what in {What.PICK, What.PLACE, What.CARRY, What.LOAD, What.UNLOAD}:
            events.append((o.end_s, 0, o.source, o.wafer_id))
            events.append((o.start_s, 1, o.destination, o.wafer_id))
    for time_s, kind, place, wafer in sorted(events, key=lambda e: (round(e[0] / TICK_S), e[1])):
        if kind == 0:
            if holder.get(place, ("", 0.0))[0] == wafer:
                del holder[place]
        elif place in holder:
            yield Violation(Fault.OCCUPIED, place, time_s, f"{wafer} comes while {holder[place][0]} is there")
        else:
            holder[place] = (wafer, time_s)


def _arms(line: Line, operations: Sequence[Operation], short: float) -> Iterable[Violation]:
    for robot, times in (("dry_robot", line.dry), ("wet_robot", line.wet)):
        held, before = "", ""
        for o in operations:
            if o.resource != robot:
                continue
            way_s = 0.0
            if o.what is What.PICK:
                if held:
                    yield Violation(Fault.ARM, robot, o.start_s, f"picks {o.wafer_id} while it holds {held}")
                way_s = times.pick_s + (0.0 if before == o.source else times.empty_move_s)
                held, before = o.wafer_id, ""
            elif o.what is What.PLACE:
                if held != o.wafer_id:
                    yield Violation(Fault.ARM, robot, o.start_s, f"places {o.wafer_id} while it holds {held or 'none'}")
                way_s = times.move_s + times.place_s
                held, before = "", ""
            elif o.what is What.GOTO:
                if held:
                    yield Violation(Fault.ARM, robot, o.start_s, f"goes empty while it holds {held}")
                way_s = times.empty_move_s
                before = o.destination
            if o.end_s - o.start_s < way_s * (1.0 - short) - TICK_S:
                yield Violation(Fault.TOO_SHORT, robot, o.start_s, f"{o.what} takes {o.end_s - o.start_s:.2f} s")


def _turns(line: Line, operations: Sequence[Operation]) -> Iterable[Violation]:
    """Follow the heads: all turn together, with nothing at work on them, and work is done where they stand."""
    turns = [o for o in operations if o.what is What.INDEX]
    touching = (What.VISIT, What.UNLOAD, What.LOAD, What.RINSE)
    for o in operations:
        at_cup = o.what in {What.PICK, What.PLACE} and CUP in {o.source, o.destination}
        if o.what not in touching and not at_cup:
            continue
        for turn in turns:
            if turn.start_s < o.end_s - TICK_S and o.start_s < turn.end_s - TICK_S:
                yield Violation(Fault.CAROUSEL, o.resource, o.start_s, f"{o.what} while the carousel turns")
        if at_cup:
            continue
        head = o.destination if o.what is What.LOAD else o.source
        turned = sum(turn.end_s <= o.start_s + TICK_S for turn in turns)
        stands = (int(head.removeprefix("head")) - 1 + turned) % line.heads
        wanted = int(o.resource.removeprefix("platen")) if o.what is What.VISIT else 0
        if stands != wanted:
            yield Violation(Fault.CAROUSEL, o.resource, o.start_s, f"{o.what} with {head} over station {stands}")


def _durations(
    line: Line, wafers: dict[str, RoutedWafer], operations: Sequence[Operation], short: float
) -> Iterable[Violation]:
    for o in operations:
        wafer = wafers.get(o.wafer_id)
        least_s = {
            What.UNLOAD: line.unload_s,
            What.LOAD: line.load_s + line.chuck_s,
            What.RINSE: line.head_rinse_s,
            What.INDEX: line.index_s,
            What.CARRY: line.exchange_s,
        }.get(o.what, 0.0)
        if o.what is What.WORK and wafer is not None:
            if o.resource == "aligner":
                least_s = line.aligner_s
            elif o.resource == "metrology":
                least_s = wafer.measure_s
            elif o.resource in line.stations:
                least_s = wafer.clean_s[line.stations.index(o.resource)]
        least_s *= 1.0 - short
        if o.what is What.VISIT and wafer is not None:
            visits = [v for v in wafer.visits if f"platen{v.platen}" == o.resource]
            least_s = min((v.time_s - v.spread_s for v in visits), default=0.0)
        if o.end_s - o.start_s < least_s - TICK_S:
            problem = f"{o.what} of {o.wafer_id or o.source} takes {o.end_s - o.start_s:.2f} s, least {least_s:.2f}"
            yield Violation(Fault.TOO_SHORT, o.resource, o.start_s, problem)


def way(wafer: RoutedWafer, own: Sequence[Operation]) -> Iterable[Violation]:
    """Yield operations of a wafer that begin where it is not, or before the one before has ended."""
    place, free_s = wafer.home, wafer.release_s
    for o in own:
        if o.start_s < free_s - TICK_S:
            yield Violation(Fault.PRECEDENCE, wafer.wafer_id, o.start_s, f"{o.what} before it is free at {free_s:.2f}")
        if o.source != place:
            yield Violation(Fault.ROUTE, wafer.wafer_id, o.start_s, f"{o.what} at {o.source}; it is in {place}")
        place, free_s = o.destination, max(free_s, o.end_s)
    if place != wafer.home:
        yield Violation(Fault.ROUTE, wafer.wafer_id, free_s, f"ends in {place}")


def _route(line: Line, wafer: RoutedWafer, own: Sequence[Operation]) -> Iterable[Violation]:
    done = [o.resource for o in own if o.what in {What.WORK, What.VISIT}]
    wanted = ["aligner", *(f"platen{v.platen}" for v in wafer.visits), *line.stations]
    if wafer.measure_s > 0:
        wanted.append("metrology")
    if done != wanted:
        yield Violation(Fault.ROUTE, wafer.wafer_id, own[-1].end_s if own else 0.0, f"was worked on in {done}")


def residency(line: Line, wafers: Sequence[RoutedWafer], operations: Sequence[Operation]) -> tuple[Violation, ...]:
    """Return the waits that pass their limit: polish to clean, between wet stations, over a stopped platen.

    The last has a kind of its own: a tool that keeps the platen turning and rinsing under a waiting head meets it.
    """
    system, times_s = residency_system(line, wafers, operations)
    return tuple(
        Violation(
            Fault.STOPPED_PLATEN if " over stopped " in c.why else Fault.RESIDENCY,
            str(c.later),
            times_s[c.earlier],
            f"{c.why}: {-c.least_s:g} s is passed",
        )
        for c in system.broken(times_s)
    )


def residency_system(
    line: Line, wafers: Sequence[RoutedWafer], operations: Sequence[Operation]
) -> tuple[DifferenceSystem, dict[Hashable, float]]:
    """Return the wet limits as difference constraints, and the times of their events."""
    system, times_s = DifferenceSystem(), dict[Hashable, float]()
    turns_s = sorted(o.start_s for o in operations if o.what is What.INDEX)
    by_wafer: dict[str, list[Operation]] = defaultdict(list)
    for o in operations:
        if o.what in {What.VISIT, What.WORK}:
            by_wafer[o.wafer_id].append(o)

    def limit(ends: tuple[str, float], begins: tuple[str, float], most_s: float, why: str) -> None:
        times_s[ends[0]], times_s[begins[0]] = ends[1], begins[1]
        system.at_most(ends[0], begins[0], most_s, why=why)

    for wafer in wafers:
        name, limits = wafer.wafer_id, wafer.limits
        visits = [o for o in by_wafer[name] if o.what is What.VISIT]
        cleans = [o for o in by_wafer[name] if o.resource in line.stations]
        for o in visits:
            turn_s = next((t for t in turns_s if t >= o.end_s - TICK_S), o.end_s)
            ends, begins = (f"{name} off {o.resource}", o.end_s), (f"{name} turned from {o.resource}", turn_s)
            limit(ends, begins, limits.stopped_platen_s, f"{name} over stopped {o.resource}")
        if visits and cleans:
            ends, begins = (
                (f"{name} polished", visits[-1].end_s),
                (f"{name} in {cleans[0].resource}", cleans[0].start_s),
            )
            limit(ends, begins, limits.polish_to_clean_s, f"{name} from polish to clean")
        for one, other in pairwise(cleans):
            ends, begins = (f"{name} done in {one.resource}", one.end_s), (f"{name} in {other.resource}", other.start_s)
            limit(ends, begins, limits.between_stations_s, f"{name} between {one.resource} and {other.resource}")
    return system, times_s
