"""A layout in memory: cells, what stands in them by layer, and where they stand; never flattened as a whole.

A block of the chip is flattened when it is measured: from the top cell down, instances that do not reach the block are
dropped with all that stands below them, so memory follows the block and not the chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.placed_shapes import placed_boxes, placed_polygons, touching
from planaris.planarity.slanted import Slanted

Ints = NDArray[np.int64]
# Of 32 bits where coordinates are, else of 64.
Offsets = NDArray[np.signedinteger[Any]]
LayerKey = tuple[int, int]
# Coordinates are kept in 32 bits, as GDSII has them.
LARGEST_DBU = 2**31 - 1
Box = tuple[int, int, int, int]
# Placements of one cell by no quarter turn or magnified: by the matrix's entries, the matrix and offsets [k, 2].
Turned = dict[tuple[float, ...], tuple[NDArray[np.float64], list[NDArray[np.float64]]]]
# Of a cell with more rectangles than this, those that reach the window are looked up placement by placement.
_LOOKED_UP_COUNT = 4096
_NOTHING: Ints = np.zeros((0, 4), dtype=np.int64)
# Placements by quarter turns: (mirrored at the x axis, then turned by 90° · n), code n + 4 if mirrored.
_TURNS = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
MATRICES: tuple[Ints, ...] = tuple(
    np.array([[a, b * s], [c, d * s]], dtype=np.int64) for s in (1, -1) for a, b, c, d in _TURNS
)
_CODES = {matrix.tobytes(): code for code, matrix in enumerate(MATRICES)}
# Turns that leave x as it is.
_KEEPS_X = tuple(code for code, matrix in enumerate(MATRICES) if matrix[0, 0] == 1)
# Code of an inner turn seen through an outer one.
_COMPOSED = [[_CODES[(outer @ inner).tobytes()] for inner in MATRICES] for outer in MATRICES]


@dataclass(frozen=True, slots=True)
class Placement:
    """A cell placed many times by one turn: ``offsets`` [k, 2] in dbu, in the order of x.

    ``matrix`` is set for a turn by no quarter or a magnification; then ``code`` is not used.
    """

    child: int
    code: int
    offsets: Offsets
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
    spans: dict[tuple[int, int], tuple[Ints, Ints]] = field(default_factory=dict[tuple[int, int], tuple[Ints, Ints]])
    placed: dict[tuple[int, int], Ints] = field(default_factory=dict[tuple[int, int], Ints])

    def __post_init__(self) -> None:
        for cell in self.layout.cells:
            own = [cell.rectangles[key] for key in self.keys if key in cell.rectangles]
            self.rectangles.append(np.concatenate(own) if own else _NOTHING.astype(np.int32))
            odd = [cell.slanted[key] for key in self.keys if key in cell.slanted]
            self.slanted.append(Slanted.joined(odd))
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
                if place.matrix is None:
                    low, high = _turned_box(box, MATRICES[place.code])
                else:
                    low, high = _turned_box(box, place.matrix, 1)
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
        polygons: list[Slanted] = []
        total = 0
        instances: list[dict[int, list[Ints]]] = [{} for _ in self.layout.cells]
        turned: list[Turned] = [{} for _ in self.layout.cells]
        instances[0][0] = [np.zeros((1, 2), dtype=np.int64)]
        for index, cell in enumerate(self.layout.cells):
            count = len(self.rectangles[index]) + len(self.slanted[index])
            for code, parts in instances[index].items():
                at = parts[0] if len(parts) == 1 else np.concatenate(parts)
                if len(at) > 1 and total + len(at) * count > limit_count:
                    return None
                own = self._own_rectangles(index, code, at, window)
                odd = placed_polygons(self.slanted[index], MATRICES[code].astype(np.float64), at, window)
                total += len(own) + len(odd)
                rectangles.append(own)
                polygons.append(odd)
                if total > limit_count:
                    return None
                for place in cell.placements:
                    self._place(place, code, at, window, instances, turned)
            instances[index] = {}
            for matrix, parts in turned[index].values():
                at = np.concatenate(parts)
                if len(at) > 1 and total + len(at) * count > limit_count:
                    return None
                own, quads = placed_boxes(self.rectangles[index], matrix, at, window)
                odd = placed_polygons(self.slanted[index], matrix, at, window)
                total += len(own) + len(quads) + len(odd)
                rectangles.append(own)
                polygons += [quads, odd]
                for place in cell.placements:
                    own_matrix = place.matrix if place.matrix is not None else MATRICES[place.code]
                    self._turn(place, matrix @ own_matrix, at, place.offsets @ matrix.T, window, turned)
            turned[index] = {}
        return (np.concatenate(rectangles) if rectangles else _NOTHING), Slanted.joined(polygons)

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
                parts.append(_moved(own[touching(own, corners.min(axis=0), corners.max(axis=0))], code, offset))
            return np.concatenate(parts) if parts else _NOTHING
        placed = self.placed.get((index, code))
        if placed is None:
            placed = self.placed[index, code] = _moved(own, code, np.zeros(2, dtype=np.int64))
        shift = np.concatenate([at, at], axis=1)
        every = (shift[:, None, :] + placed[None, :, :]).reshape(-1, 4)
        return every[touching(every, np.array(window[:2]), np.array(window[2:]))]

    def _place(
        self,
        place: Placement,
        code: int,
        at: Ints,
        window: Box,
        instances: list[dict[int, list[Ints]]],
        turned: list[Turned],
    ) -> None:
        """Add the placements of a child in instances of its parent that reach the window."""
        box = self.boxes[place.child]
        if box is None:
            return
        if place.matrix is not None:
            self._turn(place, MATRICES[code] @ place.matrix, at, _turned(place.offsets, code), window, turned)
            return
        child_code = _COMPOSED[code][place.code]
        span = self.spans.get((place.child, child_code))
        if span is None:
            span = self.spans[place.child, child_code] = _turned_box(box, MATRICES[child_code])
        low, high = np.array(window[:2]) - span[1], np.array(window[2:]) - span[0]
        offsets = place.offsets
        if len(at) == 1 and code in _KEEPS_X:
            offsets = _between(offsets, int(low[0] - at[0, 0]), int(high[0] - at[0, 0]))
        reach = _reaching(at, _turned(offsets, code), low, high)
        if len(reach):
            instances[place.child].setdefault(child_code, []).append(reach)

    def _turn(
        self,
        place: Placement,
        matrix: NDArray[np.float64],
        at: NDArray[np.float64] | Ints,
        offsets: NDArray[np.float64] | Ints,
        window: Box,
        turned: list[Turned],
    ) -> None:
        """Add the placements, by no quarter turn or magnified, of a child that reach the window."""
        box = self.boxes[place.child]
        if box is None:
            return
        low, high = _turned_box(box, matrix, 1)
        every = _reaching(at, offsets, np.array(window[:2]) - high, np.array(window[2:]) - low)
        if len(every):
            key = tuple(np.round(matrix, 12).ravel().tolist())
            turned[place.child].setdefault(key, (matrix, []))[1].append(every.astype(np.float64))


def _between(offsets: Offsets, low: int, high: int) -> Offsets:
    """Return the offsets, in the order of x, whose x lies between low and high."""
    x = offsets[:, 0]
    least, most = np.iinfo(x.dtype).min, np.iinfo(x.dtype).max
    # Of the column's own type: it would be copied for another.
    ends = np.clip([low, high], least, most).astype(x.dtype)
    return offsets[np.searchsorted(x, ends[0], side="left") : np.searchsorted(x, ends[1], side="right")]


def _reaching(at: Any, offsets: Any, low: Ints, high: Ints) -> Any:
    """Return at + offset, of all pairs, where it lies between low and high; x first, which few pass."""
    x = (at[:, 0, None] + offsets[None, :, 0]).ravel()
    near = np.flatnonzero((x >= low[0]) & (x <= high[0]))
    parent, child = (0, near) if len(at) == 1 else np.divmod(near, len(offsets))
    y = at[parent, 1] + offsets[child, 1]
    both = (y >= low[1]) & (y <= high[1])
    return np.stack([x[near[both]], y[both]], axis=1)


def _hull(boxes: NDArray[np.int32] | Ints) -> Ints:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]).astype(np.int64)


def _turned(points: Offsets, code: int) -> Ints:
    """Return points [n, 2] turned by a code; a product of integer matrices would be many times slower."""
    if code == 0:
        return points.astype(np.int64, copy=False)
    (a, b), (c, d) = MATRICES[code].tolist()
    x, y = points[:, 0].astype(np.int64), points[:, 1].astype(np.int64)
    return np.stack([a * x if a else b * y, c * x if c else d * y], axis=1)


def _moved(boxes: NDArray[np.int32] | Ints, code: int, offset: Ints) -> Ints:
    first, second = _turned(boxes[:, :2], code), _turned(boxes[:, 2:], code)
    if code == 0:
        return np.concatenate([first + offset, second + offset], axis=1)
    return np.concatenate([np.minimum(first, second) + offset, np.maximum(first, second) + offset], axis=1)


def _turned_box(box: Box, matrix: NDArray[np.float64] | Ints, slack: int = 0) -> tuple[Ints, Ints]:
    """Return the corners of a box that is turned; a turn by no quarter rounds its points, hence a slack of one dbu."""
    corners = np.array([[box[i], box[j]] for i in (0, 2) for j in (1, 3)], dtype=np.float64)
    moved = corners @ matrix.T
    low, high = np.floor(moved.min(axis=0)) - slack, np.ceil(moved.max(axis=0)) + slack
    return low.astype(np.int64), high.astype(np.int64)
