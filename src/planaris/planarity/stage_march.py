"""Stages of a polish: all cells through equal time steps, to a time or to clearing and over-polish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.film_column import FilmColumn, film_column
from planaris.planarity.pattern_process import ClearEndpoint, PatternProcess, PolishStage
from planaris.planarity.surface_march import CellConstants, surface_step

Map = NDArray[np.float64]
# A time step of (up, down), and how it is repeated: in turn, or by a foreign namespace's own loop.
Step = Callable[[tuple[Map, Map]], tuple[Map, Map]]
Repeat = Callable[[Step, tuple[Map, Map], int], tuple[Map, Map]]

# Longest time step; the blanket removal of one stays below a fraction of the contact's scale.
LONGEST_STEP_S = 2.0
STEP_SHARE = 0.05
# Cells that are marched together: their arrays stay in a core's cache.
_BLOCK = 16384
# Steps between two looks for clearing.
_SEGMENT = 8
# A film thinner than this is gone; halvings of a time step that find the moment.
_CLEAR_NM = 1e-8
_BISECTIONS = 30


@dataclass(frozen=True, slots=True)
class _Columns:
    up: FilmColumn
    down: FilmColumn


@dataclass(slots=True)
class Wear:
    """Depths worn so far on up and down places, flat."""

    up_nm: Map
    down_nm: Map


def march_stages(
    process: PatternProcess,
    cells: CellConstants,
    ends: Sequence[float | ClearEndpoint],
    weight: Map | None,
    longest_step_s: float,
    workers: int,
    xp: Any,
    repeat: Repeat | None = None,
) -> tuple[Wear, tuple[float, ...], tuple[float, ...]]:
    """Return depths, time and time of clearing (NaN without one) of each stage; ``weight``: up area of each cell."""
    zeros = xp.zeros_like(cells.density)
    wear = Wear(zeros, zeros)
    order: NDArray[np.intp] | None = None
    if xp is np and cells.density.size > _BLOCK and len(process.stack.up) > 1:
        # Cells of like density clear at like times: a block of them shows one film most of the way, which is quicker.
        order = np.argsort(cells.density, kind="stable")
        cells = cells.part(order)
        weight = None if weight is None else weight[order]
    times: list[float] = []
    clears: list[float] = []
    for stage, end in zip(process.stages, ends, strict=True):
        march = _March(
            _columns(process, stage), cells, process.constants.contact.sigma_nm, longest_step_s, workers, xp, repeat
        )
        took, clear = 0.0, float("nan")
        if isinstance(end, ClearEndpoint):
            assert weight is not None
            took, clear = _to_clearing(march, wear, end, weight, stop_depth_nm(process, end))
        else:
            march.go(wear, end)
            took = end
        times.append(took)
        clears.append(clear)
    if order is not None:
        up_nm, down_nm = np.empty_like(wear.up_nm), np.empty_like(wear.down_nm)
        up_nm[order], down_nm[order] = wear.up_nm, wear.down_nm
        wear = Wear(up_nm, down_nm)
    return wear, tuple(times), tuple(clears)


def march_on(
    process: PatternProcess, stage: PolishStage, cells: CellConstants, wear: Wear, time_s: float, workers: int
) -> None:
    """Wear cells on for a time of a stage, from what they have been worn."""
    sigma_nm = process.constants.contact.sigma_nm
    _March(_columns(process, stage), cells, sigma_nm, LONGEST_STEP_S, workers, np, None).go(wear, time_s)


class _March:
    """Marches all cells for a time, in blocks that fit a cache, on several threads."""

    def __init__(
        self,
        columns: _Columns,
        cells: CellConstants,
        sigma_nm: float,
        longest_s: float,
        workers: int,
        xp: Any,
        repeat: Repeat | None,
    ) -> None:
        self.columns, self._cells, self._sigma_nm, self._workers, self._xp = columns, cells, sigma_nm, workers, xp
        self._repeat = repeat or _in_turn
        fastest = max((*columns.up.rates_nm_s, *columns.down.rates_nm_s))
        self.longest_s = min(longest_s, STEP_SHARE * sigma_nm / fastest) if fastest > 0.0 else longest_s

    def go(self, wear: Wear, time_s: float, steps: int | None = None) -> None:
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

    def once(self, wear: Wear, rows: NDArray[np.intp], dt_s: Map) -> Map:
        """Return the up depths of some cells after one step of a length for each."""
        columns, cells = self.columns, self._cells.part(rows)
        up, down = wear.up_nm[rows], wear.down_nm[rows]
        return surface_step(up, down, cells, columns.up, columns.down, self._sigma_nm, dt_s, self._xp)[0]

    def _block(self, up: Map, down: Map, cells: CellConstants, dt_s: float, steps: int) -> tuple[Map, Map]:
        up_films, down_films = self.columns.up, self.columns.down

        def one(depths: tuple[Map, Map]) -> tuple[Map, Map]:
            return surface_step(*depths, cells, up_films, down_films, self._sigma_nm, dt_s, self._xp)

        return self._repeat(one, (up, down), steps)


def _in_turn(one: Step, depths: tuple[Map, Map], steps: int) -> tuple[Map, Map]:
    for _ in range(steps):
        depths = one(depths)
    return depths


def _to_clearing(march: _March, wear: Wear, ends: ClearEndpoint, weight: Map, stop_nm: float) -> tuple[float, float]:
    """March to clearing and over-polish; return (time of the stage, time of clearing, NaN if it never came)."""
    dt = march.longest_s
    gone = 0.0
    while gone < ends.latest_s:
        before = Wear(wear.up_nm, wear.down_nm)
        march.go(wear, _SEGMENT * dt, _SEGMENT)
        if _share(wear.up_nm, weight, stop_nm) < ends.cleared_fraction:
            gone += _SEGMENT * dt
            continue
        wear.up_nm, wear.down_nm = before.up_nm, before.down_nm
        while True:
            before = Wear(wear.up_nm, wear.down_nm)
            march.go(wear, dt, 1)
            if _share(wear.up_nm, weight, stop_nm) >= ends.cleared_fraction:
                break
            gone += dt
        clear = gone + _clearing_within(march, before, wear, weight, stop_nm, ends.cleared_fraction, dt)
        took = clear + ends.overpolish_s + 0.01 * ends.overpolish_pct * clear
        wear.up_nm, wear.down_nm = before.up_nm, before.down_nm
        march.go(wear, took - gone)
        return took, clear
    return gone, float("nan")


def _share(up_nm: Map, weight: Map, stop_nm: float) -> float:
    total = float(weight.sum())
    return float(weight[up_nm >= stop_nm - _CLEAR_NM].sum()) / total if total > 0.0 else 1.0


def _clearing_within(
    march: _March, before: Wear, after: Wear, weight: Map, stop_nm: float, asked: float, dt_s: float
) -> float:
    """Return when within the last step the asked share of the area was clear, each cell's time by bisection."""
    clear = before.up_nm >= stop_nm - _CLEAR_NM
    when = np.where(clear, 0.0, np.inf)
    rows = np.flatnonzero(~clear & (after.up_nm >= stop_nm - _CLEAR_NM))
    low, high = np.zeros(rows.size), np.full(rows.size, dt_s)
    for _ in range(_BISECTIONS if rows.size else 0):
        middle = 0.5 * (low + high)
        there = march.once(before, rows, middle) >= stop_nm - _CLEAR_NM
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    when[rows] = high
    order = np.argsort(when)
    reached = np.cumsum(weight[order]) / weight.sum()
    # A share asked for may be all of the area, which its sum misses by rounding.
    return float(min(when[order][np.searchsorted(reached, min(asked, reached[-1]))], dt_s))


def _columns(process: PatternProcess, stage: PolishStage) -> _Columns:
    names = {layer.material: 0 for layer in (*process.stack.up, *process.stack.down)}
    codes, thresholds = {name: k for k, name in enumerate(names)}, process.constants.thresholds
    return _Columns(
        film_column(process.stack.up, stage.rates_nm_min, codes, thresholds),
        film_column(process.stack.down, stage.rates_nm_min, codes, thresholds),
    )


def stop_depth_nm(process: PatternProcess, ends: ClearEndpoint) -> float:
    depth = 0.0
    for k, layer in enumerate(process.stack.up):
        if layer.material == ends.film or (ends.film is None and k == 1):
            return depth
        depth += layer.thickness_nm
    return depth
