"""Rotation and sweep: how fast the wafer slides over the pad."""

from __future__ import annotations

import math

import numpy as np

from planaris.physics._namespace import Array, ArrayLike, array_namespace, column

RAD_PER_S_PER_RPM = 2.0 * math.pi / 60.0
_M_PER_MM = 1e-3
# Five Gauss steps bring the arithmetic-geometric mean to double precision for every modulus below 1 - 1e-6.
_AGM_STEPS = 5
# Keeps the modulus below 1, where the mean stays finite but the recursion stalls; the error grows to 1.3e-4 there.
_COMPLEMENT_FLOOR = 1e-12
# Up to this squared modulus the mean is taken from its power series, whose terms (binomial(1/2, k))² m^2k beyond these
# are below rounding.
_SERIES_LIMIT = 0.04
_SERIES = tuple(math.prod((0.5 - j) / (j + 1) for j in range(k)) ** 2 for k in range(11))


def sliding_velocity(
    x_mm: ArrayLike,
    y_mm: ArrayLike,
    platen_speed_rpm: ArrayLike,
    head_speed_rpm: ArrayLike,
    center_distance_mm: ArrayLike,
    *,
    sweep_speed_mm_s: ArrayLike = 0.0,
) -> tuple[Array, Array]:
    """Return the velocity (vx, vy) in m/s of wafer points over the pad.

    x lies along the line of centres, origin in the wafer centre, platen centre at x = −center_distance; all
    arguments broadcast. v = (−(ω_w−ω_p)·y + ė, (ω_w−ω_p)·x − ω_p·e).
    """
    xp = array_namespace(x_mm, y_mm, platen_speed_rpm, head_speed_rpm, center_distance_mm, sweep_speed_mm_s)
    platen_rad_s: Array = xp.asarray(platen_speed_rpm) * RAD_PER_S_PER_RPM
    slip_rad_s: Array = (xp.asarray(head_speed_rpm) - platen_speed_rpm) * RAD_PER_S_PER_RPM
    vx = (-slip_rad_s * y_mm + sweep_speed_mm_s) * _M_PER_MM
    vy = (slip_rad_s * x_mm - platen_rad_s * center_distance_mm) * _M_PER_MM
    return vx, vy


def mean_sliding_speed(
    radii_mm: Array,
    platen_speed_rpm: ArrayLike,
    head_speed_rpm: ArrayLike,
    center_distance_mm: ArrayLike,
    sweep_speed_mm_s: ArrayLike = 0.0,
    *,
    n_angles: int | None = None,
) -> Array:
    """Return |v| in m/s averaged over one head turn, shape (n_t, n_r); (n_r,) when speeds are numbers.

    radii_mm (n_r,); speeds, centre distance and sweep speed numbers or (n_t,). By default the exact mean: a
    rotating vector of length a on a fixed one of length b has the mean length (2/π)(a+b)·E(4ab/(a+b)²), E by the
    arithmetic-geometric mean (Abramowitz and Stegun 1964, 17.6) or, where one is small, by its series. ``n_angles``
    averages over so many angles instead.
    """
    xp = array_namespace(radii_mm, platen_speed_rpm, head_speed_rpm, center_distance_mm, sweep_speed_mm_s)
    slip_rad_s = (head_speed_rpm - platen_speed_rpm) * RAD_PER_S_PER_RPM
    carried_m_s = (platen_speed_rpm * RAD_PER_S_PER_RPM * _M_PER_MM) * center_distance_mm
    swept_m_s = sweep_speed_mm_s * _M_PER_MM
    fixed = column((carried_m_s * carried_m_s + swept_m_s * swept_m_s) ** 0.5)
    turning = column(abs(slip_rad_s) * _M_PER_MM) * radii_mm
    if n_angles is not None:
        angle = (xp.arange(n_angles) + 0.5) * (2.0 * math.pi / n_angles)
        fixed, turning = xp.asarray(fixed)[..., None], turning[..., None]
        squared = fixed * fixed + turning * turning - 2.0 * fixed * turning * xp.cos(angle)
        return xp.mean(xp.sqrt(xp.maximum(squared, 0.0)), axis=-1)
    return _mean_vector_length(xp.maximum(fixed, turning), xp.minimum(fixed, turning))


def _mean_vector_length(longer: Array, shorter: Array) -> Array:
    """Mean length of the sum of two plane vectors over all angles between them."""
    xp = array_namespace(longer, shorter)
    modulus = shorter / xp.where(longer > 0.0, longer, 1.0)
    squared = modulus * modulus
    if xp is not np:
        return longer * _mean_by_agm(squared)
    # Each element by its own size, so that it does not hang on its neighbours.
    large = squared > _SERIES_LIMIT
    if not large.any():
        return longer * _mean_by_series(squared)
    if large.all():
        return longer * _mean_by_agm(squared)
    mean = _mean_by_series(squared)
    mean[large] = _mean_by_agm(squared[large])
    return longer * mean


def _mean_by_series(squared: Array) -> Array:
    """Mean length relative to the longer vector, of small squared moduli: Σ (binomial(1/2, k))²·m^2k."""
    total = squared * _SERIES[-1]
    for coefficient in _SERIES[-2:0:-1]:
        total += coefficient
        total *= squared
    return total + 1.0


def _mean_by_agm(squared: Array) -> Array:
    """Mean length relative to the longer vector, of any squared moduli."""
    xp = array_namespace(squared)
    complement = xp.maximum(1.0 - squared, _COMPLEMENT_FLOOR)
    # Gauss: K = π/(2·agm), E = K·(1 − Σ 2^(n−1)·c_n²); the mean length is (2/π)·(2E − (1−k²)·K).
    arithmetic, geometric = 0.5 * (1.0 + xp.sqrt(complement)), xp.sqrt(xp.sqrt(complement))
    half = 0.5 * (1.0 - xp.sqrt(complement))
    deficit = 0.5 * squared + half * half
    weight = 1.0
    for _ in range(_AGM_STEPS - 1):
        half = 0.5 * (arithmetic - geometric)
        arithmetic, geometric = 0.5 * (arithmetic + geometric), xp.sqrt(arithmetic * geometric)
        weight *= 2.0
        deficit = deficit + weight * half * half
    return (2.0 * (1.0 - deficit) - complement) / arithmetic


def speed_ratio_zeta(
    platen_speed_rpm: float, head_speed_rpm: float, center_distance_mm: float, wafer_radius_mm: float
) -> float:
    """Return ζ = (R/e)(1 − ω_w/ω_p); the instantaneous (max−min)/mean of |v| over the wafer is 2|ζ|."""
    return wafer_radius_mm / center_distance_mm * (1.0 - head_speed_rpm / platen_speed_rpm)


def sweep_position(
    time_s: ArrayLike, center_distance_mm: float, amplitude_mm: ArrayLike, sweep_per_min: ArrayLike
) -> tuple[Array, Array]:
    """Return centre distance e (mm) and its speed ė (mm/s) of a sinusoidal sweep e₀ + a·sin(2πft)."""
    xp = array_namespace(time_s, amplitude_mm, sweep_per_min)
    rate_rad_s = sweep_per_min * RAD_PER_S_PER_RPM
    phase = xp.asarray(rate_rad_s * time_s)
    return center_distance_mm + amplitude_mm * xp.sin(phase), amplitude_mm * rate_rad_s * xp.cos(phase)
