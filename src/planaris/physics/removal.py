"""Removal law: mechanical and chemical steps in series above a threshold, with Preston as its limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace

GAS_CONSTANT_J_MOL_K = 8.314462618  # CODATA 2018, exact
ZERO_CELSIUS_K = 273.15
# K [m²/N] · P·V [kPa·m/s] is in 1000 m/s; 1 m/s = 6e10 nm/min.
_NM_MIN_PER_KPA_M_S = 6.0e13


@dataclass(frozen=True, slots=True)
class RemovalLaw:
    """1/RR = 1/k₂ + 1/max(0, K·(P^a·V^b − τ)), k₂ = k₂₀·exp(−(E_a/R)(1/T − 1/T₀)).

    P and V are taken relative to the reference values when raised, so that K keeps its unit. ``k2_nm_min`` inf
    leaves the mechanical step alone. A ``corner_ratio`` n ≠ 1 joins the steps as (k₂^−n + m^−n)^(−1/n).
    """

    kp_m2_N: float
    exponent_p: float = 1.0
    exponent_v: float = 1.0
    pressure_ref_kPa: float = 20.684271879504
    velocity_ref_m_s: float = 1.0
    threshold_kPa_m_s: float = 0.0
    k2_nm_min: float = math.inf
    activation_kJ_mol: float = 0.0
    temperature_ref_C: float = 25.0
    corner_ratio: float = 1.0


def arrhenius_factor(temperature_C: ArrayLike, activation_kJ_mol: ArrayLike, temperature_ref_C: float) -> Array:
    """Return exp(−(E_a/R)(1/T − 1/T₀)), 1 at the reference temperature."""
    xp = array_namespace(temperature_C, activation_kJ_mol)
    inverse_K = 1.0 / (xp.asarray(temperature_C) + ZERO_CELSIUS_K) - 1.0 / (temperature_ref_C + ZERO_CELSIUS_K)
    return xp.exp((-1e3 / GAS_CONSTANT_J_MOL_K) * activation_kJ_mol * inverse_K)


def mechanical_rate_nm_min(pressure_kPa: ArrayLike, velocity_m_s: ArrayLike, law: RemovalLaw) -> Array:
    """Return K·max(0, P^a·V^b − τ) in nm/min; arguments broadcast."""
    xp = array_namespace(pressure_kPa, velocity_m_s)
    p = xp.maximum(xp.asarray(pressure_kPa), 0.0)
    v = xp.asarray(velocity_m_s)
    if law.exponent_p != 1.0:
        p = law.pressure_ref_kPa * (p / law.pressure_ref_kPa) ** law.exponent_p
    if law.exponent_v != 1.0:
        v = law.velocity_ref_m_s * (v / law.velocity_ref_m_s) ** law.exponent_v
    return (_NM_MIN_PER_KPA_M_S * law.kp_m2_N) * xp.maximum(p * v - law.threshold_kPa_m_s, 0.0)


def removal_rate_nm_min(
    pressure_kPa: ArrayLike, velocity_m_s: ArrayLike, temperature_C: ArrayLike, law: RemovalLaw
) -> Array:
    """Return the removal rate in nm/min; pressure, speed and temperature broadcast.

    Exact limits: k₂ = inf gives the mechanical step, zero pressure or P·V below the threshold gives 0.
    """
    mechanical = mechanical_rate_nm_min(pressure_kPa, velocity_m_s, law)
    if math.isinf(law.k2_nm_min):
        return mechanical
    chemical = law.k2_nm_min * arrhenius_factor(temperature_C, law.activation_kJ_mol, law.temperature_ref_C)
    if law.corner_ratio == 1.0:
        return mechanical * chemical / (mechanical + chemical)
    n = law.corner_ratio
    return mechanical / (1.0 + (mechanical / chemical) ** n) ** (1.0 / n)


def oxidiser_factor(oxidiser_wt_pct: ArrayLike, blank_fraction: float, half_wt_pct: float) -> Array:
    """Return φ + (1−φ)·C/(C + C½): the rate's answer to an oxidiser (form: US 8,070,843)."""
    xp = array_namespace(oxidiser_wt_pct)
    c = xp.asarray(oxidiser_wt_pct)
    return blank_fraction + (1.0 - blank_fraction) * c / (c + half_wt_pct)
