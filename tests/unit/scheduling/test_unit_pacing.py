"""Pacing of units: a wafer that would wait for the cleaner is not begun, nor one that would make another wait."""

from __future__ import annotations

import pytest

from planaris.scheduling import LineWafer, begin_hold_s

# A cleaner of two places, 40 s and 50 s, with 10 s to hand on and 3 s to pick.
LEAVE_S = (10.0, 3.0)
WORK_S = (40.0, 50.0)


def coming(ready_s: float) -> LineWafer:
    return LineWafer(-1, ready_s, WORK_S)


def test_an_empty_line_holds_nobody() -> None:
    assert begin_hold_s(LEAVE_S, [], [coming(100.0)], 5.0) == 0.0


def test_a_wafer_that_comes_too_soon_after_another_is_held_for_the_rest() -> None:
    # The first leaves the first place 50 s after it came; the second comes 20 s after it and may wait 5 s.
    assert begin_hold_s(LEAVE_S, [], [coming(80.0), coming(100.0)], 5.0) == pytest.approx(25.0)
    assert begin_hold_s(LEAVE_S, [], [coming(80.0), coming(125.0)], 5.0) == 0.0


def test_a_line_that_is_full_counts() -> None:
    # Dryer done in 30 s, first place done now: the first place is free after 30 + 3 + 10 s.
    line = [LineWafer(1, 30.0, WORK_S), LineWafer(0, 0.0, WORK_S)]
    assert begin_hold_s(LEAVE_S, line, [coming(20.0)], 5.0) == pytest.approx(18.0)


def test_a_wafer_that_would_come_first_is_held_when_the_one_after_it_would_wait() -> None:
    # The candidate, last in the list, comes at 60 s and would keep the place until 110 s; the other comes at 70 s.
    assert begin_hold_s(LEAVE_S, [], [coming(70.0), coming(60.0)], 5.0) == pytest.approx(35.0)


def test_waits_of_wafers_before_the_candidate_are_not_its_doing() -> None:
    assert begin_hold_s(LEAVE_S, [], [coming(50.0), coming(60.0), coming(400.0)], 5.0) == 0.0
