"""Constants of a fit in their own units, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from planaris.calibration.form import Constant, Form, Scales, Threshold
from planaris.calibration.formula import NM_MIN_PER_KPA_M_S
from planaris.calibration.law import Parameter
from planaris.calibration.table import Floats
from planaris.model import symbol_of

# A constant counts as told by the rows where they narrow its belief to this share or less.
_IDENTIFIED = 0.6


def parameters_of(
    form: Form,
    scales: Scales,
    level_names: Mapping[str, tuple[str, ...]],
    *,
    constants: tuple[Constant, ...],
    theta: Floats,
    shared: Floats,
    quantile: float,
) -> tuple[Parameter, ...]:
    """Return each constant in its unit with its interval, ``quantile`` standard errors either way.

    ``shared`` is the covariance of ``theta``. The interval is taken in the coordinates of the fit (logarithms of
    positive constants) and carried over.
    """
    at = {c.name: i for i, c in enumerate(constants)}
    error = np.sqrt(np.maximum(np.diag(shared), 0.0))
    found: list[Parameter] = []

    def add(name: str, i: int, convert: Callable[[float], float], unit: str | None = None) -> None:
        c = constants[i]
        low, high = (float(np.clip(theta[i] + s * quantile * error[i], c.low, c.high)) for s in (-1, 1))
        known = bool(error[i] <= _IDENTIFIED * c.spread)
        units = symbol_of(name.partition("[")[0]) if unit is None else unit
        found.append(Parameter(name, convert(float(theta[i])), convert(low), convert(high), units, known))

    if form.kp_level:
        base = at["ln_kp"]
        for i, member in enumerate(level_names[form.kp_level]):
            j = at[f"kp_level_{i}"]
            mean = float(theta[base] + theta[j])
            spread = math.sqrt(max(0.0, shared[base, base] + shared[j, j] + 2 * shared[base, j]))
            low, high = (_kp(mean + s * quantile * spread) for s in (-1, 1))
            found.append(Parameter(f"kp_m2_N[{member}]", _kp(mean), low, high, symbol_of("kp_m2_N"), True))
    else:
        add("kp_m2_N", at["ln_kp"], _kp)
    for name in ("exponent_p", "exponent_v"):
        if name in at:
            add(name, at[name], _same, "")
    _thresholds(form, scales, level_names, at, add)
    if form.saturation:
        add("k2_nm_min", at["ln_k2"], math.exp)
    for part, members in (("kp", form.kp_by), ("k2", form.k2_by), ("threshold", form.threshold_by)):
        for member in members:
            add(f"exponent_{part}_by_{member}", at[f"{part}_by_{member}"], _same, "")
    if "ln_blank" in at:
        add(f"oxidiser_blank_ratio[{form.oxidiser}]", at["ln_blank"], math.exp)
    if "ln_half" in at:
        add(f"oxidiser_half_wt_pct[{form.oxidiser}]", at["ln_half"], math.exp)
    if "ln_supply" in at:
        add("supply_flow_ml_min", at["ln_supply"], math.exp)
    if "activation_kJ_mol" in at:
        add("activation_kJ_mol", at["activation_kJ_mol"], _same)
    return tuple(found)


def _thresholds(
    form: Form,
    scales: Scales,
    level_names: Mapping[str, tuple[str, ...]],
    at: Mapping[str, int],
    add: Callable[[str, int, Callable[[float], float]], None],
) -> None:
    if form.threshold is Threshold.NONE:
        return
    name, unit = "threshold_kPa", scales.lowest_pressure_kPa
    if form.threshold is Threshold.PRESSURE_VELOCITY:
        name, unit = "threshold_kPa_m_s", scales.lowest_drive_kPa_m_s

    def convert(value: float) -> float:
        return value * unit

    if form.threshold_level:
        for i, member in enumerate(level_names[form.threshold_level]):
            add(f"{name}[{member}]", at[f"threshold_level_{i}"], convert)
    else:
        add(name, at["threshold"], convert)


def _kp(ln: float) -> float:
    return math.exp(ln) / NM_MIN_PER_KPA_M_S


def _same(value: float) -> float:
    return value
