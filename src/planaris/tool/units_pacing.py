"""Feeds the pacing rule of units: what the line after the polish holds, and what wafers on their way have to come."""

from __future__ import annotations

from collections.abc import Container, Mapping

from planaris.model import Recipe, ToolDescription, Wafer
from planaris.scheduling import PlatenVisit, RoutedWafer, UnitsAhead, holds_s, units_line_of, visits_of
from planaris.tool.jobs import JobBook
from planaris.tool.lookahead import make_room


class UnitsPacing:
    """Pacing of the lots on a tool of units."""

    def __init__(self, tool: ToolDescription, jobs: JobBook) -> None:
        self._tool, self._jobs = tool, jobs
        self.line = units_line_of(tool)
        # By identity: recipes of a job stay while it runs.
        self._visits: dict[int, tuple[Recipe, tuple[PlatenVisit, ...]]] = {}

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
        out = {place: wafer for place, wafer in at.items() if not place.startswith("loadport")}
        todo: dict[str, tuple[PlatenVisit, ...]] = {}
        limits_s: dict[str, float] = {}
        for wafer in out.values():
            progress = self._jobs.progress_of(wafer)
            visits = self._visits_of(progress.recipe)
            todo[wafer.wafer_id] = visits[len(visits) - len(progress.route) :]
            limits_s[wafer.wafer_id] = progress.recipe.wet_limits.polish_to_clean_s
        ahead = UnitsAhead(
            at={place: wafer.wafer_id for place, wafer in out.items()},
            positions=positions,
            due_s={place: end_s - now_s for place, end_s in due.items()},
            todo=todo,
            after_s={wafer.wafer_id: self._process_s(wafer) for wafer in out.values()},
            wet_limit_s=limits_s,
            polished=frozenset(name for name in todo if name in polished),
        )
        return holds_s(self.line, ahead)

    def routed(self, name: str) -> RoutedWafer:
        """Return a wafer with its whole way, as a planner sees it."""
        job, progress = self._jobs.of(name), self._jobs.progress_of(name)
        stations, after_s = len(job.cleaner.stations), self._process_s(progress.wafer)
        return RoutedWafer(
            name,
            progress.home,
            self._visits_of(progress.recipe),
            after_s[:stations],
            sum(after_s[stations:]),
            progress.recipe.wet_limits,
            job.priority,
        )

    def _visits_of(self, recipe: Recipe) -> tuple[PlatenVisit, ...]:
        kept = self._visits.get(id(recipe))
        if kept is None or kept[0] is not recipe:
            make_room(self._visits)
            kept = self._visits[id(recipe)] = recipe, visits_of(self._tool, recipe)
        return kept[1]

    def _process_s(self, wafer: Wafer) -> tuple[float, ...]:
        job = self._jobs.of(wafer)
        clean_s = tuple(station.time_s for station in job.cleaner.stations)
        if self._tool.metrology is None:
            return clean_s
        return (*clean_s, self._tool.metrology.time_s_by_plan[job.lot.sampling.plan_for(wafer.slot, wafer.kind)])
