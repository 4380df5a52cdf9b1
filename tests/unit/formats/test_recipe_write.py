"""Written recipes read back equal, in the forms that were typed."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from planaris.formats import dump_recipe, load_any_recipe
from planaris.model import Band, Recipe, ToolDescription


@pytest.mark.parametrize("name", ["recipe.toml", "cleaner.toml"])
def test_reading_what_was_written_gives_the_same(example: Path, tool_a: ToolDescription, name: str) -> None:
    recipe = load_any_recipe(example / name, tool_a)
    copy = example / "copy.toml"
    copy.write_text(dump_recipe(recipe), encoding="utf-8")
    again = load_any_recipe(copy, tool_a)
    assert again == recipe
    assert {path: again.entered[path] for path in recipe.entered} == dict(recipe.entered)
    assert dump_recipe(again) == dump_recipe(recipe)


def test_psi_stays_psi_to_the_last_digit(example: Path, tool_a: ToolDescription) -> None:
    text = (
        (example / "recipe.toml")
        .read_text(encoding="utf-8")
        .replace("ring_pressure_psi = 5.2", "ring_pressure_psi = 5.20")
    )
    (example / "recipe.toml").write_text(text, encoding="utf-8")
    written = dump_recipe(load_any_recipe(example / "recipe.toml", tool_a))
    assert "ring_pressure_psi = 5.20\n" in written
    assert "zone_pressure_psi = [4.0, 4.0, 4.5]\n" in written
    assert "ring_pressure_kPa" not in written


def test_a_value_changed_since_is_written_in_model_units(example: Path, tool_a: ToolDescription) -> None:
    recipe = load_any_recipe(example / "recipe.toml", tool_a)
    assert isinstance(recipe, Recipe)
    step = replace(
        recipe.steps[0],
        ring_pressure_kPa=36.0,
        zone_pressure_kPa=(28.0, *recipe.steps[0].zone_pressure_kPa[1:]),
        bands=(Band("ring_pressure_kPa", 5.0, 10.0),),
    )
    changed = replace(recipe, steps=(step, *recipe.steps[1:]))
    raw = tomllib.loads(dump_recipe(changed))["steps"][0]
    assert raw["ring_pressure_kPa"] == 36.0
    assert raw["zone_pressure_kPa"] == list(step.zone_pressure_kPa)
    assert "ring_pressure_psi" not in raw
    assert raw["bands"] == [{"quantity": "ring_pressure_kPa", "warn_pct": 5.0, "abort_pct": 10.0, "persist_s": 3.0}]
    copy = example / "copy.toml"
    copy.write_text(dump_recipe(changed), encoding="utf-8")
    assert load_any_recipe(copy, tool_a) == changed
