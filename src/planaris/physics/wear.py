"""Consumable wear: pad grooves and thickness, retaining ring, membrane; and the lives that follow."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace
from planaris.physics.pressure import RING_FACTOR_RATIO

# kPa·m/s over a second at 1 m²/N is 1000 m.
_UM_PER_KPA_M_M2_N = 1e9


@dataclass(frozen=True, slots=True)
class PadConstants:
    """Polishing pad: grooves and what the wafer wears of it (small beside the conditioner). Grade A."""

    thickness_mm: float = 2.03
    groove_depth_mm: float = 0.76
    groove_min_mm: float = 0.25
    groove_area_fraction: float = 0.17
    wafer_wear_m2_N: float = 2.0e-15


@dataclass(frozen=True, slots=True)
class RingConstants:
    """Retaining ring: dh/dt = wear·P·V; lost height takes hold from the edge term's c_r. Grade A."""

    wear_m2_N: float = 1.4e-13
    wear_limit_mm: float = 1.5
    factor_ratio: float = RING_FACTOR_RATIO
    factor_loss_per_mm: float = 0.15


@dataclass(frozen=True, slots=True)
class MembraneConstants:
    """Membrane: slow loss of zone gain, slow growth of what a 30 s leak test loses. Grade A."""

    gain_drift_pct_h: float = 0.02
    leak_growth_kPa_per_h: float = 0.003


def pad_wear_um(cut_um_h: ArrayLike, pv_ring_kPa_m_s: ArrayLike, dt_s: ArrayLike, pad: PadConstants) -> Array:
    """Return the pad height lost in ``dt_s`` to conditioner and wafer; arguments broadcast."""
    xp = array_namespace(cut_um_h, pv_ring_kPa_m_s)
    return (xp.asarray(cut_um_h) / 3600.0 + pad.wafer_wear_m2_N * _UM_PER_KPA_M_M2_N * pv_ring_kPa_m_s) * dt_s


def mean_wear_mm(pad_lost_um: Array, edges_mm: Array, inner_mm: float, outer_mm: float) -> float:
    """Return the pad's mean wear between two radii, from rings (n,) between edges (n + 1,).

    What rests on the pad there stands so much lower than on a new one.
    """
    xp = array_namespace(pad_lost_um, edges_mm)
    over_mm = xp.clip(xp.minimum(edges_mm[1:], outer_mm) - xp.maximum(edges_mm[:-1], inner_mm), 0.0, None)
    return 1e-3 * float(xp.sum(pad_lost_um * over_mm) / xp.sum(over_mm))


def groove_depth_mm(pad_lost_um: ArrayLike, pad: PadConstants) -> Array:
    """Return the groove depth left, not below 0."""
    xp = array_namespace(pad_lost_um)
    return xp.maximum(pad.groove_depth_mm - 1e-3 * xp.asarray(pad_lost_um), 0.0)


def groove_volume_ml(depth_mm: Array, ring_area_m2: Array, pad: PadConstants) -> Array:
    """Return the volume of all grooves, from depth (..., n_ring) and ring areas (n_ring,)."""
    xp = array_namespace(depth_mm, ring_area_m2)
    return xp.sum(depth_mm * ring_area_m2, axis=-1) * (1e3 * pad.groove_area_fraction)


def ring_wear_um(ring_pressure_kPa: ArrayLike, velocity_m_s: ArrayLike, dt_s: ArrayLike, ring: RingConstants) -> Array:
    """Return the ring height lost in ``dt_s``: K_ring·p_ring·V·dt."""
    xp = array_namespace(ring_pressure_kPa, velocity_m_s)
    return ring.wear_m2_N * _UM_PER_KPA_M_M2_N * xp.asarray(ring_pressure_kPa) * velocity_m_s * dt_s


def worn_ring_factor(lost_um: ArrayLike, ring: RingConstants) -> Array:
    """Return c_r of a ring that has lost height: it holds the pad down less."""
    xp = array_namespace(lost_um)
    return ring.factor_ratio * (1.0 - ring.factor_loss_per_mm * 1e-3 * xp.asarray(lost_um))


def membrane_gain(polish_h: ArrayLike, membrane: MembraneConstants) -> Array:
    """Return the zone gain of a membrane after ``polish_h`` hours of polish."""
    xp = array_namespace(polish_h)
    return xp.exp(-1e-2 * membrane.gain_drift_pct_h * xp.asarray(polish_h))


def membrane_leak_kPa(polish_h: ArrayLike, membrane: MembraneConstants) -> Array:
    """Return the pressure that a closed zone loses in a 30 s leak test after ``polish_h`` hours of polish."""
    xp = array_namespace(polish_h)
    return membrane.leak_growth_kPa_per_h * xp.asarray(polish_h)


def hours_to_cut(depth_um: float, cut_um_h: float, decay_h: float) -> float:
    """Return the hours in which a dulling disk takes ``depth_um`` off; inf where it never does."""
    share = depth_um / (cut_um_h * decay_h)
    return math.inf if share >= 1.0 else -decay_h * math.log1p(-share)
