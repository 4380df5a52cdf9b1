"""Checks of a recipe that need more than one value: times, tool ranges, platens, zones, slurry lines."""

from __future__ import annotations

from planaris.formats.document import Tree, dig, is_number, number, table, tables
from planaris.formats.edge import quantity_paths
from planaris.formats.endpoint_check import check_endpoint
from planaris.formats.recipe_edge import StepEdge
from planaris.formats.run_to_run_check import check_run_to_run
from planaris.formats.sheet import Sheet, figure
from planaris.model import ConditioningMode, EndKind, MEMBRANE_HELD_kPa, RING_MIN_kPa, StepKind, ToolDescription
from planaris.processes import load_package, package_names

_DWELL_ZONES = 5
_DWELL_MEAN_TOLERANCE = 1e-3  # dwell weights are typed with two or three digits


def check_recipe(tree: Tree, sheet: Sheet, tool: ToolDescription | None) -> None:
    """Note what contradicts itself or the tool; works on whatever part of the tree is legible."""
    names: dict[str, int] = {}
    reached = 0
    for index, step in tables(tree, "steps"):
        at = f"steps[{index}]."
        name = step.get("name")
        if isinstance(name, str) and names.setdefault(name, index) != index:
            sheet.fault(at + "name", None, f"is also the name of steps[{names[name]}]", remedy="give each step its own")
        _check_end(table(step, "end"), at + "end.", sheet)
        _check_conditioning(table(step, "conditioning"), at + "conditioning.", sheet)
        _check_bands(step, at, sheet)
        if tool is not None:
            reached = _check_places(step, at, sheet, tool, reached)
            _check_step_ranges(step, at, sheet, tool)
    check_run_to_run(tree, sheet, tool)
    if tool is not None:
        for limit in tool.ranges:
            value = number(tree, limit.name)
            if value is not None:
                sheet.check_range(limit.name, value, limit.minimum, limit.maximum, f"out of range of tool {tool.name}")


def _check_end(end: Tree, at: str, sheet: Sheet) -> None:
    time_s, min_s, max_s = (number(end, key) for key in ("time_s", "min_s", "max_s"))
    if min_s is not None and max_s is not None and min_s > max_s:
        sheet.fault(at + "min_s", None, "the earliest end is after the latest", limit=f"<= {figure(max_s)}", unit="s")
    elif time_s is not None:
        if min_s is not None and time_s < min_s:
            sheet.fault(at + "time_s", None, "ends before its minimum time", limit=f">= {figure(min_s)}", unit="s")
        if max_s is not None and time_s > max_s:
            sheet.fault(at + "time_s", None, "ends after its maximum time", limit=f"<= {figure(max_s)}", unit="s")
    given = [key for key in ("over_polish_s", "over_polish_pct", "over_polish_nm") if number(end, key)]
    for key in given[1:]:
        named = {"over_polish_s": "time", "over_polish_pct": "percent", "over_polish_nm": "removal"}
        problem = f"over-polish is given as {named[given[0]]} and as {named[key]}"
        sheet.fault(at + key, None, problem, remedy="keep one")
    if end.get("kind") == EndKind.REMOVAL and "removal_nm" not in end:
        sheet.fault(at + "removal_nm", None, "is missing for an end by removal", unit="nm", remedy="give removal_nm")
    check_endpoint(end, at, sheet)


def _check_conditioning(conditioning: Tree, at: str, sheet: Sheet) -> None:
    dwell = conditioning.get("dwell_ratio")
    if isinstance(dwell, list) and all(is_number(v) for v in dwell):
        if len(dwell) != _DWELL_ZONES:
            sheet.fault(at + "dwell_ratio", None, f"has {len(dwell)} zones", limit=f"{_DWELL_ZONES} zones")
        elif abs(sum(dwell) / len(dwell) - 1.0) > _DWELL_MEAN_TOLERANCE:
            mean = figure(sum(dwell) / len(dwell))
            sheet.fault(at + "dwell_ratio", None, f"has the mean {mean}", limit="mean 1", remedy="divide by the mean")
    if conditioning.get("mode") == ConditioningMode.EX_SITU and not number(conditioning, "time_s"):
        sheet.fault(at + "time_s", None, "is missing for ex-situ conditioning", unit="s", remedy="give time_s above 0")


def _check_bands(step: Tree, at: str, sheet: Sheet) -> None:
    legal = quantity_paths(StepEdge)
    for index, band in tables(step, "bands"):
        path = f"{at}bands[{index}]."
        quantity = band.get("quantity")
        if isinstance(quantity, str) and quantity not in legal:
            sheet.unknown_name(path + "quantity", quantity, "quantity", legal)
        warn_pct, abort_pct = number(band, "warn_pct"), number(band, "abort_pct")
        if warn_pct is not None and abort_pct is not None and warn_pct > abort_pct:
            sheet.fault(path + "warn_pct", None, "warns after it aborts", limit=f"<= {figure(abort_pct)}", unit="%")


