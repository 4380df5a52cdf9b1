"""Clearing by friction: the torque steps from one film's level to the next film's; a CUSUM finds the step early."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from planaris.control.endpoint.binned import Bins, fill
from planaris.control.endpoint.decision import Decision, DecisionKind
from planaris.control.endpoint.sensor_health import SensorHealth, SensorLimits, check_samples
from planaris.control.endpoint.sequential import cusum, cusum_threshold, shift_scores
from planaris.control.endpoint.signals import FloatArray, has_signal, signal
from planaris.model import Block

_BIN_S = 0.25
# The baseline stands still where the mean of a few seconds has moved by the first share of the step, and follows again
# only where the mean of many seconds is back below the second: noise as large as the step must not undo a transition.
_MOVED_FRACTION, _MOVED_S = 0.32, 4.0
_BACK_FRACTION, _BACK_S = 0.15, 10.0
# Baselines of less than this share of their time are not tested against.
_RIPE_FRACTION = 0.75


@dataclass(frozen=True, slots=True)
class FrictionClearing:
    """Call when the signal has stepped by ``step_fraction`` of its level (negative where friction falls).

    Baseline: mean of the ``baseline_s`` that ended ``guard_s`` ago, so that a transition does not spoil it; it stands
    still once the signal moves. The CUSUM tests all of the step against ``open_fraction`` of it, so that it rises while
    more than the middle of both is clear; ``false_call_fraction`` bounds false calls of a step by noise (Lorden 1971).
    """

    step_fraction: float
    limits: SensorLimits
    source: str = "torque_Nm"
    settle_s: float = 5.0
    baseline_s: float = 20.0
    guard_s: float = 10.0
    open_fraction: float = 0.12
    false_call_fraction: float = 1e-5
    longest_s: float = 100.0

    def start(self, start_s: float) -> FrictionState:
        """Return the state at the start of a step."""
        kept = round((self.guard_s + self.baseline_s) / _BIN_S)
        return FrictionState(Bins(start_s + self.settle_s, _BIN_S, kept))

    def step(self, state: FrictionState, block: Block) -> tuple[FrictionState, Decision]:
        """Take one block of the platen's fast sensors."""
        now_s = float(block.time_s[-1])
        if not has_signal(block, self.source):
            return state, Decision(DecisionKind.NONE, now_s)
        health, samples = check_samples(state.health, signal(block, self.source), self.limits)
        bins = fill(state.bins, block.time_s, samples)
        state = replace(state, health=health, bins=bins)
        if health.fault:
            # What came before the fault is no evidence of what comes after it.
            state = replace(state, score=0.0, tested_count=bins.closed_count, moved_s=None)
            return state, Decision(DecisionKind.FAULT, now_s, f"{self.source}: {health.fault}")
        return self._test(state, now_s)

    def _test(self, state: FrictionState, now_s: float) -> tuple[FrictionState, Decision]:
        bins = state.bins
        last = bins.closed_count
        if last == state.tested_count:
            return state, Decision(DecisionKind.NONE, now_s)
        first = max(0, state.tested_count - bins.dropped_count)
        mean, count = np.asarray(bins.mean), np.asarray(bins.count, dtype=np.float64)
        baseline = state.baseline if state.moved_s is not None else self._baseline(mean, count)
        if not np.isfinite(baseline) or not bins.sigma > 0.0:
            return replace(state, tested_count=last), Decision(DecisionKind.NONE, now_s)
        low, high = baseline, baseline * (1.0 + self.step_fraction)
        still = low + self.open_fraction * (high - low)
        use = count[first:] > 0
        scores = np.where(use, count[first:] * shift_scores(mean[first:], still, high, bins.sigma), 0.0)
        sums = cusum(state.score, scores)
        zeros = np.flatnonzero(sums <= 0.0)
        change_s = float(bins.time_s[first + zeros[-1]]) if zeros.size else state.change_s
        over_s, limit = (_MOVED_S, _MOVED_FRACTION) if state.moved_s is None else (_BACK_S, _BACK_FRACTION)
        moved = _moved_fraction(mean, count, low, high, over_s) > limit
        moved_s = (state.moved_s if state.moved_s is not None else now_s) if moved else None
        state = replace(
            state,
            baseline=baseline,
            score=float(sums[-1]),
            change_s=change_s,
            tested_count=last,
            moved_s=moved_s,
        )
        mean_count = float(np.mean(count[count > 0]))
        threshold = cusum_threshold(self.false_call_fraction, self.longest_s / _BIN_S * mean_count)
        confidence = min(1.0, state.score / threshold)
        if state.score < threshold:
            return state, Decision(DecisionKind.NONE, now_s, confidence_fraction=confidence)
        why = f"{self.source} stepped from {low:.4g} towards {high:.4g}: CUSUM {state.score:.1f} over {threshold:.1f}"
        call = Decision(DecisionKind.CALL, now_s, why, endpoint_s=now_s, confidence_fraction=1.0)
        return state, call

    def _baseline(self, mean: FloatArray, count: FloatArray) -> float:
        """Return the level before; NaN until the baseline is ripe. Early in a step half the guard must do."""
        guard, width = round(self.guard_s / _BIN_S), round(self.baseline_s / _BIN_S)
        end = max(mean.size - guard, min(mean.size - guard // 2, width))
        if end < _RIPE_FRACTION * width:
            return float("nan")
        return _level(mean[max(0, end - width) : end], count[max(0, end - width) : end])


@dataclass(frozen=True, slots=True)
class FrictionState:
    """Bins of the signal, health of the sensor, and the test's sum with what it was counted from."""

    bins: Bins
    health: SensorHealth = field(default_factory=SensorHealth)
    baseline: float = float("nan")
    score: float = 0.0
    change_s: float = float("nan")
    tested_count: int = 0
    moved_s: float | None = None


def _level(mean: FloatArray, count: FloatArray) -> float:
    """Return the mean of bins by their counts, NaN of none."""
    use = count > 0
    return float(np.sum(mean[use] * count[use]) / np.sum(count[use])) if use.any() else float("nan")


def _moved_fraction(mean: FloatArray, count: FloatArray, low: float, high: float, over_s: float) -> float:
    """Return how far the last seconds' mean stands from the baseline, in steps."""
    bins = round(over_s / _BIN_S)
    level = _level(mean[-bins:], count[-bins:])
    return (level - low) / (high - low) if np.isfinite(level) else 0.0
