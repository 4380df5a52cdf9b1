"""The removal law over rows with their own conditions, for one or many sets of constants at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.calibration.form import Form, Scales, Threshold
from planaris.calibration.table import Codes, Floats

# 1 kPa·m/s times 1 m²/N is 1e3 m/s = 6e13 nm/min.
NM_MIN_PER_KPA_M_S = 6.0e13
GAS_CONSTANT_KJ_MOL_K = 8.314462618e-3
ZERO_CELSIUS_K = 273.15
# Below its threshold a law removes nothing; in logarithms that is this share of what Preston would give, so that
# a fit still sees which way is out.
_FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one group, ready for the formula. A level code of -1 is a consumable the law has not seen."""

    pressure_kPa: Floats
    velocity_m_s: Floats
    levels: Mapping[str, Codes]
    conditions: Mapping[str, Floats]

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.pressure_kPa)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Rows:
        """Return some rows."""
        return Rows(
            self.pressure_kPa[rows],
            self.velocity_m_s[rows],
            {k: v[rows] for k, v in self.levels.items()},
            {k: v[rows] for k, v in self.conditions.items()},
        )


def _pick(values: list[Floats], code: Codes) -> Floats:
    """Value per row from values per consumable (B,), the mean for one that was not seen; (B, N)."""
    table = np.stack([*values, np.mean(values, axis=0)], axis=-1)
    return table[:, code]


def log_rate(form: Form, scales: Scales, names: tuple[str, ...], theta: Floats, rows: Rows) -> tuple[Floats, Floats]:
    """Return ln(rate in nm/min) and the mechanical drive over Preston's, both (B, N), for constants theta (B, k).

    A drive share of 0 or less means the row lies below the threshold: its rate is 0, its logarithm a floor.
    """
    at = {name: theta[:, i : i + 1] for i, name in enumerate(names)}
    p, v = rows.pressure_kPa[None, :], rows.velocity_m_s[None, :]
    ln_kp: Floats = np.broadcast_to(at["ln_kp"], (len(theta), rows.count))
    if form.kp_level:
        steps = [at[n][:, 0] for n in names if n.startswith("kp_level_")]
        ln_kp = ln_kp + _pick(steps, rows.levels[form.kp_level])
    for c in form.kp_by:
        ln_kp = ln_kp + at[f"kp_by_{c}"] * np.log(rows.conditions[c] / scales.condition(c))
    if form.oxidiser:
        c = rows.conditions[form.oxidiser][None, :]
        blank = np.exp(at["ln_blank"])
        half = np.exp(at["ln_half"]) if form.oxidiser_half else scales.condition(form.oxidiser)
        ln_kp = ln_kp + np.log((blank * half + c) / (half + c))
    if form.supply:
        scale = np.exp(at["ln_supply"])
        flow, middle = rows.conditions["slurry_ml_min"][None, :], scales.condition("slurry_ml_min")
        ln_kp = ln_kp + np.log(-np.expm1(-flow / scale)) - np.log(-np.expm1(-middle / scale))
    if form.activation:
        inverse = 1.0 / (rows.conditions["temperature_C"] + ZERO_CELSIUS_K)
        inverse = inverse - 1.0 / (scales.condition("temperature_C") + ZERO_CELSIUS_K)
        ln_kp = ln_kp - at["activation_kJ_mol"] / GAS_CONSTANT_KJ_MOL_K * inverse
    a = at["exponent_p"] if form.exponent_p else scales.exponent_p
    b = at["exponent_v"] if form.exponent_v else scales.exponent_v
    pressed = scales.pressure_kPa * (p / scales.pressure_kPa) ** a
    slid = scales.velocity_m_s * (v / scales.velocity_m_s) ** b
    preston = pressed * slid
    drive = preston
    if form.threshold is not Threshold.NONE:
        start = threshold_of(form, scales, names, theta, rows)
        if form.threshold is Threshold.PRESSURE:
            start = scales.pressure_kPa * (start / scales.pressure_kPa) ** a * slid
        drive = preston - start
    share = drive / preston
    mechanical = ln_kp + np.log(np.maximum(drive, _FLOOR * preston))
    if not form.saturation:
        return np.broadcast_to(mechanical, ln_kp.shape), np.broadcast_to(share, ln_kp.shape)
    ln_k2 = at["ln_k2"]
    for c in form.k2_by:
        ln_k2 = ln_k2 + at[f"k2_by_{c}"] * np.log(rows.conditions[c] / scales.condition(c))
    n = form.corner
    return -np.logaddexp(-n * mechanical, -n * ln_k2) / n, np.broadcast_to(share, ln_kp.shape)


def threshold_of(form: Form, scales: Scales, names: tuple[str, ...], theta: Floats, rows: Rows) -> Floats:
    """Return the threshold per row (B, N): kPa for a pressure, kPa·m/s for pressure times velocity."""
    at = {name: theta[:, i] for i, name in enumerate(names)}
    if form.threshold_level:
        steps = [at[n] for n in names if n.startswith("threshold_level_")]
        start = _pick(steps, rows.levels[form.threshold_level])
    else:
        start = np.broadcast_to(at["threshold"][:, None], (len(theta), rows.count))
    for c in form.threshold_by:
        start = start * (rows.conditions[c] / scales.condition(c))[None, :] ** at[f"threshold_by_{c}"][:, None]
    pressure = form.threshold is Threshold.PRESSURE
    return start * (scales.lowest_pressure_kPa if pressure else scales.lowest_drive_kPa_m_s)
