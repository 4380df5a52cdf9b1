"""The rolling plan by CP-SAT: order of the waiting wafers on a carousel line. Pure; imports OR-Tools late.

One worker, a fixed seed and a deterministic time limit, so the same problem has the same plan. The model: wafers take
positions; the wafer of position p is loaded before turn p and stands over platen m during the stop that follows turn
p + m - 1; a stop is as long as the longest visit in it and the load cup's exchange; after the polish the places are a
flow shop without buffers; polish to clean stays within the wet limit. Minimised is the time of the last wafer, then
the sum of all, weighted by priority.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from planaris.scheduling.line import Line, RoutedWafer
from planaris.scheduling.line_units import UnitsLine
from planaris.scheduling.optimise_units import DETERMINISTIC_LIMIT as UNITS_LIMIT
from planaris.scheduling.optimise_units import UnitsModel, read_plan
from planaris.scheduling.rolling import PlanProblem, RollingPlan

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import CpModel

TICKS_PER_S = 10
# Solver's own clock, not the wall's: the same plan on every machine. About half a second on a small computer [design].
DETERMINISTIC_LIMIT = 1.0
SEED = 1
HORIZON_S = 36_000.0


def plan_by_cp_sat(problem: PlanProblem, *, deterministic_limit: float | None = None) -> RollingPlan | None:
    """Return a plan, None if none is found within the limit or nothing waits."""
    from ortools.sat.python import cp_model

    if not problem.waiting:
        return None
    line, model = problem.line, cp_model.CpModel()
    if isinstance(line, UnitsLine):
        built, limit = UnitsModel(model, problem, line), UNITS_LIMIT
    else:
        built, limit = _Model(model, problem, line), DETERMINISTIC_LIMIT
    solver: Any = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = deterministic_limit or limit
    status = solver.solve(model)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return None
    proven = status == cp_model.OPTIMAL
    if isinstance(built, UnitsModel):
        return read_plan(problem, [solver.value(t) for t in built.loaded], solver.value(built.last), proven=proven)
    order: list[str] = []
    wafers = (*problem.upstream, *problem.waiting)
    for place in range(len(problem.upstream), len(wafers)):
        chosen = next(w for w in range(len(wafers)) if solver.boolean_value(built.at[w][place]))
        order.append(wafers[chosen].wafer_id)
    return RollingPlan(tuple(order), solver.value(built.last) / TICKS_PER_S, proven)


def feed_s(line: Line) -> float:
    """Return the time from leaving the slot to the head, with a reserve of one transfer for the arm being elsewhere."""
    dry, wet = line.dry, line.wet
    transfer_s = dry.empty_move_s + dry.pick_s + dry.move_s + dry.place_s
    to_cup_s = wet.empty_move_s + wet.pick_s + wet.move_s + wet.place_s
    return 3 * transfer_s + line.aligner_s + to_cup_s + line.load_s + line.chuck_s


def exchange_s(line: Line) -> float:
    """Return the load cup's work at a stop: unload, carry out, come back, bring in, load."""
    wet = line.wet
    out_s = line.unload_s + wet.pick_s + max(line.head_rinse_s, wet.move_s + wet.place_s + wet.empty_move_s)
    return out_s + wet.pick_s + wet.move_s + wet.place_s + line.load_s + line.chuck_s


def _ticks(time_s: float) -> int:
    return round(time_s * TICKS_PER_S)


