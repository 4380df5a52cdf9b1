"""Feeds the look-ahead of the carousel's dispatch rule: times of the line, what wafers have to come, what is left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from planaris.clock import now_s
from planaris.model import ToolDescription, Wafer
from planaris.scheduling import PREPARE_S, Line, PlatenVisit, line_of
from planaris.tool.jobs import JobBook
from planaris.tool.wafer_ways import WaferWays


@dataclass(frozen=True, slots=True)
class Ahead:
    """What `Floor` asks for, by wafer: visits to come, times after the polish, wet limits."""

    todo: Mapping[str, tuple[PlatenVisit, ...]]
    clean_s: Mapping[str, tuple[float, ...]]
    slack_s: Mapping[str, float]
    between_s: Mapping[str, float]


class Lookahead(WaferWays):
    """Look-ahead of the lots on a carousel tool."""

    def __init__(self, tool: ToolDescription, jobs: JobBook) -> None:
        super().__init__(tool, jobs, PREPARE_S)
        self.line: Line = line_of(tool)

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
