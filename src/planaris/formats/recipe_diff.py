"""What differs between two recipes: meaning, not text."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any

from planaris.formats.quantity import show_quantity
from planaris.model import CleanerRecipe, Recipe

AnyRecipe = Recipe | CleanerRecipe

# Values this near are one value typed in two units.
_SAME_RELATIVE = 1e-9

# What a part of a list is known by, so that an inserted step is one change and not twenty.
_KNOWN_BY = {
    "steps": "name",
    "stations": "station",
    "bands": "quantity",
    "detectors": "detector",
    "times": "step",
    "pressures": "step",
    "actions": "fault",
}


class ChangeKind(StrEnum):
    """How two recipes differ at a path."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class RecipeChange:
    """One difference; both sides as a person typed them, '' where a side has nothing."""

    path: str
    kind: ChangeKind
    before: str
    after: str


def diff_recipes(before: AnyRecipe, after: AnyRecipe) -> tuple[RecipeChange, ...]:
    """Return what differs, path by path, steps matched by name.

    The same value typed in another unit is no difference. Raises `TypeError` for recipes of different sorts.
    """
    if type(before) is not type(after):
        raise TypeError("a polish recipe and a cleaner recipe have nothing to compare")
    changes: list[RecipeChange] = []
    _Comparison(before, after, changes).compare(before, after, "", "", "")
    return tuple(changes)


@dataclass(frozen=True, slots=True)
class _Comparison:
    before: AnyRecipe
    after: AnyRecipe
    changes: list[RecipeChange]

    def compare(self, a: Any, b: Any, path: str, at_a: str, at_b: str) -> None:
        """Compare two parts; ``path`` names steps, ``at_a`` and ``at_b`` count them."""
        if is_dataclass(a) and is_dataclass(b):
            for spec in fields(a):
                if spec.name != "entered":
                    inner = [f"{p}.{spec.name}" if p else spec.name for p in (path, at_a, at_b)]
                    self.compare(getattr(a, spec.name), getattr(b, spec.name), inner[0], inner[1], inner[2])
        elif isinstance(a, tuple) and isinstance(b, tuple) and any(is_dataclass(x) for x in (*a, *b)):
            self._compare_lists(a, b, path, at_a, at_b)
        elif is_dataclass(a) or is_dataclass(b):  # the other side has none
            kind = ChangeKind.REMOVED if b is None else ChangeKind.ADDED
            self.changes.append(RecipeChange(path, kind, _told(a), _told(b)))
        elif not _same(a, b):
            shown = show_quantity(self.before, at_a), show_quantity(self.after, at_b)
            kind = ChangeKind.ADDED if a is None else ChangeKind.REMOVED if b is None else ChangeKind.CHANGED
            self.changes.append(RecipeChange(path, kind, *shown))

    def _compare_lists(self, a: tuple[Any, ...], b: tuple[Any, ...], path: str, at_a: str, at_b: str) -> None:
        name = _KNOWN_BY[path.rpartition(".")[2]]
        keys_a, keys_b = [str(getattr(x, name)) for x in a], [str(getattr(x, name)) for x in b]
        if len(set(keys_a)) < len(keys_a) or len(set(keys_b)) < len(keys_b):
            keys_a, keys_b = [str(i) for i in range(len(a))], [str(i) for i in range(len(b))]
        for key in keys_a:
            if key not in keys_b:
                self.changes.append(RecipeChange(f"{path}[{key}]", ChangeKind.REMOVED, key, ""))
        for key in keys_b:
            if key not in keys_a:
                self.changes.append(RecipeChange(f"{path}[{key}]", ChangeKind.ADDED, "", key))
        common_a, common_b = [k for k in keys_a if k in keys_b], [k for k in keys_b if k in keys_a]
        if common_a != common_b:
            self.changes.append(RecipeChange(path, ChangeKind.REORDERED, ", ".join(common_a), ", ".join(common_b)))
        for key in common_a:
            i, j = keys_a.index(key), keys_b.index(key)
            self.compare(a[i], b[j], f"{path}[{key}]", f"{at_a}[{i}]", f"{at_b}[{j}]")


def _told(part: Any) -> str:
    """Return a part that only one side has in a line: what it says besides its defaults."""
    if part is None:
        return ""
    said: list[str] = []
    for spec in fields(part):
        value = getattr(part, spec.name)
        if value in (None, ()) or value == spec.default:
            continue
        if isinstance(value, tuple):
            name = _KNOWN_BY.get(spec.name, "")
            value = ", ".join(str(getattr(item, name, item)) for item in value)  # pyright: ignore[reportUnknownVariableType]
        said.append(f"{spec.name} {value}")
    return "; ".join(said)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=_SAME_RELATIVE)
    return bool(a == b)
