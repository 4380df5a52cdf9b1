"""Summits are counted as defined, say when they are the grid's, and are found again through the contact they make."""

from __future__ import annotations

import numpy as np
import pytest
from rough_surfaces import self_affine
from scipy.special import ndtri

from planaris.physics.contact import fit_summits, solve_contact, summit_statistics

RADIUS_UM, SIGMA_UM, PITCH_UM, SPACING_UM = 40.0, 0.6, 16.0, 1.0
ACROSS = 16


def caps(generator: np.random.Generator) -> np.ndarray:
    """Return a map of 16 x 16 spherical caps whose heights are the quantiles of a Gaussian, in random order."""
    heights = generator.permutation(SIGMA_UM * ndtri((np.arange(ACROSS**2) + 0.5) / ACROSS**2)).reshape(ACROSS, ACROSS)
    n = round(ACROSS * PITCH_UM / SPACING_UM)
    away = (np.arange(n) * SPACING_UM) % PITCH_UM - PITCH_UM / 2.0
    cap = -(away[:, None] ** 2 + away[None, :] ** 2) / (2.0 * RADIUS_UM)
    return cap + np.repeat(np.repeat(heights, n // ACROSS, axis=0), n // ACROSS, axis=1)


CAPS = caps(np.random.default_rng(7))


@pytest.mark.parametrize("points", [5, 9])
def test_known_summits_are_counted(points: int) -> None:
    found = summit_statistics(CAPS, SPACING_UM, points=9 if points == 9 else 5)
    assert found.count == ACROSS**2
    assert found.summits.summit_density_m2 == pytest.approx(1e12 / PITCH_UM**2)
    assert found.summits.summit_radius_um == pytest.approx(RADIUS_UM, rel=1e-9)
    assert found.summits.height_sigma_um == pytest.approx(SIGMA_UM, rel=0.02)
    assert found.mean_height_um == pytest.approx(-CAPS.mean(), rel=1e-9)
    assert not found.grid_dependent


def test_four_neighbours_see_more_summits_than_eight() -> None:
    rough = self_affine(128, np.random.default_rng(1))
    assert summit_statistics(rough, 1.0, points=5).count > 1.1 * summit_statistics(rough, 1.0).count


def test_a_map_rough_down_to_its_grid_says_that_its_summits_are_the_grids() -> None:
    smooth = summit_statistics(self_affine(256, np.random.default_rng(2), shortest=16), 1.0)
    rough = summit_statistics(self_affine(256, np.random.default_rng(2), shortest=128), 1.0)
    assert not smooth.grid_dependent
    assert rough.grid_dependent
    assert rough.grid_change_ratio > 2.0


def test_a_map_without_summits_is_refused() -> None:
    with pytest.raises(ValueError, match="summits"):
        summit_statistics(np.zeros((16, 16)), 1.0)


def test_known_summits_are_found_again_from_their_contact() -> None:
    modulus_MPa = 100.0
    fit = fit_summits(CAPS, SPACING_UM, (20.0, 50.0, 100.0, 200.0), modulus_MPa)
    # Greenwood and Williamson let no summit feel its neighbours. In the half-space they share, the wafer comes down
    # further for the same load, which the fit takes for more summits (measured 1.41, falling with the load).
    assert fit.summits.summit_density_m2 == pytest.approx(1e12 / PITCH_UM**2, rel=0.5)
    assert fit.summits.summit_radius_um == pytest.approx(RADIUS_UM, rel=0.1)
    assert fit.summits.height_sigma_um == pytest.approx(SIGMA_UM, rel=0.1)
    assert fit.error_ratio < 0.03
    assert np.all(np.diff(fit.separation_um) < 0.0)
    again = solve_contact(CAPS, SPACING_UM, 50.0, modulus_MPa)
    assert fit.area_ratio[1] == again.contact_area_ratio


def test_two_pressures_cannot_fix_three_numbers() -> None:
    with pytest.raises(ValueError, match="three pressures"):
        fit_summits(CAPS, SPACING_UM, (100.0, 200.0), 100.0)
