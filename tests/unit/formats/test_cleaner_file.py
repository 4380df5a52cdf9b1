"""Cleaner recipes: stations that exist, once each, in the order wafers walk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from planaris.formats import load_cleaner_recipe
from planaris.model import InputFault, ToolDescription

Edit = Callable[..., Path]
FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]


def test_example_is_megasonic_two_brushes_and_dryer(example: Path, tool_a: ToolDescription) -> None:
    recipe = load_cleaner_recipe(example / "cleaner.toml", tool_a)
    stations = [(s.station, s.time_s) for s in recipe.stations]
    assert stations == [("megasonic", 40.0), ("brush1", 40.0), ("brush2", 40.0), ("srd", 50.0)]
    assert recipe.stations[3].speed_rpm == 2800.0


def test_minutes_are_read_as_typed(edit: Edit, tool_a: ToolDescription) -> None:
    recipe = load_cleaner_recipe(edit("cleaner.toml", ("time_s = 50", "time_min = 1.5")), tool_a)
    assert recipe.stations[3].time_s == 90.0
    assert recipe.entered["stations[3].time_s"] == "1.5 min"


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ('"brush2"', '"brush3"', "stations[2].station", "unknown module"),
        ('"brush2"', '"brush1"', "stations[2].station", "stands twice"),
        ('"megasonic"', '"srd"', "stations[1].station", "comes too late"),
        ("time_s = 40", "time_s = 0", "stations[0].time_s", "out of range"),
        ("power_W = 40", "power_kW = 40", "stations[0].power_kW", "unknown key"),
    ],
)
def test_one_fault(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf, *, old: str, new: str, path: str, problem: str
) -> None:
    file = edit("cleaner.toml", (old, new))
    faults = faults_of(lambda: load_cleaner_recipe(file, tool_a))
    assert path in faults
    assert problem in faults[path].problem


def test_unknown_module_names_the_nearest(edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf) -> None:
    file = edit("cleaner.toml", ('"megasonic"', '"megasonik"'))
    fault = faults_of(lambda: load_cleaner_recipe(file, tool_a))["stations[0].station"]
    assert fault.remedy == "did you mean megasonic?"
    assert fault.limit == "megasonic, brush1, brush2, srd"


def test_a_station_left_out_is_refused_because_wafers_walk_through_all(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf
) -> None:
    file = edit(
        "cleaner.toml", ('[[stations]]\nstation = "srd"\ntime_s = 50\nspeed_rpm = 2800\ndi_flow_ml_min = 800', "")
    )
    assert faults_of(lambda: load_cleaner_recipe(file, tool_a))["stations"].value == "srd"
