"""A recipe's identity is its meaning: units typed and labels do not count, every value does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planaris.formats import load_cleaner_recipe, load_recipe, parse_recipe, recipe_hash
from planaris.model import InputError, Recipe

EXAMPLE = Path("examples/oxide_ild")


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe(EXAMPLE / "recipe.toml", None)


def test_what_was_typed_and_the_label_do_not_count(recipe: Recipe) -> None:
    relabelled = replace(recipe, version="77", entered={})
    assert recipe_hash(relabelled) == recipe_hash(recipe)


def test_the_same_pressure_in_another_unit_is_the_same_recipe(recipe: Recipe) -> None:
    text = (EXAMPLE / "recipe.toml").read_text(encoding="utf-8")
    assert "ring_pressure_psi = 5.2" in text
    other = parse_recipe(text.replace("ring_pressure_psi = 5.2", "ring_pressure_kPa = 35.8527379"), "kPa", None)
    assert recipe_hash(other) == recipe_hash(recipe)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"target_removal_nm": 600.001},
        {"pre_flow_s": 3.5},
        {"cleaner_recipe": "x"},
        {"wiwnu_limit_pct": 4.0},
    ],
    ids=lambda c: next(iter(c)),
)
def test_every_value_counts(recipe: Recipe, change: dict[str, object]) -> None:
    assert recipe_hash(replace(recipe, **change)) != recipe_hash(recipe)  # pyright: ignore[reportArgumentType]


def test_a_step_changed_or_moved_is_another_recipe(recipe: Recipe) -> None:
    faster = replace(recipe.steps[0], platen_speed_rpm=recipe.steps[0].platen_speed_rpm + 1e-3)
    found = {
        recipe_hash(recipe),
        recipe_hash(replace(recipe, steps=(faster, *recipe.steps[1:]))),
        recipe_hash(replace(recipe, steps=recipe.steps[::-1])),
    }
    assert len(found) == 3


def test_a_cleaner_recipe_has_an_identity_of_its_own(recipe: Recipe) -> None:
    assert recipe_hash(load_cleaner_recipe(EXAMPLE / "cleaner.toml")) != recipe_hash(recipe)


def test_a_text_with_faults_tells_them_under_its_name() -> None:
    with pytest.raises(InputError) as caught:
        parse_recipe('schema = "planaris/recipe/1"\nname = 3', "typed", None)
    assert caught.value.source == "typed"
    assert len(caught.value.faults) > 1
