"""Friction, torque and current."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planaris.physics import (
    FRICTION_COEFFICIENT,
    DriveConstants,
    PolarGrid,
    head_torque_Nm,
    mean_sliding_speed,
    mixed_friction,
    motor_current_A,
    platen_torque_Nm,
)


def test_platen_torque_is_drag_at_its_arm() -> None:
    torque = platen_torque_Nm(
        650.0,
        240.0,
        friction_wafer=0.18,
        friction_ring=0.15,
        center_distance_mm=125.0,
        conditioner_torque_Nm=1.5,
        bearing_torque_Nm=2.0,
    )
    assert float(torque) == pytest.approx((650.0 * 0.18 + 240.0 * 0.15) * 0.125 + 3.5)


def test_clearing_shows_as_a_step_in_friction() -> None:
    mu = np.array([FRICTION_COEFFICIENT["W"], FRICTION_COEFFICIENT["oxide"]])
    covered, cleared = mixed_friction(np.array([[1.0, 0.0], [0.2, 0.8]]), mu)
    assert covered == FRICTION_COEFFICIENT["W"]
    assert cleared == pytest.approx(0.2 * 0.35 + 0.8 * 0.18)


@pytest.mark.parametrize("head_rpm", [87.0, 60.0, 140.0])
def test_head_torque_is_the_slope_of_friction_power(head_rpm: float) -> None:
    # Power μF⟨|v|⟩ of a full disk; its derivative by the head's angular speed is the torque on the head.
    grid, drag_N, step = PolarGrid(n_r=400), 117.0, 0.01
    weight = grid.ring_area_m2 / grid.ring_area_m2.sum()
    power = [drag_N * weight @ mean_sliding_speed(grid.r_mm, 93.0, head_rpm + s, 125.0) for s in (-step, step)]
    slope = (power[1] - power[0]) / (2.0 * step * math.pi / 30.0)
    # One radius stands for the disk: 2 % at |slip| up to half the platen's speed.
    assert float(head_torque_Nm(drag_N, 93.0, head_rpm, 100.0 / math.sqrt(2.0), 125.0)) == pytest.approx(
        slope, rel=0.02
    )


@pytest.mark.parametrize("k", [0.3, 0.6, 0.8])
def test_series_holds_for_one_ring_to_1_pct_at_06(k: float) -> None:
    # One ring at 100 mm: slip = k·ω_p·e/r; exact slope of ⟨|v|⟩ by differences.
    head_rpm, step = 93.0 * (1.0 + k * 125.0 / 100.0), 0.01
    speed = [float(mean_sliding_speed(np.array([100.0]), 93.0, head_rpm + s, 125.0)[0]) for s in (-step, step)]
    exact = (speed[1] - speed[0]) / (2.0 * step * math.pi / 30.0)
    found = float(head_torque_Nm(1.0, 93.0, head_rpm, 100.0, 125.0))
    assert found == pytest.approx(exact, rel=0.01 if k <= 0.6 else 0.025)
    assert found < exact, "the terms left out are all positive"


@pytest.mark.parametrize("platen_rpm", [0.0, 1e-9, 5.0])
def test_on_a_pad_that_stands_a_head_feels_the_whole_drag_and_no_more(platen_rpm: float) -> None:
    # Coulomb friction: every point of one ring drags at its radius against the turn.
    for head_rpm in (87.0, 150.0):
        assert float(head_torque_Nm(117.0, platen_rpm, head_rpm, 70.7, 125.0)) == pytest.approx(
            117.0 * 0.0707, rel=0.01
        )
    assert float(head_torque_Nm(117.0, platen_rpm, -87.0, 70.7, 125.0)) == pytest.approx(-117.0 * 0.0707, rel=0.01)


def test_a_head_that_turns_with_the_pad_feels_no_torque() -> None:
    assert float(head_torque_Nm(117.0, 93.0, 93.0, 70.7, 125.0)) == 0.0
    assert float(head_torque_Nm(117.0, 0.0, 0.0, 70.7, 125.0)) == 0.0


def test_current_follows_torque() -> None:
    drive = DriveConstants(torque_per_current_Nm_A=8.0, idle_current_A=0.7, bearing_torque_Nm=2.0)
    np.testing.assert_allclose(motor_current_A(np.array([0.0, 16.0, -16.0]), drive), [0.7, 2.7, 2.7])
