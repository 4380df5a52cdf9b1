"""Removal law: mechanical and chemical steps in series above a threshold, with Preston as its limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace

GAS_CONSTANT_J_MOL_K = 8.314462618  # CODATA 2018
ZERO_CELSIUS_K = 273.15
# K [m²/N] · P·V [kPa·m/s] comes in 1000 m/s, and 1 m/s is 6e10 nm/min.
NM_MIN_PER_KPA_M_S_M2_N = 6.0e13


@dataclass(frozen=True, slots=True)
class RemovalLaw:
    """1/RR = 1/k₂ + 1/max(0, K·(P^a·V^b − τ)), k₂ = k₂₀·exp(−(E_a/R)(1/T − 1/T₀)).

    P and V are raised relative to the reference values, so that K keeps its unit. ``k2_nm_min`` inf leaves the
    mechanical step alone. ``corner_ratio`` n ≠ 1 joins the steps as (k₂^−n + m^−n)^(−1/n). K may have an activation
    energy of its own; both steps may answer to the solids content relative to the law's (k₂ ∝ solids^1.7 fits
    US 9,499,721). Field names are those of a process package.
    """

    kp_m2_N: float
    exponent_p: float = 1.0
    exponent_v: float = 1.0
    reference_pressure_kPa: float = 20.684271879504
    reference_velocity_m_s: float = 1.0
    threshold_kPa_m_s: float = 0.0
    k2_nm_min: float = math.inf
    activation_kJ_mol: float = 0.0
    temperature_ref_C: float = 25.0
    corner_ratio: float = 1.0
    activation_mechanical_kJ_mol: float = 0.0
    exponent_solids: float = 0.0
    exponent_solids_mechanical: float = 0.0


def arrhenius_factor(temperature_C: ArrayLike, activation_kJ_mol: ArrayLike, temperature_ref_C: float) -> Array:
    """Return exp(−(E_a/R)(1/T − 1/T₀)), 1 at the reference temperature."""
    xp = array_namespace(temperature_C, activation_kJ_mol)
    inverse_K = 1.0 / (xp.asarray(temperature_C) + ZERO_CELSIUS_K) - 1.0 / (temperature_ref_C + ZERO_CELSIUS_K)
    return xp.exp((-1e3 / GAS_CONSTANT_J_MOL_K) * activation_kJ_mol * inverse_K)


def mechanical_rate_nm_min(pressure_kPa: ArrayLike, velocity_m_s: ArrayLike, law: RemovalLaw) -> Array:
    """Return K·max(0, P^a·V^b − τ) in nm/min at the reference temperature; arguments broadcast."""
    xp = array_namespace(pressure_kPa, velocity_m_s)
    p = xp.maximum(xp.asarray(pressure_kPa), 0.0)
    v = xp.asarray(velocity_m_s)
    if law.exponent_p != 1.0:
        p = law.reference_pressure_kPa * (p / law.reference_pressure_kPa) ** law.exponent_p
    if law.exponent_v != 1.0:
        v = law.reference_velocity_m_s * (v / law.reference_velocity_m_s) ** law.exponent_v
    return (NM_MIN_PER_KPA_M_S_M2_N * law.kp_m2_N) * xp.maximum(p * v - law.threshold_kPa_m_s, 0.0)


def removal_rate_nm_min(
    pressure_kPa: ArrayLike,
    velocity_m_s: ArrayLike,
    temperature_C: ArrayLike,
    law: RemovalLaw,
    *,
    solids_ratio: ArrayLike = 1.0,
) -> Array:
    """Return the removal rate in nm/min; pressure, speed, temperature and solids broadcast.

    ``solids_ratio`` is the abrasive content relative to the law's. Exact limits: k₂ = inf gives the mechanical step,
    K → ∞ gives k₂, zero pressure or P·V below the threshold gives 0.
    """
    mechanical = mechanical_rate_nm_min(pressure_kPa, velocity_m_s, law)
    if law.activation_mechanical_kJ_mol:
        mechanical = mechanical * arrhenius_factor(
            temperature_C, law.activation_mechanical_kJ_mol, law.temperature_ref_C
        )
    if law.exponent_solids_mechanical:
        mechanical = mechanical * solids_ratio**law.exponent_solids_mechanical
    if math.isinf(law.k2_nm_min):
        return mechanical
    chemical = law.k2_nm_min * arrhenius_factor(temperature_C, law.activation_kJ_mol, law.temperature_ref_C)
    if law.exponent_solids:
        chemical = chemical * solids_ratio**law.exponent_solids
    return series_rate_nm_min(mechanical, chemical, law.corner_ratio)


def series_rate_nm_min(mechanical_nm_min: Array, chemical_nm_min: Array, corner_ratio: float = 1.0) -> Array:
    """Return the two steps in series, (k₂^−n + m^−n)^(−1/n); 0 where either is 0."""
    xp = array_namespace(mechanical_nm_min, chemical_nm_min)
    if corner_ratio == 1.0:
        both = mechanical_nm_min + chemical_nm_min
        return mechanical_nm_min * (chemical_nm_min / xp.where(both > 0.0, both, 1.0))
    slower = xp.minimum(mechanical_nm_min, chemical_nm_min)
    faster = xp.maximum(mechanical_nm_min, chemical_nm_min)
    ratio = slower / xp.where(faster > 0.0, faster, 1.0)
    return slower / (1.0 + ratio**corner_ratio) ** (1.0 / corner_ratio)


def oxidiser_factor(oxidiser_wt_pct: ArrayLike, blank_fraction: float, half_wt_pct: float) -> Array:
    """Return φ + (1−φ)·C/(C + C½): the rate's answer to an oxidiser (form checked on US 8,070,843)."""
    xp = array_namespace(oxidiser_wt_pct)
    c = xp.asarray(oxidiser_wt_pct)
    return blank_fraction + (1.0 - blank_fraction) * c / (c + half_wt_pct)
