"""Pad freshness: contacts wear flat under load and are renewed by the conditioner; break-in of a new pad."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from planaris.physics._namespace import Array, ArrayLike, array_namespace


@dataclass(frozen=True, slots=True)
class FreshnessConstants:
    """Equal populations of contacts whose wear constants stand in a geometric row.

    ``wear_per_kPa_m`` is w of the middle one in dθ/dt = c(1−θ) − w·P·V·θ, with the wafer's P·V on a track that lies
    under it for ``track_exposure_fraction`` of a turn (the published tests); ``wear_spread_ratio`` steps between
    populations; ``beta_fraction`` is β in f = 1 − β(1−θ). Jeong 2024, Lawing 2004, fit of this project.
    """

    beta_fraction: float = 0.34
    wear_per_kPa_m: float = 6.1e-5
    wear_spread_ratio: float = 4.0
    population_count: int = 3
    track_exposure_fraction: float = 0.26


@lru_cache(maxsize=64)
def population_wear_per_kPa_m(constants: FreshnessConstants) -> tuple[float, ...]:
    """Return each population's wear constant for P·V averaged over the pad ring's whole turn, slowest first."""
    middle = 0.5 * (constants.population_count - 1)
    scale = constants.wear_per_kPa_m / constants.track_exposure_fraction
    return tuple(scale * constants.wear_spread_ratio ** (k - middle) for k in range(int(constants.population_count)))


def freshness_rates(pv_ring_kPa_m_s: Array, renewal_per_s: Array, constants: FreshnessConstants) -> tuple[Array, Array]:
    """Return (target, rate_per_s) of each population in each ring, both (n_t, n_pop, n_ring).

    pv_ring_kPa_m_s (n_t, n_ring): P·V averaged over the ring's circumference; renewal_per_s c, (n_t, n_ring) or
    (n_ring,). Exact step: θ ← target + (θ − target)·e^(−rate·dt), which keeps θ in [0, 1].
    """
    xp = array_namespace(pv_ring_kPa_m_s, renewal_per_s)
    wear = xp.asarray(population_wear_per_kPa_m(constants))[:, None]
    renew = renewal_per_s[..., None, :]
    rate = renew + wear * xp.maximum(pv_ring_kPa_m_s, 0.0)[..., None, :]
    return renew / xp.where(rate > 0.0, rate, 1.0), rate


def freshness(populations: Array) -> Array:
    """Return θ (..., n_ring), the mean of the populations (..., n_pop, n_ring)."""
    count = populations.shape[-2]
    total = populations[..., 0, :]
    for k in range(1, count):
        total = total + populations[..., k, :]
    return total / count


def rate_factor(theta: ArrayLike, beta_fraction: float) -> Array:
    """Return f = 1 − β(1−θ)."""
    xp = array_namespace(theta)
    return 1.0 - beta_fraction * (1.0 - xp.asarray(theta))


def break_in_factor(conditioned_s: ArrayLike, gain_pct: float, break_in_s: float) -> Array:
    """Return a new pad's rate relative to its broken-in one, after ``conditioned_s`` of conditioning.

    The rate gains ``gain_pct`` over ``break_in_s``, 95 % of it by then (+7 to +24 % in 50–130 min, Jeong 2021, S).
    """
    xp = array_namespace(conditioned_s)
    missing = xp.exp(xp.asarray(conditioned_s) * (math.log(0.05) / break_in_s))
    return 1.0 - missing * (gain_pct / (100.0 + gain_pct))
