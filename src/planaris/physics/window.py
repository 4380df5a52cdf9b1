"""Track of a window in the platen over the wafer, and the delay of a symmetric filter.

Window at radius R_w, head centre at e, θ the window's angle from the side away from the head: r² = e² + R_w² +
2·e·R_w·cos θ. It is under the wafer while r < R, once a turn of the platen; the centre is seen only where R_w ≈ e.
"""

from __future__ import annotations

import math

import numpy as np

from planaris.physics._namespace import Array, ArrayLike, array_namespace


def window_position(
    window_angle_deg: ArrayLike,
    head_angle_deg: ArrayLike,
    *,
    center_distance_mm: ArrayLike,
    window_radius_mm: float,
) -> tuple[Array, Array]:
    """Return (radius in mm, azimuth in rad from −π to π) of the window on the wafer; arguments broadcast.

    Angles turn the same way; the azimuth is that of the wafer's map where the head's angle is 0 as the map lies on +x.
    """
    xp = array_namespace(window_angle_deg, head_angle_deg, center_distance_mm)
    theta = xp.asarray(window_angle_deg) * (math.pi / 180.0)
    x = center_distance_mm + window_radius_mm * xp.cos(theta)
    y = window_radius_mm * xp.sin(theta)
    psi = xp.asarray(head_angle_deg) * (math.pi / 180.0)
    # Turned back by the head's angle.
    u, v = x * xp.cos(psi) + y * xp.sin(psi), y * xp.cos(psi) - x * xp.sin(psi)
    return xp.sqrt(u * u + v * v), xp.atan2(v, u)


def window_arc_deg(center_distance_mm: float, window_radius_mm: float, radius_mm: float) -> tuple[float, float]:
    """Return the angles between which the window is within a radius of the wafer's centre.

    Both are 180° where it never is; 0° and 360° where it always is.
    """
    cosine = (radius_mm**2 - center_distance_mm**2 - window_radius_mm**2) / (
        2.0 * center_distance_mm * window_radius_mm
    )
    first = math.degrees(math.acos(min(1.0, max(-1.0, cosine))))
    return first, 360.0 - first


def sweep_time_s(
    platen_speed_rpm: float, center_distance_mm: float, window_radius_mm: float, radius_mm: float
) -> tuple[float, float]:
    """Return (time of a turn, time of it that the window is within a radius of the wafer's centre)."""
    first, last = window_arc_deg(center_distance_mm, window_radius_mm, radius_mm)
    turn_s = 60.0 / platen_speed_rpm
    return turn_s, turn_s * (last - first) / 360.0


def flash_angles_deg(count: int, center_distance_mm: float, window_radius_mm: float, radius_mm: float) -> Array:
    """Return the window's angles (count,) of evenly spaced flashes, first and last at a radius of the wafer."""
    first, last = window_arc_deg(center_distance_mm, window_radius_mm, radius_mm)
    return np.linspace(first, last, count)


def symmetric_mean_delay_s(points: int, rate_Hz: float) -> float:
    """Return the delay of a symmetric mean of N points at f Hz, (N−1)/(2f).

    121 points at 12.15 Hz: 4.94 s (Li 2017; T), which at 229 nm/min is 18.8 nm.
    """
    return (points - 1) / (2.0 * rate_Hz)


def delay_nm(rate_nm_min: float, delay_s: float) -> float:
    """Return what is removed during a delay."""
    return rate_nm_min * delay_s / 60.0
