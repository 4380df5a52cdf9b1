"""Merged area and outline of tiles that slanted edges reach, all tiles at once.

A tile is cut into slabs at every vertex and every crossing of two edges, so that no edges cross inside a slab; there
each polygon covers where it winds, and areas are trapezoids. Crossings are float64, ordinates are told apart to
2⁻²⁰ dbu.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.edge_cut import Edges

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Ordinates and abscissae are told apart to this share of a dbu; nothing is drawn finer than a dbu.
_PARTS_PER_DBU = 1 << 20
# Bits of an ordinate: a tile is at most 2^20 dbu high, with a margin; which leaves 2^21 tiles a sweep.
_BITS = 42
_SAME_DBU = 2.0 / _PARTS_PER_DBU
# Pairs of edges that are tried for a crossing at once: some 200 MB.
_PAIRS_COUNT = 2_000_000
# A piece that ends every row of a tile: more than any number of edges that cover one place.
_END = -(1 << 40)


@dataclass(frozen=True, slots=True)
class TileMeasure:
    """Tiles by number: area and outline, dbu² and dbu."""

    tile: Ints
    area: Floats
    length: Floats


def sweep_edges(e: Edges, width: Ints, height: Ints, *, outline: bool) -> Iterator[TileMeasure]:
    """Give the merged area and outline of tiles 0 ≤ x ≤ width, 0 ≤ y ≤ height, some at a time.

    What touches a tile from outside must be given too: an edge counts where it bounds material of this tile.
    """
    if not len(e):
        return
    e = e[np.argsort(e.tile, kind="stable")]
    tiles, begin, count = np.unique(e.tile, return_index=True, return_counts=True)
    slanted = np.add.reduceat((e.xa != e.xb).astype(np.int64), begin)
    pairs = np.cumsum(slanted * count + count)
    at = 0
    while at < len(tiles):
        done = pairs[at - 1] if at else 0
        end = max(at + 1, int(np.searchsorted(pairs, done + _PAIRS_COUNT, side="right")))
        rows = slice(begin[at], begin[end] if end < len(tiles) else len(e))
        some = e[np.arange(rows.start, rows.stop)]
        local = np.repeat(np.arange(end - at), count[at:end])
        own = tiles[at:end]
        area, length = _swept(
            some, local, width[own].astype(np.float64), height[own].astype(np.float64), outline=outline
        )
        yield TileMeasure(own, area, length)
        at = end


def _swept(e: Edges, tile: Ints, width: Floats, height: Floats, *, outline: bool) -> tuple[Floats, Floats]:
    n = len(width)
    levels = _levels(e, tile, width, height)
    low_y = _ordinate(levels)
    slab_tile = levels >> _BITS
    # One edge at the right of each tile ends what is open there.
    top, side = height + 1.0, width + 2.0
    xa = np.concatenate([e.xa, side])
    ya = np.concatenate([np.maximum(e.ya, -1.0), np.full(n, -1.0)])
    yb = np.concatenate([np.minimum(e.yb, top[tile]), top])
    slope = np.concatenate([(e.xb - e.xa) / (e.yb - e.ya), np.zeros(n)])
    from_y = np.concatenate([e.ya, np.full(n, -1.0)])
    sign = np.concatenate([e.sign, np.full(n, _END)])
    owner = np.concatenate([tile, np.arange(n)])
    first, last = np.searchsorted(levels, _key(owner, ya)), np.searchsorted(levels, _key(owner, yb))
    count = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(count)), count)
    slab = np.arange(len(edge)) + np.repeat(first - (np.cumsum(count) - count), count)
    low, high = low_y[slab], low_y[slab + 1]
    steep = slope[edge]
    x_low = xa[edge] + (low - from_y[edge]) * steep
    x_high = xa[edge] + (high - from_y[edge]) * steep
    middle = np.clip(0.5 * (x_low + x_high), -2.0, width[owner[edge]] + 2.0)
    at = np.rint((middle + 2.0) * _PARTS_PER_DBU).astype(np.int64)
    turn = _changes(slab, np.concatenate([e.polygon, np.full(n, -1)])[edge], at, sign[edge])
    # Of edges at one place, those that begin material come first.
    order = np.lexsort((2 * at + (turn < 0), slab))
    slab, edge, at, turn = slab[order], edge[order], at[order], turn[order]
    x_low, x_high = x_low[order], x_high[order]
    winding = np.cumsum(turn)
    start = np.flatnonzero(np.concatenate([[True], slab[1:] != slab[:-1]]))
    winding -= np.repeat(winding[start] - turn[start], np.diff(np.append(start, len(slab))))
    before = winding - turn
    begin, end = np.flatnonzero((before <= 0) & (winding > 0)), np.flatnonzero((before > 0) & (winding <= 0))
    # What has no width has no outline either.
    wide = at[end] > at[begin]
    begin, end = begin[wide], end[wide]
    slab = slab[begin]
    own = slab_tile[slab]
    low, high = low_y[slab], low_y[slab + 1]
    thick = high - low
    inside = (low >= -_SAME_DBU) & (high <= height[own] + _SAME_DBU)
    right = width[own]
    corners = [np.clip(x, 0.0, right) for x in (x_low[begin], x_high[begin], x_low[end], x_high[end])]
    covered = 0.5 * (corners[2] + corners[3] - corners[0] - corners[1])
    area = _summed(own, inside * thick * covered, n)
    if not outline:
        return area, np.zeros(n)
    length = np.zeros(n)
    for which, is_left in ((begin, True), (end, False)):
        x = 0.5 * (x_low[which] + x_high[which])
        here = (x >= -_SAME_DBU) & (x < right - _SAME_DBU) if is_left else (x > _SAME_DBU) & (x <= right + _SAME_DBU)
        run = np.hypot(x_high[which] - x_low[which], thick)
        length += _summed(own, np.where(inside & here, run, 0.0), n)
    return area, length + _across(slab, low_y, slab_tile, corners, height)


def _summed(index: Ints, values: Floats, count: int) -> Floats:
    return np.bincount(index, weights=values, minlength=count).astype(np.float64)


def _changes(slab: Ints, polygon: Ints, at: Ints, sign: Ints) -> Ints:
    """Return how each edge changes the number of polygons that cover: a polygon does where its winding is not zero."""
    order = np.lexsort((at, polygon, slab))
    turn = sign[order]
    winding = np.cumsum(turn)
    new = np.concatenate([[True], (np.diff(slab[order]) != 0) | (np.diff(polygon[order]) != 0)])
    start = np.flatnonzero(new)
    winding -= np.repeat(winding[start] - turn[start], np.diff(np.append(start, len(order))))
    change = np.empty_like(sign)
    change[order] = (winding != 0).astype(np.int64) - (winding - turn != 0)
    return np.where(sign == _END, _END, change)


def _key(tile: Ints, y: Floats) -> Ints:
    return (tile << _BITS) + np.rint((y + 2.0) * _PARTS_PER_DBU).astype(np.int64)


def _ordinate(key: Ints) -> Floats:
    return (key & ((1 << _BITS) - 1)).astype(np.float64) / _PARTS_PER_DBU - 2.0


def _levels(e: Edges, tile: Ints, width: Floats, height: Floats) -> Ints:
    """Return keys of the ordinates between which no edge begins, ends, crosses another or crosses a tile's sides."""
    every = np.arange(len(width))
    found = [_key(tile, np.clip(y, -1.0, height[tile] + 1.0)) for y in (e.ya, e.yb)]
    found += [_key(every, y) for y in (np.full(len(every), -1.0), np.zeros(len(every)), height, height + 1.0)]
    slanted = np.flatnonzero(e.xa != e.xb)
    if len(slanted):
        own = tile[slanted]
        crossings = [_side(e, slanted, own, 0.0 * width), _side(e, slanted, own, width), _pairs(e, tile, slanted)]
        for which, y in crossings:
            real = (y > -1.0) & (y < height[which] + 1.0)
            found.append(_key(which[real], y[real]))
    return np.unique(np.concatenate(found))


