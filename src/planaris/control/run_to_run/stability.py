"""Stability of constant-gain run-to-run control under late labels: margins, worked out from the loop's polynomial.

A label is d runs late, is taken against the input of its own run, and the model's gain is wrong by ξ = β/b: the loop's
characteristic polynomial is z^(d+1) − (1−λ)·z^d − λ(1−ξ). Inputs that are blamed for a later run's result (pure
integral action) give z^(d+1) − z^d + k, stable for k < 2·sin(π/(2(2d+1))).
"""

from __future__ import annotations

import math

import numpy as np

# The largest weight is searched up to this: beyond, no delay of one run or more is stable at any ξ of practice.
_HIGHEST_WEIGHT = 8.0
_TOLERANCE = 1e-6


def spectral_radius(weight_fraction: float, gain_ratio: float, delay_count: int) -> float:
    """Return the largest modulus of the loop's roots: below 1 it is stable, and errors fall by it from run to run."""
    if delay_count == 0:
        return abs(1.0 - weight_fraction * gain_ratio)
    coefficients = np.zeros(delay_count + 2)
    coefficients[0], coefficients[1] = 1.0, -(1.0 - weight_fraction)
    coefficients[-1] += -weight_fraction * (1.0 - gain_ratio)
    return float(np.abs(np.roots(coefficients)).max())


def highest_weight(gain_ratio: float, delay_count: int) -> float:
    """Return the weight λ at which the loop stops being stable as it rises from 0."""
    step = 0.01
    weights = np.arange(step, _HIGHEST_WEIGHT, step)
    unstable = next((w for w in weights if spectral_radius(float(w), gain_ratio, delay_count) >= 1.0), _HIGHEST_WEIGHT)
    low, high = unstable - step, float(unstable)
    while high - low > _TOLERANCE:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if spectral_radius(middle, gain_ratio, delay_count) < 1.0 else (low, middle)
    return low


def highest_integral_gain(delay_count: int) -> float:
    """Return the gain below which pure integral action is stable with a delay of so many runs."""
    return 2.0 * math.sin(math.pi / (2.0 * (2.0 * delay_count + 1.0)))
