"""One step of polish of many cells at once: the same equations for oxide, STI, tungsten and copper.

State of a cell: how deep its up and its down places have been worn. Its step h sets the split of its load
(`load_split`); films that show set the rates. The step obeys h' = f(h) = −k_up·p_up + k_dn·p_dn; over dt it is taken as
linear about its start, exactly solved: h' = f + f'·(h − h₀). The mean of h over the step gives the doses ∫p dt of both
places, which keep ρ·dose_up + (1−ρ)·dose_dn = dt, and films wear by their doses. Second order in dt, exact for a recess
between two films, stable for any dt. A recess that no longer changes is dishing, what the slow film then loses is
erosion: the fixed point f = 0 of the same routine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.film_column import FilmColumn, pressed, pressed_slope
from planaris.planarity.load_split import Split, contact_split, recess_split

Array = NDArray[np.float64]

# Below this |f'·dt| the mean of the linear solution is taken from its series.
_SERIES = 1e-3
# Ends of films that one cell may meet within a step, each on its own.
_PARTS = 4

Films = tuple[FilmColumn, FilmColumn, float]


@dataclass(frozen=True, slots=True)
class CellConstants:
    """What of cells stays as it is: arrays [n] or numbers.

    ``density``: effective, of up places; ``step_nm``: before any polish; ``bend_per_nm``: 4αR/w²; ``largest_nm``:
    d_max; ``rounding_ratio``: factor on the slow film's rate once a recess forms; ``load_ratio``: of the cell's
    pressure to the wafer's.
    """

    density: Array
    step_nm: Array | float
    bend_per_nm: Array | float
    largest_nm: Array | float
    rounding_ratio: Array | float
    load_ratio: Array | float = 1.0

    def part(self, rows: slice | NDArray[np.intp]) -> CellConstants:
        """Return some of the cells."""

        def of(value: Array | float) -> Array | float:
            return value[rows] if isinstance(value, np.ndarray) else value

        return CellConstants(
            self.density[rows], of(self.step_nm), of(self.bend_per_nm), of(self.largest_nm), of(self.rounding_ratio),
            of(self.load_ratio),
        )  # fmt: skip


def surface_step(
    up_nm: Array,
    down_nm: Array,
    cells: CellConstants,
    up: FilmColumn,
    down: FilmColumn,
    sigma_nm: float,
    dt_s: Array | float,
    xp: Any,
) -> tuple[Array, Array]:
    """Return the depths worn on up and down places after ``dt_s``, a number or one for each cell.

    A cell in which a film ends within dt takes the step in parts, up to the film's end and from there.
    """
    films = up, down, sigma_nm
    doses = _doses(up_nm, down_nm, cells, films, dt_s, xp)
    if xp is np:
        ends = _film_ends(doses, up_nm, down_nm, up, down, xp)
        rows = np.flatnonzero(ends < 1.0)
        after_up, after_down = _worn(doses, up_nm, down_nm, up, down, xp)
        if rows.size:
            after_up[rows], after_down[rows] = _in_parts(
                up_nm[rows], down_nm[rows], cells.part(rows), films, (dt_s + np.zeros_like(up_nm))[rows], ends[rows]
            )
        return after_up, after_down
    if len(up.bottoms_nm) + len(down.bottoms_nm) == 2:
        return _worn(doses, up_nm, down_nm, up, down, xp)
    first_s = xp.minimum(_film_ends(doses, up_nm, down_nm, up, down, xp), 1.0) * dt_s
    doses = _doses(up_nm, down_nm, cells, films, first_s, xp)
    up_nm, down_nm = _worn(doses, up_nm, down_nm, up, down, xp)
    doses = _doses(up_nm, down_nm, cells, films, dt_s - first_s, xp)
    return _worn(doses, up_nm, down_nm, up, down, xp)


def _in_parts(
    up_nm: Array, down_nm: Array, cells: CellConstants, films: Films, left_s: Array, ends: Array
) -> tuple[Array, Array]:
    """March cells whose films end within dt from one end to the next; what is left after some takes the rest whole."""
    up, down, _ = films
    for _ in range(_PARTS):
        part_s = np.minimum(ends, 1.0) * left_s
        doses = _doses(up_nm, down_nm, cells, films, part_s, np)
        up_nm, down_nm = _worn(doses, up_nm, down_nm, up, down, np)
        left_s = left_s - part_s
        if not left_s.any():
            break
        doses = _doses(up_nm, down_nm, cells, films, left_s, np)
        ends = _film_ends(doses, up_nm, down_nm, up, down, np)
    doses = _doses(up_nm, down_nm, cells, films, left_s, np)
    return _worn(doses, up_nm, down_nm, up, down, np)


@dataclass(frozen=True, slots=True)
class _Doses:
    """∫p dt on up and down places, with the rates and the factor under which they were found."""

    up_s: Array
    down_s: Array
    of_up: Array | float
    of_down: Array | float
    rounding: Array | float


def _worn(
    doses: _Doses, up_nm: Array, down_nm: Array, up: FilmColumn, down: FilmColumn, xp: Any
) -> tuple[Array, Array]:
    return up.worn(up_nm, doses.up_s, doses.rounding, xp), down.worn(down_nm, doses.down_s, 1.0, xp)


def _film_ends(doses: _Doses, up_nm: Array, down_nm: Array, up: FilmColumn, down: FilmColumn, xp: Any) -> Array:
    """Return at which share of the step the first film of either place ends; above 1 where none does."""
    first = up.share_to_end(up_nm, doses.of_up * doses.up_s, xp)
    return xp.minimum(first, down.share_to_end(down_nm, doses.of_down * doses.down_s, xp))


def _doses(up_nm: Array, down_nm: Array, cells: CellConstants, films: Films, dt_s: Array | float, xp: Any) -> _Doses:
    up, down, sigma_nm = films
    of_up, up_is, up_from = up.showing(up_nm, xp)
    of_down, down_is, down_from = down.showing(down_nm, xp)
    step = cells.step_nm - up_nm + down_nm
    differ = up_is != down_is
    density = cells.density
    if isinstance(differ, bool):
        split = _one_kind(step, cells, sigma_nm, differ, xp)
    else:
        one, two = _one_kind(step, cells, sigma_nm, False, xp), _one_kind(step, cells, sigma_nm, True, xp)
        split = Split(
            xp.where(differ, two.up, one.up), xp.where(differ, two.down, one.down),
            xp.where(differ, two.up_per_nm, one.up_per_nm), xp.where(differ, two.down_per_nm, one.down_per_nm),
        )  # fmt: skip
    # Edges are rounded of a film that stands above a faster one.
    slow = differ & (of_up < of_down)
    rounding: Array | float = 1.0
    if xp is not np or bool(np.any(slow)):
        rounding = xp.where(slow, cells.rounding_ratio, 1.0)
        of_up = of_up * rounding
    dose_s = dt_s * cells.load_ratio
    speed = of_down * pressed(split.down, down_from, xp) - of_up * pressed(split.up, up_from, xp)
    up_slope = of_up * pressed_slope(split.up, up_from, xp) * split.up_per_nm
    bent = (of_down * pressed_slope(split.down, down_from, xp) * split.down_per_nm - up_slope) * dose_s
    drift = speed * dose_s * _mean_of_growth(bent, xp)
    dose_up = pressed(split.up + split.up_per_nm * drift, up_from, xp) * dose_s
    dose_down = pressed(split.down + split.down_per_nm * drift, down_from, xp) * dose_s
    # Between places of one film a step may vanish within dt, but it never turns over.
    same = xp.logical_not(differ)
    after = step + of_down * dose_down - of_up * dose_up
    turned = same & (step * after < 0.0)
    if xp is not np or bool(np.any(turned)):
        gap = xp.where(turned, step / xp.where(of_up > 0.0, of_up, 1.0), 0.0)
        dose_up = xp.where(turned, dose_s + (1.0 - density) * gap, dose_up)
        dose_down = xp.where(turned, dose_s - density * gap, dose_down)
    return _Doses(dose_up, dose_down, of_up, of_down, rounding)


def _one_kind(step_nm: Array, cells: CellConstants, sigma_nm: float, differ: bool, xp: Any) -> Split:
    if differ:
        return recess_split(step_nm, cells.density, cells.largest_nm, xp)
    return contact_split(step_nm, cells.density, sigma_nm, cells.bend_per_nm, xp)


def _mean_of_growth(z: Array, xp: Any) -> Array:
    """Return (e^z − 1 − z)/z²: mean over a step of the way that h' = f + f'(h − h₀) goes, over f·dt."""
    small = xp.abs(z) < _SERIES
    if xp is np and not small.any():
        return (np.expm1(z) - z) / (z * z)
    safe = xp.where(small, 1.0, z)
    return xp.where(small, 0.5 + z * (1.0 / 6.0 + z * (1.0 / 24.0)), (xp.expm1(safe) - safe) / (safe * safe))
