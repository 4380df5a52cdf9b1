"""Merged area and outline of rectangles per grid cell, exactly, on integer coordinates.

Rectangles are cut at the borders of small tiles (a grid cell, or a part of one where many stand), each tile into slabs
between the ordinates that occur in it, and the intervals of each slab are united by one sort and one running maximum:
a sweep over the whole chip without a loop over its shapes. Nothing is rounded: sums of dbu² stay below 2⁵³.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.edge_cut import Edges, cut_edges, polygon_edges
from planaris.planarity.edge_sweep import sweep_edges
from planaris.planarity.slanted import Slanted

Ints = NDArray[np.int64]
# Pieces a tile holds on average: fewer make more cuts, more make more slabs [measured].
_PIECES_PER_TILE_COUNT = 40
# Key of an interval: slab, start, end. A tile is at most 2^20 dbu wide, which leaves 2^23 slabs a sweep.
_WIDTH_BITS = 20
_WIDEST_TILE = (1 << _WIDTH_BITS) - 4
# The room that a slanted edge takes while it is cut and swept, in that of pieces of rectangles [measured].
_PIECES_PER_EDGE_COUNT = 4
# Pieces of one sweep: each brings two ordinates, so at most two slabs.
_PIECES_AT_ONCE_COUNT = 1 << 21


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
    pieces, tiles, edges = _cut(rectangles, slanted, _Box.of(grid, block), halo)
    cells = block.rows * block.columns
    area, length = np.zeros(cells), np.zeros(cells)
    if len(edges):
        is_odd = np.zeros(len(tiles.cell), dtype=np.bool_)
        is_odd[edges.tile] = True
        held = is_odd[pieces.tile]
        every = edges.joined(_sides(pieces[held], len(slanted)))
        pieces = pieces[~held]
        for found in sweep_edges(every, tiles.width, tiles.height, outline=outline):
            place = tiles.cell[found.tile]
            area += np.bincount(place, weights=found.area, minlength=cells)
            length += np.bincount(place, weights=found.length, minlength=cells)
    for some in _at_once(pieces):
        turned = _Pieces(some.tile, some.y0, some.x0, some.y1, some.x1)
        if outline:
            _sweep(some, tiles.width, tiles.height, tiles.cell, area, length)
            _sweep(turned, tiles.height, tiles.width, tiles.cell, None, length)
        elif np.sum(some.y1 - some.y0) <= np.sum(some.x1 - some.x0):
            _sweep(some, tiles.width, tiles.height, tiles.cell, area, None)
        else:  # upright shapes pass fewer slabs that stand upright
            _sweep(turned, tiles.height, tiles.width, tiles.cell, area, None)
    return area.reshape(block.rows, block.columns), length.reshape(block.rows, block.columns)


def pieces_count(rectangles: Ints, slanted: Slanted, grid: Grid, block: Block) -> int:
    """Return in how many pieces shapes would be cut at the borders of a block's cells; a slanted edge takes several."""
    total = _PIECES_PER_EDGE_COUNT * len(slanted.points)
    for boxes in (rectangles, slanted.bounds()):
        low = np.maximum(boxes[:, :2] // grid.cell, [block.column, block.row])
        high = np.minimum((boxes[:, 2:] - 1) // grid.cell, [block.column_end - 1, block.row_end - 1])
        total += int(np.maximum(high - low + 1, 0).prod(axis=1).sum())
    return total


def _at_once(p: _Pieces) -> Iterator[_Pieces]:
    """Give all pieces, whole tiles at a time, so many that a sweep's keys can hold them."""
    if len(p.tile) <= _PIECES_AT_ONCE_COUNT:
        yield p
        return
    ends = np.cumsum(np.bincount(p.tile))
    begin = 0
    while begin < len(ends):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _PIECES_AT_ONCE_COUNT, side="right")))
        yield p[(p.tile >= begin) & (p.tile < end)]
        begin = end


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


