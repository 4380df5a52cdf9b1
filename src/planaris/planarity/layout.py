"""A layout in memory: cells, what stands in them by layer, and where they stand; never flattened as a whole.

A block of the chip is flattened when it is measured: from the top cell down, instances that do not reach the block are
dropped with all that stands below them, so memory follows the block and not the chip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.slanted import NO_SLANTED, Slanted

Ints = NDArray[np.int64]
LayerKey = tuple[int, int]
Box = tuple[int, int, int, int]
# Of a cell with more rectangles than this, those that reach the window are looked up placement by placement.
_LOOKED_UP_COUNT = 4096
_NOTHING: Ints = np.zeros((0, 4), dtype=np.int64)
# Placements by quarter turns: (mirrored at the x axis, then turned by 90° · n), code n + 4 if mirrored.
_TURNS = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
MATRICES: tuple[Ints, ...] = tuple(
    np.array([[a, b * s], [c, d * s]], dtype=np.int64) for s in (1, -1) for a, b, c, d in _TURNS
)


@dataclass(frozen=True, slots=True)
class Placement:
    """A cell placed many times by one turn: ``offsets`` [k, 2] in dbu.

    ``matrix`` is set for a turn by no quarter or a magnification; then ``code`` is not used.
    """

    child: int
    code: int
    offsets: Ints
    matrix: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class LayoutCell:
    """A cell: rectangles [n, 4] and slanted polygons by layer and datatype, and its placements of others."""

    name: str
    rectangles: Mapping[LayerKey, NDArray[np.int32]]
    slanted: Mapping[LayerKey, Slanted]
    placements: tuple[Placement, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout: cells in an order in which parents come before what they place; the first is the top cell.

    ``box`` is the top cell's bounding box over all layers, dbu; ``counts`` shapes of each layer in the file.
    """

    source: str
    dbu_um: float
    box: Box
    cells: tuple[LayoutCell, ...]
    layers: frozenset[LayerKey]

    @property
    def top(self) -> str:
        """Name of the top cell."""
        return self.cells[0].name


