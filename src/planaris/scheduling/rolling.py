"""A rolling plan as a hint: what is asked of a planner, what it answers, and when the answer may be seen. Pure.

The planner is a function from problem to plan and is never waited for. A plan becomes visible a declared latency after
its request; when it comes late or not at all, the dispatch rule goes on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from planaris.scheduling.line import Line, PlatenVisit, RoutedWafer
from planaris.scheduling.line_units import UnitsLine


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Wafers not yet begun and the floor they come to, in seconds from the request.

    The first ``fixed_count`` of them keep their place: they may begin before the plan comes. ``upstream`` are wafers
    between slot and head, in order; they go before all of them. ``turn_s`` is the earliest turn of the carousel that
    can take the first of all from the load cup; ``riding`` are the wafers on heads by turns since they were loaded,
    latest first, None where a head is empty; ``line_free_s`` when each place after the polish is free for a wafer.
    On a tool of units ``riding`` are the wafers on the heads by unit, and ``head_free_s`` says when each head can take
    the next.
    """

    line: Line | UnitsLine
    waiting: tuple[RoutedWafer, ...]
    turn_s: float = 0.0
    riding: tuple[RoutedWafer | None, ...] = ()
    line_free_s: tuple[float, ...] = ()
    upstream: tuple[RoutedWafer, ...] = ()
    fixed_count: int = 0
    head_free_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class RollingPlan:
    """Order of the waiting wafers; when each leaves its slot is the rule's, which sees what has become of the floor.

    ``makespan_s`` is that of the planner's model, seconds from the request. ``proven`` tells whether the planner knows
    that no better order exists in its model.
    """

    order: tuple[str, ...]
    makespan_s: float
    proven: bool


Planner = Callable[[PlanProblem], RollingPlan | None]


class Mishap(StrEnum):
    """What becomes of a request."""

    ON_TIME = "on_time"
    LATE = "late"
    NONE = "none"


def on_time(_number: int) -> Mishap:
    """Let every request be answered in time."""
    return Mishap.ON_TIME


def seeded_mishaps(seed: int, *, late_fraction: float, none_fraction: float) -> Callable[[int], Mishap]:
    """Return what becomes of request 0, 1, 2 …: a seeded draw for each, the same whatever was asked before."""

    def mishap(number: int) -> Mishap:
        drawn = float(np.random.default_rng((seed, number)).random())
        if drawn < late_fraction:
            return Mishap.LATE
        return Mishap.NONE if drawn < late_fraction + none_fraction else Mishap.ON_TIME

    return mishap


def window(waiting: Sequence[RoutedWafer], count: int) -> tuple[RoutedWafer, ...]:
    """Return the wafers that a plan is asked for: ``count`` of the most urgent ones, of each route in turn.

    They stay in the order given. A plan that saw the first lot only could not put the second one's wafers between.
    """
    most = max((w.priority for w in waiting), default=0)
    kinds: dict[tuple[PlatenVisit, ...], list[RoutedWafer]] = {}
    for wafer in waiting:
        if wafer.priority == most:
            kinds.setdefault(wafer.visits, []).append(wafer)
    in_turn = [own[n] for n in range(len(waiting)) for own in kinds.values() if n < len(own)]
    chosen = {w.wafer_id for w in in_turn[:count]}
    return tuple(w for w in waiting if w.wafer_id in chosen)


def in_turn(problem: PlanProblem, group: int) -> RollingPlan:
    """Return the plan that takes ``group`` wafers of each route in turn, those that keep their place first."""
    fixed, rest = problem.waiting[: problem.fixed_count], problem.waiting[problem.fixed_count :]
    kinds: dict[tuple[PlatenVisit, ...], list[str]] = {}
    for wafer in sorted(rest, key=lambda w: -w.priority):
        kinds.setdefault(wafer.visits, []).append(wafer.wafer_id)
    groups = [own[n : n + group] for n in range(0, len(rest), group) for own in kinds.values()]
    order = (*(w.wafer_id for w in fixed), *(name for one in groups for name in one))
    return RollingPlan(order, 0.0, proven=False)


