"""The difference of two recipes is one of meaning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from planaris.formats import ChangeKind, RecipeChange, diff_recipes, load_any_recipe, load_recipe
from planaris.model import Recipe

Edit = Callable[..., Path]


@pytest.fixture
def before(example: Path) -> Recipe:
    return load_recipe(example / "recipe.toml", None)


def test_a_changed_value_shows_both_typed_forms(before: Recipe, edit: Edit) -> None:
    after = load_recipe(edit("recipe.toml", ("ring_pressure_psi = 5.2", "ring_pressure_kPa = 36")), None)
    assert diff_recipes(before, after) == (
        RecipeChange("steps[P1 main].ring_pressure_kPa", ChangeKind.CHANGED, "5.2 psi (35.85 kPa)", "36 kPa"),
    )


def test_the_same_value_in_another_unit_or_spelling_is_no_difference(before: Recipe, edit: Edit) -> None:
    path = edit(
        "recipe.toml",
        ("target_removal_A = 6000", "target_removal_nm = 600.0"),
        ("platen_speed_rpm = 93", "platen_speed_rpm = 93.00"),
        ("back_pressure_psi = 0", ""),
        ("ring_pressure_psi = 5.2", "ring_pressure_kPa = 35.8527379244736"),
    )
    assert diff_recipes(before, load_recipe(path, None)) == ()


def test_an_inserted_step_is_one_change_and_not_twenty(before: Recipe, edit: Edit, example: Path) -> None:
    text = (example / "recipe.toml").read_text(encoding="utf-8")
    start, end = text.index('[[steps]]\nname = "P1 rinse"'), text.index('[[steps]]\nname = "P2 main"')
    buff = text[start:end].replace("P1 rinse", "P1 buff").replace('"rinse"', '"buff"')
    (example / "recipe.toml").write_text(text[:start] + buff + text[start:], encoding="utf-8")
    changes = diff_recipes(before, load_recipe(example / "recipe.toml", None))
    assert changes == (RecipeChange("steps[P1 buff]", ChangeKind.ADDED, "", "P1 buff"),)
    back = diff_recipes(load_recipe(example / "recipe.toml", None), before)
    assert back == (RecipeChange("steps[P1 buff]", ChangeKind.REMOVED, "P1 buff", ""),)


def test_steps_in_another_order_are_said_to_be(before: Recipe, edit: Edit) -> None:
    path = edit("recipe.toml", ('"P1 main"', '"x"'), ('"P1 rinse"', '"P1 main"'), ('"x"', '"P1 rinse"'))
    kinds = {change.path: change.kind for change in diff_recipes(before, load_recipe(path, None))}
    assert kinds["steps"] is ChangeKind.REORDERED
    assert kinds["steps[P1 main].end.time_s"] is ChangeKind.CHANGED


def test_what_only_one_side_has_is_added_or_removed(before: Recipe, edit: Edit) -> None:
    after = load_recipe(
        edit("recipe.toml", ('kind = "time", time_s', 'kind = "removal", removal_A = 2000, time_s')), None
    )
    assert [(c.path, c.kind, c.before, c.after) for c in diff_recipes(before, after)] == [
        ("steps[P1 main].end.kind", ChangeKind.CHANGED, "time", "removal"),
        ("steps[P1 main].end.removal_nm", ChangeKind.ADDED, "", "2000 Å (200 nm)"),
    ]


def test_cleaner_recipes_are_matched_by_station(example: Path, edit: Edit) -> None:
    before = load_any_recipe(example / "cleaner.toml", None)
    after = load_any_recipe(edit("cleaner.toml", ("speed_rpm = 2800", "speed_rpm = 3000")), None)
    assert [c.path for c in diff_recipes(before, after)] == ["stations[srd].speed_rpm"]


def test_recipes_of_different_sorts_do_not_compare(before: Recipe, example: Path) -> None:
    with pytest.raises(TypeError, match="nothing to compare"):
        diff_recipes(before, load_any_recipe(example / "cleaner.toml", None))
