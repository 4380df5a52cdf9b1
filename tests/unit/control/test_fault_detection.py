"""Fault detection on made-up wafers: limits that are learned, faults that are named, what is planned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from planaris.control import (
    DetectionState,
    FaultDecision,
    FaultDetection,
    StepFeatures,
    catalogue,
    classify,
    learn,
    limits_from_text,
    limits_to_text,
    signatures,
)
from planaris.model import UNKNOWN_FAULT, FaultPlan, OutOfControlAction, PlannedAction, ProcessFault

SPECS = catalogue(3)
IN_CONTROL: Mapping[str, float] = {
    "slurry_flow_error_pct": 0.0,
    "head_speed_error_pct": 0.1,
    "zone3_leak_kPa": 4.2,
    "ring_wear_mm": 0.3,
    "conditioner_friction_ratio": 0.35,
    "platen_torque_Nm": 34.0,
    "pad_temperature_rise_K": 10.0,
    "slurry_filter_drop_kPa": 18.0,
    "platen_speed_error_pct": 0.0,
}
LEARN = 8


class Line:
    """Wafers at one step, one after the other."""

    def __init__(self, plan: FaultPlan | None = None, seed: int = 1) -> None:
        self.detection = FaultDetection(plan or FaultPlan(LEARN), 3)
        self.state: DetectionState = self.detection.start()
        self._rng, self._count = np.random.default_rng(seed), 0

    def features(self, head: int = 1, /, platen: int = 1, changed: Mapping[str, float] | None = None) -> StepFeatures:
        """Return the next wafer's features, with noise far below their bands."""
        self._count += 1
        noise = self._rng.normal(0.0, 1e-3, len(IN_CONTROL))
        values = {name: value * (1.0 + e) + e for (name, value), e in zip(IN_CONTROL.items(), noise, strict=True)}
        return StepFeatures(f"W{self._count}", "oxide@1", platen, head, 0, "main", {**values, **(changed or {})})

    def wafer(self, head: int = 1, **changed: float) -> FaultDecision:
        """Polish the next wafer."""
        self.state, said = self.detection.step(self.state, self.features(head, changed=changed))
        return said

    def learned(self) -> Line:
        """Polish until limits are there."""
        for count in range(1, LEARN + 1):
            assert self.wafer(head=count % 4 + 1).learned_count == count
        return self


def names(said: FaultDecision) -> list[tuple[str, str]]:
    return [(f.fault, f.place) for f in said.faults]


def test_nothing_is_said_while_limits_are_learned_and_nothing_of_wafers_in_control() -> None:
    line = Line()
    first = line.wafer(slurry_flow_error_pct=-5.0)
    assert (first.is_learning, first.violations, first.faults) == (True, (), ())
    line = Line().learned()
    for head in (1, 2, 3, 4) * 5:
        said = line.wafer(head)
        assert (said.violations, said.faults, said.is_learning) == ((), (), False)


def test_a_wafer_beyond_a_set_points_band_teaches_nothing() -> None:
    line = Line()
    assert line.wafer(slurry_flow_error_pct=-14.0).learned_count == 0
    assert not line.wafer(ring_wear_mm=1.4).has_learned
    assert line.wafer(slurry_flow_error_pct=-12.0).learned_count == 1


@pytest.mark.parametrize(
    ("changed", "fault", "place"),
    [
        ({"slurry_flow_error_pct": -19.5, "slurry_filter_drop_kPa": 14.5}, ProcessFault.SLURRY_DROP, "platen1"),
        ({"head_speed_error_pct": -2.9}, ProcessFault.HEAD_SPEED_DRIFT, "head3"),
        ({"head_speed_error_pct": 3.1}, ProcessFault.HEAD_SPEED_DRIFT, "head3"),
        ({"zone3_leak_kPa": 6.3}, ProcessFault.MEMBRANE_LEAK, "head3"),
        ({"ring_wear_mm": 2.02}, ProcessFault.RING_WEAR, "head3"),
        ({"conditioner_friction_ratio": 0.257}, ProcessFault.WORN_DISK, "platen1"),
        ({"platen_speed_error_pct": -4.5}, UNKNOWN_FAULT, "platen1"),
        ({"slurry_flow_error_pct": 19.5}, UNKNOWN_FAULT, "platen1"),
        ({"platen_torque_Nm": 45.0, "pad_temperature_rise_K": 16.0}, UNKNOWN_FAULT, "platen1"),
    ],
)
def test_what_moved_is_named_at_its_place(changed: Mapping[str, float], fault: str, place: str) -> None:
    said = Line().learned().wafer(3, **changed)
    assert names(said) == [(fault, place)]
    assert set(changed) >= set(said.faults[0].features)
    assert said.faults[0].share_fraction > 0.95


def test_what_falls_where_only_a_rise_is_bad_is_no_fault() -> None:
    line = Line().learned()
    assert names(line.wafer(zone3_leak_kPa=3.0, ring_wear_mm=-1.0)) == []  # a new membrane, a new ring
    assert names(line.wafer(conditioner_friction_ratio=0.45)) == []


