"""The covariance of removal rates: drift in time, wear of consumables, what the trace says, each regime's level.

Between two steps, k = s_r s_r' (sum of the parts below); r is the regime, C the correlation between two regimes of one
line (1 within a regime):

- drift: three Ornstein-Uhlenbeck processes, a exp(-|t - t'| / l) C, of hours, days and weeks;
- wear: Matern 3/2 over the usage counters, a length each, a (1 + sqrt3 d) exp(-sqrt3 d) C;
- trace: a squared exponential over the features, a length each, a exp(-d^2 / 2) C;
- level and slopes: within a regime, a constant and a linear form in the features with a weight each.

Source of the parts: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. 4.9, 4.14, 4.17 and
5.9 (gradient of the marginal likelihood).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_ROOT3 = float(np.sqrt(3.0))
DRIFTS_COUNT = 3


@dataclass(frozen=True, slots=True)
class Inputs:
    """Steps of one line as the covariance sees them.

    ``time_h`` (n,), ``regime`` (n,) from 0, ``wear`` (n, m) and ``trace`` (n, p), both without unit.
    """

    time_h: Floats
    regime: Ints
    wear: Floats
    trace: Floats

    @property
    def count(self) -> int:
        """Number of steps."""
        return len(self.time_h)

    def rows(self, chosen: slice | Ints) -> Inputs:
        """Return some of the steps."""
        return Inputs(self.time_h[chosen], self.regime[chosen], self.wear[chosen], self.trace[chosen])

    def joined(self, other: Inputs) -> Inputs:
        """Return these steps followed by others."""
        return Inputs(
            np.concatenate((self.time_h, other.time_h)),
            np.concatenate((self.regime, other.regime)),
            np.concatenate((self.wear, other.wear)),
            np.concatenate((self.trace, other.trace)),
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """How many regimes, counters and features a covariance has; where each parameter stands in its vector."""

    regimes: int
    counters: int
    features: int

    @property
    def sizes(self) -> tuple[tuple[str, int], ...]:
        """Name and length of every group of parameters, in order."""
        r, m, p = self.regimes, self.counters, self.features
        return (
            ("scale", r),
            ("noise", r),
            ("level", 1),
            ("drift", DRIFTS_COUNT),
            ("drift_h", DRIFTS_COUNT),
            ("wear", 1),
            ("wear_length", m),
            ("trace", 1),
            ("trace_weight", p),
            ("slope", r * p),
            ("tie", DRIFTS_COUNT + 2),
        )

    @property
    def length(self) -> int:
        """Number of parameters."""
        return sum(size for _, size in self.sizes)

    def part(self, vector: Floats, name: str) -> Floats:
        """Return the view of one group of parameters; a write into it writes into the vector."""
        start = 0
        for known, size in self.sizes:
            if known == name:
                return vector[start : start + size]
            start += size
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Parts:
    """The covariance between two sets of steps, before scale, part by part; all (n, n')."""

    drift: tuple[Floats, ...]
    lag_h: Floats
    wear: Floats
    wear_slope: Floats
    trace: Floats
    own: Floats
    same: NDArray[np.bool_]


def ties(shape: Shape, vector: Floats) -> Floats:
    """Return the correlations between two regimes of a line, in the order drifts, wear, trace."""
    return 1.0 / (1.0 + np.exp(-shape.part(vector, "tie")))


def parts(shape: Shape, vector: Floats, one: Inputs, other: Inputs) -> Parts:
    """Return the parts of the covariance between two sets of steps.

    ``vector`` holds logarithms, and for ``tie`` logits; its layout is that of ``shape``.
    """
    same = one.regime[:, None] == other.regime[None, :]
    tie = ties(shape, vector)
    lag_h = np.abs(one.time_h[:, None] - other.time_h[None, :])
    a, length_h = np.exp(shape.part(vector, "drift")), np.exp(shape.part(vector, "drift_h"))
    drift = tuple(a[i] * np.exp(-lag_h / length_h[i]) * np.where(same, 1.0, tie[i]) for i in range(DRIFTS_COUNT))
    lengths = np.exp(-shape.part(vector, "wear_length"))
    d = np.sqrt(_squares(one.wear * lengths, other.wear * lengths))
    fall = np.exp(shape.part(vector, "wear")) * np.exp(-_ROOT3 * d) * np.where(same, 1.0, tie[DRIFTS_COUNT])
    weights = np.exp(shape.part(vector, "trace_weight"))
    near = np.exp(-0.5 * _squares(one.trace * weights, other.trace * weights))
    near = np.exp(shape.part(vector, "trace")) * near * np.where(same, 1.0, tie[DRIFTS_COUNT + 1])
    slopes = np.exp(shape.part(vector, "slope")).reshape(shape.regimes, shape.features)
    linear = (one.trace * slopes[one.regime]) @ (other.trace * slopes[other.regime]).T
    own = np.where(same, np.exp(shape.part(vector, "level")) + linear, 0.0)
    return Parts(drift, lag_h, (1.0 + _ROOT3 * d) * fall, 3.0 * fall, near, own, same)


def covariance(shape: Shape, vector: Floats, one: Inputs, other: Inputs) -> Floats:
    """Return the covariance (n, n') of the noise-free values of two sets of steps."""
    p = parts(shape, vector, one, other)
    scale = np.exp(shape.part(vector, "scale"))
    total = sum(p.drift) + p.wear + p.trace + p.own
    return scale[one.regime][:, None] * scale[other.regime][None, :] * total


def prior_variance(shape: Shape, vector: Floats, steps: Inputs) -> Floats:
    """Return the variance (n,) of the noise-free values, without the matrix."""
    scale = np.exp(shape.part(vector, "scale"))
    slopes = np.exp(shape.part(vector, "slope")).reshape(shape.regimes, shape.features)
    linear = ((steps.trace * slopes[steps.regime]) ** 2).sum(axis=1)
    fixed = sum(np.exp(shape.part(vector, name)).sum() for name in ("drift", "wear", "trace", "level"))
    return scale[steps.regime] ** 2 * (fixed + linear)


def noise_variance(shape: Shape, vector: Floats, steps: Inputs) -> Floats:
    """Return the variance (n,) of a label about its noise-free value."""
    return np.exp(shape.part(vector, "noise"))[steps.regime]


def gradient(shape: Shape, vector: Floats, steps: Inputs, weight: Floats) -> tuple[Floats, Floats]:
    """Return the covariance of the steps with itself and the slopes of sum(weight * K) in every parameter.

    ``weight`` (n, n) is symmetric. The noise stands in K's diagonal here.
    """
    p = parts(shape, vector, steps, steps)
    r = steps.regime
    scale = np.exp(shape.part(vector, "scale"))
    outer = scale[r][:, None] * scale[r][None, :]
    clean = outer * (sum(p.drift) + p.wear + p.trace + p.own)
    w = weight * outer
    out = np.zeros(shape.length)
    put = shape.part
    by_row = (weight * clean).sum(axis=1)
    put(out, "scale")[:] = 2.0 * np.bincount(r, by_row, shape.regimes)
    noise = noise_variance(shape, vector, steps)
    put(out, "noise")[:] = np.bincount(r, np.diag(weight) * noise, shape.regimes)
    put(out, "level")[:] = np.exp(put(vector, "level")) * w[p.same].sum()
    tie = ties(shape, vector)
    apart = ~p.same
    length_h = np.exp(put(vector, "drift_h"))
    for i, part in enumerate(p.drift):
        weighted = w * part
        put(out, "drift")[i] = weighted.sum()
        put(out, "drift_h")[i] = (weighted * p.lag_h).sum() / length_h[i]
        put(out, "tie")[i] = (1.0 - tie[i]) * weighted[apart].sum()
    weighted = w * p.wear
    put(out, "wear")[:] = weighted.sum()
    put(out, "tie")[DRIFTS_COUNT] = (1.0 - tie[DRIFTS_COUNT]) * weighted[apart].sum()
    scaled = steps.wear * np.exp(-put(vector, "wear_length"))
    put(out, "wear_length")[:] = _square_sums(w * p.wear_slope, scaled)
    weighted = w * p.trace
    put(out, "trace")[:] = weighted.sum()
    put(out, "tie")[DRIFTS_COUNT + 1] = (1.0 - tie[DRIFTS_COUNT + 1]) * weighted[apart].sum()
    put(out, "trace_weight")[:] = -_square_sums(weighted, steps.trace * np.exp(put(vector, "trace_weight")))
    slopes = np.exp(put(vector, "slope")).reshape(shape.regimes, shape.features)
    for regime in range(shape.regimes):
        inside = np.flatnonzero(r == regime)
        f = steps.trace[inside] * slopes[regime]
        first = regime * shape.features
        put(out, "slope")[first : first + shape.features] = 2.0 * (f * (w[np.ix_(inside, inside)] @ f)).sum(axis=0)
    return clean + np.diag(noise), out


def _squares(one: Floats, other: Floats) -> Floats:
    """Return squared distances (n, n') between rows."""
    d = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :] - 2.0 * one @ other.T
    return np.maximum(d, 0.0)


def _square_sums(weight: Floats, rows: Floats) -> Floats:
    """Return, for each column f of ``rows``, the sum of weight_ij (f_i - f_j)^2, without n^2 memory per column."""
    return 2.0 * (weight.sum(axis=1)[:, None] * rows**2).sum(axis=0) - 2.0 * (rows * (weight @ rows)).sum(axis=0)
