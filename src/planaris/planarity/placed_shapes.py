"""Shapes of a cell where it is placed: turned, mirrored, magnified and rounded to dbu, many placements at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.slanted import NO_SLANTED, Slanted

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Box = tuple[int, int, int, int]
# A half is one within this: coordinates come as decimal numbers, and matrices from angles, of float64.
_HALF_SLACK_DBU = 1e-4
_SAME_RATIO = 1e-12


def rounded(points: Floats) -> Ints:
    """Return coordinates rounded to dbu, halves up: both sides of a line of odd width go the same way."""
    return np.floor(points + (0.5 + _HALF_SLACK_DBU)).astype(np.int64)


def touching(boxes: NDArray[np.int32] | Ints, low: Ints, high: Ints) -> NDArray[np.bool_]:
    """Say which boxes [n, 4] touch the box from low to high."""
    return (boxes[:, 2] >= low[0]) & (boxes[:, 3] >= low[1]) & (boxes[:, 0] <= high[0]) & (boxes[:, 1] <= high[1])


def is_quarter(matrix: Floats) -> bool:
    """Say whether a matrix turns by quarters only, whatever it magnifies."""
    size = np.abs(matrix)
    return bool(max(size[0].min(), size[1].min()) <= _SAME_RATIO * size.max())


def placed_boxes(boxes: NDArray[np.int32] | Ints, matrix: Floats, at: Floats, window: Box) -> tuple[Ints, Slanted]:
    """Return rectangles [n, 4] placed by a matrix at offsets [k, 2]: as rectangles, or as polygons where it turns them.

    What does not touch the window is left out.
    """
    low, high = np.array(window[:2]), np.array(window[2:])
    if not len(boxes):
        return np.zeros((0, 4), dtype=np.int64), NO_SLANTED
    x0, y0, x1, y1 = boxes.T.astype(np.float64)
    corners = np.stack([x0, y0, x0, y1, x1, y1, x1, y0], axis=1).reshape(-1, 2) @ matrix.T
    placed = rounded(at[:, None, :] + corners[None, :, :]).reshape(-1, 4, 2)
    hulls = np.concatenate([placed.min(axis=1), placed.max(axis=1)], axis=1)
    near = touching(hulls, low, high)
    if is_quarter(matrix):
        hulls = hulls[near]
        return hulls[(hulls[:, 2] > hulls[:, 0]) & (hulls[:, 3] > hulls[:, 1])], NO_SLANTED
    points = placed[near].reshape(-1, 2)
    return np.zeros((0, 4), dtype=np.int64), Slanted(points, np.arange(0, len(points) + 1, 4))


def placed_polygons(own: Slanted, matrix: Floats, at: Floats | Ints, window: Box) -> Slanted:
    """Return polygons placed by a matrix at offsets [k, 2]; what does not touch the window is left out."""
    if not len(own):
        return NO_SLANTED
    points = own.points @ matrix.T
    begin = own.starts[:-1]
    low, high = np.minimum.reduceat(points, begin), np.maximum.reduceat(points, begin)
    # A dbu more on each side: points are rounded once they are placed.
    near = (at[:, None, :] + high[None] >= np.array(window[:2]) - 1).all(axis=2)
    near &= (at[:, None, :] + low[None] <= np.array(window[2:]) + 1).all(axis=2)
    placement, polygon = np.nonzero(near)
    lengths = np.diff(own.starts)[polygon]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    index = np.arange(starts[-1]) + np.repeat(begin[polygon] - starts[:-1], lengths)
    return Slanted(rounded(points[index] + np.repeat(at[placement], lengths, axis=0)), starts)
