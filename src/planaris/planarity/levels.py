"""Several levels of a chip, one on the other: what a level leaves is what the next one's films lie on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.chip_cells import cell_constants, chip_cells, pad_filter
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pad_follow import PadFollow
from planaris.planarity.pattern_process import PatternProcess
from planaris.planarity.polish import polish, topography
from planaris.planarity.stage_march import Wear, march_on
from planaris.planarity.topography import Topography

Map = NDArray[np.float64]

# Between two looks at the pad's load the fastest film loses this part of σ.
_SEGMENT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Level:
    """One level: maps of its layer and the process that polishes it."""

    name: str
    maps: PatternMaps
    process: PatternProcess


def polish_levels(
    levels: Sequence[Level],
    *,
    follow: PadFollow | None = None,
    base_nm: Map | float = 0.0,
    surround: float | None = None,
    workers: int = 1,
) -> tuple[Topography, ...]:
    """Return the surface after each level, from the lowest up; dies repeat, or ``surround`` as `pad_filter`.

    Films are laid down evenly over what the level below left. Under ``follow`` the pad presses harder on cells whose
    tops stand above their surroundings, by `PadFollow`, so that part of what came from below is levelled and the
    level's own density-made waves are too; None: the pad follows all of it. Stages that end by clearing keep the time
    that they would take on a flat base. Raises ValueError where grids differ, and as `polish`.
    """
    shapes = {(level.maps.shape, level.maps.cell_um) for level in levels}
    if len(shapes) > 1:
        listed = ", ".join(f"{name.name} {name.maps.shape} of {name.maps.cell_um} µm" for name in levels)
        raise ValueError(f"levels must have one grid, got {listed}")
    found: list[Topography] = []
    base: Map | float = base_nm
    for level in levels:
        flat = polish(level.maps, level.process, base_nm=base, surround=surround, workers=workers)
        surface = flat if follow is None else _followed(level, flat, follow, surround, workers)
        found.append(surface)
        base = surface.surface_nm - _mean(surface.surface_nm, level.maps.inside)
    return tuple(found)


def _followed(level: Level, flat: Topography, follow: PadFollow, surround: float | None, workers: int) -> Topography:
    """Polish a level again for the same times, its cells' loads after their heights."""
    maps, process = level.maps, level.process
    cells = chip_cells(maps, process, pad_filter(maps, process, surround=surround, workers=workers))
    sigma_nm, base = process.constants.contact.sigma_nm, flat.base_nm
    zeros = np.zeros(base.size)
    wear = Wear(zeros, zeros)
    for stage, time_s in zip(process.stages, flat.stage_times_s, strict=True):
        fastest = max(stage.rates_nm_min.values()) / 60.0
        segments = max(1, int(np.ceil(time_s * fastest / (_SEGMENT_SHARE * sigma_nm))))
        for _ in range(segments):
            # The load of a segment is that of its middle: half of it is gone through for that alone.
            middle, part_s = Wear(wear.up_nm, wear.down_nm), time_s / segments
            for at, span_s in ((middle, 0.5 * part_s), (wear, part_s)):
                tops = base - middle.up_nm.reshape(base.shape)
                load = follow.load_ratio(tops, maps.inside, maps.cell_um, sigma_nm, workers)
                march_on(process, stage, cell_constants(cells, process, load), at, span_s, workers)
    return topography(maps, process, cells, wear, base, flat.stage_times_s, flat.clear_time_s)


def _mean(values: Map, weights: Map) -> float:
    return float((values * weights).sum() / weights.sum())
