"""Run lengths of the control charts, point by point as the tool runs them, beside exact or published ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.control import (
    WESTERN_ELECTRIC,
    CusumChart,
    EwmaChart,
    HotellingChart,
    ShewhartChart,
    SpeChart,
    Subspace,
    catalogue,
    learn,
)

Array = NDArray[np.float64]
# Features of T² and SPE, wafers that they were learned from, and their false alarms: one in 100 points, so that many
# runs are affordable.
FEATURES, TRAINED, FALSE_ALARM = 12, 4000, 0.01


@dataclass(frozen=True, slots=True)
class ChartCase:
    """A chart, a shift of the mean in sigma, and the run length that is exact or published for it."""

    name: str
    chart: Any
    shift_sigma: float
    exact: float
    source: str
    vector: bool = False


def scalar_cases() -> list[ChartCase]:
    """Return the charts of one feature with the anchors of the reference."""
    final = {"is_exact": False}
    return [
        ChartCase("Shewhart 3 sigma", ShewhartChart(), 0.0, 370.4, "exact"),
        ChartCase("Shewhart 3 sigma", ShewhartChart(), 1.0, 43.9, "exact"),
        ChartCase("Western Electric 1-4", ShewhartChart(99.0, WESTERN_ELECTRIC), 0.0, 91.75, "Champ, Woodall 1987"),
        ChartCase("EWMA 0.2, 2.962", EwmaChart(0.2, 2.962, **final), 0.0, 500.0, "exact"),
        ChartCase("EWMA 0.2, 2.962", EwmaChart(0.2, 2.962, **final), 1.0, 10.5, "exact"),
        ChartCase("EWMA 0.1, 2.814", EwmaChart(0.1, 2.814, **final), 0.0, 500.0, "exact"),
        ChartCase("EWMA 0.1, 2.814", EwmaChart(0.1, 2.814, **final), 1.0, 10.3, "exact"),
        ChartCase("EWMA 0.2, 2.962, limits from the start", EwmaChart(), 0.0, 500.0, "of final limits"),
        ChartCase("CUSUM 0.5, 4", CusumChart(0.5, 4.0), 0.0, 168.0, "exact"),
        ChartCase("CUSUM 0.5, 4", CusumChart(0.5, 4.0), 1.0, 8.4, "exact"),
        ChartCase("CUSUM 0.5, 5", CusumChart(0.5, 5.0), 0.0, 465.0, "exact"),
        ChartCase("CUSUM 0.5, 5", CusumChart(0.5, 5.0), 1.0, 10.4, "exact"),
    ]


def vector_cases(seed: int = 0) -> list[ChartCase]:
    """Return T² and SPE on correlated features that `learn` was taught by."""
    subspace = _learned(np.random.default_rng(seed))
    by_design = 1.0 / FALSE_ALARM
    return [
        ChartCase(
            f"T², {FEATURES} features", HotellingChart(subspace, FALSE_ALARM), 0.0, by_design, "1/a", vector=True
        ),
        ChartCase(f"SPE, {FEATURES} features", SpeChart(subspace, FALSE_ALARM), 0.0, by_design, "1/a", vector=True),
    ]


def run_lengths(case: ChartCase, runs: int, seed: int) -> Array:
    """Return the points until the chart's first signal, of so many runs."""
    rng = np.random.default_rng([seed, 1])
    draw = _vectors(rng) if case.vector else _points(rng, case.shift_sigma)
    step: Callable[[Any, Any], Any] = case.chart.step
    lengths = np.empty(runs)
    for run in range(runs):
        state, count, violated = case.chart.start(), 0, False
        while not violated:
            state, said = step(state, next(draw))
            count, violated = count + 1, said.is_violated
        lengths[run] = count
    return lengths


def standard_error(lengths: Array) -> float:
    """Return the standard error of a mean run length."""
    return float(lengths.std(ddof=1)) / math.sqrt(len(lengths))


