"""SPE, also Q: how far a point lies off the main directions of what is in control (Jackson and Mudholkar 1979)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planaris.control.charts.signal import ChartSignal
from planaris.control.charts.subspace import Array, Subspace


def spe_limit(rest: Array, false_alarm_fraction: float) -> float:
    """Return Jackson and Mudholkar's limit of SPE for the variances (m,) of the directions left out.

    θ₁·[c·sqrt(2·θ₂·h₀²)/θ₁ + 1 + θ₂·h₀·(h₀ - 1)/θ₁²]^(1/h₀), θ_i = Σ variance^i, h₀ = 1 - 2·θ₁·θ₃/(3·θ₂²).
    Raises ValueError where nothing is left out.
    """
    if not len(rest):
        raise ValueError("no direction is left out: there is no SPE")
    from scipy.special import ndtri

    theta = [float(np.sum(rest**power)) for power in (1, 2, 3)]
    h0 = 1.0 - 2.0 * theta[0] * theta[2] / (3.0 * theta[1] ** 2)
    c = float(ndtri(1.0 - false_alarm_fraction))
    inner = c * math.sqrt(2.0 * theta[1] * h0**2) / theta[0] + 1.0 + theta[1] * h0 * (h0 - 1.0) / theta[0] ** 2
    return theta[0] * inner ** (1.0 / h0)


@dataclass(frozen=True, slots=True)
class SpeChart:
    """Squared distance of standardised points (p,) from a subspace. A chart without memory: its state is None."""

    subspace: Subspace
    false_alarm_fraction: float = 0.0027

    @property
    def limit(self) -> float:
        """Limit of SPE."""
        return spe_limit(self.subspace.rest, self.false_alarm_fraction)

    def start(self) -> None:
        """Return the state before the first point."""

    def step(self, state: None, z: Array) -> tuple[None, ChartSignal]:
        """Take a point; return (state, what the chart says). A contribution is the variable's squared rest."""
        del state
        _, rest = self.subspace.parts(z)
        value, limit = float(np.sum(rest**2)), self.limit
        return None, ChartSignal(value, limit, ("beyond_limit",) if value > limit else (), tuple((rest**2).tolist()))
