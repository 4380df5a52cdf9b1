"""The formula over rows is the removal law of physics, and keeps its limits exactly."""

from __future__ import annotations

import numpy as np
import pytest

from planaris.calibration.form import Form, Scales, Threshold, constants_of, counted
from planaris.calibration.formula import NM_MIN_PER_KPA_M_S, Rows, log_rate
from planaris.physics import RemovalLaw, removal_rate_nm_min

SCALES = Scales(
    20.0, 1.2, 7.0, 5.0, 2.0, 7.0, (("abrasive_wt_pct", 2.0), ("h2o2_wt_pct", 3.0), ("slurry_ml_min", 150.0))
)


def rows(p: list[float], v: list[float], **conditions: list[float]) -> Rows:
    levels = {"pad": np.zeros(len(p), np.int64), "abrasive": np.zeros(len(p), np.int64)}
    return Rows(np.array(p), np.array(v), levels, {k: np.array(x) for k, x in conditions.items()})


def rate(form: Form, theta: dict[str, float], at: Rows) -> np.ndarray:
    names = tuple(theta)
    return np.exp(log_rate(form, SCALES, names, np.array([list(theta.values())]), at)[0][0])


P, V = [8.0, 20.0, 33.0], [0.6, 1.2, 1.9]


@pytest.mark.parametrize("corner", [1, 2])
def test_series_form_equals_the_physics(corner: int) -> None:
    form = Form(exponent_v=True, threshold=Threshold.PRESSURE_VELOCITY, saturation=True, corner=corner)
    theta = {"ln_kp": np.log(9.0), "exponent_v": 0.7, "threshold": 0.5, "ln_k2": np.log(600.0)}
    law = RemovalLaw(
        kp_m2_N=9.0 / NM_MIN_PER_KPA_M_S,
        exponent_v=0.7,
        reference_velocity_m_s=1.2,
        threshold_kPa_m_s=0.5 * 5.0,
        k2_nm_min=600.0,
        corner_ratio=float(corner),
    )
    expected = removal_rate_nm_min(np.array(P), np.array(V), 25.0, law)
    np.testing.assert_allclose(rate(form, theta, rows(P, V)), expected, rtol=1e-12)


def test_power_form_equals_the_physics() -> None:
    form = Form(exponent_p=True, exponent_v=True)
    law = RemovalLaw(2e-13, 0.8, 0.5, reference_pressure_kPa=20.0, reference_velocity_m_s=1.2)
    theta = {"ln_kp": np.log(2e-13 * NM_MIN_PER_KPA_M_S), "exponent_p": 0.8, "exponent_v": 0.5}
    expected = removal_rate_nm_min(np.array(P), np.array(V), 25.0, law)
    np.testing.assert_allclose(rate(form, theta, rows(P, V)), expected, rtol=1e-12)


def test_preston_is_exact() -> None:
    np.testing.assert_allclose(rate(Form(), {"ln_kp": 0.0}, rows(P, V)), np.array(P) * np.array(V), rtol=1e-14)


def test_large_k2_is_the_mechanical_step_and_large_k_is_k2() -> None:
    series = Form(saturation=True)
    at = rows(P, V)
    np.testing.assert_allclose(rate(series, {"ln_kp": 1.0, "ln_k2": 60.0}, at), rate(Form(), {"ln_kp": 1.0}, at))
    np.testing.assert_allclose(rate(series, {"ln_kp": 60.0, "ln_k2": 6.0}, at), np.full(3, np.exp(6.0)))


def test_a_pressure_threshold_is_taken_off_the_pressure() -> None:
    form = Form(threshold=Threshold.PRESSURE)
    theta = {"ln_kp": 0.0, "threshold": 0.5}
    np.testing.assert_allclose(rate(form, theta, rows(P, V)), (np.array(P) - 3.5) * np.array(V), rtol=1e-12)


def test_below_the_threshold_the_drive_is_gone() -> None:
    form = Form(threshold=Threshold.PRESSURE)
    at = rows([3.0, 3.5, 3.6], [1.0, 1.0, 1.0])
    _, share = log_rate(form, SCALES, ("ln_kp", "threshold"), np.array([[0.0, 0.5]]), at)
    assert (share[0] <= 0).tolist() == [True, True, False]


def test_conditions_are_powers_about_their_middle() -> None:
    at = rows(P, V, abrasive_wt_pct=[1.0, 2.0, 4.0])
    plain = rate(Form(), {"ln_kp": 0.0}, at)
    by = rate(Form(kp_by=("abrasive_wt_pct",)), {"ln_kp": 0.0, "kp_by_abrasive_wt_pct": 0.5}, at)
    np.testing.assert_allclose(by / plain, [0.5**0.5, 1.0, 2.0**0.5], rtol=1e-12)


def test_oxidiser_runs_from_its_blank_to_one() -> None:
    at = rows([10.0] * 3, [1.0] * 3, h2o2_wt_pct=[0.0, 3.0, 3e9])
    form = Form(oxidiser="h2o2_wt_pct")
    found = rate(form, {"ln_kp": 0.0, "ln_blank": np.log(0.2)}, at) / 10.0
    # Half-way concentration is the middle one: (0.2 + 1)/2.
    np.testing.assert_allclose(found, [0.2, 0.6, 1.0], rtol=1e-6)


def test_supply_is_one_at_the_middle_flow_and_saturates() -> None:
    at = rows([10.0] * 3, [1.0] * 3, slurry_ml_min=[50.0, 150.0, 1e6])
    found = rate(Form(supply=True), {"ln_kp": 0.0, "ln_supply": np.log(98.0)}, at) / 10.0
    middle = -np.expm1(-150.0 / 98.0)
    np.testing.assert_allclose(found, [-np.expm1(-50.0 / 98.0) / middle, 1.0, 1.0 / middle], rtol=1e-12)


def test_an_unseen_consumable_gets_the_mean() -> None:
    form = Form(kp_level="pad")
    at = Rows(np.full(3, 10.0), np.ones(3), {"pad": np.array([0, 1, -1])}, {})
    found = rate(form, {"ln_kp": 0.0, "kp_level_0": -0.4, "kp_level_1": 0.6}, at) / 10.0
    np.testing.assert_allclose(np.log(found), [-0.4, 0.6, 0.1], rtol=1e-12)


def test_a_factor_per_consumable_counts_one_each() -> None:
    constants = constants_of(Form(kp_level="pad", exponent_v=True), SCALES, {"pad": 3, "abrasive": 1})
    assert counted(constants) == 4
    assert counted(constants_of(Form(threshold=Threshold.PRESSURE, threshold_level="pad"), SCALES, {"pad": 3})) == 4


def test_forms_read_as_formulas() -> None:
    form = Form(exponent_v=True, saturation=True, k2_by=("abrasive_wt_pct",), threshold=Threshold.PRESSURE)
    assert str(form) == "K·(P - P0)·V^b in series with k2·abrasive_wt_pct^n"
    assert str(Form(exponent_p=True, kp_level="pad")) == "K[pad]·P^a·V"
