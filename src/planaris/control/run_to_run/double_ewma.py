"""Double exponentially weighted moving average: a level and its trend, so that a steady drift leaves no offset.

a_t = λ1·(y − bu) + (1−λ1)·(a + D), D_t = λ2·(y − bu − a) + (1−λ2)·D with a, D of the run before (Butler, Stefani 1994).
"""

from __future__ import annotations

from dataclasses import dataclass

from planaris.control.run_to_run.ewma import Value


@dataclass(frozen=True, slots=True)
class DoubleState:
    """Level and trend per label."""

    level: Value
    trend: Value


@dataclass(frozen=True, slots=True)
class DoubleEwma:
    """``weight_fraction`` λ1 of the level, ``trend_weight_fraction`` λ2 of the trend."""

    weight_fraction: Value
    trend_weight_fraction: Value

    def start(self, level: Value = 0.0) -> DoubleState:
        """Return the state at a level, without trend."""
        return DoubleState(level, 0.0 * level)

    def step(self, state: DoubleState, disturbance: Value) -> tuple[DoubleState, Value]:
        """Take a disturbance seen; return the next state and the disturbance expected next."""
        level = self.weight_fraction * disturbance + (1.0 - self.weight_fraction) * (state.level + state.trend)
        ahead = self.trend_weight_fraction
        trend = ahead * (disturbance - state.level) + (1.0 - ahead) * state.trend
        return DoubleState(level, trend), level + trend
