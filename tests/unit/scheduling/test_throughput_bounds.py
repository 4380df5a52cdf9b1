"""Bounds of reference tool A, against the figures of docs/reference/design-values.md worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planaris.formats import load_job
from planaris.model import SamplingPlan, ToolDescription
from planaris.scheduling import Bound, throughput_bound, visit_s

JOB = load_job(Path(__file__).parents[3] / "examples" / "oxide_ild" / "lot.toml")
# docs/reference/design-values.md counts 3 s for touch-down and ramp together: 3 + 3 + 40 + 6 + 1 = 53 s a platen.
TOOL = replace(JOB.tool, touch_down_s=3.0)
LOT = tuple(range(1, 26))
ONLY_9 = SamplingPlan(dense_slots=())


def bound(
    tool: ToolDescription = TOOL,
    slots: tuple[int, ...] = LOT,
    sampling: SamplingPlan = JOB.lot.sampling,
    *,
    metrology: bool = True,
) -> Bound:
    return throughput_bound(tool, JOB.recipe, JOB.cleaner, sampling, slots, metrology=metrology)


def test_a_platen_takes_53_s_a_wafer_and_the_carousel_58() -> None:
    assert [visit_s(TOOL, JOB.recipe, platen) for platen in (1, 2, 3)] == [53.0, 53.0, 53.0]
    assert bound().busy_s["carousel"] == 58.0


def test_a_platen_without_steps_takes_no_time() -> None:
    recipe = replace(JOB.recipe, steps=JOB.recipe.steps_on(1))
    assert visit_s(TOOL, recipe, 2) == 0.0


def test_overpolish_counts_with_its_step() -> None:
    first = JOB.recipe.steps[0]
    recipe = replace(
        JOB.recipe, steps=(replace(first, end=replace(first.end, over_polish_s=12.0)), *JOB.recipe.steps[1:])
    )
    assert visit_s(TOOL, recipe, 1) == 53.0 + 12.0


def test_busy_seconds_of_the_resources_are_those_of_the_reference() -> None:
    busy = bound().busy_s
    assert busy["dry_robot"] == 4 * 8.5 + 4 * 2 == 42.0
    assert busy["wet_robot"] == 2 * 11 + 2 * 3 == 28.0
    assert (busy["megasonic"], busy["brush1"], busy["brush2"], busy["srd"]) == (50.0, 50.0, 50.0, 60.0)
    assert busy["aligner"] == 6 + 3 + 3
    # 23 wafers at 9 points, two at 49, each put down and taken up again.
    assert busy["metrology"] == pytest.approx((23 * 25 + 2 * 90) / 25 + 6)


def test_the_dryer_caps_the_tool_at_60_wafers_an_hour() -> None:
    found = bound()
    assert (found.bottleneck, found.wafers_per_h, found.includes_metrology) == ("srd", 60.0, True)


def test_with_a_faster_dryer_the_carousel_allows_62() -> None:
    stations = tuple(replace(s, time_s=min(s.time_s, 40.0)) for s in JOB.cleaner.stations)
    found = throughput_bound(TOOL, JOB.recipe, replace(JOB.cleaner, stations=stations), JOB.lot.sampling, LOT)
    assert found.bottleneck == "carousel"
    assert found.wafers_per_h == pytest.approx(62.07, abs=0.005)


def test_the_load_cup_paces_the_carousel_when_platens_are_quick() -> None:
    """Unload 6, out 11, in 11, load 4, chuck 5 by one wet arm, and the turn: 37 + 5 s."""
    steps = tuple(replace(s, end=replace(s.end, time_s=2.0)) for s in JOB.recipe.steps)
    quick = throughput_bound(TOOL, replace(JOB.recipe, steps=steps), JOB.cleaner, ONLY_9, LOT)
    assert quick.busy_s["carousel"] == 42.0


def test_metrology_is_no_hidden_bottleneck_it_is_counted_and_shows_when_it_is_one() -> None:
    every_wafer_at_49 = SamplingPlan(default_plan="49", dense_plan="49")
    found = bound(sampling=every_wafer_at_49)
    assert found.bottleneck == "metrology"
    assert found.wafers_per_h == pytest.approx(3600 / 96)


def test_without_metrology_the_bound_says_so_and_the_dry_robot_makes_one_transfer_less() -> None:
    for found in (bound(metrology=False), bound(replace(TOOL, metrology=None))):
        assert not found.includes_metrology
        assert "metrology" not in found.busy_s
        assert found.busy_s["dry_robot"] == 3 * 8.5 + 3 * 2
        assert found.wafers_per_h == 60.0


def test_makespan_of_the_lot_by_hand() -> None:
    """Before the carousel 20 + 2·8.5 + 6 + 11 + 4 + 5 = 63; carousel and out 3·53 + 4·5 + 6 + 11 = 196; cleaner
    3·40 + 50 + 3·10 = 200; dry again 8.5 + 25 + 8.5 = 42. The dryer adds 24 times 60 s, the carousel 24 times 58."""
    assert bound().lot_makespan_s == pytest.approx(63 + 196 + 200 + 42 + 24 * 60)


def test_a_single_wafer_takes_its_way_and_nothing_more() -> None:
    assert bound(slots=(1,), sampling=ONLY_9).lot_makespan_s == pytest.approx(63 + 196 + 200 + 42)


def test_the_makespan_without_metrology_is_shorter_by_the_map_and_a_transfer() -> None:
    assert bound().lot_makespan_s - bound(metrology=False).lot_makespan_s == pytest.approx(25 + 8.5)
