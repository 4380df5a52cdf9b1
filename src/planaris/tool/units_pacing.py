"""Feeds the pacing rule of units: what the line after the polish holds, and when wafers on their way reach it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from itertools import pairwise

from planaris.model import Recipe, ToolDescription, Wafer
from planaris.scheduling import LineWafer, begin_hold_s, visit_s
from planaris.tool.jobs import JobBook

# How long a wafer may wait for the cleaner on its way there, for what cannot be foreseen: a robot in use, device time
# spread; never more than what its wet limit leaves [design].
ALLOWED_WAIT_S = 5.0
# Kept free of the wet limit [design].
MARGIN_S = 10.0


class UnitsPacing:
    """Pacing of the lots on a tool of units."""

    def __init__(self, tool: ToolDescription, jobs: JobBook) -> None:
        self._tool, self._jobs = tool, jobs
        wet, dry, units = tool.wet_robot, tool.dry_robot, tool.units
        assert units is not None  # a tool of units
        self._units = units
        exchanges = (tool.cleaner.exchange_s,) * (len(tool.cleaner.stations) - 1)
        pick_s, carry_s = dry.pick_s, dry.move_s + dry.place_s
        self._places: tuple[str, ...] = tool.cleaner.stations
        self._leave_s: tuple[float, ...] = (*exchanges, pick_s)
        if tool.metrology is not None:
            self._places = (*self._places, "metrology")
            self._leave_s = (*exchanges, pick_s + carry_s, pick_s + dry.empty_move_s)
        change_s = wet.swap_s if wet.arms > 1 else wet.pick_s
        self._arm_s = wet.move_s + wet.place_s
        self._from_cup_s = change_s + self._arm_s
        self._back_s = units.swing_exchange_s + tool.load_cup.unload_s + self._from_cup_s

    def holds_s(
        self,
        at: Mapping[str, Wafer],
        positions: Mapping[int, int],
        due: Mapping[str, float],
        polished: Container[str],
        now_s: float,
    ) -> dict[str, float]:
        """Return how long to hold each loaded head that is still at its exchange station; heads that may go lack.

        ``positions``: unit -> platen its head stands over, 0 at the exchange station.
        """
        holds: dict[str, float] = {}
        in_line = [
            LineWafer(place, max(0.0, due.get(name, now_s) - now_s), self._process_s(at[name]))
            for place, name in reversed(list(enumerate(self._places)))
            if name in at
        ]
        for unit, platen in positions.items():
            wafer = at.get(f"head{unit}")
            if wafer is None or platen or wafer.wafer_id in polished:
                continue
            coming = [
                *self._coming(at, positions, due, polished, now_s, but=unit),
                self._line(wafer, self._way_s(wafer)),
            ]
            recipe = self._jobs.of(wafer).recipe
            left_s = recipe.wet_limits.polish_to_clean_s - MARGIN_S - self._back_s
            wait_s = begin_hold_s(self._leave_s, in_line, coming, max(0.0, min(ALLOWED_WAIT_S, left_s)))
            if wait_s > 0.0:
                holds[f"head{unit}"] = wait_s
        return holds

    def _coming(
        self,
        at: Mapping[str, Wafer],
        positions: Mapping[int, int],
        due: Mapping[str, float],
        polished: Container[str],
        now_s: float,
        but: int,
    ) -> Iterable[LineWafer]:
        """Yield wafers on their way to the line, without the one on a unit's head."""
        for arm in ("wet_robot", "wet_robot_b"):
            if arm in at and at[arm].wafer_id in polished:
                yield self._line(at[arm], self._arm_s)
        for unit, platen in positions.items():
            cup, wafer = at.get(f"exchange{unit}"), at.get(f"head{unit}")
            if cup is not None and cup.wafer_id in polished:
                yield self._line(cup, self._from_cup_s)
            if wafer is None or unit == but:
                continue
            if wafer.wafer_id in polished:
                yield self._line(wafer, self._back_s)
            elif platen:
                route, recipe = self._jobs.progress_of(wafer).route, self._jobs.of(wafer).recipe
                head = f"head{unit}"
                now_left_s = due[head] - now_s if head in due else visit_s(self._tool, recipe, route[0])
                yield self._line(wafer, max(0.0, now_left_s) + self._stages_s(recipe, route[1:]) + self._back_s)

    def _line(self, wafer: Wafer, ready_s: float) -> LineWafer:
        return LineWafer(-1, ready_s, self._process_s(wafer))

    def _way_s(self, wafer: Wafer) -> float:
        """Return how long a wafer at the exchange station takes to reach the line if it goes now."""
        recipe, route = self._jobs.of(wafer).recipe, self._jobs.progress_of(wafer).route
        return self._units.swing_exchange_s + self._stages_s(recipe, route) + self._back_s

    def _stages_s(self, recipe: Recipe, route: tuple[int, ...]) -> float:
        """Return visits and the swings between them."""
        swings = sum(self._tool.platens_for(a) != self._tool.platens_for(b) for a, b in pairwise(route))
        return sum(visit_s(self._tool, recipe, stage) for stage in route) + swings * self._units.swing_table_s

    def _process_s(self, wafer: Wafer) -> tuple[float, ...]:
        job = self._jobs.of(wafer)
        clean_s = tuple(station.time_s for station in job.cleaner.stations)
        if self._tool.metrology is None:
            return clean_s
        return (*clean_s, self._tool.metrology.time_s_by_plan[job.lot.sampling.plan_for(wafer.slot)])
