"""How much fill each cell gets: by the gradient of the predicted topography, or by density alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from planaris.planarity.fill_rules import FillRules
from planaris.planarity.fill_sites import FillSites, site_cells
from planaris.planarity.gradient import Figure, polish_gradient
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pattern_process import PatternProcess
from planaris.planarity.polish import polish
from planaris.planarity.topography import Topography

Map = NDArray[np.float64]
Ints = NDArray[np.int64]
# Softness of TIR in descent, first to last: coarse ones pull all of the chip, fine ones its extremes [design].
_SOFTNESS_nm = (6.0, 2.0)
_HARD_nm = 1e-3
_ITERATIONS_COUNT = 40
# Added density of a central difference by widths.
_APART_RATIO = 1e-4
# Shares of what fits, of which the best starts the descent.
_STARTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def capacity(sites: FillSites, cell_dbu: int, maps: PatternMaps) -> Map:
    """Return the density [ny, nx] that the largest legal squares would add to each cell."""
    area = sites.sizes[sites.largest].astype(np.float64) ** 2
    cells = site_cells(sites, cell_dbu, maps.shape)
    total = np.bincount(cells, weights=area, minlength=maps.density.size).reshape(maps.shape)
    return total / float(cell_dbu) ** 2


def bounds(maps: PatternMaps, rules: FillRules, most: Map) -> tuple[Map, Map]:
    """Return the least and the most added density of each cell.

    A cell filled to the least density, where that fits, and never over the most density, keeps windows between both.
    """
    upper = np.clip(rules.density_max_fraction * maps.inside - maps.density, 0.0, most)
    lower = np.clip(rules.density_min_fraction * maps.inside - maps.density, 0.0, upper)
    return lower, upper


def by_density(maps: PatternMaps, lower: Map, upper: Map, target_fraction: float) -> Map:
    """Return added densities that bring every cell as near to one density as it can come."""
    return np.clip(target_fraction * maps.inside - maps.density, lower, upper)


def by_topography(
    region: PatternMaps,
    copies: Sequence[tuple[slice, slice]],
    mask: NDArray[np.bool_],
    process: PatternProcess,
    pad: PadFilter,
    lower: Map,
    upper: Map,
    *,
    plain: Map,
    size_um: float,
    progress: Callable[[float], None] | None = None,
) -> Map:
    """Return a chip's added densities that make all its copies flattest: descent along the gradient of their TIR.

    ``region`` holds the ``copies`` (slices of its maps), ``mask`` says which cells count; all cells are whole. Stages
    must end by time. Where places are recessed by their widths, squares of ``size_um`` change these too. ``plain`` is
    one of the densities that the descent may start from.
    """
    shape = lower.shape
    area = region.inside
    recessed = process.constants.recess is not None

    def at(added: NDArray[np.float64], softness_nm: float) -> tuple[float, NDArray[np.float64]]:
        more = np.zeros_like(region.density)
        for copy in copies:
            more[copy] = added.reshape(shape)
        filled = replace(region, density=region.density + more)
        if recessed:
            filled = _widths_of(filled, region, more, size_um)
        figure = _soft_range(mask & (area > 0.0), softness_nm)
        found = polish_gradient(filled, process, figure=figure, pad=pad)
        slope = found.by_density
        if recessed:
            slope = slope + figure(found.surface)[1] * by_width(filled, more)
        return found.value, np.sum([slope[copy] for copy in copies], axis=0).ravel()

    def by_width(filled: PatternMaps, more: Map) -> Map:
        """Return how each cell's surface answers to the widths that a little more of its fill makes."""
        low, high = np.maximum(more - _APART_RATIO, 0.0), more + _APART_RATIO
        ends = [polish(_widths_of(filled, region, one, size_um), process, pad=pad).surface_nm for one in (low, high)]
        return (ends[1] - ends[0]) / (high - low)

    starts = [*(lower + share * (upper - lower) for share in _STARTS), plain]
    best = min(starts, key=lambda added: at(added.ravel(), _SOFTNESS_nm[0])[0]).ravel()
    limits = scipy.optimize.Bounds(lower.ravel(), upper.ravel())
    for softness_nm in _SOFTNESS_nm:
        made: Any = scipy.optimize.minimize(
            at, best, args=(softness_nm,), jac=True, method="L-BFGS-B", bounds=limits,
            options={"maxiter": _ITERATIONS_COUNT},
        )  # fmt: skip
        best = np.clip(made.x, lower.ravel(), upper.ravel())
        if progress is not None:
            progress(at(best, _HARD_nm)[0])
    return best.reshape(shape)


