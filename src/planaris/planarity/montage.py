"""A chip among others on an exposure field: the field's maps, and what a chip's pad sees of the chips around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.model import InputError, InputFault
from planaris.planarity.chip_cells import chip_cells, pad_filter
from planaris.planarity.maps import PatternMaps, pattern_maps
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pattern_process import PatternProcess

Map = NDArray[np.float64]
_SAME_CELLS = 1e-6


@dataclass(frozen=True, slots=True)
class Placed:
    """Maps of a chip with its lower left corner at a place of the field, µm."""

    name: str
    maps: PatternMaps
    x_um: float
    y_um: float

    @property
    def column(self) -> int:
        """Column of the field's grid in which the chip begins."""
        return round(self.x_um / self.maps.cell_um)

    @property
    def row(self) -> int:
        """Row of the field's grid in which the chip begins."""
        return round(self.y_um / self.maps.cell_um)


def field_maps(
    source: str, width_um: float, height_um: float, street_fraction: float, chips: Sequence[Placed]
) -> PatternMaps:
    """Return the maps of a field that repeats over the wafer; InputError where chips overlap, leave it or its grid."""
    cell = chips[0].maps.cell_um
    nx, ny = round(width_um / cell), round(height_um / cell)
    faults = [
        InputFault(key, f"{value:g}", "is no whole number of cells", f"{cell:g}", "um", "choose another --grid-um")
        for key, value in (("width_um", width_um), ("height_um", height_um))
        if abs(value / cell - round(value / cell)) > _SAME_CELLS
    ]
    taken = np.zeros((ny, nx), dtype=np.int64)
    area, length, bare = np.zeros((ny, nx)), np.zeros((ny, nx)), np.ones((ny, nx))
    for number, chip in enumerate(chips):
        at = f"places[{number}]"
        for key, value in (("x_um", chip.x_um), ("y_um", chip.y_um)):
            if abs(value / cell - round(value / cell)) > _SAME_CELLS:
                faults.append(
                    InputFault(f"{at}.{key}", f"{value:g}", "is off the grid", f"{cell:g}", "um", "use a multiple")
                )
        rows, columns = chip.maps.shape
        if chip.row + rows > ny or chip.column + columns > nx:
            text = f"{chip.name} at ({chip.x_um:g}, {chip.y_um:g})"
            faults.append(InputFault(at, text, "leaves the field", f"{width_um:g} x {height_um:g}", "um", "move it"))
            continue
        here = place_of(chip)
        if taken[here].any():
            other = chips[int(taken[here].max()) - 1].name
            faults.append(InputFault(at, chip.name, f"overlaps {other}", remedy="move one of them"))
        taken[here] = number + 1
        box = chip.maps.inside * cell**2
        area[here] += chip.maps.density * box
        length[here] += chip.maps.perimeter_um_per_um2 * box
        bare[here] -= chip.maps.inside
    if faults:
        raise InputError(source, tuple(faults))
    area += street_fraction * bare * cell**2
    return pattern_maps(cell, 0.0, 0.0, area, length, np.ones((ny, nx)))


def place_of(chip: Placed) -> tuple[slice, slice]:
    """Return the chip's cells in the field's arrays."""
    rows, columns = chip.maps.shape
    return slice(chip.row, chip.row + rows), slice(chip.column, chip.column + columns)


def cut_out(maps: PatternMaps, where: tuple[slice, slice]) -> PatternMaps:
    """Return a part of some maps; of a field every cell is whole."""
    rows, columns = where
    return PatternMaps(
        maps.cell_um, maps.left_um + columns.start * maps.cell_um, maps.bottom_um + rows.start * maps.cell_um,
        maps.density[where], maps.perimeter_um_per_um2[where], maps.line_width_um[where], maps.line_space_um[where],
        maps.inside[where],
    )  # fmt: skip


class PlacedPad(PadFilter):
    """The pad's filter of one chip in a field: what stands around the chip is a constant, found once.

    Its results are those of the field's own filter on the chip's cells, at the cost of the chip alone.
    """

    def __init__(self, field: PatternMaps, where: tuple[slice, slice], process: PatternProcess) -> None:
        """Prepare for a chip's cells in a field that repeats."""
        constants = process.constants
        whole = pad_filter(field, process)
        up = chip_cells(field, process, whole).up_fraction
        rows, columns = (s.stop - s.start for s in where)
        super().__init__(
            (rows, columns), field.cell_um, constants.planarization_length_mm, surround=0.0,
            cut_ratio=constants.cut_ratio,
        )  # fmt: skip
        self._around = whole.smooth(up)[where] - super().smooth(up[where])

    def smooth(self, field: Map, xp: Any = np) -> Map:
        """Return the kernel's mean around each of the chip's cells, its neighbours included."""
        return super().smooth(field, xp) + xp.asarray(self._around)
