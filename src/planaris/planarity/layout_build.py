"""Turn what gdstk read into a `Layout`: integer coordinates, rectangles, slanted polygons, placements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.model import InputError, InputFault
from planaris.planarity.decompose import is_rectilinear, rectangles_of
from planaris.planarity.layout import LARGEST_DBU, Box, LayerKey, Layout, LayoutCell, Placement
from planaris.planarity.layout_paths import path_polygons
from planaris.planarity.placed_shapes import is_quarter, rounded
from planaris.planarity.placement_build import placements_of
from planaris.planarity.slanted import Slanted

Ints = NDArray[np.int64]
# KLayout stores notes on library cells under this name; it is no part of a chip.
_NOT_A_CHIP = "$$$CONTEXT_INFO$$$"
_SHOWN_COUNT = 12
# A polygon with more points than this is not cut into rectangles: work and memory grow with their square.
_BOX_POINTS, _CUT_POINTS_COUNT = 4, 500
# Polygons of a layer held as small arrays, some 250 bytes each, before they become rectangles.
_AT_ONCE_COUNT = 200_000


@dataclass(slots=True)
class _Taken:
    """Polygons of one layer and datatype, in the order they were found."""

    cells: list[int]
    points: list[NDArray[np.float64]]


def build_layout(
    source: str, library: Any, layers: Collection[LayerKey] | None, top: str | None, *, repeated: bool
) -> Layout:
    """Return the layout under a top cell of a gdstk library; `InputError` with every fault found.

    ``repeated``: its shapes may be repeated, as in OASIS; asking each one takes longer than reading it.
    """
    children = _children(library)
    faults = _twice(library) or _missing_cells(children) or _cycles(children)
    if faults:
        raise InputError(source, tuple(faults))
    chip = _chip(source, library, top)
    order = _ordered(chip)
    index = {cell.name: number for number, cell in enumerate(order)}
    scale = library.unit / library.precision
    box = _box(source, chip, scale)
    wanted = None if layers is None else set(layers)
    taken: dict[LayerKey, _Taken] = {}
    found: set[LayerKey] = set()
    rectangles: list[dict[LayerKey, list[NDArray[np.int32]]]] = [{} for _ in order]
    slanted: list[dict[LayerKey, list[Ints]]] = [{} for _ in order]

    placements = [placements_of(cell, index, scale) for cell in order]
    turned = _turned(placements)

    def sort_out(key: LayerKey) -> None:
        _sort_out(key, taken.pop(key), scale, turned, rectangles, slanted)

    for number, cell in enumerate(order):
        _take(cell, number, wanted, taken, found, sort_out, repeated=repeated)
    for key in list(taken):
        sort_out(key)
    cells = tuple(
        LayoutCell(
            cell.name,
            {key: np.concatenate(parts) for key, parts in rectangles[k].items()},
            {key: Slanted.of(polygons) for key, polygons in slanted[k].items()},
            placements[k],
        )
        for k, cell in enumerate(order)
    )
    return Layout(source, library.precision / 1e-6, box, cells, frozenset(found))


def check_layers(layout: Layout, layers: dict[str, tuple[LayerKey, ...]]) -> tuple[str, ...]:
    """Raise `InputError` where nothing of a named layer is in the layout; return notes on parts of one that are not."""
    faults: list[InputFault] = []
    notes: list[str] = []
    there = ", ".join(f"{layer}/{datatype}" for layer, datatype in sorted(layout.layers)) or "none"
    for name, keys in layers.items():
        absent = [f"{layer}/{datatype}" for layer, datatype in keys if (layer, datatype) not in layout.layers]
        if len(absent) == len(keys):
            faults.append(
                InputFault(
                    "--layers",
                    ",".join(absent),
                    f"layer {name} has no shape in {layout.top}",
                    remedy=f"layers with shapes: {there}",
                )
            )
        elif absent:
            notes.append(f"{name}: {', '.join(absent)} has no shapes")
    if faults:
        raise InputError(layout.source, tuple(faults))
    return tuple(notes)


def _children(library: Any) -> dict[str, list[Any]]:
    """Return what each cell places, once each; a cell that the file does not hold is no gdstk cell."""
    return {cell.name: list(dict.fromkeys(r.cell for r in cell.references)) for cell in library.cells}


def _twice(library: Any) -> list[InputFault]:
    counts = Counter(cell.name for cell in library.cells)
    remedy = "export the layout with one cell of each name"
    return [
        InputFault(f"cell {name}", f"{count} times", "which of them is placed cannot be told", limit="1", remedy=remedy)
        for name, count in counts.items()
        if count > 1
    ]


def _missing_cells(children: dict[str, list[Any]]) -> list[InputFault]:
    import gdstk

    absent: dict[str, str] = {}
    for parent, placed in children.items():
        for child in placed:
            if not isinstance(child, gdstk.Cell):
                absent.setdefault(str(getattr(child, "name", child)), parent)
    remedy = "export the layout with all its cells"
    return [
        InputFault(f"cell {parent}", name, "a cell is placed that the file does not hold", remedy=remedy)
        for name, parent in absent.items()
    ]


def _cycles(children: dict[str, list[Any]]) -> list[InputFault]:
    """Find cells that stand in themselves."""
    faults: list[InputFault] = []
    seen: set[str] = set()
    for root in children:
        trail: dict[str, None] = {}
        stack: list[tuple[str, bool]] = [(root, False)]
        while stack:
            name, left = stack.pop()
            if left:
                del trail[name]
                continue
            if name in trail:
                names = list(trail)
                ring = " > ".join([*names[names.index(name) :], name])
                faults.append(
                    InputFault(f"cell {name}", ring, "a cell stands in itself", remedy="remove one placement")
                )
            if name in seen:
                continue
            seen.add(name)
            trail[name] = None
            stack.append((name, True))
            stack += [(child.name, False) for child in children[name] if not isinstance(child, str)]
    return faults


def _chip(source: str, library: Any, top: str | None) -> Any:
    tops = [cell for cell in library.top_level() if cell.name != _NOT_A_CHIP]
    named = [cell for cell in library.cells if cell.name == top] if top is not None else tops
    if len(named) == 1:
        return named[0]
    names = [cell.name for cell in tops]
    shown = ", ".join(names[:_SHOWN_COUNT]) + (" ..." if len(names) > _SHOWN_COUNT else "")
    if top is not None:
        fault = InputFault("--top", top, "no such cell", remedy=f"top cells: {shown or 'none'}")
    elif not tops:
        fault = InputFault("file", "0 cells", "the file holds no cell", remedy="export a layout with a top cell")
    else:
        fault = InputFault("file", shown, f"{len(tops)} top cells", limit="1", remedy="name the chip: --top CELL")
    raise InputError(source, (fault,))


def _box(source: str, chip: Any, scale: float) -> Box:
    bounds = chip.bounding_box()
    faults: list[InputFault] = []
    if bounds is None:
        faults.append(InputFault(f"cell {chip.name}", "no shapes", "the chip is empty", remedy="give another --top"))
        raise InputError(source, tuple(faults))
    values = [float(v) * scale for corner in bounds for v in corner]
    if not all(np.isfinite(values)) or max(abs(v) for v in values) > LARGEST_DBU:
        text = ", ".join(f"{v:.6g}" for v in values)
        problem = "coordinates leave 32 bits, or units are wrong"
        raise InputError(
            source,
            (InputFault(f"cell {chip.name}", text, problem, f"{LARGEST_DBU}", "dbu", "export with another unit"),),
        )
    x0, y0, x1, y1 = (round(v) for v in values)
    if x1 <= x0 or y1 <= y0:
        text = f"{x1 - x0} x {y1 - y0}"
        raise InputError(
            source, (InputFault(f"cell {chip.name}", text, "the chip has no area", "> 0", "dbu", "give another --top"),)
        )
    return x0, y0, x1, y1


def _ordered(chip: Any) -> list[Any]:
    """Return the chip and all cells below it, parents first."""
    seen: set[str] = set()
    after: list[Any] = []
    stack: list[tuple[Any, bool]] = [(chip, False)]
    while stack:
        cell, left = stack.pop()
        if left:
            after.append(cell)
            continue
        if cell.name in seen:
            continue
        seen.add(cell.name)
        stack.append((cell, True))
        stack += [(child, False) for child in cell.dependencies(False)]
    return after[::-1]


def _take(
    cell: Any,
    number: int,
    wanted: set[LayerKey] | None,
    taken: dict[LayerKey, _Taken],
    found: set[LayerKey],
    sort_out: Callable[[LayerKey], None],
    *,
    repeated: bool,
) -> None:
    """Collect a cell's polygons of the wanted layers; hand a layer on before it holds too many small arrays."""
    polygons: list[Any] = cell.polygons
    paths: list[Any] = cell.paths
    if paths:
        polygons = [*polygons, *(polygon for path in paths for polygon in path_polygons(path))]
    for polygon in polygons:
        key = (polygon.layer, polygon.datatype)
        batch = taken.get(key)
        if batch is None:
            found.add(key)
            if wanted is not None and key not in wanted:
                continue
            batch = taken[key] = _Taken([], [])
        points = polygon.points
        repetition = polygon.repetition if repeated else None
        if repetition is not None and repetition.size:
            for offset in repetition.get_offsets():
                batch.cells.append(number)
                batch.points.append(points + offset)
        else:
            batch.cells.append(number)
            batch.points.append(points)
        if len(batch.points) >= _AT_ONCE_COUNT:
            sort_out(key)


