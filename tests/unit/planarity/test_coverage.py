"""Merged area and outline of rectangles against counting every unit square."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from planaris.planarity.coverage import Block, Grid, levels, measure
from planaris.planarity.slanted import NO_SLANTED, Slanted

Ints = NDArray[np.int64]


def rectangles(generator: np.random.Generator, width: int, height: int) -> Ints:
    """Return 1 to 60 rectangles in a box, many touching and overlapping, some twice."""
    n = int(generator.integers(1, 60))
    x, y = generator.integers(0, width, n), generator.integers(0, height, n)
    wide, high = generator.integers(1, 20, n), generator.integers(1, 20, n)
    made = np.stack([x, y, np.minimum(x + wide, width), np.minimum(y + high, height)], axis=1)
    return np.concatenate([made, made[: n // 3]])


def counted(boxes: Ints, grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return area and outline per cell by counting unit squares and their free sides."""
    filled = np.zeros((grid.height + 2, grid.width + 2), dtype=np.int64)
    for x0, y0, x1, y1 in boxes:
        filled[y0 + 1 : y1 + 1, x0 + 1 : x1 + 1] = 1
    neighbours = filled[1:-1, :-2] + filled[1:-1, 2:] + filled[:-2, 1:-1] + filled[2:, 1:-1]
    square, sides = filled[1:-1, 1:-1], filled[1:-1, 1:-1] * (4 - neighbours)
    area, length = np.zeros((grid.ny, grid.nx)), np.zeros((grid.ny, grid.nx))
    for row in range(grid.ny):
        for column in range(grid.nx):
            here = np.s_[row * grid.cell : (row + 1) * grid.cell, column * grid.cell : (column + 1) * grid.cell]
            area[row, column], length[row, column] = square[here].sum(), sides[here].sum()
    return area, length


@pytest.mark.parametrize("seed", range(40))
def test_area_and_outline_are_those_of_the_union(seed: int) -> None:
    generator = np.random.default_rng(seed)
    width, height = (int(v) for v in generator.integers(20, 70, 2))
    grid = Grid(int(generator.integers(3, 25)), width, height)
    boxes = rectangles(generator, width, height)
    whole = Block(0, 0, grid.nx, grid.ny)
    area, length = counted(boxes, grid)
    found = measure(boxes, NO_SLANTED, grid, whole)
    np.testing.assert_array_equal(found[0], area)
    np.testing.assert_array_equal(found[1], length)
    # Half of them as polygons go the way of slanted edges, and must meet the others without a seam.
    half = len(boxes) // 2
    polygons = [np.array([[x0, y0], [x0, y1], [x1, y1], [x1, y0]]) for x0, y0, x1, y1 in boxes[half:]]
    found = measure(boxes[:half], Slanted.of(polygons), grid, whole)
    np.testing.assert_allclose(found[0], area, atol=1e-9 * grid.cell**2)
    np.testing.assert_allclose(found[1], length, atol=1e-6 * grid.cell)


@pytest.mark.parametrize("seed", range(4))
def test_a_block_sees_what_the_whole_sees(seed: int) -> None:
    generator = np.random.default_rng(100 + seed)
    grid = Grid(7, 60, 55)
    boxes = rectangles(generator, 60, 55)
    whole = measure(boxes, NO_SLANTED, grid, Block(0, 0, grid.nx, grid.ny))
    for column in range(0, grid.nx, 2):
        for row in range(0, grid.ny, 3):
            block = Block(column, row, min(column + 2, grid.nx), min(row + 3, grid.ny))
            part = measure(boxes, NO_SLANTED, grid, block)
            for one, other in zip(part, whole, strict=True):
                expected = other[block.row : block.row_end, block.column : block.column_end]
                np.testing.assert_array_equal(one, expected)


def test_crowded_cells_are_cut_into_tiles_without_a_trace() -> None:
    # A comb of 2 dbu lines 4 dbu apart over 1000 × 1000: cells of 500 hold some 125 pieces, so they are cut.
    x = np.arange(0, 1000, 4)
    lines = np.stack([x, np.zeros_like(x), x + 2, np.full_like(x, 1000)], axis=1)
    area, length = measure(lines, NO_SLANTED, Grid(500, 1000, 1000), Block(0, 0, 2, 2))
    np.testing.assert_array_equal(area, np.full((2, 2), 125 * 2 * 500.0))
    # Two sides of each line, and one of its ends in each cell.
    np.testing.assert_array_equal(length, np.full((2, 2), 125 * (2 * 500.0 + 2.0)))


@pytest.mark.parametrize(("wide", "high"), [(1, 1), (2, 1), (1, 2)])
def test_without_outline_areas_are_the_same_whichever_way_shapes_lie(wide: int, high: int) -> None:
    generator = np.random.default_rng(7)
    grid = Grid(9, 60 * wide, 60 * high)
    boxes = rectangles(generator, 60, 60) * np.array([wide, high, wide, high])
    block = Block(0, 0, grid.nx, grid.ny)
    area, length = measure(boxes, NO_SLANTED, grid, block, outline=False)
    np.testing.assert_array_equal(area, counted(boxes, grid)[0])
    assert not length.any()


def test_nothing_covers_nothing() -> None:
    grid = Grid(10, 30, 30)
    area, length = measure(np.zeros((0, 4), dtype=np.int64), NO_SLANTED, grid, Block(0, 0, 3, 3))
    assert not area.any()
    assert not length.any()


@pytest.mark.parametrize("first_tile", [0, 1 << 38])
def test_levels_are_found_whether_or_not_a_key_has_room_for_its_number(first_tile: int) -> None:
    generator = np.random.default_rng(3)
    tile = first_tile + generator.integers(0, 9, 300)
    low = generator.integers(0, 50, 300)
    high = low + generator.integers(1, 50, 300)
    ordinates, first, last = levels(tile, low, high)
    assert (np.diff(ordinates) > 0).all()
    np.testing.assert_array_equal(ordinates[first], tile * (1 << 20) + low)
    np.testing.assert_array_equal(ordinates[last], tile * (1 << 20) + high)
    assert set(first) | set(last) == set(range(len(ordinates)))
