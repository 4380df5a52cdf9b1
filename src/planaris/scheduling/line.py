"""A wafer line as a job shop without buffers: the times of a tool and the operations of each wafer. Data only.

Every place holds one wafer; a wafer leaves a place only into the next one, so a finished wafer blocks its place. The
heads of a carousel are coupled: they turn together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from planaris.model import (
    CleanerRecipe,
    EndKind,
    Lot,
    Recipe,
    RobotTimes,
    SamplingPlan,
    ToolDescription,
    Wafer,
    WetLimits,
)

# Between the valve's and the conditioner's commands and the pre-flow; both devices' motion times [design].
PREPARE_S = 1.3


@dataclass(frozen=True, slots=True)
class Line:
    """Times of a carousel tool, seconds of work without handshake; ``command_s`` comes on top of every device command.

    ``stations`` are the cleaner's places in order; ``measured`` tells whether metrology is part of the line.
    """

    dry: RobotTimes
    wet: RobotTimes
    aligner_s: float
    carrier_map_s: float
    index_s: float
    unload_s: float
    head_rinse_s: float
    load_s: float
    chuck_s: float
    stations: tuple[str, ...]
    exchange_s: float
    heads: int
    platens: int
    measured: bool
    command_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PlatenVisit:
    """One visit to a platen, from the start of its pre-flow to the head up: expected time, and how far it may be off.

    ``spread_s`` is half the width of what an endpoint makes of the expected time; 0 for steps that end by time.
    """

    platen: int
    time_s: float
    spread_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RoutedWafer:
    """A wafer with its operations: visits in order, cleaning times by station, measuring time (0 without).

    ``release_s`` is when it may first leave its slot; a higher ``priority`` goes first. ``limits`` are hard.
    """

    wafer_id: str
    home: str
    visits: tuple[PlatenVisit, ...]
    clean_s: tuple[float, ...]
    measure_s: float
    limits: WetLimits
    priority: int = 0
    release_s: float = 0.0

    @property
    def after_polish_s(self) -> tuple[float, ...]:
        """Times in the places after the polish, metrology last if it is measured."""
        return (*self.clean_s, self.measure_s) if self.measure_s > 0 else self.clean_s


def line_of(tool: ToolDescription, *, metrology: bool = True, command_s: float = 0.0) -> Line:
    """Return the line of a carousel tool."""
    cup = tool.load_cup
    return Line(
        dry=tool.dry_robot,
        wet=tool.wet_robot,
        aligner_s=tool.aligner_s,
        carrier_map_s=tool.carrier_map_s,
        index_s=tool.carousel_index_s,
        unload_s=cup.unload_s,
        head_rinse_s=cup.head_rinse_s,
        load_s=cup.load_s,
        chuck_s=cup.chuck_s,
        stations=tool.cleaner.stations,
        exchange_s=tool.cleaner.exchange_s,
        heads=tool.heads,
        platens=tool.platens,
        measured=metrology and tool.metrology is not None,
        command_s=command_s,
    )


def visit_s(tool: ToolDescription, recipe: Recipe, platen: int) -> float:
    """Return the shortest time of a visit to a platen: pre-flow, touch-down, steps, lift."""
    steps = recipe.steps_on(platen)
    if not steps:
        return 0.0
    return (
        recipe.pre_flow_s
        + tool.touch_down_s
        + sum(step.end.time_s + step.end.over_polish_s for step in steps)
        + tool.lift_s
    )


def visits_of(tool: ToolDescription, recipe: Recipe, *, extra_s: float = 0.0) -> tuple[PlatenVisit, ...]:
    """Return the visits of a recipe in order; ``extra_s`` is what the platen's own commands add to each."""
    return tuple(
        PlatenVisit(platen, visit_s(tool, recipe, platen) + extra_s, _spread_s(recipe, platen))
        for platen in recipe.platens
    )


def _spread_s(recipe: Recipe, platen: int) -> float:
    """Return how far endpoints may take a visit from its expected time; steps that end by time take it nowhere."""
    ends = [step.end for step in recipe.steps_on(platen) if step.end.kind is not EndKind.TIME]
    return sum(max(end.max_s - end.time_s, end.time_s - end.min_s) for end in ends)


def routed(
    tool: ToolDescription,
    lot: Lot,
    recipe: Recipe,
    cleaner: CleanerRecipe,
    *,
    sampling: SamplingPlan | None = None,
    metrology: bool = True,
    extra_s: float = 0.0,
    priority: int = 0,
    release_s: float = 0.0,
) -> tuple[RoutedWafer, ...]:
    """Return a lot's wafers, in slot order, with their operations."""
    plan = sampling or lot.sampling
    visits = visits_of(tool, recipe, extra_s=extra_s)
    by_station = {station.station: station.time_s for station in cleaner.stations}
    times = tool.metrology.time_s_by_plan if metrology and tool.metrology is not None else {}

    def one(wafer: Wafer) -> RoutedWafer:
        return RoutedWafer(
            wafer.wafer_id,
            f"loadport{lot.load_port}.{wafer.slot:02d}",
            visits,
            tuple(by_station[name] for name in tool.cleaner.stations),
            times[plan.plan_for(wafer.slot, wafer.kind)] if times else 0.0,
            recipe.wet_limits,
            priority,
            release_s,
        )

    return tuple(one(wafer) for wafer in sorted(lot.wafers, key=lambda w: w.slot))


def repeated(wafers: Iterable[RoutedWafer], count: int) -> tuple[RoutedWafer, ...]:
    """Return ``count`` wafers like these, over and over, each with a name and slot of its own."""
    like = tuple(wafers)
    made: list[RoutedWafer] = []
    for n in range(count):
        wafer = like[n % len(like)]
        made.append(replace(wafer, wafer_id=f"{wafer.wafer_id}/{n // len(like)}", home=f"loadport1.{n:04d}"))
    return tuple(made)
