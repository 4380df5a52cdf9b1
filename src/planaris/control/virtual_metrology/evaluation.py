"""Judge virtual metrology on recorded steps: causal at a label delay, or as the contest did; baselines beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.control.virtual_metrology.causal_replay import Method, replay
from planaris.control.virtual_metrology.ewma import ConstantGain, RegimeMean
from planaris.control.virtual_metrology.interpolation import interpolate
from planaris.control.virtual_metrology.observations import Estimate
from planaris.control.virtual_metrology.scores import (
    Floats,
    Mean,
    coverage,
    mean_of,
    mean_square,
    paired_difference,
    quarters,
)
from planaris.control.virtual_metrology.step_trace import PolishStep
from planaris.control.virtual_metrology.virtual_metrology import VirtualMeasurement, VirtualMetrology, VirtualState

GAINS = tuple(round(0.05 * i, 2) for i in range(1, 21))
_DAY_S = 86400.0
_NEAR_S = 1800.0
METHOD = "virtual metrology"
BEST_GAIN = "EWMA, best gain of each regime in hindsight"


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a recording that are scored together, from the first labelled step's start."""

    name: str
    from_day: float
    to_day: float = float("inf")


ALL_DAYS = Span("all days", 0.0)
AFTER_WARM_UP = Span("after 15 days", 15.0)
LATE_DAYS = Span("days 30 to 65", 30.0)
CAUSAL_SPANS = (ALL_DAYS, AFTER_WARM_UP, LATE_DAYS)


@dataclass(frozen=True, slots=True)
class Scored:
    """One estimator on one set of steps: mean square error, by regime too, and its excess over the method's own."""

    estimator: str
    error: Mean
    by_regime: Mapping[str, Mean]
    excess: Mean


@dataclass(frozen=True, slots=True)
class Covered:
    """How many labels the intervals hold: in all, by regime, by quarter of the measured and of the estimated rate.

    ``width`` is the mean width, in the label's unit; ``reliable`` the share of values that may be relied on, and
    ``reliable_error`` their mean square error.
    """

    overall: Mean
    by_regime: Mapping[str, Mean]
    by_measured_quarter: tuple[Mean, ...]
    by_estimated_quarter: tuple[Mean, ...]
    width: float
    reliable: Mean
    reliable_error: Mean


@dataclass(frozen=True, slots=True)
class Judged:
    """The scores of one set of steps in one span."""

    steps: str
    span: Span
    scores: tuple[Scored, ...]
    intervals: Covered


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One protocol: measurements of every step by name, baselines by estimator and name, the scores, the last state."""

    protocol: str
    delay_s: float | None
    measurements: Mapping[str, VirtualMeasurement]
    baselines: Mapping[str, Mapping[str, float]]
    judged: tuple[Judged, ...]
    state: VirtualState | None


def evaluate_causal(
    method: VirtualMetrology,
    steps: Sequence[PolishStep],
    labels: Mapping[str, float],
    sets: Mapping[str, Mapping[str, float]],
    delay_s: float,
    tell: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Return how the method does where labels come ``delay_s`` late.

    ``labels`` (by step name) are learned from; ``sets`` are the labels to score by, set by set.
    """
    measurements, state = replay(method, steps, labels, delay_s, tell)
    baselines: dict[str, Mapping[str, float]] = {
        "last label": _values(ConstantGain(1.0), steps, labels, delay_s),
        "EWMA 0.5": _values(ConstantGain(0.5), steps, labels, delay_s),
        "mean of the regime": _values(RegimeMean(), steps, labels, delay_s),
    }
    by_gain = {gain: _values(ConstantGain(gain), steps, labels, delay_s) for gain in GAINS}
    zero_s = min((step.start_s for step in steps if step.name in labels), default=0.0)
    judged: list[Judged] = []
    hindsight: dict[str, float] = {}
    for name, own in sets.items():
        for span in CAUSAL_SPANS:
            chosen = _in_span(steps, own, span, zero_s)
            best = _best_gains(chosen, own, by_gain)
            judged.append(_judged(name, span, chosen, own, measurements, {**baselines, BEST_GAIN: best}))
            if span is AFTER_WARM_UP:
                hindsight.update(best)
    return Evaluation("causal", delay_s, measurements, {**baselines, BEST_GAIN: hindsight}, tuple(judged), state)


