"""Feeds the pacing rule: what the line after the polish holds, and how long the way to it takes."""

from __future__ import annotations

from collections.abc import Container, Mapping

from planaris.model import ToolDescription, Wafer
from planaris.modules import Carousel
from planaris.scheduling import LineWafer, hold_s, visit_s
from planaris.tool.jobs import JobBook

# Kept free of the wet limit for what cannot be foreseen: robots in use, device time spread [design].
MARGIN_S = 20.0


class Pacing:
    """Pacing of the lots on a carousel tool."""

    def __init__(self, tool: ToolDescription, jobs: JobBook, carousel: Carousel) -> None:
        self._jobs, self._tool, self._carousel = jobs, tool, carousel
        wet, dry = tool.wet_robot, tool.dry_robot
        pick_s, carry_s = dry.empty_move_s + dry.pick_s, dry.move_s + dry.place_s
        exchanges = (tool.cleaner.exchange_s,) * (len(tool.cleaner.stations) - 1)
        self._places: tuple[str, ...] = tool.cleaner.stations
        self._leave_s: tuple[float, ...] = (*exchanges, pick_s)
        if tool.metrology is not None:
            self._places = (*self._places, "metrology")
            self._leave_s = (*exchanges, pick_s + carry_s, pick_s)
        self._to_line_s = tool.load_cup.unload_s + wet.empty_move_s + wet.pick_s + wet.move_s + wet.place_s

    def hold_s(
        self, at: Mapping[str, Wafer], due: Mapping[str, float], polished: Container[str], now_s: float
    ) -> float:
        """Return how long to hold the carousel now; 0 when no wafer would begin its last polish."""
        return max(
            (self._hold_s(last, at, due, polished, now_s) for last in range(1, self._tool.platens + 1)), default=0.0
        )

    def _hold_s(
        self, last: int, at: Mapping[str, Wafer], due: Mapping[str, float], polished: Container[str], now_s: float
    ) -> float:
        """Return the hold for a wafer that would begin its last polish on platen ``last`` with the next turn."""
        turn_s, turns = self._tool.carousel_index_s, self._tool.platens + 1 - last
        beginning = at.get(f"head{self._carousel.head_at(last - 1)}")
        if beginning is None or self._jobs.progress_of(beginning).route != (last,):
            return 0.0
        recipe = self._jobs.of(beginning).recipe
        polish_s = max(visit_s(self._tool, recipe, platen) for platen in recipe.platens)
        wafers = [
            LineWafer(place, max(0.0, due.get(name, now_s) - now_s), self._process_s(at[name]))
            for place, name in reversed(list(enumerate(self._places)))
            if name in at
        ]
        for place, wait_s in (("wet_robot", 0.0), ("loadcup", self._to_line_s)):
            if place in at and at[place].wafer_id in polished:
                wafers.append(LineWafer(-1, wait_s, self._process_s(at[place])))
        done = at.get(f"head{self._carousel.head_at(last)}")
        if done is not None:
            wafers.append(LineWafer(-1, turn_s + self._to_line_s, self._process_s(done)))
        # On its way back the carousel stops at every platen for as long as others are polished there.
        natural_s = turn_s + self._to_line_s + (turns - 1) * (polish_s + turn_s)
        arrives_s = turn_s + polish_s + natural_s
        wafers.append(LineWafer(-1, arrives_s, self._process_s(beginning)))
        limit_s = max(natural_s, recipe.wet_limits.polish_to_clean_s - MARGIN_S)
        return hold_s(self._leave_s, wafers, natural_s=natural_s, limit_s=limit_s)

    def _process_s(self, wafer: Wafer) -> tuple[float, ...]:
        job = self._jobs.of(wafer)
        clean_s = tuple(station.time_s for station in job.cleaner.stations)
        if self._tool.metrology is None:
            return clean_s
        return (*clean_s, self._tool.metrology.time_s_by_plan[job.lot.sampling.plan_for(wafer.slot)])
