"""The identity of a recipe's content: equal meaning, equal hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from planaris.model import CleanerRecipe, Recipe

# Digits of a number that count: 3.0 psi and its value in kPa, typed to ten digits, are one value.
_DIGITS = 9
# Not content: what a person typed, and the label a person gave the version.
_NOT_CONTENT = frozenset({"entered", "version"})
SHORT_HASH_LENGTH = 12
# Fields that joined after recipes had been released: left out while they say nothing, so that those stay the same.
_JOINED = frozenset(
    {
        "over_polish_nm", "combine", "detectors", "zone_control", "fault_detection", "run_to_run", "virtual_metrology",
        "reliance_limit_ratio",
    }
)  # fmt: skip
# What stood in their place then, in every recipe.
_LEFT = MappingProxyType({"StepEnd": {"detector": None}})


def recipe_hash(recipe: Recipe | CleanerRecipe) -> str:
    """Return SHA-256, in hexadecimal digits, of a recipe's values; units typed and version label do not count."""
    text = json.dumps({"sort": type(recipe).__name__, **_canonical_fields(recipe)}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=256)
def content_name(recipe: Recipe) -> str:
    """Return ``NAME@HASH`` of what a recipe does to a wafer: how faults are looked for does not count.

    Nor do times and zone pressures where run-to-run control moves them from wafer to wafer.
    """
    bare = replace(recipe, fault_detection=None)
    if recipe.run_to_run is not None:
        steps = tuple(replace(s, end=replace(s.end, time_s=0.0), zone_pressure_kPa=()) for s in recipe.steps)
        bare = replace(bare, steps=steps)
    return f"{recipe.name}@{recipe_hash(bare)[:SHORT_HASH_LENGTH]}"


def _canonical_fields(part: object) -> dict[str, object]:
    found: dict[str, object] = dict(_LEFT.get(type(part).__name__, {}))
    for spec in fields(part):  # pyright: ignore[reportArgumentType]
        value = getattr(part, spec.name)
        if spec.name in _NOT_CONTENT or (spec.name in _JOINED and value == spec.default):
            continue
        found[spec.name] = _canonical(value)
    return found


def _canonical(value: object) -> object:
    if is_dataclass(value):
        return _canonical_fields(value)
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float):
        return f"{value:.{_DIGITS - 1}e}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{float(value):.{_DIGITS - 1}e}"
    return value
