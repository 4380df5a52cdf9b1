"""Slanted polygons: closed forms, and unions against gdstk's clipper."""

from __future__ import annotations

import math
from typing import Any

import gdstk
import numpy as np
import pytest
from numpy.typing import NDArray

from planaris.planarity.coverage import Block, Grid, measure
from planaris.planarity.slanted import NO_SLANTED, Slanted

NO_BOX: NDArray[np.int64] = np.zeros((0, 4), dtype=np.int64)


def tile_measures(
    boxes: NDArray[np.int64], polygons: list[NDArray[np.int64]], width: int, height: int
) -> tuple[float, float]:
    """Return area and outline of one cell."""
    area, length = measure(boxes, Slanted.of(polygons), Grid(max(width, height), width, height), Block(0, 0, 1, 1))
    return float(area[0, 0]), float(length[0, 0])


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
    # Its crossings are rounded to 1e-4 dbu, along outlines of some 1e4 dbu; level edges magnify it.
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
    # Ordinates are told apart to 1e-6 dbu, of outlines of some 1e4 dbu; level edges magnify it.
    np.testing.assert_allclose(turned[1].sum(), length.sum(), rtol=1e-6)


_ALL = Block(0, 0, 4, 4)


def test_a_polygon_that_crosses_itself_covers_wherever_it_winds() -> None:
    bow = np.array([[0, 0], [80, 0], [0, 80], [80, 80]])
    area, length = tile_measures(NO_BOX, [bow], 100, 100)
    assert area == pytest.approx(2 * 80 * 40 / 2, rel=1e-9)
    assert length == pytest.approx(2 * (80 + 2 * 40 * math.sqrt(2)), rel=1e-6)
    # Another shape under one of its halves, which winds the other way, takes nothing away.
    under = np.array([[0, 60, 80, 80]])
    assert tile_measures(under, [bow], 100, 100)[0] == pytest.approx(3200 + 80 * 20 - 0.5 * 20 * (80 + 40), rel=1e-9)


@pytest.mark.parametrize("side", [1, 5, 7])
def test_a_ring_around_many_cells_covers_those_it_passes_alone(side: int) -> None:
    # An octagon's ring as one polygon with a cut line: the cells inside it are as without it.
    outer = np.array([[20, 0], [680, 0], [700, 20], [700, 680], [680, 700], [20, 700], [0, 680], [0, 20], [20, 0]])
    inner = 350 + (outer - 350) * 95 // 100
    ring = np.concatenate([outer, inner[::-1]])
    boxes = np.array([[300, 300, 410, 333], [0, 0, 50, 50]])
    grid = Grid(700 // side, 700, 700)
    area, length = measure(boxes, Slanted.of([ring]), grid, Block(0, 0, side, side))
    middle = measure(boxes, NO_SLANTED, grid, Block(0, 0, side, side))
    if side > 2:
        np.testing.assert_array_equal(area[1:-1, 1:-1], middle[0][1:-1, 1:-1])
        np.testing.assert_array_equal(length[1:-1, 1:-1], middle[1][1:-1, 1:-1])
    whole = measure(boxes, Slanted.of([ring]), Grid(700, 700, 700), Block(0, 0, 1, 1))
    assert area.sum() == pytest.approx(float(whole[0].sum()), rel=1e-12)
    assert length.sum() == pytest.approx(float(whole[1].sum()), rel=1e-6)


def test_a_polygon_with_many_points_needs_no_table_of_their_square() -> None:
    # 40 000 points: a table of them would have 1.6e9 entries.
    x = np.arange(10_000)
    teeth = np.stack([np.stack([2 * x, x * 0], 1), np.stack([2 * x + 1, x * 0 + 50], 1)], axis=1).reshape(-1, 2)
    comb = np.concatenate([teeth, [[20_000, 100], [0, 100]]])
    area, _ = measure(NO_BOX, Slanted.of([comb]), Grid(1000, 20_000, 100), Block(0, 0, 20, 1))
    # Of 100 dbu in height, half of the lower 50 is open; the last tooth ends with a long slanted edge.
    assert area.sum() == pytest.approx(float(_shoelace(comb)), rel=1e-9)


def _shoelace(points: NDArray[np.int64]) -> float:
    following = np.roll(points, -1, axis=0)
    return 0.5 * abs(float((points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]).sum()))
