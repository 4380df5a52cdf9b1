"""Read tool descriptions: bundled ones by name, others by path."""

from __future__ import annotations

from importlib import resources
from itertools import pairwise
from pathlib import Path

from planaris.formats.document import Tree, number, parse_toml, read_text, table, typed_text, whole_numbers
from planaris.formats.edge import check_schema, to_model_units, validate
from planaris.formats.recipe_file import CLEANER_STATIONS
from planaris.formats.sheet import Sheet, figure
from planaris.formats.tool_architecture import check_architecture
from planaris.formats.tool_edge import TOOL_SCHEMA, ToolEdge
from planaris.formats.tool_limits import read_consumable_limits, read_ranges
from planaris.model import SITE_PLANS, InputError, InputFault, Instrument, ToolDescription

DEFAULT_TOOL = "tool_a"


def tool_names() -> tuple[str, ...]:
    """Return the names of the bundled tool descriptions, sorted."""
    folder = resources.files("planaris.formats") / "tools"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def _source_of(name_or_path: str | Path | None) -> tuple[str, str]:
    if name_or_path is None or str(name_or_path) in tool_names():
        name = str(name_or_path or DEFAULT_TOOL)
        text = (resources.files("planaris.formats") / "tools" / f"{name}.toml").read_text(encoding="utf-8")
        return f"bundled tool {name}", text
    if not str(name_or_path).endswith(".toml") and not Path(name_or_path).exists():
        problem, legal = "there is no such tool", ", ".join(tool_names())
        fault = InputFault(
            "tool", f'"{name_or_path}"', problem, legal, remedy="a bundled name or a path to a TOML file"
        )
        raise InputError(str(name_or_path), (fault,))
    return str(name_or_path), read_text(Path(name_or_path))


def load_tool(name_or_path: str | Path | None = None) -> ToolDescription:
    """Read a tool description, reference tool A where nothing is named.

    Raises `InputError` with every fault of the file.
    """
    source, text = _source_of(name_or_path)
    sheet = Sheet(source)
    raw = check_schema(parse_toml(text, source), TOOL_SCHEMA, sheet)
    ranges = read_ranges(raw.pop("ranges", None), sheet)
    limits = read_consumable_limits(raw.pop("consumable_limits", None), sheet)
    tree = to_model_units(raw, ToolEdge, sheet)
    edge = validate(tree, ToolEdge, sheet)
    check_architecture(tree, sheet)
    _check_modules(tree, sheet)
    _check_head(tree, sheet)
    _check_overhang(tree, sheet)
    _check_window(tree, sheet)
    sheet.raise_if_faulty()
    assert edge is not None  # no fault means pydantic had none
    return edge.to_model(ranges, limits)


def _check_modules(tree: Tree, sheet: Sheet) -> None:
    stations = table(tree, "cleaner").get("stations")
    if isinstance(stations, list):
        for index, name in enumerate(stations):
            path = f"cleaner.stations[{index}]"
            if isinstance(name, str) and name not in CLEANER_STATIONS:
                sheet.unknown_name(path, name, "module", CLEANER_STATIONS)
            elif name in stations[:index]:
                sheet.fault(path, None, "stands twice", remedy="give each station once")
    for name in table(table(tree, "metrology"), "time_s_by_plan"):
        if name not in SITE_PLANS:
            value = typed_text(table(table(tree, "metrology"), "time_s_by_plan")[name])
            remedy = f"known: {', '.join(SITE_PLANS)}"
            sheet.fault(f"metrology.time_s_by_plan.{name}", value, "unknown site plan", remedy=remedy)


