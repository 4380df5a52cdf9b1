"""Cut rectilinear polygons into rectangles, many polygons of one vertex count at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
# Cells of the tables of one batch (polygons × slabs × edges): some 50 MB.
_BATCH_CELLS_COUNT = 4_000_000


def is_rectilinear(points: Ints) -> NDArray[np.bool_]:
    """Say for polygons [n, v, 2] whether every edge is horizontal or vertical."""
    step = np.roll(points, -1, axis=1) - points
    return ((step[..., 0] == 0) | (step[..., 1] == 0)).all(axis=1)


def rectangles_of(points: Ints) -> tuple[Ints, Ints]:
    """Return (rectangles [m, 4], polygon of each [m]) of rectilinear polygons [n, v, 2]; what has no area gives none.

    A point inside by non-zero winding is covered once, however often the polygon winds around it.
    """
    n, v = points.shape[0], points.shape[1]
    if v == 4:
        return _of_boxes(points)
    batch = max(1, _BATCH_CELLS_COUNT // (v * v))
    parts = [_of_batch(points[at : at + batch], at) for at in range(0, n, batch)]
    if not parts:
        return np.zeros((0, 4), dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _of_boxes(points: Ints) -> tuple[Ints, Ints]:
    """A rectilinear polygon of four points is its bounding box, or has no area."""
    low, high = points.min(axis=1), points.max(axis=1)
    # Four points may also go forth and back along one line, or along an L: then opposite corners are not two pairs.
    area2 = _twice_area(points)
    boxes = np.concatenate([low, high], axis=1)
    real = np.flatnonzero(area2 != 0)
    return boxes[real], real


def _twice_area(points: Ints) -> Ints:
    following = np.roll(points, -1, axis=1)
    return (points[..., 0] * following[..., 1] - following[..., 0] * points[..., 1]).sum(axis=1)


def _of_batch(points: Ints, at: int) -> tuple[Ints, Ints]:
    x, y = points[..., 0], points[..., 1]
    y_next = np.roll(y, -1, axis=1)
    levels = np.sort(y, axis=1)
    low, high = levels[:, :-1], levels[:, 1:]
    bottom, top = np.minimum(y, y_next), np.maximum(y, y_next)
    # Vertical edges that cross each slab [n, slab, edge]; a horizontal edge has bottom = top and crosses none.
    crosses = (bottom[:, None, :] <= low[..., None]) & (top[:, None, :] >= high[..., None])
    crosses &= (top > bottom)[:, None, :] & (high > low)[..., None]
    polygon, slab, edge = np.nonzero(crosses)
    at_x, sign = x[polygon, edge], np.where(y_next[polygon, edge] > y[polygon, edge], 1, -1)
    order = np.lexsort((at_x, slab, polygon))
    polygon, slab, at_x, sign = polygon[order], slab[order], at_x[order], sign[order]
    # Each slab's signs sum to zero, so one running sum serves all.
    winding = np.cumsum(sign)
    before = winding - sign
    begin, end = np.flatnonzero((before == 0) & (winding != 0)), np.flatnonzero((before != 0) & (winding == 0))
    p, s = polygon[begin], slab[begin]
    boxes = np.stack([at_x[begin], low[p, s], at_x[end], high[p, s]], axis=1)
    real = boxes[:, 2] > boxes[:, 0]
    return boxes[real], p[real] + at
