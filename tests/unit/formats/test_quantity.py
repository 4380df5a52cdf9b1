"""Quantities are shown as a person typed them, and never show a number that no longer holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planaris.formats import leaf_paths, load_recipe, show_quantity, value_at
from planaris.model import Recipe


@pytest.fixture
def recipe(example: Path) -> Recipe:
    text = (example / "recipe.toml").read_text(encoding="utf-8")
    path = example / "r.toml"
    path.write_text(text.replace("[4.0, 4.0, 4.5]", "[3.0, 2.95, 3.10]", 1), encoding="utf-8")
    return load_recipe(path, None)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("steps[0].zone_pressure_kPa[0]", "3.0 psi (20.68 kPa)"),
        ("steps[0].zone_pressure_kPa", "3.0, 2.95, 3.10 psi (20.68, 20.34, 21.37 kPa)"),
        ("steps[0].ring_pressure_kPa", "5.2 psi (35.85 kPa)"),
        ("steps[0].conditioning.downforce_N", "5.0 lbf (22.24 N)"),
        ("steps[1].di_flow_ml_min", "2000 ml/min"),
        ("target_removal_nm", "6000 Å (600 nm)"),
        ("steps[0].platen_temperature_C", "25 °C"),
        ("steps[0].kind", "polish"),
        ("steps[0].platen", "1"),
        ("steps[0].end.over_polish_s", "0 s"),
        ("steps[0].end.removal_nm", ""),
        ("steps[0].bands", ""),
        ("steps[0].conditioning.dwell_ratio", "1, 1, 1, 1, 1"),
    ],
)
def test_shown_as_typed_with_the_models_value_beside(recipe: Recipe, path: str, shown: str) -> None:
    assert show_quantity(recipe, path) == shown


def test_a_value_changed_since_is_shown_and_not_its_old_typed_form(recipe: Recipe) -> None:
    step = replace(recipe.steps[0], ring_pressure_kPa=40.0, zone_pressure_kPa=(20.0, 20.339534, 21.0))
    changed = replace(recipe, steps=(step, *recipe.steps[1:]))
    assert show_quantity(changed, "steps[0].ring_pressure_kPa") == "40 kPa"
    assert show_quantity(changed, "steps[0].zone_pressure_kPa[0]") == "20 kPa"
    assert show_quantity(changed, "steps[1].ring_pressure_kPa") == "1.5 psi (10.34 kPa)"


def test_paths_reach_every_value_once(recipe: Recipe) -> None:
    paths = leaf_paths(recipe)
    assert len(paths) == len(set(paths))
    assert "entered" not in paths
    assert value_at(recipe, "steps[5].end.max_s") == 10.0
    assert {path for path in paths if path.endswith("ring_pressure_kPa")} == {
        f"steps[{i}].ring_pressure_kPa" for i in range(6)
    }


@pytest.mark.parametrize("path", ["steps[9].platen", "steps[0].colour", "colour", "steps[0].platen[0]"])
def test_a_path_to_nothing_is_a_key_error(recipe: Recipe, path: str) -> None:
    with pytest.raises(KeyError):
        show_quantity(recipe, path)
