"""Pad freshness: contacts wear flat under load and are renewed by the conditioner."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace


@dataclass(frozen=True, slots=True)
class FreshnessConstants:
    """Populations of contacts that wear at different pace.

    weights sum to 1; wear_per_kPa_m is w in dθ/dt = c(1−θ) − w·P·V·θ for each population; rate_weight is β in
    f = 1 − β(1−θ). Fit: see FRESHNESS.
    """

    weights: tuple[float, ...]
    wear_per_kPa_m: tuple[float, ...]
    rate_weight: float = 0.34


FRESHNESS = FreshnessConstants(weights=(0.4, 0.3, 0.3), wear_per_kPa_m=(1.0e-3, 2.0e-4, 3.0e-5))


def freshness_rates(pv_ring_kPa_m_s: Array, renewal_per_s: Array, constants: FreshnessConstants) -> tuple[Array, Array]:
    """Return (target, rate_per_s) of each population in each ring, both (n_t, n_pop, n_ring).

    pv_ring_kPa_m_s (n_t, n_ring): P·V as the ring sees it, averaged over its circumference; renewal_per_s c
    (n_t, n_ring) or (n_ring,). Exact step: θ ← target + (θ − target)·e^(−rate·dt), which keeps θ in [0, 1].
    """
    xp = array_namespace(pv_ring_kPa_m_s, renewal_per_s)
    wear = xp.asarray(constants.wear_per_kPa_m)[:, None]
    renew = renewal_per_s[..., None, :]
    rate = renew + wear * xp.maximum(pv_ring_kPa_m_s, 0.0)[..., None, :]
    renew = renew + xp.zeros_like(rate)
    return renew / xp.where(rate > 0.0, rate, 1.0), rate


def freshness(populations: Array, constants: FreshnessConstants) -> Array:
    """Return θ (..., n_ring) from populations (..., n_pop, n_ring)."""
    xp = array_namespace(populations)
    weights = xp.asarray(constants.weights)[:, None]
    return xp.sum(populations * weights, axis=-2)


def rate_factor(theta: ArrayLike, constants: FreshnessConstants) -> Array:
    """Return f = 1 − β(1−θ)."""
    xp = array_namespace(theta)
    return 1.0 - constants.rate_weight * (1.0 - xp.asarray(theta))
