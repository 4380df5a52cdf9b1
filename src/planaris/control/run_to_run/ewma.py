"""Exponentially weighted moving average of a disturbance: the integral controller of the run-to-run literature.

Plant y = α + βu + δt + n, model gain b, ξ = β/b: the disturbance seen is y − b·u, the next input (T − a)/b. Stable for
0 < λξ < 2; offset δ/(λξ) under a drift δ per run; variance 2σ²/(2 − λξ) under white noise (Ingolfsson, Sachs 1993;
closed forms and tables: tests/unit/control/data/run_to_run).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Value = float | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ewma:
    """``weight_fraction`` λ of a new value, of every label alike. States and values may be arrays."""

    weight_fraction: Value

    def start(self, level: Value = 0.0) -> Value:
        """Return the state at a level."""
        return level

    def step(self, state: Value, disturbance: Value) -> tuple[Value, Value]:
        """Take a disturbance seen; return the next state and the disturbance expected next: both are the level."""
        level = state + self.weight_fraction * (disturbance - state)
        return level, level