def is_mixed(wafers: Sequence[RoutedWafer]) -> bool:
    """Whether an order of these wafers can be better than another: their routes differ."""
    return len({w.visits for w in wafers}) > 1


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A request: when it was made, when its answer may be seen, and what becomes of it."""

    number: int
    asked_s: float
    due_s: float
    fate: Mishap


@dataclass(slots=True)
class PlanBoard:
    """Shows the last plan that has come, from its due time on, and says when a new one is to be asked for.

    That is no sooner than ``period_s`` after the last request, and only while no valid plan knows more than half of
    the ``wafers_count`` wafers that a plan looks ahead, or all that wait. ``mishap`` decides from a request's number
    what becomes of it, so that seeds can force late and missing plans; a late one is due ``late_s`` after the declared
    latency. Times are those of the caller's clock.
    """

    planner: Planner
    latency_s: float = 2.0
    period_s: float = 60.0
    late_s: float = 60.0
    wafers_count: int = 16
    mishap: Callable[[int], Mishap] = on_time
    requests: int = 0
    seen: int = 0
    _asked_s: float = field(default=float("-inf"), repr=False)
    _coming: list[tuple[PlanRequest, RollingPlan]] = field(default_factory=list[tuple[PlanRequest, RollingPlan]])
    _shown: tuple[float, RollingPlan] | None = None

    # -- asking ---------------------------------------------------------------------------------------------------
    def wants(self, now_s: float, waiting: Sequence[RoutedWafer]) -> bool:
        """Whether to ask for a plan now."""
        return now_s >= self._next_request_s() and self._lacks(waiting)

    def _next_request_s(self) -> float:
        return self._asked_s + self.period_s

    def _lacks(self, waiting: Sequence[RoutedWafer]) -> bool:
        """Whether a plan would tell more than what is shown: routes differ, and too few of the wafers are planned."""
        ahead = window(waiting, self.wafers_count)
        return is_mixed(ahead) and 2 * len(self._planned(waiting)) <= len(ahead)

    def ask(self, now_s: float) -> PlanRequest:
        """Note a request made now."""
        due_s = now_s + self.latency_s
        request = PlanRequest(self.requests, now_s, due_s, self.mishap(self.requests))
        self.requests += 1
        self._asked_s = now_s
        return request

    def answer(self, request: PlanRequest, plan: RollingPlan) -> None:
        """Take the answer to a request; it is shown from its due time on."""
        self._coming.append((request, plan))

    def step(self, now_s: float, waiting: Sequence[RoutedWafer], problem: Callable[[], PlanProblem]) -> None:
        """Ask the planner for a plan if it is time to; show what is due."""
        if self.wants(now_s, waiting):
            request = self.ask(now_s)
            plan = self.planner(problem()) if request.fate is not Mishap.NONE else None
            if plan is not None:
                self.answer(request, plan)
        self.show(now_s)

    # -- showing --------------------------------------------------------------------------------------------------
    def show(self, now_s: float) -> None:
        """Show the answer to the latest request whose answer is due."""
        due = [entry for entry in self._coming if self._visible_s(entry[0]) <= now_s]
        if due:
            request, plan = max(due, key=lambda entry: entry[0].number)
            self._coming = [entry for entry in self._coming if entry not in due]
            if self._shown is None or request.asked_s >= self._shown[0]:
                self._shown = (request.asked_s, plan)
                self.seen += len(due)

    def _visible_s(self, request: PlanRequest) -> float:
        return request.due_s + (self.late_s if request.fate is Mishap.LATE else 0.0)

    def next_s(self, now_s: float, waiting: Sequence[RoutedWafer]) -> float:
        """Return when something becomes visible or is to be asked next."""
        ask_s = max(now_s, self._next_request_s()) if self._lacks(waiting) else float("inf")
        return min([ask_s, *(self._visible_s(request) for request, _ in self._coming)])

    def _planned(self, waiting: Sequence[RoutedWafer]) -> tuple[str, ...]:
        """Return the waiting wafers that the plan shown still orders; none if it is not valid any more.

        A plan is valid as long as wafers have begun in its order and none waits that is more urgent than its own.
        """
        if self._shown is None:
            return ()
        plan = self._shown[1]
        wafers = {w.wafer_id: w for w in waiting}
        rest = tuple(name for name in plan.order if name in wafers)
        if not rest or rest != plan.order[len(plan.order) - len(rest) :]:
            return ()
        most = max(wafers[name].priority for name in rest)
        return () if any(w.priority > most for w in waiting if w.wafer_id not in plan.order) else rest

    def steers(self, waiting: Sequence[RoutedWafer]) -> bool:
        """Whether a valid plan says which of the waiting wafers goes first."""
        return bool(self._planned(waiting))

    def order(self, waiting: Sequence[RoutedWafer]) -> tuple[RoutedWafer, ...]:
        """Return the waiting wafers in the plan's order where a plan is valid, those it does not know behind.

        Without a valid plan all go by priority in the order given.
        """
        by_rule = tuple(sorted(waiting, key=lambda w: -w.priority))
        rest = self._planned(waiting)
        wafers = {w.wafer_id: w for w in waiting}
        return (*(wafers[name] for name in rest), *(w for w in by_rule if w.wafer_id not in rest))
