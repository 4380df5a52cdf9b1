"""Speed of the wafer over the pad."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ellipe

from planaris.physics import PolarGrid, mean_sliding_speed, sliding_velocity, speed_ratio_zeta, sweep_position

RADII = PolarGrid().r_mm
EPS = 1e-12  # the project's bound for exact limits


def test_equal_speeds_give_one_speed_everywhere() -> None:
    expected = 2.0 * math.pi / 60.0 * 93.0 * 0.125
    np.testing.assert_allclose(mean_sliding_speed(RADII, 93.0, 93.0, 125.0), expected, rtol=EPS)
    x, y = np.meshgrid(np.linspace(-70, 70, 9), np.linspace(-70, 70, 9))
    np.testing.assert_allclose(np.hypot(*sliding_velocity(x, y, 93.0, 93.0, 125.0)), expected, rtol=EPS)


def test_velocity_is_that_of_two_turning_bodies() -> None:
    # Position of a wafer point minus position of the pad point now under it, by differences in time.
    platen, head, e0, dt = 93.0, 60.0, 125.0, 1e-4
    x, y, sweep = 30.0, -55.0, 8.0

    def wafer_point(t: float) -> complex:
        turn = head * math.pi / 30.0 * t
        return (e0 + sweep * t) + complex(x, y) * complex(math.cos(turn), math.sin(turn))

    def pad_point(t: float) -> complex:
        turn = platen * math.pi / 30.0 * t
        return wafer_point(0.0) * complex(math.cos(turn), math.sin(turn))

    moved = (wafer_point(dt) - wafer_point(-dt) - pad_point(dt) + pad_point(-dt)) / (2.0 * dt) * 1e-3
    vx, vy = sliding_velocity(x, y, platen, head, e0, sweep_speed_mm_s=sweep)
    # Central differences over 0.1 ms are good to (ω·dt)² = 1e-6.
    assert (float(vx), float(vy)) == pytest.approx((moved.real, moved.imag), rel=1e-5)


@pytest.mark.parametrize("head_rpm", [0.0, 30.0, 87.0, 120.0, 400.0, -90.0])
def test_mean_over_a_turn_is_the_elliptic_integral(head_rpm: float) -> None:
    a = abs(head_rpm - 93.0) * math.pi / 30.0 * RADII * 1e-3
    b = 93.0 * math.pi / 30.0 * 0.125
    expected = 2.0 / math.pi * (a + b) * ellipe(4.0 * a * b / (a + b) ** 2)
    np.testing.assert_allclose(mean_sliding_speed(RADII, 93.0, head_rpm, 125.0), expected, rtol=1e-12)


def test_series_and_recursion_meet_and_no_point_hangs_on_its_neighbours() -> None:
    # The slip at which the outermost points come to 0.2 times the platen's own speed, where the series ends.
    radii = np.linspace(0.0, 150.0, 301)
    slip_rpm = 0.2 * 93.0 * 125.0 / 100.0
    speed = mean_sliding_speed(radii, 93.0, 93.0 - slip_rpm, 125.0)
    alone = [float(mean_sliding_speed(radii[k : k + 1], 93.0, 93.0 - slip_rpm, 125.0)[0]) for k in range(len(radii))]
    np.testing.assert_array_equal(speed, alone)
    a, b = slip_rpm * math.pi / 30.0 * radii * 1e-3, 93.0 * math.pi / 30.0 * 0.125
    np.testing.assert_allclose(speed, 2.0 / math.pi * (a + b) * ellipe(4.0 * a * b / (a + b) ** 2), rtol=1e-14)


def test_mean_is_right_where_a_point_stands_still_once_a_turn() -> None:
    # slip·r = ω_p·e: the mean of 2b|cos| is 4b/π. The recursion is cut short there and errs by 1.3e-4.
    speed = mean_sliding_speed(np.array([125.0]), 60.0, 120.0, 125.0)
    assert float(speed[0]) == pytest.approx(4.0 / math.pi * 2.0 * math.pi * 0.125, rel=2e-4)


def test_sampling_the_turn_converges_to_the_closed_form() -> None:
    exact = mean_sliding_speed(RADII, 93.0, 40.0, 125.0)
    errors = [np.max(np.abs(mean_sliding_speed(RADII, 93.0, 40.0, 125.0, n_angles=n) / exact - 1.0)) for n in (8, 32)]
    assert errors[1] < 1e-12 < errors[0]


def test_edge_against_centre_at_50_over_60_rpm() -> None:
    # Reference case: R/e 0.75 gives 25 % instantaneous spread but a mean only 0.39 % higher at the edge.
    zeta = speed_ratio_zeta(60.0, 50.0, 100.0 / 0.75, 100.0)
    x, y = np.array([100.0, -100.0]), np.zeros(2)
    instant = np.hypot(*sliding_velocity(x, y, 60.0, 50.0, 100.0 / 0.75))
    assert 2.0 * zeta == pytest.approx(0.25, abs=1e-12)
    assert (instant.max() - instant.min()) / instant.mean() == pytest.approx(0.25, abs=1e-12)
    edge, centre = mean_sliding_speed(np.array([100.0, 0.0]), 60.0, 50.0, 100.0 / 0.75)
    assert 100.0 * (edge / centre - 1.0) == pytest.approx(0.39, abs=0.005)


def test_literature_head_has_zeta_of_017() -> None:
    # Kim 2004: 200 mm, 150 mm centre distance, 30/40 rpm.
    assert speed_ratio_zeta(40.0, 30.0, 150.0, 100.0) == pytest.approx(0.17, abs=0.005)


def test_sweep_position_and_speed_belong_together() -> None:
    t, h = np.linspace(0.0, 12.0, 50), 1e-4
    e, speed = sweep_position(t, 125.0, 5.0, 10.0)
    ahead, _ = sweep_position(t + h, 125.0, 5.0, 10.0)
    behind, _ = sweep_position(t - h, 125.0, 5.0, 10.0)
    np.testing.assert_allclose(speed, (ahead - behind) / (2.0 * h), atol=1e-6)
    assert (e.max(), e.min()) == pytest.approx((130.0, 120.0), abs=0.05)
    np.testing.assert_allclose(sweep_position(t + 6.0, 125.0, 5.0, 10.0)[0], e, atol=1e-9)  # 10 per minute: 6 s


def test_sweep_speed_adds_across_the_platen_motion() -> None:
    still = mean_sliding_speed(RADII, 93.0, 93.0, 125.0)
    swept = mean_sliding_speed(RADII, 93.0, 93.0, 125.0, 400.0)
    np.testing.assert_allclose(swept, np.hypot(still, 0.4), rtol=EPS)


def test_times_and_radii_broadcast() -> None:
    speeds = mean_sliding_speed(RADII, np.array([60.0, 93.0]), np.array([60.0, 87.0]), np.array([120.0, 130.0]))
    assert speeds.shape == (2, len(RADII))
    np.testing.assert_array_equal(speeds[1], mean_sliding_speed(RADII, 93.0, 87.0, 130.0))


def test_a_platen_at_rest_gives_no_speed() -> None:
    np.testing.assert_array_equal(mean_sliding_speed(RADII, 0.0, 0.0, 125.0), np.zeros(len(RADII)))
