"""Pressure under the wafer: zones, smoothing, edge and ring."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planaris.physics import (
    DEFAULT_EDGE,
    RING_FACTOR_RATIO,
    EdgeTerm,
    PolarGrid,
    edge_phase_rad,
    edge_shape,
    nonuniformity_pct,
    pressure_matrix,
    wafer_pressure,
)
from planaris.physics.pressure import smoothing_matrix

GRID = PolarGrid()
ZONES = (85.0, 95.0, 99.0)
FLAT = EdgeTerm(amplitude_ratio=0.0, decay_length_mm=5.0)


def load_N(pressure_kPa: np.ndarray, grid: PolarGrid = GRID) -> float:
    return float(1e3 * pressure_kPa @ grid.ring_area_m2)


@pytest.mark.parametrize("zones", [ZONES, (99.0,), (40.0, 70.0, 90.0, 100.0), (85.3, 95.1, 98.7)])
@pytest.mark.parametrize("n_r", [32, 64, 101])
def test_load_is_the_sum_of_zone_forces(zones: tuple[float, ...], n_r: int) -> None:
    grid = PolarGrid(n_r=n_r)
    given = np.linspace(12.0, 30.0, len(zones))
    pressure = pressure_matrix(grid.r_mm, zones) @ np.append(given, 26.0)
    inner = np.append(0.0, zones[:-1])
    forces = 1e3 * given @ (math.pi * 1e-6 * (np.asarray(zones) ** 2 - inner**2))
    assert load_N(pressure, grid) == pytest.approx(forces, rel=1e-10)  # asked: 1e-6


def test_smoothing_keeps_a_uniform_pressure_and_every_ring_s_load() -> None:
    smooth = smoothing_matrix(GRID.r_mm, 6.5)
    np.testing.assert_allclose(smooth.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(GRID.ring_area_m2 @ smooth, GRID.ring_area_m2, rtol=1e-9)
    assert smooth.min() >= 0.0


def test_one_pressure_in_all_zones_is_one_zone() -> None:
    three, one = pressure_matrix(GRID.r_mm, ZONES), pressure_matrix(GRID.r_mm, (99.0,))
    np.testing.assert_allclose(three @ [20.0, 20.0, 20.0, 26.0], one @ [20.0, 26.0], rtol=1e-12)


def test_outer_zone_acts_some_10_mm_inside_its_border() -> None:
    # Lee 2026: the 95–99 mm zone is felt from 85 mm on, ±3 mm. Felt: a tenth of its greatest effect.
    matrix = pressure_matrix(GRID.r_mm, ZONES, FLAT)
    effect = matrix[:, 2]
    onset = GRID.r_mm[np.argmax(effect > 0.1 * effect.max())]
    assert onset == pytest.approx(85.0, abs=3.0)


def test_zone_borders_stand_where_the_head_has_them() -> None:
    # Half the step between two wide zones is at their border, ±3 mm (V13).
    pressure = pressure_matrix(GRID.r_mm, (60.0, 99.0), FLAT) @ [10.0, 20.0, 0.0]
    assert GRID.r_mm[np.argmax(pressure > 15.0)] == pytest.approx(60.0, abs=3.0)


@pytest.mark.parametrize("length_mm", [2.0, 5.775, 12.0])
@pytest.mark.parametrize("n_r", [64, 65])
def test_edge_term_has_no_net_load(length_mm: float, n_r: int) -> None:
    grid = PolarGrid(n_r=n_r)
    shape = edge_shape(grid.r_mm, length_mm)
    assert abs(shape @ grid.ring_area_m2) < 1e-12 * np.abs(shape) @ grid.ring_area_m2


def test_edge_shape_is_the_damped_wave() -> None:
    grid, length = PolarGrid(n_r=4000), 5.775
    s = 100.0 - grid.r_mm
    phase = edge_phase_rad(length, 100.0)
    wave = np.exp(-s / length) * np.cos(s / length + phase)
    # Cell means against point values: second order in dr/length = 0.004.
    np.testing.assert_allclose(edge_shape(grid.r_mm, length), wave, atol=2e-5)


def test_ring_and_zone_balance_where_the_gap_says() -> None:
    # A head whose zones reach the edge: the edge term vanishes at p_ring = p_zone / c_r, 1.18 times the zone's.
    matrix = pressure_matrix(GRID.r_mm, (85.0, 95.0, 100.0))
    np.testing.assert_allclose(matrix @ [20.0, 20.0, 20.0, 20.0 / RING_FACTOR_RATIO], 20.0, rtol=1e-12)


def test_edge_term_changes_sign_4_mm_from_the_edge() -> None:
    # Fukuda 2006: 4 mm disturbed on a stacked pad; ±1 mm.
    phase = edge_phase_rad(DEFAULT_EDGE.decay_length_mm, 100.0)
    assert (math.pi / 2.0 - phase) * DEFAULT_EDGE.decay_length_mm == pytest.approx(4.0, abs=1.0)


def test_more_ring_pressure_takes_load_off_the_rim_and_puts_it_inside() -> None:
    matrix = pressure_matrix(GRID.r_mm, ZONES)
    low, high = (matrix @ [20.0, 20.0, 20.0, ring] for ring in (24.0, 30.0))
    assert high[-1] < low[-1]
    assert high[GRID.r_mm > 85.0].max() > low[GRID.r_mm > 85.0].max()
    # Eight decay lengths inside nothing is felt: e^-8 = 3e-4 of the wave, which is 0.6 high at the rim.
    inside = GRID.r_mm < 100.0 - 8.0 * DEFAULT_EDGE.decay_length_mm
    assert np.abs(high - low)[inside].max() < 1e-3 * np.abs(high - low).max()


def test_a_worn_ring_is_a_ring_at_less_pressure() -> None:
    worn = pressure_matrix(GRID.r_mm, ZONES, ring_factor_ratio=0.9 * RING_FACTOR_RATIO) @ [20.0, 20.0, 20.0, 26.0]
    weak = pressure_matrix(GRID.r_mm, ZONES) @ [20.0, 20.0, 20.0, 0.9 * 26.0]
    np.testing.assert_allclose(worn, weak, rtol=1e-13)


def test_pressure_is_linear_in_time_varying_drives() -> None:
    matrix = pressure_matrix(GRID.r_mm, ZONES)
    zones, ring = np.array([[20.0, 21.0, 22.0], [10.0, 9.0, 8.0]]), np.array([26.0, 11.0])
    block = wafer_pressure(matrix, zones, ring)
    np.testing.assert_allclose(block, np.column_stack([zones, ring]) @ matrix.T, rtol=1e-13)
    np.testing.assert_array_equal(wafer_pressure(matrix, zones[1], ring[1]), block[1])


def test_profile_converges_as_the_grid_is_refined() -> None:
    # Non-uniformity inside 3 mm, on grids whose cells end at zone borders and exclusion: second order.
    def value(n: int) -> float:
        grid = PolarGrid(n_r=n)
        return float(nonuniformity_pct(pressure_matrix(grid.r_mm, ZONES) @ [20.0, 20.0, 20.0, 28.0], grid, 3.0))

    limit = value(800)
    errors = [abs(value(n) - limit) for n in (100, 200)]
    assert np.log2(errors[0] / errors[1]) > 1.8
    assert abs(value(64) - limit) < 0.05, "percentage points at the default grid, whose cells do not end there"
