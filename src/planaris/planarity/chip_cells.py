"""Cells of a chip as the march takes them: from maps of a layout and the constants of a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.physics import edge_rounding_factor, recess_limit_nm
from planaris.planarity.load_split import bending_per_nm
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pattern_process import PatternProcess, PatternStack, RecessConstants
from planaris.planarity.surface_march import CellConstants

Map = NDArray[np.float64]

# Where a pad sees no or nothing but up places its load on them or beside them has no meaning: this near it ends.
DENSITY_FLOOR = 1e-6
# No width is smaller than a tenth of the finest process's lines.
_LEAST_UM = 0.01


@dataclass(frozen=True, slots=True)
class ChipCells:
    """Maps [ny, nx] of a chip: area that stands up, its effective density, and widths of both kinds of place."""

    up_fraction: Map
    effective_density: Map
    up_width_um: Map
    down_width_um: Map


def pad_filter(
    maps: PatternMaps, process: PatternProcess, *, surround: float | None = None, workers: int = 1
) -> PadFilter:
    """Return the pad's filter for a chip: dies repeat, or with ``surround`` the chip lies in a field of that density.

    ``surround`` is of drawn shapes.
    """
    given = surround if surround is None or process.stack.up_drawn else 1.0 - surround
    constants = process.constants
    return PadFilter(
        maps.shape, maps.cell_um, constants.planarization_length_mm, inside=maps.inside, surround=given,
        cut_ratio=constants.cut_ratio, workers=workers,
    )  # fmt: skip


def chip_cells(maps: PatternMaps, process: PatternProcess, pad: PadFilter, xp: Any = np) -> ChipCells:
    """Return a chip's cells; arrays of the namespace that the maps have."""
    up = maps.density if process.stack.up_drawn else 1.0 - maps.density
    shift = process.constants.edge_shift_um
    if shift != 0.0:
        up = xp.clip(up + shift * maps.perimeter_um_per_um2, 0.0, 1.0)
    effective = xp.clip(pad.smooth(up, xp), DENSITY_FLOOR, 1.0 - DENSITY_FLOOR)
    widths = (maps.line_width_um, maps.line_space_um)
    up_width, down_width = widths if process.stack.up_drawn else widths[::-1]
    return ChipCells(up, effective, up_width, down_width)


def largest_recess_nm(cells: ChipCells, constants: RecessConstants) -> Map:
    """Return d_max of every cell."""
    width = np.maximum(cells.down_width_um, _LEAST_UM)
    if constants.saturation_um > 0.0:
        width = width / (1.0 + width / constants.saturation_um)
    space = np.maximum(cells.up_width_um, _LEAST_UM)
    if constants.space_cap_um > 0.0:
        space = np.minimum(space, constants.space_cap_um)
    return recess_limit_nm(
        width, space, constants.scale_nm, constants.width_exponent_ratio, constants.space_exponent_ratio
    )


def start_step_nm(cells: ChipCells, stack: PatternStack) -> Map | float:
    """Return the step before polish: of every cell where deposition fills narrow places, else one number."""
    if stack.fill_um <= 0.0:
        return stack.step_nm
    squared = cells.down_width_um**2
    return stack.step_nm * squared / (squared + stack.fill_um**2)


def cell_constants(cells: ChipCells, process: PatternProcess, load_ratio: Map | float, xp: Any = np) -> CellConstants:
    """Return what the march needs of all cells, flattened."""
    constants = process.constants
    recess = constants.recess
    largest, rounding = 1.0, 1.0
    if recess is not None:
        largest, space = largest_recess_nm(cells, recess), np.maximum(cells.up_width_um, _LEAST_UM)
        if recess.rounding_ratio:
            rounding = edge_rounding_factor(space, recess.rounding_ratio, recess.rounding_um)
    bend = bending_per_nm(constants.contact, np.maximum(cells.down_width_um, _LEAST_UM))

    def flat(value: Map | float) -> Any:
        return value if isinstance(value, float) else xp.reshape(xp.asarray(value), (-1,))

    return CellConstants(
        density=flat(cells.effective_density),
        step_nm=flat(start_step_nm(cells, process.stack)),
        bend_per_nm=flat(bend),
        largest_nm=flat(largest),
        rounding_ratio=flat(rounding),
        load_ratio=flat(load_ratio),
    )
