"""A table of measured removal rates in plain arrays, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from planaris.calibration.chemistry import amounts_of
from planaris.model import InputError, InputFault, symbol_of
from planaris.physics import mean_sliding_speed

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

# Centre distance of reference tool A, used where a table gives rpm and no centre distance (K scales as 1/e).
ASSUMED_CENTER_DISTANCE_MM = 125.0
ASSUMED_WAFER_MM = 200.0
# Columns that are conditions of their own; any other *_wt_pct, *_ppm column and amount in other_chem joins them.
COVARIATES = ("abrasive_wt_pct", "abrasive_d50_nm", "slurry_pH", "h2o2_wt_pct", "slurry_ml_min", "temperature_C")
LABELS = ("film", "abrasive", "pad", "tool", "other_chem")
_MAX_FAULTS = 50
# No quantity of a polish, in any unit of ours, is as large [design]: infinity, and a slip of the exponent.
_BEYOND = 1e12
_RADII = 16


@dataclass(frozen=True, slots=True)
class Labels:
    """A column of texts: ``names`` and, per row, which of them."""

    names: tuple[str, ...]
    code: Codes

    def take(self, rows: Codes) -> Labels:
        """Return the labels of some rows."""
        return Labels(self.names, self.code[rows])


@dataclass(frozen=True, slots=True)
class Table:
    """Rates and conditions, one row per wafer or condition; NaN where a row does not state a value.

    ``line`` is the row's place in its source, for messages. ``covariates`` are conditions by unit-suffixed name;
    ``composition`` says per row which additives with an amount its chemistry names.
    """

    pressure_kPa: Floats
    velocity_m_s: Floats
    rate_nm_min: Floats
    labels: Mapping[str, Labels]
    composition: Labels
    covariates: Mapping[str, Floats]
    line: Codes
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.pressure_kPa)

    def take(self, rows: Codes) -> Table:
        """Return some rows as a table."""
        return Table(
            self.pressure_kPa[rows],
            self.velocity_m_s[rows],
            self.rate_nm_min[rows],
            {name: labels.take(rows) for name, labels in self.labels.items()},
            self.composition.take(rows),
            {name: values[rows] for name, values in self.covariates.items()},
            self.line[rows],
            self.notes,
        )


def labels_of(texts: Sequence[str]) -> Labels:
    """Number a column of texts."""
    place: dict[str, int] = {}
    code = np.fromiter((place.setdefault(text, len(place)) for text in texts), np.int64, len(texts))
    return Labels(tuple(place), code)


class _Checks:
    """Collects the first fault of each value; says how many more there are instead of listing a million."""

    def __init__(self, line: Codes, headers: Mapping[str, str]) -> None:
        self._line = line
        self._headers = headers
        self.faults: list[InputFault] = []
        self._dropped = 0
        self._told: dict[str, NDArray[np.bool_]] = {}

    def rows(self, bad: NDArray[np.bool_], column: str, values: Floats, problem: str, limit: str = "") -> None:
        told = self._told.get(column, np.zeros(len(bad), np.bool_))
        where = np.flatnonzero(bad & ~told)
        self._told[column] = told | bad
        for i in where[: max(0, _MAX_FAULTS - len(self.faults))]:
            shown = "missing" if np.isnan(values[i]) else f"{values[i]:g}"
            path = f"row {self._line[i]}, column {self._headers.get(column, column)}"
            self.faults.append(InputFault(path, shown, problem, limit, symbol_of(column)))
            where = where[1:]
        self._dropped += len(where)

    def column(self, column: str, problem: str, remedy: str) -> None:
        self.faults.append(InputFault(f"column {column}", "missing", problem, remedy=remedy))

    def done(self, source: str) -> None:
        if not self.faults:
            return
        if self._dropped:
            self.faults.append(InputFault("(more)", str(self._dropped), "further faults of rows, not listed"))
        raise InputError(source, tuple(self.faults))


def table_from_columns(
    columns: Mapping[str, Sequence[Any] | Floats | Labels],
    *,
    source: str = "table",
    center_distance_mm: float | None = None,
    rates_needed: bool = True,
    line: Codes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Table:
    """Make a table from columns named with their units.

    Needs ``pressure_kPa``, ``velocity_m_s`` or ``platen_rpm``, and with ``rates_needed`` ``removal_rate_nm_min``.
    Takes ``film``, ``pad``, ``abrasive``, ``tool``, ``other_chem`` (texts, or `Labels`), the conditions of
    `COVARIATES`, any ``*_ppm`` and ``*_wt_pct``, and ``head_rpm``, ``center_distance_mm``, ``wafer_mm`` for the
    velocity. ``line`` numbers the rows and ``headers`` names the columns as a person knows them. Raises InputError
    with every fault, each naming row and column.
    """
    count = max((len(v.code) if isinstance(v, Labels) else len(v) for v in columns.values()), default=0)
    numbers = {
        k: np.asarray(v, np.float64) for k, v in columns.items() if k not in LABELS and not isinstance(v, Labels)
    }
    line = np.arange(1, count + 1) if line is None else line
    checks = _Checks(line, headers or {})
    if count == 0:
        checks.column("(all)", "the table has no rows", "give at least one row")
        checks.done(source)
    for name, values in tuple(numbers.items()):
        if (beyond := np.abs(values) >= _BEYOND).any():
            checks.rows(beyond, name, values, "is beyond any machine", f"below {_BEYOND:g}")
            numbers[name] = np.where(beyond, np.nan, values)
    empty = np.full(count, np.nan)
    pressure = numbers.get("pressure_kPa", empty)
    rate = numbers.get("removal_rate_nm_min", empty)
    rpm = numbers.get("platen_rpm", empty)
    if "pressure_kPa" not in numbers:
        checks.column("pressure_kPa", "needed", "add pressure_kPa or pressure_psi")
    else:
        checks.rows(~(pressure > 0), "pressure_kPa", pressure, "must be above 0", "> 0")
    if "velocity_m_s" not in numbers and "platen_rpm" not in numbers:
        checks.column("velocity_m_s", "needed", "add velocity_m_s, or platen_rpm (with head_rpm, center_distance_mm)")
    if rates_needed and "removal_rate_nm_min" not in numbers:
        checks.column("removal_rate_nm_min", "needed", "add removal_rate_nm_min or removal_rate_A_min")
    elif "removal_rate_nm_min" in numbers:
        bad = (rate < 0) | (np.isnan(rate) if rates_needed else np.zeros(count, bool))
        checks.rows(bad, "removal_rate_nm_min", rate, "must be 0 or more", ">= 0")
    notes: list[str] = []
    velocity = _velocity(numbers, empty, center_distance_mm, notes)
    if "velocity_m_s" in numbers or "platen_rpm" in numbers:
        shown = "velocity_m_s" if "velocity_m_s" in numbers else "platen_rpm"
        checks.rows(~(velocity > 0), shown, numbers.get(shown, empty), "gives no speed above 0", "> 0")
    labels = {name: _label_column(columns.get(name), count) for name in LABELS}
    covariates, composition = _conditions(numbers, labels["other_chem"], count)
    for name, values in covariates.items():
        if name not in ("temperature_C",):
            checks.rows(values < 0, name, values, "must be 0 or more", ">= 0")
    if "film" not in columns:
        notes.append("no column film: all rows taken as one unnamed film")
    checks.rows(rpm < 0, "platen_rpm", rpm, "must be above 0", "> 0")
    checks.done(source)
    return Table(pressure, velocity, rate, labels, composition, covariates, line, tuple(notes))


def _label_column(given: Sequence[Any] | Floats | Labels | None, count: int) -> Labels:
    if given is None:
        return Labels(("",), np.zeros(count, np.int64))
    return given if isinstance(given, Labels) else labels_of([str(text).strip() for text in given])


def _velocity(
    numbers: Mapping[str, Floats], empty: Floats, center_distance_mm: float | None, notes: list[str]
) -> Floats:
    """Stated velocity, else the mean sliding speed over the wafer from rpm and centre distance."""
    velocity = numbers.get("velocity_m_s", empty).copy()
    rpm = numbers.get("platen_rpm", empty)
    need = np.isnan(velocity) & (rpm > 0)
    if not need.any():
        return velocity
    distance = numbers.get("center_distance_mm", empty)
    assumed = need & np.isnan(distance)
    fallback = ASSUMED_CENTER_DISTANCE_MM if center_distance_mm is None else center_distance_mm
    distance = np.where(np.isnan(distance), fallback, distance)
    if assumed.any() and center_distance_mm is None:
        notes.append(
            f"{int(assumed.sum())} rows give rpm and no centre distance: {fallback:g} mm assumed; "
            "K scales as 1/centre distance, rates at the table's rpm do not change"
        )
    head = numbers.get("head_rpm", empty)
    head = np.where(np.isnan(head), rpm, head)
    wafer = numbers.get("wafer_mm", empty)
    wafer = np.where(np.isnan(wafer), ASSUMED_WAFER_MM, wafer)
    cases, back = np.unique(np.stack([rpm, head, distance, wafer])[:, need], axis=1, return_inverse=True)
    # Equal areas: radii at the middle of rings of the same area.
    share = np.sqrt((np.arange(_RADII) + 0.5) / _RADII)
    speeds = [float(np.mean(mean_sliding_speed(share * w / 2, p, h, e))) for p, h, e, w in cases.T]
    velocity[need] = np.asarray(speeds)[np.ravel(back)]
    return velocity


def _conditions(numbers: Mapping[str, Floats], chemistry: Labels, count: int) -> tuple[dict[str, Floats], Labels]:
    """Conditions by name, also those that the chemistry's text names with an amount, and the composition."""
    found: dict[str, Floats] = {}
    for name, values in numbers.items():
        if name in COVARIATES:
            found[name] = values
        elif name.endswith(("_ppm", "_wt_pct")):
            found[name.lower()] = values
    amounts = [amounts_of(text) for text in chemistry.names]
    for name in sorted({name for of_text in amounts for name in of_text}):
        by_text = np.array([of_text.get(name, np.nan) for of_text in amounts])[chemistry.code]
        stated = found.get(name, np.full(count, np.nan))
        found[name] = np.where(np.isnan(stated), by_text, stated)
    kinds = [" + ".join(sorted(n for n in of_text if n.endswith(("_ppm", "_wt_pct", "_mM")))) for of_text in amounts]
    composition = labels_of(kinds)
    found = {name: values for name, values in found.items() if not np.isnan(values).all()}
    return found, Labels(composition.names, composition.code[chemistry.code])