def evaluate_contest(
    method: VirtualMetrology,
    steps: Sequence[PolishStep],
    labels: Mapping[str, float],
    sets: Mapping[str, Mapping[str, float]],
    tell: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Return how the method does as the contest asked: labels before and after, other steps to be estimated."""
    measurements = interpolate(method, steps, labels, tell)
    baselines = _neighbour_baselines(steps, labels)
    zero_s = min((step.start_s for step in steps), default=0.0)
    judged = [
        _judged(name, ALL_DAYS, _in_span(steps, own, ALL_DAYS, zero_s), own, measurements, baselines)
        for name, own in sets.items()
    ]
    return Evaluation("contest", None, measurements, baselines, tuple(judged), None)


def regime_name(step: PolishStep) -> str:
    """Return a step's regime with its line."""
    return f"{step.regime} {step.line}"


def _values(
    method: Method[Any, Estimate], steps: Sequence[PolishStep], labels: Mapping[str, float], delay_s: float
) -> dict[str, float]:
    return {name: made.value for name, made in replay(method, steps, labels, delay_s)[0].items()}


def _in_span(steps: Sequence[PolishStep], labels: Mapping[str, float], span: Span, zero_s: float) -> list[PolishStep]:
    def day(step: PolishStep) -> float:
        return (step.start_s - zero_s) / _DAY_S

    return [s for s in steps if s.name in labels and span.from_day <= day(s) < span.to_day]


def _best_gains(
    steps: Sequence[PolishStep], labels: Mapping[str, float], by_gain: Mapping[float, Mapping[str, float]]
) -> dict[str, float]:
    """Return each step's EWMA by the gain that was best for its regime over these very steps: hindsight, against us."""
    found: dict[str, float] = {}
    for regime in {regime_name(step) for step in steps}:
        own = [step.name for step in steps if regime_name(step) == regime]
        y = np.array([labels[name] for name in own])
        values = {gain: np.array([made[name] for name in own]) for gain, made in by_gain.items()}
        told = {gain: v for gain, v in values.items() if np.isfinite(v).any()}
        if told:
            best = min(told, key=lambda gain: float(np.nanmean((told[gain] - y) ** 2)))
            found.update(zip(own, values[best].tolist(), strict=True))
    return found


def _neighbour_baselines(steps: Sequence[PolishStep], labels: Mapping[str, float]) -> dict[str, Mapping[str, float]]:
    before: dict[str, float] = {}
    both: dict[str, float] = {}
    near: dict[str, float] = {}
    mean: dict[str, float] = {}
    for regime in {regime_name(step) for step in steps}:
        own = [step for step in steps if regime_name(step) == regime]
        known = sorted((s for s in own if s.name in labels), key=lambda s: s.start_s)
        if not known:
            continue
        time_s, y = np.array([s.start_s for s in known]), np.array([labels[s.name] for s in known])
        for step in (s for s in own if s.name not in labels):
            place = int(np.searchsorted(time_s, step.start_s, side="right"))
            sides = y[max(0, place - 1) : place + 1]
            weight = np.exp(-np.abs(time_s - step.start_s) / _NEAR_S) + 1e-12
            before[step.name] = float(y[place - 1]) if place else float(y[0])
            both[step.name] = float(sides.mean())
            near[step.name] = float(weight @ y / weight.sum())
            mean[step.name] = float(y.mean())
    return {
        "previous label": before,
        "mean of previous and next label": both,
        "labels weighted exp(-dt / 30 min)": near,
        "mean of the regime": mean,
    }


def _judged(
    name: str,
    span: Span,
    steps: Sequence[PolishStep],
    labels: Mapping[str, float],
    measurements: Mapping[str, VirtualMeasurement],
    baselines: Mapping[str, Mapping[str, float]],
) -> Judged:
    nothing = float("nan")
    y = np.array([labels[s.name] for s in steps], dtype=np.float64)
    time_s = np.array([s.start_s for s in steps], dtype=np.float64)
    regimes = np.array([regime_name(s) for s in steps])
    made = [measurements[s.name] for s in steps if s.name in measurements]
    if len(made) < len(steps):
        raise ValueError(f"{len(steps) - len(made)} labelled steps have no measurement")
    own = np.array([m.value for m in made], dtype=np.float64)
    columns = {METHOD: own} | {
        estimator: np.array([values.get(s.name, nothing) for s in steps], dtype=np.float64)
        for estimator, values in baselines.items()
    }
    # Every estimator is scored on the same steps: those that all of them estimate.
    shared = np.isfinite(np.stack(list(columns.values()))).all(axis=0) if len(steps) else np.zeros(0, dtype=np.bool_)
    scores: list[Scored] = []
    for estimator, values in columns.items():
        chosen = values[shared]
        by_regime: dict[str, Mean] = {}
        for regime in np.unique(regimes):
            part = shared & (regimes == regime)
            by_regime[str(regime)] = mean_square(values[part], y[part], time_s[part])
        scores.append(
            Scored(
                estimator,
                mean_square(chosen, y[shared], time_s[shared]),
                by_regime,
                paired_difference(chosen, own[shared], y[shared], time_s[shared]),
            )
        )
    return Judged(name, span, tuple(scores), _covered(made, own, y, time_s, regimes))


def _covered(
    made: Sequence[VirtualMeasurement], own: Floats, y: Floats, time_s: Floats, regimes: NDArray[np.str_]
) -> Covered:
    low = np.array([m.low for m in made], dtype=np.float64)
    high = np.array([m.high for m in made], dtype=np.float64)
    good = np.array([m.reliable for m in made], dtype=np.bool_)

    def of(chosen: NDArray[np.bool_]) -> Mean:
        return coverage(low[chosen], high[chosen], y[chosen], time_s[chosen])

    by_measured = quarters(y) if len(y) else np.zeros(0, dtype=np.int64)
    by_estimated = quarters(np.nan_to_num(own)) if len(y) else np.zeros(0, dtype=np.int64)
    width = high - low
    return Covered(
        of(np.ones(len(y), dtype=np.bool_)),
        {str(regime): of(regimes == regime) for regime in np.unique(regimes)},
        tuple(of(by_measured == i) for i in range(4)),
        tuple(of(by_estimated == i) for i in range(4)),
        float(np.nanmean(width)) if np.isfinite(width).any() else float("nan"),
        mean_of(good.astype(np.float64), time_s),
        mean_square(own[good], y[good], time_s[good]),
    )
