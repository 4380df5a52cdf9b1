"""Series removal law and its exact limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planaris.physics import RemovalLaw, arrhenius_factor, oxidiser_factor, removal_rate_nm_min, series_rate_nm_min

P = np.array([0.0, 5.0, 20.684, 41.4])[:, None]
V = np.array([0.3, 0.9, 1.46])
EPS = 1e-12  # the project's bound for exact limits


def test_preston_is_the_exact_limit() -> None:
    expected = 1.5e-13 * (1e3 * P) * V * 6e10
    np.testing.assert_allclose(removal_rate_nm_min(P, V, 25.0, RemovalLaw(1.5e-13)), expected, rtol=EPS)
    large = RemovalLaw(1.5e-13, k2_nm_min=1e18)
    np.testing.assert_allclose(removal_rate_nm_min(P, V, 25.0, large), expected, rtol=EPS)


@pytest.mark.parametrize("corner", [1.0, 4.0])
def test_fast_mechanics_leave_the_chemical_step(corner: float) -> None:
    law = RemovalLaw(1e3, k2_nm_min=830.0, corner_ratio=corner)
    np.testing.assert_allclose(removal_rate_nm_min(P[1:], V, 25.0, law), 830.0, rtol=EPS)


@pytest.mark.parametrize("corner", [1.0, 3.0])
@pytest.mark.parametrize("k2", [math.inf, 830.0])
def test_no_pressure_and_below_threshold_remove_nothing(corner: float, k2: float) -> None:
    law = RemovalLaw(2.4e-13, k2_nm_min=k2, threshold_kPa_m_s=4.9, corner_ratio=corner)
    rate = removal_rate_nm_min(P, V, 25.0, law)
    assert np.all(rate[P * V <= 4.9] == 0.0)
    assert np.all(rate[P * V > 4.9] > 0.0)
    assert np.all(removal_rate_nm_min(np.array([-3.0]), 1.0, 25.0, law) == 0.0), "a lifted edge is not polished"


def test_ceria_law_meets_published_rates() -> None:
    # Mariscal 2020, PETEOS with ceria on 200 mm (V): psi, m/s, nm/min. Three constants, ≤ 10 % (V2); Preston gives 13.
    psi, velocity, rate = np.array(
        [(2, 0.75, 69.8), (3, 0.75, 140.4), (3, 1.25, 252.9), (4, 1.25, 307.9), (2, 1.75, 171.8), (4, 1.75, 346.3)]
    ).T
    law = RemovalLaw(2.4e-13, k2_nm_min=830.0, threshold_kPa_m_s=4.9)
    found = removal_rate_nm_min(6.894757 * psi, velocity, 25.0, law)
    assert np.mean(np.abs(found / rate - 1.0)) < 0.10


def test_exponents_stand_on_their_reference() -> None:
    law = RemovalLaw(1e-13, exponent_p=0.82, exponent_v=0.43, reference_pressure_kPa=27.6, reference_velocity_m_s=0.9)
    at_reference = removal_rate_nm_min(27.6, 0.9, 25.0, law)
    assert float(at_reference) == pytest.approx(1e-13 * 27.6e3 * 0.9 * 6e10, rel=EPS)
    assert float(removal_rate_nm_min(55.2, 0.9, 25.0, law) / at_reference) == pytest.approx(2.0**0.82, rel=EPS)
    assert float(removal_rate_nm_min(27.6, 1.8, 25.0, law) / at_reference) == pytest.approx(2.0**0.43, rel=EPS)


@pytest.mark.parametrize(("activation_kJ_mol", "factor"), [(8.75, 1.24), (151.7, 41.0)])
def test_temperature_factors_of_the_barrier_slurry(activation_kJ_mol: float, factor: float) -> None:
    # Shin 2025: SiO2 ×1.24 and Cu ×41 from 30 to 50 °C; the printed factors have two to three figures.
    assert float(arrhenius_factor(50.0, activation_kJ_mol, 30.0)) == pytest.approx(factor, rel=0.02)
    assert float(arrhenius_factor(30.0, activation_kJ_mol, 30.0)) == 1.0


def test_temperature_acts_on_each_step_with_its_own_energy() -> None:
    slow_chemistry = RemovalLaw(1e3, k2_nm_min=100.0, activation_kJ_mol=16.6)
    fast_chemistry = RemovalLaw(1e-13, activation_mechanical_kJ_mol=8.75)
    warm = [
        float(removal_rate_nm_min(20.0, 1.0, 45.0, law) / removal_rate_nm_min(20.0, 1.0, 25.0, law))
        for law in (slow_chemistry, fast_chemistry)
    ]
    assert warm == pytest.approx([float(arrhenius_factor(45.0, e, 25.0)) for e in (16.6, 8.75)], rel=1e-10)


def test_a_sharper_corner_lies_between_the_series_sum_and_the_slower_step() -> None:
    m, k = np.array([50.0, 400.0, 3000.0]), np.array([400.0, 400.0, 400.0])
    soft, sharp = series_rate_nm_min(m, k), series_rate_nm_min(m, k, 6.0)
    assert np.all((soft < sharp) & (sharp < np.minimum(m, k)))
    assert sharp[1] == pytest.approx(400.0 * 2.0 ** (-1.0 / 6.0), rel=EPS)


def test_solids_feed_the_chemical_step() -> None:
    # k2 ∝ solids^1.67 on TEOS (US 9,499,721): without abrasive nothing goes, with the law's own nothing changes.
    law = RemovalLaw(1.579e-13, k2_nm_min=3939.0, exponent_solids=1.67)
    rates = removal_rate_nm_min(20.0, 1.2, 25.0, law, solids_ratio=np.array([0.0, 0.2, 1.0]))
    assert rates[0] == 0.0
    assert rates[2] == removal_rate_nm_min(20.0, 1.2, 25.0, law)
    assert 1.0 / rates[1] - 1.0 / rates[2] == pytest.approx((0.2**-1.67 - 1.0) / 3939.0, rel=1e-9)


def test_oxidiser_saturates_from_the_blank_rate() -> None:
    c = np.array([0.0, 6.5, 1e9])
    np.testing.assert_allclose(oxidiser_factor(c, 0.3, 6.5), [0.3, 0.65, 1.0], rtol=1e-7)
