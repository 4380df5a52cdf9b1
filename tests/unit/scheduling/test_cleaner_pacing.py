"""Pacing: when wafers get into the line after the polish, and when it is free for one more, worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planaris.scheduling import LineWafer, entry_times_s, line_free_s

# Two places: 10 s to carry from the first to the second, 5 s to take out of the second.
LEAVE_S = (10.0, 5.0)
AT_SECOND = LineWafer(1, 30.0, (40.0, 50.0))


def before(ready_s: float) -> LineWafer:
    return LineWafer(-1, ready_s, (40.0, 50.0))


def test_an_empty_line_takes_a_wafer_when_it_comes() -> None:
    assert entry_times_s(LEAVE_S, [before(12.0)]) == (12.0,)


def test_a_wafer_waits_until_the_one_before_it_has_been_carried_on() -> None:
    """In at 0, done at 40, carried until 50: only then is the first place free."""
    assert entry_times_s(LEAVE_S, [before(0.0), before(20.0)]) == (0.0, 50.0)


def test_a_line_without_buffers_holds_a_wafer_where_it_is_until_the_next_place_is_free() -> None:
    """The second place is free at 200 + 5, so the first is only at 215."""
    slow = LineWafer(1, 200.0, (40.0, 50.0))
    assert entry_times_s(LEAVE_S, [slow, before(0.0), before(20.0)]) == (0.0, 215.0)


def test_a_wafer_ready_at_the_end_leaves_at_once() -> None:
    assert entry_times_s(LEAVE_S, [AT_SECOND, before(0.0), before(20.0)]) == (0.0, 50.0)


def test_the_line_is_free_for_one_more_when_its_first_place_is() -> None:
    assert line_free_s(LEAVE_S, []) == 0.0
    assert line_free_s(LEAVE_S, [before(0.0)]) == 50.0
    slow = LineWafer(1, 200.0, (40.0, 50.0))
    assert line_free_s(LEAVE_S, [slow, before(0.0)]) == 215.0


def test_one_more_comes_so_late_that_it_waits_no_longer_in_a_place_than_it_may() -> None:
    """The second place is free at 205: in at 0 it is done at 40 and waits 165 s; 60 are allowed, so it comes at 105."""
    slow = LineWafer(1, 200.0, (40.0, 50.0))
    limits = {"process_s": (40.0, 50.0), "most_wait_s": (60.0,)}
    assert line_free_s(LEAVE_S, [slow], **limits) == pytest.approx(105.0)
    assert line_free_s(LEAVE_S, [], **limits) == 0.0


def test_carrying_between_places_delays_the_arrival_and_not_the_place() -> None:
    """In at 0, out at 50, at the second place at 58 and done there at 108; the next is out of the first at 113 + 10."""
    assert line_free_s(LEAVE_S, [before(0.0)], (8.0,)) == 50.0
    assert line_free_s(LEAVE_S, [before(0.0), before(0.0)], (8.0,)) == 123.0


SECONDS = st.floats(0.0, 200.0)


@given(st.lists(SECONDS, min_size=1, max_size=6), st.lists(SECONDS, min_size=2, max_size=2))
def test_wafers_keep_their_order_and_never_enter_before_they_come(comes_s: list[float], process_s: list[float]) -> None:
    times = (process_s[0], process_s[1])
    line = [LineWafer(-1, t, times) for t in sorted(comes_s)]
    entered = entry_times_s(LEAVE_S, line)
    assert all(e >= w.ready_s for e, w in zip(entered, line, strict=True))
    assert all(b - a >= process_s[0] + LEAVE_S[0] - 1e-9 for a, b in pairwise(entered))
    assert line_free_s(LEAVE_S, line) >= entered[-1] + process_s[0] + LEAVE_S[0] - 1e-9


@given(st.lists(SECONDS, max_size=5), st.lists(SECONDS, min_size=2, max_size=2), SECONDS)
def test_one_more_that_comes_when_told_keeps_its_limit(
    comes_s: list[float], process_s: list[float], limit_s: float
) -> None:
    times = (process_s[0], process_s[1])
    line = [LineWafer(-1, t, times) for t in sorted(comes_s)]
    come_s = line_free_s(LEAVE_S, line, process_s=times, most_wait_s=(limit_s,))
    second_free_s = line_free_s(LEAVE_S[1:], [LineWafer(0, e, times[1:]) for e in _second_done(line, times)])
    assert second_free_s - (come_s + times[0]) <= limit_s + 1e-6


def _second_done(line: list[LineWafer], times: tuple[float, float]) -> list[float]:
    """Return when each wafer is done in the second place, step by step."""
    done: list[float] = []
    first_free_s = second_free_s = 0.0
    for wafer in line:
        leaves_s = max(max(wafer.ready_s, first_free_s) + times[0], second_free_s)
        first_free_s = leaves_s + LEAVE_S[0]
        done.append(first_free_s + times[1])
        second_free_s = done[-1] + LEAVE_S[1]
    return done