@dataclass(slots=True)
class LayerView:
    """Some layers and datatypes of a layout as one layer."""

    layout: Layout
    keys: tuple[LayerKey, ...]
    rectangles: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])
    slanted: list[Slanted] = field(default_factory=list[Slanted])
    boxes: list[Box | None] = field(default_factory=list["Box | None"])

    def __post_init__(self) -> None:
        for cell in self.layout.cells:
            own = [cell.rectangles[key] for key in self.keys if key in cell.rectangles]
            self.rectangles.append(np.concatenate(own) if own else _NOTHING.astype(np.int32))
            odd = [cell.slanted[key] for key in self.keys if key in cell.slanted]
            self.slanted.append(Slanted.of([s.polygon(k) for s in odd for k in range(len(s))]) if odd else NO_SLANTED)
        self.boxes = [None] * len(self.layout.cells)
        for index in reversed(range(len(self.layout.cells))):
            self.boxes[index] = self._bounds(index)

    def _bounds(self, index: int) -> Box | None:
        found: list[Ints] = []
        if len(self.rectangles[index]):
            found.append(_hull(self.rectangles[index]))
        if len(self.slanted[index]):
            found.append(_hull(self.slanted[index].bounds()))
        for place in self.layout.cells[index].placements:
            box = self.boxes[place.child]
            if box is not None:
                low, high = _turned_box(box, place)
                found.append(np.concatenate([low + place.offsets.min(axis=0), high + place.offsets.max(axis=0)]))
        if not found:
            return None
        x0, y0, x1, y1 = _hull(np.stack(found)).tolist()
        return x0, y0, x1, y1

    def shapes_count(self) -> int:
        """Return how many shapes the layer has, each placement of a cell counted."""
        placed = [0] * len(self.layout.cells)
        placed[0] = 1
        total = 0
        for index, cell in enumerate(self.layout.cells):
            total += placed[index] * (len(self.rectangles[index]) + len(self.slanted[index]))
            for place in cell.placements:
                placed[place.child] += placed[index] * len(place.offsets)
        return total

    def shapes_in(self, window: Box, limit_count: int) -> tuple[Ints, Slanted] | None:
        """Return rectangles and slanted polygons that touch a window (dbu), or None where they are over a limit."""
        rectangles: list[Ints] = []
        polygons: list[Ints] = []
        total = 0
        instances: list[dict[int, list[Ints]]] = [{} for _ in self.layout.cells]
        turned: list[list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = [[] for _ in self.layout.cells]
        instances[0][0] = [np.zeros((1, 2), dtype=np.int64)]
        for index, cell in enumerate(self.layout.cells):
            for code, parts in instances[index].items():
                at = parts[0] if len(parts) == 1 else np.concatenate(parts)
                if len(at) > 1 and total + len(at) * len(self.rectangles[index]) > limit_count:
                    return None
                own = self._own_rectangles(index, code, at, window)
                total += len(own)
                rectangles.append(own)
                if len(self.slanted[index]):
                    polygons += self._own_slanted(index, MATRICES[code].astype(np.float64), at, window)
                if total + len(polygons) > limit_count:
                    return None
                for place in cell.placements:
                    self._place(place, code, at, window, instances, turned)
            instances[index] = {}
            for matrix, at in turned[index]:
                polygons += self._as_polygons(index, matrix, at, window)
                for place in cell.placements:
                    self._place_turned(place, matrix, at, turned)
            turned[index] = []
        return (np.concatenate(rectangles) if rectangles else _NOTHING), Slanted.of(polygons)

    def _own_rectangles(self, index: int, code: int, at: Ints, window: Box) -> Ints:
        own = self.rectangles[index]
        if not len(own):
            return _NOTHING
        matrix = MATRICES[code]
        if len(at) == 1 or len(own) > _LOOKED_UP_COUNT:
            parts: list[Ints] = []
            for offset in at:
                # What is needed of many rectangles is looked up where they are drawn.
                inverse = matrix.T
                low, high = np.array(window[:2]) - offset, np.array(window[2:]) - offset
                corners = np.stack([inverse @ low, inverse @ high])
                parts.append(_moved(own[_touching(own, corners.min(axis=0), corners.max(axis=0))], code, offset))
            return np.concatenate(parts) if parts else _NOTHING
        placed = _moved(own, code, np.zeros(2, dtype=np.int64))
        shift = np.concatenate([at, at], axis=1)
        every = (shift[:, None, :] + placed[None, :, :]).reshape(-1, 4)
        return every[_touching(every, np.array(window[:2]), np.array(window[2:]))]

    def _own_slanted(self, index: int, matrix: NDArray[np.float64], at: Ints, window: Box) -> list[Ints]:
        own = self.slanted[index]
        placed = np.rint(own.points @ matrix.T).astype(np.int64)
        bounds = Slanted(placed, own.starts).bounds()
        low, high = np.array(window[:2]), np.array(window[2:])
        found: list[Ints] = []
        for number in range(len(own)):
            points = placed[own.starts[number] : own.starts[number + 1]]
            box = bounds[number] + np.concatenate([at, at], axis=1)
            found += [points + at[k] for k in np.flatnonzero(_touching(box, low, high))]
        return found

    def _place(
        self,
        place: Placement,
        code: int,
        at: Ints,
        window: Box,
        instances: list[dict[int, list[Ints]]],
        turned: list[list[tuple[NDArray[np.float64], NDArray[np.float64]]]],
    ) -> None:
        """Add the placements of a child in instances of its parent that reach the window."""
        box = self.boxes[place.child]
        if box is None:
            return
        offsets = _turned(place.offsets, code)
        if place.matrix is not None:
            matrix = MATRICES[code].astype(np.float64) @ place.matrix
            turned[place.child] += [(matrix, (a + o).astype(np.float64)) for a in at for o in offsets]
            return
        child_code = _composed(code, place.code)
        low, high = _turned_box(box, Placement(place.child, child_code, place.offsets))
        reach = _reaching(at, offsets, np.array(window[:2]) - high, np.array(window[2:]) - low)
        if len(reach):
            instances[place.child].setdefault(child_code, []).append(reach)

    def _place_turned(
        self,
        place: Placement,
        matrix: NDArray[np.float64],
        at: NDArray[np.float64],
        turned: list[list[tuple[NDArray[np.float64], NDArray[np.float64]]]],
    ) -> None:
        if self.boxes[place.child] is None:
            return
        own = place.matrix if place.matrix is not None else MATRICES[place.code].astype(np.float64)
        turned[place.child] += [(matrix @ own, matrix @ offset + at) for offset in place.offsets]

    def _as_polygons(self, index: int, matrix: NDArray[np.float64], at: NDArray[np.float64], window: Box) -> list[Ints]:
        """Return a cell's shapes, turned by no quarter, rounded to dbu."""
        x0, y0, x1, y1 = (self.rectangles[index][:, k] for k in range(4))
        corners = np.stack([x0, y0, x0, y1, x1, y1, x1, y0], axis=1).reshape(-1, 4, 2)
        own = self.slanted[index]
        shapes: Iterable[Ints] = [*corners.astype(np.int64), *(own.polygon(k) for k in range(len(own)))]
        found = [np.rint(points @ matrix.T + at).astype(np.int64) for points in shapes]
        return [
            p for p in found
            if (p.max(axis=0) >= window[:2]).all() and (p.min(axis=0) <= window[2:]).all()
        ]  # fmt: skip


def _reaching(at: Ints, offsets: Ints, low: Ints, high: Ints) -> Ints:
    """Return at + offset, of all pairs, where it lies between low and high; x first, which few pass."""
    x = (at[:, 0, None] + offsets[None, :, 0]).ravel()
    near = np.flatnonzero((x >= low[0]) & (x <= high[0]))
    parent, child = np.divmod(near, len(offsets))
    y = at[parent, 1] + offsets[child, 1]
    both = (y >= low[1]) & (y <= high[1])
    return np.stack([x[near[both]], y[both]], axis=1)


def _hull(boxes: NDArray[np.int32] | Ints) -> Ints:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]).astype(np.int64)


