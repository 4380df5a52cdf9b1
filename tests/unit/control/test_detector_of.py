"""From a recipe's step to its detector: each kind, what cannot work, and eddy current to a target."""

from __future__ import annotations

import numpy as np
import pytest
from endpoint_blocks import blocks, first_call, play

from planaris.control import (
    After,
    AllOf,
    EddyTarget,
    FirstOf,
    FixedTime,
    FrictionClearing,
    FringePhase,
    ReflectanceClearing,
    SlopeChange,
    SpectralTarget,
    StepContext,
    detector_of,
    step_faults,
)
from planaris.model import Combine, DetectorKind, DetectorSetting, EndKind, FilmStack, Layer, StepEnd
from planaris.physics import EddyCoil, eddy_signals, sheet_conductance_S

OXIDE = StepContext(FilmStack((Layer("TEOS", 1500.0),), "Si"), 330.0)
COPPER = StepContext(FilmStack((Layer("Cu", 900.0), Layer("Ta", 25.0), Layer("TEOS", 500.0)), "Si"), 500.0, -0.2)


def step_end(*detectors: DetectorSetting, combine: Combine = Combine.FIRST) -> StepEnd:
    return StepEnd(EndKind.ENDPOINT, 60.0, 10.0, 110.0, combine=combine, detectors=detectors)


SETTINGS = {
    FixedTime: DetectorSetting(DetectorKind.TIME, time_s=30.0),
    FringePhase: DetectorSetting(DetectorKind.FRINGE, target_nm=300.0),
    SpectralTarget: DetectorSetting(DetectorKind.SPECTRUM, target_nm=300.0),
    ReflectanceClearing: DetectorSetting(DetectorKind.REFLECTANCE),
    FrictionClearing: DetectorSetting(DetectorKind.FRICTION),
    EddyTarget: DetectorSetting(DetectorKind.EDDY, target_nm=200.0),
    SlopeChange: DetectorSetting(DetectorKind.SLOPE, source="torque_Nm", steep_per_s=-0.01, level_per_s=0.002),
}


@pytest.mark.parametrize(("made", "setting"), SETTINGS.items(), ids=lambda v: getattr(v, "__name__", ""))
def test_each_setting_makes_its_detector(made: type, setting: DetectorSetting) -> None:
    assert isinstance(detector_of(step_end(setting), COPPER).detector, made)


@pytest.mark.parametrize(("combine", "made"), [(Combine.FIRST, FirstOf), (Combine.ALL, AllOf), (Combine.AFTER, After)])
def test_several_are_combined(combine: Combine, made: type) -> None:
    two = step_end(SETTINGS[EddyTarget], SETTINGS[FrictionClearing], combine=combine)
    assert isinstance(detector_of(two, COPPER).detector, made)


def test_a_step_by_time_ends_by_time() -> None:
    detector = detector_of(StepEnd(EndKind.TIME, 40.0, 30.0, 60.0, over_polish_s=5.0), OXIDE)
    assert (detector.detector, detector.over_polish.time_s) == (FixedTime(40.0, 1.5), 5.0)


def test_what_cannot_work_on_the_films_is_told_all_at_once() -> None:
    strange = StepContext(FilmStack((Layer("unobtainium", 500.0),), "Si"), 300.0)
    end = step_end(
        DetectorSetting(DetectorKind.SPECTRUM, target_nm=600.0),
        DetectorSetting(DetectorKind.REFLECTANCE),
        DetectorSetting(DetectorKind.EDDY, target_nm=100.0),
        DetectorSetting(DetectorKind.FRICTION),
    )
    faults = [(f.path, f.problem) for f in step_faults(end, strange, "steps[0].end.")]
    at = "steps[0].end.detectors"
    assert faults == [
        (f"{at}[0].detector", "has no optical constants of the wafer's films"),
        (f"{at}[0].target_nm", "is not less than the incoming unobtainium"),
        (f"{at}[1].detector", "has no optical constants of the wafer's films"),
        (f"{at}[1].detector", "has nothing below the film to clear to"),
        (f"{at}[2].detector", "unobtainium does not conduct"),
        (f"{at}[3].step_pct", "the process package has no friction of both films"),
    ]
    with pytest.raises(ValueError, match="unobtainium"):
        detector_of(end, strange)


def test_eddy_current_stops_copper_at_its_target() -> None:
    rng = np.random.default_rng(5)
    time_s = np.arange(0.0, 110.0, 0.01)
    angle = 360.0 * 93.0 / 60.0 * time_s
    copper_nm = np.maximum(880.0 - 520.0 / 60.0 * time_s, 0.0)
    films = np.stack([copper_nm, np.full_like(copper_nm, 25.0)], axis=1)
    conductance_S = sheet_conductance_S(["Cu", "Ta"], films)
    # The pad has worn by 0.05 mm: the coil is nearer than nominal.
    resistive, reactive = eddy_signals(conductance_S, EddyCoil(), 1.95)
    zero = np.zeros_like(time_s)
    signals = {
        "eddy_resistive": resistive + rng.normal(0.0, 5e-4, time_s.size),
        "eddy_reactive": reactive + rng.normal(0.0, 5e-4, time_s.size),
        "window_angle_deg": angle % 360.0,
        "window_head_angle_deg": zero,
        "window_sweep_mm": zero,
        "window_under_wafer": (np.abs(angle % 360.0 - 180.0) < 45.0).astype(np.float64),
    }
    detector = detector_of(step_end(SETTINGS[EddyTarget]), COPPER)
    call = first_call(play(detector, 0.0, blocks(time_s, signals, 50, "platen1.optical")))
    assert call is not None
    assert call.endpoint_s is not None
    left_nm = 880.0 - 520.0 / 60.0 * call.endpoint_s
    # G₀ shifts by a quarter of itself a millimetre: 0.05 mm is 1.3 % of 200 nm; noise and barrier add a few nm.
    assert left_nm == pytest.approx(200.0, abs=10.0)
