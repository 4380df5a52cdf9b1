"""Pattern maps of a layout's layers, block by block, so that memory is bounded whatever the chip's size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from planaris.planarity.coverage import Block, Grid, measure, pieces_count
from planaris.planarity.layout import LayerKey, LayerView, Layout
from planaris.planarity.maps import PatternMaps, pattern_maps
from planaris.planarity.slanted import Slanted

# Shapes that are flattened at once; some 300 bytes each while they are swept [measured].
SHAPES_AT_ONCE_COUNT = 150_000
# Long lines and large polygons are cut at every cell: a block has at most so many times more pieces than shapes.
_PIECES_PER_SHAPE_COUNT = 4


def layer_maps(
    layout: Layout,
    layers: Mapping[str, Sequence[LayerKey]],
    cell_dbu: int,
    *,
    outline: bool = True,
    at_once_count: int = SHAPES_AT_ONCE_COUNT,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, PatternMaps]:
    """Return the maps of each named layer, a union of its layer/datatype pairs, on cells of ``cell_dbu``.

    The grid begins at the lower left corner of the layout's box. Without ``outline`` perimeter and widths are those of
    a layer with no edges, and the work is about halved. ``progress`` is told (layer, share done).
    """
    left, bottom, right, top = layout.box
    grid = Grid(cell_dbu, right - left, top - bottom)
    made: dict[str, PatternMaps] = {}
    for name, keys in layers.items():
        view = LayerView(layout, tuple(keys))
        area, length = np.zeros((grid.ny, grid.nx)), np.zeros((grid.ny, grid.nx))
        waiting, done = _first_blocks(_held(grid, view, left, bottom), view.shapes_count(), at_once_count), 0
        held = sum(block.columns * block.rows for block in waiting)
        while waiting:
            block = waiting.pop()
            x0, y0 = left + block.column * cell_dbu, bottom + block.row * cell_dbu
            window = (x0 - 1, y0 - 1, x0 + block.columns * cell_dbu + 1, y0 + block.rows * cell_dbu + 1)
            single = block.columns * block.rows == 1
            shapes = view.shapes_in(window, np.iinfo(np.int64).max if single else at_once_count)
            if shapes is None:
                waiting += _halves(block)
                continue
            here = np.s_[block.row : block.row_end, block.column : block.column_end]
            corner = np.array([left, bottom])
            boxes, odd = shapes[0] - np.tile(corner, 2), Slanted(shapes[1].points - corner, shapes[1].starts)
            if not single and pieces_count(boxes, odd, grid, block) > _PIECES_PER_SHAPE_COUNT * at_once_count:
                waiting += _halves(block)
                continue
            area[here], length[here] = measure(boxes, odd, grid, block, outline=outline)
            done += block.columns * block.rows
            if progress is not None:
                progress(name, done / held)
        dbu_um = layout.dbu_um
        made[name] = pattern_maps(
            cell_dbu * dbu_um, left * dbu_um, bottom * dbu_um, area * dbu_um**2, length * dbu_um, _inside(grid)
        )
    return made


def _held(grid: Grid, view: LayerView, left: int, bottom: int) -> Block | None:
    """Return the cells that a layer's shapes reach."""
    box = view.boxes[0]
    if box is None:
        return None
    columns = max(0, (box[0] - left) // grid.cell), min(grid.nx, (box[2] - left) // grid.cell + 1)
    rows = max(0, (box[1] - bottom) // grid.cell), min(grid.ny, (box[3] - bottom) // grid.cell + 1)
    return Block(columns[0], rows[0], columns[1], rows[1])


def _first_blocks(whole: Block | None, shapes_count: int, at_once_count: int) -> list[Block]:
    """Return blocks that would hold what may be flattened at once, were shapes spread evenly."""
    blocks = [] if whole is None else [whole]
    while shapes_count > at_once_count * len(blocks) and blocks[-1].columns * blocks[-1].rows > 1:
        blocks = [half for block in blocks for half in _halves(block)]
    return blocks


def _halves(block: Block) -> list[Block]:
    if block.rows >= block.columns:
        row = block.row + block.rows // 2
        return [
            Block(block.column, block.row, block.column_end, row),
            Block(block.column, row, block.column_end, block.row_end),
        ]
    column = block.column + block.columns // 2
    return [
        Block(block.column, block.row, column, block.row_end),
        Block(column, block.row, block.column_end, block.row_end),
    ]


def _inside(grid: Grid) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    across = np.minimum(grid.width - np.arange(grid.nx) * grid.cell, grid.cell) / grid.cell
    up = np.minimum(grid.height - np.arange(grid.ny) * grid.cell, grid.cell) / grid.cell
    return up[:, None] * across[None, :]
