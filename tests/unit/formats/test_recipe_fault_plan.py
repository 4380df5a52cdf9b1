"""The out-of-control action plan of a recipe file: read, written back, compared, and no part of what limits are for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planaris.formats import content_name, diff_recipes, dump_recipe, load_recipe, load_tool, parse_recipe, recipe_hash
from planaris.model import DEFAULT_ACTIONS, FaultPlan, InputError, OutOfControlAction, PlannedAction, Recipe

EXAMPLES = Path(__file__).parents[3] / "examples"
TOOL = load_tool()
WATCHED = load_recipe(EXAMPLES / "oxide_fault_detection" / "recipe.toml", TOOL)
PLAIN = load_recipe(EXAMPLES / "oxide_ild" / "recipe.toml", TOOL)
# By the version before fault detection.
PLAIN_HASH = "a42a6a3f31c1"
TEXT = (EXAMPLES / "oxide_fault_detection" / "recipe.toml").read_text(encoding="utf-8")


def read(text: str) -> Recipe:
    recipe = parse_recipe(text, "recipe.toml", TOOL)
    assert isinstance(recipe, Recipe)
    return recipe


def test_a_plan_is_read_and_written_back() -> None:
    assert WATCHED.fault_detection is not None
    assert WATCHED.fault_detection.learn_count == 8
    assert WATCHED.fault_detection.actions[1] == PlannedAction("slurry_drop", OutOfControlAction.STOP_PLATEN, 3)
    again = read(dump_recipe(WATCHED))
    assert again == WATCHED
    assert diff_recipes(WATCHED, again) == ()


def test_an_empty_table_has_the_built_in_plan_and_none_has_none() -> None:
    head = TEXT.partition("[[fault_detection.actions]]")[0]
    steps = TEXT[TEXT.index("[[steps]]") :]
    assert read(head + steps).fault_detection == FaultPlan(8, DEFAULT_ACTIONS)
    assert PLAIN.fault_detection is None


def test_recipes_that_do_not_ask_keep_their_hash() -> None:
    # As it was before recipes could ask for fault detection: released ones must stay what they were.
    assert recipe_hash(PLAIN)[:12] == PLAIN_HASH
    assert recipe_hash(WATCHED) != recipe_hash(replace(WATCHED, fault_detection=None))


def test_limits_are_for_what_a_recipe_does_to_a_wafer() -> None:
    other_plan = replace(WATCHED, fault_detection=FaultPlan(30))
    assert content_name(other_plan) == content_name(WATCHED)
    main, *rest = WATCHED.steps
    faster = replace(WATCHED, steps=(replace(main, platen_speed_rpm=95.0), *rest))
    assert content_name(faster) != content_name(WATCHED)
    assert content_name(WATCHED).partition("@")[0] == "oxide_watched"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("learn_count = 8", "learn_count = 2", "fault_detection.learn_count"),
        ('fault = "slurry_drop"', 'fault = "slury_drop"', "fault_detection.actions[0].fault"),
        ('action = "hold_lot"', 'action = "pray"', "fault_detection.actions[0].action"),
        ("after_count = 3", "after_count = 0", "fault_detection.actions[1].after_count"),
    ],
)
def test_what_is_no_plan_is_refused_with_its_place(old: str, new: str, path: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as raised:
        read(TEXT.replace(old, new, 1))
    assert path in [fault.path for fault in raised.value.faults]


def test_a_changed_plan_is_a_difference() -> None:
    assert WATCHED.fault_detection is not None
    changes = diff_recipes(WATCHED, replace(WATCHED, fault_detection=replace(WATCHED.fault_detection, learn_count=30)))
    assert [(c.path, c.before, c.after) for c in changes] == [("fault_detection.learn_count", "8", "30")]
