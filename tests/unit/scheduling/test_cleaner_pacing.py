"""Pacing: when a wafer gets into the line after the polish, and how long to hold it back, worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planaris.scheduling import LineWafer, entry_times_s, hold_s

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


def test_the_hold_is_what_the_wait_is_above_its_limit() -> None:
    """The last comes at 20 and gets in at 50: 30 s, and 6 s on the way anyhow; 20 are allowed."""
    line = [before(0.0), before(20.0)]
    assert hold_s(LEAVE_S, line, natural_s=6.0, limit_s=20.0) == pytest.approx(16.0)
    assert hold_s(LEAVE_S, line, natural_s=6.0, limit_s=36.0) == 0.0
    assert hold_s(LEAVE_S, [before(3.0)], natural_s=6.0, limit_s=20.0) == 0.0


SECONDS = st.floats(0.0, 200.0)


@given(st.lists(SECONDS, min_size=1, max_size=6), st.lists(SECONDS, min_size=2, max_size=2), SECONDS, SECONDS)
def test_wafers_keep_their_order_never_enter_before_they_come_and_a_held_one_waits_within_its_limit(
    comes_s: list[float], process_s: list[float], natural_s: float, limit_s: float
) -> None:
    times = (process_s[0], process_s[1])
    line = [LineWafer(-1, t, times) for t in sorted(comes_s)]
    entered = entry_times_s(LEAVE_S, line)
    assert all(e >= w.ready_s for e, w in zip(entered, line, strict=True))
    assert all(b - a >= process_s[0] + LEAVE_S[0] - 1e-9 for a, b in pairwise(entered))
    held_s = hold_s(LEAVE_S, line, natural_s=natural_s, limit_s=max(limit_s, natural_s))
    later = [*line[:-1], LineWafer(-1, line[-1].ready_s + held_s, times)]
    waited_s = entry_times_s(LEAVE_S, later)[-1] - later[-1].ready_s + natural_s
    assert waited_s <= max(limit_s, natural_s) + 1e-6
