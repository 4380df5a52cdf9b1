"""Small chips for tests: maps of a given density, and a process of one film with round numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planaris.model import Layer
from planaris.physics import ContactConstants
from planaris.planarity import (
    PatternConstants,
    PatternMaps,
    PatternProcess,
    PatternStack,
    PolishStage,
    RecessConstants,
    pattern_maps,
)

Map = NDArray[np.float64]
BLANKET_NM_MIN = 240.0
STEP_NM, SIGMA_NM = 700.0, 120.0


def chip(density: Map, cell_um: float = 100.0, width_um: float = 1.0) -> PatternMaps:
    """Return maps of lines of one width with a density by cell."""
    area = density * cell_um**2
    return pattern_maps(cell_um, 0.0, 0.0, area, 2.0 * area / width_um, np.ones(density.shape))


def uniform(density: float, n: int = 8) -> PatternMaps:
    """Return a chip of one density."""
    return chip(np.full((n, n), density))


def _shift(a: Map) -> Map:
    return np.roll(a, (3, -7), (0, 1))


def _upside_down(a: Map) -> Map:
    return a[::-1]


def _mirror(a: Map) -> Map:
    return a[:, ::-1]


def _turn(a: Map) -> Map:
    return np.rot90(a)


# What may be done to a layout of repeated dies without changing anything but the place.
MOVES = (_shift, _upside_down, _mirror, _turn)


def blocks(n: int = 40, cell_um: float = 100.0, count: int = 4) -> PatternMaps:
    """Return a chip of count × count blocks with seeded densities between 0.1 and 0.9."""
    levels = np.random.default_rng(5).uniform(0.1, 0.9, (count, count))
    return chip(levels.repeat(n // count, 0).repeat(n // count, 1), cell_um)


def oxide(
    time_s: float = 60.0, *, length_mm: float = 3.0, sigma_nm: float = SIGMA_NM, step_nm: float = STEP_NM
) -> PatternProcess:
    """Return a process of one film over metal."""
    film = (Layer("TEOS", 2000.0),)
    return PatternProcess(
        "test",
        PatternStack(film, film, step_nm, up_drawn=True),
        PatternConstants(length_mm, ContactConstants(sigma_nm)),
        (PolishStage({"TEOS": BLANKET_NM_MIN}, time_s),),
    )


def two_films(
    time_s: float, fast_nm_min: float, slow_nm_min: float, largest_nm: float, step_nm: float = 0.0
) -> PatternProcess:
    """Return a process whose up places show a slow film and whose down places a fast one from the start."""
    return PatternProcess(
        "test",
        PatternStack((Layer("slow", 3000.0),), (Layer("fast", 9000.0),), step_nm, up_drawn=True),
        PatternConstants(3.0, ContactConstants(SIGMA_NM), RecessConstants(largest_nm, 0.0, 0.0)),
        (PolishStage({"slow": slow_nm_min, "fast": fast_nm_min}, time_s),),
    )
