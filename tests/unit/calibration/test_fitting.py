"""Calibrate finds the law a table was made with, and no more than its rows tell."""

from __future__ import annotations

import numpy as np
import pytest
from calibration_samples import PRESSURES_KPA, grid, rates, table

from planaris.calibration import LawForm, Threshold, calibrate, table_from_columns
from planaris.calibration.choose import most_constants
from planaris.physics import RemovalLaw, removal_rate_nm_min

P, V = grid()


def parameters(law: object) -> dict[str, float]:
    return {p.name: p.value for p in law.parameters}  # type: ignore[attr-defined]


def test_preston_is_found_where_preston_is_true() -> None:
    (law,) = calibrate(table(P, V, rates(RemovalLaw(1.5e-13), P, V, 0.04))).groups
    assert str(law.form) == "K·P·V"
    # 4 % scatter over 15 rows: 1 % standard error.
    assert parameters(law)["kp_m2_N"] == pytest.approx(1.5e-13, rel=0.03)
    assert law.errors.left_out_mape_pct < 5.0
    assert law.row_spread < 0.08


def test_saturation_is_found_where_it_is_true() -> None:
    truth = RemovalLaw(2.0e-13, k2_nm_min=300.0)
    (law,) = calibrate(table(P, V, rates(truth, P, V, 0.02))).groups
    assert law.form.saturation
    assert law.constants == 2
    assert parameters(law)["k2_nm_min"] == pytest.approx(300.0, rel=0.1)
    assert law.errors.preston_left_out_mape_pct > 3 * law.errors.left_out_mape_pct


def test_a_threshold_is_found_where_it_is_true() -> None:
    rate = 8.0 * (P - 5.0) * V * np.exp(0.03 * np.random.default_rng(2).standard_normal(len(P)))
    (law,) = calibrate(table(P, V, rate)).groups
    assert law.form.threshold is Threshold.PRESSURE
    assert parameters(law)["threshold_kPa"] == pytest.approx(5.0, abs=0.5)


def test_a_speed_exponent_is_found_where_it_is_true() -> None:
    rate = rates(RemovalLaw(1.5e-13, exponent_v=0.5), P, V, 0.03)
    (law,) = calibrate(table(P, V, rate)).groups
    assert str(law.form) == "K·P·V^b"
    (b,) = [p for p in law.parameters if p.name == "exponent_v"]
    assert b.low < 0.5 < b.high
    assert b.high - b.low < 0.2
    assert b.identified


def test_a_pad_gets_its_factor_and_exponents_are_shared() -> None:
    pads = np.tile(["A", "B", "C"], 15)
    p, v = np.repeat(P, 3), np.repeat(V, 3)
    factor = np.tile([0.6, 1.0, 1.7], 15)
    rate = factor * rates(RemovalLaw(1.5e-13), p, v, 0.04)
    (law,) = calibrate(table(p, v, rate, {"pad": pads.tolist()})).groups
    assert str(law.form) == "K[pad]·P·V"
    assert law.constants == 3
    found = parameters(law)
    assert found["kp_m2_N[C]"] / found["kp_m2_N[A]"] == pytest.approx(1.7 / 0.6, rel=0.06)


def test_solids_work_where_the_truth_has_them() -> None:
    p = np.tile(PRESSURES_KPA, 4)
    v = np.full(len(p), 1.3)
    solids = np.repeat([0.5, 1.0, 2.0, 4.0], 5)
    k2 = 250.0 * solids**1.5
    rate = 1 / (1 / (9.0 * p * v) + 1 / k2) * np.exp(0.03 * np.random.default_rng(4).standard_normal(len(p)))
    (law,) = calibrate(table(p, v, rate, {"abrasive_wt_pct": solids})).groups
    assert law.form.k2_by == ("abrasive_wt_pct",)
    assert law.constants == 3
    assert parameters(law)["exponent_k2_by_abrasive_wt_pct"] == pytest.approx(1.5, abs=0.25)


def test_temperature_is_found() -> None:
    p = np.tile(PRESSURES_KPA, 3)
    v = np.full(len(p), 1.0)
    temperature = np.repeat([22.0, 35.0, 50.0], 5)
    inverse = 1 / (temperature + 273.15) - 1 / 308.15
    rate = 9.0 * p * v * np.exp(-20e3 / 8.314462618 * inverse)
    rate = rate * np.exp(0.02 * np.random.default_rng(5).standard_normal(len(p)))
    (law,) = calibrate(table(p, v, rate, {"temperature_C": temperature})).groups
    assert law.form.activation
    assert parameters(law)["activation_kJ_mol"] == pytest.approx(20.0, abs=3.0)


def test_noise_gets_no_constants() -> None:
    rng = np.random.default_rng(6)
    more = {"abrasive_wt_pct": rng.uniform(1, 5, 15), "abrasive_d50_nm": rng.uniform(20, 90, 15)}
    rate = 9.0 * P * V * np.exp(0.15 * rng.standard_normal(15))
    (law,) = calibrate(table(P, V, rate, more)).groups
    assert law.constants <= 2


