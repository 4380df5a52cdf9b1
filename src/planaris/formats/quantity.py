"""Show a quantity as a person typed it, with the model's value beside it."""

from __future__ import annotations

import math
import re
from dataclasses import fields, is_dataclass

from planaris.formats.sheet import figure
from planaris.model import ENTRY_UNITS, CleanerRecipe, EntryUnit, Recipe, suffix_of, symbol_of

_PART = re.compile(r"([A-Za-z_]\w*)|\[(\d+)\]")
# A typed text that no longer gives the value has been overtaken, e.g. by run-to-run control.
_SAME_RELATIVE = 1e-9


def value_at(root: object, path: str) -> object:
    """Return the value at ``steps[0].end.time_s``; `KeyError` where there is none."""
    value = root
    for name, index in _PART.findall(path):
        try:
            value = getattr(value, name) if name else value[int(index)]  # type: ignore[index]
        except (AttributeError, IndexError, TypeError):
            raise KeyError(path) from None
    return value


def field_of(path: str) -> str:
    """Return the last field name of a path: ``steps[0].zone_pressure_kPa[1]`` -> ``zone_pressure_kPa``."""
    return [name for name, _ in _PART.findall(path) if name][-1]


def shown_number(value: float) -> str:
    """Return a number to four digits, no fewer than its whole part."""
    if not math.isfinite(value):
        return str(value)
    rounded = value if value == 0 else round(value, max(0, 3 - math.floor(math.log10(abs(value)))))
    return figure(rounded)


def typed_form(recipe: Recipe | CleanerRecipe, path: str) -> tuple[str, EntryUnit | None] | None:
    """Return the typed number and its entry unit, None where nothing was typed or the value has changed since."""
    entered = recipe.entered.get(path)
    value = value_at(recipe, path)
    if entered is None or not isinstance(value, int | float):
        return None
    text, _, symbol = entered.partition(" ")
    suffix = suffix_of(field_of(path))
    unit = next((e for e in ENTRY_UNITS if e.symbol == symbol and e.suffix == suffix), None)
    if unit is None and symbol != symbol_of(field_of(path)):
        return None
    typed = float(text.replace("_", "")) * (unit.factor if unit else 1.0)
    return (text, unit) if math.isclose(typed, value, rel_tol=_SAME_RELATIVE) else None


def show_quantity(recipe: Recipe | CleanerRecipe, path: str) -> str:
    """Return e.g. "3.0 psi (20.68 kPa)": as typed, and the model's value where that has another unit.

    ``path`` is one of `leaf_paths`; a tuple's path shows all its elements. Raises `KeyError` on any other.
    """
    value = value_at(recipe, path)
    symbol = symbol_of(field_of(path)) if suffix_of(field_of(path)) else ""
    if isinstance(value, tuple):
        shown = [_halves(recipe, f"{path}[{i}]", item, symbol) for i, item in enumerate(value)]
        if any(other != shown[0][1] for _, other, _ in shown):
            return ", ".join(_joined(*one) for one in shown)
        typed, kept = ", ".join(one[0] for one in shown), ", ".join(one[2].removesuffix(f" {symbol}") for one in shown)
        return _joined(typed, shown[0][1] if shown else "", f"{kept} {symbol}" if shown and shown[0][2] else "")
    return _joined(*_halves(recipe, path, value, symbol))


def _halves(recipe: Recipe | CleanerRecipe, path: str, value: object, symbol: str) -> tuple[str, str, str]:
    """Return number and unit as typed, then "number unit" of the model or ''."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value), "", ""
    typed = typed_form(recipe, path)
    if typed is None:
        return shown_number(value), symbol, ""
    text, unit = typed
    return (text, unit.symbol, f"{shown_number(value)} {symbol}") if unit else (text, symbol, "")


def _joined(text: str, symbol: str, kept: str) -> str:
    shown = f"{text} {symbol}".rstrip()
    return f"{shown} ({kept})" if kept else shown


def leaf_paths(root: object, prefix: str = "") -> list[str]:
    """Return the paths of all values of a recipe in file order; a tuple of plain values is one."""
    if is_dataclass(root):
        names = [f.name for f in fields(root) if f.name != "entered"]
        return [p for name in names for p in leaf_paths(getattr(root, name), f"{prefix}.{name}" if prefix else name)]
    if isinstance(root, tuple) and root and is_dataclass(root[0]):
        return [path for index, item in enumerate(root) for path in leaf_paths(item, f"{prefix}[{index}]")]
    return [prefix]
