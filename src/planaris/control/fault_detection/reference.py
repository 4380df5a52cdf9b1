"""What in-control wafers teach: mean and limits of each feature, and how features move together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from planaris.control.charts import Subspace
from planaris.control.step_features import FeatureSpec

Array = NDArray[np.float64]

# False alarms of a whole step's single features, all together, where learned noise sets their limits [design].
FAMILY_FRACTION = 0.002
# A feature's limit, 3 sigma, stands no nearer than this share of its warning band; one of wear at the band [design].
FLOOR_RATIO = 1.0 / 3.0
LIMIT_SIGMA = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Means and sigmas (p,) of features by name, and the subspace that T² and SPE stand on, if enough was learned."""

    names: tuple[str, ...]
    mean: Array
    sigma: Array
    trained_count: int
    subspace: Subspace | None

    def z_of(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return how far each known feature is from its mean, in sigma."""
        return {
            name: (values[name] - float(mean)) / float(sigma)
            for name, mean, sigma in zip(self.names, self.mean, self.sigma, strict=True)
            if name in values
        }


@cache
def noise_factor(trained_count: int, features_count: int) -> float:
    """Return what a learned standard deviation is multiplied by, so that 3 of it hold the next point.

    A prediction interval of one normal point from n others, with the family's false alarms shared by all features:
    t(1 - a/2p; n - 1)·sqrt(1 + 1/n)/3.
    """
    from scipy.special import stdtrit

    t = float(stdtrit(trained_count - 1, 1.0 - 0.5 * FAMILY_FRACTION / features_count))
    return t * math.sqrt(1.0 + 1.0 / trained_count) / LIMIT_SIGMA


def learn(specs: Mapping[str, FeatureSpec], wafers: Sequence[Mapping[str, float]]) -> Reference:
    """Return what wafers in control teach. Features that one of them lacks, or that nobody declared, are left out.

    Raises ValueError for fewer than 3 wafers.
    """
    n = len(wafers)
    if n < 3:
        raise ValueError(f"{n} wafers teach no limits; 3 are the least")
    names = tuple(name for name in specs if all(name in wafer for wafer in wafers))
    table = np.array([[wafer[name] for name in names] for wafer in wafers], dtype=np.float64)
    learned_mean = table.mean(axis=0)
    mean = np.where([specs[name].from_zero for name in names], 0.0, learned_mean)
    band = np.array([specs[name].band_at(float(m)) for name, m in zip(names, learned_mean, strict=True)])
    floor = band * np.array([1.0 if specs[name].wears else FLOOR_RATIO for name in names]) / LIMIT_SIGMA
    sigma = np.maximum(table.std(axis=0, ddof=1) * noise_factor(n, max(1, len(names))), floor)
    return Reference(names, mean, sigma, n, _subspace((table - learned_mean) / sigma, n))


def _subspace(z: Array, n: int) -> Subspace | None:
    """Return the main directions, a third of the wafers at most; what the floors add is even in all directions."""
    size = z.shape[1]
    directions = min(n // 3, size - 1)
    if directions < 1:
        return None
    spread = z.T @ z / (n - 1)
    spread[np.diag_indices(size)] += np.maximum(0.0, 1.0 - np.diag(spread))
    return Subspace.of(spread, n, directions)
