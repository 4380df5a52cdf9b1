"""Judge a rolling plan before it may steer: whether it is one, what the checker says, whether it is worth it. Pure.

A plan orders wafers, so its judge plays it: on an empty floor, after the wafers that are on their way, with the same
rule that runs the tool. The independent checker reads what was played, the proven bound says how good it is, and the
same wafers in the rule's own order say whether it is better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from planaris.scheduling.checker import Violation, check
from planaris.scheduling.checker_units import check_units
from planaris.scheduling.line import Line, RoutedWafer
from planaris.scheduling.line_bounds import LineBound, line_bound
from planaris.scheduling.line_bounds_units import units_bound
from planaris.scheduling.line_units import UnitsLine
from planaris.scheduling.optimise import plan_by_cp_sat
from planaris.scheduling.play_floor import Played, StuckError
from planaris.scheduling.rolling import Planner, PlanProblem, RollingPlan, in_turn
from planaris.scheduling.simulate import play
from planaris.scheduling.simulate_units import play_units


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
        played, by_rule = [_played(problem.line, wafers) for wafers in orders]
    except StuckError as error:
        return Judged(plan, Verdict.REFUSED, str(error))
    bound, found = _held_to(problem.line, orders[0], played)
    ratio = bound.makespan_s / played.makespan_s
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


def _played(line: Line | UnitsLine, wafers: Sequence[RoutedWafer]) -> Played:
    return play_units(line, wafers) if isinstance(line, UnitsLine) else play(line, wafers)


def _held_to(
    line: Line | UnitsLine, wafers: Sequence[RoutedWafer], played: Played
) -> tuple[LineBound, tuple[Violation, ...]]:
    """Return the bound of these wafers and what the line's checker finds."""
    if isinstance(line, UnitsLine):
        return units_bound(line, wafers), check_units(line, wafers, played.operations)
    return line_bound(line, wafers), check(line, wafers, played.operations)


def plan_by_play(problem: PlanProblem) -> RollingPlan | None:
    """Return the best, as played, of CP-SAT's plan and of one or two wafers of each route in turn.

    The solver's model knows no robots and has a limit of work; an order as simple as these is at times better.
    """
    plans = (plan_by_cp_sat(problem), in_turn(problem, 1), in_turn(problem, 2))
    judged = [judge(problem, plan) for plan in plans if plan is not None]
    accepted = [one for one in judged if one.verdict is Verdict.ACCEPTED]
    best = min(accepted, key=lambda one: one.makespan_s, default=judged[0] if problem.waiting else None)
    return None if best is None else best.plan


def judged_by(planner: Planner) -> Callable[[PlanProblem], Judged]:
    """Return a function that plans and judges; whatever a planner raises is told as no plan."""

    def plan_and_judge(problem: PlanProblem) -> Judged:
        try:
            plan = planner(problem)
        except Exception as error:  # a planner may fail as it likes: the rule goes on
            return Judged(None, Verdict.NONE, f"{type(error).__name__}: {error}")
        return judge(problem, plan)

    return plan_and_judge