def test_wear_within_its_band_is_in_control() -> None:
    said = Line().learned().wafer(ring_wear_mm=1.3, conditioner_friction_ratio=0.29)
    assert (said.violations, said.faults) == ((), ())


def test_two_faults_at_once_are_both_named_and_a_rest_is_unknown() -> None:
    both = classify({"slurry_flow_error_pct": -10.0, "zone1_leak_kPa": 5.0})
    assert [f.fault for f in both] == [ProcessFault.SLURRY_DROP, ProcessFault.MEMBRANE_LEAK]
    rest = classify({"slurry_flow_error_pct": -10.0, "platen_speed_error_pct": 8.0})
    assert [f.fault for f in rest] == [ProcessFault.SLURRY_DROP, UNKNOWN_FAULT]
    assert sum(f.share_fraction for f in rest) == pytest.approx(1.0)
    # What is left is small beside the fault: one cause.
    small = classify({"slurry_flow_error_pct": -10.0, "platen_speed_error_pct": 3.5})
    assert [f.fault for f in small] == [ProcessFault.SLURRY_DROP]
    assert classify({}) == ()


def test_every_fault_has_a_signature_of_declared_features() -> None:
    assert {s.fault for s in signatures()} == set(ProcessFault)
    general = {"zone_" + n.partition("_")[2] if n.startswith("zone") else n for n in SPECS}
    assert {f for s in signatures() for f in (s.driver, *s.along)} <= general
    assert len({s.driver for s in signatures()}) == len(ProcessFault)


def test_a_slow_drift_is_found_by_the_weighted_mean_before_a_single_point_is_beyond() -> None:
    line, said = Line().learned(), list[FaultDecision]()
    for step in range(1, 30):
        said.append(line.wafer(slurry_flow_error_pct=-0.12 * step))
    first = next(d for d in said if d.violations)
    assert {v.chart for v in first.violations} == {"ewma"}
    assert names(first) == [(ProcessFault.SLURRY_DROP, "platen1")]
    assert first.violations[0].value < first.violations[0].limit < 0.0


def test_features_that_move_together_out_of_their_pattern_are_seen_by_t2_or_spe() -> None:
    rng, detection = np.random.default_rng(8), FaultDetection(FaultPlan(60), 3)
    state = detection.start()

    def wafer(torque: float, heat: float) -> FaultDecision:
        nonlocal state
        values = {"platen_torque_Nm": 34.0 + torque, "pad_temperature_rise_K": 10.0 + heat}
        state, said = detection.step(state, StepFeatures("W", "oxide@1", 1, 1, 0, "main", values))
        return said

    for _ in range(60):  # friction drives both, far beyond their bands' floors
        common = float(rng.normal())
        wafer(4.0 * common, 2.0 * common)
    assert wafer(8.0, 4.0).violations == ()
    said = wafer(8.0, -4.0)
    assert {(v.chart, v.feature) for v in said.violations} == {("spe", "")}
    assert {name for name, _ in said.violations[0].contributions} == {"platen_torque_Nm", "pad_temperature_rise_K"}
    assert names(said) == [(UNKNOWN_FAULT, "platen1")]


def test_wafers_in_a_row_are_counted_at_a_place_and_the_plan_follows() -> None:
    plan = FaultPlan(
        LEARN,
        (
            PlannedAction("membrane_leak", OutOfControlAction.WARN),
            PlannedAction("membrane_leak", OutOfControlAction.HOLD_LOT, 2),
            PlannedAction("membrane_leak", OutOfControlAction.STOP_PLATEN, 3),
        ),
    )
    line = Line(plan).learned()
    found = [line.wafer(2, zone3_leak_kPa=6.3).faults[0] for _ in range(3)]
    assert [(f.found_count, f.action) for f in found] == [
        (1, OutOfControlAction.WARN), (2, OutOfControlAction.HOLD_LOT), (3, OutOfControlAction.STOP_PLATEN),
    ]  # fmt: skip
    # Other heads' wafers say nothing of this one's membrane; its own next one in control does.
    assert line.wafer(1).gone == ()
    assert line.wafer(2).gone == (("membrane_leak", "head2"),)
    assert line.wafer(2, zone3_leak_kPa=6.3).faults[0].found_count == 1


def test_one_wafer_on_several_platens_counts_once() -> None:
    line = Line().learned()
    seen = line.features(2, changed={"zone3_leak_kPa": 6.3})
    for _ in range(2):
        line.state, said = line.detection.step(line.state, seen)
        assert said.faults[0].found_count == 1


def test_a_fault_without_a_plan_is_found_and_nothing_is_done() -> None:
    assert Line(FaultPlan(LEARN, ())).learned().wafer(ring_wear_mm=2.0).faults[0].action is None


def test_the_strongest_action_due_is_taken() -> None:
    plan = FaultPlan()
    assert plan.action_for("slurry_drop", 1) is OutOfControlAction.HOLD_LOT
    assert plan.action_for("slurry_drop", 3) is OutOfControlAction.STOP_PLATEN
    assert plan.action_for("head_speed_drift", 2) is OutOfControlAction.WARN
    assert plan.action_for("no such", 9) is None


