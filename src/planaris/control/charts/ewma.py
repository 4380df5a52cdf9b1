"""EWMA chart: a weighted mean of all points against limits that widen from the start (Roberts 1959)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planaris.control.charts.signal import ChartSignal


@dataclass(frozen=True, slots=True)
class EwmaState:
    """The weighted mean in sigma, and how many points it has seen."""

    mean: float = 0.0
    points_count: int = 0


@dataclass(frozen=True, slots=True)
class EwmaChart:
    """z_t = λ·x_t + (1 - λ)·z_(t-1) against ± L·sqrt(λ/(2 - λ)·(1 - (1 - λ)^(2t))), points in sigma from the mean.

    λ = 0.2, L = 2.962 and λ = 0.1, L = 2.814 have 500 points between false alarms (Crowder 1989; Lucas and Saccucci
    1990). ``is_exact`` false takes the limits' final width from the first point on.
    """

    weight: float = 0.2
    limit_sigma: float = 2.962
    is_exact: bool = True

    def start(self) -> EwmaState:
        """Return the state before the first point."""
        return EwmaState()

    def sigma_after(self, points_count: int) -> float:
        """Return the weighted mean's standard deviation after so many points."""
        share = 1.0 - (1.0 - self.weight) ** (2 * points_count) if self.is_exact else 1.0
        return math.sqrt(self.weight / (2.0 - self.weight) * share)

    def step(self, state: EwmaState, z: float) -> tuple[EwmaState, ChartSignal]:
        """Take a point; return (state, what the chart says). After a signal the chart begins anew."""
        now = EwmaState(state.mean + self.weight * (z - state.mean), state.points_count + 1)
        limit = self.limit_sigma * self.sigma_after(now.points_count)
        found = ("beyond_limit",) if abs(now.mean) > limit else ()
        return EwmaState() if found else now, ChartSignal(now.mean, limit if now.mean >= 0 else -limit, found)
