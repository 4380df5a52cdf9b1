"""Checks of a step's endpoint: its detectors, what each needs and takes, and the times about them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from planaris.formats.document import Tree, number, tables
from planaris.formats.sheet import Sheet, figure
from planaris.model import Combine, DetectorKind, EndKind, symbol_of

# What each detector needs, and what it takes besides.
NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        DetectorKind.TIME: ("time_s",),
        DetectorKind.SPECTRUM: ("target_nm",),
        DetectorKind.FRINGE: ("target_nm",),
        DetectorKind.REFLECTANCE: (),
        DetectorKind.FRICTION: (),
        DetectorKind.EDDY: ("target_nm",),
        DetectorKind.SLOPE: ("source", "steep_per_s", "level_per_s"),
    }
)
TAKES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        DetectorKind.TIME: (),
        DetectorKind.SPECTRUM: ("incoming_tolerance_pct",),
        DetectorKind.FRINGE: ("lasers_count",),
        DetectorKind.REFLECTANCE: ("clear_pct",),
        DetectorKind.FRICTION: ("source", "step_pct", "window_s"),
        DetectorKind.EDDY: (),
        DetectorKind.SLOPE: ("window_s",),
    }
)
# Signals that friction and slope may be read from, as platens name them.
SOURCES = ("torque_Nm", "motor_current_A", "pad_temperature_C", "laser_reflectance", "laser2_reflectance")
_FRICTION_SOURCES = SOURCES[:2]
# A smaller step of friction drowns in a platen's own drift, which is a few percent a minute.
_LEAST_STEP_PCT = 3.0
_SEES_REMOVAL = (DetectorKind.SPECTRUM, DetectorKind.FRINGE, DetectorKind.EDDY)


def check_endpoint(end: Tree, at: str, sheet: Sheet) -> None:
    """Note what is missing, superfluous or contradicts itself in a step's end by endpoint."""
    listed = [entry for _, entry in tables(end, "detectors")]
    if end.get("kind") != EndKind.ENDPOINT:
        if "detectors" in end:
            problem = f"are given, but the step ends by {end.get('kind')}"
            sheet.fault(at + "detectors", "[...]", problem, remedy='say kind = "endpoint" or leave them out')
        return
    if not end.get("detectors"):
        remedy = f"name one or more: {', '.join(NEEDS)}"
        sheet.fault(at + "detectors", None, "is missing for an end by endpoint", remedy=remedy)
    min_s, max_s = number(end, "min_s"), number(end, "max_s")
    if min_s is not None and max_s is not None and min_s == max_s:
        problem = "leaves the detectors no time between earliest and latest"
        sheet.fault(at + "max_s", None, problem, limit=f"> {figure(min_s)}", unit="s")
    for index, entry in tables(end, "detectors"):
        _check_detector(entry, f"{at}detectors[{index}].", sheet, max_s)
    if len(listed) < 2 and end.get("combine", Combine.FIRST) != Combine.FIRST:
        sheet.fault(at + "combine", None, "needs two detectors or more", remedy="add one or leave combine out")
    kinds = [entry.get("detector") for entry in listed]
    if number(end, "over_polish_nm") and listed and not set(kinds) & set(_SEES_REMOVAL):
        limit, remedy = ", ".join(_SEES_REMOVAL), "give over_polish_s, or a detector that sees thickness"
        sheet.fault(at + "over_polish_nm", None, "no detector of the step sees a rate", limit=limit, remedy=remedy)


def _check_detector(entry: Tree, at: str, sheet: Sheet, max_s: float | None) -> None:
    kind = entry.get("detector")
    if not isinstance(kind, str) or kind not in NEEDS:
        return  # told by the edge
    needs, takes = NEEDS[kind], TAKES[kind]
    for key in needs:
        if key not in entry:
            unit = symbol_of(key)
            sheet.fault(at + key, None, f"is missing for {kind}", unit=unit, remedy=f"give {key}")
    for key in entry:
        if key not in (*needs, *takes, "detector"):
            limit = ", ".join((*needs, *takes)) or "none"
            sheet.fault(at + key, None, f"means nothing to {kind}", limit=limit, remedy="leave it out")
    source = entry.get("source")
    legal = _FRICTION_SOURCES if kind == DetectorKind.FRICTION else SOURCES
    if isinstance(source, str) and "source" in (*needs, *takes) and source not in legal:
        sheet.unknown_name(at + "source", source, f"signal for {kind}", legal)
    step_pct = number(entry, "step_pct")
    if kind == DetectorKind.FRICTION and step_pct is not None and abs(step_pct) < _LEAST_STEP_PCT:
        limit = f"<= -{figure(_LEAST_STEP_PCT)} or >= {figure(_LEAST_STEP_PCT)}"
        sheet.fault(at + "step_pct", None, "is too small to be told from drift", limit=limit, unit="%")
    if kind == DetectorKind.SLOPE and number(entry, "steep_per_s") == 0.0:
        sheet.fault(at + "steep_per_s", None, "says neither rise nor fall", remedy="give a slope, negative for a fall")
    time_s = number(entry, "time_s")
    if kind == DetectorKind.TIME and time_s is not None and max_s is not None and time_s > max_s:
        sheet.fault(at + "time_s", None, "comes after the latest end", limit=f"<= {figure(max_s)}", unit="s")