@pytest.mark.parametrize(
    ("conditions", "most"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (11, 3), (12, 4), (19, 4), (40, 10)]
)
def test_few_conditions_carry_few_constants(conditions: int, most: int) -> None:
    assert most_constants(conditions) == most


def test_one_row_gives_k_alone_and_says_so() -> None:
    (law,) = calibrate(table(np.array([20.0]), np.array([1.0]), np.array([180.0]))).groups
    assert str(law.form) == "K·P·V^0.8" or str(law.form) == "K·P·V"
    assert parameters(law)["kp_m2_N"] == pytest.approx(180.0 / 20.0 / 6e13, rel=1e-6)
    assert np.isnan(law.errors.left_out_mape_pct)
    assert {u.name: u.treatment for u in law.unidentified}["exponent_p"] == "borrowed"
    assert any("K only" in note for note in law.notes)


def test_one_speed_borrows_its_exponent_with_reason_and_remedy() -> None:
    p = np.array(PRESSURES_KPA)
    (law,) = calibrate(table(p, np.full(5, 1.3), 9 * p)).groups
    (borrowed,) = [u for u in law.unidentified if u.name == "exponent_v"]
    assert (borrowed.treatment, borrowed.value) == ("borrowed", 0.8)
    assert "one speed (1.3 m/s)" in borrowed.reason
    assert "two or more platen speeds" in borrowed.fixed_by


def test_what_is_constant_or_missing_is_refused_with_a_reason() -> None:
    (law,) = calibrate(table(P, V, 9 * P * V, {"abrasive_wt_pct": np.full(15, 2.5)})).groups
    reasons = {u.name: u.reason for u in law.unidentified}
    assert reasons["effect of abrasive_wt_pct"] == "one value (2.5)"
    assert reasons["effect of temperature_C"] == "not stated"


def test_forms_are_chosen_within_what_is_asked_for() -> None:
    truth = RemovalLaw(2.0e-13, k2_nm_min=250.0)
    made = table(P, V, rates(truth, P, V, 0.02))
    (preston,) = calibrate(made, LawForm.PRESTON).groups
    assert preston.names == ("ln_kp",)
    (power,) = calibrate(made, LawForm.POWER).groups
    assert power.form.exponent_p
    assert not power.form.saturation
    (series,) = calibrate(made, LawForm.SERIES).groups
    assert series.form.saturation
    assert not series.form.exponent_p
    assert series.errors.left_out_mape_pct < power.errors.left_out_mape_pct < preston.errors.left_out_mape_pct


def test_groups_get_their_own_laws_and_a_dry_one_is_refused() -> None:
    made = table_from_columns(
        {
            "film": ["TEOS"] * 15 + ["W"] * 15 + ["SiN"] * 2,
            "pressure_kPa": np.concatenate([P, P, [10.0, 20.0]]),
            "velocity_m_s": np.concatenate([V, V, [1.0, 1.0]]),
            "removal_rate_nm_min": np.concatenate([9 * P * V, 3 * P * V, [0.0, 0.0]]),
        }
    )
    law = calibrate(made)
    assert [g.key.film for g in law.groups] == ["TEOS", "W"]
    assert [r.key.film for r in law.refused] == ["SiN"]
    assert "no row removed anything" in law.refused[0].reason


def test_the_law_goes_to_the_physics_unchanged() -> None:
    rate = 1 / (1 / (8.0 * (P - 3.0) * V**0.6) + 1 / 600.0)
    (law,) = calibrate(table(P, V, rate)).groups
    for v in (0.7, 1.2):
        physics = law.removal_law(v)
        made = removal_rate_nm_min(np.array([8.0, 20.0, 33.0]), v, 25.0, physics)
        from planaris.calibration.predicting import group_rows, predict_ln

        p = np.array([8.0, 20.0, 33.0])
        rows = group_rows(law, table(p, np.full(3, v), p))[0]
        np.testing.assert_allclose(made, np.exp(predict_ln(law, rows)), rtol=1e-9)


def test_the_law_of_one_pad_and_solids_goes_to_the_physics() -> None:
    pads = np.tile(["A", "B"], 15)
    p, v = np.repeat(P, 2), np.repeat(V, 2)
    rate = np.tile([0.6, 1.4], 15) * 9.0 * p * v
    (law,) = calibrate(table(p, v, rate, {"pad": pads.tolist()})).groups
    assert law.removal_law(1.0, pad="B").kp_m2_N == pytest.approx(1.4 * 9.0 / 6e13, rel=0.01)
    assert law.removal_law(1.0, pad="A").kp_m2_N == pytest.approx(0.6 * 9.0 / 6e13, rel=0.01)


def test_the_same_table_gives_the_same_law() -> None:
    made = table(P, V, rates(RemovalLaw(2e-13, k2_nm_min=400.0), P, V, 0.05))
    assert calibrate(made) == calibrate(made)
