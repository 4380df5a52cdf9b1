"""Pad temperature: one node per pad ring, heated by friction, cooled by slurry, platen and air."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace, column

# Water: 1000 kg/m³ · 4186 J/(kg·K) · 1e-6/60 m³/s per ml/min; 250 ml/min carry 17.4 W/K.
SLURRY_HEAT_W_K_PER_ML_MIN = 4186.0 / 60.0e3


@dataclass(frozen=True, slots=True)
class HeatConstants:
    """Heat balance of the whole pad; each ring takes its share by area.

    Pad conductance 3 W/K, air 0.1–1 W/K (S); capacity from time constants of 19–74 s (S). ``friction_to_pad_fraction``
    is the part of the friction heat that enters the pad (A); with it the pad warms as Shin 2025 (F) measured.
    """

    friction_to_pad_fraction: float = 0.9
    capacity_J_K: float = 750.0
    pad_conductance_W_K: float = 3.0
    air_conductance_W_K: float = 0.5


def friction_power_W(friction_coefficient: ArrayLike, pressure_kPa: ArrayLike, velocity_m_s: ArrayLike,
                     area_m2: ArrayLike) -> Array:  # fmt: skip
    """Return μ·P·V·A in watt; arguments broadcast. White 2003: 231.1 W at μ 0.18, 6 psi, 0.957 m/s, 8 in."""
    xp = array_namespace(friction_coefficient, pressure_kPa, velocity_m_s, area_m2)
    return 1e3 * xp.asarray(friction_coefficient) * pressure_kPa * velocity_m_s * area_m2


def temperature_rates(
    friction_W: Array,
    slurry_flow_ml_min: ArrayLike,
    slurry_C: ArrayLike,
    platen_C: ArrayLike,
    air_C: ArrayLike,
    *,
    ring_area_m2: Array,
    constants: HeatConstants,
) -> tuple[Array, Array]:
    """Return (target_C, rate_per_s) of the ring nodes, both (n_t, n_ring), for T ← target + (T − target)·e^(−rate·dt).

    friction_W (n_t, n_ring) is all friction power set free over each ring; flow, slurry, platen and air numbers or
    (n_t,); ring_area_m2 (n_ring,).
    """
    xp = array_namespace(friction_W, slurry_flow_ml_min, ring_area_m2)
    share = ring_area_m2 / xp.sum(ring_area_m2)
    slurry_W_K = SLURRY_HEAT_W_K_PER_ML_MIN * xp.asarray(slurry_flow_ml_min)
    pad_W_K, air_W_K = constants.pad_conductance_W_K, constants.air_conductance_W_K
    loss_W_K = slurry_W_K + pad_W_K + air_W_K
    base_C = (slurry_W_K * slurry_C + pad_W_K * platen_C + air_W_K * air_C) / loss_W_K
    target = column(base_C) + constants.friction_to_pad_fraction * friction_W / (column(loss_W_K) * share)
    rate = xp.broadcast_to(column(loss_W_K / constants.capacity_J_K), target.shape)
    return target, rate
