"""Merged area and outline of rectangles per grid cell, exactly, on integer coordinates.

Rectangles are cut at the borders of small tiles (a grid cell, or a part of one where many stand), each tile into slabs
between the ordinates that occur in it, and the intervals of each slab are united by one sort and one running maximum:
a sweep over the whole chip without a loop over its shapes. Nothing is rounded: sums of dbu² stay below 2⁵³.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.slanted import Slanted, tile_measures

Ints = NDArray[np.int64]
# Pieces a tile holds on average: fewer make more cuts, more make more slabs [measured].
_PIECES_PER_TILE_COUNT = 24
# Key of an interval: slab, start, end. A tile is at most 2^20 dbu wide, which leaves 2^23 slabs a sweep.
_WIDTH_BITS = 20


@dataclass(frozen=True, slots=True)
class Grid:
    """Square cells of ``cell`` dbu over a box of ``width`` × ``height`` dbu; the last ones may reach beyond it."""

    cell: int
    width: int
    height: int

    @property
    def nx(self) -> int:
        """Columns."""
        return -(-self.width // self.cell)

    @property
    def ny(self) -> int:
        """Rows."""
        return -(-self.height // self.cell)


@dataclass(frozen=True, slots=True)
class Block:
    """Cells ``column`` ≤ i < ``column_end``, ``row`` ≤ j < ``row_end`` of a grid."""

    column: int
    row: int
    column_end: int
    row_end: int

    @property
    def columns(self) -> int:
        """Columns of the block."""
        return self.column_end - self.column

    @property
    def rows(self) -> int:
        """Rows of the block."""
        return self.row_end - self.row


@dataclass(frozen=True, slots=True)
class _Tiles:
    """Tiles by id: their cell in the block, their place in it and their extent, dbu."""

    cell: Ints
    left: Ints
    bottom: Ints
    width: Ints
    height: Ints


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Rectangles cut to tiles, in the tile's coordinates; ``tile`` is the tile's id."""

    tile: Ints
    x0: Ints
    y0: Ints
    x1: Ints
    y1: Ints

    def __getitem__(self, which: NDArray[np.bool_]) -> _Pieces:
        return _Pieces(self.tile[which], self.x0[which], self.y0[which], self.x1[which], self.y1[which])


