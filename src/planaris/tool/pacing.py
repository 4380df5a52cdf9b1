"""Feeds the pacing rule: what the line after the polish holds, and how long the way to it takes."""

from __future__ import annotations

from collections.abc import Mapping

from planaris.model import CleanerRecipe, Recipe, ToolDescription, Wafer
from planaris.modules import Carousel
from planaris.scheduling import ExitTimes, StationLoad, hold_s, visit_s

# Kept free of the wet limit for what cannot be foreseen: robots in use, device time spread [design].
MARGIN_S = 10.0


class Pacing:
    """Pacing of one lot on a carousel tool."""

    def __init__(self, tool: ToolDescription, recipe: Recipe, cleaner: CleanerRecipe, carousel: Carousel) -> None:
        self._tool, self._recipe, self._carousel = tool, recipe, carousel
        self._times = {station.station: station.time_s for station in cleaner.stations}
        wet, dry, turn_s = tool.wet_robot, tool.dry_robot, tool.carousel_index_s
        to_cleaner_s = tool.load_cup.unload_s + wet.empty_move_s + wet.pick_s + wet.move_s + wet.place_s
        polish_s = max(visit_s(tool, recipe, platen) for platen in recipe.platens)
        self._exit = ExitTimes(turn_s + to_cleaner_s, turn_s + polish_s + turn_s + to_cleaner_s, turn_s + to_cleaner_s)
        self._pick_s = dry.empty_move_s + dry.pick_s
        self._limit_s = max(0.0, recipe.wet_limits.polish_to_clean_s - MARGIN_S)

    def hold_s(self, at: Mapping[str, Wafer], due: Mapping[str, float], now_s: float) -> float:
        """Return how long to hold the carousel now; 0 when no wafer would begin its last polish."""
        last = self._recipe.platens[-1]
        if f"head{self._carousel.head_at(last - 1)}" not in at:
            return 0.0
        names = [*self._tool.cleaner.stations, *(["metrology"] if self._tool.metrology else [])]
        line = [
            StationLoad(
                occupied=name in at,
                due_s=max(0.0, due.get(name, now_s) - now_s),
                leave_s=self._leave_s(name),
                process_s=self._times.get(name, 0.0),
            )
            for name in names
        ]
        finished = f"head{self._carousel.head_at(last)}" in at
        return hold_s(line, self._exit, finished=finished, limit_s=self._limit_s)

    def _leave_s(self, name: str) -> float:
        by_robot = name in {"metrology", self._tool.cleaner.stations[-1]}
        return self._pick_s if by_robot else self._tool.cleaner.exchange_s
