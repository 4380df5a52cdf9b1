"""Read incoming thickness maps: a CSV with one row per wafer and site."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from planaris.formats.document import read_text
from planaris.formats.sheet import Sheet, nearest
from planaris.model import InputError, MapStage, SitePlan, ThicknessMap

INCOMING_SCHEMA = "planaris/incoming/1"
COLUMNS = ("wafer_id", "site", "x_mm", "y_mm", "thickness_nm")
_PLACE_TOLERANCE_MM = 0.05  # tables are often typed with one decimal
_LISTED_ROWS = 40

_Readings = dict[str, dict[int, float]]


def load_incoming(path: Path, plan: SitePlan, instrument: str, wafer_ids: tuple[str, ...]) -> tuple[ThicknessMap, ...]:
    """Read the maps of the wafers of a lot, in the order of ``wafer_ids``; wafers without rows get no map.

    The file begins with ``# schema = "planaris/incoming/1"``, then the header. Raises `InputError` with every fault.
    """
    sheet = Sheet(str(path))
    rows = _rows(read_text(path), sheet)
    readings = _readings(rows, plan, wafer_ids, sheet)
    for wafer_id, sites in readings.items():
        if missing := sorted(set(range(1, len(plan) + 1)) - set(sites)):
            listed = ", ".join(str(site) for site in missing[:8]) + (" ..." if len(missing) > 8 else "")
            sheet.fault(wafer_id, f"{len(sites)} sites", f"sites are missing: {listed}", limit=f"{len(plan)} sites")
    if len(sheet.faults) > _LISTED_ROWS:
        more = len(sheet.faults) - _LISTED_ROWS
        del sheet.faults[_LISTED_ROWS:]
        sheet.fault("(rows)", f"{more} more", "are wrong too", remedy="mend the listed ones first")
    sheet.raise_if_faulty()
    return tuple(
        ThicknessMap(
            wafer_id,
            MapStage.INCOMING,
            plan,
            tuple(readings[wafer_id][site] for site in range(1, len(plan) + 1)),
            instrument,
        )
        for wafer_id in wafer_ids
        if wafer_id in readings
    )


def _rows(text: str, sheet: Sheet) -> list[tuple[int, list[str]]]:
    lines = list(enumerate(text.splitlines(), start=1))
    notes = [line for _, line in lines if line.startswith("#")]
    if not any(INCOMING_SCHEMA in note for note in notes):
        remedy = f'begin the file with # schema = "{INCOMING_SCHEMA}"'
        sheet.fault("schema", "(missing)", "is missing", limit=INCOMING_SCHEMA, remedy=remedy)
    data = [(number, line) for number, line in lines if line.strip() and not line.startswith("#")]
    rows = [(number, row) for (number, _), row in zip(data, csv.reader(line for _, line in data), strict=False)]
    header = tuple(cell.strip() for cell in rows[0][1]) if rows else ()
    if header != COLUMNS:
        where = f"line {rows[0][0]}" if rows else "header"
        unknown = next((name for name in header if name not in COLUMNS), "")
        remedy = nearest(unknown, COLUMNS) if unknown else "name the columns in this order"
        sheet.fault(where, ",".join(header) or "(missing)", "is not the header", limit=",".join(COLUMNS), remedy=remedy)
        raise InputError(sheet.source, tuple(sheet.faults))
    return rows[1:]


def _readings(rows: list[tuple[int, list[str]]], plan: SitePlan, ids: tuple[str, ...], sheet: Sheet) -> _Readings:
    readings: _Readings = {}
    for line, row in rows:
        where = f"line {line}"
        if len(row) != len(COLUMNS):
            sheet.fault(where, ",".join(row), f"has {len(row)} cells", limit=f"{len(COLUMNS)} cells")
            continue
        wafer_id = row[0].strip()
        try:
            site, x_mm, y_mm, thickness_nm = int(row[1]), float(row[2]), float(row[3]), float(row[4])
        except ValueError:
            sheet.fault(where, ",".join(row), "has a cell that is no number", remedy="site is a whole number")
            continue
        if wafer_id not in ids:
            sheet.fault(f"{where}, wafer_id", wafer_id, "is no wafer of the lot", remedy=nearest(wafer_id, ids[:3]))
        elif not 1 <= site <= len(plan):
            sheet.fault(f"{where}, site", str(site), f"is no site of plan {plan.name}", limit=f"1-{len(plan)}")
        elif math.hypot(x_mm - plan.x_mm[site - 1], y_mm - plan.y_mm[site - 1]) > _PLACE_TOLERANCE_MM:
            limit = f"{plan.x_mm[site - 1]:g}, {plan.y_mm[site - 1]:g}"
            problem = f"is not where plan {plan.name} has site {site}"
            sheet.fault(f"{where}, x_mm, y_mm", f"{x_mm:g}, {y_mm:g}", problem, limit=limit, unit="mm")
        elif not 0 < thickness_nm < math.inf:
            sheet.fault(f"{where}, thickness_nm", row[4], "is no film thickness", limit="> 0", unit="nm")
        elif site in readings.setdefault(wafer_id, {}):
            sheet.fault(f"{where}, site", str(site), f"stands twice for wafer {wafer_id}", remedy="keep one")
        else:
            readings[wafer_id][site] = thickness_nm
    return readings
