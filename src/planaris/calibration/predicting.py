"""Predict: rates of new rows from a calibrated law, with intervals and flags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from planaris.calibration.form import CONDITION_SPREAD, constants_of
from planaris.calibration.formula import Rows, log_rate
from planaris.calibration.gate import GATE_SPREAD
from planaris.calibration.grouping import (
    BORROWED_EXPONENT_P_SPREAD,
    BORROWED_EXPONENT_V_SPREAD,
    GroupKey,
    keys_of,
    level_codes,
)
from planaris.calibration.law import CalibratedLaw, GroupLaw, mape_pct
from planaris.calibration.solve import bounds, jacobian
from planaris.calibration.table import Codes, Floats, Table
from planaris.physics import hersey_number_um

# A range ends this share beyond the fitted rows, so that rounding of an entered unit does not leave it.
_RANGE_SLACK = 0.01
# Spread of ln(rate) added for what the law has not seen: other consumables than fitted, a condition not stated.
_OTHER_CONSUMABLES_SPREAD = 0.4
_NEW_THRESHOLD_SPREAD = 0.3
_MISSING_CONDITION_SPREAD = 0.3
# Spread of the exponent of a condition that the law knows, beyond the values it was fitted to.
_BEYOND_KNOWN_SPREAD = 0.35
_CHUNK = 200_000
_COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predicted rates of a table's rows.

    ``low`` and ``high`` are the 95 % interval of one further wafer. ``flag_bits`` per row index ``flag_names``;
    ``group`` is the place of the row's law, -1 for none (its rate is NaN). ``measured_nm_min`` is NaN where the
    table states none.
    """

    rate_nm_min: Floats
    low_nm_min: Floats
    high_nm_min: Floats
    group: Codes
    flag_bits: Codes
    flag_names: tuple[str, ...]
    measured_nm_min: Floats
    line: Codes

    @property
    def in_range(self) -> NDArray[np.bool_]:
        """Rows that no flag marks."""
        return self.flag_bits == 0

    def flags(self, row: int) -> tuple[str, ...]:
        """Return the flags of one row."""
        return tuple(n for i, n in enumerate(self.flag_names) if self.flag_bits[row] >> i & 1)

    def mape_pct(self, *, in_range_only: bool = False) -> float:
        """Return the mean relative error over measured rows in percent; NaN where nothing was measured."""
        chosen = self.in_range if in_range_only else np.ones(len(self.rate_nm_min), bool)
        return mape_pct(self.rate_nm_min[chosen], self.measured_nm_min[chosen])


class _Flags:
    """Numbers flags as they are met."""

    def __init__(self, rows: int) -> None:
        self.bits = np.zeros(rows, np.int64)
        self.names: list[str] = []

    def mark(self, name: str, rows: NDArray[np.int64]) -> None:
        if not len(rows):
            return
        if name not in self.names:
            self.names.append(name)
        self.bits[rows] |= 1 << self.names.index(name)


def predict(law: CalibratedLaw, table: Table) -> Prediction:
    """Predict every row of a table; a row that no law fits gets NaN and the flag ``no_law``.

    Works through long tables in pieces: 10^6 rows need no more memory than their columns.
    """
    count = table.rows
    rate, low, high = (np.full(count, np.nan) for _ in range(3))
    group = np.full(count, -1, np.int64)
    flags = _Flags(count)
    keys, code = keys_of(table)
    for i, key in enumerate(keys):
        rows = np.flatnonzero(code == i)
        place, strange = _law_for(law, key)
        if place is None:
            flags.mark("no_law", rows)
            continue
        group[rows] = place
        if strange:
            flags.mark("other_consumables", rows)
        for start in range(0, len(rows), _CHUNK):
            piece = rows[start : start + _CHUNK]
            extra = _OTHER_CONSUMABLES_SPREAD if strange else 0.0
            rate[piece], low[piece], high[piece] = _predict_group(
                law.groups[place], table.take(piece), piece, flags, extra
            )
    return Prediction(rate, low, high, group, flags.bits, tuple(flags.names), table.rate_nm_min, table.line)


