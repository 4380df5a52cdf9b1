"""A signal in even bins of time, whatever the blocks' lengths: count, mean and noise of each bin."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from planaris.control.endpoint.signals import FloatArray


@dataclass(frozen=True, slots=True)
class Bins:
    """Closed bins, oldest first, and the one that still fills. Noise is half the mean square of neighbours' difference.

    The newest ``keep_count`` bins are kept; ``dropped_count`` have been forgotten.
    A slow drift does not show in neighbours' differences, so the noise stays that of single samples.
    """

    start_s: float
    width_s: float
    keep_count: int = 100_000
    dropped_count: int = 0
    mean: tuple[float, ...] = ()
    count: tuple[int, ...] = ()
    open_sum: float = 0.0
    open_count: int = 0
    last: float = float("nan")
    square_sum: float = 0.0
    square_count: int = 0

    @property
    def sigma(self) -> float:
        """Standard deviation of one sample's noise, NaN before two samples."""
        return (0.5 * self.square_sum / self.square_count) ** 0.5 if self.square_count else float("nan")

    @property
    def time_s(self) -> FloatArray:
        """Middles of the closed bins."""
        middles = self.dropped_count + np.arange(len(self.mean), dtype=np.float64) + 0.5
        return self.start_s + self.width_s * middles

    @property
    def closed_count(self) -> int:
        """How many bins have been closed since the start."""
        return self.dropped_count + len(self.mean)


def fill(bins: Bins, time_s: FloatArray, samples: FloatArray) -> Bins:
    """Return the bins with more samples; NaN samples are left out, a bin without any has count 0 and mean NaN."""
    mean, count, dropped = list(bins.mean), list(bins.count), bins.dropped_count
    total, n, last = bins.open_sum, bins.open_count, bins.last
    square, squares = bins.square_sum, bins.square_count
    places = np.floor((time_s - bins.start_s) / bins.width_s + 1e-9).astype(int).tolist()
    for place, value in zip(places, samples.tolist(), strict=True):
        while place > dropped + len(mean):
            mean.append(total / n if n else float("nan"))
            count.append(n)
            total, n = 0.0, 0
        if math.isnan(value) or place < dropped + len(mean):
            continue
        total, n = total + value, n + 1
        if not math.isnan(last):
            square, squares = square + (value - last) ** 2, squares + 1
        last = value
    over = max(0, len(mean) - bins.keep_count)
    return replace(
        bins,
        dropped_count=dropped + over,
        mean=tuple(mean[over:]),
        count=tuple(count[over:]),
        open_sum=total,
        open_count=n,
        last=last,
        square_sum=square,
        square_count=squares,
    )
