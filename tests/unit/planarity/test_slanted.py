"""Slanted polygons: closed forms, and unions against gdstk's clipper."""

from __future__ import annotations

import math
from typing import Any

import gdstk
import numpy as np
import pytest
from numpy.typing import NDArray

from planaris.planarity.coverage import Block, Grid, measure
from planaris.planarity.slanted import Slanted, tile_measures

NO_BOX: NDArray[np.int64] = np.zeros((0, 4), dtype=np.int64)


def test_a_diamond_in_the_middle_has_its_area_and_outline() -> None:
    diamond = np.array([[50, 10], [90, 50], [50, 90], [10, 50]])
    area, length = tile_measures(NO_BOX, [diamond], 100, 100)
    assert area == pytest.approx(2 * 40**2, rel=1e-12)
    assert length == pytest.approx(4 * 40 * math.sqrt(2), rel=1e-12)


def test_a_diamond_over_four_cells_gives_each_a_quarter() -> None:
    diamond = np.array([[50, 10], [90, 50], [50, 90], [10, 50]])
    area, length = measure(NO_BOX, Slanted.of([diamond]), Grid(50, 100, 100), Block(0, 0, 2, 2))
    np.testing.assert_allclose(area, 40**2 / 2, rtol=1e-12)
    np.testing.assert_allclose(length, 40 * math.sqrt(2), rtol=1e-12)


def test_two_halves_of_a_square_leave_no_seam() -> None:
    lower, upper = np.array([[0, 0], [70, 0], [70, 70]]), np.array([[0, 0], [70, 70], [0, 70]])
    area, length = tile_measures(NO_BOX, [lower, upper], 100, 100)
    assert area == pytest.approx(70**2, rel=1e-12)
    assert length == pytest.approx(4 * 70, rel=1e-9)


def test_direction_and_repeats_do_not_matter() -> None:
    triangle = np.array([[5, 5], [95, 20], [40, 90]])
    one = tile_measures(NO_BOX, [triangle], 100, 100)
    assert tile_measures(NO_BOX, [triangle, triangle[::-1], triangle], 100, 100) == pytest.approx(one, rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_unions_are_those_of_an_independent_clipper(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size, cell = 4000, 1000
    triangles = [generator.integers(0, size, (3, 2)) for _ in range(int(generator.integers(2, 12)))]
    corners = generator.integers(0, size - 600, (int(generator.integers(0, 12)), 2))
    boxes = np.concatenate([corners, corners + generator.integers(50, 600, corners.shape)], axis=1)
    area, length = measure(boxes, Slanted.of(triangles), Grid(cell, size, size), Block(0, 0, 4, 4))
    shapes: list[Any] = [gdstk.Polygon([(float(x), float(y)) for x, y in t]) for t in triangles]
    shapes += [gdstk.rectangle((float(b[0]), float(b[1])), (float(b[2]), float(b[3]))) for b in boxes]
    # Its crossings are rounded to 1e-4 dbu, along outlines of some 1e4 dbu.
    union: Any = gdstk.boolean(shapes, [], "or", precision=1e-4)
    for row in range(4):
        for column in range(4):
            low = (float(column * cell), float(row * cell))
            window = gdstk.rectangle(low, (low[0] + cell, low[1] + cell))
            clipped: Any = gdstk.boolean(union, window, "and", precision=1e-4)
            assert area[row, column] == pytest.approx(sum(p.area() for p in clipped), abs=20.0)
    # The union's own outline; holes are cut open by the clipper, so only without them is its perimeter one.
    turned = measure(boxes[:, [1, 0, 3, 2]], Slanted.of([t[:, ::-1] for t in triangles]), Grid(cell, size, size), _ALL)
    np.testing.assert_allclose(turned[0], area.T, atol=1e-6 * cell**2)
    np.testing.assert_allclose(turned[1].sum(), length.sum(), rtol=1e-9)


_ALL = Block(0, 0, 4, 4)
