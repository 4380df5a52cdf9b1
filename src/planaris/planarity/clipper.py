"""Merged areas by gdstk's polygon clipper: slow, and independent of `coverage`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.layout import LayerKey, LayerView, Layout

Ints = NDArray[np.int64]
# Crossings are rounded to this, in dbu.
_PRECISION_DBU = 1e-3


def clipped_areas(layout: Layout, keys: Sequence[LayerKey], x: Ints, y: Ints) -> NDArray[np.float64]:
    """Return the merged area of some layers in each tile between cuts x and y (dbu, rising), dbu² [rows, columns].

    The clipper's time grows faster than what it clips: give tiles of some hundred shapes.
    """
    import gdstk

    found = LayerView(layout, tuple(keys)).shapes_in(layout.box, 2**62)
    assert found is not None  # there is no such number of shapes
    boxes, slanted = found
    bounds = slanted.bounds()
    areas = np.zeros((len(y) - 1, len(x) - 1))
    for row in range(len(y) - 1):
        strip = boxes[(boxes[:, 3] > y[row]) & (boxes[:, 1] < y[row + 1])]
        for column in range(len(x) - 1):
            low, high = (float(x[column]), float(y[row])), (float(x[column + 1]), float(y[row + 1]))
            near = strip[(strip[:, 2] > low[0]) & (strip[:, 0] < high[0])].astype(float).tolist()
            shapes: list[Any] = [gdstk.rectangle((x0, y0), (x1, y1)) for x0, y0, x1, y1 in near]
            odd = (
                (bounds[:, 2] > low[0]) & (bounds[:, 0] < high[0]) & (bounds[:, 3] > low[1]) & (bounds[:, 1] < high[1])
            )
            polygons = (slanted.polygon(int(k)) for k in np.flatnonzero(odd))
            shapes += [gdstk.Polygon([(float(px), float(py)) for px, py in points]) for points in polygons]
            if shapes:
                merged: Any = gdstk.boolean(shapes, gdstk.rectangle(low, high), "and", precision=_PRECISION_DBU)
                areas[row, column] = sum(p.area() for p in merged)
    return areas
