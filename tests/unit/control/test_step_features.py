"""Step features: what is worked out of a trace, in physical terms, and what is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planaris.control import HeadGeometry, StepTrace, catalogue, fault_bands, settled_rows, step_features
from planaris.formats import load_recipe, load_tool
from planaris.model import Conditioning, ConditioningMode, PolishStep, ProcessFault, suffix_of, symbol_of

TOOL = load_tool()
RECIPE = load_recipe(Path(__file__).parents[3] / "examples" / "oxide_ild" / "recipe.toml", TOOL)
STEP: PolishStep = RECIPE.steps[0]
GEOMETRY = HeadGeometry.of(TOOL)
ROWS = 100

# What sensors show of a step that is as it was asked: set-points from the recipe, the rest by hand.
AS_ASKED: Mapping[str, float] = {
    "platen.slurry_flow_ml_min": STEP.slurry_flow_ml_min,
    "platen.slurry_filter_drop_kPa": 18.0,
    "platen.speed_rpm": STEP.platen_speed_rpm,
    "platen.torque_Nm": 34.0,
    "platen.pad_temperature_C": 36.0,
    "platen.coolant_temperature_C": 25.0,
    "platen.coolant_return_temperature_C": 25.4,
    "platen.vibration_mm_g": 25.0,
    "platen.conditioner_force_N": STEP.conditioning.downforce_N,
    "platen.conditioner_speed_rpm": 73.0,
    "platen.conditioner_torque_Nm": 0.3,
    "platen.conditioner_height_mm": -0.1,
    "head.speed_rpm": STEP.head_speed_rpm,
    "head.torque_Nm": 3.0,
    "head.downforce_N": 1300.0,
    "head.height_mm": -0.8,
    "head.ring_pressure_kPa": STEP.ring_pressure_kPa,
    **{f"head.zone{z}_pressure_kPa": p for z, p in enumerate(STEP.zone_pressure_kPa, start=1)},
    **{f"head.zone{z}_flow_l_min": 0.055 for z in (1, 2, 3)},
}


def features(
    changed: Mapping[str, float] | None = None, step: PolishStep = STEP, end_rows: int = 30
) -> dict[str, float]:
    """Return the features of a trace that shows constant values; NaN takes a column away."""
    shown = {**AS_ASKED, **(changed or {})}
    shown = {name: value for name, value in shown.items() if not math.isnan(value)}
    values = np.tile(np.array(list(shown.values()), dtype=np.float32), (ROWS, 1))
    return step_features(step, GEOMETRY, StepTrace(tuple(shown), values, slice(0, ROWS)), end_rows, -80.0)


def test_a_step_as_it_was_asked_has_no_errors() -> None:
    found = features()
    errors = {
        name: value for name, value in found.items() if name.endswith("_error_pct") and name != "downforce_error_pct"
    }
    assert set(errors) == {
        "slurry_flow_error_pct", "platen_speed_error_pct", "head_speed_error_pct", "ring_pressure_error_pct",
        "zone1_pressure_error_pct", "zone2_pressure_error_pct", "zone3_pressure_error_pct",
        "conditioner_force_error_pct",
    }  # fmt: skip
    assert max(map(abs, errors.values())) < 1e-4  # samples have seven digits


@pytest.mark.parametrize(
    ("tag", "factor", "feature", "expected"),
    [
        ("platen.slurry_flow_ml_min", 0.805, "slurry_flow_error_pct", -19.5),
        ("head.speed_rpm", 1.03, "head_speed_error_pct", 3.0),
        ("platen.speed_rpm", 0.95, "platen_speed_error_pct", -5.0),
        ("head.ring_pressure_kPa", 0.9, "ring_pressure_error_pct", -10.0),
        ("head.zone2_pressure_kPa", 1.1, "zone2_pressure_error_pct", 10.0),
        ("platen.conditioner_force_N", 0.8, "conditioner_force_error_pct", -20.0),
    ],
)
def test_errors_are_percent_of_the_set_point(tag: str, factor: float, feature: str, expected: float) -> None:
    assert features({tag: factor * AS_ASKED[tag]})[feature] == pytest.approx(expected, abs=1e-4)


def test_ratios_and_differences_are_what_they_say() -> None:
    found = features()
    assert found["friction_ratio"] == pytest.approx(34.0 / (1300.0 * 0.125))
    assert found["torque_ratio"] == pytest.approx(3.0 / 34.0)
    assert found["pad_temperature_rise_K"] == pytest.approx(11.0)
    assert found["coolant_rise_K"] == pytest.approx(0.4, abs=1e-5)
    # Ring and pad: the disk rests on the pad 0.1 mm down, the head 0.7 mm lower than that.
    assert found["pad_wear_mm"] == pytest.approx(0.1)
    assert found["ring_wear_mm"] == pytest.approx(0.7)
    # Torque less the drive's own, over force at two thirds of 50 mm.
    friction = (0.3 - 0.0008 * 73.0) / (STEP.conditioning.downforce_N * 0.05 * 2.0 / 3.0)
    assert found["conditioner_friction_ratio"] == pytest.approx(friction)
    # 27.58 kPa and 0.055 l/min: as much gas at 20.7 kPa in 30 s, in 0.5 l at 101.3 kPa.
    gas_l = 0.055 / STEP.zone_pressure_kPa[0] * 20.7 * 0.5
    assert found["zone1_leak_kPa"] == pytest.approx(gas_l * 101.3 / 0.5, rel=1e-5)


def test_downforce_is_held_against_pressures_and_areas() -> None:
    zones = [math.pi * (o**2 - i**2) * 1e-6 for i, o in ((0.0, 85.0), (85.0, 95.0), (95.0, 100.0))]
    ring = math.pi * (120.0**2 - 100.5**2) * 1e-6
    expected_N = 1e3 * (np.dot(STEP.zone_pressure_kPa, zones) + STEP.ring_pressure_kPa * ring)
    assert features({"head.downforce_N": 0.9 * float(expected_N)})["downforce_error_pct"] == pytest.approx(
        -10.0, abs=1e-4
    )


def test_what_does_not_work_or_is_not_asked_is_left_out() -> None:
    without_disk = replace(STEP, conditioning=Conditioning(ConditioningMode.OFF, 0.0, 0.0, 0.0))
    no_disk = {
        "conditioner_friction_ratio",
        "ring_wear_mm",
        "pad_wear_mm",
        "conditioner_sweep_mm",
        "conditioner_force_error_pct",
    }
    assert not no_disk & set(features(step=without_disk))
    assert "slurry_flow_error_pct" not in features(step=replace(STEP, slurry_flow_ml_min=0.0))
    assert "platen_torque_Nm" not in features({"platen.torque_Nm": math.nan})


def test_a_step_that_was_cut_off_tells_nothing_of_its_end() -> None:
    assert not {"pad_temperature_rise_K", "coolant_rise_K"} & set(features(end_rows=0))


def test_the_arms_stroke_is_what_it_covers() -> None:
    values = np.array([[20.0, 50.0], [20.0, 200.0], [20.0, 125.0]], dtype=np.float32)
    trace = StepTrace(("platen.conditioner_force_N", "platen.conditioner_arm_mm"), values, slice(0, 3))
    assert step_features(STEP, GEOMETRY, trace, 1, math.nan)["conditioner_sweep_mm"] == pytest.approx(150.0)


def test_settled_rows_begin_after_ramp_and_settling_and_end_with_the_step() -> None:
    time_s = np.arange(0.0, 20.0, 0.5)
    rows = settled_rows(time_s, 5.0, 15.0, 3.0)
    assert (time_s[rows][0], time_s[rows][-1]) == (8.0, 15.0)


def test_every_feature_is_declared_with_its_unit_in_both_languages() -> None:
    declared = catalogue(3)
    assert set(features()) <= set(declared)
    for name, spec in declared.items():
        assert suffix_of(name) is not None, name
        assert symbol_of(name) or name.endswith("_ratio"), name
        assert spec.band > 0.0
        assert spec.english.isascii()
        assert not spec.chinese.isascii()
    assert {name for name in declared if "leak" in name} == {f"zone{z}_leak_kPa" for z in (1, 2, 3)}


def test_named_faults_have_the_bands_of_the_model() -> None:
    declared, bands = catalogue(3), fault_bands()
    assert {f.value for f in ProcessFault} < set(bands)
    assert declared["slurry_flow_error_pct"].band == 13.0
    assert declared["head_speed_error_pct"].band == 2.0
    assert declared["zone3_leak_kPa"].band == 1.38
    assert declared["ring_wear_mm"].band == pytest.approx(0.9 * 1.5)
    # A disk of 90 % of its 43.9 h cuts exp(-0.9·ln 5) of a new one's: 0.3 of its drag goes with the cut.
    assert declared["conditioner_friction_ratio"].band == pytest.approx(30.0 * (1.0 - 0.2**0.9))
    assert declared["platen_torque_Nm"].band_at(40.0) == pytest.approx(6.0)