def _sort_out(
    key: LayerKey,
    batch: _Taken,
    scale: float,
    turned: NDArray[np.bool_],
    rectangles: list[dict[LayerKey, list[NDArray[np.int32]]]],
    slanted: list[dict[LayerKey, list[Ints]]],
) -> None:
    """Turn polygons of one layer into rectangles and slanted polygons of each cell."""
    lengths = np.fromiter(map(len, batch.points), np.int64, len(batch.points))
    cells = np.array(batch.cells, dtype=np.int64)
    points = rounded(np.concatenate(batch.points) * scale)
    starts = np.cumsum(lengths) - lengths
    boxes: list[Ints] = []
    owners: list[Ints] = []
    for count in np.unique(lengths):
        mine = np.flatnonzero(lengths == count)
        if count < 3:
            continue
        shaped = points[(starts[mine][:, None] + np.arange(count)).ravel()].reshape(-1, count, 2)
        # Parts of a polygon that is turned would be rounded apart, and a large one has too many: they stay whole.
        whole = (count > _BOX_POINTS) & turned[cells[mine]] | (count > _CUT_POINTS_COUNT)
        straight = is_rectilinear(shaped) & ~whole
        made, which = rectangles_of(shaped[straight])
        boxes.append(made)
        owners.append(cells[mine[straight]][which])
        for place in np.flatnonzero(~straight):
            slanted[int(cells[mine[place]])].setdefault(key, []).append(shaped[place])
    every = np.concatenate([*boxes, np.zeros((0, 4), dtype=np.int64)])
    owner = np.concatenate([*owners, np.zeros(0, dtype=np.int64)])
    if not len(every):  # shapes without area alone
        return
    order = np.argsort(owner, kind="stable")
    every, owner = every[order].astype(np.int32), owner[order]
    present, begin = np.unique(owner, return_index=True)
    for number, part in zip(present.tolist(), np.split(every, begin[1:]), strict=True):
        rectangles[number].setdefault(key, []).append(part)


def _turned(placements: list[tuple[Placement, ...]]) -> NDArray[np.bool_]:
    """Say which cells, parents first, stand somewhere by no quarter turn."""
    found = np.zeros(len(placements), dtype=np.bool_)
    for number, placed in enumerate(placements):
        for place in placed:
            found[place.child] |= found[number] or (place.matrix is not None and not is_quarter(place.matrix))
    return found
