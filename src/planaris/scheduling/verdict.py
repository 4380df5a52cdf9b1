"""Judge a rolling plan before it may steer: whether it is one, what the checker says, whether it is worth it. Pure.

A plan orders wafers, so its judge plays it: on an empty floor, after the wafers that are on their way, with the same
rule that runs the tool. The independent checker reads what was played, the proven bound says how good it is, and the
same wafers in the rule's own order say whether it is better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from planaris.scheduling.checker import check
from planaris.scheduling.line import RoutedWafer
from planaris.scheduling.line_bounds import line_bound
from planaris.scheduling.rolling import Planner, PlanProblem, RollingPlan
from planaris.scheduling.simulate import StuckError, play


class Verdict(StrEnum):
    """What becomes of a plan; only an accepted one steers."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NO_BETTER = "no_better"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Judged:
    """A plan with its verdict. Makespans are as played, by the plan and by the rule alone; 0 where nothing was played.

    ``bound_ratio`` is the proven shortest makespan over the plan's.
    """

    plan: RollingPlan | None
    verdict: Verdict
    why: str
    makespan_s: float = 0.0
    rule_makespan_s: float = 0.0
    bound_ratio: float = 0.0


def judge(problem: PlanProblem, plan: RollingPlan | None) -> Judged:
    """Return a plan's verdict."""
    if plan is None:
        return Judged(None, Verdict.NONE, "no plan was found within the limit")
    waiting = {w.wafer_id: w for w in problem.waiting}
    fixed = tuple(w.wafer_id for w in problem.waiting[: problem.fixed_count])
    if len(plan.order) != len(waiting) or set(plan.order) != waiting.keys():
        return Judged(plan, Verdict.REFUSED, "it does not order each of the wafers asked for once")
    if plan.order[: len(fixed)] != fixed:
        return Judged(plan, Verdict.REFUSED, f"it does not begin with {', '.join(fixed)}")
    urgent = [waiting[name].priority for name in plan.order]
    if any(a < b for a, b in pairwise(urgent)):
        return Judged(plan, Verdict.REFUSED, "it lets a wafer wait for one that is less urgent")
    # All on one priority and free at once: the floor takes them in the order given.
    before = (*(w for w in reversed(problem.riding) if w is not None), *problem.upstream)
    orders = [[replace(w, priority=0, release_s=0.0) for w in (*before, *own)] for own in _orders(problem, plan)]
    try:
        played, by_rule = [play(problem.line, wafers) for wafers in orders]
    except StuckError as error:
        return Judged(plan, Verdict.REFUSED, str(error))
    ratio = line_bound(problem.line, orders[0]).makespan_s / played.makespan_s
    found = check(problem.line, orders[0], played.operations)
    if found:
        verdict, why = Verdict.REFUSED, f"{found[0].fault}: {found[0].detail}"
    elif played.makespan_s >= by_rule.makespan_s:
        verdict, why = Verdict.NO_BETTER, "the rule alone is as fast"
    else:
        verdict, why = Verdict.ACCEPTED, ""
    return Judged(plan, verdict, why, played.makespan_s, by_rule.makespan_s, ratio)


def _orders(problem: PlanProblem, plan: RollingPlan) -> tuple[tuple[RoutedWafer, ...], tuple[RoutedWafer, ...]]:
    waiting = {w.wafer_id: w for w in problem.waiting}
    return tuple(waiting[name] for name in plan.order), problem.waiting


def judged_by(planner: Planner) -> Callable[[PlanProblem], Judged]:
    """Return a function that plans and judges; whatever a planner raises is told as no plan."""

    def plan_and_judge(problem: PlanProblem) -> Judged:
        try:
            plan = planner(problem)
        except Exception as error:  # a planner may fail as it likes: the rule goes on
            return Judged(None, Verdict.NONE, f"{type(error).__name__}: {error}")
        return judge(problem, plan)

    return plan_and_judge
