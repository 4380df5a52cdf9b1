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
    seeded_mishaps,
    window,
)

LINE = line(metrology=False)
# Two recipes that fit into each other: where one is long on the first platen, the other is on the third.
FRONT, BACK = ((1, 100.0), (3, 30.0)), ((1, 30.0), (3, 100.0))


def two_lots(
    count: int, one: tuple[tuple[int, float], ...], other: tuple[tuple[int, float], ...]
) -> tuple[tuple[RoutedWafer, ...], tuple[RoutedWafer, ...]]:
    """Return a lot of one route, and one of the other from the second load port."""
    first = wafers(count, one, metrology=False)
    second = [
        replace(w, wafer_id=f"B{w.wafer_id}", home=w.home.replace("port1", "port2"), visits=visits(other))
        for w in first
    ]
    return first, tuple(second)


def mixed(count: int = 5) -> tuple[RoutedWafer, ...]:
    """Return two lots in turn whose visits take 51 and 100 s: coupled heads make every stop as long as the longer."""
    lots = two_lots(count, ROUTES["three"], ((1, 100.0), (2, 100.0), (3, 100.0)))
    return tuple(w for pair in zip(*lots, strict=True) for w in pair)


def kinds(names_: tuple[str, ...]) -> str:
    return "".join("B" if name.startswith("B") else "A" for name in names_)


def test_a_plan_groups_what_fits_and_the_same_problem_has_the_same_plan() -> None:
    problem = PlanProblem(LINE, mixed())
    plan = plan_by_cp_sat(problem)
    assert plan is not None
    assert plan == plan_by_cp_sat(problem)
    assert kinds(plan.order) in {"AAAAABBBBB", "BBBBBAAAAA"}
    assert sorted(plan.order) == sorted(w.wafer_id for w in mixed())


def test_equal_wafers_stay_in_their_order_and_the_urgent_one_goes_first() -> None:
    some = wafers(4, ROUTES["three"], metrology=False)
    plan = plan_by_cp_sat(PlanProblem(LINE, some))
    assert plan is not None
    assert plan.order == tuple(w.wafer_id for w in some)
    urgent = (*some[:3], replace(some[3], priority=50))
    plan = plan_by_cp_sat(PlanProblem(LINE, urgent))
    assert plan is not None
    assert plan.order[0] == some[3].wafer_id


def test_what_may_begin_before_the_plan_is_seen_keeps_its_place_and_what_is_under_way_goes_before_it() -> None:
    first, second = two_lots(4, FRONT, BACK)
    waiting = (*first[1:], *second)
    plan = plan_by_cp_sat(PlanProblem(LINE, waiting, upstream=first[:1], fixed_count=1))
    assert plan is not None
    assert plan.order[0] == first[1].wafer_id
    assert sorted(plan.order) == sorted(w.wafer_id for w in waiting)
    free = plan_by_cp_sat(PlanProblem(LINE, waiting))
    assert free is not None
    assert kinds(free.order)[0] == "B"


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


def test_a_plan_puts_lots_into_each_other_where_their_recipes_fit() -> None:
    """Lot after lot every wafer costs a stop of 100 s; two and two share the long stops."""
    first, second = two_lots(6, FRONT, BACK)
    board = PlanBoard(plan_by_cp_sat)
    played = play(LINE, (*first, *second), board=board)
    assert check(LINE, (*first, *second), played.operations) == ()
    assert played.makespan_s < 0.87 * play(LINE, (*first, *second)).makespan_s


# -- the board ---------------------------------------------------------------------------------------------------

PAIR = two_lots(2, FRONT, BACK)
FEW = (*PAIR[0], *PAIR[1])
NAMES = tuple(w.wafer_id for w in FEW)


def board_with(order: tuple[str, ...], mishap: Mishap = Mishap.ON_TIME, *, period_s: float = 1e9) -> PlanBoard:
    plan = RollingPlan(order, 0.0, proven=True)
    return PlanBoard(lambda _problem: plan, latency_s=2.0, late_s=10.0, period_s=period_s, mishap=lambda _n: mishap)


def names(wafers_: tuple[RoutedWafer, ...]) -> tuple[str, ...]:
    return tuple(w.wafer_id for w in wafers_)


def ask(board: PlanBoard, now_s: float) -> tuple[str, ...]:
    board.step(now_s, FEW, lambda: PlanProblem(LINE, FEW))
    return names(board.order(FEW))


def test_a_plan_is_seen_from_its_declared_latency_on() -> None:
    backward = NAMES[::-1]
    board = board_with(backward)
    assert ask(board, 100.0) == NAMES
    assert not board.steers(FEW)
    assert board.next_s(100.0, FEW) == 102.0
    assert ask(board, 101.9) == NAMES
    assert ask(board, 102.0) == backward
    assert board.steers(FEW)


def test_a_late_plan_is_seen_late() -> None:
    board = board_with(NAMES[::-1], Mishap.LATE)
    assert [ask(board, now_s) for now_s in (0.0, 11.9, 12.0)] == [NAMES, NAMES, NAMES[::-1]]


def test_a_plan_that_was_not_followed_or_knows_less_urgent_wafers_only_is_dropped() -> None:
    board = board_with(NAMES[::-1])
    ask(board, 0.0)
    board.show(5.0)
    assert names(board.order(FEW[:3])) == NAMES[:3][::-1]  # the last has begun, as planned
    assert names(board.order(FEW[1:])) == NAMES[1:]  # the first has begun, against the plan
    urgent = replace(FEW[0], wafer_id="hot", priority=9)
    assert names(board.order((*FEW, urgent)))[0] == "hot"
    calm = replace(FEW[0], wafer_id="calm")
    assert names(board.order((*FEW, calm))) == (*NAMES[::-1], "calm")


def test_a_plan_is_asked_for_only_where_routes_differ_and_too_few_of_the_wafers_are_planned() -> None:
    board = board_with(NAMES[::-1], period_s=60.0)
    assert not board.wants(0.0, FEW[:2])  # one route
    ask(board, 0.0)
    board.show(2.0)
    assert not board.wants(100.0, FEW)  # all planned
    assert board.wants(100.0, FEW[1:])  # overtaken
    assert not board.wants(30.0, FEW[1:])  # asked just now
    assert board.next_s(30.0, FEW[1:]) == 60.0


def test_a_plan_looks_at_the_most_urgent_wafers_of_each_route_in_turn() -> None:
    first, second = two_lots(4, FRONT, BACK)
    assert kinds(names(window((*first, *second), 4))) == "AABB"
    assert kinds(names(window((*first, *second[:1]), 4))) == "AAAB"
    urgent = replace(second[3], priority=5)
    assert window((*first, *second[:3], urgent), 4) == (urgent,)


def test_a_seed_says_what_becomes_of_each_request() -> None:
    mishap = seeded_mishaps(3, late_fraction=0.3, none_fraction=0.2)
    drawn = [mishap(n) for n in range(1000)]
    assert drawn == [seeded_mishaps(3, late_fraction=0.3, none_fraction=0.2)(n) for n in range(1000)]
    assert drawn != [seeded_mishaps(4, late_fraction=0.3, none_fraction=0.2)(n) for n in range(1000)]
    # Binomial: four standard deviations of 1000 draws are 0.06.
    assert drawn.count(Mishap.LATE) / 1000 == pytest.approx(0.3, abs=0.06)
    assert drawn.count(Mishap.NONE) / 1000 == pytest.approx(0.2, abs=0.06)
