"""The window's track over the wafer, and what a symmetric filter's delay costs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planaris.physics import (
    delay_nm,
    flash_angles_deg,
    sweep_time_s,
    symmetric_mean_delay_s,
    window_arc_deg,
    window_position,
)


def test_radius_follows_the_cosine_law() -> None:
    theta = np.linspace(0.0, 360.0, 73)
    r, _ = window_position(theta, 77.0, center_distance_mm=120.0, window_radius_mm=125.0)
    expected = np.sqrt(120.0**2 + 125.0**2 + 2 * 120.0 * 125.0 * np.cos(np.radians(theta)))
    assert np.abs(r - expected).max() < 1e-9
    assert r.min() == pytest.approx(5.0)


def test_the_centre_is_seen_only_where_the_window_runs_through_it() -> None:
    half_turn = np.array([180.0])
    for e, expected in ((125.0, 0.0), (130.0, 5.0), (120.0, 5.0)):
        assert window_position(half_turn, 0.0, center_distance_mm=e, window_radius_mm=125.0)[0][0] == pytest.approx(
            expected, abs=1e-9
        )


def test_the_azimuth_turns_back_with_the_head() -> None:
    still = window_position(np.array([150.0]), 0.0, center_distance_mm=125.0, window_radius_mm=125.0)[1]
    turned = window_position(np.array([150.0]), 30.0, center_distance_mm=125.0, window_radius_mm=125.0)[1]
    assert turned == pytest.approx(still - math.radians(30.0))


@given(st.floats(80.0, 160.0), st.floats(80.0, 160.0), st.floats(20.0, 100.0))
def test_the_arc_ends_at_the_radius(e: float, window: float, radius: float) -> None:
    first, last = window_arc_deg(e, window, radius)
    ends = window_position(np.array([first, last]), 0.0, center_distance_mm=e, window_radius_mm=window)[0]
    if abs(e - window) < radius:
        assert ends == pytest.approx([radius, radius], abs=1e-6)
    else:
        assert (first, last) == (180.0, 180.0)


def test_one_sweep_a_turn_takes_its_part_of_it() -> None:
    turn_s, under_s = sweep_time_s(90.0, 125.0, 125.0, 100.0)
    # 0.7-1 s at 60-90 rpm (physics.md 4); a quarter of it under the wafer.
    assert turn_s == pytest.approx(2.0 / 3.0)
    assert under_s / turn_s == pytest.approx(0.262, abs=0.001)
    angles = flash_angles_deg(16, 125.0, 125.0, 97.0)
    r, _ = window_position(angles, 0.0, center_distance_mm=125.0, window_radius_mm=125.0)
    assert len(angles) == 16
    assert r[0] == pytest.approx(97.0)
    assert r == pytest.approx(r[::-1])


def test_published_filter_delay() -> None:
    # Li 2017: 121 points at 12.15 Hz, printed < 5 s; at 229 nm/min printed < 20 nm.
    delay_s = symmetric_mean_delay_s(121, 12.15)
    assert delay_s == pytest.approx(4.94, abs=0.005)
    assert delay_nm(229.0, delay_s) == pytest.approx(18.85, abs=0.05)


def test_the_delay_is_what_a_symmetric_mean_lags_behind_a_ramp() -> None:
    ramp = np.arange(500.0)
    late = ramp[-1] - np.convolve(ramp, np.full(121, 1.0 / 121.0), mode="valid")[-1]
    assert late / 12.15 == pytest.approx(symmetric_mean_delay_s(121, 12.15))
