"""A rolling plan as a hint: what is asked of a planner, what it answers, and when the answer may be seen. Pure.

The planner is a function from problem to plan and is never waited for. A plan becomes visible a declared latency after
its request; when it comes late or not at all, the dispatch rule goes on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from planaris.scheduling.line import Line, RoutedWafer


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Wafers not yet begun and the floor they come to, in seconds from the request.

    ``turn_s`` is the earliest turn of the carousel that can take the first of them from the load cup; ``riding`` are
    the wafers on heads by turns since they were loaded, latest first, None where a head is empty; ``line_free_s``
    when each place after the polish is free for a wafer.
    """

    line: Line
    waiting: tuple[RoutedWafer, ...]
    turn_s: float = 0.0
    riding: tuple[RoutedWafer | None, ...] = ()
    line_free_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class RollingPlan:
    """Order of the waiting wafers and, for each, when it should leave its slot, in seconds from the request.

    ``proven`` tells whether the planner knows that no better order exists in its model.
    """

    order: tuple[str, ...]
    release_s: tuple[float, ...]
    makespan_s: float
    proven: bool


Planner = Callable[[PlanProblem], RollingPlan | None]


class Mishap(StrEnum):
    """What becomes of a request."""

    ON_TIME = "on_time"
    LATE = "late"
    NONE = "none"


@dataclass(slots=True)
class PlanBoard:
    """Shows the last plan that has come, from its due time on; asks for a new one every ``period_s``.

    ``mishap`` decides from a request's number what becomes of it, so that seeds can force late and missing plans; a
    late one is due ``late_s`` after the declared latency. Times are those of the caller's clock.
    """

    planner: Planner
    latency_s: float = 2.0
    period_s: float = 60.0
    late_s: float = 60.0
    mishap: Callable[[int], Mishap] = lambda _number: Mishap.ON_TIME
    requests: int = 0
    seen: int = 0
    _asked_s: float = field(default=float("-inf"), repr=False)
    _coming: list[tuple[float, float, RollingPlan]] = field(default_factory=list[tuple[float, float, RollingPlan]])
    _held_until_s: float = field(default=float("inf"), repr=False)
    _shown: tuple[float, RollingPlan] | None = None

    def step(self, now_s: float, problem: Callable[[], PlanProblem]) -> None:
        """Ask for a plan if it is time to; show what is due."""
        if now_s >= self._asked_s + self.period_s:
            self._asked_s = now_s
            fate = self.mishap(self.requests)
            self.requests += 1
            plan = self.planner(problem()) if fate is not Mishap.NONE else None
            if plan is not None:
                due_s = now_s + self.latency_s + (self.late_s if fate is Mishap.LATE else 0.0)
                self._coming.append((due_s, now_s, plan))
        due = [entry for entry in self._coming if entry[0] <= now_s]
        if due:
            _, asked_s, plan = max(due)
            self._coming = [entry for entry in self._coming if entry not in due]
            if self._shown is None or asked_s >= self._shown[0]:
                self._shown = (asked_s, plan)
                self.seen += len(due)

    def next_s(self) -> float:
        """Return when something becomes visible, is to be asked next, or a wafer held back may begin."""
        return min([self._asked_s + self.period_s, self._held_until_s, *(due_s for due_s, _, _ in self._coming)])

    def order(self, now_s: float, waiting: Sequence[RoutedWafer]) -> tuple[RoutedWafer, ...]:
        """Return the waiting wafers that may begin now, in the plan's order where a plan is valid.

        A plan is valid as long as wafers have begun in its order and none waits that is more urgent than all of its
        own; wafers it does not know follow by priority. Without a valid plan all go by priority in the order given.
        While the plan holds its first wafer back, none may begin.
        """
        self._held_until_s = float("inf")
        by_rule = tuple(sorted(waiting, key=lambda w: -w.priority))
        if self._shown is None:
            return by_rule
        asked_s, plan = self._shown
        wafers = {w.wafer_id: w for w in waiting}
        rest = [name for name in plan.order if name in wafers]
        unknown = [w for w in by_rule if w.wafer_id not in plan.order]
        if not rest or tuple(rest) != plan.order[len(plan.order) - len(rest) :]:
            return by_rule
        if any(w.priority > max(wafers[name].priority for name in rest) for w in unknown):
            return by_rule
        release_s = dict(zip(plan.order, plan.release_s, strict=True))
        begins_s = asked_s + release_s[rest[0]]
        if now_s < begins_s:
            self._held_until_s = begins_s
            return ()
        return (*(wafers[name] for name in rest), *unknown)
