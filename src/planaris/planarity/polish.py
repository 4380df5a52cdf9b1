"""Polish a chip: from the maps of a layout and a process to the surface that is left, stage by stage."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.physics import ModelFlag, density_flags
from planaris.planarity.chip_cells import ChipCells, cell_constants, chip_cells, pad_filter, start_step_nm
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pattern_process import ClearEndpoint, PatternProcess
from planaris.planarity.stage_march import LONGEST_STEP_S, Repeat, Wear, march_stages
from planaris.planarity.topography import Topography

Map = NDArray[np.float64]


def polish(
    maps: PatternMaps,
    process: PatternProcess,
    *,
    time_s: float | None = None,
    surround: float | None = None,
    pad: PadFilter | None = None,
    load_ratio: Map | float = 1.0,
    base_nm: Map | float = 0.0,
    longest_step_s: float = LONGEST_STEP_S,
    workers: int = 1,
    xp: Any = np,
    repeat: Repeat | None = None,
) -> Topography:
    """Return the surface of a chip after all stages of a process.

    ``time_s`` replaces the end of the last stage. ``surround``: see `pad_filter`, which also makes the ``pad`` to hand
    over where the same chip is polished again. ``load_ratio``: pressure on the chip over the stages' (a number, or by
    cell); rates follow it linearly. ``base_nm``: height of what lies below, by cell, added to the result. ``workers``:
    threads. ``xp``: namespace of the arrays; any but NumPy asks for stages that end by time, and may bring its own loop
    over time steps, ``repeat(step, depths, n)`` (JAX: a scan). Raises ValueError for times not above 0, maps that do
    not fit each other, a material without a rate, and an endpoint that names a film that is not in the up column.
    """
    _check(maps, process, time_s, xp)
    if pad is None:
        pad = pad_filter(maps, process, surround=surround, workers=workers)
    cells = chip_cells(maps, process, pad, xp)
    flat = cell_constants(cells, process, load_ratio, xp)
    weight = np.asarray(maps.inside * cells.up_fraction).ravel() if xp is np else None
    ends = [stage.ends for stage in process.stages]
    if time_s is not None:
        ends[-1] = time_s
    wear, times, clears = march_stages(process, flat, ends, weight, longest_step_s, workers, xp, repeat)
    return topography(maps, process, cells, wear, base_nm, times, clears, xp)


def _check(maps: PatternMaps, process: PatternProcess, time_s: float | None, xp: Any) -> None:
    faults: list[str] = []
    shape = tuple(maps.density.shape)
    faults += [
        f"{name} is {getattr(maps, name).shape}, density {shape}: give maps of one grid"
        for name in ("line_width_um", "line_space_um", "perimeter_um_per_um2", "inside")
        if tuple(getattr(maps, name).shape) != shape
    ]
    if time_s is not None and not time_s > 0.0:
        faults.append(f"time_s = {time_s}: must be above 0")
    films = process.stack.up
    for k, stage in enumerate(process.stages):
        wanting = {layer.material for layer in (*films, *process.stack.down)} - set(stage.rates_nm_min)
        faults += [f"stage {k + 1} has no rate of {name}: add it to rates_nm_min" for name in sorted(wanting)]
        ends = time_s if time_s is not None and k == len(process.stages) - 1 else stage.ends
        if not isinstance(ends, ClearEndpoint):
            if not ends > 0.0:
                faults.append(f"stage {k + 1} ends at {ends} s: must be above 0")
            continue
        if xp is not np:
            faults.append(f"stage {k + 1} ends by clearing, which only NumPy finds: give its time")
        if ends.film is None and len(films) < 2:
            faults.append(f"stage {k + 1} ends by clearing, but up places have one film: give a time")
        if ends.film is not None and ends.film not in {layer.material for layer in films[1:]}:
            listed = ", ".join(layer.material for layer in films[1:])
            faults.append(f"stage {k + 1} stops on {ends.film}, up places have below the top: {listed}")
    if faults:
        raise ValueError("; ".join(faults))


def topography(
    maps: PatternMaps,
    process: PatternProcess,
    cells: ChipCells,
    wear: Wear,
    base_nm: Map | float,
    times: tuple[float, ...],
    clears: tuple[float, ...],
    xp: Any = np,
) -> Topography:
    """Return the surface of cells worn to certain depths."""
    stack, shape = process.stack, maps.density.shape
    worn_up, worn_down = xp.reshape(wear.up_nm, shape), xp.reshape(wear.down_nm, shape)
    step = start_step_nm(cells, stack)
    up, down = stack.up_height_nm - worn_up, stack.up_height_nm - step - worn_down
    base = xp.zeros_like(up) + base_nm
    share = cells.up_fraction
    last_top = stack.up_height_nm - stack.up[-1].thickness_nm
    above = next((d for d, name in _tops(process) if name == _stop_film(process)), last_top)
    bare = worn_up >= last_top - 1e-9
    both = (share > 0.0) & (share < 1.0)
    single = len(stack.up) == 1
    erosion = xp.where(bare & (share > 0.0), worn_up - last_top, 0.0) * (0.0 if single else 1.0)
    cleared = worn_up >= above - 1e-9
    dishing = xp.where(both & cleared, up - down, 0.0) * (0.0 if single else 1.0)
    flags = density_flags(cells.effective_density) if xp is np else ModelFlag.NONE
    return Topography(
        up_nm=up,
        down_nm=down,
        step_nm=up - down,
        surface_nm=share * up + (1.0 - share) * down + base,
        thickness_nm=xp.minimum(up, stack.up[-1].thickness_nm),
        dishing_nm=dishing,
        erosion_nm=erosion,
        cleared=cleared,
        up_fraction=share,
        effective_density=cells.effective_density,
        inside=maps.inside,
        base_nm=base,
        time_s=sum(times),
        stage_times_s=times,
        clear_time_s=clears,
        flags=flags,
    )


def _tops(process: PatternProcess) -> list[tuple[float, str]]:
    depth, found = 0.0, list[tuple[float, str]]()
    for layer in process.stack.up:
        found.append((depth, layer.material))
        depth += layer.thickness_nm
    return found


def _stop_film(process: PatternProcess) -> str:
    """Return the film on which the last stage that ends by clearing stops, else the last film."""
    for stage in reversed(process.stages):
        if isinstance(stage.ends, ClearEndpoint):
            return stage.ends.film or process.stack.up[min(1, len(process.stack.up) - 1)].material
    return process.stack.up[-1].material