def _widths_of(filled: PatternMaps, bare: PatternMaps, more: Map, size_um: float) -> PatternMaps:
    """Return maps with the outline and widths that squares of a size would make, of so much added density."""
    density, outline = bare.density + more, bare.perimeter_um_per_um2 + 4.0 * more / size_um
    drawn = outline > 0.0
    safe = np.where(drawn, outline, 1.0)
    return replace(
        filled,
        perimeter_um_per_um2=outline,
        line_width_um=np.where(drawn, 2.0 * density / safe, bare.line_width_um),
        line_space_um=np.where(drawn, 2.0 * np.maximum(1.0 - density, 0.0) / safe, bare.line_space_um),
    )


def _soft_range(mask: NDArray[np.bool_], softness_nm: float) -> Figure:
    """Return the smooth range of the surface over some cells, s·ln Σe^{z/s} + s·ln Σe^{−z/s}."""

    def figure(surface: Topography) -> tuple[float, Map]:
        heights = surface.surface_nm[mask]
        high, low = float(heights.max()), float(heights.min())
        above, below = np.exp((heights - high) / softness_nm), np.exp((low - heights) / softness_nm)
        extra = softness_nm * float(np.log(above.sum()) + np.log(below.sum()))
        weight = np.zeros(mask.shape)
        weight[mask] = above / above.sum() - below / below.sum()
        return high - low + extra, weight

    return figure


def place_squares(sites: FillSites, cell_dbu: int, maps: PatternMaps, added: Map, upper: Map) -> Ints:
    """Return the size's index of each site (−1: none) so that cells get the densities asked for.

    Sites of a cell take their share one after the other; what one cannot give by a legal size is handed to the next,
    and no cell passes ``upper``.
    """
    cells = site_cells(sites, cell_dbu, maps.shape)
    areas = np.append(sites.sizes.astype(np.float64) ** 2, 0.0)
    full = areas[sites.largest]
    count = maps.density.size
    total = np.bincount(cells, weights=full, minlength=count)
    wanted = added.ravel() * float(cell_dbu) ** 2
    limit = np.maximum(upper.ravel() * float(cell_dbu) ** 2, wanted)
    share = np.divide(wanted, total, out=np.zeros(count), where=total > 0.0)
    order = np.argsort(cells, kind="stable")
    starts = np.searchsorted(cells[order], np.arange(count))
    ends = np.searchsorted(cells[order], np.arange(count), side="right")
    chosen = np.full(len(cells), -1, dtype=np.int64)
    owed, given = np.zeros(count), np.zeros(count)
    for turn in range(int((ends - starts).max(initial=0))):
        active = np.flatnonzero(starts + turn < ends)
        site = order[starts[active] + turn]
        owed[active] += share[active] * full[site]
        # Of the sizes that the site can take and the cell can bear, the one nearest to what is owed.
        legal = np.arange(len(areas))[None, :] >= sites.largest[site][:, None]
        legal &= given[active][:, None] + areas[None, :] <= limit[active][:, None] + 0.5
        apart = np.where(legal, np.abs(areas[None, :] - owed[active][:, None]), np.inf)
        taken = apart.argmin(axis=1)
        chosen[site] = np.where(taken == len(areas) - 1, -1, taken)
        owed[active] -= areas[taken]
        given[active] += areas[taken]
    return chosen
