"""Wafers and lines for the scheduling tests: the example job on reference tool A, and variations of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from planaris.formats import load_job
from planaris.model import SamplingPlan
from planaris.scheduling import Line, PlatenVisit, Played, RoutedWafer, What, line_of, repeated, routed

JOB = load_job(Path(__file__).parents[3] / "examples" / "oxide_ild" / "lot.toml")
NINE = SamplingPlan(dense_slots=())

# One- to three-platen recipes, seconds from pre-flow to head up. Routes end on the platen before the load cup.
ROUTES = {
    "three": ((1, 51.0), (2, 51.0), (3, 51.0)),
    "three long": ((1, 75.0), (2, 75.0), (3, 75.0)),
    "three uneven": ((1, 65.0), (2, 51.0), (3, 40.0)),
    "two": ((2, 71.0), (3, 71.0)),
    "one": ((3, 131.0),),
    "one short": ((3, 51.0),),
}


def visits(route: Sequence[tuple[int, float]], spread_fraction: float = 0.0) -> tuple[PlatenVisit, ...]:
    """Return the visits of a route, each uncertain by a fraction of its time."""
    return tuple(PlatenVisit(platen, time_s, spread_fraction * time_s) for platen, time_s in route)


def line(*, metrology: bool = True) -> Line:
    """Return reference tool A as a line."""
    return line_of(JOB.tool, metrology=metrology)


def wafers(
    count: int, route: Sequence[tuple[int, float]], *, metrology: bool = True, spread_fraction: float = 0.0
) -> tuple[RoutedWafer, ...]:
    """Return wafers of a route with the example's cleaning and 9 sites."""
    base = routed(JOB.tool, JOB.lot, JOB.recipe, JOB.cleaner, sampling=NINE, metrology=metrology)
    return tuple(replace(w, visits=visits(route, spread_fraction)) for w in repeated(base, count))


def waits_s(played: Played) -> np.ndarray:
    """Return seconds from polish end to clean start, by wafer."""
    ends = {o.wafer_id: o.end_s for o in played.operations if o.what is What.VISIT}
    starts: dict[str, float] = {}
    for o in played.operations:
        if o.what is What.WORK and o.wafer_id in ends and o.resource != "aligner":
            starts.setdefault(o.wafer_id, o.start_s)
    return np.array([starts[w] - ends[w] for w in starts])
