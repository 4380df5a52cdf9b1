"""Read a lot with all that it names, and check that the files fit each other and the tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from planaris.formats.lot_file import LotFile, load_lot, named_recipes
from planaris.formats.recipe_file import load_cleaner_recipe, load_recipe, parse_recipe
from planaris.formats.sheet import Sheet, figure
from planaris.formats.tool_file import load_tool
from planaris.model import CleanerRecipe, InputError, InputFault, Lot, Recipe, ToolDescription
from planaris.processes import load_package

_T = TypeVar("_T")
# Looks up what a recipe library has under ``NAME`` or ``NAME@HASH``: text and its name for people. Raises InputError.
FindRecipe = Callable[[str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class JobFiles:
    """A lot, its recipes and the tool it is for. The lot carries the names of its recipes."""

    lot: Lot
    recipe: Recipe
    cleaner: CleanerRecipe
    tool: ToolDescription
    lot_file: LotFile


def load_job(
    lot_path: Path,
    tool: str | Path | None = None,
    find: FindRecipe | None = None,
    instead: Mapping[str, str] = MappingProxyType({}),
) -> JobFiles:
    """Read lot, incoming maps, recipes and tool; `InputError` with every fault of all these files.

    ``tool`` is a bundled name, a path, or None for reference tool A; ``find`` looks recipes up that the lot names by
    the library's name; ``instead`` holds entries ``recipe`` and ``cleaner_recipe`` in place of the lot's own.
    """
    faults: list[InputFault] = []
    description = _attempt(lambda: load_tool(tool), faults, "tool")
    lot_file = _attempt(lambda: load_lot(lot_path, instead), faults, "lot")
    entry, cleaner_entry = named_recipes(lot_path, instead)
    recipe = cleaner = None
    if isinstance(entry, Path):
        recipe = _attempt(lambda: load_recipe(entry, description), faults, entry.name)
    elif entry is not None:
        recipe = _attempt(lambda: _from_library(entry, find, description, Recipe), faults, "recipe")
    if isinstance(cleaner_entry, Path):
        cleaner = _attempt(lambda: load_cleaner_recipe(cleaner_entry, description), faults, cleaner_entry.name)
    elif cleaner_entry is not None:
        kind = CleanerRecipe
        cleaner = _attempt(lambda: _from_library(cleaner_entry, find, description, kind), faults, "cleaner_recipe")
    if description is None or lot_file is None or recipe is None or cleaner is None:
        raise InputError(str(lot_path), tuple(faults))
    if faults:
        raise InputError(str(lot_path), tuple(faults))
    return fit_job(lot_file, recipe, cleaner, description)


def fit_job(lot_file: LotFile, recipe: Recipe, cleaner: CleanerRecipe, tool: ToolDescription) -> JobFiles:
    """Return a lot with the recipes it is to have; `InputError` with every fault where they and the tool do not fit."""
    lot = replace(lot_file.lot, recipe=recipe.name, cleaner_recipe=cleaner.name)
    sheet = Sheet(str(lot_file.path))
    _check_fit(lot, recipe, cleaner, tool, sheet)
    sheet.raise_if_faulty()
    return JobFiles(lot, recipe, cleaner, tool, lot_file)


def _from_library(entry: str, find: FindRecipe | None, tool: ToolDescription | None, kind: type[_T]) -> _T:
    if find is None:
        fault = InputFault(entry, f'"{entry}"', "there is no recipe library here", remedy="name a file")
        raise InputError(entry, (fault,))
    text, source = find(entry)
    recipe = parse_recipe(text, source, tool)
    if not isinstance(recipe, kind):
        wanted = "polish recipe" if kind is Recipe else "cleaner recipe"
        raise InputError(source, (InputFault(entry, f'"{entry}"', f"is no {wanted}", remedy=f"name a {wanted}"),))
    return recipe


def _attempt(load: Callable[[], _T], faults: list[InputFault], label: str) -> _T | None:
    try:
        return load()
    except InputError as error:
        for f in error.faults:
            path = f.path if label == "lot" else f"{label}: {f.path}"
            faults.append(InputFault(path, f.value, f.problem, f.limit, f.unit, f.remedy))
        return None


def _check_fit(lot: Lot, recipe: Recipe, cleaner: CleanerRecipe, tool: ToolDescription, sheet: Sheet) -> None:
    if lot.load_port > tool.load_ports:
        problem = f"unknown module loadport{lot.load_port}"
        legal = ", ".join(f"loadport{n + 1}" for n in range(tool.load_ports))
        sheet.fault("carrier.load_port", str(lot.load_port), problem, limit=legal)
    if cleaner.name != recipe.cleaner_recipe:
        problem = f"the polish recipe {recipe.name} wants cleaner recipe {recipe.cleaner_recipe}"
        sheet.fault("cleaner_recipe", f'"{cleaner.name}"', problem, remedy="name the same recipe in both files")
    if tool.metrology is not None:
        timed = tool.metrology.time_s_by_plan
        for plan in {lot.sampling.default_plan, lot.sampling.dense_plan} - set(timed):
            problem = f"site plan that the metrology of tool {tool.name} has not"
            sheet.fault("sampling", f'"{plan}"', problem, limit=", ".join(timed))
    package = load_package(recipe.process_package)
    known = [film.material for film in package.films]
    for wafer in lot.wafers:
        at = f"wafer {wafer.wafer_id}"
        for layer in wafer.stack.layers[1:]:
            if layer.material not in known:
                problem = f"process package {package.name} has no film {layer.material} below the top one"
                sheet.fault(at, layer.material, problem, limit=", ".join(known), remedy="name a film of the package")
        if wafer.stack.top.material != recipe.film:
            problem = "the top film is not the one the recipe polishes"
            sheet.fault(at, wafer.stack.top.material, problem, limit=recipe.film, remedy="use another recipe or lot")
        if wafer.diameter_mm != tool.wafer_diameter_mm:
            sheet.fault(at, figure(wafer.diameter_mm), "the wafer does not fit the tool", limit="200", unit="mm")
    # A film that lies on another may be cleared: then the target is its own thickness, within the tolerance.
    cleared = {w.wafer_id for w in lot.wafers if len(w.stack.layers) > 1}
    least_nm = recipe.target_removal_nm * (1.0 - 0.01 * recipe.removal_tolerance_pct)
    for incoming in lot.incoming:
        limit_nm = least_nm if incoming.wafer_id in cleared else recipe.target_removal_nm
        if min(incoming.thickness_nm) > limit_nm:
            continue
        value, limit = figure(min(incoming.thickness_nm)), f"> {figure(limit_nm)}"
        problem = "less film than the recipe removes"
        sheet.fault(f"wafer {incoming.wafer_id}", value, problem, limit=limit, unit="nm", remedy="use a thicker film")
