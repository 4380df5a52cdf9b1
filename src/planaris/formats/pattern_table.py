"""Read tables of measured patterns: one row a site, units in the column names."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.model import ENTRY_UNITS, InputError, InputFault

# What a column may be called, in the units of the model; others are left alone.
PATTERN_COLUMNS = (
    "density", "field_density", "block_mm", "time_s", "blanket_nm_min", "start_step_nm", "step_nm", "down_width_um",
    "width_um", "space_um", "fast_nm_min", "dishing_nm", "erosion_nm",
)  # fmt: skip
# Of these a row may have none.
_MAY_LACK = ("dishing_nm", "erosion_nm")
_FRACTIONS = ("density", "field_density")


def read_pattern_table(path: Path) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """Return known columns in model units, NaN where a row has no dishing or erosion, and the names of the others.

    Angstroms and minutes are read by their suffix (``step_A``, ``time_min``). `InputError` with every fault.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), (InputFault(str(path), "", f"cannot be read: {error}"),)) from error
    rows = list(csv.DictReader(line for line in lines if line.strip() and not line.startswith("#")))
    faults: list[InputFault] = []
    columns: dict[str, NDArray[np.float64]] = {}
    ignored: list[str] = []
    for header in rows[0] if rows else ():
        name, factor = _known(header)
        if name is None:
            ignored.append(header)
        elif name in columns:
            faults.append(InputFault(header, header, f"gives {name} twice", remedy="keep one of the columns"))
        else:
            columns[name] = np.array([_number(r[header], header, k, name, factor, faults) for k, r in enumerate(rows)])
    if not rows:
        faults.append(InputFault(str(path), "", "has no rows", remedy="give a header and one row for each site"))
    if faults:
        raise InputError(str(path), tuple(faults))
    return columns, tuple(ignored)


def _known(header: str) -> tuple[str | None, float]:
    header = header.strip()
    if header in PATTERN_COLUMNS:
        return header, 1.0
    for unit in ENTRY_UNITS:
        if header.endswith(unit.entered_suffix):
            name = header.removesuffix(unit.entered_suffix) + unit.suffix
            if name in PATTERN_COLUMNS:
                return name, unit.factor
    return None, 1.0


def _number(text: str | None, header: str, row: int, name: str, factor: float, faults: list[InputFault]) -> float:
    given = (text or "").strip()
    place = f"row {row + 1}, {header}"
    if not given and name in _MAY_LACK:
        return math.nan
    try:
        value = float(given) * factor
    except ValueError:
        faults.append(InputFault(place, given or "(missing)", "is not a number", remedy="give one"))
        return math.nan
    high = 1.0 if name in _FRACTIONS else math.inf
    low_ok = value >= 0.0 if name in (*_MAY_LACK, "step_nm", "start_step_nm", *_FRACTIONS) else value > 0.0
    if not (low_ok and value <= high and math.isfinite(value)):
        limit = "0 to 1" if name in _FRACTIONS else "above 0" if not low_ok else "a finite number"
        faults.append(InputFault(place, given, "is out of range", limit, remedy="correct the row"))
    return value
