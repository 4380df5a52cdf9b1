"""One wafer's visit to one platen: what is to be done, what it took, and what is left of one that was cut off."""

from __future__ import annotations

from dataclasses import dataclass, replace

from planaris.model import EndKind, PolishStep, Recipe, StepEnd
from planaris.modules.context import TraceFile


@dataclass(frozen=True, slots=True)
class Visit:
    """One wafer's visit to one platen; what is left of one knows why its wafer is held, and if it goes no further."""

    wafer_id: str
    slot: int
    head: int
    recipe: Recipe
    first_step: int
    steps: tuple[PolishStep, ...]
    held: str = ""
    turned_away: bool = False


@dataclass(frozen=True, slots=True)
class VisitResult:
    """What a visit took: times in tool time, polish without rinse, in-situ conditioning, and its trace.

    ``held`` says why the wafer is to be kept for a person; ``turned_away``: it is not one that the recipe means.
    ``window_trace`` is what the platen's window saw, where a step looked through it.
    """

    platen: int
    head: int
    start_s: float
    end_s: float
    polish_s: float
    slurry_ml: float
    di_water_ml: float
    trace: TraceFile
    conditioned_s: float = 0.0
    held: str = ""
    turned_away: bool = False
    window_trace: TraceFile | None = None


def rest_of_end(end: StepEnd, into_s: float) -> StepEnd:
    """Return a step's end for what is left of it after some seconds."""
    left_s = max(0.0, end.time_s + end.over_polish_s - into_s)
    if end.kind is not EndKind.TIME:  # what ends it begins anew, within what is left of the times
        return replace(
            end,
            time_s=max(0.0, end.time_s - into_s),
            min_s=max(0.0, end.min_s - into_s),
            max_s=max(0.0, end.max_s - into_s),
        )
    return replace(end, time_s=left_s, min_s=min(end.min_s, left_s), over_polish_s=0.0)


def rest_of(visit: Visit, done_count: int, into_next_s: float) -> Visit:
    """Return what is left of a visit after some steps and part of the next."""
    steps = visit.steps[done_count:]
    if steps and into_next_s > 0:
        steps = (replace(steps[0], end=rest_of_end(steps[0].end, into_next_s)), *steps[1:])
    return replace(visit, first_step=visit.first_step + done_count, steps=steps)
