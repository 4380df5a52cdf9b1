"""Limits that hold to 1e-12, and the order at which grids and intervals converge."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from polish_case import GRID, LAW, drive, model, state

from planaris import physics

EXACT = 1e-12


def test_equal_speeds_slide_uniformly() -> None:
    radii = np.linspace(0.0, 100.0, 41)
    speed = physics.mean_sliding_speed(radii, 93.0, 93.0, 125.0, 0.0)
    np.testing.assert_allclose(speed, 93.0 * 2.0 * math.pi / 60.0 * 0.125, rtol=EXACT)


@pytest.mark.parametrize("corner", [1.0, 2.0, 5.0])
def test_a_fast_chemical_step_leaves_preston(corner: float) -> None:
    p, v = np.linspace(5.0, 60.0, 12), 1.3
    preston = 1.5e-13 * 6e13 * p * v
    law = physics.RemovalLaw(1.5e-13, k2_nm_min=1e18, corner_ratio=corner)
    np.testing.assert_allclose(physics.removal_rate_nm_min(p, v, 30.0, law), preston, rtol=EXACT)
    never = physics.RemovalLaw(1.5e-13, k2_nm_min=math.inf, corner_ratio=corner)
    np.testing.assert_allclose(physics.removal_rate_nm_min(p, v, 30.0, never), preston, rtol=EXACT)


def test_no_pressure_or_no_speed_removes_nothing() -> None:
    for law in (LAW, replace(LAW, exponent_p=0.7, exponent_v=0.5, threshold_kPa_m_s=3.0, corner_ratio=3.0)):
        assert float(physics.removal_rate_nm_min(0.0, 1.2, 30.0, law)) == 0.0
        assert float(physics.removal_rate_nm_min(20.0, 0.0, 30.0, law)) == 0.0
        assert float(physics.removal_rate_nm_min(-5.0, 1.2, 30.0, law)) == 0.0


def test_a_turned_wafer_is_the_same_wafer() -> None:
    # The instantaneous speed field turns with the wafer; its mean over a turn knows only the radius.
    angle = np.linspace(0.0, 2.0 * math.pi, 720, endpoint=False)
    fields = []
    for turn in (0.0, 0.4, 2.1):
        x, y = 80.0 * np.cos(angle + turn), 80.0 * np.sin(angle + turn)
        vx, vy = physics.sliding_velocity(x, y, 93.0, 60.0, 125.0)
        fields.append(float(np.mean(np.hypot(vx, vy))))
    np.testing.assert_allclose(fields, fields[0], rtol=EXACT)
    mean = physics.mean_sliding_speed(np.array([80.0]), 93.0, 60.0, 125.0, 0.0)[0]
    assert fields[0] == pytest.approx(float(mean), rel=1e-3)  # the closed average is a series


@pytest.mark.parametrize("n_r", [32, 64, 128])
def test_load_is_that_of_the_zones(n_r: int) -> None:
    grid = physics.PolarGrid(n_r=n_r)
    matrix = physics.pressure_matrix(grid.r_mm, (85.0, 95.0, 99.0), wafer_radius_mm=100.0)
    area = grid.ring_area_m2
    for zones, ring in (((20.0, 20.0, 20.0), 26.0), ((10.0, 25.0, 5.0), 60.0), ((0.0, 0.0, 30.0), 0.0)):
        load = float(np.sum(physics.wafer_pressure(matrix, np.array(zones), ring) * area))
        wanted = math.pi * 1e-6 * (zones[0] * 85.0**2 + zones[1] * (95.0**2 - 85.0**2) + zones[2] * (99.0**2 - 95.0**2))
        assert load == pytest.approx(wanted, rel=EXACT)


def _observed_order(values: list[float]) -> float:
    """Order of convergence from three steps, each half of the one before."""
    return math.log2(abs(values[0] - values[1]) / abs(values[1] - values[2]))


def test_halved_intervals_converge_at_second_order() -> None:
    removed = []
    for k in (20, 40, 80):
        dt_s = 20.0 / k
        still = replace(drive(k), center_distance_mm=np.full(k, 125.0), sweep_speed_mm_s=np.zeros(k))
        block = physics.polish_block(state(solids_ratio=0.2), still, model(), dt_s)
        removed.append(float(physics.area_mean(block.rate_nm_min.sum(axis=0) * dt_s / 60.0, GRID)))
    assert 1.8 < _observed_order(removed) < 2.3


def test_halved_rings_converge_at_second_order_where_pressure_is_smooth() -> None:
    # The zones' own load, smoothed, at a radius that is a cell border on every grid: mean of its two neighbours.
    found = []
    for n_r in (40, 80, 160, 320):
        grid = physics.PolarGrid(n_r=n_r)
        matrix = physics.pressure_matrix(grid.r_mm, (85.0, 95.0, 99.0), wafer_radius_mm=100.0)
        pressure = physics.wafer_pressure(matrix, np.array([20.0, 24.0, 16.0]), 26.0)
        k = round(0.75 * n_r)
        found.append(float(0.5 * (pressure[k - 1] + pressure[k])))
    assert _observed_order(found[1:]) > 1.8


def test_rings_converge_in_the_mean_rate_of_a_step() -> None:
    means = []
    for n_r in (16, 32, 64):
        grid = physics.PolarGrid(n_r=n_r)
        geometry = physics.platen_geometry(
            grid, np.linspace(0.0, 254.0, 17), 125.0, 5.0, ring_inner_mm=100.5, ring_outer_mm=120.0
        )
        matrix = physics.pressure_matrix(grid.r_mm, (85.0, 95.0, 99.0), wafer_radius_mm=100.0)
        finer = replace(model(), geometry=geometry, pressure_matrix=matrix)
        block = physics.polish_block(state(), drive(10, zone_psi=3.0), finer, 0.1)
        means.append(float(physics.area_mean(block.rate_nm_min[-1], grid)))
    assert abs(means[1] - means[2]) < 1e-3 * means[2]
    assert abs(means[1] - means[2]) < abs(means[0] - means[1])
