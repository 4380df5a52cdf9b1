"""Wafers and line of reference tool B for the scheduling tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from line_cases import JOB, NINE, visits

from planaris.formats import load_tool
from planaris.scheduling import RoutedWafer, UnitsLine, repeated, routed, units_line_of

TOOL = load_tool("tool_b")
# Seconds from pre-flow to head up of each stage.
STAGES = {"one": (110.0,), "two": (51.0, 51.0), "three": (51.0, 51.0, 51.0), "short": (50.0,)}


def units_line(*, metrology: bool = True) -> UnitsLine:
    """Return reference tool B as a line."""
    return units_line_of(TOOL, metrology=metrology)


def wafers_b(
    count: int, stages_s: Sequence[float], *, metrology: bool = True, spread_fraction: float = 0.0
) -> tuple[RoutedWafer, ...]:
    """Return wafers of stages that take these times, with the example's cleaning and 9 sites."""
    base = routed(TOOL, JOB.lot, JOB.recipe, JOB.cleaner, sampling=NINE, metrology=metrology)
    own = visits(tuple(enumerate(stages_s, start=1)), spread_fraction)
    return tuple(replace(w, visits=own) for w in repeated(base, count))


def second_lot(count: int, stages_s: Sequence[float], *, metrology: bool = True) -> tuple[RoutedWafer, ...]:
    """Return a second lot, from the other load port."""
    return tuple(
        replace(w, wafer_id=f"B{w.wafer_id}", home=w.home.replace("port1", "port2"))
        for w in wafers_b(count, stages_s, metrology=metrology)
    )
