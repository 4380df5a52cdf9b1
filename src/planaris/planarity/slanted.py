"""Polygons with slanted edges, and the exact measure of a tile that they reach.

A tile is cut into slabs at every vertex and every crossing of two edges, so that no edges cross inside a slab; there
the winding number tells what is covered, and areas are trapezoids. Crossings are float64: an error of 1e-9 of a tile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Two abscissae nearer than this are one; nothing is drawn finer than a dbu.
_SAME_DBU = 1e-6


@dataclass(frozen=True, slots=True)
class Slanted:
    """Polygons as their points one after the other [p, 2] in dbu, and where each begins (n + 1 entries)."""

    points: Ints
    starts: Ints

    @staticmethod
    def of(polygons: list[Ints]) -> Slanted:
        """Return the polygons of a list of [v, 2] arrays."""
        if not polygons:
            return NO_SLANTED
        lengths = np.array([len(p) for p in polygons], dtype=np.int64)
        return Slanted(np.concatenate(polygons), np.concatenate([[0], np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def polygon(self, number: int) -> Ints:
        """Return one polygon's points."""
        return self.points[self.starts[number] : self.starts[number + 1]]

    def bounds(self) -> Ints:
        """Return each polygon's (x0, y0, x1, y1) [n, 4]."""
        if not len(self):
            return np.zeros((0, 4), dtype=np.int64)
        at = self.starts[:-1]
        return np.concatenate([np.minimum.reduceat(self.points, at), np.maximum.reduceat(self.points, at)], axis=1)

    def select(self, which: NDArray[np.bool_]) -> Slanted:
        """Return some of the polygons."""
        return Slanted.of([self.polygon(int(k)) for k in np.flatnonzero(which)])


