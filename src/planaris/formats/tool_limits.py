"""The two tables of a tool description whose keys are data: parameter ranges and consumable limits."""

from __future__ import annotations

from planaris.formats.document import Tree, is_number, typed_text
from planaris.formats.edge import entry_forms, quantity_paths
from planaris.formats.recipe_edge import RecipeEdge, StepEdge
from planaris.formats.sheet import Sheet, nearest
from planaris.model import Range

# What a tool can hold a consumable to.
CONSUMABLE_LIMITS = (
    "pad_life_wafers_count",
    "disk_life_h",
    "ring_life_wafers_count",
    "membrane_life_wafers_count",
    "brush_life_wafers_count",
    "slurry_life_h",
    "filter_life_wafers_count",
    "filter_drop_kPa",
    "warn_fraction",
)


def _parameters() -> dict[str, tuple[str, float]]:
    """Return each key a range may be given under, with its model name and factor."""
    recipe_level = [p for p in quantity_paths(RecipeEdge) if "." not in p]
    legal: dict[str, tuple[str, float]] = {}
    for name in (*quantity_paths(StepEdge), *recipe_level):
        legal[name] = (name, 1.0)
        head, dot, leaf = name.rpartition(".")
        for typed, unit in entry_forms(leaf).items():
            legal.setdefault(head + dot + typed, (name, unit.factor))
    return legal


def _flatten(tree: Tree, prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def read_ranges(raw: object, sheet: Sheet) -> tuple[Range, ...]:
    """Return the ranges of ``[ranges]``: recipe parameter = [minimum, maximum]; faults go to ``sheet``."""
    if not isinstance(raw, dict):
        sheet.fault("ranges", typed_text(raw) if raw is not None else None, "must be a table of parameter ranges")
        return ()
    legal = _parameters()
    ranges: dict[str, Range] = {}
    for key, value in _flatten(raw).items():
        path = f"ranges.{key}"
        if key not in legal:
            sheet.fault(path, typed_text(value), "unknown recipe parameter", remedy=nearest(key, list(legal)))
            continue
        name, factor = legal[key]
        if name in ranges:
            sheet.fault(path, typed_text(value), "given twice", remedy="keep one of them")
        elif not isinstance(value, list) or len(value) != 2 or not all(is_number(v) for v in value):
            sheet.fault(path, typed_text(value), "must be two numbers", remedy="[minimum, maximum]")
        elif not value[0] <= value[1]:
            sheet.fault(path, typed_text(value), "begins after its end", remedy="[minimum, maximum]")
        else:
            ranges[name] = Range(name, float(value[0]) * factor, float(value[1]) * factor)
    return tuple(ranges.values())


def read_consumable_limits(raw: object, sheet: Sheet) -> dict[str, float]:
    """Return ``[consumable_limits]``; faults go to ``sheet``."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        sheet.fault("consumable_limits", typed_text(raw), "must be a table")
        return {}
    limits: dict[str, float] = {}
    for key, value in raw.items():
        path = f"consumable_limits.{key}"
        if key not in CONSUMABLE_LIMITS:
            sheet.fault(path, typed_text(value), "unknown limit", remedy=nearest(key, CONSUMABLE_LIMITS))
        elif not is_number(value) or not 0 < value < float("inf"):
            sheet.fault(path, typed_text(value), "must be a number above 0")
        else:
            limits[key] = float(value)
    return limits
