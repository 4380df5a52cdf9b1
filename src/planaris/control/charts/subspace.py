"""The correlation of variables in control, split into main directions and a rest: what T² and SPE stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Subspace:
    """Principal directions of p standardised variables learned from n wafers.

    ``loadings`` (p, k) and ``variances`` (k,) of the main directions, ``rest`` (p - k,) variances of the others.
    """

    loadings: Array
    variances: Array
    rest: Array
    trained_count: int

    @classmethod
    def of(cls, correlation: Array, trained_count: int, directions_count: int) -> Self:
        """Split a correlation matrix (p, p). Raises ValueError where k is not between 1 and p."""
        size = len(correlation)
        if not 1 <= directions_count <= size:
            raise ValueError(f"{directions_count} main directions of {size} variables")
        values, vectors = np.linalg.eigh(correlation)
        order = np.argsort(values)[::-1]
        values, vectors = np.maximum(values[order], 1e-12), vectors[:, order]
        k = directions_count
        return cls(vectors[:, :k], values[:k], values[k:], trained_count)

    def parts(self, z: Array) -> tuple[Array, Array]:
        """Return (scores (k,), rest (p,)) of a point (p,)."""
        scores = self.loadings.T @ z
        return scores, z - self.loadings @ scores