NO_SLANTED = Slanted(np.zeros((0, 2), dtype=np.int64), np.zeros(1, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class _Edges:
    """Edges from (xa, ya) up to (xb, yb); sign +1 has material on its right."""

    xa: Floats
    ya: Floats
    xb: Floats
    yb: Floats
    sign: Ints

    def at(self, which: Ints, y: Floats) -> Floats:
        """Return abscissae of edges at ordinates."""
        xa, ya = self.xa[which], self.ya[which]
        return xa + (y - ya) * (self.xb[which] - xa) / (self.yb[which] - ya)


def _edges(boxes: Ints, polygons: list[Ints]) -> _Edges:
    lines: list[Floats] = []
    if len(boxes):
        x0, y0, x1, y1 = (boxes[:, k].astype(np.float64) for k in range(4))
        one = np.ones(len(boxes))
        lines += [np.stack([x0, y0, x0, y1, one], axis=1), np.stack([x1, y0, x1, y1, -one], axis=1)]
    for points in polygons:
        here, there = points.astype(np.float64), np.roll(points, -1, axis=0).astype(np.float64)
        area = (here[:, 0] * there[:, 1] - there[:, 0] * here[:, 1]).sum()
        up = there[:, 1] > here[:, 1]
        low, high = np.where(up[:, None], here, there), np.where(up[:, None], there, here)
        sign = np.where(up, -1.0, 1.0) * (1.0 if area >= 0 else -1.0)
        lines.append(np.concatenate([low, high, sign[:, None]], axis=1)[here[:, 1] != there[:, 1]])
    every = np.concatenate(lines)
    return _Edges(every[:, 0], every[:, 1], every[:, 2], every[:, 3], every[:, 4].astype(np.int64))


def tile_measures(boxes: Ints, polygons: list[Ints], width: int, height: int) -> tuple[float, float]:
    """Return merged area and outline of boxes [n, 4] and polygons inside a tile 0 ≤ x ≤ width, 0 ≤ y ≤ height, dbu.

    What touches the tile from outside must be given too: an edge counts where it bounds material of this tile.
    """
    e = _edges(boxes, polygons)
    levels = _levels(e, width, height)
    low, high = levels[:-1], levels[1:]
    active = (e.ya[None, :] <= low[:, None] + _SAME_DBU) & (e.yb[None, :] >= high[:, None] - _SAME_DBU)
    slab, edge = np.nonzero(active)
    middle = np.round(e.at(edge, 0.5 * (low + high)[slab]) / _SAME_DBU)
    order = np.lexsort((-e.sign[edge], middle, slab))
    slab, edge = slab[order], edge[order]
    winding = np.cumsum(e.sign[edge])
    before = winding - e.sign[edge]
    begin, end = np.flatnonzero((before <= 0) & (winding > 0)), np.flatnonzero((before > 0) & (winding <= 0))
    # What has no width has no outline either.
    wide = middle[order][end] > middle[order][begin]
    begin, end = begin[wide], end[wide]
    slab, left, right = slab[begin], edge[begin], edge[end]
    x0_low, x0_high = e.at(left, low[slab]), e.at(left, high[slab])
    x1_low, x1_high = e.at(right, low[slab]), e.at(right, high[slab])
    thick = (high - low)[slab]
    inside = (low[slab] >= -_SAME_DBU) & (high[slab] <= height + _SAME_DBU)
    clipped = [np.clip(x, 0.0, width) for x in (x0_low, x0_high, x1_low, x1_high)]
    area = float((inside * thick * 0.5 * (clipped[2] + clipped[3] - clipped[0] - clipped[1])).sum())
    length = 0.0
    for first, second, is_left in ((x0_low, x0_high, True), (x1_low, x1_high, False)):
        x = 0.5 * (first + second)
        here = (x >= -_SAME_DBU) & (x < width - _SAME_DBU) if is_left else (x > _SAME_DBU) & (x <= width + _SAME_DBU)
        length += float((inside & here) @ np.hypot(second - first, thick))
    length += _across(slab, levels, clipped, height)
    return area, length


def _levels(e: _Edges, width: int, height: int) -> Floats:
    """Return the ordinates between which no edge begins, ends, crosses another or crosses the tile's sides."""
    found = [np.array([-1.0, 0.0, float(height), height + 1.0]), e.ya, e.yb]
    slanted = np.flatnonzero(e.xa != e.xb)
    if len(slanted):
        xa, ya, dx, dy = e.xa[slanted], e.ya[slanted], (e.xb - e.xa)[slanted], (e.yb - e.ya)[slanted]
        for side in (-1.0, 0.0, float(width), width + 1.0):
            share = (side - xa) / dx
            found.append((ya + share * dy)[(share > 0.0) & (share < 1.0)])
        ex, ey = e.xb - e.xa, e.yb - e.ya
        cross = dx[:, None] * ey[None, :] - dy[:, None] * ex[None, :]
        apart_x, apart_y = e.xa[None, :] - xa[:, None], e.ya[None, :] - ya[:, None]
        parallel = cross == 0.0
        safe = np.where(parallel, 1.0, cross)
        t = (apart_x * ey[None, :] - apart_y * ex[None, :]) / safe
        u = (apart_x * dy[:, None] - apart_y * dx[:, None]) / safe
        meet = ~parallel & (t > 0.0) & (t < 1.0) & (u > 0.0) & (u < 1.0)
        found.append((ya[:, None] + t * dy[:, None])[meet])
    every = np.unique(np.concatenate(found))
    every = every[(every >= -1.0) & (every <= height + 1.0)]
    return every[np.concatenate([[True], np.diff(every) > _SAME_DBU])]


def _across(slab: Ints, levels: Floats, clipped: list[Floats], height: int) -> float:
    """Return the length of horizontal edges: where of two neighbouring slabs only one is covered at their border."""
    x0_low, x0_high, x1_low, x1_high = clipped
    # Level k is the lower border of slab k. Rows: level, abscissa, change of cover below, change of cover above.
    one, none = np.ones(len(slab)), np.zeros(len(slab))
    events = np.concatenate([
        np.stack([slab + 1, x0_high, one, none], axis=1),
        np.stack([slab + 1, x1_high, -one, none], axis=1),
        np.stack([slab, x0_low, none, one], axis=1),
        np.stack([slab, x1_low, none, -one], axis=1),
    ])  # fmt: skip
    events = events[np.lexsort((events[:, 1], events[:, 0]))]
    if len(events) < 2:
        return 0.0
    level = events[:, 0].astype(np.int64)
    below, above = np.cumsum(events[:, 2])[:-1] > 0.5, np.cumsum(events[:, 3])[:-1] > 0.5
    run = np.where(level[1:] == level[:-1], np.diff(events[:, 1]), 0.0)
    y = levels[level[:-1]]
    floor = above & ~below & (y >= -_SAME_DBU) & (y < height - _SAME_DBU)
    roof = below & ~above & (y > _SAME_DBU) & (y <= height + _SAME_DBU)
    return float(run[floor | roof].sum())


def cover_rectangles(slanted: Slanted, step: int) -> Ints:
    """Return rectangles [m, 4] that cover polygons, reaching beyond a slanted edge by its run over at most ``step``."""
    made: list[Ints] = []
    for number in range(len(slanted)):
        points = slanted.polygon(number)
        e = _edges(np.zeros((0, 4), dtype=np.int64), [points])
        if not len(e.xa):
            continue
        y0, y1 = int(points[:, 1].min()), int(points[:, 1].max())
        # At every vertex too: an edge then spans each slab that it meets, so its ends bound it there.
        levels = np.unique(np.concatenate([np.arange(y0, y1, step), points[:, 1]])).astype(np.float64)
        low, high = levels[:-1], levels[1:]
        slab, edge = np.nonzero((e.ya[None, :] <= low[:, None]) & (e.yb[None, :] >= high[:, None]))
        order = np.lexsort((e.at(edge, 0.5 * (low + high)[slab]), slab))
        slab, edge = slab[order], edge[order]
        winding = np.cumsum(e.sign[edge])
        before = winding - e.sign[edge]
        begin, end = np.flatnonzero((before == 0) & (winding != 0)), np.flatnonzero((before != 0) & (winding == 0))
        at = slab[begin]
        left = np.minimum(e.at(edge[begin], low[at]), e.at(edge[begin], high[at]))
        right = np.maximum(e.at(edge[end], low[at]), e.at(edge[end], high[at]))
        made.append(np.stack([np.floor(left), low[at], np.ceil(right), high[at]], axis=1).astype(np.int64))
    return np.concatenate(made) if made else np.zeros((0, 4), dtype=np.int64)
