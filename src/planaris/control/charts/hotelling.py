"""Hotelling's T²: how far a point lies along the main directions of what is in control (Hotelling 1947)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from planaris.control.charts.signal import ChartSignal
from planaris.control.charts.subspace import Array, Subspace


@lru_cache(maxsize=256)
def t2_limit(variables_count: int, trained_count: int, false_alarm_fraction: float) -> float:
    """Return the limit of a new point's T², p(n+1)(n-1)/(n(n-p))·F_(1-a; p, n-p): p variables learned from n points.

    Raises ValueError where n ≤ p.
    """
    p, n = variables_count, trained_count
    if n <= p:
        raise ValueError(f"{n} points teach no covariance of {p} variables")
    from scipy.special import fdtri

    return p * (n + 1) * (n - 1) / (n * (n - p)) * float(fdtri(p, n - p, 1.0 - false_alarm_fraction))


@dataclass(frozen=True, slots=True)
class HotellingChart:
    """T² of standardised points (p,) in a subspace's main directions. A chart without memory: its state is None."""

    subspace: Subspace
    false_alarm_fraction: float = 0.0027

    @property
    def limit(self) -> float:
        """Limit of T²."""
        k = len(self.subspace.variances)
        return t2_limit(k, self.subspace.trained_count, self.false_alarm_fraction)

    def start(self) -> None:
        """Return the state before the first point."""

    def step(self, state: None, z: Array) -> tuple[None, ChartSignal]:
        """Take a point; return (state, what the chart says). Contributions are z times its pull on T²: they add up."""
        del state
        scores, _ = self.subspace.parts(z)
        pull = self.subspace.loadings @ (scores / self.subspace.variances)
        value, limit = float(np.sum(scores**2 / self.subspace.variances)), self.limit
        return None, ChartSignal(value, limit, ("beyond_limit",) if value > limit else (), tuple((z * pull).tolist()))
