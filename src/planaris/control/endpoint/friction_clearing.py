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
# The share of the step at which the slow mean counts as moved and the baseline stops to follow.
_MOVED_FRACTION = 0.3
_SLOW_S = 4.0


@dataclass(frozen=True, slots=True)
class FrictionClearing:
    """Call when the signal has stepped by ``step_fraction`` of its level (negative where friction falls).

    Baseline: mean of the ``baseline_s`` that ended ``guard_s`` ago, so that a transition does not spoil it; it stands
    still once the signal moves. The CUSUM tests half the step against all of it; ``false_call_fraction`` bounds false
    calls of one step by noise (Lorden 1971).
    """

    step_fraction: float
    limits: SensorLimits
    source: str = "torque_Nm"
    settle_s: float = 5.0
    baseline_s: float = 20.0
    guard_s: float = 8.0
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
        use = count[first:] > 0
        scores = np.where(use, count[first:] * shift_scores(mean[first:], low, high, bins.sigma), 0.0)
        sums = cusum(state.score, scores)
        zeros = np.flatnonzero(sums <= 0.0)
        change_s = float(bins.time_s[first + zeros[-1]]) if zeros.size else state.change_s
        moved = _moved(mean, count, low, high)
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
        """Return the level before: NaN until half of the baseline's time has passed."""
        guard, width = round(self.guard_s / _BIN_S), round(self.baseline_s / _BIN_S)
        end = mean.size - guard
        if end < width // 2:
            # Early on only what there is, but never less than a quarter of the window.
            end = mean.size - guard // 2
            if end < width // 4:
                return float("nan")
        part, weight = mean[max(0, end - width) : end], count[max(0, end - width) : end]
        use = weight > 0
        return float(np.sum(part[use] * weight[use]) / np.sum(weight[use])) if use.any() else float("nan")


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


def _moved(mean: FloatArray, count: FloatArray, low: float, high: float) -> bool:
    """Say whether the slow mean stands apart from the baseline in the step's direction."""
    part, weight = mean[-round(_SLOW_S / _BIN_S) :], count[-round(_SLOW_S / _BIN_S) :]
    use = weight > 0
    if not use.any():
        return False
    level = float(np.sum(part[use] * weight[use]) / np.sum(weight[use]))
    return (level - low) / (high - low) > _MOVED_FRACTION
