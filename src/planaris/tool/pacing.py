"""Feeds the pacing rule: what the line after the polish holds, and how long the way to it takes."""

from __future__ import annotations

from collections.abc import Container, Mapping

from planaris.model import CleanerRecipe, Lot, Recipe, ToolDescription, Wafer
from planaris.modules import Carousel
from planaris.scheduling import LineWafer, hold_s, visit_s

# Kept free of the wet limit for what cannot be foreseen: robots in use, device time spread [design].
MARGIN_S = 20.0


class Pacing:
    """Pacing of one lot on a carousel tool."""

    def __init__(
        self, tool: ToolDescription, lot: Lot, recipe: Recipe, cleaner: CleanerRecipe, carousel: Carousel
    ) -> None:
        self._lot, self._tool, self._recipe, self._carousel = lot, tool, recipe, carousel
        self._clean_s = tuple(station.time_s for station in cleaner.stations)
        wet, dry = tool.wet_robot, tool.dry_robot
        pick_s, carry_s = dry.empty_move_s + dry.pick_s, dry.move_s + dry.place_s
        exchanges = (tool.cleaner.exchange_s,) * (len(tool.cleaner.stations) - 1)
        self._places: tuple[str, ...] = tool.cleaner.stations
        self._leave_s: tuple[float, ...] = (*exchanges, pick_s)
        if tool.metrology is not None:
            self._places = (*self._places, "metrology")
            self._leave_s = (*exchanges, pick_s + carry_s, pick_s)
        self._to_line_s = tool.load_cup.unload_s + wet.empty_move_s + wet.pick_s + wet.move_s + wet.place_s
        self._polish_s = max(visit_s(tool, recipe, platen) for platen in recipe.platens)
        self._limit_s = max(0.0, recipe.wet_limits.polish_to_clean_s - MARGIN_S)

    def hold_s(
        self, at: Mapping[str, Wafer], due: Mapping[str, float], polished: Container[str], now_s: float
    ) -> float:
        """Return how long to hold the carousel now; 0 when no wafer would begin its last polish."""
        last, turn_s = self._recipe.platens[-1], self._tool.carousel_index_s
        beginning = at.get(f"head{self._carousel.head_at(last - 1)}")
        if beginning is None:
            return 0.0
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
        arrives_s = turn_s + self._polish_s + turn_s + self._to_line_s
        wafers.append(LineWafer(-1, arrives_s, self._process_s(beginning)))
        return hold_s(self._leave_s, wafers, natural_s=turn_s + self._to_line_s, limit_s=self._limit_s)

    def _process_s(self, wafer: Wafer) -> tuple[float, ...]:
        if self._tool.metrology is None:
            return self._clean_s
        return (*self._clean_s, self._tool.metrology.time_s_by_plan[self._lot.sampling.plan_for(wafer.slot)])
