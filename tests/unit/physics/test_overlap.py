"""Arcs, dwell and lens areas of circles on the pad."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planaris.physics import (
    PlatenGeometry,
    PolarGrid,
    pad_ring_exposure,
    platen_geometry,
    ring_areas_m2,
    ring_cover,
    ring_dwell,
)

EDGES = np.linspace(0.0, 254.0, 17)


def test_exposure_is_the_arc_counted_by_points() -> None:
    radii = np.array([20.0, 60.0, 125.0, 180.0, 224.0, 240.0])
    angle = (np.arange(200_000) + 0.5) * (2.0 * math.pi / 200_000)
    counted = [np.mean(np.hypot(r * np.cos(angle) - 125.0, r * np.sin(angle)) < 100.0) for r in radii]
    # Counting 200 000 points resolves an arc to 1e-5 of the turn.
    np.testing.assert_allclose(pad_ring_exposure(radii, 100.0, 125.0), counted, atol=1e-5)


def test_a_circle_wholly_under_the_wafer_is_covered() -> None:
    np.testing.assert_array_equal(pad_ring_exposure(np.array([0.0, 20.0, 70.0]), 100.0, 20.0), [1.0, 1.0, 1.0])


def test_dwell_rows_sum_to_one_on_the_pad() -> None:
    dwell = ring_dwell(PolarGrid().r_mm, EDGES, np.array([120.0, 125.0, 130.0]))
    np.testing.assert_allclose(dwell.sum(axis=1), 1.0, atol=1e-14)
    assert dwell.min() >= 0.0


def test_dwell_is_the_mean_over_the_sweep() -> None:
    radii, sweep = PolarGrid(n_r=8).r_mm, np.array([118.0, 125.0, 131.0])
    apart = [ring_dwell(radii, EDGES, np.array([e])) for e in sweep]
    np.testing.assert_allclose(ring_dwell(radii, EDGES, sweep), np.mean(apart, axis=0), atol=1e-15)


def test_a_sweeping_head_reaches_further_and_stays_longest_at_its_ends() -> None:
    def geometry(amplitude_mm: float) -> PlatenGeometry:
        edges = np.array([0.0, 25.0, 226.0, 254.0])
        return platen_geometry(PolarGrid(), edges, 125.0, amplitude_mm, ring_inner_mm=100.5, ring_outer_mm=120.0)

    still, swept = geometry(0.0), geometry(5.0)
    assert still.dwell[-1, 2] == 0.0
    assert swept.dwell[-1, 2] > 0.0
    np.testing.assert_allclose(swept.dwell.sum(axis=1), 1.0, atol=1e-14)
    assert swept.retaining_dwell.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_array_equal(swept.dwell_back, swept.dwell.T)
    assert swept.retaining_area_m2 == pytest.approx(math.pi * (0.12**2 - 0.1005**2), rel=1e-12)


def test_what_overhangs_the_pad_is_lost_and_seen() -> None:
    dwell = ring_dwell(np.array([50.0, 99.0]), np.linspace(0.0, 200.0, 5), np.array([125.0]))
    assert dwell[0].sum() == pytest.approx(1.0)
    # Points beyond 200 mm: cos α > (200² − 125² − 99²)/(2·125·99).
    beyond = math.acos((200.0**2 - 125.0**2 - 99.0**2) / (2.0 * 125.0 * 99.0)) / math.pi
    assert dwell[1].sum() == pytest.approx(1.0 - beyond, rel=1e-12)


def test_dwell_and_cover_agree_as_the_wafer_grid_is_refined() -> None:
    # Dwell sums wafer rings, cover knows the lens areas: midpoint sums must approach them at second order or better
    # than first where arcs have corners.
    exact = ring_cover(EDGES, 100.0, 125.0) * ring_areas_m2(EDGES)
    errors = []
    for n in (16, 64, 256):
        grid = PolarGrid(n_r=n)
        errors.append(np.abs(grid.ring_area_m2 @ ring_dwell(grid.r_mm, EDGES, np.array([125.0])) - exact).max())
    order = np.log(errors[0] / errors[2]) / np.log(16.0)
    assert order > 1.4, f"error falls with order {order:.2f}"


@pytest.mark.parametrize(("distance_mm", "radius_mm"), [(125.0, 100.0), (10.0, 30.0), (240.0, 10.0)])
def test_cover_adds_up_to_the_disk(distance_mm: float, radius_mm: float) -> None:
    area = ring_cover(EDGES, radius_mm, distance_mm) @ ring_areas_m2(EDGES)
    assert area == pytest.approx(math.pi * radius_mm**2 * 1e-6, rel=1e-12)


def test_a_disk_off_the_pad_covers_nothing() -> None:
    np.testing.assert_array_equal(ring_cover(EDGES, 20.0, 300.0), np.zeros(16))
