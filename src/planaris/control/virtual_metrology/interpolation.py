"""The contest's task: estimate some steps from the labels of others before and after them, all known at once.

The main method's Gaussian process is conditioned on all labels; trees see the nearest labels on both sides. Their blend
and the intervals come from errors on the labelled steps themselves, each left out: of the process by the closed form
(Rasmussen and Williams 2006, eq. 5.12), of the trees in folds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from planaris.control.virtual_metrology.gaussian_process import posterior, predict, prior_vector
from planaris.control.virtual_metrology.kernel import Floats, Ints
from planaris.control.virtual_metrology.line_model import LineModel
from planaris.control.virtual_metrology.line_rows import scaling_of
from planaris.control.virtual_metrology.reliance import reliance_index, similarity_to
from planaris.control.virtual_metrology.step_trace import PolishStep
from planaris.control.virtual_metrology.tree_model import TreeModel
from planaris.control.virtual_metrology.virtual_metrology import VirtualMeasurement, VirtualMetrology

_FOLDS_COUNT = 5
_NEIGHBOURS_COUNT = 3
# Labels near in time count by exp(-|dt| / this): half an hour, as the reference's label-only baseline [P].
_NEAR_S = 1800.0
_TREES_COUNT = 100


def interpolate(
    method: VirtualMetrology,
    steps: Sequence[PolishStep],
    labels: Mapping[str, float],
    tell: Callable[[int, int], None] | None = None,
) -> Mapping[str, VirtualMeasurement]:
    """Return the measurement of every step whose name has no label, from all that have one, by name."""
    found: dict[str, VirtualMeasurement] = {}
    for done, (model, second) in enumerate(zip(method.models, method.seconds, strict=True)):
        own = [step for step in steps if step.line == model.line]
        known = sorted((s for s in own if s.name in labels), key=lambda s: s.end_s)
        asked = [s for s in own if s.name not in labels]
        if known and asked:
            values = np.array([labels[s.name] for s in known])
            found.update(_line(model, second, known, values, asked, method.intervals.coverage_fraction))
        if tell is not None:
            tell(done + 1, len(method.models))
    return found


def _line(
    model: LineModel,
    second: TreeModel,
    known: Sequence[PolishStep],
    labels: Floats,
    asked: Sequence[PolishStep],
    wanted_fraction: float,
) -> dict[str, VirtualMeasurement]:
    rows = model.row(known[0], float(labels[0]))
    for step, label in zip(known[1:], labels[1:], strict=True):
        rows = rows.joined(model.row(step, float(label)))
    query = model.row(asked[0], float("nan"))
    for step in asked[1:]:
        query = query.joined(model.row(step, float("nan")))
    scaling = scaling_of(rows, len(model.regimes))
    from scipy.linalg import cho_solve

    inputs, targets = scaling.inputs(rows), scaling.targets(rows)
    # A fit on steps spread evenly over all times costs less than one on all, and sees every drift.
    few = np.unique(np.linspace(0, len(labels) - 1, min(model.fit_count, len(labels))).astype(np.int64))
    vector = model.fit(model.shape, prior_vector(model.shape), inputs.rows(few), targets[few], model.rounds)
    process = posterior(model.shape, vector, inputs, targets)
    mean, sigma = predict(process, scaling.inputs(query))
    main = scaling.levels[query.regime] + scaling.spread * mean
    sigma = scaling.spread * sigma
    inverse = cho_solve((process.factor, True), np.eye(len(labels)))
    left_out_sigma = scaling.spread / np.sqrt(np.diag(inverse))
    left_out = labels - scaling.spread * (inverse @ targets) / np.diag(inverse)
    table = _tree_rows(second, known, known, labels, rows.regime, rows.regime)
    folds = np.arange(len(labels)) % _FOLDS_COUNT
    trees_left_out = np.full(len(labels), np.nan)
    for fold in range(min(_FOLDS_COUNT, len(labels))):
        rest = folds != fold
        if rest.any():
            trees_left_out[~rest] = _trees(table[rest], labels[rest]).predict(table[~rest])
    forest = _trees(table, labels)
    trees = np.asarray(forest.predict(_tree_rows(second, asked, known, labels, query.regime, rows.regime)))
    alike = similarity_to(rows.trace)
    made: dict[str, VirtualMeasurement] = {}
    for regime in range(len(model.regimes)):
        own = rows.regime == regime
        share = _share(left_out[own], trees_left_out[own], labels[own])
        blend = left_out[own] + share * (trees_left_out[own] - left_out[own])
        width = _quantile(np.abs(labels[own] - blend) / left_out_sigma[own], wanted_fraction)
        for i in np.flatnonzero(query.regime == regime).tolist():
            value = float(main[i] + share * (trees[i] - main[i]))
            half = width * float(sigma[i])
            made[asked[i].name] = VirtualMeasurement(
                asked[i].name,
                value,
                float(sigma[i]),
                value - half,
                value + half,
                reliance_index(float(main[i]), float(trees[i]), scaling.spread),
                float("nan") if alike is None else alike.index(query.trace[i]),
                float(main[i]),
                float(trees[i]),
            )
    return made


def _trees(rows: Floats, labels: Floats) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    learner = ExtraTreesRegressor(_TREES_COUNT, min_samples_leaf=2, max_features=0.4, random_state=0)
    return learner.fit(rows.astype(np.float32), labels)


def _tree_rows(
    second: TreeModel,
    steps: Sequence[PolishStep],
    known: Sequence[PolishStep],
    labels: Floats,
    regimes: Ints,
    known_regimes: Ints,
) -> Floats:
    """Return features and nearest labels of the regime on both sides; a labelled step does not see its own."""
    names = [step.name for step in known]
    time_s = np.array([0.5 * (step.start_s + step.end_s) for step in known])
    made = np.full((len(steps), len(second.features) + 1 + 4 * _NEIGHBOURS_COUNT + 1), np.nan)
    place = {name: i for i, name in enumerate(names)}
    for i, step in enumerate(steps):
        at_s = 0.5 * (step.start_s + step.end_s)
        others = known_regimes == regimes[i]
        if step.name in place:
            others[place[step.name]] = False
        near = np.flatnonzero(others)
        apart_s = time_s[near] - at_s
        row = [step.features.get(name, np.nan) for name in second.features]
        row.append(float(regimes[i]))
        for side in (near[apart_s <= 0], near[apart_s > 0]):
            chosen = side[np.argsort(np.abs(time_s[side] - at_s), kind="stable")][:_NEIGHBOURS_COUNT]
            pad = [np.nan] * (_NEIGHBOURS_COUNT - len(chosen))
            row += [*labels[chosen], *pad, *((time_s[chosen] - at_s) / 3600.0), *pad]
        weight = np.exp(-np.abs(apart_s) / _NEAR_S) + 1e-12
        row.append(float(weight @ labels[near] / weight.sum()) if len(near) else np.nan)
        made[i] = row
    return np.where(np.isfinite(made), made, -1.0)


def _share(first: Floats, second: Floats, labels: Floats) -> float:
    d, e = second - first, labels - first
    known = np.isfinite(d)
    square = float((d[known] ** 2).sum())
    return float(np.clip((d[known] @ e[known]) / square, 0.0, 1.0)) if square > 0 else 0.0


def _quantile(scores: Floats, fraction: float) -> float:
    told = np.sort(scores[np.isfinite(scores)])
    if not len(told):
        return float("nan")
    rank = int(np.ceil(fraction * (len(told) + 1)))
    return float(told[min(rank, len(told)) - 1])
