"""Endpoint on thousands of wafers of the bench's own plant, with the live detectors: oxide to target, clearing, faults.

Goals hold for the mismatched plant. All of it takes half an hour of two cores, so that it runs only when it is named,
whole or in parts (``endpoint oxide zones``); what was worked out is kept, and a run that was cut off goes on. The tests
run the first wafers of the same seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmark_result import Better, Result
from endpoint_clearing import PUBLISHED_DELAY_S
from endpoint_faults import FAULTS
from endpoint_optics import FloatArray
from endpoint_plant import TARGET_NM
from endpoint_rows import (
    TORQUE_FAULTS,
    light_fault_row,
    light_row,
    load_row,
    oxide_fault_row,
    oxide_row,
    torque_fault_row,
    torque_row,
    zone_row,
)
from endpoint_tables import Tables, tables
from endpoint_zones import CASES, FIVE_ZONES, THREE_ZONES

NAME = "endpoint"
LONG = True
OXIDE_WAFERS, CLEARING_WAFERS, FAULT_WAFERS, ZONE_WAFERS, LOAD_WAFERS = 1000, 30_000, 3000, 10, 10
# Sick spectra go on to the latest time, each under six faults: fewer wafers.
OXIDE_FAULT_WAFERS = 300
# A wafer's call is premature where less than this share of its area inside 3 mm is clear. Light sees what the window
# crosses in three turns, which may leave a patch on one side unseen; torque with noise as large as its step sees half.
LIGHT_CLEAR, TORQUE_CLEAR = 0.85, 0.5
# A step that stops so far above the target has stopped too early.
EARLY_NM = 20.0
# What a tool shows at most, and the share of a core that the fit may take for it.
SPECTRA_HZ, CORE_PCT = 100.0, 20.0


def _most(label: str, value: float, unit: str, bound: float, against: str) -> Result:
    return Result(label, value, unit, bound, Better.LESS, against)


def oxide_results(source: Tables, share: float) -> list[Result]:
    """Return bias, 1σ and the largest error of oxide to target, matched and mismatched, and at the call."""
    wafers, results = max(8, round(share * OXIDE_WAFERS)), list[Result]()
    for matched, sigma_nm, most_nm in ((False, 5.0, 20.0), (True, 3.0, 12.0)):
        which = "matched" if matched else "mismatched"
        table = source.of(f"oxide-{which}", partial(oxide_row, matched=matched), wafers)
        error, call, called = table[:, 0], table[:, 1], table[:, 2]
        name = f"oxide to {TARGET_NM:g} nm, {wafers} wafers, {which}"
        results += [
            _most(f"{name}: 1σ after heads-up", float(error.std()), "nm", sigma_nm, "goal"),
            _most(f"{name}: |bias|", abs(float(error.mean())), "nm", sigma_nm, "the goal's 1σ"),
            _most(f"{name}: largest", float(np.abs(error).max()), "nm", most_nm, "goal; 18.8 nm: Li 2017, 4.9 s"),
            _most(f"{name}: 1σ at the call", float(np.nanstd(call)), "nm", sigma_nm, "the goal's 1σ"),
            _most(f"{name}: |bias| at the call", abs(float(np.nanmean(call))), "nm", sigma_nm, "the goal's 1σ"),
            _most(f"{name}: largest at the call", float(np.nanmax(np.abs(call))), "nm", most_nm, "the goal's largest"),
            _most(f"{name}: missed", float(np.sum(called < 0.5)), "", 1e-3 * wafers, "goal"),
        ]
    return results


def _clearing_results(name: str, table: FloatArray, goal_s: float, clear: float, against: str) -> list[Result]:
    delay_s, shown, wafers = table[:, 0], table[:, 1], len(table)
    name = f"clearing by {name}, {wafers} fast-profile wafers"
    late_s = float(np.nanpercentile(delay_s, 95))
    return [
        _most(f"{name}: mean delay after 90 % clear", float(np.nanmean(delay_s)), "s", goal_s, against),
        _most(f"{name}: 95 % of delays below", late_s, "s", 2.0 * goal_s, "twice the goal"),
        _most(f"{name}: calls below {100 * clear:.0f} % clear", float(np.sum(shown < clear)), "", 0.0, "goal"),
        _most(f"{name}: missed", float(np.isnan(delay_s).sum()), "", 1e-3 * wafers, "goal"),
    ]


def torque_results(source: Tables, share: float) -> list[Result]:
    """Return delays, premature and missed calls of clearing by torque on fast-profile wafers."""
    table = source.of("torque", torque_row, max(8, round(share * CLEARING_WAFERS)))
    return _clearing_results("torque", table, 4.0, TORQUE_CLEAR, f"goal; published {PUBLISHED_DELAY_S}-6 s")


def light_results(source: Tables, share: float) -> list[Result]:
    """Return the same by light."""
    table = source.of("light", light_row, max(8, round(share * CLEARING_WAFERS)))
    return _clearing_results("light", table, 2.0, LIGHT_CLEAR, "goal")


def fault_results(source: Tables, share: float) -> list[Result]:
    """Return premature calls of clearing with each sensor fault."""
    wafers = max(6, round(share * FAULT_WAFERS))
    torque = source.of("torque-faults", torque_fault_row, wafers) < TORQUE_CLEAR
    light = source.of("light-faults", light_fault_row, wafers) < LIGHT_CLEAR
    return [*_premature("torque", TORQUE_FAULTS, torque), *_premature("light", FAULTS, light)]


def oxide_fault_results(source: Tables, share: float) -> list[Result]:
    """Return premature ends of oxide to target with each fault of the spectrum."""
    early = source.of("oxide-faults", oxide_fault_row, max(6, round(share * OXIDE_FAULT_WAFERS))) > EARLY_NM
    return _premature("spectrum", FAULTS, early)


def _premature(sensor: str, faults: Sequence[str], early: NDArray[np.bool_]) -> list[Result]:
    return [
        _most(f"{fault}, {len(early)} wafers: premature by {sensor}", float(early[:, k].sum()), "", 0.0, "goal")
        for k, fault in enumerate(faults)
    ]


def zone_results(source: Tables, share: float) -> list[Result]:
    """Return final WIWNU with zone control over without, on films dished, domed and coned."""
    results: list[Result] = []
    for zones in (FIVE_ZONES, THREE_ZONES):
        for case in CASES:
            row = partial(zone_row, case=case, zones=zones)
            table = source.of(f"zones-{case}-{len(zones)}", row, max(4, round(share * ZONE_WAFERS)))
            moved, still, best = table.mean(axis=0).tolist()
            label = f"{case}, {len(zones)} zones, {len(table)} wafers: WIWNU {still:.2f} to {moved:.2f} %"
            against = f"goal; the zones' best even pressures reach {best / still:.2f}"
            results.append(_most(label, moved / still, "x", 0.5, against))
    return results


def load_results(source: Tables, share: float) -> list[Result]:
    """Return what share of a core the spectral fit takes for the spectra that a tool shows."""
    table = source.of("load", load_row, max(2, round(share * LOAD_WAFERS)))
    pct = 100.0 * SPECTRA_HZ * float(table[:, 1].sum() / table[:, 0].sum())
    return [_most(f"spectral fit of {SPECTRA_HZ:g} spectra/s: share of a core", pct, "%", CORE_PCT, "goal")]


PARTS: Mapping[str, Callable[[Tables, float], list[Result]]] = {
    "oxide": oxide_results,
    "zones": zone_results,
    "torque": torque_results,
    "light": light_results,
    "faults": fault_results,
    "oxide-faults": oxide_fault_results,
    "load": load_results,
}


def run(parts: Sequence[str] = (), share: float = 1.0) -> list[Result]:
    """Run all parts or the named ones, on all wafers or a share of them."""
    with tables() as source:
        return [result for part in parts or PARTS for result in PARTS[part](source, share)]