def _check_head(tree: Tree, sheet: Sheet) -> None:
    head = table(tree, "head")
    zones, inner_mm, outer_mm = head.get("zone_outer_mm"), number(head, "ring_inner_mm"), number(head, "ring_outer_mm")
    diameter_mm = number(tree, "wafer_diameter_mm")
    radius_mm = diameter_mm / 2 if diameter_mm is not None else None
    if isinstance(zones, list) and all(isinstance(z, int | float) for z in zones):
        if any(a >= b for a, b in pairwise(zones)):
            in_order = ", ".join(figure(z) for z in sorted(set(zones)))
            sheet.fault(
                "head.zone_outer_mm",
                None,
                "zones must run from the centre out",
                limit="each > the one before",
                remedy=f"[{in_order}] would be in order",
            )
        elif zones and radius_mm is not None and zones[-1] > radius_mm:
            limit = f"<= {figure(radius_mm)}"
            sheet.fault("head.zone_outer_mm", None, "reaches past the wafer's edge", limit=limit, unit="mm")
    if inner_mm is not None and radius_mm is not None and inner_mm < radius_mm:
        limit = f">= {figure(radius_mm)}"
        sheet.fault("head.ring_inner_mm", None, "the wafer does not fit into the ring", limit=limit, unit="mm")
    if inner_mm is not None and outer_mm is not None and inner_mm >= outer_mm:
        limit = f"> {figure(inner_mm)}"
        sheet.fault("head.ring_outer_mm", None, "the ring has no width", limit=limit, unit="mm")


def _check_window(tree: Tree, sheet: Sheet) -> None:
    """Refuse instruments on platens that are not there, and a window that never passes under the wafer."""
    sensors, platen = table(tree, "endpoint_sensors"), table(tree, "platen")
    platens = tree.get("platens")
    for instrument in Instrument:
        numbers = whole_numbers(sensors.get(instrument))
        for index, number_ in enumerate(numbers):
            path = f"endpoint_sensors.{instrument}[{index}]"
            if isinstance(platens, int) and not 1 <= number_ <= platens:
                sheet.fault(path, str(number_), "no such platen", limit=f"1-{platens}")
            elif number_ in numbers[:index]:
                sheet.fault(path, str(number_), "stands twice", remedy="give each platen once")
    window_mm, distance_mm = number(sensors, "window_radius_mm"), number(platen, "center_distance_mm")
    diameter_mm = number(tree, "wafer_diameter_mm")
    if window_mm is None or distance_mm is None or diameter_mm is None:
        return
    low_mm, high_mm = distance_mm - diameter_mm / 2, distance_mm + diameter_mm / 2
    if not low_mm < window_mm < high_mm:
        sheet.fault(
            "endpoint_sensors.window_radius_mm",
            None,
            "the window never passes under the wafer",
            limit=f"{figure(low_mm)}-{figure(high_mm)}",
            unit="mm",
            remedy=f"near {figure(distance_mm)} mm it sees the wafer's centre",
        )


def _check_overhang(tree: Tree, sheet: Sheet) -> None:
    """Refuse a head that leaves the platen: centre distance + sweep + ring outer radius > platen radius."""
    platen, head = table(tree, "platen"), table(tree, "head")
    distance_mm, sweep_mm = number(platen, "center_distance_mm"), number(platen, "sweep_max_mm")
    radius_mm, outer_mm = number(platen, "radius_mm"), number(head, "ring_outer_mm")
    allowed_mm = number(platen, "overhang_allowed_mm") or 0.0
    if distance_mm is None or sweep_mm is None or radius_mm is None or outer_mm is None:
        return
    reach_mm = distance_mm + sweep_mm + outer_mm
    if reach_mm > radius_mm + allowed_mm:
        over_mm = reach_mm - radius_mm
        sum_text = f"{figure(distance_mm)} + {figure(sweep_mm)} + {figure(outer_mm)} = {figure(reach_mm)} mm"
        sheet.fault(
            "platen.center_distance_mm",
            None,
            f"the head overhangs the platen: centre distance + sweep + ring outer radius = {sum_text}",
            limit=f"<= {figure(radius_mm + allowed_mm)}",
            unit="mm",
            remedy=f"bring the head in by {figure(over_mm - allowed_mm)} mm "
            f"or declare overhang_allowed_mm = {figure(over_mm)} or more",
        )
