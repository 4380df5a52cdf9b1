"""Whether fill obeys its rules, by distances between the shapes themselves; knows nothing of how fill was chosen.

Shapes are compared pairwise where they come near, by straight-line distance; densities of windows are the drawn shapes'
area by gdstk's clipper and the squares', which stand apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.fill_rules import FillRules
from planaris.planarity.layout import LayerView, Layout
from planaris.planarity.slanted import Slanted

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Between two ends of windows, along one axis: tiles of the clipper.
_TILES_COUNT = 8


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken: which, where (µm), what was found and what is allowed (µm, or a density)."""

    rule: str
    x_um: float
    y_um: float
    found: float
    limit: float


def check_fill(layout: Layout, fill: Ints, rules: FillRules) -> tuple[Violation, ...]:
    """Return all violations of squares [n, 4] (dbu, in the layout's coordinates) on a layout without this fill."""
    dbu = layout.dbu_um
    found = [*_sizes(fill, rules, dbu), *_edges(layout, fill, rules)]
    found += _near("fill to fill", fill, fill, rules.fill_space_um, dbu, itself=True)
    for words, keys, space_um in (
        ("fill to drawn", (*rules.drawn, rules.fill), rules.drawn_space_um),
        ("fill to keep-out", rules.keep_out, rules.keep_out_space_um),
    ):
        shapes = LayerView(layout, keys).shapes_in(layout.box, np.iinfo(np.int64).max)
        assert shapes is not None  # there is no limit
        found += _near(words, fill, shapes[0], space_um, dbu, itself=False)
        found += _near_slanted(words, fill, shapes[1], space_um, dbu)
    return (*found, *_densities(layout, fill, rules))


def _sizes(fill: Ints, rules: FillRules, dbu: float) -> list[Violation]:
    legal = np.array([round(size / dbu) for size in rules.sizes_um])
    wide, high = fill[:, 2] - fill[:, 0], fill[:, 3] - fill[:, 1]
    bad = np.flatnonzero((wide != high) | ~np.isin(wide, legal))
    return [
        Violation("size", fill[k, 0] * dbu, fill[k, 1] * dbu, float(wide[k]) * dbu, max(rules.sizes_um)) for k in bad
    ]


def _edges(layout: Layout, fill: Ints, rules: FillRules) -> list[Violation]:
    left, bottom, right, top = layout.box
    inner = np.minimum.reduce([fill[:, 0] - left, fill[:, 1] - bottom, right - fill[:, 2], top - fill[:, 3]])
    dbu = layout.dbu_um
    bad = np.flatnonzero(inner * dbu < rules.edge_um - 0.5 * dbu)
    return [Violation("edge", fill[k, 0] * dbu, fill[k, 1] * dbu, float(inner[k]) * dbu, rules.edge_um) for k in bad]


