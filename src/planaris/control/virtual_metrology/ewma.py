"""The baseline: an exponentially weighted mean of a regime's labels, with one gain for ever."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from planaris.control.virtual_metrology.observations import Estimate, Observation, StepEnded


@dataclass(frozen=True, slots=True)
class ConstantGain:
    """EWMA with one ``gain_fraction`` for all regimes: 1 is the last label."""

    gain_fraction: float

    def start(self) -> Mapping[str, float]:
        """Return the state before any label: no regime is known."""
        return {}

    def step(self, state: Mapping[str, float], seen: Observation) -> tuple[Mapping[str, float], Estimate | None]:
        """Answer a step that has ended with its regime's mean, NaN before its first label; take up a label."""
        regime = f"{seen.step.line} {seen.step.regime}"
        mean = state.get(regime, math.nan)
        if isinstance(seen, StepEnded):
            return state, Estimate(mean, math.nan)
        new = seen.value if math.isnan(mean) else mean + self.gain_fraction * (seen.value - mean)
        return {**state, regime: new}, None


@dataclass(frozen=True, slots=True)
class RegimeMean:
    """Mean of all labels of a regime so far."""

    def start(self) -> Mapping[str, tuple[float, int]]:
        """Return the state before any label: sum and number by regime."""
        return {}

    def step(
        self, state: Mapping[str, tuple[float, int]], seen: Observation
    ) -> tuple[Mapping[str, tuple[float, int]], Estimate | None]:
        """Answer a step that has ended with the mean, NaN before the first label; take up a label."""
        regime = f"{seen.step.line} {seen.step.regime}"
        total, count = state.get(regime, (0.0, 0))
        if isinstance(seen, StepEnded):
            return state, Estimate(total / count if count else math.nan, math.nan)
        return {**state, regime: (total + seen.value, count + 1)}, None
