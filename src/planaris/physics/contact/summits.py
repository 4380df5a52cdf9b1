"""Summits of a measured height map: density, radius and spread of heights."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from planaris.physics.contact.greenwood_williamson import SummitPopulation
from planaris.physics.contact.types import Field

# A map whose summit density changes by more than this when every second point is left out has none of its own (A).
GRID_CHANGE_LIMIT = 1.25
_UM2_PER_M2 = 1e12
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class SummitStatistics:
    """Summits of one map on one grid.

    ``mean_height_um`` is theirs above the map's mean plane. ``grid_change_ratio`` is their density over that of the
    same map with every second point left out: summits are counted between neighbours, so a rough map shows more and
    sharper ones the finer it is sampled.
    """

    summits: SummitPopulation
    mean_height_um: float
    count: int
    grid_change_ratio: float

    @property
    def grid_dependent(self) -> bool:
        """Whether the numbers belong to the grid more than to the pad."""
        return not 1.0 / GRID_CHANGE_LIMIT <= self.grid_change_ratio <= GRID_CHANGE_LIMIT


def summit_statistics(heights_um: Field, spacing_um: float, *, points: Literal[5, 9] = 9) -> SummitStatistics:
    """Return the summits of a map (n_y, n_x) on square cells, taken as periodic.

    A summit stands above its eight neighbours (nine-point definition) or its four nearest (five-point, more and flatter
    summits). Its curvature is the mean of both second differences over three points; the radius is one over the mean
    curvature (Greenwood 1984). Raises ValueError for a map with fewer than ten summits.
    """
    found = _summits(heights_um, spacing_um, points)
    if found is None:
        raise ValueError(f"fewer than {_FEWEST} summits in a map of shape {heights_um.shape}")
    summits, mean_um, count = found
    coarse = _summits(heights_um[::2, ::2], 2.0 * spacing_um, points)
    change = summits.summit_density_m2 / coarse[0].summit_density_m2 if coarse else float("inf")
    return SummitStatistics(summits, mean_um, count, change)


def _summits(heights_um: Field, spacing_um: float, points: int) -> tuple[SummitPopulation, float, int] | None:
    around = [(dy, dx) for dy, dx in product((-1, 0, 1), repeat=2) if (dy, dx) != (0, 0)]
    if points == 5:
        around = [(dy, dx) for dy, dx in around if dy == 0 or dx == 0]
    top = np.ones(heights_um.shape, dtype=np.bool_)
    for shift in around:
        top &= heights_um > np.roll(heights_um, shift, (0, 1))
    count = int(top.sum())
    if count < _FEWEST:
        return None
    nearest = sum(np.roll(heights_um, shift, (0, 1)) for shift in ((-1, 0), (1, 0), (0, -1), (0, 1)))
    curvature = (4.0 * heights_um - nearest)[top] / (2.0 * spacing_um**2)
    tops = heights_um[top]
    summits = SummitPopulation(
        summit_density_m2=count * _UM2_PER_M2 / (heights_um.size * spacing_um**2),
        summit_radius_um=float(1.0 / curvature.mean()),
        height_sigma_um=float(tops.std()),
    )
    return summits, float(tops.mean() - heights_um.mean()), count
