"""Pacing: when a wafer gets into the line after the polish, and when the carousel may turn, worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planaris.scheduling import CarouselTimes, HeadWafer, LineWafer, entry_times_s, turn_times_s

# Two places: 10 s to carry from the first to the second, 5 s to take out of the second; 3 s of carrying into the first.
LEAVE_S = (10.0, 5.0)
CARRY_S = 3.0
PROCESS_S = (40.0, 50.0)


def before(ready_s: float) -> LineWafer:
    return LineWafer(-1, ready_s, PROCESS_S)


def test_an_empty_line_takes_a_wafer_when_it_has_been_carried_there() -> None:
    assert entry_times_s(LEAVE_S, [before(12.0)], CARRY_S) == (15.0,)


def test_a_wafer_is_fetched_when_the_one_before_it_has_been_carried_on() -> None:
    """In at 3, done at 43, carried until 53: only then is the first place free, and the robot takes 3 s."""
    assert entry_times_s(LEAVE_S, [before(0.0), before(20.0)], CARRY_S) == (3.0, 56.0)


def test_a_line_without_buffers_holds_a_wafer_where_it_is_until_the_next_place_is_free() -> None:
    """The second place is free at 200 + 5, so the first is only at 215."""
    slow = LineWafer(1, 200.0, PROCESS_S)
    assert entry_times_s(LEAVE_S, [slow, before(0.0), before(20.0)], CARRY_S) == (3.0, 218.0)


def test_a_wafer_ready_at_the_end_leaves_at_once() -> None:
    assert entry_times_s(LEAVE_S, [LineWafer(1, 30.0, PROCESS_S), before(0.0)], CARRY_S) == (3.0,)


# A turn of 5 s, 50 s of polish: a wafer that starts with turn k is done 55 s later and stands in the cup 2 s after
# the next turn.
TIMES = CarouselTimes(turn_s=5.0, polish_s=50.0, last_s=50.0, unload_s=2.0, carry_s=CARRY_S, load_s=8.0, limit_s=30.0)


def heads(count: int, process_s: tuple[float, ...] = PROCESS_S) -> list[HeadWafer]:
    """A wafer that is done, and wafers that start their last polish with one turn after another."""
    return [HeadWafer(process_s, k - 1, k < count - 1) for k in range(count)]


def test_a_carousel_that_is_slower_than_the_line_turns_as_soon_as_it_can() -> None:
    quick = heads(4, (10.0, 10.0))
    assert turn_times_s(LEAVE_S, [], quick, TIMES) == (0.0, 55.0, 110.0, 165.0)


def test_the_first_turn_waits_for_a_line_that_is_held_up() -> None:
    """The line's first place is free at 115: the wafer done goes in at 118, the next 65 s later.

    It would be done at 55 and wait 128 s; begun at 98 it is done at 153 and waits the 30 s allowed.
    """
    blocked = [LineWafer(1, 100.0, PROCESS_S), LineWafer(0, 0.0, PROCESS_S)]
    turns = turn_times_s(LEAVE_S, blocked, heads(2), TIMES)
    assert turns is not None
    assert turns[0] == pytest.approx(98.0)


def test_one_long_measurement_is_spread_over_the_turns_before_it() -> None:
    """Waiting before one turn alone would not do: the wafer done then would wait too."""
    slow = [HeadWafer((40.0, 80.0), -1, True), *heads(6)[1:]]
    turns = turn_times_s(LEAVE_S, [], slow, TIMES)
    assert turns is not None
    gaps = [b - a for a, b in pairwise(turns)]
    assert sum(gap > 60.0 for gap in gaps) >= 2
    assert worst_wait_s(turns, slow) <= TIMES.limit_s + 1e-3


def test_no_turn_is_named_where_no_wait_would_keep_the_limit() -> None:
    """A line that takes a wafer every 200 s: the wafer that starts as the one before it leaves must wait."""
    assert turn_times_s(LEAVE_S, [], heads(5, (40.0, 185.0)), TIMES) is None


def worst_wait_s(turns: tuple[float, ...], brought: list[HeadWafer]) -> float:
    """Follow the wafers through cup and line, apart from the rule, and return the longest wait after a polish."""
    line: list[LineWafer] = []
    entered: list[float] = []
    cup_free_s, worst_s = 0.0, 0.0
    for k, head in enumerate(brought):
        if head.process_s is None:
            continue
        line.append(LineWafer(-1, max(turns[k] + TIMES.turn_s, cup_free_s) + TIMES.unload_s, head.process_s))
        entered = list(entry_times_s(LEAVE_S, line, CARRY_S))
        cup_free_s = entered[-1]
        if head.starts_with >= 0:
            done_s = turns[head.starts_with] + TIMES.turn_s + TIMES.last_s
            worst_s = max(worst_s, entered[-1] - done_s)
    return worst_s


SECONDS = st.floats(0.0, 120.0)


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=2, max_size=8))
def test_turns_follow_one_another_and_every_wafer_keeps_the_limit(process_s: list[tuple[float, float]]) -> None:
    brought = [HeadWafer(times, k - 1, True) for k, times in enumerate(process_s)]
    turns = turn_times_s(LEAVE_S, [], brought, TIMES)
    if turns is None:
        return
    assert all(b - a >= TIMES.turn_s + TIMES.polish_s - 1e-9 for a, b in pairwise(turns))
    assert worst_wait_s(turns, brought) <= TIMES.limit_s + 1e-3