def _points(rng: np.random.Generator, shift_sigma: float) -> Iterator[float]:
    while True:
        yield from (rng.standard_normal(4096) + shift_sigma).tolist()


def _mixing() -> Array:
    """Return what makes features of independent noises: three common causes and a rest of each feature's own."""
    causes = np.random.default_rng(7).standard_normal((3, FEATURES))
    return np.vstack([1.2 * causes, np.eye(FEATURES)])


def _vectors(rng: np.random.Generator) -> Iterator[Array]:
    mixing = _mixing()
    scale = np.sqrt((mixing**2).sum(axis=0))
    while True:
        yield from rng.standard_normal((1024, len(mixing))) @ mixing / scale


def _learned(rng: np.random.Generator) -> Subspace:
    """Return the subspace of standardised features, three main directions, learned from many wafers."""
    draw = _vectors(rng)
    z = np.array([next(draw) for _ in range(TRAINED)])
    spread: Array = np.asarray(np.corrcoef(z, rowvar=False))
    return Subspace.of(spread, TRAINED, 3)


def marginal_t2(sets: int, trained: int, seed: int) -> float:
    """Return how often T² of one new point passes its limit, over sets of wafers that it is learned from anew.

    The limit's formula holds for just that: what is learned from few wafers is uncertain, and the limit knows it.
    """
    rng, alarms = np.random.default_rng([seed, 2]), 0
    p = 3
    for _ in range(sets):
        points = rng.standard_normal((trained + 1, p))
        taught, new = points[:-1], points[-1]
        mean, sigma = taught.mean(axis=0), taught.std(axis=0, ddof=1)
        correlation: Array = np.asarray(np.corrcoef(taught, rowvar=False))
        chart = HotellingChart(Subspace.of(correlation, trained, p), FALSE_ALARM)
        _, said = chart.step(None, (new - mean) / sigma)
        alarms += said.is_violated
    return alarms / sets


def family_alarms(wafers: int, learn_count: int, seed: int) -> float:
    """Return how often any feature of a step passes its learned limit, where noise alone sets the limits.

    Features are normal with a spread far above their bands' floors; each set of limits is learned from ``learn_count``
    wafers and held against one more.
    """
    specs = catalogue(3)
    rng, alarms = np.random.default_rng([seed, 3]), 0
    names = [name for name, spec in specs.items() if not spec.wears and not spec.of_mean]
    spread = np.array([10.0 * specs[name].band for name in names])
    chosen = {name: specs[name] for name in names}
    for _ in range(wafers):
        rows = rng.standard_normal((learn_count + 1, len(names))) * spread
        taught = [dict(zip(names, row, strict=True)) for row in rows[:-1].tolist()]
        z = learn(chosen, taught).z_of(dict(zip(names, rows[-1].tolist(), strict=True)))
        alarms += any(abs(value) > 3.0 for value in z.values())
    return alarms / wafers


def together_alarms(wafers: int, learn_count: int, seed: int) -> float:
    """Return how often T² or SPE of one step is beyond its limit of one in 1000, learned as in `family_alarms`."""
    specs = catalogue(3)
    names = [name for name, spec in specs.items() if not spec.wears and not spec.of_mean and not spec.side]
    spread = np.array([10.0 * specs[name].band for name in names])
    rng, alarms = np.random.default_rng([seed, 4]), 0
    for _ in range(wafers):
        rows = rng.standard_normal((learn_count + 1, len(names))) * spread
        taught = [dict(zip(names, row, strict=True)) for row in rows[:-1].tolist()]
        reference = learn({name: specs[name] for name in names}, taught)
        assert reference.subspace is not None
        point = (rows[-1] - reference.mean) / reference.spread
        charts = (HotellingChart(reference.subspace, 0.001), SpeChart(reference.subspace, 0.001))
        alarms += any(chart.step(None, point)[1].is_violated for chart in charts)
    return alarms / wafers