def _cut(rectangles: Ints, slanted: Slanted, box: _Box, halo: int) -> tuple[_Pieces, _Tiles, Edges]:
    """Return rectangles and edges of slanted polygons cut to tiles, and the tiles."""
    size, columns, rows = box.size, box.columns, box.rows
    whole = np.asarray(rectangles, dtype=np.int64).reshape(-1, 4)
    x0, y0 = whole[:, 0] - box.left, whole[:, 1] - box.bottom
    x1, y1 = whole[:, 2] - box.left, whole[:, 3] - box.bottom
    which, column, row = _spread((x0, y0, x1, y1), size, columns, rows, halo)
    cell = row * columns + column
    x0, x1 = x0[which] - column * size, x1[which] - column * size
    y0, y1 = y0[which] - row * size, y1[which] - row * size
    edges = polygon_edges(slanted, box.left, box.bottom)
    if len(edges):
        one = np.ones(1, dtype=np.int64)
        edges, covered = cut_edges(
            edges, one * size, one * columns, one * rows, one * 0, one * rows * size, halo, closed=True
        )
        cell, x0, y0, x1, y1 = (np.concatenate([a, covered[:, k]]) for k, a in enumerate((cell, x0, y0, x1, y1)))
    held = np.bincount(cell, minlength=columns * rows) + np.bincount(edges.tile, minlength=columns * rows) // 2
    per_side = np.ceil(np.sqrt(np.maximum(held, 1) / _PIECES_PER_TILE_COUNT)).astype(np.int64)
    small = np.clip(-(-size // per_side), 1, _WIDEST_TILE)
    side = -(-size // small)
    base = np.cumsum(side * side) - side * side
    tiles = _tiles(side, small, size)
    part, i, j = _spread((x0, y0, x1, y1), small[cell], side[cell], side[cell], halo)
    owner = cell[part]
    tile = base[owner] + j * side[owner] + i
    left, bottom = i * small[owner], j * small[owner]
    x0, y0, x1, y1 = x0[part] - left, y0[part] - bottom, x1[part] - left, y1[part] - bottom
    if len(edges):
        edges, covered = cut_edges(edges, small, side, side, base, np.full(len(side), size), halo, closed=False)
        tile, x0, y0, x1, y1 = (np.concatenate([a, covered[:, k]]) for k, a in enumerate((tile, x0, y0, x1, y1)))
    wide, high = tiles.width[tile], tiles.height[tile]
    pieces = _Pieces(
        tile, np.maximum(x0, -halo), np.maximum(y0, -halo), np.minimum(x1, wide + halo), np.minimum(y1, high + halo)
    )
    return pieces, tiles, edges


def _sides(p: _Pieces, number: int) -> Edges:
    """Return the left and right sides of rectangles as edges; each is a polygon of its own, numbered from here on."""
    x0, y0, x1, y1 = (v.astype(np.float64) for v in (p.x0, p.y0, p.x1, p.y1))
    one, tile = np.ones_like(p.tile), np.tile(p.tile, 2)
    x = np.concatenate([x0, x1])
    polygon = np.tile(np.arange(len(p.tile)) + number, 2)
    made = Edges(tile, polygon, x, np.tile(y0, 2), x, np.tile(y1, 2), np.concatenate([one, -one]))
    return made[made.yb > made.ya]


def _tiles(side: Ints, small: Ints, size: int) -> _Tiles:
    count = side * side
    cell = np.repeat(np.arange(len(side)), count)
    number = np.arange(len(cell)) - np.repeat(np.cumsum(count) - count, count)
    j, i = np.divmod(number, side[cell])
    left, bottom = i * small[cell], j * small[cell]
    return _Tiles(cell, left, bottom, np.minimum(small[cell], size - left), np.minimum(small[cell], size - bottom))


def levels(tile: Ints, y0: Ints, y1: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the ordinates that occur, keys of tile and ordinate in order, and where those of each piece are."""
    count = len(tile)
    key = np.concatenate([(tile << _WIDTH_BITS) + y0, (tile << _WIDTH_BITS) + y1])
    bits = (2 * count - 1).bit_length()
    if int(key.max()) >> (62 - bits):
        ordinates, place = np.unique(key, return_inverse=True)
        return ordinates, place[:count], place[count:]
    # The key carries its own number through the sort: faster than to look each up afterwards.
    key <<= bits
    key += np.arange(2 * count)
    key.sort()
    number = key & ((1 << bits) - 1)
    key >>= bits
    is_new = np.concatenate([[True], key[1:] != key[:-1]])
    place = np.empty(2 * count, dtype=np.int64)
    place[number] = np.cumsum(is_new) - 1
    return key[is_new], place[:count], place[count:]


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
    ordinates, first, last = levels(p.tile, y0, y1)
    thick = np.diff(ordinates, append=0).astype(np.float64)
    slab_tile = ordinates >> _WIDTH_BITS
    count = last - first
    # One halo unit may stand left of the tile: starts are kept above zero.
    begin = (((first << _WIDTH_BITS) + (p.x0 + 1)) << _WIDTH_BITS) + (p.x1 + 1)
    key = np.arange(int(count.sum()))
    key -= np.repeat(np.cumsum(count) - count, count)
    key <<= 2 * _WIDTH_BITS
    key += np.repeat(begin, count)
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
