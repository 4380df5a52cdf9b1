"""The second opinion: extremely randomised trees a line, refitted every two days, over all features and past labels.

They know nothing of the main method, so that where the two agree a value may be relied on. Source of the learner:
Geurts, Ernst, Wehenkel, Machine Learning 63 (2006) 3; here scikit-learn's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.control.virtual_metrology.observations import Estimate, Observation, StepEnded
from planaris.control.virtual_metrology.step_trace import PolishStep

_REFIT_H = 48.0
_FEWEST_COUNT = 40
_MEMORY_COUNT = 10
# A step whose label has not come by then is forgotten.
_PENDING_COUNT = 2000
LABEL_FEATURES: Mapping[str, str] = {
    "last_label": "newest known label of the regime",
    "last_label_age_h": "time from the end of its step to this one's start",
    "second_last_label": "the one before",
    "mean_3_labels": "mean of the newest 3",
    "mean_10_labels": "mean of the newest 10",
    "other_regime_offset": "newest label of the line's other regimes over the mean of their newest 10",
    "regime_number": "which regime of the line",
}


@dataclass(frozen=True, slots=True)
class TreeModel:
    """The method for one line; ``features`` are names, missing ones are imputed far away as trees like it."""

    line: str
    regimes: tuple[str, ...]
    features: tuple[str, ...]
    trees_count: int = 60
    window_count: int = 800

    def start(self) -> TreeState:
        """Return the state before any label."""
        width = len(self.features) + len(LABEL_FEATURES)
        return TreeState(np.zeros((0, width)), np.zeros(0))

    def step(self, state: TreeState, seen: Observation) -> tuple[TreeState, Estimate | None]:
        """Answer a step that has ended; take up a label, and fit anew where it is time to."""
        if isinstance(seen, StepEnded):
            row = self._row(state, seen.step)
            pending = {**state.pending, seen.step.name: row}
            if len(pending) > _PENDING_COUNT:
                pending.pop(next(iter(pending)))
            return replace(state, pending=pending), self._estimate(state, seen.step, row)
        row = state.pending.get(seen.step.name)
        row = self._row(state, seen.step) if row is None else row
        memory = state.memory.get(seen.step.regime, ())
        state = replace(
            state,
            rows=np.concatenate((state.rows, row[None, :]))[-self.window_count :],
            labels=np.append(state.labels, seen.value)[-self.window_count :],
            pending={name: known for name, known in state.pending.items() if name != seen.step.name},
            memory={**state.memory, seen.step.regime: (*memory, (seen.value, seen.step.end_s))[-_MEMORY_COUNT:]},
        )
        if len(state.labels) < _FEWEST_COUNT or seen.time_s < state.next_fit_s:
            return state, None
        return replace(state, forest=self._fitted(state), next_fit_s=seen.time_s + 3600.0 * _REFIT_H), None

    def _estimate(self, state: TreeState, step: PolishStep, row: NDArray[np.float64]) -> Estimate:
        if state.forest is None:
            own = [value for value, _ in state.memory.get(step.regime, ())]
            return Estimate(float(np.mean(own)) if own else math.nan, math.nan)
        by_tree = np.array([tree.predict(row[None, :].astype(np.float32))[0] for tree in state.forest.estimators_])
        return Estimate(float(by_tree.mean()), float(by_tree.std()))

    def _fitted(self, state: TreeState) -> Any:
        from sklearn.ensemble import ExtraTreesRegressor

        # The seed is fixed: the same labels give the same trees, in a replay too.
        learner = ExtraTreesRegressor(self.trees_count, min_samples_leaf=3, max_features=0.4, random_state=0)
        return learner.fit(state.rows.astype(np.float32), state.labels)

    def _row(self, state: TreeState, step: PolishStep) -> NDArray[np.float64]:
        own = state.memory.get(step.regime, ())
        values = [value for value, _ in own]
        others = [known for regime, known in state.memory.items() if regime != step.regime and known]
        newest = max(others, key=lambda known: known[-1][1], default=())
        offset = newest[-1][0] - float(np.mean([v for v, _ in newest])) if newest else math.nan
        past = (
            values[-1] if values else math.nan,
            (step.start_s - own[-1][1]) / 3600.0 if own else math.nan,
            values[-2] if len(values) > 1 else math.nan,
            float(np.mean(values[-3:])) if values else math.nan,
            float(np.mean(values)) if values else math.nan,
            offset,
            float(self.regimes.index(step.regime)),
        )
        row = np.array([*(step.features.get(name, math.nan) for name in self.features), *past], dtype=np.float64)
        return np.where(np.isfinite(row), row, -1.0)


@dataclass(frozen=True, slots=True)
class TreeState:
    """Labelled rows (n, features) and labels (n,), the rows that wait for theirs, the forest and when it grows anew."""

    rows: NDArray[np.float64]
    labels: NDArray[np.float64]
    pending: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, NDArray[np.float64]])
    memory: Mapping[str, tuple[tuple[float, float], ...]] = field(
        default_factory=dict[str, tuple[tuple[float, float], ...]]
    )
    forest: Any = None
    next_fit_s: float = -math.inf
