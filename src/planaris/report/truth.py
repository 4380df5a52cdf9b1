"""The twin's truth, for the eyes of people only: no controller has seen it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.physics import PolarGrid, area_mean, nonuniformity_pct

Floats = NDArray[np.float64]

_MAPS = frozenset({"wafer_id", "slot", "head", "r_mm", "theta_rad", "thickness_before_nm", "thickness_after_nm"})


@dataclass(frozen=True, slots=True)
class Truth:
    """Removal as it truly was on the twin: ``removal_nm`` (n, r, theta), and the true state of parts by name."""

    wafer_ids: tuple[str, ...]
    heads: tuple[int, ...]
    grid: PolarGrid
    removal_nm: Floats
    parts: dict[str, Floats]

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
        tuple(int(head) for head in arrays["head"]),
        PolarGrid(n_r=before.shape[1], n_theta=before.shape[2]),
        before - after,
        {
            name: np.asarray(array, dtype=np.float64)
            for name, array in arrays.items()
            if name not in _MAPS and array.size > 0 and array.dtype.kind in "fiu"
        },
    )
