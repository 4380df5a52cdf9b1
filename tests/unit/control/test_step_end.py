"""A step's end: earliest and latest times, over-polish, the path's charge; combinations of detectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from endpoint_blocks import play, torque_blocks

from planaris.control import (
    After,
    AllOf,
    Decision,
    DecisionKind,
    DelayPath,
    FirstOf,
    FixedTime,
    FrictionClearing,
    OverPolish,
    SensorLimits,
    SlopeChange,
    StepEndDetector,
)
from planaris.model import Block

START_S = 100.0
PATH = DelayPath(0.04, 0.06, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Sick:
    """A detector whose sensor is broken."""

    def start(self, start_s: float) -> int:
        return 0

    def step(self, state: int, block: Block) -> tuple[int, Decision]:
        return state + 1, Decision(DecisionKind.FAULT, float(block.time_s[-1]), "broken")


def quiet(until_s: float, step_s: float = 0.1) -> list[Block]:
    time_s = np.arange(START_S, START_S + until_s, step_s)
    return list(torque_blocks(time_s, np.full(time_s.size, 10.0), 5))


def end_of(detector: StepEndDetector, until_s: float = 120.0) -> Decision:
    said = play(detector, START_S, iter(quiet(until_s)))
    final = [d for d in said if d.is_final]
    assert final, "the step never ended"
    assert all(d == final[0] for d in final), "a final decision must stand"
    return final[0]


def test_the_stop_is_ordered_before_the_endpoint_by_what_the_path_still_removes() -> None:
    end = end_of(StepEndDetector(FixedTime(50.0), 10.0, 90.0, path=PATH))
    assert end.kind is DecisionKind.CALL
    assert end.endpoint_s == START_S + 50.0
    # 0.06 s on the way to the PLC and a ramp of 0.5 s at half rate.
    assert end.stop_s == pytest.approx(START_S + 50.0 - 0.06 - 0.25)


@pytest.mark.parametrize(
    ("over", "longer_s"),
    [(OverPolish(time_s=7.0), 7.0), (OverPolish(percent_pct=20.0), 10.0), (OverPolish(), 0.0)],
)
def test_over_polish_follows_the_endpoint(over: OverPolish, longer_s: float) -> None:
    end = end_of(StepEndDetector(FixedTime(50.0), 10.0, 90.0, over, PATH))
    assert end.stop_s == pytest.approx(START_S + 50.0 + longer_s - PATH.charge_s)


def test_over_polish_by_removal_needs_the_rate() -> None:
    assert OverPolish(removal_nm=20.0).longer_s(50.0, 240.0) == pytest.approx(5.0)
    assert OverPolish(removal_nm=20.0).longer_s(50.0, None) == 0.0


def test_early_calls_wait_and_late_ones_are_cut() -> None:
    assert end_of(StepEndDetector(FixedTime(5.0), 30.0, 90.0)).stop_s == START_S + 30.0
    late = end_of(StepEndDetector(FixedTime(50.0), 10.0, 55.0, OverPolish(time_s=20.0)))
    assert (late.kind, late.stop_s) == (DecisionKind.CALL, START_S + 55.0)


def test_a_missed_endpoint_ends_at_the_latest_time_and_holds_the_wafer() -> None:
    end = end_of(StepEndDetector(Sick(), 10.0, 60.0))
    assert (end.kind, end.stop_s) == (DecisionKind.HOLD, START_S + 60.0)
    assert "broken" in end.why


def test_the_first_of_several_calls_though_another_is_broken() -> None:
    end = end_of(StepEndDetector(FirstOf((Sick(), FixedTime(70.0), FixedTime(40.0))), 10.0, 90.0))
    assert end.endpoint_s == START_S + 40.0


def test_all_must_call_and_a_broken_one_cannot() -> None:
    assert end_of(StepEndDetector(AllOf((FixedTime(70.0), FixedTime(40.0))), 10.0, 90.0)).endpoint_s == START_S + 70.0
    assert end_of(StepEndDetector(AllOf((Sick(), FixedTime(40.0))), 10.0, 90.0)).kind is DecisionKind.HOLD


def test_one_after_another_begins_at_the_endpoint_before() -> None:
    end = end_of(StepEndDetector(After((FixedTime(30.0), FixedTime(20.0))), 10.0, 90.0))
    assert end.endpoint_s == pytest.approx(START_S + 50.0, abs=0.5)  # the second begins with the next block


def test_a_path_longer_than_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"more than 0\.1 s"):
        DelayPath(0.06, 0.06)


def test_a_slope_that_levels_off_is_called_and_a_steady_signal_is_not() -> None:
    time_s = np.arange(0.0, 80.0, 0.1)
    falls = 40.0 - 10.0 * np.clip((time_s - 50.0) / 8.0, 0.0, 1.0)
    noise = np.random.default_rng(4).normal(0.0, 0.2, time_s.size)
    detector = SlopeChange("torque_Nm", -0.015, 0.003, SensorLimits(0.0, 100.0))
    calls = [d.time_s for d in play(detector, 0.0, torque_blocks(time_s, falls + noise)) if d.kind == "call"]
    assert 58.0 < calls[0] < 58.0 + detector.window_s + 0.5
    assert not [d for d in play(detector, 0.0, torque_blocks(time_s, 40.0 + noise)) if d.kind == "call"]


def test_blocks_of_another_rate_class_are_left_alone() -> None:
    detector = FrictionClearing(-0.2, SensorLimits(0.0, 100.0), source="motor_current_A")
    before = detector.start(START_S)
    after, decision = detector.step(before, quiet(10.0)[0])
    assert after == before
    assert decision.kind is DecisionKind.NONE