def test_a_changed_part_forgets_its_platens_limits_and_its_places_faults() -> None:
    line = Line().learned()
    line.wafer(2, zone3_leak_kPa=6.3)
    line.state, _ = line.detection.step(line.state, line.features(2, platen=3))
    new_membrane = FaultDetection.changed(line.state, "head2")
    assert (set(new_membrane.steps), new_membrane.found) == ({"oxide@1/0/1", "oxide@1/0/3"}, {})
    new_pad = FaultDetection.changed(line.state, "platen1")
    assert set(new_pad.steps) == {"oxide@1/0/3"}
    assert set(new_pad.found) == {("membrane_leak", "head2")}


def test_a_removal_that_a_fault_explains_is_no_further_fault() -> None:
    line = Line().learned()

    def measured(wafer_id: str, error_pct: float) -> FaultDecision:
        seen = StepFeatures(wafer_id, "oxide@1", 0, 2, 6, "measured", {"removal_error_pct": error_pct})
        line.state, said = line.detection.step(line.state, seen)
        return said

    for count in range(LEARN):
        measured(f"M{count}", 0.1 * count)
    bad = line.features(2, changed={"zone3_leak_kPa": 6.3})
    line.state, _ = line.detection.step(line.state, bad)
    explained = measured(bad.wafer_id, -9.0)
    assert (len(explained.violations) > 0, explained.faults) == (True, ())
    assert names(measured("another", -9.0)) == [(UNKNOWN_FAULT, "head2")]


def test_limits_outlive_a_run_as_text() -> None:
    line = Line().learned()
    text = limits_to_text(line.state)
    again = Line(seed=1)
    again.state = DetectionState(limits_from_text(text))
    assert limits_to_text(again.state) == text
    seen = line.features(3, changed={"head_speed_error_pct": -2.9})
    said, same = (each.detection.step(each.state, seen)[1] for each in (line, again))
    assert [(f.fault, f.place, f.features) for f in same.faults] == [
        (f.fault, f.place, f.features) for f in said.faults
    ]
    assert same.z == pytest.approx(said.z, rel=1e-6, abs=1e-6)  # the text has nine digits
    half = Line()
    half.wafer()
    kept = limits_from_text(limits_to_text(half.state))["oxide@1/0/1"]
    assert len(kept.learning) == 1
    assert kept.learning[0] == pytest.approx(half.state.steps["oxide@1/0/1"].learning[0])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("planaris/fault-limits/1", "planaris/fault-limits/9", "fault-limits/9"),
        ('"sigma"', '"sigmas"', "no limits of fault detection"),
        ('"steps": {', '"steps": [{', "Expecting"),
        ('"variances": [', '"variances": [1.0, ', "loadings"),
    ],
)
def test_a_text_that_holds_no_limits_is_refused(old: str, new: str, problem: str) -> None:
    text = limits_to_text(Line().learned().state)
    assert old in text
    with pytest.raises(ValueError, match=problem):
        limits_from_text(text.replace(old, new, 1))


def test_limits_stand_at_the_band_or_where_noise_puts_them() -> None:
    quiet = learn(SPECS, [{"slurry_flow_error_pct": 0.0, "ring_wear_mm": 0.5, "platen_torque_Nm": 30.0}] * LEARN)
    by_name = dict(zip(quiet.names, quiet.sigma.tolist(), strict=True))
    assert by_name["slurry_flow_error_pct"] == pytest.approx(13.0 / 9.0)  # 3 sigma at a third of the band
    assert by_name["ring_wear_mm"] == pytest.approx(1.35 / 3.0)  # wear: at the band
    assert by_name["platen_torque_Nm"] == pytest.approx(0.15 * 30.0 / 9.0)
    assert quiet.mean[quiet.names.index("ring_wear_mm")] == 0.0  # from a new part
    noisy = learn(SPECS, [{"slurry_flow_error_pct": 10.0 * (-1) ** k} for k in range(LEARN)])
    # t(1 - 0.001; 7)·sqrt(1 + 1/8) of the spread: a prediction interval (t = 4.785, tables).
    assert 3.0 * float(noisy.sigma[0]) == pytest.approx(4.785 * np.sqrt(9 / 8) * 10.0 * np.sqrt(8 / 7), rel=1e-3)
    with pytest.raises(ValueError, match="2 wafers teach no limits"):
        learn(SPECS, [IN_CONTROL] * 2)


def test_the_same_wafers_say_the_same_whenever_they_are_played() -> None:
    line = Line(seed=5)
    seen = [line.features(k % 4 + 1, changed={"zone3_leak_kPa": 6.3} if k > 20 else {}) for k in range(25)]
    decisions: list[list[FaultDecision]] = []
    for _ in range(2):
        state, said = line.detection.start(), list[FaultDecision]()
        for one in seen:
            state, decision = line.detection.step(state, one)
            said.append(decision)
        decisions.append(said)
    assert decisions[0] == decisions[1]