class _Model:
    """The variables: ``at`` wafer × position, ``turn`` before each stop, ``last`` the end."""

    def __init__(self, model: CpModel, problem: PlanProblem, line: Line) -> None:
        self._model, self._problem, self._line = model, problem, line
        self._wafers = (*problem.upstream, *problem.waiting)
        count = len(self._wafers)
        horizon = _ticks(HORIZON_S)
        self.at = [[model.new_bool_var(f"at{w}.{p}") for p in range(count)] for w in range(count)]
        for w in range(count):
            model.add_exactly_one(self.at[w])
            model.add_exactly_one([self.at[v][w] for v in range(count)])
        for w in range(len(problem.upstream) + problem.fixed_count):
            model.add(self.at[w][w] == 1)
        self._keep_order()
        self.turn = [model.new_int_var(0, horizon, f"turn{k}") for k in range(count + self._line.heads)]
        self._stops()
        self.last = model.new_int_var(0, horizon, "last")
        backs = [self._after_polish(place) for place in range(count)]
        for back in backs:
            model.add(self.last >= back)
        weight = [self._of(place, lambda w: 1 + max(0, w.priority)) for place in range(count)]
        late: list[Any] = []
        for place, back in enumerate(backs):
            weighted = model.new_int_var(0, horizon * 100, f"weighted{place}")
            model.add_multiplication_equality(weighted, [back, self._variable(weight[place], f"weight{place}")])
            late.append(weighted)
        model.minimize(self.last * (10 * count) + sum(late))

    def _keep_order(self) -> None:
        """Wafers that differ in nothing but name stay in the order given."""
        count = len(self._wafers)
        latest: dict[Any, int] = {}
        for w, wafer in enumerate(self._wafers):
            like = (wafer.visits, wafer.after_polish_s, wafer.priority, wafer.release_s)
            if like in latest:
                before = latest[like]
                place = [sum(p * self.at[v][p] for p in range(count)) for v in (before, w)]
                self._model.add(place[0] + 1 <= place[1])
            latest[like] = w

    def _variable(self, expression: Any, name: str) -> Any:
        variable = self._model.new_int_var(0, 1000, name)
        self._model.add(variable == expression)
        return variable

    def _of(self, place: int, value: Callable[[RoutedWafer], int]) -> Any:
        return sum(self.at[w][place] * value(wafer) for w, wafer in enumerate(self._wafers))

    def _visit(self, place: int, platen: int) -> Any:
        return self._of(place, lambda w: _ticks(_visit_s(w, platen)))

    def _work(self, place: int, station: int) -> Any:
        return self._of(place, lambda w: _ticks(w.after_polish_s[station] if station < len(w.after_polish_s) else 0.0))

    def _stops(self) -> None:
        """A turn comes after the stop before it; a stop lasts as long as the longest of what happens in it."""
        model, line, problem = self._model, self._line, self._problem
        count = len(self._wafers)
        model.add(self.turn[0] >= _ticks(problem.turn_s))
        for place in range(count):
            ready = self._of(place, lambda w: _ticks(w.release_s + feed_s(line)))
            model.add(self.turn[place] >= ready)
        for stop in range(count + line.heads - 1):
            began = self.turn[stop] + _ticks(line.index_s)
            if stop + 1 < count:
                model.add(self.turn[stop + 1] >= began + _ticks(exchange_s(line)))
            else:
                model.add(self.turn[stop + 1] >= began)
            for platen in range(1, line.platens + 1):
                place = stop - platen + 1
                if 0 <= place < count:
                    visit = self._visit(place, platen)
                    model.add(self.turn[stop + 1] >= began + visit)
                elif place < 0 and -place <= len(problem.riding):
                    riding = problem.riding[-place - 1]
                    if riding is not None:
                        model.add(self.turn[stop + 1] >= began + _ticks(_visit_s(riding, platen)))

    def _after_polish(self, place: int) -> Any:
        """Places after the polish in turn, without buffers; return when the wafer is out of the last one."""
        model, line = self._model, self._line
        home = self.turn[place + line.heads - 1] + _ticks(line.index_s)
        arrives = home + _ticks(line.unload_s + line.wet.pick_s + line.wet.move_s + line.wet.place_s)
        stations = len(self._wafers[0].after_polish_s)
        horizon = _ticks(HORIZON_S)
        begins = [model.new_int_var(0, horizon, f"begins{place}.{s}") for s in range(stations + 1)]
        if place == 0:
            self._before: list[Any] = [_ticks(t) for t in self._problem.line_free_s] or [0] * stations
        model.add(begins[0] >= arrives)
        limit_s = min(w.limits.polish_to_clean_s for w in self._wafers)
        # From the end of the last platen's stop to the cleaner; the wait is where the line is not free.
        model.add(begins[0] <= self.turn[place + line.heads - 1] + _ticks(limit_s))
        for s in range(stations):
            last = s + 1 == stations
            carry_s = line.dry.pick_s if last or s + 1 >= len(line.stations) else line.exchange_s
            work = self._work(place, s)
            model.add(begins[s + 1] >= begins[s] + work + _ticks(carry_s))
            model.add(begins[s] >= self._before[s])
        # A place is free once its wafer has begun in the next one.
        self._before = [begins[s + 1] for s in range(stations)]
        return begins[stations]


def _visit_s(wafer: RoutedWafer, platen: int) -> float:
    return next((v.time_s for v in wafer.visits if v.platen == platen), 0.0)
