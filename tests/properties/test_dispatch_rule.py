"""The dispatch rule on any tool times: every wafer comes through, nothing collides, nothing gets stuck."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from dispatch_floor import CLEANER, FloorSimulator, Times
from hypothesis import given, settings
from hypothesis import strategies as st

from planaris.formats import load_job
from planaris.model import SamplingPlan
from planaris.scheduling import Action, Move, next_moves, throughput_bound

JOB = load_job(Path(__file__).parents[2] / "examples" / "oxide_ild" / "lot.toml")
SECONDS = st.floats(0.5, 150.0)
WAFERS = st.integers(1, 25)
# Any platens in any order, each at most once.
ROUTES = st.permutations((1, 2, 3)).flatmap(lambda order: st.integers(1, 3).map(lambda n: tuple(order[:n])))


@st.composite
def times(draw: st.DrawFn) -> Times:
    """Draw all times of a tool."""
    return Times(
        dry_pick=draw(SECONDS),
        dry_place=draw(SECONDS),
        wet_pick=draw(SECONDS),
        wet_place=draw(SECONDS),
        align=draw(SECONDS),
        load=draw(SECONDS),
        unload=draw(SECONDS),
        rinse=draw(SECONDS),
        index=draw(SECONDS),
        exchange=draw(SECONDS),
        measure=draw(SECONDS),
        visit={platen: draw(SECONDS) for platen in (1, 2, 3)},
        clean={station: draw(SECONDS) for station in CLEANER},
    )


@given(WAFERS, times(), st.booleans(), ROUTES, st.lists(st.booleans(), max_size=60).map(tuple))
@settings(deadline=None)
def test_every_wafer_comes_back_to_its_slot_and_nothing_collides_or_gets_stuck(
    wafers_count: int, given_times: Times, metrology: bool, platens: tuple[int, ...], holds: tuple[bool, ...]
) -> None:
    floor = FloorSimulator(wafers_count, given_times, metrology=metrology, platens=platens, holds=holds)
    floor.run()
    assert sorted(floor.finished_s) == sorted(floor.home), f"stuck with {floor.at}, {len(floor.queue)} not begun"
    assert floor.at == {}
    assert floor.polished == frozenset(floor.home)


@given(WAFERS, times(), st.booleans())
@settings(deadline=None)
def test_on_the_straight_route_wafers_come_back_in_the_order_they_left(
    wafers_count: int, given_times: Times, metrology: bool
) -> None:
    floor = FloorSimulator(wafers_count, given_times, metrology=metrology)
    floor.run()
    assert sorted(floor.finished_s, key=lambda w: floor.finished_s[w]) == list(floor.home)


PLACES = ("dry_robot", "wet_robot", "loadcup", "carousel", "aligner", "stage", "metrology", *CLEANER)


@given(WAFERS, times(), st.booleans(), st.sampled_from(PLACES), st.floats(0.0, 3000.0))
@settings(deadline=None)
def test_when_something_goes_down_nothing_collides_and_the_tool_comes_to_rest(
    wafers_count: int, given_times: Times, metrology: bool, place: str, at_s: float
) -> None:
    floor = FloorSimulator(wafers_count, given_times, metrology=metrology, fails=(place, at_s))
    floor.run()
    wafers = Counter([*floor.at.values(), *floor.finished_s, *(floor.slots[s] for s in floor.queue)])
    assert wafers == Counter(dict.fromkeys(floor.home, 1))  # each is at one place, and none is lost


@given(WAFERS, times(), st.booleans())
@settings(deadline=None)
def test_no_schedule_of_the_rule_beats_the_bound(wafers_count: int, given_times: Times, metrology: bool) -> None:
    t = given_times
    pre_flow_s, around_s = 0.0, 0.1
    tool = replace(
        JOB.tool,
        dry_robot=replace(JOB.tool.dry_robot, pick_s=t.dry_pick, place_s=t.dry_place, move_s=0.0, empty_move_s=0.0),
        wet_robot=replace(JOB.tool.wet_robot, pick_s=t.wet_pick, place_s=t.wet_place, move_s=0.0, empty_move_s=0.0),
        aligner_s=t.align,
        carrier_map_s=0.0,
        carousel_index_s=t.index,
        touch_down_s=around_s,
        lift_s=around_s,
        load_cup=replace(JOB.tool.load_cup, unload_s=t.unload, head_rinse_s=t.rinse, load_s=t.load, chuck_s=0.0),
        cleaner=replace(JOB.tool.cleaner, exchange_s=t.exchange),
        metrology=replace(JOB.tool.metrology, time_s_by_plan={"9": t.measure}) if JOB.tool.metrology else None,
    )
    main = {step.platen: step for step in JOB.recipe.steps if step.kind == "polish"}
    steps = tuple(
        replace(main[n], end=replace(main[n].end, time_s=t.visit[n] - 2 * around_s, over_polish_s=0.0))
        for n in (1, 2, 3)
    )
    recipe = replace(JOB.recipe, steps=steps, pre_flow_s=pre_flow_s)
    cleaner = replace(JOB.cleaner, stations=tuple(replace(s, time_s=t.clean[s.station]) for s in JOB.cleaner.stations))
    slots = tuple(range(1, wafers_count + 1))
    bound = throughput_bound(tool, recipe, cleaner, SamplingPlan(dense_slots=()), slots, metrology=metrology)
    floor = FloorSimulator(wafers_count, t, metrology=metrology)
    floor.run()
    assert max(floor.finished_s.values()) >= bound.lot_makespan_s * (1 - 1e-9)


def test_with_the_reference_times_the_rule_comes_near_the_bound() -> None:
    """The plain rule must reach 0.85 of 60 wafers/h, what one dryer allows, counted from the 3rd to the last."""
    floor = FloorSimulator(25, Times())
    floor.run()
    returned = sorted(floor.finished_s.values())
    assert 3600.0 * 22 / (returned[-1] - returned[2]) >= 0.85 * 60.0


# -- the rule's choices, one by one -----------------------------------------------------------------------------


def test_an_empty_tool_wants_the_first_wafer() -> None:
    assert next_moves(FloorSimulator(3, Times()).floor()) == (
        Move(Action.TRANSFER, "dry_robot", "loadport1.01", "aligner"),
    )


def test_a_tool_with_nothing_to_do_wants_nothing() -> None:
    floor = FloorSimulator(1, Times())
    floor.queue.clear()
    assert next_moves(floor.floor()) == ()


@pytest.mark.parametrize("blocked", ["dry_robot", "aligner"])
def test_no_wafer_leaves_its_slot_before_arm_and_place_are_free(blocked: str) -> None:
    floor = FloorSimulator(3, Times())
    floor.at[blocked] = "W3"
    assert next_moves(floor.floor()) == ()


def test_what_is_nearest_its_end_moves_first() -> None:
    floor = FloorSimulator(5, Times())
    floor.queue = ["loadport1.05"]
    floor.at = {"aligner": "W4", "srd": "W2", "metrology": "W1"}
    floor.ready = {"aligner", "srd", "metrology"}
    floor.visits |= {"W1": 3, "W2": 3}
    first = [m for m in next_moves(floor.floor()) if m.resource == "dry_robot"]
    assert first == [Move(Action.TRANSFER, "dry_robot", "metrology", "loadport1.01")]
    del floor.at["metrology"]
    floor.ready.discard("metrology")
    second = [m for m in next_moves(floor.floor()) if m.resource == "dry_robot"]
    assert second == [Move(Action.TRANSFER, "dry_robot", "srd", "metrology")]


def test_the_carousel_waits_for_a_wafer_that_is_on_its_way_and_not_for_one_that_never_comes() -> None:
    floor = FloorSimulator(2, Times())
    floor.queue = []
    floor.at, floor.ready = {"head2": "W1", "stage": "W2"}, {"head2"}
    assert Action.INDEX not in {m.action for m in next_moves(floor.floor())}
    del floor.at["stage"]
    assert [m.action for m in next_moves(floor.floor())] == [Action.INDEX]


def test_a_polished_wafer_is_unloaded_before_the_carousel_turns_again() -> None:
    floor = FloorSimulator(1, Times())
    floor.queue, floor.at, floor.ready, floor.visits = [], {"head1": "W1"}, {"head1"}, {"W1": 3}
    assert next_moves(floor.floor()) == (Move(Action.UNLOAD, "loadcup", "head1", "loadcup"),)