def _check_places(step: Tree, at: str, sheet: Sheet, tool: ToolDescription, reached: int) -> int:
    platen, line, zones = step.get("platen"), step.get("slurry_line"), step.get("zone_pressure_kPa")
    if isinstance(platen, int):
        last = tool.recipe_stages
        if not 1 <= platen <= last:
            remedy = f"tool {tool.name} has {tool.platens} platens and serves {last} stages of a recipe"
            sheet.fault(at + "platen", None, "no such platen", limit=f"1-{last}", remedy=remedy)
        elif platen < reached:
            problem = f"comes after platen {reached}, but a wafer passes the stages of tool {tool.name} in order"
            sheet.fault(at + "platen", None, problem, limit=f">= {reached}", remedy="put steps in platen order")
        else:
            reached = platen
    if isinstance(line, int) and not 1 <= line <= tool.platen.slurry_lines:
        sheet.fault(at + "slurry_line", None, "no such slurry line", limit=f"1-{tool.platen.slurry_lines}")
    wanted = len(tool.head.zone_outer_mm)
    if isinstance(zones, list) and len(zones) != wanted:
        what = f"has {len(zones)} zones, the head has {wanted}"
        sheet.fault(at + "zone_pressure_kPa", None, what, limit=str(wanted), remedy="give one pressure for each zone")
    return reached


def _is_off(step: Tree, name: str) -> bool:
    """Say whether a range does not apply: conditioner off, or no slurry in a rinse."""
    if name.startswith("conditioning."):
        return table(step, "conditioning").get("mode", ConditioningMode.OFF) == ConditioningMode.OFF
    if name == "slurry_flow_ml_min":
        return step.get("kind", StepKind.POLISH) != StepKind.POLISH and number(step, name) == 0.0
    return False


def _check_step_ranges(step: Tree, at: str, sheet: Sheet, tool: ToolDescription) -> None:
    problem = f"out of range of tool {tool.name}"
    for limit in tool.ranges:
        if _is_off(step, limit.name):
            continue
        path, value = at + limit.name, dig(step, limit.name)
        listed = value if isinstance(value, list) else [value]
        for zone, item in enumerate(listed):
            if is_number(item):
                place = f"{path}[{zone}]" if isinstance(value, list) else path
                sheet.check_range(place, float(item), limit.minimum, limit.maximum, problem)
    _check_ring(step, at, sheet)
    amplitude_mm = number(step, "sweep_amplitude_mm")
    if amplitude_mm is not None:
        why = f"leaves the platen of tool {tool.name}"
        sheet.check_range(at + "sweep_amplitude_mm", amplitude_mm, 0.0, tool.platen.sweep_max_mm, why)


def _check_ring(step: Tree, at: str, sheet: Sheet) -> None:
    """Note a ring that presses too little for its zones: the PLC would hold them (interlock 10)."""
    ring_kPa, zones_kPa = number(step, "ring_pressure_kPa"), step.get("zone_pressure_kPa")
    if ring_kPa is None or not isinstance(zones_kPa, list) or not all(is_number(p) for p in zones_kPa):
        return
    if ring_kPa < RING_MIN_kPa and any(p > MEMBRANE_HELD_kPa for p in zones_kPa):
        path = at + "ring_pressure_kPa"
        typed = sheet.typed.get(path)
        least = figure(round(RING_MIN_kPa / (typed.unit.factor if typed and typed.unit else 1.0), 2))
        problem = f"holds no wafer under zones above {figure(MEMBRANE_HELD_kPa)} kPa"
        unit = typed.symbol if typed else "kPa"
        sheet.fault(path, None, problem, limit=f">= {least}", unit=unit, remedy=f"use {least} or more")


def check_package(tree: Tree, sheet: Sheet) -> None:
    """Note a process package that is not there, or a film it does not know."""
    name, film = tree.get("process_package"), tree.get("film")
    if not isinstance(name, str):
        return
    if name not in package_names():
        sheet.unknown_name("process_package", name, "process package", package_names())
        return
    package = load_package(name)
    films = [entry.material for entry in package.films]
    if isinstance(film, str) and film not in films:
        sheet.unknown_name("film", film, f"film of process package {name}", films)
    if package.slurry_lines > 1:
        for index, step in tables(tree, "steps"):
            line = step.get("slurry_line", 1)
            if isinstance(line, int) and line > package.slurry_lines:
                problem, limit = f"process package {name} has no slurry on this line", f"1-{package.slurry_lines}"
                sheet.fault(f"steps[{index}].slurry_line", None, problem, limit=limit)