def _spread(
    box: tuple[Ints, Ints, Ints, Ints], size: Ints | int, columns: Ints | int, rows: Ints | int, halo: int
) -> tuple[Ints, Ints, Ints]:
    """Return (rectangle, column, row) of every tile that a rectangle reaches, grown by ``halo``."""
    x0, y0, x1, y1 = box
    first_x, last_x = np.maximum((x0 - halo) // size, 0), np.minimum((x1 - 1 + halo) // size, columns - 1)
    first_y, last_y = np.maximum((y0 - halo) // size, 0), np.minimum((y1 - 1 + halo) // size, rows - 1)
    across = np.maximum(last_x - first_x + 1, 0)
    count = across * np.maximum(last_y - first_y + 1, 0)
    which = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    wide = across[which]
    up = number // np.maximum(wide, 1)
    return which, first_x[which] + number - up * wide, first_y[which] + up


def measure(
    rectangles: Ints, slanted: Slanted, grid: Grid, block: Block, *, outline: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return merged area (dbu²) and outline (dbu) per cell of a block, [rows, columns].

    ``rectangles`` [n, 4] (x0, y0, x1, y1) and ``slanted`` in dbu from the box's lower left corner; all that touch the
    block must be given. Without ``outline`` its array is zero.
    """
    halo = 1 if outline else 0
    box = _Box.of(grid, block)
    pieces, tiles, odd = _cut(rectangles, slanted, box, halo)
    cells = block.rows * block.columns
    area, length = np.zeros(cells), np.zeros(cells)
    if len(odd):
        is_odd = np.zeros(len(tiles.cell), dtype=np.bool_)
        is_odd[odd[:, 0]] = True
        held = is_odd[pieces.tile]
        _measure_odd(pieces[held], slanted, odd, tiles, box, area, length if outline else None)
        pieces = pieces[~held]
    _sweep(pieces, tiles.width, tiles.height, tiles.cell, area, length if outline else None)
    if outline:
        turned = _Pieces(pieces.tile, pieces.y0, pieces.x0, pieces.y1, pieces.x1)
        _sweep(turned, tiles.height, tiles.width, tiles.cell, None, length)
    return area.reshape(block.rows, block.columns), length.reshape(block.rows, block.columns)


@dataclass(frozen=True, slots=True)
class _Box:
    """A block in dbu."""

    left: int
    bottom: int
    size: int
    columns: int
    rows: int

    @staticmethod
    def of(grid: Grid, block: Block) -> _Box:
        return _Box(block.column * grid.cell, block.row * grid.cell, grid.cell, block.columns, block.rows)


def _cut(rectangles: Ints, slanted: Slanted, box: _Box, halo: int) -> tuple[_Pieces, _Tiles, Ints]:
    """Return rectangles cut to tiles, the tiles, and (tile, polygon) of slanted polygons, sorted by tile."""
    size, columns, rows = box.size, box.columns, box.rows
    whole = np.asarray(rectangles, dtype=np.int64).reshape(-1, 4)
    bounds = slanted.bounds()
    every = np.concatenate([whole, bounds]) if len(bounds) else whole
    x0, y0 = every[:, 0] - box.left, every[:, 1] - box.bottom
    x1, y1 = every[:, 2] - box.left, every[:, 3] - box.bottom
    which, column, row = _spread((x0, y0, x1, y1), size, columns, rows, halo)
    cell = row * columns + column
    x0, x1 = x0[which] - column * size, x1[which] - column * size
    y0, y1 = y0[which] - row * size, y1[which] - row * size
    held = np.bincount(cell, minlength=columns * rows)
    per_side = np.ceil(np.sqrt(np.maximum(held, 1) / _PIECES_PER_TILE_COUNT)).astype(np.int64)
    small = np.maximum(-(-size // per_side), 1)
    side = -(-size // small)
    base = np.cumsum(side * side) - side * side
    tiles = _tiles(side, small, size)
    part, i, j = _spread((x0, y0, x1, y1), small[cell], side[cell], side[cell], halo)
    owner = cell[part]
    tile = base[owner] + j * side[owner] + i
    left, bottom = i * small[owner], j * small[owner]
    wide, high = tiles.width[tile], tiles.height[tile]
    pieces = _Pieces(
        tile,
        np.maximum(x0[part] - left, -halo),
        np.maximum(y0[part] - bottom, -halo),
        np.minimum(x1[part] - left, wide + halo),
        np.minimum(y1[part] - bottom, high + halo),
    )
    if not len(bounds):
        return pieces, tiles, np.zeros((0, 2), dtype=np.int64)
    source = which[part]
    is_slanted = source >= len(whole)
    odd = np.stack([tile[is_slanted], source[is_slanted] - len(whole)], axis=1)
    return pieces[~is_slanted], tiles, odd[np.argsort(odd[:, 0], kind="stable")]


def _tiles(side: Ints, small: Ints, size: int) -> _Tiles:
    count = side * side
    cell = np.repeat(np.arange(len(side)), count)
    number = np.arange(len(cell)) - np.repeat(np.cumsum(count) - count, count)
    j, i = np.divmod(number, side[cell])
    left, bottom = i * small[cell], j * small[cell]
    return _Tiles(cell, left, bottom, np.minimum(small[cell], size - left), np.minimum(small[cell], size - bottom))


def _sweep(
    p: _Pieces,
    width: Ints,
    height: Ints,
    cell: Ints,
    area: NDArray[np.float64] | None,
    length: NDArray[np.float64] | None,
) -> None:
    """Add area, and length of the edges that stand across the sweep, to the cells."""
    y0, y1 = np.maximum(p.y0, 0), np.minimum(p.y1, height[p.tile])
    real = (y1 > y0) & (p.x1 > p.x0)
    if not real.all():
        p, y0, y1 = p[real], y0[real], y1[real]
    if not len(p.tile):
        return
    # Slabs: between neighbouring ordinates of one tile. The last ordinate of a tile begins no slab that is used.
    tile_key = p.tile << _WIDTH_BITS
    low, high = tile_key + y0, tile_key + y1
    ordinates = np.sort(np.concatenate([low, high]))
    ordinates = ordinates[np.concatenate([[True], ordinates[1:] != ordinates[:-1]])]
    first, last = np.searchsorted(ordinates, low), np.searchsorted(ordinates, high)
    thick = np.diff(ordinates, append=0).astype(np.float64)
    slab_tile = ordinates >> _WIDTH_BITS
    count = last - first
    which = np.repeat(np.arange(len(count)), count)
    slab = np.arange(len(which)) + np.repeat(first - (np.cumsum(count) - count), count)
    # One halo unit may stand left of the tile: starts are kept above zero.
    key = (((slab << _WIDTH_BITS) + (p.x0[which] + 1)) << _WIDTH_BITS) + (p.x1[which] + 1)
    key.sort()
    mask = (1 << _WIDTH_BITS) - 1
    start = key >> _WIDTH_BITS
    end = (start & ~mask) + (key & mask)
    reach = np.maximum.accumulate(end)
    # Touching intervals unite; an end never reaches the next slab's starts.
    heads = np.flatnonzero(np.concatenate([[True], start[1:] > reach[:-1]]))
    tails = np.concatenate([heads[1:] - 1, [len(key) - 1]])
    head, tail = start[heads], reach[tails]
    slab = head >> _WIDTH_BITS
    tile = slab_tile[slab]
    wide, high_of = width[tile], thick[slab]
    x0, x1 = (head & mask) - 1, (tail & mask) - 1
    place = cell[tile]
    if area is not None:
        covered = np.maximum(np.minimum(x1, wide) - np.maximum(x0, 0), 0)
        area += np.bincount(place, weights=covered * high_of, minlength=len(area))
    if length is not None:
        edges = ((x0 >= 0) & (x0 < wide)).astype(np.float64) + ((x1 > 0) & (x1 <= wide))
        length += np.bincount(place, weights=edges * high_of, minlength=len(length))


def _measure_odd(
    pieces: _Pieces,
    slanted: Slanted,
    odd: Ints,
    tiles: _Tiles,
    box: _Box,
    area: NDArray[np.float64],
    length: NDArray[np.float64] | None,
) -> None:
    """Measure the tiles that slanted polygons reach, one by one."""
    order = np.argsort(pieces.tile, kind="stable")
    sorted_tile = pieces.tile[order]
    boxes = np.stack([pieces.x0, pieces.y0, pieces.x1, pieces.y1], axis=1)[order]
    for tile in np.unique(odd[:, 0]):
        begin, end = np.searchsorted(sorted_tile, [tile, tile + 1])
        first, last = np.searchsorted(odd[:, 0], [tile, tile + 1])
        cell = int(tiles.cell[tile])
        row, column = divmod(cell, box.columns)
        corner = np.array([
            box.left + column * box.size + tiles.left[tile], box.bottom + row * box.size + tiles.bottom[tile]
        ])  # fmt: skip
        polygons = [slanted.polygon(int(k)) - corner for k in odd[first:last, 1]]
        found = tile_measures(boxes[begin:end], polygons, int(tiles.width[tile]), int(tiles.height[tile]))
        area[cell] += found[0]
        if length is not None:
            length[cell] += found[1]
