"""SPE, also Q: how far a point lies off the main directions of what is in control (Jackson and Mudholkar 1979)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from planaris.control.charts.signal import ChartSignal
from planaris.control.charts.subspace import Array, Subspace

# The inversion's integral is cut where its terms are below this, and has so many of them a turn of the phase.
_SMALLEST, _TERMS_PER_TURN, _LEAST_TERMS = 1e-7, 40.0, 2000
_HALVINGS = 50


def spe_limit(rest: Array, false_alarm_fraction: float) -> float:
    """Return Jackson and Mudholkar's limit of SPE for the variances (m,) of the directions left out.

    θ₁·[c·sqrt(2·θ₂·h₀²)/θ₁ + 1 + θ₂·h₀·(h₀ - 1)/θ₁²]^(1/h₀), θ_i = Σ variance^i, h₀ = 1 - 2·θ₁·θ₃/(3·θ₂²). Where the
    variances differ much it lies too far out: with one false alarm in 1000 as much as half of them are lost. The chart
    takes `spe_quantile`. Raises ValueError where nothing is left out.
    """
    theta1, theta2, theta3 = _powers(rest)
    from scipy.special import ndtri

    h0 = 1.0 - 2.0 * theta1 * theta3 / (3.0 * theta2**2)
    c = float(ndtri(1.0 - false_alarm_fraction))
    inner = c * math.sqrt(2.0 * theta2 * h0**2) / theta1 + 1.0 + theta2 * h0 * (h0 - 1.0) / theta1**2
    return theta1 * inner ** (1.0 / h0)


def spe_quantile(rest: Array, false_alarm_fraction: float) -> float:
    """Return what Σ variance·χ²₁ passes with a chance of ``false_alarm_fraction``, exactly, for variances (m,).

    By inversion of the characteristic function (Imhof, Biometrika 48 (1961) 419, eq. 3.2). Raises ValueError where
    nothing is left out.
    """
    return _quantile(tuple(np.asarray(rest, dtype=np.float64).tolist()), false_alarm_fraction)


@lru_cache(maxsize=256)
def _quantile(variances: tuple[float, ...], fraction: float) -> float:
    rest: Array = np.array(variances)
    theta1, theta2, _ = _powers(rest)
    if rest.min() == rest.max():
        from scipy.special import chdtri

        return float(rest[0] * chdtri(len(rest), fraction))
    # u·ρ(u) = 1/_SMALLEST, found from below: ρ grows with u.
    end = 1.0 / float(rest.max())
    while end * _damping(np.array([end]), rest)[0] < 1.0 / _SMALLEST:
        end *= 1.2
    high = theta1 + 40.0 * math.sqrt(2.0 * theta2)
    terms = max(_LEAST_TERMS, math.ceil(_TERMS_PER_TURN * 0.5 * high * end / (2.0 * math.pi)))
    u: Array = (np.arange(terms, dtype=np.float64) + 0.5) * (end / terms)
    turn = 0.5 * np.arctan(u[:, None] * rest).sum(axis=1)
    weight = (end / terms) / (math.pi * u * _damping(u, rest))
    low = 0.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        beyond = 0.5 + float(np.sum(weight * np.sin(turn - 0.5 * middle * u)))
        low, high = (middle, high) if beyond > fraction else (low, middle)
    return 0.5 * (low + high)


def _damping(u: Array, rest: Array) -> Array:
    """Return ρ(u) = Π (1 + variance²·u²)^¼."""
    return np.exp(0.25 * np.log1p((u[:, None] * rest) ** 2).sum(axis=1))


def _powers(rest: Array) -> tuple[float, float, float]:
    """Return Σ variance, Σ variance², Σ variance³."""
    if not len(rest):
        raise ValueError("no direction is left out: there is no SPE")
    return float(np.sum(rest)), float(np.sum(rest**2)), float(np.sum(rest**3))


@dataclass(frozen=True, slots=True)
class SpeChart:
    """Squared distance of standardised points (p,) from a subspace. A chart without memory: its state is None."""

    subspace: Subspace
    false_alarm_fraction: float = 0.0027

    @property
    def limit(self) -> float:
        """Limit of SPE."""
        return spe_quantile(self.subspace.rest, self.false_alarm_fraction)

    def start(self) -> None:
        """Return the state before the first point."""

    def step(self, state: None, z: Array) -> tuple[None, ChartSignal]:
        """Take a point; return (state, what the chart says). A contribution is the variable's squared rest."""
        del state
        _, rest = self.subspace.parts(z)
        value, limit = float(np.sum(rest**2)), self.limit
        return None, ChartSignal(value, limit, ("beyond_limit",) if value > limit else (), tuple((rest**2).tolist()))
