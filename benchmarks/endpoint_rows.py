"""One wafer of the endpoint bench each: what a detector made of it, as a row of numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from endpoint_cases import LATEST_S, oxide_detector, polish
from endpoint_clearing import LAST_S, MetalWafer, clearing_blocks, draw_metal, torque_blocks, torque_of
from endpoint_faults import FAULTS, with_fault
from endpoint_optics import WAVELENGTH_NM
from endpoint_plant import MATCHED, MISMATCHED, TARGET_NM, draw_wafer, spectra_blocks
from endpoint_zones import best_wiwnu_pct, final_wiwnu_pct, uneven
from planaris.control import (
    Decision,
    DecisionKind,
    Detector,
    FrictionClearing,
    ReflectanceClearing,
    SensorLimits,
    StepEndDetector,
    nominal_stack,
)
from planaris.model import Block, FilmStack, Layer

TORQUE = FrictionClearing(-0.25, SensorLimits(-60.0, 160.0))
# Torque has no window that fouls.
TORQUE_FAULTS = tuple(f for f in FAULTS if f != "fouled")


@cache
def light() -> ReflectanceClearing:
    """Return clearing of W over oxide, from nominal constants."""
    return ReflectanceClearing(nominal_stack(FilmStack((Layer("W", 300.0), Layer("TEOS", 800.0)), "Si"), WAVELENGTH_NM))


@cache
def _oxide(matched: bool) -> StepEndDetector:
    return oxide_detector(matched=matched)


def oxide_row(seed: int, *, matched: bool) -> tuple[float, float, float]:
    """Return (final error in nm, error at the call in nm, 1 where a call was made) of one wafer."""
    outcome = polish(draw_wafer(seed, MATCHED if matched else MISMATCHED), _oxide(matched))
    return outcome.error_nm, outcome.call_error_nm, float(outcome.decision.kind is DecisionKind.CALL)


def oxide_fault_row(seed: int) -> list[float]:
    """Return, for each fault, the truth above the target in nm where the step stops with a sick spectrum."""
    wafer = draw_wafer(seed, MISMATCHED)
    from_s = float(np.random.default_rng([seed, 8]).uniform(8.0, 90.0))
    ends = under_faults(_oxide(matched=False), spectra_blocks(wafer), FAULTS, from_s, seed)
    return [wafer.mean_at(LATEST_S if end is None or end.stop_s is None else end.stop_s) - TARGET_NM for end in ends]


def torque_stream(wafer: MetalWafer) -> Iterator[Block]:
    """Yield torque in long blocks while nothing can happen, in half seconds about clearing."""
    time_s, torque_Nm = torque_of(wafer)
    calm = int(np.searchsorted(time_s, wafer.when(0.001) - 1.0)) // 24 * 24
    yield from torque_blocks(time_s[:calm], torque_Nm[:calm], 24)
    yield from torque_blocks(time_s[calm:], torque_Nm[calm:])


def light_stream(wafer: MetalWafer) -> Iterator[Block]:
    """Yield spectra of the first turns and of those about clearing."""
    yield from clearing_blocks(wafer, 2.0, 5.0)
    yield from clearing_blocks(wafer, max(6.0, wafer.when(0.02) - 2.0), min(wafer.when(0.999) + 12.0, LAST_S - 1.0))


def _cleared(wafer: MetalWafer, end: Decision | None) -> tuple[float, float]:
    if end is None or end.kind is not DecisionKind.CALL:
        return float("nan"), 1.0
    return end.time_s - wafer.when(0.9), float(wafer.clear_at(np.array([end.time_s]))[0])


def torque_row(seed: int) -> tuple[float, float]:
    """Return (delay after 90 % clear in s, share clear at the call) of one wafer; NaN and 1 where none was made."""
    wafer = draw_metal(seed, fast=True)
    return _cleared(wafer, _run(TORQUE, TORQUE.start(0.0), torque_stream(wafer)))


def light_row(seed: int) -> tuple[float, float]:
    """Return the same by light."""
    wafer = draw_metal(seed, fast=True)
    return _cleared(wafer, _run(light(), light().start(0.0), light_stream(wafer)))


def _faulty_from_s(wafer: MetalWafer) -> float:
    return float(np.random.default_rng([wafer.seed, 7]).uniform(8.0, wafer.when(0.5)))


def torque_fault_row(seed: int) -> list[float]:
    """Return the share clear at the call for each fault of the torque; 1 where none was made."""
    wafer = draw_metal(seed, fast=True)
    ends = under_faults(TORQUE, torque_stream(wafer), TORQUE_FAULTS, _faulty_from_s(wafer), seed)
    return [_cleared(wafer, end)[1] for end in ends]


def light_fault_row(seed: int) -> list[float]:
    """Return the share clear at the call for each fault of the light; 1 where none was made."""
    wafer = draw_metal(seed, fast=True)
    ends = under_faults(light(), light_stream(wafer), FAULTS, _faulty_from_s(wafer), seed)
    return [_cleared(wafer, end)[1] for end in ends]


def zone_row(seed: int, *, case: str, zones: tuple[float, ...]) -> tuple[float, float, float]:
    """Return WIWNU in % with zone control, without, and with the best pressures that the zones could have had."""
    wafer = uneven(seed, case)
    open_loop, moved = final_wiwnu_pct(wafer, zones, moves=False), final_wiwnu_pct(wafer, zones, moves=True)
    return moved, open_loop, best_wiwnu_pct(wafer, zones)


def load_row(seed: int) -> tuple[float, float]:
    """Return (spectra of a wafer, processor seconds of the detector for them)."""
    blocks = list(spectra_blocks(draw_wafer(seed, MISMATCHED), 60.0))
    detector = _oxide(matched=False)
    state, began_s = detector.start(0.0), time.process_time()
    for block in blocks:
        state, _ = detector.step(state, block)
    return float(sum(len(block.time_s) - 1 for block in blocks)), time.process_time() - began_s


def under_faults(
    detector: Detector, blocks: Iterator[Block], faults: Sequence[str], from_s: float, seed: int
) -> list[Decision | None]:
    """Return the final decision under each fault, None where none came. They share what was before the fault."""
    state: Any = detector.start(0.0)
    for block in blocks:
        if block.time_s[-1] >= from_s:
            rest = [block, *blocks]
            return [_run(detector, state, with_fault(iter(rest), fault, from_s, seed)) for fault in faults]
        state, decision = detector.step(state, block)
        if decision.is_final:
            return [decision] * len(faults)
    return [None] * len(faults)


def _run(detector: Detector, state: Any, blocks: Iterator[Block]) -> Decision | None:
    for block in blocks:
        state, decision = detector.step(state, block)
        if decision.is_final:
            return decision
    return None