def _pairs(first: Ints, second: Ints, reach: int) -> tuple[Ints, Ints]:
    """Return all pairs whose boxes come within a reach in x and in y, found by bins as large as the first's boxes."""
    empty = np.zeros(0, dtype=np.int64)
    if not len(first) or not len(second):
        return empty, empty
    size = int(max((first[:, 2:] - first[:, :2]).max(), 1)) + 2 * reach
    low = first[:, :2].min(axis=0) - size
    columns = int((first[:, 2].max() - low[0]) // size) + 2
    rows = int((first[:, 3].max() - low[1]) // size) + 2

    def binned(boxes: Ints, grown: int) -> tuple[Ints, Ints]:
        at = (boxes + np.array([-grown, -grown, grown, grown]) - np.tile(low, 2)) // size
        at = np.clip(at, 0, np.array([columns, rows, columns, rows]) - 1)
        across, up = at[:, 2] - at[:, 0] + 1, at[:, 3] - at[:, 1] + 1
        which = np.repeat(np.arange(len(boxes)), across * up)
        number = np.arange(len(which)) - np.repeat(np.cumsum(across * up) - across * up, across * up)
        j, i = np.divmod(number, across[which])
        return which, (at[which, 1] + j) * columns + at[which, 0] + i

    here, here_bin = binned(first, 0)
    there, there_bin = binned(second, reach)
    order = np.argsort(there_bin, kind="stable")
    there, there_bin = there[order], there_bin[order]
    begin, end = np.searchsorted(there_bin, here_bin), np.searchsorted(there_bin, here_bin, side="right")
    count = end - begin
    a = np.repeat(here, count)
    b = there[np.arange(len(a)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin, count)]
    once = np.unique(np.stack([a, b], axis=1), axis=0)
    return once[:, 0], once[:, 1]


def _near(rule: str, fill: Ints, shapes: Ints, space_um: float, dbu: float, *, itself: bool) -> list[Violation]:
    space = round(space_um / dbu)
    a, b = _pairs(fill, shapes, space)
    if itself:
        a, b = a[a < b], b[a < b]
    one, other = fill[a], shapes[b]
    gap_x = np.maximum(np.maximum(other[:, 0] - one[:, 2], one[:, 0] - other[:, 2]), 0)
    gap_y = np.maximum(np.maximum(other[:, 1] - one[:, 3], one[:, 1] - other[:, 3]), 0)
    squared = gap_x**2 + gap_y**2
    bad = np.flatnonzero(squared < space**2)
    return [Violation(rule, one[k, 0] * dbu, one[k, 1] * dbu, float(np.sqrt(squared[k])) * dbu, space_um) for k in bad]


def _near_slanted(rule: str, fill: Ints, shapes: Slanted, space_um: float, dbu: float) -> list[Violation]:
    space = round(space_um / dbu)
    a, b = _pairs(fill, shapes.bounds(), space)
    found: list[Violation] = []
    for k, polygon in zip(a.tolist(), b.tolist(), strict=True):
        apart = _distance(fill[k].astype(np.float64), shapes.polygon(polygon).astype(np.float64))
        if apart < space - 1e-6:
            found.append(Violation(rule, fill[k, 0] * dbu, fill[k, 1] * dbu, apart * dbu, space_um))
    return found


def _distance(box: Floats, points: Floats) -> float:
    """Return the distance of a box and a polygon, 0 where they overlap."""
    x0, y0, x1, y1 = box
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    if _inside(points, corners[0]) or _inside(corners, points[0]):
        return 0.0
    p, q = points, np.roll(points, -1, axis=0)
    c, d = corners, np.roll(corners, -1, axis=0)
    if _crossing(p, q, c, d):
        return 0.0
    return float(min(_to_segments(corners, p, q), _to_segments(points, c, d)))


def _to_segments(points: Floats, p: Floats, q: Floats) -> float:
    along = q - p
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((points[:, None, :] - p[None, :, :]) * along[None, :, :]).sum(axis=2) / length, 0.0, 1.0)
    nearest = p[None, :, :] + share[..., None] * along[None, :, :]
    return float(np.sqrt(((points[:, None, :] - nearest) ** 2).sum(axis=2).min()))


def _crossing(p: Floats, q: Floats, c: Floats, d: Floats) -> bool:
    def side(a: Floats, b: Floats, e: Floats) -> Floats:
        return (b[..., 0] - a[..., 0]) * (e[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (e[..., 0] - a[..., 0])

    first, second, third, fourth = p[:, None], q[:, None], c[None, :], d[None, :]
    over = side(first, second, third) * side(first, second, fourth) < 0
    return bool((over & (side(third, fourth, first) * side(third, fourth, second) < 0)).any())


def _inside(points: Floats, at: Floats) -> bool:
    p, q = points, np.roll(points, -1, axis=0)
    spans = (p[:, 1] > at[1]) != (q[:, 1] > at[1])
    rise = np.where(spans, q[:, 1] - p[:, 1], 1.0)
    return bool((spans & (at[0] < p[:, 0] + (at[1] - p[:, 1]) * (q[:, 0] - p[:, 0]) / rise)).sum() % 2)


def _densities(layout: Layout, fill: Ints, rules: FillRules) -> list[Violation]:
    """Sum the drawn area of every window (merged, by gdstk's clipper) and of the squares, which are apart."""
    from planaris.planarity.clipper import clipped_areas

    left, bottom, right, top = layout.box
    window, dbu = round(rules.window_um / layout.dbu_um), layout.dbu_um
    step = max(1, window // 2)
    found: list[Violation] = []
    columns, rows = _windows(left, right, window, step), _windows(bottom, top, window, step)
    x, y = _cuts(columns), _cuts(rows)
    tiles = clipped_areas(layout, (*rules.drawn, rules.fill), x, y)
    for (x0, x1), (y0, y1) in product(columns, rows):
        area = float(tiles[np.ix_((y[:-1] >= y0) & (y[1:] <= y1), (x[:-1] >= x0) & (x[1:] <= x1))].sum())
        wide = np.clip(np.minimum(fill[:, 2], x1) - np.maximum(fill[:, 0], x0), 0, None)
        high = np.clip(np.minimum(fill[:, 3], y1) - np.maximum(fill[:, 1], y0), 0, None)
        density = (area + float((wide * high).sum())) / float((x1 - x0) * (y1 - y0))
        for rule, limit, bad in (
            ("density min", rules.density_min_fraction, density < rules.density_min_fraction),
            ("density max", rules.density_max_fraction, density > rules.density_max_fraction),
        ):
            if bad:
                found.append(Violation(rule, x0 * dbu, y0 * dbu, density, limit))
    return found


def _windows(low: int, high: int, window: int, step: int) -> list[tuple[int, int]]:
    """Return where windows begin and end along one axis; the last ones are cut at the box, down to half a window."""
    return [(at, min(at + window, high)) for at in range(low, max(high - window // 2, low + 1), step)]


def _cuts(windows: list[tuple[int, int]]) -> Ints:
    """Return cuts at all ends of windows, and between them so that tiles hold few shapes."""
    ends = sorted({end for window in windows for end in window})
    parts = [np.linspace(a, b, _TILES_COUNT, endpoint=False) for a, b in pairwise(ends)]
    return np.unique(np.concatenate([*parts, [ends[-1]]]).astype(np.int64))
