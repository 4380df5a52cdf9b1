"""Bounds of reference tool B, against the figures of docs/reference/design-values.md worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planaris.formats import load_job, load_tool
from planaris.model import Recipe, SamplingPlan, ToolDescription
from planaris.scheduling import Bound, throughput_bound_units, unit_cycle_s

JOB = load_job(Path(__file__).parents[3] / "examples" / "oxide_ild" / "lot.toml")
TOOL = load_tool("tool_b")
LOT = tuple(range(1, 26))
ONLY_9 = SamplingPlan(dense_slots=())


def recipe_of(*main_s: float, rinse_s: float = 6.0) -> Recipe:
    """Return the example's recipe with these polish times, one for each stage."""
    steps = [
        replace(step, end=replace(step.end, time_s=time_s))
        for stage, polish_s in enumerate(main_s, start=1)
        for step, time_s in zip(JOB.recipe.steps_on(stage), (polish_s, rinse_s), strict=True)
    ]
    return replace(JOB.recipe, steps=tuple(steps))


def bound(recipe: Recipe, tool: ToolDescription = TOOL, *, slots: tuple[int, ...] = LOT) -> Bound:
    return throughput_bound_units(tool, recipe, JOB.cleaner, ONLY_9, slots)


def test_one_step_of_90_s_with_rinse_takes_145_s_a_unit() -> None:
    # Pre-flow 3, touch-down 1, polish 90, rinse 15, lift 1; swings 5 + 5; unload 6, head rinse 10, load 4, chuck 5.
    recipe = recipe_of(90.0, rinse_s=15.0)
    assert unit_cycle_s(TOOL, recipe, 1) == 110.0 + 10.0 + 25.0
    found = bound(recipe)
    assert found.bottleneck == "units"
    assert found.wafers_per_h == pytest.approx(2 * 3600 / 145)


def test_two_stages_add_a_swing_between_tables_and_three_go_back_to_the_first() -> None:
    two, three = recipe_of(40.0, 40.0), recipe_of(40.0, 40.0, 40.0)
    assert unit_cycle_s(TOOL, two, 2) == 2 * 51.0 + (5 + 4 + 5) + 25.0
    assert unit_cycle_s(TOOL, three, 2) == 3 * 51.0 + (5 + 4 + 4 + 5) + 25.0


def test_stages_that_one_table_serves_need_no_swing_between_them() -> None:
    tool = replace(TOOL, route=((1, 3), (2, 4, 1, 3)))
    assert unit_cycle_s(tool, recipe_of(40.0, 40.0), 1) == 2 * 51.0 + 10.0 + 25.0


def test_one_arm_cannot_hide_the_change_behind_the_head_rinse() -> None:
    single = replace(TOOL, wet_robot=replace(TOOL.wet_robot, arms=1, swap_s=0.0))
    # Out 4 + 3 + 4, back 3, in 4 + 3 + 4: 25 s instead of 10 s.
    assert unit_cycle_s(single, recipe_of(90.0), 1) == unit_cycle_s(TOOL, recipe_of(90.0), 1) + 15.0


def test_busy_seconds_of_the_other_resources() -> None:
    busy = bound(recipe_of(90.0)).busy_s
    assert busy["wet_robot"] == 4 + 3 + 6 + 3 + 4 + 3
    assert busy["dry_robot"] == 4 * 8.5  # with two arms no empty move is proved to be needed
    assert (busy["megasonic"], busy["srd"]) == (50.0, 50.0 + 10.0 + 3.0)
    assert busy["metrology"] == 25.0 + 6.0


def test_a_short_recipe_is_capped_by_the_dryer() -> None:
    found = bound(recipe_of(20.0))
    assert (found.bottleneck, found.wafers_per_h) == ("srd", pytest.approx(3600 / 63))


def test_a_route_that_only_one_unit_serves_halves_the_rate() -> None:
    tool = replace(TOOL, route=((1,), (2,)))
    assert bound(recipe_of(90.0), tool).wafers_per_h == pytest.approx(bound(recipe_of(90.0)).wafers_per_h / 2)
    with pytest.raises(ValueError, match="unit 2 of tool tool_b has no platen for stage 1"):
        unit_cycle_s(tool, recipe_of(90.0), 2)


def test_the_makespan_of_one_wafer_is_its_way_and_of_many_the_share_of_a_unit() -> None:
    recipe = recipe_of(90.0, rinse_s=15.0)
    one, many = bound(recipe, slots=(1,)), bound(recipe, slots=LOT)
    # Map 20, to the stage 2 x 8.5 + 6, in 3 + 6 + 9, unit 110 + 10 + 6, out 3 + 6, clean 200, to metrology and home.
    assert one.lot_makespan_s == pytest.approx(20 + 23 + 18 + 126 + 9 + 200 + 2 * 8.5 + 25)
    assert many.lot_makespan_s == pytest.approx(one.lot_makespan_s + 12 * 145)
