"""Read polish recipes and cleaner recipes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from planaris.formats.document import Tree, parse_toml, read_document, tables
from planaris.formats.edge import Edge, check_schema, to_model_units, validate
from planaris.formats.recipe_check import check_package, check_recipe
from planaris.formats.recipe_edge import RECIPE_SCHEMA, RecipeEdge
from planaris.formats.sheet import Sheet
from planaris.model import CleanerRecipe, CleanerStation, InputError, InputFault, Recipe, ToolDescription

CLEANER_SCHEMA = "planaris/cleaner-recipe/1"
CLEANER_STATIONS = ("megasonic", "brush1", "brush2", "srd")

# Largest recipe: a tool checks what is sent to it between two turns of its control loop [design].
RECIPE_LIMIT_BYTES = 65_536
RECIPE_STEPS_LIMIT_COUNT = 100

_NotNegative = Annotated[float, Field(ge=0)]


class StationEdge(Edge):
    station: str
    time_s: Annotated[float, Field(gt=0)]
    speed_rpm: _NotNegative = 0.0
    power_W: _NotNegative = 0.0
    chemical_flow_ml_min: _NotNegative = 0.0
    di_flow_ml_min: _NotNegative = 0.0


class CleanerEdge(Edge):
    name: str
    version: str
    stations: list[StationEdge] = Field(min_length=1)


def entered_forms(sheet: Sheet) -> Mapping[str, str]:
    """Return what a person typed, number and unit, keyed by model path."""
    return {path: f"{t.text} {t.symbol}" for path, t in sheet.typed.items() if t.symbol and t.text[:1] != "["}


def load_recipe(path: Path, tool: ToolDescription | None) -> Recipe:
    """Read a polish recipe and check it, against ``tool`` too where one is given.

    Raises `InputError` with every fault of the file.
    """
    return _recipe(read_document(path), str(path), tool)


def _recipe(document: Tree, source: str, tool: ToolDescription | None) -> Recipe:
    sheet = Sheet(source)
    steps = document.get("steps")
    if isinstance(steps, list) and len(steps) > RECIPE_STEPS_LIMIT_COUNT:
        sheet.fault("steps", f"({len(steps)} steps)", "are too many", limit=str(RECIPE_STEPS_LIMIT_COUNT))
        sheet.raise_if_faulty()
    tree = to_model_units(check_schema(document, RECIPE_SCHEMA, sheet), RecipeEdge, sheet)
    edge = validate(tree, RecipeEdge, sheet)
    check_recipe(tree, sheet, tool)
    check_package(tree, sheet)
    sheet.raise_if_faulty()
    assert edge is not None  # no fault means pydantic had none
    return edge.to_model(entered_forms(sheet))


def _check_stations(tree: Tree, sheet: Sheet, tool: ToolDescription | None) -> None:
    legal = tool.cleaner.stations if tool else CLEANER_STATIONS
    order: list[int] = []
    seen: set[str] = set()
    for index, entry in tables(tree, "stations"):
        name, path = entry.get("station"), f"stations[{index}].station"
        if not isinstance(name, str):
            continue
        if name not in legal:
            sheet.unknown_name(path, name, "module", legal)
            continue
        if name in seen:
            sheet.fault(path, None, "stands twice", remedy="give each station once")
        elif order and legal.index(name) < order[-1]:
            sheet.fault(path, None, "comes too late; wafers walk one way", limit=", ".join(legal))
        else:
            order.append(legal.index(name))
        seen.add(name)
    if tool is not None and len(seen) < len(legal) and not sheet.faults:
        left_out = ", ".join(name for name in legal if name not in seen)
        sheet.fault("stations", left_out, "is not in the recipe, and wafers walk through every station")


def load_cleaner_recipe(path: Path, tool: ToolDescription | None = None) -> CleanerRecipe:
    """Read a cleaner recipe; `InputError` with every fault of the file."""
    return _cleaner(read_document(path), str(path), tool)


def _cleaner(document: Tree, source: str, tool: ToolDescription | None) -> CleanerRecipe:
    sheet = Sheet(source)
    tree = to_model_units(check_schema(document, CLEANER_SCHEMA, sheet), CleanerEdge, sheet)
    edge = validate(tree, CleanerEdge, sheet)
    _check_stations(tree, sheet, tool)
    sheet.raise_if_faulty()
    assert edge is not None  # no fault means pydantic had none
    stations = tuple(
        CleanerStation(s.station, s.time_s, s.speed_rpm, s.power_W, s.chemical_flow_ml_min, s.di_flow_ml_min)
        for s in edge.stations
    )
    return CleanerRecipe(edge.name, edge.version, stations, entered_forms(sheet))


def load_any_recipe(path: Path, tool: ToolDescription | None) -> Recipe | CleanerRecipe:
    """Read a polish or a cleaner recipe, whichever the file's schema says; `InputError` with every fault."""
    return _any(read_document(path), str(path), tool)


def parse_recipe(text: str, source: str, tool: ToolDescription | None) -> Recipe | CleanerRecipe:
    """Read a polish or a cleaner recipe from its TOML text; ``source`` names it in faults. Raises `InputError`.

    A text longer than `RECIPE_LIMIT_BYTES` is a fault.
    """
    size = len(text.encode(errors="replace"))
    if size > RECIPE_LIMIT_BYTES:
        fault = InputFault("(text)", str(size), "is too long for a recipe", str(RECIPE_LIMIT_BYTES), "bytes")
        raise InputError(source, (fault,))
    return _any(parse_toml(text, source), source, tool)


def _any(document: Tree, source: str, tool: ToolDescription | None) -> Recipe | CleanerRecipe:
    if document.get("schema") == CLEANER_SCHEMA:
        return _cleaner(document, source, tool)
    return _recipe(document, source, tool)
