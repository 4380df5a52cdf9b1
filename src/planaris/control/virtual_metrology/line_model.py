"""The main method: a Gaussian process a line, over drift, wear and trace, that learns with every label.

Its parameters are fitted anew on a grid of ages, on labels of steps that had ended `FIT_LAG_H` before, so that a fit
does not depend on how late labels come (up to that lag); between fits each label enters the posterior as it comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from planaris.control.virtual_metrology.gaussian_process import (
    Posterior,
    fit,
    posterior,
    predict,
    prior_vector,
    with_label,
)
from planaris.control.virtual_metrology.kernel import Floats, Inputs, Shape
from planaris.control.virtual_metrology.line_rows import LabelledRows, Scaling, picked, scaling_of
from planaris.control.virtual_metrology.observations import Estimate, LabelCame, Observation, StepEnded
from planaris.control.virtual_metrology.step_trace import PolishStep

Fit: TypeAlias = Callable[[Shape, Floats, Inputs, Floats, int], Floats]

FIT_LAG_H = 24.0
# First fit, then the next after half the line's age, a day at least and five days at most [design, days 0 to 15].
_FIRST_FIT_H = 36.0
_SHORTEST_FIT_H, _LONGEST_FIT_H, _FIT_GROWTH_RATIO = 24.0, 120.0, 0.5
# Fewer labels than this tell no parameters [design].
_FEWEST_FIT_COUNT = 30
# Before the first fit: mean of the regime's last labels, this many [design].
_FALLBACK_COUNT = 5


@dataclass(frozen=True, slots=True)
class LineModel:
    """The method for one line: its regimes, the counters and features (by name) that it reads, and its limits.

    ``fit_count`` labels at most enter a fit; ``keep_count`` the posterior, which drops a quarter when it is full.
    """

    line: str
    regimes: tuple[str, ...]
    counters: tuple[str, ...]
    features: tuple[str, ...]
    fit_count: int = 1000
    keep_count: int = 1500
    rounds: int = 15
    fit: Fit = fit

    @property
    def shape(self) -> Shape:
        """The layout of the parameters."""
        return Shape(len(self.regimes), len(self.counters), len(self.features))

    def start(self) -> LineState:
        """Return the state before any label."""
        m, p = len(self.counters), len(self.features)
        raw = LabelledRows(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros((0, m)), np.zeros((0, p)))
        return LineState(raw, math.nan, math.inf, 0, None, None, None)

    def step(self, state: LineState, seen: Observation) -> tuple[LineState, Estimate | None]:
        """Answer a step that has ended with an estimate; take up a label. Raises ValueError for an unknown regime."""
        if seen.step.regime not in self.regimes:
            raise ValueError(f"{seen.step.name}: regime {seen.step.regime} is none of {', '.join(self.regimes)}")
        if isinstance(seen, StepEnded):
            return state, self._estimate(state, seen.step)
        return self._learned(state, seen), None

    def _estimate(self, state: LineState, step: PolishStep) -> Estimate:
        if state.posterior is None or state.scaling is None:
            return self._fallback(state, step)
        row = self.row(step, math.nan)
        mean, sigma = predict(state.posterior, state.scaling.inputs(row))
        level = state.scaling.levels[row.regime[0]]
        return Estimate(float(level + state.scaling.spread * mean[0]), float(state.scaling.spread * sigma[0]))

    def _fallback(self, state: LineState, step: PolishStep) -> Estimate:
        own = state.raw.labels[state.raw.regime == self.regimes.index(step.regime)][-_FALLBACK_COUNT:]
        if not len(own):
            return Estimate(math.nan, math.nan)
        return Estimate(float(own.mean()), float(own.std(ddof=1)) if len(own) > 2 else math.nan)

    def _learned(self, state: LineState, seen: LabelCame) -> LineState:
        row = self.row(seen.step, seen.value)
        raw = state.raw.joined(row)
        first_s = state.first_s if math.isfinite(state.first_s) else seen.step.end_s
        fit_s = state.next_fit_s if math.isfinite(state.next_fit_s) else first_s + 3600.0 * _FIRST_FIT_H
        state = replace(state, raw=raw, first_s=first_s, next_fit_s=fit_s)
        if seen.time_s >= fit_s:
            return self._fitted(state, seen.time_s)
        if state.posterior is None or state.scaling is None:
            return state
        if state.posterior.steps.count >= self.keep_count:
            return self._rebuilt(state, raw.last(self.keep_count * 3 // 4))
        label = (seen.value - state.scaling.levels[row.regime[0]]) / state.scaling.spread
        return replace(state, posterior=with_label(state.posterior, state.scaling.inputs(row), float(label)))

    def _fitted(self, state: LineState, now_s: float) -> LineState:
        """Fit scaling and parameters anew on the grid's last moment, and condition on the labels known now."""
        due_s = state.next_fit_s
        while (after_s := due_s + 3600.0 * _next_fit_h((due_s - state.first_s) / 3600.0)) <= now_s:
            due_s = after_s
        state = replace(state, next_fit_s=after_s)
        old = state.raw.end_s <= due_s - 3600.0 * FIT_LAG_H
        if old.sum() < _FEWEST_FIT_COUNT:
            return state
        # In order of their ends, not of their labels' coming: a fit must not tell how labels came.
        chosen = np.flatnonzero(old)
        chosen = chosen[np.argsort(state.raw.end_s[chosen], kind="stable")][-self.fit_count :]
        base = state.raw.rows(chosen)
        scaling = scaling_of(base, len(self.regimes))
        # Always from the prior, and stopped early: a start from the last fit keeps what too few labels once said.
        start = prior_vector(self.shape)
        vector = self.fit(self.shape, start, scaling.inputs(base), scaling.targets(base), self.rounds)
        known = state.raw.last(self.keep_count)
        state = replace(state, scaling=scaling, vector=vector, fits_count=state.fits_count + 1)
        return self._rebuilt(state, known)

    def _rebuilt(self, state: LineState, known: LabelledRows) -> LineState:
        scaling, vector = state.scaling, state.vector
        assert scaling is not None
        assert vector is not None
        made = posterior(self.shape, vector, scaling.inputs(known), scaling.targets(known))
        return replace(state, posterior=made)

    def row(self, step: PolishStep, label: float) -> LabelledRows:
        """Return a step and its label, NaN where it has none, as one row."""
        wear = picked(step.features, self.counters)
        trace = picked(step.features, self.features)
        regime = np.array([self.regimes.index(step.regime)], dtype=np.int64)
        return LabelledRows(np.array([step.end_s]), np.array([label]), regime, wear[None, :], trace[None, :])


@dataclass(frozen=True, slots=True)
class LineState:
    """What the method has learned: raw labelled steps, when it fits next, its scaling and posterior."""

    raw: LabelledRows
    first_s: float
    next_fit_s: float
    fits_count: int
    scaling: Scaling | None
    posterior: Posterior | None
    vector: Floats | None


def _next_fit_h(age_h: float) -> float:
    return min(max(_FIT_GROWTH_RATIO * age_h, _SHORTEST_FIT_H), _LONGEST_FIT_H)
