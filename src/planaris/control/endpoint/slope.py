"""Slope change: a signal that has been changing levels off (or the other way round)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from planaris.control.endpoint.binned import Bins, fill
from planaris.control.endpoint.decision import Decision, DecisionKind
from planaris.control.endpoint.sensor_health import SensorHealth, SensorLimits, check_samples
from planaris.control.endpoint.signals import has_signal, signal
from planaris.model import Block

_BIN_S = 0.25
# A slope counts where it stands this many of its own deviations beyond the threshold.
_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class SlopeState:
    """Bins of the signal, health of its sensor, and whether the steep part has been seen."""

    bins: Bins
    health: SensorHealth = field(default_factory=SensorHealth)
    steep_s: float | None = None
    tested_count: int = 0


@dataclass(frozen=True, slots=True)
class SlopeChange:
    """Call when the signal's slope, after it passed ``steep_per_s``, is back within ``level_per_s`` of zero.

    Slopes are relative to the signal's mean, by a straight line through the last ``window_s``; a negative
    ``steep_per_s`` waits for a falling signal. The line's middle is half a window old: that delay is the method's.
    """

    source: str
    steep_per_s: float
    level_per_s: float
    limits: SensorLimits
    window_s: float = 5.0
    settle_s: float = 5.0

    def start(self, start_s: float) -> SlopeState:
        """Return the state at the start of a step."""
        return SlopeState(Bins(start_s + self.settle_s, _BIN_S, round(self.window_s / _BIN_S)))

    def step(self, state: SlopeState, block: Block) -> tuple[SlopeState, Decision]:
        """Take one block that may carry the signal."""
        now_s = float(block.time_s[-1])
        if not has_signal(block, self.source):
            return state, Decision(DecisionKind.NONE, now_s)
        health, samples = check_samples(state.health, signal(block, self.source), self.limits)
        state = replace(state, health=health, bins=fill(state.bins, block.time_s, samples))
        if health.fault:
            # The steep part must be seen again by a sensor that is well.
            return replace(state, steep_s=None), Decision(DecisionKind.FAULT, now_s, f"{self.source}: {health.fault}")
        slope = self._slope_per_s(state.bins)
        if slope is None or state.bins.closed_count == state.tested_count:
            return state, Decision(DecisionKind.NONE, now_s)
        value, sigma = slope
        sign = 1.0 if self.steep_per_s > 0.0 else -1.0
        if state.steep_s is None and sign * value - _SIGMAS * sigma > abs(self.steep_per_s):
            state = replace(state, steep_s=now_s)
        state = replace(state, tested_count=state.bins.closed_count)
        if state.steep_s is not None and sign * value + sigma < self.level_per_s:
            why = f"{self.source} levelled off: slope {value:.2g} of its mean a second"
            return state, Decision(DecisionKind.CALL, now_s, why, endpoint_s=now_s, confidence_fraction=1.0)
        return state, Decision(DecisionKind.NONE, now_s)

    def _slope_per_s(self, bins: Bins) -> tuple[float, float] | None:
        """Return the relative slope of the last window and its deviation; None before a window is full."""
        width = round(self.window_s / _BIN_S)
        if len(bins.mean) < width:
            return None
        y, n = np.asarray(bins.mean[-width:]), np.asarray(bins.count[-width:], dtype=np.float64)
        use = n > 0
        if np.count_nonzero(use) < width // 2:
            return None
        x = _BIN_S * np.arange(width)[use]
        y, n = y[use], n[use]
        x = x - np.average(x, weights=n)
        level, spread = float(np.average(y, weights=n)), float(np.sum(n * x * x))
        return float(np.sum(n * x * y)) / spread / level, bins.sigma / abs(level) / spread**0.5
