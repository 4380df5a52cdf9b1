"""Endpoint on thousands of wafers of the bench's own plant, with the live detectors: oxide to target, clearing, faults.

Goals hold for the mismatched plant. It takes an hour or two of one core, so that it runs only when it is named; the
tests run the first wafers of the same seeds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache

import numpy as np

from benchmark_result import Better, Result
from endpoint_cases import LATEST_S, Outcome, oxide_detector, polish
from endpoint_clearing import (
    LAST_S,
    PUBLISHED_DELAY_S,
    MetalWafer,
    clearing_blocks,
    draw_metal,
    torque_blocks,
    torque_of,
)
from endpoint_faults import FAULTS, with_fault
from endpoint_optics import WAVELENGTH_NM, FloatArray
from endpoint_plant import MATCHED, MISMATCHED, TARGET_NM, draw_wafer, spectra_blocks
from endpoint_zones import CASES, FIVE_ZONES, THREE_ZONES, final_wiwnu_pct, uneven
from planaris.control import (
    DecisionKind,
    Detector,
    FrictionClearing,
    ReflectanceClearing,
    SensorLimits,
    StepEndDetector,
    nominal_stack,
)
from planaris.model import Block, FilmStack, Layer

NAME = "endpoint"
LONG = True
OXIDE_WAFERS, CLEARING_WAFERS, FAULT_WAFERS, ZONE_WAFERS = 1000, 30_000, 3000, 60
# A wafer's call is premature where less than this share of its area inside 3 mm is clear. Light sees what the window
# crosses in three turns, which may leave a patch on one side unseen; torque with noise as large as its step sees half.
LIGHT_CLEAR, TORQUE_CLEAR = 0.85, 0.5
# A step that stops so far above the target has stopped too early.
EARLY_NM = 20.0
TORQUE = FrictionClearing(-0.25, SensorLimits(-60.0, 160.0))


@cache
def light() -> ReflectanceClearing:
    """Return clearing of W over oxide, from nominal constants."""
    return ReflectanceClearing(nominal_stack(FilmStack((Layer("W", 300.0), Layer("TEOS", 800.0)), "Si"), WAVELENGTH_NM))


def torque_stream(wafer: MetalWafer) -> Iterator[Block]:
    """Yield torque in long blocks while nothing can happen, in half seconds about clearing."""
    time_s, torque_Nm = torque_of(wafer)
    calm = int(np.searchsorted(time_s, wafer.when(0.001) - 1.0)) // 24 * 24
    yield from torque_blocks(time_s[:calm], torque_Nm[:calm], 24)
    yield from torque_blocks(time_s[calm:], torque_Nm[calm:])


def light_stream(wafer: MetalWafer) -> Iterator[Block]:
    """Yield spectra of the first turns and of those about clearing."""
    yield from clearing_blocks(wafer, 2.0, 6.0)
    yield from clearing_blocks(wafer, max(6.0, wafer.when(0.02) - 5.0), min(wafer.when(0.999) + 12.0, LAST_S - 1.0))


def called_s(detector: Detector, blocks: Iterator[Block]) -> float:
    """Return when a detector called, NaN if never."""
    state = detector.start(0.0)
    for block in blocks:
        state, decision = detector.step(state, block)
        if decision.kind is DecisionKind.CALL:
            return decision.time_s
    return float("nan")


def clearing_row(task: tuple[str, int, str]) -> tuple[float, float]:
    """Return (delay after 90 % clear in s, share clear at the call) of one wafer; NaN and 1 where none was made."""
    method, seed, fault = task
    wafer = draw_metal(seed, fast=True)
    blocks = torque_stream(wafer) if method == "torque" else light_stream(wafer)
    if fault:
        rng = np.random.default_rng([seed, 7])
        blocks = with_fault(blocks, fault, rng.uniform(8.0, wafer.when(0.5)), seed)
    at_s = called_s(TORQUE if method == "torque" else light(), blocks)
    if np.isnan(at_s):
        return float("nan"), 1.0
    return at_s - wafer.when(0.9), float(wafer.clear_at(np.array([at_s]))[0])


def oxide_row(task: tuple[int, bool]) -> tuple[float, float, bool]:
    """Return (final error, error at the call, called) of one wafer."""
    seed, matched = task
    outcome: Outcome = polish(draw_wafer(seed, MATCHED if matched else MISMATCHED), _oxide(matched))
    return outcome.error_nm, outcome.call_error_nm, outcome.decision.kind is DecisionKind.CALL


@cache
def _oxide(matched: bool) -> StepEndDetector:
    return oxide_detector(matched=matched)


def oxide_fault_row(task: tuple[int, str]) -> tuple[float, bool]:
    """Return (truth above the target at the stop in nm, ended by the latest time) of a wafer with a sick sensor."""
    seed, fault = task
    wafer = draw_wafer(seed, MISMATCHED)
    rng = np.random.default_rng([seed, 8])
    detector = oxide_detector()
    state, stop_s = detector.start(0.0), LATEST_S
    for block in with_fault(spectra_blocks(wafer), fault, rng.uniform(8.0, 90.0), seed):
        state, decision = detector.step(state, block)
        if decision.is_final:
            stop_s = decision.stop_s or LATEST_S
            break
    return wafer.mean_at(stop_s) - TARGET_NM, stop_s <= LATEST_S


def zone_row(task: tuple[int, str, tuple[float, ...]]) -> tuple[float, float]:
    """Return WIWNU in % with zone control and without, of one wafer."""
    seed, case, zones = task
    wafer = uneven(seed, case)
    return final_wiwnu_pct(wafer, zones, moves=True), final_wiwnu_pct(wafer, zones, moves=False)


def _table(pool: ProcessPoolExecutor, row: Callable[..., tuple[float, ...]], tasks: Sequence[object]) -> FloatArray:
    chunk = max(1, len(tasks) // (16 * (os.cpu_count() or 1)))
    return np.array(list(pool.map(row, tasks, chunksize=chunk)), dtype=np.float64)


def _most(label: str, value: float, unit: str, bound: float, against: str) -> Result:
    return Result(label, value, unit, bound, Better.LESS, against)


def oxide_results(pool: ProcessPoolExecutor, wafers: int) -> list[Result]:
    """Return bias, 1σ and the largest error of oxide to target, matched and mismatched, and at the call."""
    results: list[Result] = []
    for matched, sigma_nm, most_nm in ((False, 5.0, 20.0), (True, 3.0, 12.0)):
        table = _table(pool, oxide_row, [(seed, matched) for seed in range(wafers)])
        error, call, called = table[:, 0], table[:, 1], table[:, 2]
        name = f"oxide to {TARGET_NM:g} nm, {wafers} wafers, {'matched' if matched else 'mismatched'}"
        results += [
            _most(f"{name}: 1σ after heads-up", float(error.std()), "nm", sigma_nm, "goal"),
            _most(f"{name}: |bias|", abs(float(error.mean())), "nm", sigma_nm, "the goal's 1σ"),
            _most(f"{name}: largest", float(np.abs(error).max()), "nm", most_nm, "goal; 18.8 nm: Li 2017, 4.9 s"),
            _most(f"{name}: 1σ at the call", float(np.nanstd(call)), "nm", sigma_nm, "the goal's 1σ"),
            _most(f"{name}: largest at the call", float(np.nanmax(np.abs(call))), "nm", most_nm, "the goal's largest"),
            _most(f"{name}: missed", float(np.sum(called < 0.5)), "", 1e-3 * wafers, "goal"),
        ]
    return results


def clearing_results(pool: ProcessPoolExecutor, wafers: int) -> list[Result]:
    """Return delays, premature and missed calls of clearing on fast-profile wafers."""
    results: list[Result] = []
    cases = (
        ("torque", 4.0, TORQUE_CLEAR, f"goal; published {PUBLISHED_DELAY_S}-6 s"),
        ("light", 2.0, LIGHT_CLEAR, "goal"),
    )
    for method, goal_s, clear, against in cases:
        table = _table(pool, clearing_row, [(method, seed, "") for seed in range(wafers)])
        delay_s, share = table[:, 0], table[:, 1]
        name = f"clearing by {method}, {wafers} fast-profile wafers"
        results += [
            _most(f"{name}: mean delay after 90 % clear", float(np.nanmean(delay_s)), "s", goal_s, against),
            _most(
                f"{name}: 95 % of delays below",
                float(np.nanpercentile(delay_s, 95)),
                "s",
                2.0 * goal_s,
                "twice the goal",
            ),
            _most(f"{name}: calls below {100 * clear:.0f} % clear", float(np.sum(share < clear)), "", 0.0, "goal"),
            _most(
                f"{name}: missed, ended by the latest time", float(np.isnan(delay_s).sum()), "", 1e-3 * wafers, "goal"
            ),
        ]
    return results


def fault_results(pool: ProcessPoolExecutor, wafers: int) -> list[Result]:
    """Return premature ends with each sensor fault."""
    results: list[Result] = []
    for fault in FAULTS:
        early = _table(pool, oxide_fault_row, [(seed, fault) for seed in range(wafers // 3)])
        counts = [("spectrum", float(np.sum(early[:, 0] > EARLY_NM)), wafers // 3)]
        for method, clear in (("torque", TORQUE_CLEAR), ("light", LIGHT_CLEAR)):
            if method == "torque" and fault == "fouled":
                continue  # a torque has no window
            table = _table(pool, clearing_row, [(method, seed, fault) for seed in range(wafers)])
            counts.append((method, float(np.sum(table[:, 1] < clear)), wafers))
        results += [_most(f"{fault}, {n} wafers: premature by {m}", count, "", 0.0, "goal") for m, count, n in counts]
    return results


def zone_results(pool: ProcessPoolExecutor, wafers: int) -> list[Result]:
    """Return final WIWNU with zone control over without, on films dished, domed and coned."""
    results: list[Result] = []
    for zones, against in ((FIVE_ZONES, "goal"), (THREE_ZONES, "goal; its first zone is 0.7 of the area")):
        for case in CASES:
            table = _table(pool, zone_row, [(seed, case, zones) for seed in range(wafers)])
            ratio = float(table[:, 0].mean() / table[:, 1].mean())
            label = f"{case}, {len(zones)} zones: WIWNU {table[:, 1].mean():.2f} to {table[:, 0].mean():.2f} %"
            results.append(_most(label, ratio, "x", 0.5, against))
    return results


def run(share: float = 1.0) -> list[Result]:
    """Run everything, or a share of the wafers."""
    with ProcessPoolExecutor() as pool:
        return [
            *oxide_results(pool, max(8, round(share * OXIDE_WAFERS))),
            *zone_results(pool, max(4, round(share * ZONE_WAFERS))),
            *clearing_results(pool, max(8, round(share * CLEARING_WAFERS))),
            *fault_results(pool, max(6, round(share * FAULT_WAFERS))),
        ]
