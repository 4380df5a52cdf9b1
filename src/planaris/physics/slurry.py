"""Slurry: how much reaches the wafer, and how fresh the grooves are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace

# Flow at which supply reaches 63 % (US 7,333,875; S) and the abrasive exponent of the rate
# (US 6,564,116, fit over 17 rows; D).
SUPPLY_FLOW_ML_MIN = 98.0
ABRASIVE_EXPONENT = 0.35
WORK_PRESSURE_KPA = 14.596  # 2.117 psi
WORK_SPEED_RPM = 66.3
_ML_MIN_S = 60.0


@dataclass(frozen=True, slots=True)
class SlurryConstants:
    """Supply factor's scale and the flow at which the removal law was measured."""

    supply_flow_ml_min: float = SUPPLY_FLOW_ML_MIN
    reference_flow_ml_min: float = 150.0


@dataclass(frozen=True, slots=True)
class GrooveStep:
    """Concentration in the grooves after a step, and what flowed in and out, in concentration times ml."""

    concentration: Array
    solute_in_ml: Array
    solute_out_ml: Array


def supply_factor(flow_ml_min: ArrayLike, scale_ml_min: float = SUPPLY_FLOW_ML_MIN) -> Array:
    """Return f_Q = 1 − exp(−Q/Q₀): the share of the rate that the flow can feed. Use as trend."""
    xp = array_namespace(flow_ml_min)
    return -xp.expm1(-xp.asarray(flow_ml_min) / scale_ml_min)


def work_function(pressure_kPa: ArrayLike, platen_speed_rpm: ArrayLike, flow_ml_min: ArrayLike) -> Array:
    """Return the recipe conversion work function: the form of f_Q in down force, platen speed and flow.

    Scales 2.117 psi, 66.3 rpm, 98 ml/min (US 7,333,875; S). Ratios between recipes of one tool only, as trend.
    """
    xp = array_namespace(pressure_kPa, platen_speed_rpm, flow_ml_min)
    pressed = supply_factor(pressure_kPa, WORK_PRESSURE_KPA)
    return pressed * supply_factor(platen_speed_rpm, WORK_SPEED_RPM) * supply_factor(xp.asarray(flow_ml_min))


def relative_supply(flow_ml_min: ArrayLike, slurry: SlurryConstants) -> Array:
    """Return f_Q relative to its value at the law's own flow: what a rate from the law is multiplied with."""
    if slurry.supply_flow_ml_min == 0.0:
        return 1.0 + 0.0 * array_namespace(flow_ml_min).asarray(flow_ml_min)
    at_reference = -math.expm1(-slurry.reference_flow_ml_min / slurry.supply_flow_ml_min)
    return supply_factor(flow_ml_min, slurry.supply_flow_ml_min) / at_reference


def inlet_concentration(flows_ml_min: Array, concentrations: Array) -> Array:
    """Return the flow-weighted mean (n_t,) of streams (n_t, n_stream) with ``concentrations`` (n_stream,)."""
    xp = array_namespace(flows_ml_min, concentrations)
    total = xp.sum(flows_ml_min, axis=-1)
    return xp.sum(flows_ml_min * concentrations, axis=-1) / xp.where(total > 0.0, total, 1.0)


def groove_rate_per_s(total_flow_ml_min: ArrayLike, groove_volume_ml: ArrayLike) -> Array:
    """Return 1/τ_mix = Q/V_groove of the groove reservoir."""
    xp = array_namespace(total_flow_ml_min, groove_volume_ml)
    return xp.asarray(total_flow_ml_min) / (_ML_MIN_S * groove_volume_ml)


def groove_step(
    concentration: ArrayLike,
    inlet: ArrayLike,
    total_flow_ml_min: ArrayLike,
    groove_volume_ml: ArrayLike,
    dt_s: float,
) -> GrooveStep:
    """Advance τ_mix·dC/dt = C_in − C exactly over ``dt_s``; in − out = stored to rounding."""
    xp = array_namespace(concentration, inlet, total_flow_ml_min, groove_volume_ml)
    rate = groove_rate_per_s(total_flow_ml_min, groove_volume_ml)
    start, inlet = xp.asarray(concentration), xp.asarray(inlet)
    gone = -xp.expm1(-rate * dt_s)
    after = start + (inlet - start) * gone
    turned_ml = rate * groove_volume_ml * dt_s
    return GrooveStep(after, inlet * turned_ml, inlet * turned_ml + (start - inlet) * gone * groove_volume_ml)


def dilution_factor(concentration: ArrayLike, exponent: float = ABRASIVE_EXPONENT) -> Array:
    """Return C^m, the rate's answer to diluted slurry: 1 undiluted, 0 in rinse water."""
    xp = array_namespace(concentration)
    return xp.maximum(xp.asarray(concentration), 0.0) ** exponent
