"""A step that ends by endpoint: what is read, what it says when it is wrong, and that it survives writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from planaris.formats import diff_recipes, dump_recipe, load_recipe, recipe_hash
from planaris.model import (
    Combine,
    DetectorKind,
    DetectorSetting,
    InputFault,
    Recipe,
    ToolDescription,
    ZoneControl,
)

Edit = Callable[..., Path]
FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]
BY_TIME = 'end = { kind = "time", time_s = 40, min_s = 30, max_s = 60 }'
# Every recipe of the first release kept its identity when endpoint came: the hash that the documentation shows.
EXAMPLE_HASH = "a42a6a3f31c1"


def ends(detectors: str, more: str = "") -> tuple[str, str]:
    """Return the edit that lets the first step end by detectors."""
    return (
        BY_TIME,
        f'end = {{ kind = "endpoint", time_s = 40, min_s = 30, max_s = 60{more}, detectors = [{detectors}] }}',
    )


SPECTRUM = '{ detector = "spectrum", target_A = 9000 }'
ZONES = "ramp_s = 2", "ramp_s = 2\nzone_control = { min_ratio = 0.8, max_ratio = 1.2, max_step_psi = 0.1 }"


def read(edit: Edit, tool_a: ToolDescription, *changes: tuple[str, str]) -> Recipe:
    return load_recipe(edit("recipe.toml", *changes), tool_a)


def test_detectors_are_read_with_typed_units(edit: Edit, tool_a: ToolDescription) -> None:
    friction = '{ detector = "friction", step_pct = -20 }'
    recipe = read(edit, tool_a, ends(f"{SPECTRUM}, {friction}", ', combine = "all", over_polish_A = 50'), ZONES)
    end = recipe.steps[0].end
    assert end.detectors == (
        DetectorSetting(DetectorKind.SPECTRUM, target_nm=900.0),
        DetectorSetting(DetectorKind.FRICTION, step_pct=-20),
    )
    assert (end.combine, end.over_polish_nm) == (Combine.ALL, 5.0)
    assert recipe.entered["steps[0].end.detectors[0].target_nm"] == "9000 Å"
    assert recipe.steps[0].zone_control == ZoneControl(0.8, 1.2, 0.1 * 6.894757293168, 2.0)


def test_what_was_written_reads_back_the_same(edit: Edit, tool_a: ToolDescription, tmp_path: Path) -> None:
    recipe = read(edit, tool_a, ends(SPECTRUM), ZONES)
    path = tmp_path / "again.toml"
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(path, tool_a) == recipe
    assert "target_A = 9000" in dump_recipe(recipe)


def test_all_faults_of_an_endpoint_are_told_at_once(edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf) -> None:
    detectors = (
        '{ detector = "spectrum", step_pct = 4 }, { detector = "friction", source = "torqe_Nm", step_pct = 1 }, '
        '{ detector = "slope", source = "torque_Nm", steep_per_s = 0 }, { detector = "time", time_s = 90 }'
    )
    faults = faults_of(lambda: read(edit, tool_a, ends(detectors)))
    at = "steps[0].end.detectors"
    assert {path: fault.problem for path, fault in faults.items()} == {
        f"{at}[0].target_nm": "is missing for spectrum",
        f"{at}[0].step_pct": "means nothing to spectrum",
        f"{at}[1].source": "unknown signal for friction",
        f"{at}[1].step_pct": "is too small to be told from drift",
        f"{at}[2].level_per_s": "is missing for slope",
        f"{at}[2].steep_per_s": "says neither rise nor fall",
        f"{at}[3].time_s": "comes after the latest end",
    }
    assert faults[f"{at}[1].source"].remedy == "did you mean torque_Nm?"
    assert faults[f"{at}[3].time_s"].limit == "<= 60"


@pytest.mark.parametrize(
    ("change", "path", "problem"),
    [
        (ends('{ detector = "spectrm", target_nm = 900 }'), "detectors[0].detector", "unknown choice"),
        (ends(SPECTRUM, ', combine = "after"'), "combine", "needs two detectors"),
        (ends('{ detector = "friction" }', ", over_polish_nm = 5"), "over_polish_nm", "no detector of the step sees"),
        (ends(SPECTRUM, ", over_polish_nm = 5, over_polish_s = 2"), "over_polish_nm", "as time and as removal"),
        ((BY_TIME, f"{BY_TIME[:-2]}, detectors = [{SPECTRUM}] }}"), "detectors", "the step ends by time"),
        (
            (BY_TIME, f'end = {{ kind = "endpoint", time_s = 40, min_s = 40, max_s = 40, detectors = [{SPECTRUM}] }}'),
            "max_s",
            "no time between earliest and latest",
        ),
    ],
)
def test_one_fault_of_an_endpoint(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf, *, change: tuple[str, str], path: str, problem: str
) -> None:
    faults = faults_of(lambda: read(edit, tool_a, change))
    assert list(faults) == [f"steps[0].end.{path}"]
    assert problem in faults[f"steps[0].end.{path}"].problem


def test_a_changed_target_is_one_difference_and_another_hash(edit: Edit, tool_a: ToolDescription) -> None:
    recipe = read(edit, tool_a, ends(SPECTRUM))
    step = recipe.steps[0]
    deeper = replace(step.end, detectors=(replace(step.end.detectors[0], target_nm=850.0),))
    other = replace(recipe, steps=(replace(step, end=deeper), *recipe.steps[1:]))
    [change] = diff_recipes(recipe, other)
    assert change.path == "steps[P1 main].end.detectors[spectrum].target_nm"
    assert recipe_hash(other) != recipe_hash(recipe)


def test_recipes_without_endpoint_keep_their_hash(example: Path, tool_a: ToolDescription) -> None:
    assert recipe_hash(load_recipe(example / "recipe.toml", tool_a)).startswith(EXAMPLE_HASH)
