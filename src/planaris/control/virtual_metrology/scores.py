"""Scores with standard errors: squared errors and their differences, over days that each count as one draw.

Errors of one day go together (the same pad, the same drift), so a standard error takes the day's sum as the independent
draw: sqrt(sum over days of (sum over the day of (x - mean))^2) / n, the cluster-robust form (Liang and Zeger 1986).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its standard error over days; NaN both for nothing."""

    mean: float
    standard_error: float
    count: int


def mean_of(values: Floats, time_s: Floats) -> Mean:
    """Return the mean of values (n,) that belong to times (n,), with its standard error over days."""
    n = len(values)
    if not n:
        return Mean(float("nan"), float("nan"), 0)
    mean = float(values.mean())
    _, day = np.unique(np.floor((time_s - time_s.min()) / _DAY_S), return_inverse=True)
    sums = np.bincount(day, values - mean)
    return Mean(mean, float(np.sqrt((sums**2).sum()) / n), n)


def mean_square(estimates: Floats, labels: Floats, time_s: Floats) -> Mean:
    """Return the mean square error of estimates (n,) where both are known."""
    known = np.isfinite(estimates) & np.isfinite(labels)
    return mean_of((estimates[known] - labels[known]) ** 2, time_s[known])


def paired_difference(one: Floats, other: Floats, labels: Floats, time_s: Floats) -> Mean:
    """Return the mean of (error of one)^2 - (error of other)^2 over the steps that both estimate."""
    known = np.isfinite(one) & np.isfinite(other) & np.isfinite(labels)
    squares = (one[known] - labels[known]) ** 2 - (other[known] - labels[known]) ** 2
    return mean_of(squares, time_s[known])


def coverage(low: Floats, high: Floats, labels: Floats, time_s: Floats) -> Mean:
    """Return the share of labels (n,) that their intervals hold, as a fraction; a step without interval is left out."""
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(labels)
    inside = (low[known] <= labels[known]) & (labels[known] <= high[known])
    return mean_of(inside.astype(np.float64), time_s[known])


def quarters(values: Floats) -> NDArray[np.int64]:
    """Return the quarter, 0 to 3, that each value (n,) stands in among all."""
    return np.searchsorted(np.quantile(values, (0.25, 0.5, 0.75)), values, side="right").astype(np.int64)
