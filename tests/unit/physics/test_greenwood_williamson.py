"""Greenwood and Williamson's integrals, closed forms and published anchors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from planaris.physics.contact import (
    SummitHeights,
    SummitPopulation,
    reduced_modulus_MPa,
    separation_under_um,
    summit_contact,
)

SUMMITS = SummitPopulation()
E_STAR_MPA = reduced_modulus_MPa()
PSI_KPA = 6.894757293168


@pytest.mark.parametrize("heights", SummitHeights)
@pytest.mark.parametrize("level", [0.0, 0.5, 2.5, 6.0])
def test_the_sums_over_summits_are_the_integrals(level: float, heights: SummitHeights) -> None:
    def density(s: float) -> float:
        return np.exp(-s) if heights is SummitHeights.EXPONENTIAL else np.exp(-0.5 * s * s) / np.sqrt(2.0 * np.pi)

    def moment(power: float) -> float:
        return quad(lambda x: x**power * density(level + x), 0.0, 40.0, epsabs=0.0, epsrel=1e-11, limit=200)[0]

    sigma, radius, per_m2 = 5e-6, 50e-6, 2e8
    found = summit_contact(np.array([5.0 * level]), SUMMITS, E_STAR_MPA, heights)
    pressure_Pa = per_m2 * 4.0 / 3.0 * 1e6 * E_STAR_MPA * np.sqrt(radius) * sigma**1.5 * moment(1.5)
    assert found.pressure_kPa[0] == pytest.approx(1e-3 * pressure_Pa, rel=1e-8)
    assert found.area_ratio[0] == pytest.approx(np.pi * radius * per_m2 * sigma * moment(1.0), rel=1e-8)
    assert found.contacts_m2[0] == pytest.approx(per_m2 * moment(0.0), rel=1e-8)


def test_exponential_heights_make_area_and_count_proportional_to_load() -> None:
    found = summit_contact(np.linspace(5.0, 50.0, 9), SUMMITS, E_STAR_MPA, SummitHeights.EXPONENTIAL)
    per_kPa = 1e-3 * np.sqrt(np.pi * 50.0 / 5.0) / E_STAR_MPA
    np.testing.assert_allclose(found.area_ratio, per_kPa * found.pressure_kPa, rtol=1e-12)
    np.testing.assert_allclose(found.contacts_m2 / found.pressure_kPa, found.contacts_m2[0] / found.pressure_kPa[0])
    # Mean real pressure E*·√(σ/πR), whatever the load.
    np.testing.assert_allclose(
        found.pressure_kPa / found.area_ratio, 1e3 * E_STAR_MPA * np.sqrt(5.0 / (np.pi * 50.0)), rtol=1e-12
    )


@pytest.mark.parametrize(("heights", "area_pct"), [(SummitHeights.GAUSSIAN, 0.05), (SummitHeights.EXPONENTIAL, 0.027)])
def test_real_area_at_one_psi_is_the_published_one(heights: SummitHeights, area_pct: float) -> None:
    at_um = separation_under_um(PSI_KPA, SUMMITS, E_STAR_MPA, heights)
    found = summit_contact(at_um, SUMMITS, E_STAR_MPA, heights)
    assert float(found.pressure_kPa) == pytest.approx(PSI_KPA, rel=1e-9)
    # Half of the last digit that the anchor is given with.
    assert 100.0 * float(found.area_ratio) == pytest.approx(area_pct, abs=0.005 if area_pct == 0.05 else 0.0005)


def test_the_counts_of_the_usual_set_are_far_below_confocal_ones() -> None:
    at_um = separation_under_um(4.0 * PSI_KPA, SUMMITS, E_STAR_MPA)
    # 40 to 240 per mm² are counted at 4 psi; the set gives 6 to 7.
    assert 4.0 < 1e-6 * float(summit_contact(at_um, SUMMITS, E_STAR_MPA).contacts_m2) < 8.0


def test_gaussian_summits_are_nearly_proportional_at_polishing_loads() -> None:
    areas = [
        float(summit_contact(separation_under_um(p, SUMMITS, E_STAR_MPA), SUMMITS, E_STAR_MPA).area_ratio) / p
        for p in (5.0, 50.0)
    ]
    assert 0.85 < areas[1] / areas[0] < 1.0


@pytest.mark.parametrize("pressure_kPa", [0.0, -1.0, 1e300])
def test_a_pressure_that_no_summits_give_is_refused(pressure_kPa: float) -> None:
    with pytest.raises(ValueError, match="pressure_kPa"):
        separation_under_um(pressure_kPa, SUMMITS, E_STAR_MPA)
