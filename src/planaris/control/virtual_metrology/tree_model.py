"""The second opinion: extremely randomised trees a line, refitted every two days, on how a step differs from the last.

They estimate the difference of a label from the weighted mean of the regime's newest ones, from the features and how
these differ from those of the same steps. They share no parameter with the main method, so that where the two agree a
value may be relied on. Source of the learner: Geurts, Ernst, Wehenkel, Machine Learning 63 (2006) 3; here
scikit-learn's.
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

Floats = NDArray[np.float64]

_REFIT_H = 48.0
_FEWEST_COUNT = 40
# The mean of the newest labels: so many, each weighing this much of the next newer one [design, days 15 to 30].
_MEMORY_COUNT, _MEMORY_FADE = 8, 0.6
# A step whose label has not come by then is forgotten.
_PENDING_COUNT = 2000
LABEL_FEATURES: Mapping[str, str] = {
    "last_label_age_h": "from the end of the newest labelled step of the regime to this one's start",
    "last_label_offset": "its label over the weighted mean of the newest",
    "labels_spread": "standard deviation of the newest labels",
    "regime_number": "which regime of the line",
}


@dataclass(frozen=True, slots=True)
class TreeModel:
    """The method for one line; ``features`` are names; one that is not told counts as -1, far from what is."""

    line: str
    regimes: tuple[str, ...]
    features: tuple[str, ...]
    trees_count: int = 60
    window_count: int = 800

    def start(self) -> TreeState:
        """Return the state before any label."""
        return TreeState(np.zeros((0, 2 * len(self.features) + len(LABEL_FEATURES))), np.zeros(0))

    def step(self, state: TreeState, seen: Observation) -> tuple[TreeState, Estimate | None]:
        """Answer a step that has ended; take up a label, and fit anew where it is time to."""
        if isinstance(seen, StepEnded):
            asked = self._asked(state, seen.step)
            pending = {**state.pending, seen.step.name: asked}
            if len(pending) > _PENDING_COUNT:
                pending.pop(next(iter(pending)))
            return replace(state, pending=pending), _estimate(state, asked)
        asked = state.pending.get(seen.step.name) or self._asked(state, seen.step)
        memory = state.memory.get(seen.step.regime, ())
        newest = _Labelled(seen.value, seen.step.end_s, self._told(seen.step))
        state = replace(
            state,
            pending={name: known for name, known in state.pending.items() if name != seen.step.name},
            memory={**state.memory, seen.step.regime: (*memory, newest)[-_MEMORY_COUNT:]},
        )
        if math.isfinite(asked.base):
            rows = np.concatenate((state.rows, asked.row[None, :]))[-self.window_count :]
            offsets = np.append(state.offsets, seen.value - asked.base)[-self.window_count :]
            state = replace(state, rows=rows, offsets=offsets)
        if len(state.offsets) < _FEWEST_COUNT or seen.time_s < state.next_fit_s:
            return state, None
        return replace(state, forest=self._fitted(state), next_fit_s=seen.time_s + 3600.0 * _REFIT_H), None

    def _fitted(self, state: TreeState) -> Any:
        from sklearn.ensemble import ExtraTreesRegressor

        # The seed is fixed: the same labels give the same trees, in a replay too.
        learner = ExtraTreesRegressor(self.trees_count, min_samples_leaf=3, max_features=0.4, random_state=0)
        return learner.fit(state.rows.astype(np.float32), state.offsets)

    def _told(self, step: PolishStep) -> Floats:
        return np.array([step.features.get(name, math.nan) for name in self.features], dtype=np.float64)

    def _asked(self, state: TreeState, step: PolishStep) -> _Asked:
        told, memory = self._told(step), state.memory.get(step.regime, ())
        if not memory:
            return _Asked(np.full(state.rows.shape[1], -1.0), math.nan)
        weight = _MEMORY_FADE ** np.arange(len(memory))[::-1]
        weight /= weight.sum()
        values = np.array([one.value for one in memory])
        base = float(weight @ values)
        away = told - weight @ np.stack([one.told for one in memory])
        past = (
            (step.start_s - memory[-1].end_s) / 3600.0,
            values[-1] - base,
            float(values.std()),
            float(self.regimes.index(step.regime)),
        )
        row = np.concatenate((told, away, past))
        return _Asked(np.where(np.isfinite(row), row, -1.0), base)


@dataclass(frozen=True, slots=True)
class _Labelled:
    value: float
    end_s: float
    told: Floats


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the trees see of a step, and the mean of labels that they estimate the difference from."""

    row: Floats
    base: float


@dataclass(frozen=True, slots=True)
class TreeState:
    """Rows (n, p) and differences (n,) of labelled steps, the rows that wait for their label, each regime's newest."""

    rows: Floats
    offsets: Floats
    pending: Mapping[str, _Asked] = field(default_factory=dict[str, _Asked])
    memory: Mapping[str, tuple[_Labelled, ...]] = field(default_factory=dict[str, tuple[_Labelled, ...]])
    forest: Any = None
    next_fit_s: float = -math.inf


def _estimate(state: TreeState, asked: _Asked) -> Estimate:
    if state.forest is None or not math.isfinite(asked.base):
        return Estimate(asked.base, math.nan)
    row = asked.row[None, :].astype(np.float32)
    by_tree = np.array([tree.predict(row)[0] for tree in state.forest.estimators_])
    return Estimate(asked.base + float(by_tree.mean()), float(by_tree.std()))
