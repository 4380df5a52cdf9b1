"""Polar maps: statistics, sampling, smooth maps from sites."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planaris.physics import PolarGrid, area_mean, from_sites, nonuniformity_pct, sample_at

GRID = PolarGrid()


def field(r: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """A smooth map, regular at the centre: tilt, bowl and astigmatism."""
    return 500.0 + 30.0 * r * np.cos(theta - 0.4) + 40.0 * r**2 - 25.0 * r**4 + 10.0 * r**2 * np.cos(2 * theta)


def on(grid: PolarGrid) -> np.ndarray:
    rr, tt = np.meshgrid(grid.r_mm / 100.0, grid.theta_rad, indexing="ij")
    return field(rr, tt)


def sites(rings: tuple[tuple[float, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    points = [
        (radius * math.cos(2 * math.pi * k / n), radius * math.sin(2 * math.pi * k / n))
        for radius, n in rings
        for k in range(n)
    ]
    x, y = np.array(points).T
    return x, y


def test_cells_cover_the_wafer() -> None:
    assert GRID.cell_area_m2.shape == (64, 32)
    assert GRID.cell_area_m2.sum() == pytest.approx(math.pi * 0.1**2, rel=1e-12)
    np.testing.assert_allclose(GRID.cell_area_m2.sum(axis=1), GRID.ring_area_m2, rtol=1e-12)
    assert (GRID.r_mm[0], GRID.edges_mm[-1]) == (100.0 / 128, 100.0)


def test_mean_weighs_by_area() -> None:
    # ∫(1 + r²)·r dr: mean of r² over the unit disk is 1/2; midpoint rings err by (1/n)²/8.
    profile = 1.0 + (GRID.r_mm / 100.0) ** 2
    assert float(area_mean(profile, GRID)) == pytest.approx(1.5, abs=1e-4)
    assert float(area_mean(np.repeat(profile[:, None], 32, axis=1), GRID)) == pytest.approx(
        float(area_mean(profile, GRID)), rel=1e-12
    )


def test_nonuniformity_of_a_bowl_is_the_textbook_value() -> None:
    # 1 + b·r² with r² uniform on [0, 1]: std/mean = b/√12 / (1 + b/2).
    profile = 1.0 + 0.2 * (GRID.r_mm / 100.0) ** 2
    assert float(nonuniformity_pct(profile, GRID, 0.0)) == pytest.approx(100 * 0.2 / math.sqrt(12) / 1.1, rel=1e-3)
    assert float(nonuniformity_pct(np.full(64, 7.0), GRID)) == pytest.approx(0.0, abs=1e-9)


def test_edge_exclusion_cuts_through_a_ring() -> None:
    # A defect in the last millimetre: outside 3 mm exclusion it is not seen, and a cut ring counts by its part.
    grid = PolarGrid(n_r=50)
    profile = np.where(grid.r_mm > 98.0, 0.0, 1.0)
    assert float(nonuniformity_pct(profile, grid, 3.0)) == pytest.approx(0.0, abs=1e-9)
    outer = 100.0**2 - 98.0**2
    seen = 99.0**2 - 98.0**2
    assert float(area_mean(profile, grid, 1.0)) == pytest.approx(1.0 - seen / 99.0**2, rel=1e-12)
    assert float(area_mean(profile, grid)) == pytest.approx(1.0 - outer / 100.0**2, rel=1e-12)


def test_sampling_converges_at_second_order() -> None:
    x, y = sites(((0.0, 1), (5.0, 7), (32.0, 8), (64.0, 16), (96.0, 24)))
    exact = field(np.hypot(x, y) / 100.0, np.arctan2(y, x))
    errors = [
        np.abs(sample_at(on(grid), grid, x, y) - exact).max()
        for grid in (PolarGrid(32, 16), PolarGrid(64, 32), PolarGrid(128, 64))
    ]
    assert np.log2(errors[0] / errors[2]) / 2.0 > 1.8
    assert errors[1] < 1.0, "nm on the default grid, of 500"


def test_sampling_is_periodic_and_meets_cell_centres() -> None:
    values = on(GRID)
    x = GRID.r_mm[40] * np.cos(GRID.theta_rad)
    y = GRID.r_mm[40] * np.sin(GRID.theta_rad)
    np.testing.assert_allclose(sample_at(values, GRID, x, y), values[40], rtol=1e-12)
    just_below, just_above = sample_at(values, GRID, np.array([50.0, 50.0]), np.array([-1e-9, 1e-9]))
    assert just_below == pytest.approx(just_above, abs=1e-6)


def test_sampling_turns_with_the_wafer() -> None:
    values = on(GRID)
    x, y = sites(((32.0, 5), (90.0, 7)))
    turn = 2.0 * math.pi / GRID.n_theta * 3
    turned = sample_at(np.roll(values, 3, axis=1), GRID, x * math.cos(turn) - y * math.sin(turn),
                       x * math.sin(turn) + y * math.cos(turn))  # fmt: skip
    np.testing.assert_allclose(turned, sample_at(values, GRID, x, y), rtol=1e-12)


def test_the_centre_is_the_mean_of_the_innermost_cells() -> None:
    values = on(GRID)
    assert sample_at(values, GRID, np.array([0.0]), np.array([0.0]))[0] == pytest.approx(values[0].mean(), rel=1e-12)


def test_49_sites_give_a_smooth_map_back() -> None:
    x, y = sites(((0.0, 1), (32.0, 8), (64.0, 16), (96.0, 24)))
    measured = field(np.hypot(x, y) / 100.0, np.arctan2(y, x))
    np.testing.assert_allclose(from_sites(x, y, measured, GRID), on(GRID), atol=1e-8)


def test_noise_at_sites_is_not_magnified() -> None:
    x, y = sites(((0.0, 1), (32.0, 8), (64.0, 16), (96.0, 24)))
    noise = np.random.default_rng(5).standard_normal((200, 49))
    maps = np.stack([from_sites(x, y, n, GRID) for n in noise])
    assert np.sqrt(np.mean(maps**2)) < 1.0


def test_nine_sites_are_met_exactly() -> None:
    x, y = sites(((0.0, 1), (64.0, 4), (96.0, 4)))
    measured = 500.0 + np.array([0.0, 3.0, -2.0, 1.0, 4.0, -5.0, 2.0, 0.5, -1.0])
    back = sample_at(from_sites(x, y, measured, GRID), GRID, x, y)
    # Fit through all nine; reading it back on the grid interpolates (second order, below 0.2 nm).
    np.testing.assert_allclose(back, measured, atol=0.2)