def _law_for(law: CalibratedLaw, key: GroupKey) -> tuple[int | None, bool]:
    """Return the place of the law that fits a row's key best, and whether it was fitted to other consumables."""
    best, score = None, -1
    for i, group in enumerate(law.groups):
        known = group.key
        if known == key:
            return i, False
        if known.film != key.film or known.fixed_abrasive != key.fixed_abrasive:
            continue
        alike = 2 * (known.abrasive == key.abrasive) + (known.tool == key.tool) + (known.composition == key.composition)
        if alike > score:
            best, score = i, alike
    return best, best is not None


def group_rows(law: GroupLaw, table: Table) -> tuple[Rows, dict[str, NDArray[np.bool_]]]:
    """Return the rows as the law takes them; a condition that a row lacks stands at its middle and is told."""
    missing: dict[str, NDArray[np.bool_]] = {}
    conditions: dict[str, Floats] = {}
    needed = {*law.form.kp_by, *law.form.k2_by, *law.form.threshold_by, law.form.oxidiser}
    needed |= {"slurry_ml_min"} if law.form.supply else set()
    needed |= {"temperature_C"} if law.form.activation else set()
    for name, middle in law.scales.conditions:
        values = table.covariates.get(name, np.full(table.rows, np.nan))
        unknown = np.isnan(values) | ((values <= 0) & (name != law.form.oxidiser) & (name != "temperature_C"))
        if name in needed and unknown.any():
            missing[name] = unknown
        conditions[name] = np.where(unknown, middle, values)
    levels = {label: level_codes(table.labels[label], names) for label, names in law.level_names.items()}
    return Rows(table.pressure_kPa, table.velocity_m_s, levels, conditions), missing


def predict_ln(law: GroupLaw, rows: Rows) -> Floats:
    """Return ln(rate) of rows, a floor below the threshold."""
    return log_rate(law.form, law.scales, law.names, np.array([law.theta]), rows)[0][0]


def _predict_group(
    law: GroupLaw, table: Table, place: Codes, flags: _Flags, extra_spread: float
) -> tuple[Floats, Floats, Floats]:
    rows, missing = group_rows(law, table)
    theta = np.array([law.theta])
    ln, share = (values[0] for values in log_rate(law.form, law.scales, law.names, theta, rows))
    constants = constants_of(law.form, law.scales, {k: len(v) for k, v in law.level_names.items()})
    slope = jacobian(lambda t: log_rate(law.form, law.scales, law.names, t, rows)[0], theta, *bounds(constants))[0]
    variance = law.row_spread**2 + np.einsum("ni,ij,nj->n", slope, np.array(law.covariance), slope)
    variance = variance + extra_spread**2 + _borrowed_variance(law, rows) + _beyond_variance(law, table, rows)
    for unknown in missing.values():
        variance = variance + np.where(unknown, _MISSING_CONDITION_SPREAD**2, 0.0)
        flags.mark("missing_condition", place[unknown])
    variance = variance + _mark_levels(law, rows, place, flags)
    _mark_ranges(law, table, rows, place, flags)
    rate = np.exp(ln)
    if law.window is not None and law.window.name in table.covariates:
        factor = law.window.factor(table.covariates[law.window.name], rows.pressure_kPa)
        outside = _outside(table.covariates[law.window.name], law.window.low, law.window.high)
        rate = rate * factor
        variance = variance + np.where(outside, GATE_SPREAD**2, 0.0)
        flags.mark("ph_gate", place[outside])
    reach = float(stats.t.ppf(0.5 + _COVERAGE / 2, law.freedom)) * np.sqrt(variance)
    lowest, highest = rate * np.exp(-reach), rate * np.exp(reach)
    dry = share <= 0.0
    flags.mark("below_threshold", place[dry])
    return np.where(dry, 0.0, rate), np.where(dry, 0.0, lowest), highest


