"""Intervals whose coverage is steered as labels come: adaptive conformal inference by regime and half of its rates.

The score of a label is its distance from the estimate in units of the method's own sigma. An interval is as wide as the
quantile of the newest scores at a level that rises after each miss and falls after each hit, so that coverage is held
in the long run whatever drifts (Gibbs and Candes, NeurIPS 2021, eq. 2). A regime's lower and upper rates are two bands
with a level each; a band with few labels of its own borrows its regime's scores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

# How fast the level follows hits and misses; how many scores a band remembers; below how many its interval is not told
# from scores but from the normal law [design, days 0 to 30].
_GAIN = 0.02
_WINDOW_COUNT = 150
_FEWEST_COUNT = 20
_LEVEL_LIMITS = (0.5, 0.998)


@dataclass(frozen=True, slots=True)
class Band:
    """One band: its newest scores, and the level of the quantile that is taken now."""

    scores: tuple[float, ...] = ()
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Conformal:
    """Intervals of a wanted coverage, e.g. 0.9."""

    coverage_fraction: float = 0.9

    def half_width(self, bands: Bands, regime: str, value: float, sigma: float) -> float:
        """Return the half width of the interval about an estimate; NaN where its sigma is not known."""
        return self._quantile(bands, regime, value) * sigma

    def learned(self, bands: Bands, regime: str, value: float, sigma: float, label: float) -> Bands:
        """Return the bands after the label of an estimate that was given with this sigma."""
        if not (math.isfinite(value) and sigma > 0):
            return bands
        score = abs(label - value) / sigma
        missed = score > self._quantile(bands, regime, value)
        name = bands.name(regime, value)
        old = bands.bands.get(name, Band())
        level = self.coverage_fraction if old.level is None else old.level
        level += _GAIN * (self.coverage_fraction - (0.0 if missed else 1.0))
        new = Band((*old.scores, score)[-_WINDOW_COUNT:], min(max(level, _LEVEL_LIMITS[0]), _LEVEL_LIMITS[1]))
        values = (*bands.values.get(regime, ()), value)[-_WINDOW_COUNT:]
        return Bands({**bands.bands, name: new}, {**bands.values, regime: values})

    def _quantile(self, bands: Bands, regime: str, value: float) -> float:
        band = bands.bands.get(bands.name(regime, value), Band())
        scores = band.scores
        if len(scores) < _FEWEST_COUNT:
            scores = tuple(s for half in ("low", "high") for s in bands.bands.get(f"{regime} {half}", Band()).scores)
        level = self.coverage_fraction if band.level is None else band.level
        if len(scores) < _FEWEST_COUNT:
            return NormalDist().inv_cdf(0.5 + 0.5 * level)
        # The conformal rank of n scores: the ceiling of level (n + 1).
        rank = math.ceil(level * (len(scores) + 1))
        ordered = np.sort(np.asarray(scores))
        return float(ordered[min(rank, len(ordered)) - 1])


@dataclass(frozen=True, slots=True)
class Bands:
    """All bands by name, and a regime's newest estimates, whose median parts its lower from its upper rates."""

    bands: Mapping[str, Band] = field(default_factory=dict[str, Band])
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])

    def name(self, regime: str, value: float) -> str:
        """Return the band of an estimate."""
        known = self.values.get(regime, ())
        return f"{regime} {'high' if known and value > float(np.median(known)) else 'low'}"
