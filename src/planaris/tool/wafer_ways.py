"""Ways of wafers as planners see them: visits of their recipes and times after the polish, worked out once."""

from __future__ import annotations

from typing import Any

from planaris.model import Recipe, ToolDescription, Wafer
from planaris.scheduling import PlatenVisit, RoutedWafer, visits_of
from planaris.tool.jobs import JobBook

# What is worked out once is kept for so many recipes or wafers: a few carriers of them [design].
KEPT_COUNT = 200


class WaferWays:
    """The ways of the lots on a tool; each visit takes ``extra_s`` besides its steps."""

    def __init__(self, tool: ToolDescription, jobs: JobBook, extra_s: float) -> None:
        self._tool, self._jobs, self._extra_s = tool, jobs, extra_s
        # By identity: recipes and wafers of a job stay while it runs.
        self._visits: dict[int, tuple[Recipe, tuple[PlatenVisit, ...]]] = {}
        self._after_s: dict[str, tuple[Wafer, tuple[float, ...]]] = {}

    def routed(self, name: str) -> RoutedWafer:
        """Return a wafer with its whole way, as a planner sees it."""
        job, progress = self._jobs.of(name), self._jobs.progress_of(name)
        stations, after_s = len(job.cleaner.stations), self._after_polish_s(progress.wafer)
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
            _make_room(self._visits)
            kept = self._visits[id(recipe)] = recipe, tuple(visits_of(self._tool, recipe, extra_s=self._extra_s))
        return kept[1]

    def _after_polish_s(self, wafer: Wafer) -> tuple[float, ...]:
        kept = self._after_s.get(wafer.wafer_id)
        if kept is None or kept[0] is not wafer:
            _make_room(self._after_s)
            kept = self._after_s[wafer.wafer_id] = wafer, self._times_after_polish_s(wafer)
        return kept[1]

    def _times_after_polish_s(self, wafer: Wafer) -> tuple[float, ...]:
        job = self._jobs.of(wafer)
        clean_s = tuple(station.time_s for station in job.cleaner.stations)
        if self._tool.metrology is None:
            return clean_s
        return (*clean_s, self._tool.metrology.time_s_by_plan[job.lot.sampling.plan_for(wafer.slot, wafer.kind)])


def _make_room(kept: dict[Any, Any]) -> None:
    """Forget what was kept first where there is no room for one more: lots come for months."""
    while len(kept) >= KEPT_COUNT:
        del kept[next(iter(kept))]
