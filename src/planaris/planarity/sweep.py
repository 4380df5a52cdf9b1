"""Sweeps of a chip over grids, processes and recipes: one list of points, one `map`, one row of figures for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.maps import PatternMaps, pattern_maps
from planaris.planarity.pattern_process import PatternProcess
from planaris.planarity.polish import polish
from planaris.planarity.topography import TopographyStatistics, statistics

Map = NDArray[np.float64]
Given = TypeVar("Given")
Made = TypeVar("Made")


class Mapper(Protocol):
    """Does a job for every input and gives results in their order: `map`, a pool's, or a cluster's."""

    def __call__(self, job: Callable[[Given], Made], inputs: Iterable[Given], /) -> Iterable[Made]:
        """Return the results."""
        ...


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One polish: a label, the process with its recipe, how many cells become one, and a time for the last stage."""

    label: str
    process: PatternProcess
    coarser: int = 1
    time_s: float | None = None
    surround: float | None = None


@dataclass(frozen=True, slots=True)
class SweepRow:
    """What a point gave."""

    label: str
    process: str
    cell_um: float
    time_s: float
    figures: TopographyStatistics


def sweep(maps: PatternMaps, points: Sequence[SweepPoint], each: Mapper = map) -> list[SweepRow]:
    """Return a row for every point, in their order; ``each`` says where they are computed."""
    return list(each(_point, [(maps, point) for point in points]))


def process_pool(workers: int) -> Mapper:
    """Return a map over processes of this machine; jobs and inputs travel, so both must be picklable."""

    def each(job: Callable[[Given], Made], inputs: Iterable[Given], /) -> list[Made]:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            return list(pool.map(job, inputs))

    return each


def coarser(maps: PatternMaps, factor: int) -> PatternMaps:
    """Return the maps on cells ``factor`` times as wide: areas and outlines add up, a last row may be cut by the box.

    Exact, but for outlines on the borders of joined cells, which belonged to one of them.
    """
    if factor == 1:
        return maps
    ny, nx = maps.shape
    pads = [(0, -ny % factor), (0, -nx % factor)]

    def joined(values: Map) -> Map:
        whole = np.pad(values, pads)
        rows, columns = whole.shape[0] // factor, whole.shape[1] // factor
        return whole.reshape(rows, factor, columns, factor).sum(axis=(1, 3))

    box = maps.inside * maps.cell_um**2
    wide = maps.cell_um * factor
    return pattern_maps(
        wide, maps.left_um, maps.bottom_um, joined(maps.density * box), joined(maps.perimeter_um_per_um2 * box),
        joined(maps.inside) / factor**2,
    )  # fmt: skip


def _point(given: tuple[PatternMaps, SweepPoint]) -> SweepRow:
    maps, point = given
    own = coarser(maps, point.coarser)
    surface = polish(own, point.process, time_s=point.time_s, surround=point.surround)
    return SweepRow(point.label, point.process.name, own.cell_um, surface.time_s, statistics(surface))
