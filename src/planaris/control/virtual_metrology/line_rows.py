"""Labelled steps of a line as rows of numbers, and how they are scaled for a covariance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planaris.control.virtual_metrology.kernel import Floats, Inputs, Ints

# Fewer labels than this in a regime tell no level of its own [design].
_FEWEST_LEVEL_COUNT = 5
# A feature further from its centre than this many spreads counts as that far [design].
_REACH_SPREADS = 4.0


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Labelled steps as they came: ends and labels (n,), regimes (n,), counters (n, m), features (n, p) with NaN."""

    end_s: Floats
    labels: Floats
    regime: Ints
    wear: Floats
    trace: Floats

    def rows(self, chosen: slice | Ints) -> LabelledRows:
        """Return some of the rows."""
        return LabelledRows(
            self.end_s[chosen], self.labels[chosen], self.regime[chosen], self.wear[chosen], self.trace[chosen]
        )

    def last(self, count: int) -> LabelledRows:
        """Return the newest rows."""
        return self.rows(slice(max(0, len(self.labels) - count), None))

    def joined(self, row: LabelledRows) -> LabelledRows:
        """Return these rows followed by others."""
        return LabelledRows(
            np.concatenate((self.end_s, row.end_s)),
            np.concatenate((self.labels, row.labels)),
            np.concatenate((self.regime, row.regime)),
            np.concatenate((self.wear, row.wear)),
            np.concatenate((self.trace, row.trace)),
        )


@dataclass(frozen=True, slots=True)
class Scaling:
    """How raw numbers become the covariance's: a regime's own level, centre and spread; counters by their span."""

    levels: Floats
    spread: float
    centers: Floats
    spreads: Floats
    wear_centers: Floats
    wear_spans: Floats

    def inputs(self, raw: LabelledRows) -> Inputs:
        """Return rows as a covariance sees them; a number that is not told counts as its centre."""
        center, spread = self.centers[raw.regime], self.spreads[raw.regime]
        trace = np.where(np.isfinite(raw.trace), (raw.trace - center) / spread, 0.0)
        wear = np.where(np.isfinite(raw.wear), 2.0 * (raw.wear - self.wear_centers) / self.wear_spans, 0.0)
        return Inputs(raw.end_s / 3600.0, raw.regime, wear, np.clip(trace, -_REACH_SPREADS, _REACH_SPREADS))

    def targets(self, raw: LabelledRows) -> Floats:
        """Return labels (n,) about their regime's level, in spreads."""
        return (raw.labels - self.levels[raw.regime]) / self.spread


def scaling_of(base: LabelledRows, regimes: int) -> Scaling:
    """Return the scaling that labelled rows tell; raises ValueError without any."""
    if not len(base.labels):
        raise ValueError("no labelled rows to scale by")
    whole = float(base.labels.mean())
    levels, centers, spreads = np.zeros(regimes), [], []
    for regime in range(regimes):
        own = base.regime == regime
        levels[regime] = base.labels[own].mean() if own.sum() >= _FEWEST_LEVEL_COUNT else whole
        rows = base.trace[own] if own.sum() >= _FEWEST_LEVEL_COUNT else base.trace
        told = np.isfinite(rows)
        count = np.maximum(told.sum(axis=0), 1)
        center = np.array([float(np.median(c[t])) if t.any() else 0.0 for c, t in zip(rows.T, told.T, strict=True)])
        spread = np.sqrt((np.where(told, rows - center, 0.0) ** 2).sum(axis=0) / count)
        centers.append(center)
        spreads.append(np.where(spread > 1e-9 * np.maximum(np.abs(center), 1.0), spread, 1.0))
    low, high = _ends(base.wear)
    deviation = float((base.labels - levels[base.regime]).std())
    return Scaling(
        levels,
        deviation if deviation > 0 else 1.0,
        np.stack(centers),
        np.stack(spreads),
        0.5 * (low + high),
        np.where(high > low, high - low, 1.0),
    )


def _ends(wear: Floats) -> tuple[Floats, Floats]:
    told = np.isfinite(wear)
    low = np.where(told, wear, np.inf).min(axis=0, initial=np.inf)
    high = np.where(told, wear, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)


def picked(features: Mapping[str, float], names: tuple[str, ...]) -> Floats:
    """Return features by name as an array, NaN where one is not told."""
    return np.array([features.get(name, math.nan) for name in names], dtype=np.float64)
