"""May a virtual value be relied on: do two methods agree, and is the step like those that were learned from.

Source: Cheng, Chen, Su, Zeng, IEEE Trans. Semicond. Manuf. 21 (2008) 83, and Kao et al. (2013): reliance index RI, the
overlap of two normal curves of spread 1 about the two estimates, with threshold 0.7; global similarity index GSI, the
squared Mahalanobis distance of the features from those learned from, over their number, with threshold 9.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RELIANCE_THRESHOLD = 0.7
SIMILARITY_THRESHOLD = 9.0
# Correlated features make a correlation matrix near singular; this much of the unit matrix is mixed in [design].
_RIDGE = 0.05


def reliance_index(first: float, second: float, spread: float) -> float:
    """Return RI = 2 (1 - Phi(|z1 - z2| / 2)), z in units of the labels' spread; NaN where either is not known."""
    if not (math.isfinite(first) and math.isfinite(second) and spread > 0):
        return math.nan
    return math.erfc(abs(first - second) / spread / 2.0 / math.sqrt(2.0))


@dataclass(frozen=True, slots=True)
class Similarity:
    """Mean and spread (p,) of the features learned from, and the inverse (p, p) of their correlation."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    inverse: NDArray[np.float64]

    def index(self, row: NDArray[np.float64]) -> float:
        """Return GSI of features (p,); a feature that is not told counts as the mean."""
        z = np.where(np.isfinite(row), (row - self.mean) / self.spread, 0.0)
        return float(z @ self.inverse @ z) / len(z)


def similarity_to(rows: NDArray[np.float64]) -> Similarity | None:
    """Return the similarity to rows (n, p); None where they are fewer than 10, or p is 0.

    A feature that never changed has no spread to count in; any other value of it is counted in its own size.
    """
    if len(rows) < 10 or not rows.shape[1]:
        return None
    told = np.isfinite(rows)
    count = np.maximum(told.sum(axis=0), 1)
    mean = np.where(told, rows, 0.0).sum(axis=0) / count
    away = np.where(told, rows - mean, 0.0)
    spread = np.sqrt((away**2).sum(axis=0) / count)
    spread = np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1.0), spread, np.maximum(np.abs(mean), 1.0))
    z = away / spread
    correlation = z.T @ z / len(rows)
    p = rows.shape[1]
    return Similarity(mean, spread, np.linalg.inv((1.0 - _RIDGE) * correlation + _RIDGE * np.eye(p)))
