"""How a figure of a polished chip answers to the density of each of its cells.

Cells meet only in the pad's filter: effective densities ρ̄ = k ⊗ ρ come first, and every cell then goes its own way. So
the whole Jacobian of the surface by ρ̄ is one number a cell, and the gradient of a figure Φ by all densities is

    dΦ/dρ = kᵀ ⊗ (∂Φ/∂surface · ∂surface/∂ρ̄) + ∂Φ/∂surface · (up − down),

one backward filter and no memory of the march. The cells' numbers come from two more marches at ρ̄ ± ε, central
differences that lie side by side, each in its own cell: what they leave out is of the order ε². A gradient costs three
polishes, or four where a stage ends by clearing, however many densities there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.chip_cells import DENSITY_FLOOR, ChipCells, cell_constants, chip_cells, pad_filter
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pattern_process import PatternProcess
from planaris.planarity.polish import polish
from planaris.planarity.stage_march import LONGEST_STEP_S, march_stages
from planaris.planarity.topography import Topography

Map = NDArray[np.float64]
# Value of a figure and its derivative by every cell's surface height.
Figure = Callable[[Topography], tuple[float, Map]]

# Of the smaller of ρ̄ and 1 − ρ̄; the error of a central difference is then about 1e-9 of what it finds.
_DIFFERENCE_RATIO = 1e-4


@dataclass(frozen=True, slots=True)
class DensityGradient:
    """A figure's value, its derivative by every cell's drawn density [ny, nx], and the surface it was found on."""

    value: float
    by_density: Map
    surface: Topography


def tir(surface: Topography) -> tuple[float, Map]:
    """Return TIR of a surface in nm, highest less lowest, and where it comes from: +1 and −1 at these two cells."""
    heights = surface.surface_nm
    weight = np.zeros_like(heights)
    high, low = np.unravel_index(heights.argmax(), heights.shape), np.unravel_index(heights.argmin(), heights.shape)
    weight[high] += 1.0
    weight[low] -= 1.0
    return float(heights[high] - heights[low]), weight


def soft_tir(softness_nm: float) -> Figure:
    """Return a smooth figure next to TIR for descent: s·ln Σe^{z/s} + s·ln Σe^{−z/s} less 2s·ln n; TIR as s → 0."""

    def figure(surface: Topography) -> tuple[float, Map]:
        heights = surface.surface_nm
        high, low = float(heights.max()), float(heights.min())
        above, below = np.exp((heights - high) / softness_nm), np.exp((low - heights) / softness_nm)
        total_above, total_below = float(above.sum()), float(below.sum())
        extra = softness_nm * (np.log(total_above) + np.log(total_below) - 2.0 * np.log(heights.size))
        return high - low + float(extra), above / total_above - below / total_below

    return figure


def polish_gradient(
    maps: PatternMaps,
    process: PatternProcess,
    *,
    figure: Figure = tir,
    time_s: float | None = None,
    surround: float | None = None,
    pad: PadFilter | None = None,
    load_ratio: Map | float = 1.0,
    base_nm: Map | float = 0.0,
    longest_step_s: float = LONGEST_STEP_S,
    workers: int = 1,
) -> DensityGradient:
    """Return a figure of the polished chip and its gradient by all drawn densities, widths and stage times held.

    Arguments as for `polish`, and its errors. A stage that ends by clearing keeps the time that it took.
    """
    if pad is None:
        pad = pad_filter(maps, process, surround=surround, workers=workers)
    surface = polish(
        maps, process, time_s=time_s, pad=pad, load_ratio=load_ratio, base_nm=base_nm, longest_step_s=longest_step_s,
        workers=workers,
    )  # fmt: skip
    if any(stage.ends != took for stage, took in zip(process.stages, surface.stage_times_s, strict=True)):
        # Time steps of a stage of known length are other ones: value and gradient belong to the same.
        stages = zip(process.stages, surface.stage_times_s, strict=True)
        process = replace(process, stages=tuple(replace(stage, ends=took) for stage, took in stages))
        surface = polish(
            maps, process, pad=pad, load_ratio=load_ratio, base_nm=base_nm, longest_step_s=longest_step_s,
            workers=workers,
        )  # fmt: skip
    value, weight = figure(surface)
    cells = chip_cells(maps, process, pad)
    rho = cells.effective_density
    share = cells.up_fraction
    apart = _DIFFERENCE_RATIO * np.minimum(rho, 1.0 - rho)

    def heights(density: Map) -> tuple[Map, Map]:
        there = ChipCells(share, density, cells.up_width_um, cells.down_width_um)
        flat = cell_constants(there, process, load_ratio)
        wear, _, _ = march_stages(process, flat, surface.stage_times_s, None, longest_step_s, workers, np)
        return -wear.up_nm.reshape(rho.shape), -wear.down_nm.reshape(rho.shape)

    up_more, down_more = heights(rho + apart)
    up_less, down_less = heights(rho - apart)
    slope = (share * (up_more - up_less) + (1.0 - share) * (down_more - down_less)) / (2.0 * apart)
    held = (rho > DENSITY_FLOOR) & (rho < 1.0 - DENSITY_FLOOR)
    by_up = pad.backward(np.where(held, weight * slope, 0.0)) + weight * (surface.up_nm - surface.down_nm)
    if process.constants.edge_shift_um != 0.0:
        by_up = np.where((share > 0.0) & (share < 1.0), by_up, 0.0)
    return DensityGradient(value, by_up if process.stack.up_drawn else -by_up, surface)
