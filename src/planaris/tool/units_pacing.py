"""Feeds the pacing rule of units: what the line after the polish holds, and what wafers on their way have to come."""

from __future__ import annotations

from collections.abc import Container, Mapping

from planaris.model import ToolDescription, Wafer
from planaris.scheduling import PlatenVisit, UnitsAhead, holds_s, units_line_of
from planaris.tool.jobs import JobBook
from planaris.tool.wafer_ways import WaferWays


class UnitsPacing(WaferWays):
    """Pacing of the lots on a tool of units."""

    def __init__(self, tool: ToolDescription, jobs: JobBook) -> None:
        super().__init__(tool, jobs, 0.0)
        self.line = units_line_of(tool)

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
            after_s={wafer.wafer_id: self._after_polish_s(wafer) for wafer in out.values()},
            wet_limit_s=limits_s,
            polished=frozenset(name for name in todo if name in polished),
        )
        return holds_s(self.line, ahead)
