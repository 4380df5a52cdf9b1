"""Feeds the look-ahead of the carousel's dispatch rule: times of the line, what wafers have to come, what is left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planaris.clock import now_s
from planaris.model import Recipe, ToolDescription, Wafer
from planaris.scheduling import PREPARE_S, Line, PlatenVisit, RoutedWafer, line_of, visits_of
from planaris.tool.jobs import JobBook

# What is worked out once is kept for so many recipes or wafers: a few carriers of them [design].
KEPT_COUNT = 200


def make_room(kept: dict[Any, Any]) -> None:
    """Forget what was kept first where there is no room for one more: lots come for months."""
    while len(kept) >= KEPT_COUNT:
        del kept[next(iter(kept))]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What `Floor` asks for, by wafer: visits to come, times after the polish, wet limits."""

    todo: Mapping[str, tuple[PlatenVisit, ...]]
    clean_s: Mapping[str, tuple[float, ...]]
    slack_s: Mapping[str, float]
    between_s: Mapping[str, float]


class Lookahead:
    """Look-ahead of the lots on a carousel tool."""

    def __init__(self, tool: ToolDescription, jobs: JobBook) -> None:
        self._tool, self._jobs = tool, jobs
        self.line: Line = line_of(tool)
        # By identity: recipes and wafers of a job stay while it runs.
        self._visits: dict[int, tuple[Recipe, tuple[PlatenVisit, ...]]] = {}
        self._after_s: dict[str, tuple[Wafer, tuple[float, ...]]] = {}

    def of(self, at: Mapping[str, Wafer]) -> Ahead:
        """Return what is ahead of the wafers that are out."""
        todo: dict[str, tuple[PlatenVisit, ...]] = {}
        clean_s: dict[str, tuple[float, ...]] = {}
        slack_s: dict[str, float] = {}
        between_s: dict[str, float] = {}
        for place, wafer in at.items():
            if place.startswith("loadport"):
                continue
            name, progress = wafer.wafer_id, self._jobs.progress_of(wafer)
            limits = progress.recipe.wet_limits
            visits = self._visits_of(progress.recipe)
            todo[name] = visits[len(visits) - len(progress.route) :]
            clean_s[name] = self._after_polish_s(wafer)
            between_s[name] = limits.between_stations_s
            if not progress.route and not math.isnan(progress.polish_end_s) and math.isnan(progress.clean_start_s):
                slack_s[name] = progress.polish_end_s + limits.polish_to_clean_s - now_s()
        return Ahead(todo, clean_s, slack_s, between_s)

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
            make_room(self._visits)
            kept = self._visits[id(recipe)] = recipe, tuple(visits_of(self._tool, recipe, extra_s=PREPARE_S))
        return kept[1]

    def _after_polish_s(self, wafer: Wafer) -> tuple[float, ...]:
        kept = self._after_s.get(wafer.wafer_id)
        if kept is None or kept[0] is not wafer:
            make_room(self._after_s)
            kept = self._after_s[wafer.wafer_id] = wafer, self._times_after_polish_s(wafer)
        return kept[1]

    def _times_after_polish_s(self, wafer: Wafer) -> tuple[float, ...]:
        job = self._jobs.of(wafer)
        clean_s = tuple(station.time_s for station in job.cleaner.stations)
        if self._tool.metrology is None:
            return clean_s
        return (*clean_s, self._tool.metrology.time_s_by_plan[job.lot.sampling.plan_for(wafer.slot, wafer.kind)])
