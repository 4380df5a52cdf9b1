"""Friction: platen and head torque, motor current."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace

# Coefficient of friction on the pad by polished material, oxide White
# 2003 (T), others engineering judgement (A).
FRICTION_COEFFICIENT: Mapping[str, float] = {
    "oxide": 0.18,
    "TEOS": 0.18,
    "STI": 0.25,
    "nitride": 0.25,
    "W": 0.35,
    "Cu": 0.30,
    "barrier": 0.35,
    "poly-Si": 0.30,
}


# What a platen's drive carries beside wafer and ring, nominal [design]: its bearing, slurry that turns with the platen,
# and the distance of the conditioner's disk from the axis, in the mean of its sweep.
PLATEN_BEARING_Nm = 2.0
PLATEN_TURNING_Nm_rpm = 0.03
CONDITIONER_ARM_mm = 125.0
# What the conditioner's own drive takes to turn its disk in the air, nominal [design].
DISK_TURNING_Nm_rpm = 0.0008


@dataclass(frozen=True, slots=True)
class DriveConstants:
    """Motor seen through its gear: current = idle + torque / gain."""

    torque_per_current_Nm_A: float
    idle_current_A: float
    bearing_torque_Nm: float


def mixed_friction(area_fractions: Array, coefficients: Array) -> Array:
    """Return COF = ΣA_i·μ_i for fractions (..., n) and coefficients (n,)."""
    xp = array_namespace(area_fractions, coefficients)
    return xp.sum(area_fractions * coefficients, axis=-1)


def platen_torque_Nm(
    wafer_force_N: ArrayLike,
    ring_force_N: ArrayLike,
    *,
    friction_wafer: ArrayLike,
    friction_ring: ArrayLike,
    center_distance_mm: ArrayLike,
    conditioner_torque_Nm: ArrayLike = 0.0,
    bearing_torque_Nm: ArrayLike = 0.0,
) -> Array:
    """Return μ·F·e of wafer and ring plus conditioner and bearing, in N·m; arguments broadcast."""
    xp = array_namespace(wafer_force_N, ring_force_N, friction_wafer, friction_ring, center_distance_mm)
    drag_N = xp.asarray(friction_wafer) * wafer_force_N + xp.asarray(friction_ring) * ring_force_N
    return drag_N * (center_distance_mm * 1e-3) + conditioner_torque_Nm + bearing_torque_Nm


# Relative slip at which the series below reaches the whole drag at the arm, which no slip exceeds.
_WHOLE_DRAG_SLIP = 1.4


def head_torque_Nm(
    drag_N: ArrayLike,
    platen_speed_rpm: ArrayLike,
    head_speed_rpm: ArrayLike,
    rms_radius_mm: float,
    center_distance_mm: ArrayLike,
) -> Array:
    """Return the torque that drag exerts on a spindle of its own (head, conditioner), positive against its turn.

    It is the derivative of the friction power by the slip ω_w − ω_p: with k = slip·r/(ω_p·e) the mean speed over a turn
    is ω_p·e·(1 + k²/4 + k⁴/64 + k⁶/256 + …), so torque = drag·r·(k/2 + k³/16 + 3k⁵/128). Within 1 % for |k| ≤ 0.6;
    a disk that turns with the pad feels none, one on a pad that stands the whole drag at its radius.
    ``rms_radius_mm`` is R/√2 of a full disk.
    """
    xp = array_namespace(drag_N, platen_speed_rpm, head_speed_rpm, center_distance_mm)
    carried = xp.asarray(platen_speed_rpm) * center_distance_mm
    k = (head_speed_rpm - xp.asarray(platen_speed_rpm)) * rms_radius_mm / xp.where(carried != 0.0, carried, 1.0)
    k = xp.clip(k, -_WHOLE_DRAG_SLIP, _WHOLE_DRAG_SLIP)
    return drag_N * (1e-3 * rms_radius_mm) * k * (0.5 + k * k * (1.0 / 16.0 + k * k * (3.0 / 128.0)))


def motor_current_A(torque_Nm: ArrayLike, drive: DriveConstants) -> Array:
    """Return the motor's current for a torque at its output."""
    xp = array_namespace(torque_Nm)
    return drive.idle_current_A + abs(xp.asarray(torque_Nm)) / drive.torque_per_current_Nm_A
