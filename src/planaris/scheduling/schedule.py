"""A schedule of lots on a tool: planned, played, checked and set against its bounds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planaris.model import CleanerRecipe, Lot, Recipe, ToolDescription
from planaris.scheduling.bounds import Bound, throughput_bound
from planaris.scheduling.bounds_units import throughput_bound_units
from planaris.scheduling.checker import Violation, check
from planaris.scheduling.checker_units import check_units
from planaris.scheduling.line import RoutedWafer, line_of, routed
from planaris.scheduling.line_bounds import LineBound, line_bound
from planaris.scheduling.line_bounds_units import units_bound
from planaris.scheduling.line_units import units_line_of
from planaris.scheduling.plan import What
from planaris.scheduling.play_floor import Played
from planaris.scheduling.rolling import PlanBoard
from planaris.scheduling.simulate import play
from planaris.scheduling.simulate_units import play_units
from planaris.scheduling.verdict import plan_by_play

# Wafers left out at either end of a steady rate: what fills and empties heads and cleaner [design].
STEADY_SKIP = 8


@dataclass(frozen=True, slots=True)
class LotToSchedule:
    """A lot with its recipes; a higher ``priority`` goes first, none begins before ``release_s``."""

    lot: Lot
    recipe: Recipe
    cleaner: CleanerRecipe
    priority: int = 0
    release_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """What came out: the wafers, what is done when, both bounds, and what the checker found.

    ``design`` are the bounds by the design values, one for each lot; ``bound`` is the proven one for all together.
    """

    wafers: tuple[RoutedWafer, ...]
    played: Played
    bound: LineBound
    design: tuple[Bound, ...]
    violations: tuple[Violation, ...]
    plans_count: int

    @property
    def makespan_ratio(self) -> float:
        """The proven shortest makespan over the achieved one."""
        return self.bound.makespan_s / self.played.makespan_s

    @property
    def steady_s(self) -> float | None:
        """Mean seconds between wafers without the ends; None for too few wafers."""
        enough = len(self.wafers) >= 2 * STEADY_SKIP + 2
        return self.played.steady_s(skip=STEADY_SKIP) if enough else None

    @property
    def steady_ratio(self) -> float | None:
        """The proven shortest cycle over the achieved one; None for too few wafers."""
        steady_s = self.steady_s
        return self.bound.cycle_s / steady_s if steady_s else None

    @property
    def waits_s(self) -> dict[str, float]:
        """Seconds from polish end to clean start of each wafer."""
        polished: dict[str, float] = {}
        waits: dict[str, float] = {}
        for operation in self.played.operations:
            if operation.what is What.VISIT:
                polished[operation.wafer_id] = operation.end_s
            elif operation.what is What.WORK and operation.wafer_id in polished:
                waits.setdefault(operation.wafer_id, operation.start_s - polished[operation.wafer_id])
        return waits


def schedule_lots(
    tool: ToolDescription, lots: Sequence[LotToSchedule], *, metrology: bool = True, plan: bool = True
) -> Schedule:
    """Return the schedule of lots, their wafers taken in turn unless a plan knows better.

    Without ``plan`` the dispatch rule goes alone. Raises `ValueError` without a wafer.
    """
    by_lot = [
        routed(
            tool,
            entry.lot,
            entry.recipe,
            entry.cleaner,
            metrology=metrology,
            priority=entry.priority,
            release_s=entry.release_s,
        )
        for entry in lots
    ]
    wafers = tuple(wafer for own in by_lot for wafer in own)
    board = PlanBoard(plan_by_play) if plan and len(lots) > 1 else None
    design_bound = throughput_bound if tool.units is None else throughput_bound_units
    design = tuple(
        design_bound(
            tool, e.recipe, e.cleaner, e.lot.sampling, tuple(w.slot for w in e.lot.wafers), metrology=metrology
        )
        for e in lots
    )
    if tool.units is None:
        line = line_of(tool, metrology=metrology)
        played = play(line, wafers, board=board)
        violations, bound = check(line, wafers, played.operations), line_bound(line, wafers)
    else:
        units = units_line_of(tool, metrology=metrology)
        played = play_units(units, wafers, board=board)
        violations, bound = check_units(units, wafers, played.operations), units_bound(units, wafers)
    return Schedule(wafers, played, bound, design, violations, board.seen if board else 0)
