"""A plan is judged before it steers: nonsense, what the checker refuses, and what is no better than the rule."""

from __future__ import annotations

from dataclasses import replace

import pytest
from line_cases import line, visits, wafers

from planaris.scheduling import PlanProblem, RollingPlan, Verdict, judge, judged_by, plan_by_cp_sat

LINE = line(metrology=False)
FRONT = wafers(3, ((1, 100.0), (3, 30.0)), metrology=False)
BACK = tuple(
    replace(w, wafer_id=f"B{w.wafer_id}", home=w.home.replace("port1", "port2"), visits=visits(((1, 30.0), (3, 100.0))))
    for w in FRONT
)
WAITING = (*FRONT, *BACK)
PROBLEM = PlanProblem(LINE, WAITING, fixed_count=1)
NAMES = tuple(w.wafer_id for w in WAITING)


def plan(*order: str) -> RollingPlan:
    return RollingPlan(order, 0.0, proven=True)


def test_a_better_plan_is_accepted_and_scored_against_the_bound() -> None:
    judged = judge(PROBLEM, plan_by_cp_sat(PROBLEM))
    assert judged.verdict is Verdict.ACCEPTED
    assert judged.makespan_s < judged.rule_makespan_s
    assert 0.5 < judged.bound_ratio <= 1.0


def test_the_rules_own_order_is_no_better() -> None:
    assert judge(PROBLEM, plan(*NAMES)).verdict is Verdict.NO_BETTER


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (NAMES[:-1], "each of the wafers"),
        ((*NAMES[:-1], NAMES[0]), "each of the wafers"),
        ((*NAMES, "another"), "each of the wafers"),
        (NAMES[::-1], f"begin with {NAMES[0]}"),
    ],
)
def test_what_is_no_order_of_the_wafers_is_refused(order: tuple[str, ...], why: str) -> None:
    judged = judge(PROBLEM, plan(*order))
    assert judged.verdict is Verdict.REFUSED
    assert why in judged.why


def test_a_less_urgent_wafer_is_not_let_before() -> None:
    hot = replace(BACK[0], priority=1)
    problem = PlanProblem(LINE, (hot, *FRONT))
    judged = judge(problem, plan(FRONT[0].wafer_id, hot.wafer_id, *(w.wafer_id for w in FRONT[1:])))
    assert judged.verdict is Verdict.REFUSED
    assert "less urgent" in judged.why


def test_what_the_checker_finds_is_refused() -> None:
    """The way alone takes longer than 1 s from polish to clean: what is played passes the limit."""
    tight = tuple(replace(w, limits=replace(w.limits, polish_to_clean_s=1.0)) for w in WAITING)
    good = plan_by_cp_sat(PROBLEM)
    assert good is not None
    judged = judge(replace(PROBLEM, waiting=tight), good)
    assert judged.verdict is Verdict.REFUSED
    assert judged.why.startswith("residency")


def test_whatever_a_planner_raises_is_no_plan() -> None:
    def broken(_problem: PlanProblem) -> RollingPlan | None:
        raise MemoryError("no room")

    judged = judged_by(broken)(PROBLEM)
    assert (judged.verdict, judged.why) == (Verdict.NONE, "MemoryError: no room")
    assert judged_by(lambda _problem: None)(PROBLEM).verdict is Verdict.NONE
