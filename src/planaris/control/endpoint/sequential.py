"""Sequential tests on a stream of samples: CUSUM and Wald's SPRT for a shift of the mean of Gaussian noise."""

from __future__ import annotations

import math

import numpy as np

from planaris.control.endpoint.signals import FloatArray


def cusum(start: float, score: FloatArray) -> FloatArray:
    """Return S_i = max(0, S_{i-1} + score_i) for all samples, from S = start (Page 1954).

    With log-likelihood ratios as scores it is the repeated SPRT that has never accepted the null hypothesis.
    """
    total = np.cumsum(score)
    lowest = np.minimum(np.minimum.accumulate(total), -start)
    return total - lowest


def shift_scores(sample: FloatArray, low: float, high: float, sigma: float) -> FloatArray:
    """Return log-likelihood ratios of mean ``high`` against mean ``low`` with deviation ``sigma``.

    ln(f1/f0) = (high − low)/σ²·(x − (low + high)/2); positive above the middle.
    """
    return (high - low) / sigma**2 * (sample - 0.5 * (low + high))


def sprt_bounds(false_call_fraction: float, missed_fraction: float) -> tuple[float, float]:
    """Return Wald's bounds (accept null, accept shift) of a summed log-likelihood ratio (Wald 1945)."""
    a, b = false_call_fraction, missed_fraction
    return math.log(b / (1.0 - a)), math.log((1.0 - b) / a)


def cusum_threshold(false_call_fraction: float, sample_count: float) -> float:
    """Return the height of a CUSUM of log-likelihood ratios that ``sample_count`` samples of noise cross that rarely.

    An SPRT from zero crosses height h with probability at most e^−h and each sample may begin one (Lorden 1971), so
    sample_count·e^−h bounds the chance.
    """
    return math.log(sample_count / false_call_fraction)