def _touching(boxes: NDArray[np.int32] | Ints, low: Ints, high: Ints) -> NDArray[np.bool_]:
    return (boxes[:, 2] >= low[0]) & (boxes[:, 3] >= low[1]) & (boxes[:, 0] <= high[0]) & (boxes[:, 1] <= high[1])


def _turned(points: NDArray[np.int32] | Ints, code: int) -> Ints:
    """Return points [n, 2] turned by a code; a product of integer matrices would be many times slower."""
    if code == 0:
        return points.astype(np.int64)
    (a, b), (c, d) = MATRICES[code].tolist()
    x, y = points[:, 0].astype(np.int64), points[:, 1].astype(np.int64)
    return np.stack([a * x if a else b * y, c * x if c else d * y], axis=1)


def _moved(boxes: NDArray[np.int32] | Ints, code: int, offset: Ints) -> Ints:
    first, second = _turned(boxes[:, :2], code), _turned(boxes[:, 2:], code)
    if code == 0:
        return np.concatenate([first + offset, second + offset], axis=1)
    return np.concatenate([np.minimum(first, second) + offset, np.maximum(first, second) + offset], axis=1)


def _turned_box(box: Box, place: Placement) -> tuple[Ints, Ints]:
    corners = np.array([[box[i], box[j]] for i in (0, 2) for j in (1, 3)], dtype=np.float64)
    matrix = place.matrix if place.matrix is not None else MATRICES[place.code]
    moved = corners @ matrix.T
    # A turn by no quarter rounds its points: one dbu more on each side.
    slack = 0 if place.matrix is None else 1
    low, high = np.floor(moved.min(axis=0)) - slack, np.ceil(moved.max(axis=0)) + slack
    return low.astype(np.int64), high.astype(np.int64)


def _composed(outer: int, inner: int) -> int:
    product = MATRICES[outer] @ MATRICES[inner]
    return next(code for code, matrix in enumerate(MATRICES) if np.array_equal(matrix, product))