def _side(e: Edges, slanted: Ints, tile: Ints, x: Floats) -> tuple[Ints, Floats]:
    """Return where slanted edges cross a side of their tiles."""
    share = (x[tile] - e.xa[slanted]) / (e.xb - e.xa)[slanted]
    meets = (share > 0.0) & (share < 1.0)
    return tile[meets], (e.ya[slanted] + share * (e.yb - e.ya)[slanted])[meets]


def _pairs(e: Edges, tile: Ints, slanted: Ints) -> tuple[Ints, Floats]:
    """Return where slanted edges cross other edges of their tiles."""
    count = np.bincount(tile)
    begin = np.cumsum(count) - count
    mine = tile[slanted]
    one = np.repeat(slanted, count[mine])
    other = np.arange(len(one)) - np.repeat(np.cumsum(count[mine]) - count[mine], count[mine]) + begin[tile[one]]
    left, right = np.minimum(e.xa, e.xb), np.maximum(e.xa, e.xb)
    near = (e.ya[one] < e.yb[other]) & (e.ya[other] < e.yb[one])
    near &= (left[one] <= right[other]) & (left[other] <= right[one]) & (one != other)
    one, other = one[near], other[near]
    dx, dy = (e.xb - e.xa)[one], (e.yb - e.ya)[one]
    ex, ey = (e.xb - e.xa)[other], (e.yb - e.ya)[other]
    cross = dx * ey - dy * ex
    apart_x, apart_y = e.xa[other] - e.xa[one], e.ya[other] - e.ya[one]
    safe = np.where(cross == 0.0, 1.0, cross)
    t, u = (apart_x * ey - apart_y * ex) / safe, (apart_x * dy - apart_y * dx) / safe
    meet = (cross != 0.0) & (t > 0.0) & (t < 1.0) & (u > 0.0) & (u < 1.0)
    return tile[one[meet]], (e.ya[one] + t * dy)[meet]


def _across(slab: Ints, low_y: Floats, slab_tile: Ints, corners: list[Floats], height: Floats) -> Floats:
    """Return the length of level edges: where of two neighbouring slabs only one is covered at their border."""
    left_low, left_high, right_low, right_high = corners
    # Level k is the lower border of slab k.
    level = np.concatenate([slab + 1, slab + 1, slab, slab])
    x = np.concatenate([left_high, right_high, left_low, right_low])
    one, none = np.ones(len(slab)), np.zeros(len(slab))
    below, above = np.concatenate([one, -one, none, none]), np.concatenate([none, none, one, -one])
    order = np.lexsort((x, level))
    level, x = level[order], x[order]
    is_below, is_above = np.cumsum(below[order])[:-1] > 0.5, np.cumsum(above[order])[:-1] > 0.5
    run = np.where(level[1:] == level[:-1], np.diff(x), 0.0)
    y, own = low_y[level[:-1]], slab_tile[level[:-1]]
    floor = is_above & ~is_below & (y >= -_SAME_DBU) & (y < height[own] - _SAME_DBU)
    roof = is_below & ~is_above & (y > _SAME_DBU) & (y <= height[own] + _SAME_DBU)
    return _summed(own, run * (floor | roof), len(height))
