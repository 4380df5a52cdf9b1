"""Where squares of fill may stand: a lattice on which no two can come too near, less what drawn shapes forbid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.cover import cover_rectangles
from planaris.planarity.fill_rules import FillRules
from planaris.planarity.layout import LayerKey, LayerView, Layout

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FillSites:
    """Sites of a lattice that can take a square: centre [n, 2] in half dbu from the box's corner, and the largest size.

    ``largest`` [n] is an index of ``sizes`` (dbu, falling); a smaller square at the same centre is legal too.
    """

    centre_half: Ints
    largest: Ints
    sizes: Ints

    def squares(self, chosen: Ints) -> Ints:
        """Return squares [m, 4] in dbu from the box's corner; ``chosen`` [n] is a size's index, −1 for none."""
        which = np.flatnonzero(chosen >= 0)
        size, centre = self.sizes[chosen[which]][:, None], self.centre_half[which]
        low = (centre - size) // 2
        return np.concatenate([low, low + size], axis=1)


def fill_sites(layout: Layout, rules: FillRules) -> FillSites:
    """Return the sites of a layer. Distances are kept in x or in y, which is stricter than in a straight line."""
    dbu = layout.dbu_um
    sizes = np.unique([max(1, int(size / dbu + 1e-6)) for size in rules.sizes_um])[::-1].astype(np.int64)
    # Centres in half dbu: squares of even and odd size stand about the same point without leaving the grid.
    sizes = sizes[(sizes - sizes[0]) % 2 == 0]
    space, edge = _up(rules.fill_space_um, dbu), _up(rules.edge_um, dbu)
    pitch = int(sizes[0]) + space
    left, bottom, right, top = layout.box
    width, height = right - left, top - bottom
    nx, ny = max(0, (width - 2 * edge + space) // pitch), max(0, (height - 2 * edge + space) // pitch)
    corner = np.array([(width - (nx * pitch - space)) // 2, (height - (ny * pitch - space)) // 2])
    blocked = [
        (_rectangles(layout, (*rules.drawn, rules.fill)), _up(rules.drawn_space_um, dbu)),
        (_rectangles(layout, rules.keep_out), _up(rules.keep_out_space_um, dbu)),
    ]
    largest = np.full((ny, nx), -1, dtype=np.int64)
    for index in reversed(range(len(sizes))):
        inset = (int(sizes[0]) - int(sizes[index])) // 2
        free = np.ones((ny, nx), dtype=np.bool_)
        for rectangles, distance in blocked:
            free &= ~_hit(rectangles, distance, corner + inset, int(sizes[index]), pitch, (ny, nx))
        largest[free] = index
    row, column = np.nonzero(largest >= 0)
    centre = 2 * (corner + np.stack([column, row], axis=1) * pitch) + sizes[0]
    return FillSites(centre, largest[row, column], sizes)


def _up(value_um: float, dbu: float) -> int:
    """Return a length in dbu, never below what is asked."""
    return int(np.ceil(value_um / dbu - 1e-6))


def _rectangles(layout: Layout, keys: tuple[LayerKey, ...]) -> Ints:
    """Return rectangles that cover a layer's shapes, from the box's corner; slanted edges are covered by steps."""
    left, bottom, right, top = layout.box
    found = LayerView(layout, keys).shapes_in((left, bottom, right, top), np.iinfo(np.int64).max)
    assert found is not None  # there is no limit
    rectangles, slanted = found
    covers = cover_rectangles(slanted, _up(1.0, layout.dbu_um)) if len(slanted) else np.zeros((0, 4), dtype=np.int64)
    return np.concatenate([rectangles, covers]) - np.array([left, bottom, left, bottom])


def _hit(
    rectangles: Ints, distance: int, corner: Ints, size: int, pitch: int, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Say which squares of a lattice come nearer than ``distance`` to a rectangle: by counts at corners, summed up."""
    ny, nx = shape
    count = np.zeros((ny + 1, nx + 1), dtype=np.int64)
    low, high = rectangles[:, :2] - distance - corner, rectangles[:, 2:] + distance - corner
    # Square i covers [i·pitch, i·pitch + size]; touching at the distance is legal.
    first = np.maximum((low - size) // pitch + 1, 0)
    last = np.minimum(-(-high // pitch), np.array([nx, ny]))
    real = (last > first).all(axis=1)
    (x0, y0), (x1, y1) = first[real].T, last[real].T
    for x, y, sign in ((x0, y0, 1), (x1, y0, -1), (x0, y1, -1), (x1, y1, 1)):
        np.add.at(count, (y, x), sign)
    return np.cumsum(np.cumsum(count, axis=0), axis=1)[:ny, :nx] > 0


def site_cells(sites: FillSites, cell_dbu: int, shape: tuple[int, int]) -> Ints:
    """Return the cell (row · columns + column) of a grid in which each site's centre lies."""
    column, row = (np.minimum(sites.centre_half[:, k] // (2 * cell_dbu), shape[1 - k] - 1) for k in (0, 1))
    return row * shape[1] + column
