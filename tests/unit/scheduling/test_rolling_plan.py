"""The rolling plan: CP-SAT orders mixed lots, a plan comes late or not at all, and the rule goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from line_cases import ROUTES, line, visits, wafers

from planaris.scheduling import (
    Mishap,
    PlanBoard,
    PlanProblem,
    RollingPlan,
    RoutedWafer,
    check,
    plan_by_cp_sat,
    play,
)

LINE = line(metrology=False)


def mixed(count: int = 5) -> tuple[RoutedWafer, ...]:
    """Return two lots in turn whose visits take 51 and 100 s: coupled heads make every stop as long as the longer."""
    short = wafers(count, ROUTES["three"], metrology=False)
    visits_ = visits(((1, 100.0), (2, 100.0), (3, 100.0)))
    long = [replace(w, wafer_id=f"B{w.wafer_id}", home=w.home.replace("port1", "port2"), visits=visits_) for w in short]
    return tuple(w for pair in zip(short, long, strict=True) for w in pair)


def test_a_plan_groups_what_fits_and_the_same_problem_has_the_same_plan() -> None:
    problem = PlanProblem(LINE, mixed())
    plan = plan_by_cp_sat(problem)
    assert plan is not None
    assert plan == plan_by_cp_sat(problem)
    kinds = "".join("B" if name.startswith("B") else "A" for name in plan.order)
    assert kinds in {"AAAAABBBBB", "BBBBBAAAAA"}
    assert sorted(plan.order) == sorted(w.wafer_id for w in mixed())
    assert list(plan.release_s) == sorted(plan.release_s)


def test_equal_wafers_stay_in_their_order_and_the_urgent_one_goes_first() -> None:
    some = wafers(4, ROUTES["three"], metrology=False)
    plan = plan_by_cp_sat(PlanProblem(LINE, some))
    assert plan is not None
    assert plan.order == tuple(w.wafer_id for w in some)
    urgent = (*some[:3], replace(some[3], priority=50))
    plan = plan_by_cp_sat(PlanProblem(LINE, urgent))
    assert plan is not None
    assert plan.order[0] == some[3].wafer_id


def test_nothing_waits_so_there_is_no_plan() -> None:
    assert plan_by_cp_sat(PlanProblem(LINE, ())) is None


@pytest.mark.parametrize("mishap", list(Mishap))
def test_whatever_becomes_of_the_plans_every_wafer_comes_back_within_its_limits(mishap: Mishap) -> None:
    board = PlanBoard(plan_by_cp_sat, mishap=lambda _number: mishap)
    some = mixed()
    played = play(LINE, some, board=board)
    assert check(LINE, some, played.operations) == ()
    assert board.requests > 0
    assert (board.seen > 0) is (mishap is not Mishap.NONE)
    alone = play(LINE, some)
    if mishap is Mishap.NONE:
        assert played == alone
    else:
        assert played.makespan_s < alone.makespan_s


# -- the board ---------------------------------------------------------------------------------------------------

FEW = wafers(3, ROUTES["three"], metrology=False)
NAMES = tuple(w.wafer_id for w in FEW)


def board_with(order: tuple[str, ...], release_s: tuple[float, ...], mishap: Mishap = Mishap.ON_TIME) -> PlanBoard:
    plan = RollingPlan(order, release_s, 0.0, proven=True)
    return PlanBoard(lambda _problem: plan, latency_s=2.0, late_s=10.0, period_s=1e9, mishap=lambda _n: mishap)


def names(wafers_: tuple[RoutedWafer, ...]) -> tuple[str, ...]:
    return tuple(w.wafer_id for w in wafers_)


def ask(board: PlanBoard, now_s: float) -> tuple[str, ...]:
    board.step(now_s, lambda: PlanProblem(LINE, FEW))
    return names(board.order(now_s, FEW))


def test_a_plan_is_seen_from_its_declared_latency_on() -> None:
    backward = NAMES[::-1]
    board = board_with(backward, (0.0, 0.0, 0.0))
    assert ask(board, 100.0) == NAMES
    assert board.next_s() == 102.0
    assert ask(board, 101.9) == NAMES
    assert ask(board, 102.0) == backward


def test_a_late_plan_is_seen_late() -> None:
    board = board_with(NAMES[::-1], (0.0, 0.0, 0.0), Mishap.LATE)
    assert [ask(board, now_s) for now_s in (0.0, 11.9, 12.0)] == [NAMES, NAMES, NAMES[::-1]]


def test_the_first_wafer_is_held_until_its_release() -> None:
    board = board_with(NAMES, (30.0, 60.0, 90.0))
    ask(board, 0.0)
    assert ask(board, 2.0) == ()
    assert board.next_s() == 30.0
    assert ask(board, 30.0) == NAMES


def test_a_plan_that_was_not_followed_or_knows_less_urgent_wafers_only_is_dropped() -> None:
    board = board_with(NAMES[::-1], (0.0, 0.0, 0.0))
    ask(board, 0.0)
    board.step(5.0, lambda: PlanProblem(LINE, FEW))
    assert names(board.order(5.0, FEW[:2])) == NAMES[:2][::-1]  # the last has begun, as planned
    assert names(board.order(5.0, FEW[1:])) == NAMES[1:]  # the first has begun, against the plan
    urgent = replace(FEW[0], wafer_id="hot", priority=9)
    assert names(board.order(5.0, (*FEW, urgent)))[0] == "hot"
    calm = replace(FEW[0], wafer_id="calm")
    assert names(board.order(5.0, (*FEW, calm))) == (*NAMES[::-1], "calm")
