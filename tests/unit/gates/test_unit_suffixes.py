"""A number's unit is the suffix of its name; one table lists the legal suffixes."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Iterator

import pytest

import planaris.model
from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.model import ENTRY_UNITS, UNIT_SUFFIXES, suffix_of, symbol_of
from planaris.stream import ALL_EVENTS

# Numbers whose unit cannot stand in the name, each with why.
WITHOUT_SUFFIX = {
    "EntryUnit.factor": "its unit is that of the two suffixes beside it",
    "Range.minimum": "its unit is that of the parameter it bounds",
    "Range.maximum": "its unit is that of the parameter it bounds",
    "MetrologyDescription.time_s_by_plan": "a table; the unit stands before what it is keyed by",
    "ToolDescription.consumable_limits": "a table; each key carries its unit",
    "FeaturesTaken.feature_values": "each feature's name carries its unit",
    "RemovalEstimated.feature_values": "each feature's name carries its unit",
    "Block.values": "an array; each tag carries its unit",
}


def holds_floats(kind: object) -> bool:
    """Say whether a type is float or is made of floats (optional, tuple, mapping, array)."""
    if kind is float or "floating" in str(kind) or "float64" in str(kind) or "float32" in str(kind):
        return True
    return any(holds_floats(part) for part in typing.get_args(kind))


def model_classes() -> Iterator[type]:
    for found in pkgutil.iter_modules(planaris.model.__path__):
        module = importlib.import_module(f"planaris.model.{found.name}")
        for thing in vars(module).values():
            if isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__module__ == module.__name__:
                yield thing


CLASSES = sorted({*model_classes(), *ALL_EVENTS}, key=lambda c: c.__name__)


def float_fields(owner: type) -> list[str]:
    hints = typing.get_type_hints(owner)
    return [f.name for f in dataclasses.fields(owner) if holds_floats(hints[f.name])]


@pytest.mark.parametrize("owner", CLASSES)
def test_every_number_carries_its_unit(owner: type) -> None:
    wanting = [name for name in float_fields(owner) if suffix_of(name) is None]
    assert not [name for name in wanting if f"{owner.__name__}.{name}" not in WITHOUT_SUFFIX]


def test_the_exceptions_exist_and_are_needed() -> None:
    bare = {f"{owner.__name__}.{name}" for owner in CLASSES for name in float_fields(owner) if suffix_of(name) is None}
    assert set(WITHOUT_SUFFIX) == bare


def test_every_legal_suffix_has_a_symbol_and_a_meaning() -> None:
    from planaris.model.units import SYMBOLS

    assert set(SYMBOLS) == set(UNIT_SUFFIXES)
    assert all(UNIT_SUFFIXES.values())


def test_entered_units_lead_to_legal_ones() -> None:
    assert {unit.suffix for unit in ENTRY_UNITS} <= set(UNIT_SUFFIXES)
    assert [symbol_of("ring_pressure_kPa"), symbol_of("removal_nm"), symbol_of("slot")] == ["kPa", "nm", ""]


@pytest.mark.parametrize(
    ("kind", "expected"), [(float, True), (float | None, True), (tuple[float, ...], True), (int, False)]
)
def test_floats_are_found_inside_other_types(kind: object, expected: bool) -> None:
    assert holds_floats(kind) is expected


DICTIONARY = build(load_tool())


def test_every_number_of_the_dictionary_carries_its_unit() -> None:
    floats = [(v.name, v.template.unitless) for v in DICTIONARY.variables if v.dtype == "float"]
    floats += [(c.name, False) for c in DICTIONARY.constants if c.dtype == "float"]
    floats += [
        (f"{c.name}: {p.name}", p.unitless) for c in DICTIONARY.commands for p in c.parameters if p.dtype == "float"
    ]
    assert len(floats) > 100
    assert not [name for name, unitless in floats if not unitless and suffix_of(name) is None]
    # Only these have none: the unit of a device command's arguments is that of the verb, a fault's that of the fault,
    # values of features have those of the features' names,
    # and readings of window sensors are relative to full scale.
    relative = (".spectrum", ".laser_reflectance", ".laser2_reflectance", ".eddy_resistive", ".eddy_reactive")
    excused = (".cmd.arg1", ".cmd.arg2", "world.inject_fault: magnitude", "feature_values", *relative)
    assert not [name for name, unitless in floats if unitless and not name.endswith(excused)]
