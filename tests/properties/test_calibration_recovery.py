"""Calibration finds what made a table, whatever its constants, units and order."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planaris.calibration import (
    CalibratedLaw,
    LawForm,
    Table,
    calibrate,
    law_from_toml,
    law_to_toml,
    predict,
    table_from_columns,
)
from planaris.physics import RemovalLaw, removal_rate_nm_min

P, V = (axis.ravel() for axis in np.meshgrid([7.0, 14.0, 21.0, 30.0, 40.0], [0.4, 0.8, 1.5]))

laws = st.builds(
    RemovalLaw,
    kp_m2_N=st.floats(0.3e-13, 5e-13),
    exponent_v=st.sampled_from([1.0, 0.6]),
    threshold_kPa_m_s=st.floats(0.0, 2.0),
    k2_nm_min=st.one_of(st.just(float("inf")), st.floats(150.0, 3000.0)),
)


def table(p: np.ndarray, v: np.ndarray, rate: np.ndarray, pad: list[str] | None = None) -> Table:
    columns = {"film": ["TEOS"] * len(p), "pressure_kPa": p, "velocity_m_s": v, "removal_rate_nm_min": rate}
    return table_from_columns({**columns, "pad": pad or ["A"] * len(p)})


def fitted(law: RemovalLaw, scatter: float, seed: int) -> tuple[CalibratedLaw, Table]:
    noise = np.exp(scatter * np.random.default_rng(seed).standard_normal(len(P)))
    made = table(P, V, removal_rate_nm_min(P, V, 25.0, law) * noise)
    return calibrate(made), made


@settings(max_examples=25, deadline=None)
@given(law=laws, seed=st.integers(0, 2**16))
# A start and a saturation that hide each other: neither pays for itself alone.
@example(RemovalLaw(kp_m2_N=3e-14, threshold_kPa_m_s=2.0, k2_nm_min=150.0), 0)
def test_new_conditions_inside_the_range_are_predicted_to_a_few_scatters(law: RemovalLaw, seed: int) -> None:
    calibrated, _ = fitted(law, 0.03, seed)
    rng = np.random.default_rng(seed + 1)
    p, v = rng.uniform(9, 38, 40), rng.uniform(0.45, 1.4, 40)
    truth = removal_rate_nm_min(p, v, 25.0, law)
    made = predict(calibrated, table(p, v, truth))
    # Scatter 3 %; a chosen form may miss a slight bend that hides in it: 6 % in the mean is twice the scatter.
    assert made.mape_pct() < 6.0
    assert np.mean((truth >= made.low_nm_min) & (truth <= made.high_nm_min)) > 0.9


@settings(max_examples=10, deadline=None)
@given(law=laws, seed=st.integers(0, 2**16))
def test_a_law_survives_its_text(law: RemovalLaw, seed: int) -> None:
    calibrated, rows = fitted(law, 0.05, seed)
    again = law_from_toml(law_to_toml(calibrated))
    assert again == calibrated
    np.testing.assert_array_equal(predict(again, rows).rate_nm_min, predict(calibrated, rows).rate_nm_min)


@settings(max_examples=10, deadline=None)
@given(law=laws, seed=st.integers(0, 2**16))
def test_the_order_of_rows_does_not_matter(law: RemovalLaw, seed: int) -> None:
    calibrated, rows = fitted(law, 0.05, seed)
    order = np.random.default_rng(seed).permutation(rows.rows)
    other = calibrate(rows.take(order))
    assert other.groups[0].form == calibrated.groups[0].form
    one, two = predict(calibrated, rows), predict(other, rows)
    # Both fits stop at a relative gain of 1e-10 in squares, 1e-5 in the constants.
    np.testing.assert_allclose(one.rate_nm_min, two.rate_nm_min, rtol=1e-4)


@settings(max_examples=10, deadline=None)
@given(law=laws, factor=st.floats(0.1, 10.0), seed=st.integers(0, 2**16))
def test_rates_scale_with_the_rates_they_were_fitted_to(law: RemovalLaw, factor: float, seed: int) -> None:
    calibrated, rows = fitted(law, 0.05, seed)
    scaled = table(P, V, rows.rate_nm_min * factor)
    other = calibrate(scaled)
    assert other.groups[0].form == calibrated.groups[0].form
    one, two = predict(calibrated, rows), predict(other, rows)
    np.testing.assert_allclose(two.rate_nm_min, factor * one.rate_nm_min, rtol=1e-4)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16), law=st.sampled_from(list(LawForm)))
def test_any_table_gets_a_law_that_is_finite_and_positive_in_its_range(seed: int, law: LawForm) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 25))
    p, v = rng.uniform(2, 60, count), rng.uniform(0.1, 3, count)
    rate = np.exp(rng.uniform(0, 7, count))
    pads = [str(name) for name in rng.choice(["A", "B", "C"], count)]
    rows = table(p, v, rate, pads)
    made = predict(calibrate(rows, law), rows)
    assert np.all(np.isfinite(made.rate_nm_min))
    assert np.all(made.rate_nm_min >= 0.0)
    assert np.all(made.low_nm_min <= made.rate_nm_min)
    assert np.all(made.rate_nm_min <= made.high_nm_min)
