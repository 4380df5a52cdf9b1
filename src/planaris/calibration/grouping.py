"""Groups: rows of one film polished with one family of consumables share a law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planaris.calibration.form import Scales
from planaris.calibration.formula import Rows
from planaris.calibration.table import Codes, Floats, Labels, Table

# Labels whose members may each have a factor or a threshold of their own inside a group.
LEVEL_LABELS = ("pad", "abrasive")
# Above so many rows form and errors are found on an even sample; the constants are then fitted to all rows.
SAMPLE_ROWS = 2000
# Speed exponent where a group has one speed: middle of 0.43-1.0 seen in tables with several (US 6,564,116; Sorooshian
# 2005; Mariscal 2020; US 6,918,821), and its spread.
BORROWED_EXPONENT_V = 0.8
BORROWED_EXPONENT_V_SPREAD = 0.2
BORROWED_EXPONENT_P_SPREAD = 0.35
# Up to so many conditions each is left out alone, above they are left out in folds.
_MOST_FOLDS = 120
_FOLDS = 20


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What the rows of a group have in common."""

    film: str
    abrasive: str
    tool: str
    composition: str
    fixed_abrasive: bool

    def __str__(self) -> str:
        """Name the group for a person."""
        parts = [self.film or "unnamed film", self.abrasive, self.composition, self.tool]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one group with what the fit needs; rows without removal are counted, not fitted."""

    key: GroupKey
    table: Table
    rows: Rows
    ln_rate: Floats
    scales: Scales
    level_names: Mapping[str, tuple[str, ...]]
    fold: Codes
    conditions: int
    dry_rows: int

    @property
    def levels(self) -> dict[str, int]:
        """Number of consumables per label."""
        return {name: len(members) for name, members in self.level_names.items()}


def abrasive_family(abrasive: str) -> str:
    """Return an abrasive without its variant: what stands before the first comma outside brackets."""
    depth = 0
    for i, character in enumerate(abrasive):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            return abrasive[:i].strip()
    return abrasive.strip()


def is_fixed_abrasive(pad: str, abrasive: str) -> bool:
    """Say whether a pad carries the abrasive: no slurry law of this room describes it."""
    text = f"{pad} {abrasive}".lower()
    return ("fixed" in text and ("abrasive" in text or "in pad" in text)) or "固结磨料" in text


def keys_of(table: Table) -> tuple[tuple[GroupKey, ...], Codes]:
    """Return the groups of a table and, per row, which of them."""
    labels = [table.labels[name] for name in ("film", "abrasive", "tool", "pad")] + [table.composition]
    code = np.zeros(table.rows, np.int64)
    for label in labels:
        code = code * len(label.names) + label.code
        _, code = np.unique(code, return_inverse=True)
    _, first, of_row = np.unique(code, return_index=True, return_inverse=True)
    found: dict[GroupKey, int] = {}
    of_case: list[int] = []
    for i in first:
        film, abrasive, tool, pad, composition = (label.names[label.code[i]] for label in labels)
        key = GroupKey(film, abrasive_family(abrasive), tool, composition, is_fixed_abrasive(pad, abrasive))
        of_case.append(found.setdefault(key, len(found)))
    return tuple(found), np.asarray(of_case, np.int64)[of_row]


def make_group(key: GroupKey, table: Table, sample: bool = True) -> Group:
    """Make a group of a table's rows; with ``sample`` a long table is thinned evenly.

    The table must have at least one row that removed something.
    """
    wet = np.flatnonzero(table.rate_nm_min > 0)
    dry_rows = table.rows - len(wet)
    if sample and len(wet) > SAMPLE_ROWS:
        order = np.lexsort((table.velocity_m_s[wet], table.pressure_kPa[wet]))
        wet = np.sort(wet[order[np.linspace(0, len(wet) - 1, SAMPLE_ROWS).astype(np.int64)]])
    table = table.take(wet)
    names, codes = {}, {}
    for label in LEVEL_LABELS:
        members, code = np.unique(table.labels[label].code, return_inverse=True)
        names[label] = tuple(table.labels[label].names[m] for m in members)
        codes[label] = code.astype(np.int64)
    conditions = {n: v for n, v in table.covariates.items() if not np.isnan(v).any()}
    rows = Rows(table.pressure_kPa, table.velocity_m_s, codes, conditions)
    ln_rate = np.log(table.rate_nm_min)
    case = _conditions_of(rows)
    count = int(case.max()) + 1
    fold = case if count <= _MOST_FOLDS else case % _FOLDS
    return Group(key, table, rows, ln_rate, _scales(rows, ln_rate), names, fold, count, dry_rows)


def _conditions_of(rows: Rows) -> Codes:
    """Number the distinct conditions: replicates must be left out together, or they vouch for each other."""
    columns = [rows.pressure_kPa, rows.velocity_m_s, *rows.levels.values(), *rows.conditions.values()]
    return np.ravel(np.unique(np.stack(columns), axis=1, return_inverse=True)[1]).astype(np.int64)


def _middle(values: Floats) -> float:
    positive = values[values > 0]
    return float(np.exp(np.mean(np.log(positive)))) if len(positive) else 1.0


def _scales(rows: Rows, ln_rate: Floats) -> Scales:
    drive = rows.pressure_kPa * rows.velocity_m_s
    start = float(np.mean(ln_rate - np.log(drive)))
    conditions = tuple((n, _middle(v)) for n, v in rows.conditions.items())
    return Scales(
        pressure_kPa=_middle(rows.pressure_kPa),
        velocity_m_s=_middle(rows.velocity_m_s),
        lowest_pressure_kPa=float(rows.pressure_kPa.min()),
        lowest_drive_kPa_m_s=float(drive.min()),
        kp_start=start,
        k2_start=float(np.max(ln_rate)) + float(np.log(3.0)),
        conditions=conditions,
        exponent_v=1.0 if varies(rows.velocity_m_s) else BORROWED_EXPONENT_V,
    )


def varies(values: Floats) -> bool:
    """Say whether a condition takes more than one value."""
    return bool(np.ptp(values) > 1e-6 * np.max(np.abs(values)))


def level_codes(labels: Labels, names: tuple[str, ...]) -> Codes:
    """Return a law's level code per row, -1 for a consumable that the law has not seen."""
    place = {name: i for i, name in enumerate(names)}
    return np.array([place.get(name, -1) for name in labels.names], np.int64)[labels.code]
