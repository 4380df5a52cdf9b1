"""Conditioner: where and how fast the disk cuts the pad, how it renews contacts, how it dulls."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planaris.physics._namespace import Array, ArrayLike, array_namespace
from planaris.physics.kinematics import RAD_PER_S_PER_RPM
from planaris.physics.overlap import ring_areas_m2, ring_cover

# 16 % of the cut is left after 50 h (Entegris 2013 note 4435-7548; S): exp(-50/27.3). At the reference force.
DISK_DECAY_H = 27.3
DISK_REFERENCE_FORCE_N = 22.24110807630
# Share of a new disk's drag on the pad that is cutting (A).
DISK_CUTTING_FRACTION = 0.3
_ARC_POINTS = 16
_UM_H_PER_M_S = 3.6e9


@dataclass(frozen=True, slots=True)
class DiskConstants:
    """Conditioner disk.

    ``cut_m2_N``: pad volume a new disk cuts per newton and metre of sliding; 30 µm/h mean over a 508 mm pad at 22 N
    and 1.46 m/s (A, from pad lives). ``freshening_per_s`` is c at ``reference_cut_um_h`` (Jeong 2024: one minute
    brings half the contacts back to within 9 %; D), and goes with the cut rate.
    """

    disk_radius_mm: float = 50.0
    cut_m2_N: float = 5.3e-11
    disk_decay_h: float = DISK_DECAY_H
    disk_end_fraction: float = 0.2
    freshening_per_s: float = 0.0286
    reference_cut_um_h: float = 30.0


def disk_sharpness(disk_hours: ArrayLike, decay_h: float = DISK_DECAY_H) -> Array:
    """Return k_disk/k₀ = exp(−t_h/27.3) of a disk after ``disk_hours`` at the reference force."""
    xp = array_namespace(disk_hours)
    return xp.exp(-xp.asarray(disk_hours) / decay_h)


def disk_life_h(disk: DiskConstants) -> float:
    """Return the hours at the reference force after which a disk cuts ``disk_end_fraction`` of what a new one does."""
    return -disk.disk_decay_h * math.log(disk.disk_end_fraction)


def disk_friction(new_coefficient: float, cutting_fraction: float, cut_ratio: ArrayLike) -> Array:
    """Return the friction of a disk on the pad that cuts ``cut_ratio`` of what a new one does.

    ``cutting_fraction`` of a new disk's drag is the work of cutting and goes with the cut; the rest is rubbing.
    Friction grows with the furrows of active diamonds (Meled et al. 2010, H457); that in proportion is judgement.
    """
    xp = array_namespace(cut_ratio)
    return new_coefficient * (1.0 - cutting_fraction * (1.0 - xp.asarray(cut_ratio)))


def disk_hours_per_s(force_N: ArrayLike) -> Array:
    """Return how fast a disk ages, in hours at the reference force per second of use."""
    xp = array_namespace(force_N)
    return xp.asarray(force_N) / (DISK_REFERENCE_FORCE_N * 3600.0)


def sweep_positions_mm(inner_mm: float, outer_mm: float, n: int = 64) -> Array:
    """Return n disk-centre radii of equal dwell for an arm that sweeps sinusoidally between two radii."""
    phase = (np.arange(n) + 0.5) * (math.pi / n)
    return 0.5 * (inner_mm + outer_mm) - 0.5 * (outer_mm - inner_mm) * np.cos(phase)


def cut_rate(
    pad_edges_mm: Array,
    sweep_centers_mm: Array,
    dwell: Array,
    *,
    platen_speed_rpm: ArrayLike,
    disk_speed_rpm: ArrayLike,
    force_N: ArrayLike,
    disk: DiskConstants,
) -> Array:
    """Return the pad's cut rate (n_ring,) in µm/h of a new disk, averaged over the sweep.

    sweep_centers_mm (n_s,) disk-centre radii with shares ``dwell`` (n_s,) that sum to 1. Each point of a ring is cut
    in proportion to disk pressure times sliding speed while the disk is over it.
    """
    xp = array_namespace(pad_edges_mm, sweep_centers_mm, force_N)
    e = xp.asarray(sweep_centers_mm)[:, None]
    cover = ring_cover(pad_edges_mm, disk.disk_radius_mm, e)
    speed = _speed_under_disk(pad_edges_mm, e, platen_speed_rpm, disk_speed_rpm, disk.disk_radius_mm)
    pressure_Pa = force_N / (math.pi * (disk.disk_radius_mm * 1e-3) ** 2)
    m_s = disk.cut_m2_N * pressure_Pa * xp.sum(xp.asarray(dwell)[:, None] * cover * speed, axis=0)
    return _UM_H_PER_M_S * m_s


def _speed_under_disk(
    pad_edges_mm: Array, e: Array, platen_speed_rpm: ArrayLike, disk_speed_rpm: ArrayLike, radius_mm: float
) -> Array:
    """Mean sliding speed in m/s over the part of each ring that lies under the disk, (n_s, n_ring)."""
    xp = array_namespace(pad_edges_mm, e)
    rho = 0.5 * (pad_edges_mm[1:] + pad_edges_mm[:-1])
    cosine = (rho**2 + e**2 - radius_mm**2) / (2.0 * rho * e)
    half_arc = xp.acos(xp.clip(cosine, -1.0, 1.0))
    angle = half_arc[..., None] * ((xp.arange(_ARC_POINTS) + 0.5) / _ARC_POINTS)
    x, y = rho[:, None] * xp.cos(angle) - e[..., None], rho[:, None] * xp.sin(angle)
    slip = (disk_speed_rpm - platen_speed_rpm) * RAD_PER_S_PER_RPM
    vx, vy = -slip * y, slip * x - platen_speed_rpm * RAD_PER_S_PER_RPM * e[..., None]
    return xp.mean(xp.sqrt(vx**2 + vy**2), axis=-1) * 1e-3


def total_cut_mm3_h(cut_um_h: Array, pad_edges_mm: Array) -> Array:
    """Return ∫PCR·2πr dr in mm³/h."""
    xp = array_namespace(cut_um_h, pad_edges_mm)
    return xp.sum(cut_um_h * ring_areas_m2(pad_edges_mm)) * 1e3


def renewal_per_s(cut_um_h: ArrayLike, disk: DiskConstants) -> Array:
    """Return c(r) of the freshness law: how fast contacts are renewed, in proportion to the cut."""
    xp = array_namespace(cut_um_h)
    return xp.asarray(cut_um_h) * (disk.freshening_per_s / disk.reference_cut_um_h)
