"""Paths of a layout as polygons, also where gdstk's outline of one has no meaning: one point, or a turn back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of two directions: turned back where their cosine is this near to −1.
_BACK = -1.0 + 1e-9


def path_polygons(path: Any) -> list[Any]:
    """Return the polygons of a gdstk path.

    A path of one point is a square, or a disc if its ends are round; flush, it is nothing. A path that turns back on
    itself is cut there, and both parts go on by half the width, as at a corner.
    """
    if path.num_paths != 1:  # gdstk's own kind; no file has one
        return path.to_polygons()
    spine: NDArray[np.float64] = path.spine()
    if len(spine) == 2 and (spine[0] != spine[1]).any():
        return path.to_polygons()
    kept = spine[np.concatenate([[True], (np.diff(spine, axis=0) != 0.0).any(axis=1)])] if len(spine) else spine
    if len(kept) < 2:
        return _dot(path, kept)
    step = np.diff(kept, axis=0)
    step /= np.hypot(step[:, 0], step[:, 1])[:, None]
    backs = np.flatnonzero((step[1:] * step[:-1]).sum(axis=1) < _BACK) + 1
    if not len(backs):
        return path.to_polygons()
    return _cut(path, kept, backs.tolist())


def _dot(path: Any, spine: NDArray[np.float64]) -> list[Any]:
    import gdstk

    reach = 0.5 * float(np.abs(path.widths()).max())
    end = path.ends[0]
    if not len(spine) or reach == 0.0 or end == "flush":
        return []
    layer, datatype = path.layers[0], path.datatypes[0]
    x, y = spine[0].tolist()
    if end == "round":
        made = gdstk.ellipse((x, y), reach, layer=layer, datatype=datatype, tolerance=path.tolerance)
    else:
        made = gdstk.rectangle((x - reach, y - reach), (x + reach, y + reach), layer=layer, datatype=datatype)
    return _repeated([made], path)


def _cut(path: Any, spine: NDArray[np.float64], backs: list[int]) -> list[Any]:
    """Return the parts of a path between the points where it turns back."""
    import gdstk

    width = float(np.abs(path.widths()).max())
    end = path.ends[0]
    first, last = end if isinstance(end, tuple) else (_extension(end, width), _extension(end, width))
    made: list[Any] = []
    for begin, stop in zip([0, *backs], [*backs, len(spine) - 1], strict=True):
        ends = (first if begin == 0 else 0.5 * width, last if stop == len(spine) - 1 else 0.5 * width)
        points = [tuple(point) for point in spine[begin : stop + 1].tolist()]
        part: Any = gdstk.FlexPath(points, width, ends=ends, layer=path.layers[0], datatype=path.datatypes[0])
        made += part.to_polygons()
    return _repeated(made, path)


def _extension(end: Any, width: float) -> float:
    return 0.0 if end == "flush" else 0.5 * width


def _repeated(polygons: list[Any], path: Any) -> list[Any]:
    for polygon in polygons if path.repetition.size else ():
        polygon.repetition = path.repetition
    return polygons
