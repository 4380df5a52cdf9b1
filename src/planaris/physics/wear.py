"""Consumable wear: pad thickness and grooves, retaining ring, membrane; and the limits it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace


@dataclass(frozen=True, slots=True)
class WearConstants:
    """Wear rates; grade A, chosen so that lives agree with the counters' limits (see lives)."""

    groove_depth_new_um: float = 380.0
    groove_depth_end_um: float = 80.0
    groove_area_fraction: float = 0.17
    pad_wear_um_per_kPa_m: float = 0.0
    ring_wear_um_per_kPa_m: float = 1.0e-4
    ring_life_um: float = 1500.0
    ring_factor_per_mm: float = 0.05
    membrane_gain_per_wafer: float = 4.0e-6
    membrane_leak_kPa_s_per_wafer: float = 2.0e-6


def pad_wear_um(cut_um_h: Array, pv_ring_kPa_m_s: ArrayLike, dt_s: ArrayLike, wear: WearConstants) -> Array:
    """Return the thickness (n_ring,) or (n_t, n_ring) lost in ``dt_s`` to conditioner and wafer."""
    return (cut_um_h / 3600.0 + wear.pad_wear_um_per_kPa_m * pv_ring_kPa_m_s) * dt_s  # pyright: ignore[reportReturnType]


def groove_depth_um(pad_lost_um: ArrayLike, wear: WearConstants) -> Array:
    """Return the groove depth left at each ring, not below 0."""
    xp = array_namespace(pad_lost_um)
    return xp.maximum(wear.groove_depth_new_um - xp.asarray(pad_lost_um), 0.0)


def groove_volume_ml(depth_um: Array, ring_area_m2: Array, wear: WearConstants) -> Array:
    """Return the volume of the grooves of the whole pad, from depth (..., n_ring) and ring areas (n_ring,)."""
    xp = array_namespace(depth_um, ring_area_m2)
    return xp.sum(depth_um * ring_area_m2, axis=-1) * wear.groove_area_fraction


def ring_wear_um(ring_pressure_kPa: ArrayLike, velocity_m_s: ArrayLike, dt_s: ArrayLike, wear: WearConstants) -> Array:
    """Return the ring height lost in ``dt_s``: K_ring·p_ring·V·dt."""
    xp = array_namespace(ring_pressure_kPa, velocity_m_s)
    return wear.ring_wear_um_per_kPa_m * xp.asarray(ring_pressure_kPa) * velocity_m_s * dt_s


def worn_ring_factor(ring_factor_ratio: float, lost_um: ArrayLike, wear: WearConstants) -> Array:
    """Return c_r of a ring that has lost height: a lower ring holds the pad down less."""
    xp = array_namespace(lost_um)
    return ring_factor_ratio * (1.0 - wear.ring_factor_per_mm * 1e-3 * xp.asarray(lost_um))


def membrane_gain(wafers_count: ArrayLike, wear: WearConstants) -> Array:
    """Return the zone gain of a membrane that has polished ``wafers_count`` wafers: it stiffens slowly."""
    xp = array_namespace(wafers_count)
    return 1.0 - wear.membrane_gain_per_wafer * xp.asarray(wafers_count)
