"""A wafer of polished chips: pressure by radius times the die's own topography; and what the twin needs of it.

A die is polished under the pressure at its centre. Dies at one radius are alike. Flatness is told at three scales:
within a die, from die to die, and at the edge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planaris.model import Layer, PatternArea
from planaris.planarity.chip_cells import chip_cells, pad_filter, start_step_nm
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pattern_process import PatternProcess
from planaris.planarity.polish import polish
from planaris.planarity.topography import TopographyStatistics, statistics

Map = NDArray[np.float64]

# Dies whose centres lie this near each other in radius are polished once.
_RADIUS_STEP_mm = 2.0
# Dies further out than this share of the outermost one's radius are edge dies.
_EDGE_SHARE = 0.9
_NO_PATTERN = 1e-3


@dataclass(frozen=True, slots=True)
class Die:
    """One die of a wafer: where its centre lies, its load over the wafer's mean, its mean height and its figures."""

    x_mm: float
    y_mm: float
    load_ratio: float
    mean_nm: float
    figures: TopographyStatistics


@dataclass(frozen=True, slots=True)
class WaferOfDies:
    """A wafer's dies, and flatness at three scales in nm.

    ``within_die_nm``: mean TIR of dies; ``die_to_die_nm``: highest less lowest die mean; ``edge_die_nm``: largest TIR
    of dies near the edge; ``edge_offset_nm``: their mean height less that of the others.
    """

    dies: tuple[Die, ...]
    within_die_nm: float
    die_to_die_nm: float
    edge_die_nm: float
    edge_offset_nm: float


def die_sites(wafer_mm: float, width_mm: float, height_mm: float, edge_mm: float = 3.0) -> list[tuple[float, float]]:
    """Return centres of the whole dies on a wafer, in mm from its centre; a die's corner is at the wafer's centre."""
    reach = 0.5 * wafer_mm - edge_mm
    across, up = int(reach / width_mm) + 1, int(reach / height_mm) + 1
    sites = [((i + 0.5) * width_mm, (j + 0.5) * height_mm) for j in range(-up, up) for i in range(-across, across)]
    return [(x, y) for x, y in sites if np.hypot(abs(x) + 0.5 * width_mm, abs(y) + 0.5 * height_mm) <= reach]


def polish_wafer(
    maps: PatternMaps,
    process: PatternProcess,
    pressure_ratio: Callable[[float], float],
    *,
    wafer_mm: float = 200.0,
    edge_mm: float = 3.0,
    workers: int = 1,
) -> WaferOfDies:
    """Return all whole dies of a wafer after a process.

    ``pressure_ratio``: pressure at a radius in mm over the wafer's mean, as from `physics.wafer_pressure`. Stages that
    end by clearing end for all dies when a die under the mean pressure does. Raises ValueError where no die fits.
    """
    ny, nx = maps.shape
    sites = die_sites(wafer_mm, 1e-3 * nx * maps.cell_um, 1e-3 * ny * maps.cell_um, edge_mm)
    if not sites:
        raise ValueError(f"no whole die of {1e-3 * nx * maps.cell_um:g} mm fits on a wafer of {wafer_mm:g} mm")
    pad = pad_filter(maps, process, workers=workers)
    times = polish(maps, process, pad=pad, workers=workers).stage_times_s
    stages = zip(process.stages, times, strict=True)
    timed = replace(process, stages=tuple(replace(stage, ends=time) for stage, time in stages))
    known: dict[int, tuple[float, float, TopographyStatistics]] = {}
    dies: list[Die] = []
    for x, y in sites:
        ring = round(float(np.hypot(x, y)) / _RADIUS_STEP_mm)
        if ring not in known:
            load = max(pressure_ratio(ring * _RADIUS_STEP_mm), 0.0)
            surface = polish(maps, timed, pad=pad, load_ratio=load, workers=workers)
            mean = float((surface.surface_nm * maps.inside).sum() / maps.inside.sum())
            known[ring] = load, mean, statistics(surface)
        dies.append(Die(x, y, *known[ring]))
    means = np.array([die.mean_nm for die in dies])
    tirs = np.array([die.figures.TIR_nm for die in dies])
    radii = np.array([np.hypot(die.x_mm, die.y_mm) for die in dies])
    edge = radii > _EDGE_SHARE * radii.max()
    others = float(means[~edge].mean()) if bool((~edge).any()) else float(means[edge].mean())
    return WaferOfDies(
        tuple(dies), float(tirs.mean()), float(np.ptp(means)), float(tirs[edge].max()),
        float(means[edge].mean()) - others,
    )  # fmt: skip


def density_areas(maps: PatternMaps, process: PatternProcess, kinds: int = 5) -> tuple[PatternArea, ...]:
    """Return the kinds of areas of a patterned wafer of this chip, as the twin takes them from a density file.

    Cells fall into ``kinds`` of equal area by effective density; each stands for its cells with their mean density and
    widths. Cells of one kind of place only become one area without pattern. Up places carry the lot's films, which must
    be those of the process; down films are as thick as their tops stand over the bottom of these, so that the twin
    begins with the step that deposition leaves.
    """
    cells = chip_cells(maps, process, pad_filter(maps, process))
    weight = (maps.inside / maps.inside.sum()).ravel()
    rho, up, down = (a.ravel() for a in (cells.effective_density, cells.up_width_um, cells.down_width_um))
    bare = rho >= 1.0 - _NO_PATTERN
    areas: list[PatternArea] = []
    if bool(bare.any()):
        areas.append(PatternArea("no pattern", float(weight[bare].sum()), 1.0, 0.0, 0.0))
    order = np.flatnonzero(~bare)[np.argsort(rho[~bare], kind="stable")]
    if not order.size:
        return tuple(areas)
    gone = np.cumsum(weight[order]) / weight[order].sum()
    top, *below = process.stack.down
    buried_nm = sum(layer.thickness_nm for layer in below)
    steps = np.broadcast_to(np.asarray(start_step_nm(cells, process.stack)), cells.up_fraction.shape).ravel()
    for k in range(kinds):
        rows = order[(gone > k / kinds + 1e-12) & (gone <= (k + 1) / kinds + 1e-12)]
        if not rows.size:
            continue
        share = weight[rows]
        density, line, space, step = (float((v[rows] * share).sum() / share.sum()) for v in (rho, up, down, steps))
        widths = max(line, 1e-3), max(space, 1e-3)
        films = (Layer(top.material, process.stack.up_height_nm - step - buried_nm), *below)
        areas.append(PatternArea(f"density {density:.3f}", float(share.sum()), density, *widths, down=films))
    return tuple(areas)
