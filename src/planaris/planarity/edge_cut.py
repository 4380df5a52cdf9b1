"""Edges of slanted polygons, cut to tiles.

A tile gets the pieces of edges that reach it, and, of the edges to its left, what they make together: where their
windings cancel, nothing; where they cover, a rectangle, if no edge of the polygon reaches the tile. So a ring around a
chip costs only the tiles that it passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.slanted import Slanted

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# What ends this far left of a tile does not reach it.
_SAME_DBU = 1e-6


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges from (xa, ya) up to (xb, yb) in a tile's coordinates, dbu; ``sign`` −1 goes up in its polygon, +1 down.

    ``tile`` and ``polygon`` are numbers; an edge that stands for several has the sum of their signs.
    """

    tile: Ints
    polygon: Ints
    xa: Floats
    ya: Floats
    xb: Floats
    yb: Floats
    sign: Ints

    def __getitem__(self, which: NDArray[np.bool_] | Ints) -> Edges:
        return Edges(
            self.tile[which], self.polygon[which], self.xa[which], self.ya[which], self.xb[which], self.yb[which],
            self.sign[which],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.tile)

    def joined(self, other: Edges) -> Edges:
        """Return these edges and others."""
        return Edges(
            np.concatenate([self.tile, other.tile]), np.concatenate([self.polygon, other.polygon]),
            np.concatenate([self.xa, other.xa]), np.concatenate([self.ya, other.ya]),
            np.concatenate([self.xb, other.xb]), np.concatenate([self.yb, other.yb]),
            np.concatenate([self.sign, other.sign]),
        )  # fmt: skip


def polygon_edges(slanted: Slanted, left: int, bottom: int) -> Edges:
    """Return all edges that are not level, from a corner; ``tile`` is 0."""
    lengths = np.diff(slanted.starts)
    if not len(lengths):
        return _NONE
    which = np.repeat(np.arange(len(lengths)), lengths)
    following = np.arange(1, len(which) + 1)
    following[slanted.starts[1:] - 1] = slanted.starts[:-1]
    here = (slanted.points - np.array([left, bottom])).astype(np.float64)
    there = here[following]
    up = there[:, 1] > here[:, 1]
    low, high = np.where(up[:, None], here, there), np.where(up[:, None], there, here)
    sign = np.where(up, -1, 1)
    made = Edges(np.zeros_like(which), which, low[:, 0], low[:, 1], high[:, 0], high[:, 1], sign)
    return made[here[:, 1] != there[:, 1]]


def cut_edges(
    edges: Edges, size: Ints, columns: Ints, rows: Ints, base: Ints, height: Ints, halo: int, *, closed: bool
) -> tuple[Edges, Ints]:
    """Return edges cut to tiles, and rectangles (tile, x0, y0, x1, y1) of tiles that are covered from their left.

    What is cut are parts by ``edges.tile``: a part has columns × rows tiles of a size, numbered from its base on;
    ``height`` is its own. Edges left of a part must be among those given; ``closed`` says that those to its right are.
    """
    first, last = _range(edges.ya, edges.yb, size, rows, halo, edges.tile)
    count = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which]
    e = edges[which]
    small = size[e.tile]
    bottom = (row * small).astype(np.float64)
    top = np.minimum(bottom + small, height[e.tile]) + halo
    e, row = _between(e, bottom - halo, top, row)
    small = size[e.tile]
    reach = _reach(e, row) if closed else np.full(len(e), np.inf)
    first, last = _range(np.minimum(e.xa, e.xb), reach, size, columns, halo, e.tile)
    count = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(len(count)), count)
    column = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which]
    e, row, small = e[which], row[which], small[which]
    tile = base[e.tile] + row * columns[e.tile] + column
    left, bottom = column * small, row * small
    placed = Edges(tile, e.polygon, e.xa - left, e.ya - bottom, e.xb - left, e.yb - bottom, e.sign)
    return _without_left(placed, small)


def _range(low: Floats, high: Floats, size: Ints, tiles: Ints, halo: int, part: Ints) -> tuple[Ints, Ints]:
    """Return the first and the last tile of each span; one that begins left of all begins in the first."""
    step, count = size[part], tiles[part]
    first, last = np.floor((low - halo) / step), np.floor((high + halo) / step)
    return np.clip(first, 0, count).astype(np.int64), np.minimum(last, count - 1).astype(np.int64)


def _reach(e: Edges, row: Ints) -> Floats:
    """Return how far to the right each edge's polygon goes in the edge's row."""
    _, group = np.unique(np.stack([e.tile, e.polygon, row]), axis=1, return_inverse=True)
    group = group.ravel()
    most = np.full(group.max(initial=-1) + 1, -np.inf)
    np.maximum.at(most, group, np.maximum(e.xa, e.xb))
    return most[group]


def _between(e: Edges, low: Floats, high: Floats, row: Ints) -> tuple[Edges, Ints]:
    """Return edges cut at ordinates, and the rows of those that are left."""
    ya, yb = np.maximum(e.ya, low), np.minimum(e.yb, high)
    slope = (e.xb - e.xa) / (e.yb - e.ya)
    xa = np.where(ya == e.ya, e.xa, e.xa + (ya - e.ya) * slope)
    xb = np.where(yb == e.yb, e.xb, e.xa + (yb - e.ya) * slope)
    real = yb > ya
    return Edges(e.tile, e.polygon, xa, ya, xb, yb, e.sign)[real], row[real]


def _without_left(e: Edges, size: Ints) -> tuple[Edges, Ints]:
    """Put what lies left of each tile together."""
    is_left = np.maximum(e.xa, e.xb) < -_SAME_DBU
    if not is_left.any():
        return e, _NO_RECTANGLE
    here, left = e[~is_left], e[is_left]
    # Windings that begin and end at ordinates of one tile and polygon; those that cancel go.
    tile, polygon = np.tile(left.tile, 2), np.tile(left.polygon, 2)
    y, change = np.concatenate([left.ya, left.yb]), np.concatenate([left.sign, -left.sign])
    wide = np.tile(size[is_left], 2)
    order = np.lexsort((y, polygon, tile))
    tile, polygon, y, change, wide = tile[order], polygon[order], y[order], change[order], wide[order]
    new = np.concatenate([[True], (np.diff(tile) != 0) | (np.diff(polygon) != 0) | (np.diff(y) != 0)])
    at = np.flatnonzero(new)
    winding = np.cumsum(np.add.reduceat(change, at))
    tile, polygon, y, wide = tile[at], polygon[at], y[at], wide[at]
    low = np.flatnonzero(winding != 0)
    tile, polygon, wide, sign, ya, yb = tile[low], polygon[low], wide[low], winding[low], y[low], y[low + 1]
    none = np.full(len(low), -1.0)
    made = Edges(tile, polygon, none, ya, none, yb, sign)
    whole = ~np.isin(_pair(tile, polygon), _pair(here.tile, here.polygon))
    box = np.stack([tile, -np.ones_like(tile), ya.astype(np.int64), wide + 1, yb.astype(np.int64)], axis=1)
    # Cut ordinates are whole numbers: vertices and borders of tiles.
    return here.joined(made[~whole]), box[whole]


def _pair(tile: Ints, polygon: Ints) -> Ints:
    return (tile << 31) + polygon


_NO_RECTANGLE: Ints = np.zeros((0, 5), dtype=np.int64)
_no_int, _no_float = np.zeros(0, dtype=np.int64), np.zeros(0)
_NONE = Edges(_no_int, _no_int, _no_float, _no_float, _no_float, _no_float, _no_int)
