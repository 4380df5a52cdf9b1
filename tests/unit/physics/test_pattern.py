"""Closed forms of removal on a pattern: load conservation, exact limits of each form in the next, printed figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planaris.physics import (
    ContactConstants,
    TwoMaterials,
    contact_height_nm,
    contact_rates,
    contact_ratio,
    contact_step_after_nm,
    density_heights,
    edge_rounding_factor,
    recess_limit_nm,
    step_height_after_nm,
    step_height_rates,
)

RHO = st.floats(0.05, 0.95)
STEP = st.floats(0.0, 800.0)
SIGMA = ContactConstants()
WIDE = ContactConstants(140.0, 11.25)


def test_density_model_is_linear_in_density_with_the_step_as_slope() -> None:
    # Ouma 1998, 7.1: 7500 Å of step over 80 % of density range: 6000 Å.
    up, step = density_heights(2000.0, 750.0, np.array([0.1, 0.9]), 800.0)
    assert (step == 0.0).all()
    assert up[1] - up[0] == pytest.approx(600.0)


@given(RHO, STEP, st.floats(10.0, 500.0))
def test_every_form_conserves_the_load(rho: float, step: float, contact: float) -> None:
    for up, down in (
        step_height_rates(200.0, rho, step, contact),
        contact_rates(200.0, rho, step, SIGMA),
        contact_rates(200.0, rho, step, WIDE, 5.0),
    ):
        # 1e-6 is what physics.md asks; a sum of doubles gives 1e-12.
        assert rho * up + (1.0 - rho) * down == pytest.approx(200.0, rel=1e-12)
        assert 0.0 <= down <= up * (1.0 + 1e-12)


@given(RHO, st.floats(1.0, 800.0), st.floats(0.0, 400.0), st.floats(10.0, 500.0))
def test_a_step_never_grows_and_never_turns_over(rho: float, step: float, gone: float, contact: float) -> None:
    afters = (
        float(density_heights(2000.0, step, rho, gone)[1]),
        float(step_height_after_nm(step, rho, contact, gone)),
        float(contact_step_after_nm(step, rho, 120.0, gone)),
    )
    for after in afters:
        assert -1e-9 <= after <= step + 1e-9


@given(RHO, STEP)
def test_more_density_polishes_up_areas_slower(rho: float, step: float) -> None:
    denser = min(0.99, rho + 0.03)
    assert step_height_rates(1.0, denser, step, 150.0)[0] <= step_height_rates(1.0, rho, step, 150.0)[0] * (1 + 1e-12)
    assert contact_rates(1.0, denser, step, SIGMA)[0] <= contact_rates(1.0, rho, step, SIGMA)[0] * (1 + 1e-12)


def test_exact_limits_of_the_contact_form() -> None:
    assert contact_rates(200.0, 0.3, 0.0, SIGMA) == (pytest.approx(200.0), pytest.approx(200.0))
    up, down = contact_rates(200.0, 0.3, 1e5, SIGMA)
    assert (up, down) == (pytest.approx(200.0 / 0.3), pytest.approx(0.0, abs=1e-12))
    assert contact_rates(200.0, 1.0, 300.0, SIGMA)[0] == pytest.approx(200.0)
    # α = 0 is the plain model at any width.
    assert contact_ratio(80.0, SIGMA, 0.2) == pytest.approx(np.exp(-80.0 / 120.0))


@given(st.floats(0.1, 50.0), st.floats(1.0, 500.0))
def test_a_narrower_trench_is_never_polished_faster(width: float, step: float) -> None:
    assert contact_ratio(step, WIDE, 0.8 * width) <= contact_ratio(step, WIDE, width)


def test_a_high_step_makes_all_forms_the_density_form() -> None:
    gone = np.array([20.0, 60.0, 100.0])
    density = density_heights(3000.0, 700.0, 0.4, gone)[1]
    assert step_height_after_nm(700.0, 0.4, 50.0, gone) == pytest.approx(density)
    assert contact_step_after_nm(700.0, 0.4, 20.0, gone) == pytest.approx(density, abs=1e-6)


@pytest.mark.parametrize("form", ["step", "contact"])
def test_the_analytic_step_is_what_the_rates_integrate_to(form: str) -> None:
    rho, h, gone, count = 0.35, 300.0, 150.0, 20000
    for _ in range(count):
        rates = step_height_rates(1.0, rho, h, 120.0) if form == "step" else contact_rates(1.0, rho, h, SIGMA)
        h -= float(rates[0] - rates[1]) * gone / count
    made = step_height_after_nm(300.0, rho, 120.0, gone) if form == "step" else None
    after = float(made if made is not None else contact_step_after_nm(300.0, rho, 120.0, gone))
    # Explicit steps: error of the first order in 1/count.
    assert after == pytest.approx(h, rel=2e-3)


def test_contact_height_falls_with_density() -> None:
    h = contact_height_nm(np.array([0.1, 0.5, 0.9]), 30.0, 300.0, 0.3)
    assert (np.diff(h) < 0.0).all()
    assert contact_height_nm(50.0, 30.0, 300.0, 0.3) == pytest.approx(30.0)


def test_over_polish_window_of_sti() -> None:
    # Budget 200 Å of nitride at K_f 2000 Å/min, τ₂ 60 s, ρ 0.5: 37.75 s at s 10, 303.6 s at s 100 (D).
    for s, expected_s in ((10.0, 37.75), (100.0, 303.6)):
        pair = TwoMaterials(0.5, 200.0, 200.0 / s, 200.0 / (s * 0.5))
        assert pair.slow_loss_nm(expected_s / 60.0) == pytest.approx(20.0, rel=1e-3)


def test_copper_steady_rate_of_a_dense_array() -> None:
    # 159/8.68 Å/s at 90 % copper gives 58.2 Å/s; oxide rate with rounded edges at 1 µm of space (D).
    pair = TwoMaterials(0.1, 159.0, 8.68, 30.0)
    assert pair.steady_rate_nm_min == pytest.approx(58.2, abs=0.1)
    assert 2.22 * edge_rounding_factor(1.0) == pytest.approx(8.68, abs=0.01)
    assert recess_limit_nm(1.0, 1.0, 33.3, 0.303, 0.259) == pytest.approx(33.3)


@given(RHO, st.floats(0.3, 50.0), st.floats(5.0, 100.0))
def test_the_recess_comes_to_its_steady_value_from_either_side(rho: float, s: float, limit: float) -> None:
    pair = TwoMaterials(rho, 300.0, 300.0 / s, limit)
    fast, slow = pair.rates_nm_min(pair.steady_recess_nm)
    assert fast == pytest.approx(slow, rel=1e-9)
    assert fast == pytest.approx(pair.steady_rate_nm_min, rel=1e-9)
    times = np.linspace(0.0, 5.0 * pair.time_constant_min, 20)
    for start in (0.0, limit):
        distance = np.abs(pair.recess_nm(times, start) - pair.steady_recess_nm)
        assert (np.diff(distance) <= 1e-9).all()


def test_equal_rates_leave_no_recess_and_more_selectivity_a_deeper_one() -> None:
    steady = [TwoMaterials(0.5, 300.0, 300.0 / s, 40.0).steady_recess_nm for s in (0.5, 1.0, 2.0, 10.0, 100.0)]
    assert steady[1] == 0.0
    assert steady[0] < 0.0
    assert (np.diff(steady) > 0.0).all()


def test_gradients_by_jax() -> None:
    jax: Any = pytest.importorskip("jax")
    with jax.enable_x64(True):

        def rate(h: Any) -> Any:
            return contact_rates(200.0, 0.3, h, WIDE, 2.0)[0]

        slope = float(jax.grad(rate)(jax.numpy.asarray(90.0)))
        difference = (float(rate(90.001)) - float(rate(89.999))) / 0.002
        assert slope == pytest.approx(difference, rel=1e-4)
