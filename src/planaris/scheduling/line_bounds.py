"""Bounds of a carousel line that no schedule can beat, with what each resource must do besides its work. Pure.

A place is held from the moment a wafer is brought until it has been taken away, so its busy time is work plus what
brings and what takes: the dryer is filled by a 10 s exchange, dries, and must be emptied by a pick before the next
exchange begins. An arm makes one empty move before each pick. Two visits to one platen have a turn between them.
Each is a resource that serves one wafer at a time, so a cycle is never shorter than its mean busy time
(docs/reference/design-values.md, throughput and schedule).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planaris.scheduling.line import Line, RoutedWafer


@dataclass(frozen=True, slots=True)
class LineBound:
    """Mean busy seconds a wafer for each resource, the bottleneck's name, and the shortest makespan of these wafers."""

    busy_s: Mapping[str, float]
    bottleneck: str
    makespan_s: float

    @property
    def cycle_s(self) -> float:
        """The shortest mean time between wafers."""
        return self.busy_s[self.bottleneck]

    @property
    def wafers_per_h(self) -> float:
        """The highest steady rate."""
        return 3600.0 / self.cycle_s


@dataclass(frozen=True, slots=True)
class _Stay:
    """A wafer at a resource on the shortest way: from when to when, and what parts two wafers there."""

    resource: str
    enters_s: float
    leaves_s: float
    apart_s: float = 0.0


def line_bound(line: Line, wafers: Sequence[RoutedWafer]) -> LineBound:
    """Return the bound of these wafers; their mix is what they are."""
    if not wafers:
        raise ValueError("a bound needs a wafer")
    ways = [_way(line, wafer) for wafer in wafers]
    arms = {"dry_robot": 0.0, "wet_robot": 0.0}
    held: dict[str, list[_Stay]] = {}
    tails_s: dict[str, list[float]] = {}
    for stays, end_s in ways:
        for stay in stays:
            held.setdefault(stay.resource, []).append(stay)
            tails_s.setdefault(stay.resource, []).append(end_s - stay.leaves_s)
    busy_s = {
        name: sum(s.leaves_s - s.enters_s + s.apart_s for s in stays) / len(wafers) for name, stays in held.items()
    }
    for robot, transfers in (("dry_robot", 3.0 + _share(w.measure_s > 0 for w in wafers)), ("wet_robot", 2.0)):
        t = line.dry if robot == "dry_robot" else line.wet
        arms[robot] = transfers * (t.empty_move_s + t.pick_s + t.move_s + t.place_s)
    busy_s |= arms
    bottleneck = max(busy_s, key=lambda name: busy_s[name])
    makespan_s = max(end_s for _, end_s in ways)
    for name, stays in held.items():
        apart_s = max(s.apart_s for s in stays)  # the last wafer needs no turn after it
        total_s = sum(s.leaves_s - s.enters_s + s.apart_s for s in stays) - apart_s
        makespan_s = max(makespan_s, min(s.enters_s for s in stays) + total_s + min(tails_s[name]))
    for robot, arm_s in arms.items():
        t = line.dry if robot == "dry_robot" else line.wet
        makespan_s = max(makespan_s, line.carrier_map_s + arm_s * len(wafers) - t.empty_move_s)
    return LineBound(busy_s, bottleneck, makespan_s)


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / len(values)


def _way(line: Line, wafer: RoutedWafer) -> tuple[list[_Stay], float]:
    """Return the stays on the shortest way of a wafer that meets no other, and when it is back."""
    dry, wet, stays = line.dry, line.wet, list[_Stay]()
    now_s = max(line.carrier_map_s, wafer.release_s) + dry.pick_s + dry.move_s
    now_s = _stay(stays, "aligner", now_s, dry.place_s + line.aligner_s + dry.pick_s) + dry.move_s
    now_s = _stay(stays, "stage", now_s, dry.place_s + wet.pick_s) + wet.move_s
    # The cup is held for in and out, and a head stands still over it: unload, take out, rinse, bring, load.
    cup_s = line.unload_s + wet.pick_s + line.head_rinse_s + wet.place_s + line.load_s + line.chuck_s
    loaded_s = now_s + wet.place_s + line.load_s + line.chuck_s
    station, now_s = 0, loaded_s
    for visit in wafer.visits:
        turns = (visit.platen - station) % line.heads or line.heads
        now_s += turns * line.index_s
        expected_s = visit.time_s
        stays.append(_Stay(f"platen{visit.platen}", now_s, now_s + expected_s, line.index_s))
        now_s += expected_s
        station = visit.platen
    now_s += (line.heads - station) * line.index_s + line.unload_s + wet.pick_s
    stays.append(_Stay("loadcup", now_s - cup_s, now_s, line.index_s))
    now_s += wet.move_s
    arrives_s = wet.place_s
    for place, clean_s in enumerate(wafer.clean_s):
        last = place + 1 == len(wafer.clean_s)
        leaves_s = dry.pick_s if last else line.exchange_s
        now_s = _stay(stays, line.stations[place], now_s, arrives_s + clean_s + leaves_s)
        if not last:
            now_s -= leaves_s  # the exchange is part of both stays
        arrives_s = line.exchange_s
    now_s += dry.move_s
    if wafer.measure_s > 0:
        now_s = _stay(stays, "metrology", now_s, dry.place_s + wafer.measure_s + dry.pick_s) + dry.move_s
    return stays, now_s + dry.place_s


def _stay(stays: list[_Stay], resource: str, enters_s: float, time_s: float) -> float:
    stays.append(_Stay(resource, enters_s, enters_s + time_s))
    return enters_s + time_s


def least_empty_s(empty_s: Sequence[Sequence[float]]) -> float:
    """Return the least empty travel a cycle: each destination (row) is followed by one origin (column) of the next.

    The order in which a robot makes its transfers is a permutation; the cheapest assignment is a bound of all of them.
    """
    from scipy.optimize import linear_sum_assignment

    matrix = np.asarray(empty_s, dtype=float)
    rows, columns = linear_sum_assignment(matrix)
    return float(matrix[rows, columns].sum())


def best_mix(busy_s: Mapping[str, Mapping[str, float]], copies: Mapping[str, int]) -> tuple[float, dict[str, float]]:
    """Return the highest rate (wafers per second) of a free mix of routes, and each route's part of it.

    ``busy_s`` maps route to resource to seconds a wafer; ``copies`` how many of each resource there are. A linear
    programme: the greatest sum of rates that asks no resource for more than its time; exact without residency limits.
    """
    from scipy.optimize import linprog

    routes = list(busy_s)
    resources = sorted({name for by_resource in busy_s.values() for name in by_resource})
    use = np.array([[busy_s[route].get(name, 0.0) for route in routes] for name in resources])
    room = np.array([float(copies.get(name, 1)) for name in resources])
    found = linprog(-np.ones(len(routes)), A_ub=use, b_ub=room, method="highs")
    if not found.success or found.x is None or found.fun is None:
        raise ValueError(f"no bound of this mix: {found.message}")
    return float(-found.fun), {route: float(x) for route, x in zip(routes, found.x, strict=True)}
