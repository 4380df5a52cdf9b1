"""Write recipes as TOML, each number in the form it was typed."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

import tomlkit
from tomlkit.items import AoT, Item, Table

from planaris.formats.quantity import typed_form
from planaris.formats.recipe_edge import RECIPE_SCHEMA
from planaris.formats.recipe_file import CLEANER_SCHEMA
from planaris.model import CleanerRecipe, EntryUnit, Recipe


def dump_recipe(recipe: Recipe | CleanerRecipe) -> str:
    """Return a recipe as TOML; reading it gives an equal recipe with the same typed forms."""
    document = tomlkit.document()
    document.add("schema", tomlkit.item(RECIPE_SCHEMA if isinstance(recipe, Recipe) else CLEANER_SCHEMA))
    _fill(document, recipe, recipe, "")
    return tomlkit.dumps(document)


def _fill(table: Any, recipe: Recipe | CleanerRecipe, part: Any, prefix: str) -> None:
    later: list[tuple[str, Item]] = []
    for spec in fields(part):
        name, value = spec.name, getattr(part, spec.name)
        path = prefix + name
        if name == "entered" or value is None or (value == () and spec.default is not MISSING):
            continue
        if is_dataclass(value):
            later.append((name, _table(recipe, value, f"{path}.")))
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            later.append((name, AoT([_table(recipe, item, f"{path}[{i}].") for i, item in enumerate(value)])))
        else:
            key, item = _entry(recipe, path, name, value)
            table.add(key, item)
    for name, item in later:  # TOML wants plain keys before tables
        table.add(name, item)


def _table(recipe: Recipe | CleanerRecipe, part: object, prefix: str) -> Table:
    table = tomlkit.table()
    _fill(table, recipe, part, prefix)
    return table


def _key(name: str, unit: EntryUnit | None) -> str:
    return name.removesuffix(unit.suffix) + unit.entered_suffix if unit else name


def _entry(recipe: Recipe | CleanerRecipe, path: str, name: str, value: Any) -> tuple[str, Item]:
    """Return key and value, in the typed form where it still holds."""
    if isinstance(value, tuple):
        forms = [typed_form(recipe, f"{path}[{i}]") for i in range(len(value))]
        units = {form[1] for form in forms if form}
        if all(forms) and len(units) == 1:
            text = "[" + ", ".join(form[0] for form in forms if form) + "]"
            return _key(name, units.pop()), tomlkit.value(text)
        return name, tomlkit.item(list(value))
    form = typed_form(recipe, path) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if form:
        return _key(name, form[1]), tomlkit.value(form[0])
    return name, tomlkit.item(value.value if isinstance(value, Enum) else value)
