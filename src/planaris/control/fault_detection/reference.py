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
# Points so rare are what T² and SPE are to tell apart.
RARE_FRACTION = 0.001
# A feature's limit, 3 sigma, stands no nearer than this share of its warning band; one of wear at the band [design].
FLOOR_RATIO = 1.0 / 3.0
LIMIT_SIGMA = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Means (p,) of features by name, with two widths in the features' units.

    ``sigma`` is what single features are held against: at 3 of it stands the limit. ``spread`` is what they scatter by:
    it scales them for T² and SPE, which stand on ``subspace``, if enough was learned for one.
    """

    names: tuple[str, ...]
    mean: Array
    sigma: Array
    spread: Array
    trained_count: int
    subspace: Subspace | None

    def z_of(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return how far each known feature is from its mean, in sigma."""
        return {
            name: (values[name] - float(mean)) / float(sigma)
            for name, mean, sigma in zip(self.names, self.mean, self.sigma, strict=True)
            if name in values
        }

    def limits(self, specs: Mapping[str, FeatureSpec]) -> dict[str, tuple[float, float | None, float | None]]:
        """Return mean, lower and upper limit of each feature's Shewhart chart, in its unit; None: that side is good."""
        return {
            name: (
                float(mean),
                float(mean - LIMIT_SIGMA * sigma) if specs[name].side <= 0 else None,
                float(mean + LIMIT_SIGMA * sigma) if specs[name].side >= 0 else None,
            )
            for name, mean, sigma in zip(self.names, self.mean, self.sigma, strict=True)
        }


@cache
def noise_factor(trained_count: int, chance: float) -> float:
    """Return what a learned standard deviation is multiplied by to stand for the known one where so rare points lie.

    A prediction interval of one normal point from n others over that with a known spread: with ``chance`` beyond it on
    both sides t(1 - a/2; n - 1)·sqrt(1 + 1/n)/z(1 - a/2).
    """
    from scipy.special import ndtri, stdtrit

    t = float(stdtrit(trained_count - 1, 1.0 - 0.5 * chance))
    return t * math.sqrt(1.0 + 1.0 / trained_count) / float(ndtri(1.0 - 0.5 * chance))


def limit_factor(trained_count: int, features_count: int) -> float:
    """Return what a learned standard deviation is multiplied by so that 3 of it hold the next point.

    The false alarms of the family are shared by all features.
    """
    from scipy.special import ndtri

    chance = FAMILY_FRACTION / features_count
    return noise_factor(trained_count, chance) * float(ndtri(1.0 - 0.5 * chance)) / LIMIT_SIGMA


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
    noise = table.std(axis=0, ddof=1)
    sigma = np.maximum(noise * limit_factor(n, max(1, len(names))), floor)
    own = np.hypot(noise, floor)
    spread = np.hypot(noise * noise_factor(n, RARE_FRACTION), floor)
    return Reference(names, mean, sigma, spread, n, _subspace((table - learned_mean) / own, n))


def _subspace(z: Array, n: int) -> Subspace | None:
    """Return the main directions of features in units of their spread: those that chance alone would not make.

    What the floors add is even in all directions. What features have in common is trusted the less the fewer wafers say
    so: correlations are shrunk by n/(n + p) [design], and a direction counts from the largest variance on that
    independent features show in so few wafers, (1 + sqrt(p/n))² (Marchenko and Pastur 1967). One is kept in any case.
    """
    size = z.shape[1]
    if size < 2:
        return None
    shrink = n / (n + size)
    correlation: Array = z.T @ z / (n - 1) * shrink
    correlation[np.diag_indices(size)] = 1.0
    least = 1.0 + shrink * ((1.0 + math.sqrt(size / n)) ** 2 - 1.0)
    found = int(np.sum(np.linalg.eigvalsh(correlation) > least))
    return Subspace.of(correlation, n, min(max(1, found), size - 1, n - 2))
