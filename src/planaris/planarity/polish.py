"""Polish a chip: from the maps of a layout and a process to the surface that is left, stage by stage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.physics import ModelFlag, density_flags
from planaris.planarity.chip_cells import ChipCells, cell_constants, chip_cells, pad_filter, start_step_nm
from planaris.planarity.film_column import FilmColumn, film_column
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pattern_process import ClearEndpoint, PatternProcess, PolishStage
from planaris.planarity.surface_march import CellConstants, surface_step
from planaris.planarity.topography import Topography

Map = NDArray[np.float64]

# Longest time step; the blanket removal of one stays below a fraction of the contact's scale.
LONGEST_STEP_S = 2.0
STEP_SHARE = 0.05
# Cells that are marched together: their arrays stay in a core's cache.
_BLOCK = 8192
# Steps between two looks for clearing.
_SEGMENT = 8


@dataclass(frozen=True, slots=True)
class _Columns:
    up: FilmColumn
    down: FilmColumn


@dataclass(slots=True)
class _Wear:
    """Depths worn so far on up and down places, flat."""

    up_nm: Map
    down_nm: Map


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
) -> Topography:
    """Return the surface of a chip after all stages of a process.

    ``time_s`` replaces the end of the last stage. ``surround``: see `pad_filter`, which also makes the ``pad`` to hand
    over where the same chip is polished again. ``load_ratio``: pressure on the chip over the stages' (a number, or by
    cell); rates follow it linearly. ``base_nm``: height of what lies below, by cell, added to the result. ``workers``:
    threads. ``xp``: namespace of the arrays; any but NumPy asks for stages that end by time. Raises ValueError for
    times not above 0, maps that do not fit each other, a material without a rate, and an endpoint that names a film
    that is not in the up column.
    """
    _check(maps, process, time_s, xp)
    if pad is None:
        pad = pad_filter(maps, process, surround=surround, workers=workers)
    cells = chip_cells(maps, process, pad, xp)
    flat = cell_constants(cells, process, load_ratio, xp)
    weight = np.asarray(maps.inside * cells.up_fraction).ravel() if xp is np else None
    zeros = xp.zeros_like(flat.density)
    wear = _Wear(zeros, zeros)
    times: list[float] = []
    clears: list[float] = []
    for k, stage in enumerate(process.stages):
        ends = time_s if time_s is not None and k == len(process.stages) - 1 else stage.ends
        columns = _columns(process, stage)
        march = _March(columns, flat, process.constants.contact.sigma_nm, longest_step_s, workers, xp)
        if isinstance(ends, ClearEndpoint):
            assert weight is not None
            took, clear = _to_clearing(march, wear, ends, weight, _stop_depth_nm(process, ends))
        else:
            march.go(wear, ends)
            took, clear = ends, float("nan")
        times.append(took)
        clears.append(clear)
    return _result(maps, process, cells, wear, base_nm, tuple(times), tuple(clears), xp)


class _March:
    """Marches all cells for a time, in blocks that fit a cache, on several threads."""

    def __init__(
        self, columns: _Columns, cells: CellConstants, sigma_nm: float, longest_s: float, workers: int, xp: Any
    ) -> None:
        self.columns, self._cells, self._sigma_nm, self._workers, self._xp = columns, cells, sigma_nm, workers, xp
        fastest = max((*columns.up.rates_nm_s, *columns.down.rates_nm_s))
        self.longest_s = min(longest_s, STEP_SHARE * sigma_nm / fastest) if fastest > 0.0 else longest_s

    def go(self, wear: _Wear, time_s: float, steps: int | None = None) -> None:
        """March for a time in equal steps, as few as the longest step allows."""
        n = steps or max(1, int(np.ceil(time_s / self.longest_s - 1e-9)))
        if time_s <= 0.0:
            return
        if self._xp is not np:
            wear.up_nm, wear.down_nm = self._block(wear.up_nm, wear.down_nm, self._cells, time_s / n, n)
            return
        up, down = np.empty_like(wear.up_nm), np.empty_like(wear.down_nm)

        def one(start: int) -> None:
            rows = slice(start, start + _BLOCK)
            part = self._cells.part(rows)
            up[rows], down[rows] = self._block(wear.up_nm[rows], wear.down_nm[rows], part, time_s / n, n)

        starts = range(0, up.size, _BLOCK)
        if self._workers > 1:
            with ThreadPoolExecutor(self._workers) as pool:
                list(pool.map(one, starts))
        else:
            for start in starts:
                one(start)
        wear.up_nm, wear.down_nm = up, down

    def _block(self, up: Map, down: Map, cells: CellConstants, dt_s: float, steps: int) -> tuple[Map, Map]:
        for _ in range(steps):
            up, down = surface_step(up, down, cells, self.columns.up, self.columns.down, self._sigma_nm, dt_s, self._xp)
        return up, down


def _to_clearing(march: _March, wear: _Wear, ends: ClearEndpoint, weight: Map, stop_nm: float) -> tuple[float, float]:
    """March to clearing and over-polish; return (time of the stage, time of clearing, NaN if it never came)."""
    dt = march.longest_s
    gone = 0.0
    while gone < ends.latest_s:
        before = _Wear(wear.up_nm, wear.down_nm)
        march.go(wear, _SEGMENT * dt, _SEGMENT)
        if _share(wear.up_nm, weight, stop_nm) < ends.cleared_fraction:
            gone += _SEGMENT * dt
            continue
        wear.up_nm, wear.down_nm = before.up_nm, before.down_nm
        while True:
            before = _Wear(wear.up_nm, wear.down_nm)
            march.go(wear, dt, 1)
            if _share(wear.up_nm, weight, stop_nm) >= ends.cleared_fraction:
                break
            gone += dt
        within = _clearing_within(before.up_nm, wear.up_nm, weight, stop_nm, ends.cleared_fraction, march.columns.up)
        clear = gone + within * dt
        took = clear + ends.overpolish_s + 0.01 * ends.overpolish_pct * clear
        wear.up_nm, wear.down_nm = before.up_nm, before.down_nm
        march.go(wear, took - gone)
        return took, clear
    return gone, float("nan")


def _share(up_nm: Map, weight: Map, stop_nm: float) -> float:
    total = float(weight.sum())
    return float(weight[up_nm >= stop_nm - 1e-9].sum()) / total if total > 0.0 else 1.0


def _clearing_within(before: Map, after: Map, weight: Map, stop_nm: float, asked: float, up: FilmColumn) -> float:
    """Return at which share of the last step the asked share of the area was clear."""
    k = int(np.argmin(np.abs(np.array(up.bottoms_nm) - stop_nm)))
    above, below = up.rates_nm_s[k], (*up.rates_nm_s, 0.0)[k + 1]
    room, beyond = np.maximum(stop_nm - before, 0.0), np.maximum(after - stop_nm, 0.0)
    first, then = room / above, beyond / below if below > 0.0 else np.zeros_like(beyond)
    when = np.where(room <= 1e-9, 0.0, first / np.maximum(first + then, 1e-300))
    when = np.where(after >= stop_nm - 1e-9, when, np.inf)
    order = np.argsort(when)
    reached = np.cumsum(weight[order]) / weight.sum()
    return float(min(when[order][min(int(np.searchsorted(reached, asked)), when.size - 1)], 1.0))


def _columns(process: PatternProcess, stage: PolishStage) -> _Columns:
    names = {layer.material: 0 for layer in (*process.stack.up, *process.stack.down)}
    codes = {name: k for k, name in enumerate(names)}
    return _Columns(
        film_column(process.stack.up, stage.rates_nm_min, codes),
        film_column(process.stack.down, stage.rates_nm_min, codes),
    )


def _stop_depth_nm(process: PatternProcess, ends: ClearEndpoint) -> float:
    depth = 0.0
    for k, layer in enumerate(process.stack.up):
        if layer.material == ends.film or (ends.film is None and k == 1):
            return depth
        depth += layer.thickness_nm
    return depth


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


def _result(
    maps: PatternMaps,
    process: PatternProcess,
    cells: ChipCells,
    wear: _Wear,
    base_nm: Map | float,
    times: tuple[float, ...],
    clears: tuple[float, ...],
    xp: Any,
) -> Topography:
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
