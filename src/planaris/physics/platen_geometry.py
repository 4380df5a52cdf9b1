"""Where one head's wafer and retaining ring rub on a pad."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planaris.physics._namespace import Array
from planaris.physics._scan import mix
from planaris.physics.overlap import ring_areas_m2, ring_dwell
from planaris.physics.wafer_map import PolarGrid

_SWEEP_POINTS = 16
_RING_POINTS = 4


@dataclass(frozen=True, slots=True)
class PlatenGeometry:
    """Wafer rings, pad rings and the share of time that each spends over each; made by ``platen_geometry``.

    radii_mm, area_m2 (n_r,) wafer rings; pad_edges_mm (n_ring+1,), pad_area_m2 (n_ring,); dwell (n_r, n_ring) share of
    a turn of each wafer ring over each pad ring, dwell_back its transpose; retaining_dwell (n_ring,) the same of the
    retaining ring, with its area and mean radius.
    """

    radii_mm: Array
    area_m2: Array
    pad_edges_mm: Array
    pad_area_m2: Array
    dwell: Array
    dwell_back: Array
    retaining_dwell: Array
    retaining_area_m2: float
    retaining_radius_mm: float


def platen_geometry(
    grid: PolarGrid,
    pad_edges_mm: Array,
    center_distance_mm: float,
    sweep_amplitude_mm: float,
    *,
    ring_inner_mm: float,
    ring_outer_mm: float,
) -> PlatenGeometry:
    """Return the geometry of one head on one platen, the sweep averaged over its sinusoid.

    pad_edges_mm (n_ring+1,) from 0 to the pad's rim; what overhangs the rim rubs on nothing and is lost.
    """
    phase = (np.arange(_SWEEP_POINTS, dtype=np.float64) + 0.5) * (math.pi / _SWEEP_POINTS)
    distances = center_distance_mm + sweep_amplitude_mm * np.cos(phase)
    rims = np.linspace(ring_inner_mm, ring_outer_mm, _RING_POINTS + 1)
    rim_area = ring_areas_m2(rims)
    rim_dwell = ring_dwell(0.5 * (rims[1:] + rims[:-1]), pad_edges_mm, distances)
    dwell = ring_dwell(grid.r_mm, pad_edges_mm, distances)
    return PlatenGeometry(
        radii_mm=grid.r_mm,
        area_m2=grid.ring_area_m2,
        pad_edges_mm=pad_edges_mm,
        pad_area_m2=ring_areas_m2(pad_edges_mm),
        dwell=dwell,
        dwell_back=np.ascontiguousarray(dwell.T),
        retaining_dwell=mix(rim_area / rim_area.sum(), rim_dwell.T),
        retaining_area_m2=float(rim_area.sum()),
        retaining_radius_mm=0.5 * (ring_inner_mm + ring_outer_mm),
    )
