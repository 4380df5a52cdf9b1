"""Clearing by reflectance and friction on wafers of the bench's plant: a short form of `make bench ARGS=endpoint`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from endpoint_clearing import MetalWafer, clearing_blocks, draw_metal, torque_blocks, torque_of
from endpoint_faults import FAULTS, with_fault
from endpoint_optics import WAVELENGTH_NM
from planaris.control import (
    Decision,
    DecisionKind,
    Detector,
    FrictionClearing,
    ReflectanceClearing,
    SensorLimits,
    nominal_stack,
)
from planaris.model import Block, FilmStack, Layer

LIGHT = ReflectanceClearing(nominal_stack(FilmStack((Layer("W", 300.0), Layer("TEOS", 800.0)), "Si"), WAVELENGTH_NM))
TORQUE = FrictionClearing(-0.25, SensorLimits(-60.0, 160.0))
WAFERS = 12


def light_of(wafer: MetalWafer) -> Iterator[Block]:
    yield from clearing_blocks(wafer, 2.0, 6.0)
    yield from clearing_blocks(wafer, max(6.0, wafer.when(0.02) - 8.0), wafer.when(0.999) + 12.0)


def outcome(detector: Detector, blocks: Iterator[Block]) -> Decision | None:
    state, decision = detector.start(0.0), None
    for block in blocks:
        state, decision = detector.step(state, block)
        if decision.kind is DecisionKind.CALL:
            return decision
    return decision


@pytest.mark.parametrize("fast", [False, True])
def test_light_calls_within_two_seconds_of_clear_and_not_before(fast: bool) -> None:
    wafers = [draw_metal(seed, fast=fast) for seed in range(WAFERS)]
    calls = [outcome(LIGHT, light_of(wafer)) for wafer in wafers]
    delays_s = [call.time_s - w.when(0.95) for call, w in zip(calls, wafers, strict=True) if call]
    assert all(call is not None and call.kind is DecisionKind.CALL for call in calls)
    assert np.mean(delays_s) <= 2.0
    for call, wafer in zip(calls, wafers, strict=True):
        assert call is not None
        assert float(wafer.clear_at(np.array([call.time_s]))[0]) > 0.9


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sick_spectrum_never_calls_a_covered_wafer(fault: str) -> None:
    for seed in range(3):
        wafer = draw_metal(seed, fast=True)
        end_s = wafer.when(0.01) - 1.0
        sick = with_fault(clearing_blocks(wafer, 2.0, end_s), fault, 12.0, seed)
        decision = outcome(LIGHT, sick)
        assert decision is not None
        assert decision.kind is not DecisionKind.CALL


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "fouled"])  # a torque has no window
def test_a_sick_torque_never_calls_a_covered_wafer(fault: str) -> None:
    for seed in range(3):
        wafer = draw_metal(seed, fast=True)
        time_s, torque_Nm = torque_of(wafer)
        covered = time_s < wafer.when(0.01)
        blocks = torque_blocks(time_s[covered], torque_Nm[covered])
        decision = outcome(TORQUE, with_fault(blocks, fault, 25.0, seed))
        assert decision is not None
        assert decision.kind is not DecisionKind.CALL
