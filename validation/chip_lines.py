"""Regular arrays as the chip-scale model takes them: one cell of lines and spaces, polished as shipped."""

from __future__ import annotations

import numpy as np

from planaris.model import Layer
from planaris.physics import ContactConstants
from planaris.planarity import (
    PatternConstants,
    PatternMaps,
    PatternProcess,
    PatternStack,
    PolishStage,
    RecessConstants,
    Topography,
    pattern_maps,
    polish,
)

# The pad sees nothing but the array, or nothing but its surrounding: a length that no case depends on.
_LENGTH_mm, _CELL_um = 1.0, 200.0
_SIGMA_nm = 120.0
_DEEP_nm = 1e5


def lines(width_um: float, space_um: float, up_density: float | None = None) -> PatternMaps:
    """Return a uniform chip of trenches of a width and a space; ``up_density`` where it is not that of the lines."""
    up = space_um / (width_um + space_um) if up_density is None else up_density
    shape = (2, 2)
    area = np.full(shape, (1.0 - up) * _CELL_um**2)
    flat = pattern_maps(_CELL_um, 0.0, 0.0, area, np.ones(shape), np.ones(shape))
    return PatternMaps(
        _CELL_um, 0.0, 0.0, flat.density, flat.perimeter_um_per_um2, np.full(shape, width_um),
        np.full(shape, space_um), flat.inside,
    )  # fmt: skip


def over_polish(
    maps: PatternMaps,
    fast_nm_min: float,
    slow_nm_min: float,
    recess: RecessConstants,
    time_s: float,
    *,
    thresholds: dict[str, float] | None = None,
    start_nm: float = 0.0,
) -> Topography:
    """Polish trenches of a fast film between places of a slow one, which stand ``start_nm`` higher at first."""
    process = PatternProcess(
        "over-polish",
        PatternStack((Layer("slow", _DEEP_nm),), (Layer("fast", _DEEP_nm),), start_nm, up_drawn=False),
        PatternConstants(_LENGTH_mm, ContactConstants(_SIGMA_nm), recess, thresholds=thresholds or {}),
        (PolishStage({"slow": slow_nm_min, "fast": fast_nm_min}, time_s),),
    )
    return polish(maps, process)


def recess_nm(surface: Topography) -> float:
    """Return how far the fast film lies below the slow one."""
    return float(surface.step_nm[0, 0])


def slow_loss_nm(surface: Topography) -> float:
    """Return what the slow film lost."""
    return _DEEP_nm - float(surface.up_nm[0, 0])
