"""The rolling plan by CP-SAT for a tool of units: the order in which waiting wafers begin. Pure; imports OR-Tools late.

The model: each wafer is loaded on one of the units that serve it, which is busy with it for its visits, swings and the
exchange; then the places after the polish are machines without buffers between them, and polish to clean stays within
the wet limit. Minimised is the time of the last wafer, then the sum of all, weighted by priority. Robots are no part of
the model: whoever plays the plan sees them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from planaris.scheduling.line import RoutedWafer
from planaris.scheduling.line_units import UnitsLine, serving_units, swings_s, unit_busy_s
from planaris.scheduling.rolling import PlanProblem, RollingPlan

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import CpModel

TICKS_PER_S = 1
# Of the solver's own clock: what it finds in this, it finds in two or three seconds of a small computer, and longer
# looks found little more [design].
DETERMINISTIC_LIMIT = 0.3
HORIZON_S = 36_000.0


def _ticks(time_s: float) -> int:
    return round(time_s * TICKS_PER_S)


class UnitsModel:
    """The variables of each wafer, those that are on their way before those that wait."""

    def __init__(self, model: CpModel, problem: PlanProblem, line: UnitsLine) -> None:
        self._model, self._problem, self._line = model, problem, line
        self._wafers = (*problem.upstream, *problem.waiting)
        self._horizon = _ticks(HORIZON_S)
        count = len(self._wafers)
        self.loaded = [self._time(f"loaded{w}") for w in range(count)]
        self._on_units: list[list[Any]] = [[] for _ in line.units]
        self._in_place: list[list[Any]] = [[] for _ in range(len(self._wafers[0].after_polish_s))]
        ends = [self._wafer(w, wafer) for w, wafer in enumerate(self._wafers)]
        for machine in (*self._on_units, *self._in_place):
            model.add_no_overlap(machine)
        self._keep_order()
        self.last = self._time("last")
        model.add_max_equality(self.last, ends)
        weights = [1 + max(0, wafer.priority) for wafer in self._wafers]
        late = sum(weight * end for weight, end in zip(weights, ends, strict=True))
        model.minimize(self.last * (10 * sum(weights)) + late)

    def _time(self, name: str) -> Any:
        return self._model.new_int_var(0, self._horizon, name)

    def _wafer(self, w: int, wafer: RoutedWafer) -> Any:
        """Add a wafer's stays on a unit and in the places after the polish; return when it is out of the last."""
        model, line, wet = self._model, self._line, self._line.wet
        on_unit: list[Any] = []
        for unit in serving_units(line, wafer):
            here = model.new_bool_var(f"on{w}.{unit}")
            busy = _ticks(unit_busy_s(line, wafer, unit))
            stay = model.new_optional_fixed_size_interval_var(self.loaded[w], busy, here, f"stay{w}.{unit}")
            self._on_units[unit - 1].append(stay)
            free_s = self._problem.head_free_s[unit - 1] if self._problem.head_free_s else 0.0
            model.add(self.loaded[w] >= _ticks(free_s)).only_enforce_if(here)
            on_unit.append(here)
        model.add_exactly_one(on_unit)
        away_s = min(swings_s(line, wafer.visits, unit) for unit in serving_units(line, wafer))
        polished = self.loaded[w] + _ticks(sum(v.time_s for v in wafer.visits) + away_s - line.swing_exchange_s)
        change_s = wet.swap_s if wet.arms > 1 else wet.pick_s
        back_s = line.swing_exchange_s + line.unload_s + change_s + wet.move_s + wet.place_s
        begins = [self._time(f"begins{w}.{place}") for place in range(len(wafer.after_polish_s))]
        model.add(begins[0] >= polished + _ticks(back_s))
        model.add(begins[0] <= polished + _ticks(max(back_s, wafer.limits.polish_to_clean_s)))
        end: Any = self._time(f"end{w}")
        arrives_s = [wet.place_s, *(line.exchange_s for _ in line.stations[1:]), line.dry.place_s]
        for place, (begin, work_s) in enumerate(zip(begins, wafer.after_polish_s, strict=True)):
            following = begins[place + 1] if place + 1 < len(begins) else end
            by_arm = place + 1 >= len(line.stations)
            leaves = begin + _ticks(work_s + (line.dry.pick_s if by_arm else line.exchange_s))
            carry_s = line.dry.move_s + line.dry.place_s if by_arm and following is not end else 0.0
            model.add(following >= leaves + _ticks(carry_s))
            first = begin - _ticks(arrives_s[place])
            size = self._time(f"size{w}.{place}")
            gone = following - _ticks(carry_s)
            model.add(gone - first == size)
            self._in_place[place].append(model.new_interval_var(first, size, gone, f"in{w}.{place}"))
        return end

    def _keep_order(self) -> None:
        """What is on its way goes first, in its order; wafers that differ in nothing but name stay in theirs."""
        fixed = len(self._problem.upstream) + self._problem.fixed_count
        for one, other in pairwise(range(fixed)):
            self._model.add(self.loaded[one] <= self.loaded[other])
        for w in range(fixed, len(self._wafers)):
            if fixed:
                self._model.add(self.loaded[fixed - 1] <= self.loaded[w])
        latest: dict[Any, int] = {}
        for w, wafer in enumerate(self._wafers):
            like = (wafer.visits, wafer.after_polish_s, wafer.priority)
            if like in latest:
                self._model.add(self.loaded[latest[like]] <= self.loaded[w])
            latest[like] = w


def read_plan(problem: PlanProblem, loaded: Sequence[int], last: int, *, proven: bool) -> RollingPlan:
    """Return the plan of a solution: the waiting wafers by when they are loaded, equal ones in the order given."""
    first = len(problem.upstream)
    ordered = sorted(range(len(problem.waiting)), key=lambda n: (loaded[first + n], n))
    return RollingPlan(tuple(problem.waiting[n].wafer_id for n in ordered), last / TICKS_PER_S, proven)