def _borrowed_variance(law: GroupLaw, rows: Rows) -> Floats:
    """Variance of ln(rate) from exponents that the fitted rows could not tell."""
    found = np.zeros(rows.count)
    for name, values, middle, spread in (
        ("velocity_m_s", rows.velocity_m_s, law.scales.velocity_m_s, BORROWED_EXPONENT_V_SPREAD),
        ("pressure_kPa", rows.pressure_kPa, law.scales.pressure_kPa, BORROWED_EXPONENT_P_SPREAD),
    ):
        low, high = law.ranges[name]
        if high - low <= 1e-6 * high:
            found = found + (spread * np.log(values / middle)) ** 2
    return found


def _beyond_variance(law: GroupLaw, table: Table, rows: Rows) -> Floats:
    """Variance of ln(rate) of rows beyond the fitted range: the form itself is not sure to go on.

    Grows with the logarithm of the distance, by what exponents of published tables scatter; a condition that the law
    does not know may have an effect beyond where it was seen to have none.
    """
    known = {*law.form.kp_by, *law.form.k2_by, *law.form.threshold_by}
    found = np.zeros(rows.count)
    for name, (low, high) in law.ranges.items():
        if name == "pressure_kPa":
            values, spread = rows.pressure_kPa, BORROWED_EXPONENT_P_SPREAD
        elif name == "velocity_m_s":
            values, spread = rows.velocity_m_s, BORROWED_EXPONENT_V_SPREAD
        elif name in table.covariates and name.endswith(("_wt_pct", "_ppm", "_nm")):
            spread = _BEYOND_KNOWN_SPREAD if name in known else CONDITION_SPREAD
            values = table.covariates[name]
        else:
            continue
        if name in ("pressure_kPa", "velocity_m_s") and high - low <= 1e-6 * high:
            continue  # borrowed exponents bring their own variance
        if low <= 0.0:
            continue
        known_positive = np.where(values > 0.0, values, low)  # not stated, or none of it: not a power's business
        beyond = np.maximum(known_positive / high, low / known_positive)
        found = found + np.where(beyond > 1.0 + _RANGE_SLACK, (spread * np.log(beyond)) ** 2, 0.0)
    return found


def _mark_levels(law: GroupLaw, rows: Rows, place: Codes, flags: _Flags) -> Floats:
    """Flag consumables that the law has not seen; return the variance they bring."""
    found = np.zeros(rows.count)
    at = dict(zip(law.names, law.theta, strict=True))
    for label, code in rows.levels.items():
        new = code < 0
        if not new.any():
            continue
        flags.mark(f"new_{label}", place[new])
        variance = 0.0
        if law.form.kp_level == label:
            variance += float(np.var([v for n, v in at.items() if n.startswith("kp_level_")], ddof=1))
        if law.form.threshold_level == label:
            variance += _NEW_THRESHOLD_SPREAD**2
        found = found + np.where(new, variance, 0.0)
    return found


def _mark_ranges(law: GroupLaw, table: Table, rows: Rows, place: Codes, flags: _Flags) -> None:
    if law.key.fixed_abrasive:
        flags.mark("fixed_abrasive", place)
    flags.mark("pressure_range", place[_outside(rows.pressure_kPa, *law.ranges["pressure_kPa"])])
    flags.mark("velocity_range", place[_outside(rows.velocity_m_s, *law.ranges["velocity_m_s"])])
    for name, ends in law.ranges.items():
        if name in table.covariates and not (law.window is not None and law.window.name == name):
            flags.mark(f"{name}_range", place[_outside(table.covariates[name], *ends)])
    if law.hersey_limit_um is not None:
        hersey = hersey_number_um(rows.pressure_kPa, rows.velocity_m_s)
        flags.mark("hydrodynamic", place[hersey > law.hersey_limit_um])


def _outside(values: Floats, low: float, high: float) -> NDArray[np.bool_]:
    """Rows outside a range; a value that is not stated is not outside."""
    return (values < low - _RANGE_SLACK * abs(low)) | (values > high + _RANGE_SLACK * abs(high))
