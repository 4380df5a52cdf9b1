"""The twin's truth, for the eyes of people only: no controller has seen it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.physics import PolarGrid, area_mean, nonuniformity_pct

Floats = NDArray[np.float64]

_MAPS = frozenset({"wafer_id", "thickness_before_nm", "thickness_after_nm"})
_PARTS = frozenset({"part_location", "part_name", "part_quantity", "part_value"})


@dataclass(frozen=True, slots=True)
class PartTruth:
    """One true quantity of one part; the quantity's name carries its unit (``groove_depth_mm``)."""

    location: str
    part: str
    quantity: str
    value: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Removal as it truly was on the twin: ``removal_nm`` (n, r, theta), and the true state of its parts."""

    wafer_ids: tuple[str, ...]
    grid: PolarGrid
    removal_nm: Floats
    parts: tuple[PartTruth, ...]

    def map_of(self, wafer_id: str) -> Floats | None:
        """Return a wafer's true removal (r, theta), None if it is not there or has no finite value."""
        if wafer_id not in self.wafer_ids:
            return None
        found = self.removal_nm[self.wafer_ids.index(wafer_id)]
        return found if bool(np.isfinite(found).any()) else None

    def mean_and_wiwnu(self, removal_nm: Floats, edge_exclusion_mm: float) -> tuple[float, float]:
        """Return area-weighted mean in nm and non-uniformity in percent of a map inside the edge exclusion."""
        edge_mm = edge_exclusion_mm if math.isfinite(edge_exclusion_mm) else 0.0
        mean_nm = float(area_mean(removal_nm, self.grid, edge_mm))
        return mean_nm, float(nonuniformity_pct(removal_nm, self.grid, edge_mm)) if mean_nm else math.nan


def read_truth(folder: Path) -> Truth | None:
    """Read ``twin_truth.npz`` of a run folder; None where there is none, as on a real machine, or it holds no maps."""
    path = folder / "twin_truth.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        if not set(stored.files) >= _MAPS:
            return None
        arrays = {name: stored[name] for name in stored.files}
    before = np.asarray(arrays["thickness_before_nm"], dtype=np.float64)
    after = np.asarray(arrays["thickness_after_nm"], dtype=np.float64)
    if before.ndim != 3 or before.shape != after.shape:
        return None
    return Truth(
        tuple(str(wafer) for wafer in arrays["wafer_id"]),
        PolarGrid(n_r=before.shape[1], n_theta=before.shape[2]),
        before - after,
        _parts(arrays),
    )


def _parts(arrays: dict[str, NDArray[Any]]) -> tuple[PartTruth, ...]:
    if not set(arrays) >= _PARTS:
        return ()
    columns = (arrays[name].tolist() for name in ("part_location", "part_name", "part_quantity", "part_value"))
    return tuple(
        PartTruth(str(location), str(part), str(quantity), float(value))
        for location, part, quantity, value in zip(*columns, strict=True)
    )
