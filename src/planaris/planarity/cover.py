"""Rectangles that cover slanted polygons: what fill keeps away from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.edge_cut import Edges, polygon_edges
from planaris.planarity.slanted import Slanted

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def cover_rectangles(slanted: Slanted, step: int) -> Ints:
    """Return rectangles [m, 4] that cover polygons, reaching beyond a slanted edge by its run over at most ``step``."""
    made: list[Ints] = []
    for number in range(len(slanted)):
        points = slanted.polygon(number)
        e = polygon_edges(Slanted.of([points]), 0, 0)
        if not len(e):
            continue
        y0, y1 = int(points[:, 1].min()), int(points[:, 1].max())
        # At every vertex too: an edge then spans each slab that it meets, so its ends bound it there.
        levels = np.unique(np.concatenate([np.arange(y0, y1, step), points[:, 1]])).astype(np.float64)
        low, high = levels[:-1], levels[1:]
        first, last = np.searchsorted(levels, e.ya), np.searchsorted(levels, e.yb)
        edge = np.repeat(np.arange(len(first)), last - first)
        slab = np.arange(len(edge)) + np.repeat(first - (np.cumsum(last - first) - (last - first)), last - first)
        order = np.lexsort((_at(e, edge, 0.5 * (low + high)[slab]), slab))
        slab, edge = slab[order], edge[order]
        winding = np.cumsum(e.sign[edge])
        before = winding - e.sign[edge]
        begin, end = np.flatnonzero((before == 0) & (winding != 0)), np.flatnonzero((before != 0) & (winding == 0))
        at = slab[begin]
        # Both edges at both ends: they may cross within the slab.
        ends = [_at(e, edge[which], y[at]) for which in (begin, end) for y in (low, high)]
        left, right = np.min(ends, axis=0), np.max(ends, axis=0)
        made.append(np.stack([np.floor(left), low[at], np.ceil(right), high[at]], axis=1).astype(np.int64))
    return np.concatenate(made) if made else np.zeros((0, 4), dtype=np.int64)


def _at(e: Edges, which: Ints, y: Floats) -> Floats:
    """Return abscissae of edges at ordinates."""
    xa, ya = e.xa[which], e.ya[which]
    return xa + (y - ya) * (e.xb[which] - xa) / (e.yb[which] - ya)
