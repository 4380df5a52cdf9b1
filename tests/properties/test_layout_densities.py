"""Densities and outlines of any small layout against an exact scan in fractions that shares no code with the reader.

The layout is flattened here by its own rules: a placement mirrors, magnifies by a whole number, turns by quarters, and
is repeated along two vectors that need not be square.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gdstk
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planaris.planarity import layer_maps, read_layout

Point = tuple[int, int]
Polygon = list[Point]
QUARTERS = [(1, 0), (0, 1), (-1, 0), (0, -1)]
LAYERS = {"metal": ((8, 0), (8, 22))}
REACH = 40

coordinates = st.integers(-REACH, REACH)
points = st.tuples(coordinates, coordinates)


@st.composite
def boxes(draw: st.DrawFn) -> Polygon:
    (x, y), wide, high = draw(points), draw(st.integers(1, 30)), draw(st.integers(1, 30))
    return [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]


@st.composite
def rectilinear(draw: st.DrawFn) -> Polygon:
    """Return a polygon of level and upright edges that may touch and cross itself."""
    corners = draw(st.lists(points, min_size=2, max_size=4))
    return [p for k, (x, y) in enumerate(corners) for p in ((corners[k - 1][0], y), (x, y))]


any_polygons = st.lists(points, min_size=3, max_size=5)
shapes = st.lists(
    st.tuples(st.one_of(boxes(), rectilinear(), any_polygons), st.sampled_from([0, 22])), min_size=0, max_size=3
)
placements = st.lists(
    st.tuples(
        points,
        st.integers(0, 3),
        st.booleans(),
        st.integers(1, 2),
        st.integers(1, 2),
        st.integers(1, 2),
        points,
        points,
    ),
    min_size=0,
    max_size=1,
)


def moved(polygon: Polygon, placement: Any) -> list[Polygon]:
    (x, y), quarter, mirrored, magnified, columns, rows, along, up = placement
    c, s = QUARTERS[quarter]
    turned = [(magnified * px, magnified * (-py if mirrored else py)) for px, py in polygon]
    turned = [(c * px - s * py + x, s * px + c * py + y) for px, py in turned]
    shifts = [(i * along[0] + j * up[0], i * along[1] + j * up[1]) for i in range(columns) for j in range(rows)]
    return [[(px + dx, py + dy) for px, py in turned] for dx, dy in shifts]


def crossings(edges: list[tuple[Point, Point]]) -> set[Fraction]:
    found: set[Fraction] = set()
    for k, ((ax, ay), (bx, by)) in enumerate(edges):
        for (cx, cy), (dx, dy) in edges[:k]:
            cross = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
            if cross:
                t = Fraction((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx), cross)
                u = Fraction((cx - ax) * (by - ay) - (cy - ay) * (bx - ax), cross)
                if 0 <= t <= 1 and 0 <= u <= 1:
                    found.add(ay + t * (by - ay))
    return found


def scanned(polygons: list[Polygon], window: tuple[int, int, int, int]) -> Fraction:
    """Return the area inside a window that any polygon winds around."""
    x0, y0, x1, y1 = window
    polygons = [
        p for p in polygons
        if max(x for x, _ in p) > x0 and min(x for x, _ in p) < x1 and max(y for _, y in p) > y0
        and min(y for _, y in p) < y1
    ]  # fmt: skip
    sides = [((x0, y0 - 1), (x0, y1 + 1)), ((x1, y0 - 1), (x1, y1 + 1))]
    edges = [(p, q) for polygon in polygons for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True)]
    levels = {Fraction(y) for (_, y), _ in edges} | crossings(edges + sides) | {Fraction(y0), Fraction(y1)}
    inside = sorted(y for y in levels if y0 <= y <= y1)
    area = Fraction(0)
    for low, high in pairwise(inside):
        at = (low + high) / 2
        spans: list[tuple[Fraction, Fraction]] = []
        for polygon in polygons:
            hits = sorted(
                (px + (at - py) * Fraction(qx - px, qy - py), 1 if qy > py else -1)
                for (px, py), (qx, qy) in zip(polygon, polygon[1:] + polygon[:1], strict=True)
                if min(py, qy) < at < max(py, qy)
            )
            winding = 0
            for (x, sign), (following, _) in pairwise(hits):
                winding += sign
                if winding:
                    spans.append((max(x, Fraction(x0)), min(following, Fraction(x1))))
        end = Fraction(x0)
        for left, right in sorted(spans):
            area += max(right - max(left, end), 0) * (high - low)
            end = max(end, right)
    return area


@settings(max_examples=15, deadline=None)
@given(leaf=shapes, middle=shapes, chip=shapes, first=placements, second=placements, cell=st.integers(150, 600),
       oasis=st.booleans(), dbu=st.sampled_from([1e-9, 5e-9, 2.5e-10]))  # fmt: skip
def test_densities_are_those_of_an_exact_scan(
    leaf: Any, middle: Any, chip: Any, first: Any, second: Any, cell: int, oasis: bool, dbu: float
) -> None:
    library = gdstk.Library(unit=dbu, precision=dbu)
    cells = [library.new_cell(name) for name in ("LEAF", "MIDDLE", "CHIP")]
    for owner, drawn in zip(cells, (leaf, middle, chip), strict=True):
        owner.add(*(gdstk.Polygon(p, layer=8, datatype=d) for p, d in drawn))
    for owner, child, placed in ((cells[1], cells[0], first), (cells[2], cells[1], second)):
        for at, quarter, mirrored, magnified, columns, rows, along, up in placed:
            made = gdstk.Reference(child, at, quarter * math.pi / 2, magnified, mirrored)
            made.repetition = gdstk.Repetition(columns=columns, rows=rows, v1=along, v2=up)
            owner.add(made)
    cells[2].add(gdstk.rectangle((-200, -200), (200, 200), layer=99), gdstk.Label("chip", (0, 0)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "chip"
        (library.write_oas if oasis else library.write_gds)(path)
        layout = read_layout(path, top="CHIP")
    inner = [p for p, _ in middle] + [m for placed in first for p, _ in leaf for m in moved(p, placed)]
    polygons = [p for p, _ in chip] + [m for placed in second for p in inner for m in moved(p, placed)]
    maps = layer_maps(layout, LAYERS, cell)["metal"]
    left, bottom, right, top = layout.box
    ny, nx = maps.shape
    for j in range(ny):
        for i in range(nx):
            x0, y0 = left + i * cell, bottom + j * cell
            window = (x0, y0, min(x0 + cell, right), min(y0 + cell, top))
            asked = float(scanned(polygons, window)) / ((window[2] - x0) * (window[3] - y0))
            # Ordinates of slanted edges are told apart to 1e-6 dbu, of cells of at least some dbu.
            assert maps.density[j, i] == np.float64(asked) or abs(maps.density[j, i] - asked) < 1e-5
    small = layer_maps(layout, LAYERS, cell, at_once_count=3)["metal"]
    np.testing.assert_allclose(small.density, maps.density, atol=1e-7)
    np.testing.assert_allclose(small.perimeter_um_per_um2, maps.perimeter_um_per_um2, rtol=1e-6, atol=1e-6)
