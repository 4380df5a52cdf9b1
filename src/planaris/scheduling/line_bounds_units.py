"""Bounds of a line of polishing units that no schedule can beat. Pure.

Places are held from the moment a wafer is brought until it has been taken away, as on a carousel line. The units are
parallel machines with one head each: together they need the wafers' unit times, whoever takes which wafer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planaris.scheduling.line import RoutedWafer
from planaris.scheduling.line_bounds import LineBound
from planaris.scheduling.line_units import UnitsLine, serving_units, swings_s, unit_busy_s


@dataclass(frozen=True, slots=True)
class _Stay:
    """A wafer at a resource on its shortest way: how long before it, there, and after it."""

    before_s: float
    busy_s: float
    after_s: float


def units_bound(line: UnitsLine, wafers: Sequence[RoutedWafer]) -> LineBound:
    """Return the bound of these wafers; raise `ValueError` without any, or if no unit serves one of them."""
    if not wafers:
        raise ValueError("a bound needs a wafer")
    stays: dict[str, list[_Stay]] = {}
    for wafer in wafers:
        for name, stay in _way(line, wafer).items():
            stays.setdefault(name, []).append(stay)
    copies = {"units": len(line.units)}
    busy_s = {name: sum(s.busy_s for s in own) / len(wafers) / copies.get(name, 1) for name, own in stays.items()} | {
        "dry_robot": _dry_s(line, wafers),
        "wet_robot": _wet_s(line),
    }
    makespan_s = max(s.before_s + s.busy_s + s.after_s for s in stays["aligner"])
    # A machine's own wafers come one after another; the last needs nothing after it that it holds for the next.
    spare_s = {"units": max(line.head_rinse_s, line.change_s) + line.load_s + line.chuck_s}
    for name, own in stays.items():
        machines = copies.get(name, 1)
        work_s = sum(s.busy_s for s in own) / machines - spare_s.get(name, 0.0)
        makespan_s = max(makespan_s, min(s.before_s for s in own) + work_s + min(s.after_s for s in own))
    # Some unit takes its share of whole wafers.
    share, units = -(-len(wafers) // len(line.units)), stays["units"]
    least_s = share * min(s.busy_s for s in units) - spare_s["units"]
    makespan_s = max(makespan_s, min(s.before_s for s in units) + least_s + min(s.after_s for s in units))
    for robot in ("dry_robot", "wet_robot"):
        makespan_s = max(makespan_s, line.carrier_map_s + (len(wafers) - 1) * busy_s[robot])
    bottleneck = max(busy_s, key=lambda name: busy_s[name])
    return LineBound(busy_s, bottleneck, makespan_s)


def _dry_s(line: UnitsLine, wafers: Sequence[RoutedWafer]) -> float:
    dry = line.dry
    transfer_s = dry.pick_s + dry.move_s + dry.place_s + (dry.empty_move_s if dry.arms == 1 else 0.0)
    return transfer_s * (3.0 + sum(w.measure_s > 0 for w in wafers) / len(wafers))


def _wet_s(line: UnitsLine) -> float:
    wet = line.wet
    if wet.arms == 1:
        return 2 * (wet.pick_s + wet.move_s + wet.place_s + wet.empty_move_s)
    # Stage to exchange with the fresh one, exchange to cleaner with the polished one, then back to the stage.
    return wet.pick_s + wet.move_s + wet.swap_s + wet.move_s + wet.place_s + wet.empty_move_s


def _way(line: UnitsLine, wafer: RoutedWafer) -> dict[str, _Stay]:
    """Return the stays on the shortest way of a wafer that meets no other."""
    units = serving_units(line, wafer)
    if not units:
        raise ValueError(f"no unit serves every stage of {wafer.wafer_id}")
    dry, wet = line.dry, line.wet
    change_s = wet.swap_s / 2.0 if wet.arms > 1 else wet.pick_s
    spans: list[tuple[str, float, float]] = []
    now_s = max(line.carrier_map_s, wafer.release_s) + dry.pick_s + dry.move_s

    def hold(name: str, time_s: float) -> None:
        nonlocal now_s
        spans.append((name, now_s, time_s))
        now_s += time_s

    hold("aligner", dry.place_s + line.aligner_s + dry.pick_s)
    now_s += dry.move_s + dry.place_s + wet.pick_s + wet.move_s + min(change_s, wet.place_s)
    now_s += line.load_s + line.chuck_s
    on_head_s = min(sum(v.time_s for v in wafer.visits) + swings_s(line, wafer.visits, unit) for unit in units)
    entered_s = now_s
    now_s += on_head_s + line.unload_s
    through_s = now_s
    now_s += min(change_s, wet.pick_s) + wet.move_s
    arrives_s = wet.place_s
    for place, clean_s in enumerate(wafer.clean_s):
        last = place + 1 == len(wafer.clean_s)
        leaves_s = dry.pick_s if last else line.exchange_s
        hold(line.stations[place], arrives_s + clean_s + leaves_s)
        if not last:
            now_s -= leaves_s  # the exchange is part of both stays
        arrives_s = line.exchange_s
    now_s += dry.move_s
    if wafer.measure_s > 0:
        hold("metrology", dry.place_s + wafer.measure_s + dry.pick_s)
        now_s += dry.move_s
    end_s = now_s + dry.place_s
    found = {name: _Stay(at_s, time_s, end_s - at_s - time_s) for name, at_s, time_s in spans}
    busy_s = min(unit_busy_s(line, wafer, unit) for unit in units)
    found["units"] = _Stay(entered_s, busy_s, end_s - through_s)
    return found
