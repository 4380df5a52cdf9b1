"""The surface of a chip after polish: heights, what receded, and the figures that a report needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.physics import ModelFlag

Map = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Topography:
    """Maps [ny, nx], row 0 at the bottom.

    ``up_nm``, ``down_nm``: heights of up and down places over the bottom of the up places' last film, before what came
    in from below (``base_nm`` is added to both). ``surface_nm``: their mean by area. ``step_nm``: up less down.
    ``thickness_nm``: left of the last film on up places. ``dishing_nm``: recess of down places below up ones where
    these show another film; ``erosion_nm``: what the last up film lost where all above it is gone, 0 for a single film;
    both 0 where a cell lacks one kind of place. ``cleared``: the films over the stop film are gone. ``up_fraction``:
    area of up places; ``effective_density``: as the pad sees it; ``inside``: share of the cell within the chip.
    ``base_nm``: height of what lies below. ``time_s``: of all stages; ``clear_time_s``: by stage, NaN where a stage did
    not end by clearing. ``flags``: ranges of the models that were left.
    """

    up_nm: Map
    down_nm: Map
    step_nm: Map
    surface_nm: Map
    thickness_nm: Map
    dishing_nm: Map
    erosion_nm: Map
    cleared: NDArray[np.bool_]
    up_fraction: Map
    effective_density: Map
    inside: Map
    base_nm: Map
    time_s: float
    stage_times_s: tuple[float, ...]
    clear_time_s: tuple[float, ...]
    flags: ModelFlag


@dataclass(frozen=True, slots=True)
class TopographyStatistics:
    """Figures over the cells of a chip, in nm; means and deviations by area.

    ``TIR_nm``: highest less lowest ``surface_nm``; ``up_TIR_nm``: the same of up places where there are any (the range
    that the literature gives for oxide); ``step_max_nm``, ``dishing_max_nm``, ``erosion_max_nm``; ``thickness_*`` of
    the last up film; ``cleared_fraction`` of the up area.
    """

    TIR_nm: float
    up_TIR_nm: float
    surface_deviation_nm: float
    step_max_nm: float
    step_mean_nm: float
    dishing_max_nm: float
    dishing_mean_nm: float
    erosion_max_nm: float
    erosion_mean_nm: float
    thickness_min_nm: float
    thickness_mean_nm: float
    thickness_max_nm: float
    cleared_fraction: float


def statistics(surface: Topography) -> TopographyStatistics:
    """Return a chip's figures."""
    area = surface.inside
    up_area = area * surface.up_fraction
    up_there = surface.up_fraction > 0.0
    both = up_there & (surface.up_fraction < 1.0)
    up = (surface.up_nm + surface.base_nm)[up_there]
    thickness = surface.thickness_nm[up_there]
    step = np.abs(surface.step_nm[both])
    mean = _mean(surface.surface_nm, area)
    return TopographyStatistics(
        TIR_nm=_range(surface.surface_nm),
        up_TIR_nm=_range(up),
        surface_deviation_nm=float(np.sqrt(_mean((surface.surface_nm - mean) ** 2, area))),
        step_max_nm=_most(step),
        step_mean_nm=_mean(step, area[both]),
        dishing_max_nm=_most(surface.dishing_nm),
        dishing_mean_nm=_mean(surface.dishing_nm[both], area[both]),
        erosion_max_nm=_most(surface.erosion_nm),
        erosion_mean_nm=_mean(surface.erosion_nm[up_there], up_area[up_there]),
        thickness_min_nm=float(thickness.min()) if thickness.size else 0.0,
        thickness_mean_nm=_mean(thickness, up_area[up_there]),
        thickness_max_nm=_most(thickness),
        cleared_fraction=_mean(surface.cleared.astype(np.float64), up_area),
    )


def _range(values: Map) -> float:
    return float(values.max() - values.min()) if values.size else 0.0


def _most(values: Map) -> float:
    return float(values.max()) if values.size else 0.0


def _mean(values: Map, weights: Map) -> float:
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total > 0.0 else 0.0
