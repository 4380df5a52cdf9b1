"""Choose a group's form: the one that predicts conditions it was not shown, with as few constants as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from scipy import stats

from planaris.calibration.form import Constant, Form, Threshold, constants_of, counted
from planaris.calibration.formula import log_rate
from planaris.calibration.grouping import LEVEL_LABELS, Group, varies
from planaris.calibration.solve import Predict, Problem, bounds, covariance, jacobian, solve
from planaris.calibration.table import Codes, Floats

# One more constant must lower the left-out error by this share. Over the shared tables the errors on rows that
# took no part in choosing are the same from 0.03 to 0.05 and grow at 0.15.
CONSTANT_PRICE = 0.05
# Scatter of published rates about a good law (4-13 % over the shared tables), and how many rows that is worth.
ROW_SPREAD = 0.12
SCATTER_ROWS = 2.0
# An error above this share counts as this much: one hopeless row must not choose the form.
_ERROR_CAP = 1.5
_MAX_ROUNDS = 12

Features: TypeAlias = frozenset[str]


class LawForm(StrEnum):
    """Which forms may be chosen from: one K; powers; threshold and saturation; or all of these."""

    AUTO = "auto"
    PRESTON = "preston"
    POWER = "power"
    SERIES = "series"


@dataclass(frozen=True, slots=True)
class Fit:
    """A form fitted to a group: constants, and each row predicted by a fit that had not seen its condition."""

    form: Form
    constants: tuple[Constant, ...]
    theta: Floats
    fitted_ln: Floats
    left_out_ln: Floats
    row_spread: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free constants."""
        return tuple(c.name for c in self.constants)

    @property
    def count(self) -> int:
        """Number of free constants."""
        return counted(self.constants)


def most_constants(conditions: int) -> int:
    """Return how many constants a number of distinct conditions carries: three from five on, four from twelve on,
    then one in four."""
    if conditions < 5:
        return max(1, conditions - 2)
    return max(3 if conditions < 12 else 4, conditions // 4)


def relative_error(predicted_ln: Floats, observed_ln: Floats) -> Floats:
    """Return |predicted/observed − 1| per row."""
    return np.abs(np.expm1(predicted_ln - observed_ln))


def predictor(form: Form, group: Group, names: tuple[str, ...]) -> Predict:
    """Return ln(rate) of the group's rows as a function of constants (B, k)."""
    return lambda theta: log_rate(form, group.scales, names, theta, group.rows)[0]


def fit_form(form: Form, group: Group) -> Fit:
    """Fit a form to all rows, then again without each condition in turn."""
    constants = constants_of(form, group.scales, group.levels)
    names = tuple(c.name for c in constants)
    predict = predictor(form, group, names)
    theta, spread = fit_constants(form, group, constants)
    fitted = predict(theta)[0]
    problem = Problem(predict, group.ln_rate, constants, spread)
    left_out = _left_out(problem, theta, group.fold)
    return Fit(form, constants, theta[0], fitted, left_out, spread)


def _left_out(problem: Problem, theta: Floats, fold: Codes) -> Floats:
    """Return ln(rate) of each row from a fit that has not seen the row's fold; NaN where there is one fold."""
    folds = np.arange(int(fold.max()) + 1)
    if len(folds) == 1:
        return np.full_like(problem.observed, np.nan)
    weights = (fold[None, :] != folds[:, None]).astype(np.float64)
    each = solve(problem, weights, np.repeat(theta, len(folds), axis=0))
    return problem.predict(each)[fold, np.arange(len(fold))]


def fit_constants(form: Form, group: Group, constants: tuple[Constant, ...]) -> tuple[Floats, float]:
    """Return the constants (1, k) of a form on all rows, the best of a few starts, and the rows' scatter."""
    names = tuple(c.name for c in constants)
    predict = predictor(form, group, names)
    starts = np.array([[c.start for c in constants]])
    if form.saturation:
        tight = starts[0].copy()
        tight[names.index("ln_k2")] = float(np.max(group.ln_rate)) + 0.2
        tight[0] += 0.7
        starts = np.stack([starts[0], tight])
    ones = np.ones((len(starts), group.rows.count))
    stiffness = np.array([1.0 / c.spread**2 for c in constants])
    belief = np.array([c.belief for c in constants])
    spread = ROW_SPREAD
    for _ in range(2):  # the scatter weighs rows against beliefs, and is itself learnt from the rows
        starts = solve(Problem(predict, group.ln_rate, constants, spread), ones[: len(starts)], starts)
        squares = np.sum((predict(starts) - group.ln_rate) ** 2, axis=1)
        misfit = squares / spread**2 + np.sum(stiffness * (starts - belief) ** 2, axis=1)
        best = int(np.argmin(misfit))
        starts = starts[[best]]
        spread = row_scatter(float(squares[best]), group.rows.count, counted(constants))
    return starts, spread


def row_scatter(squares: float, rows: int, constants: int) -> float:
    """Return the relative scatter of rows about a law, as if `SCATTER_ROWS` more rows had scattered by `ROW_SPREAD`."""
    return float(np.sqrt((squares + SCATTER_ROWS * ROW_SPREAD**2) / (max(0, rows - constants) + SCATTER_ROWS)))


def choose(group: Group, law: LawForm, allowed: Features | None = None) -> tuple[Fit, list[Fit]]:
    """Return the chosen fit and all fits tried, best first.

    Starts from Preston and adds, drops or exchanges constants as long as the error on left-out conditions pays
    for them; in the end a constant whose 95 % interval holds the value at which it does nothing goes.
    """
    tried: dict[Features, Fit] = {}
    features = features_of(group) if allowed is None else allowed
    start: Features = frozenset()

    def price(of: Features) -> float:
        if of not in tried:
            tried[of] = fit_form(form_of(of), group)
        return _price(tried[of], group)

    best = start
    if law is not LawForm.PRESTON and group.conditions > 2:
        for _ in range(_MAX_ROUNDS):
            nearby = [f for f in neighbours(best, features, law) if _carried(f, group)]
            winner = min(nearby, key=price, default=best)
            if not nearby or price(winner) >= price(best):
                break
            best = winner
    price(best)
    while (idle := _idle_features(tried[best], best, group)) is not None:
        best = best - {idle}
        price(best)
    ranked = sorted(tried.values(), key=lambda fit: _price(fit, group))
    return tried[best], ranked


# Value at which a constant does nothing, by the kind of feature that brings it.
_NOTHING = {"exponent_p": 1.0, "exponent_v": 1.0, "kp_by": 0.0, "k2_by": 0.0, "threshold_by": 0.0, "threshold": 0.0}


def _idle_features(fit: Fit, features: Features, group: Group) -> str | None:
    """Return the feature whose constant's 95 % interval holds the value at which it does nothing; the idlest first."""
    slope = jacobian(predictor(fit.form, group, fit.names), fit.theta[None, :], *bounds(fit.constants))[0]
    error = np.sqrt(np.diag(covariance(slope, fit.constants, fit.row_spread**2)))
    quantile = float(stats.t.ppf(0.975, max(0, group.rows.count - fit.count) + SCATTER_ROWS))
    idlest, least = None, quantile
    for feature in features:
        kind, _, name = feature.partition(":")
        constant = f"{kind}_{name}" if kind.endswith("_by") else kind
        if kind not in _NOTHING or constant not in fit.names or not is_valid(features - {feature}):
            continue
        i = fit.names.index(constant)
        distance = abs(float(fit.theta[i]) - _NOTHING[kind]) / float(error[i])
        if distance < least:
            idlest, least = feature, distance
    return idlest


def _price(fit: Fit, group: Group) -> float:
    """Error on left-out conditions, dearer by each constant."""
    error = relative_error(fit.left_out_ln, group.ln_rate)
    if np.isnan(error).any():
        error = relative_error(fit.fitted_ln, group.ln_rate)
    return float(np.mean(np.minimum(error, _ERROR_CAP))) * (1.0 - CONSTANT_PRICE) ** -fit.count


def _carried(features: Features, group: Group) -> bool:
    """Say whether the group has conditions enough for a form's constants; consumables bring their own."""
    form = form_of(features)
    count = counted(constants_of(form, group.scales, group.levels))
    own = sum(group.levels[label] - 1 for label in {form.kp_level, form.threshold_level} if label)
    return count <= most_constants(group.conditions) + own


def features_of(group: Group) -> Features:
    """Return what a group's rows can tell at all."""
    rows = group.rows
    found: set[str] = set()
    if varies(rows.pressure_kPa):
        found |= {"exponent_p", "threshold:pressure", "saturation", "corner"}
    if varies(rows.velocity_m_s):
        found.add("exponent_v")
        if "saturation" in found:
            found.add("threshold:pressure_velocity")
        found |= {"saturation"}
    for label in LEVEL_LABELS:
        if _levels_carried(group, label):
            found.add(f"kp_level:{label}")
            if "saturation" in found:
                found.add(f"threshold_level:{label}")
    for name, values in rows.conditions.items():
        if not varies(values):
            continue
        if name == "slurry_ml_min":
            found.add("supply")
        elif name == "temperature_C":
            found.add("activation")
        elif name == "slurry_pH" or not name.endswith(("_wt_pct", "_ppm", "_nm")):
            continue
        elif values.min() > 0:
            found.add(f"kp_by:{name}")
            if "saturation" in found:
                found |= {f"k2_by:{name}", f"threshold_by:{name}"}
        elif name.endswith(("_wt_pct", "_ppm")) and len(np.unique(values)) > 2:
            found |= {f"oxidiser:{name}", "oxidiser_half"}
    return frozenset(found)


def _levels_carried(group: Group, label: str) -> bool:
    """Say whether consumables of a label were each seen under two conditions or more, at least two of them."""
    seen = [len(np.unique(group.fold[group.rows.levels[label] == i])) for i in range(group.levels[label])]
    return len(seen) > 1 and sum(s >= 2 for s in seen) >= 2 and 2 * sum(s >= 2 for s in seen) >= len(seen)


def neighbours(features: Features, all_of: Features, law: LawForm) -> Iterator[Features]:
    """Yield the forms one decision away: something added, dropped or exchanged, or a pair that works together."""
    if law is LawForm.POWER:
        all_of = frozenset(f for f in all_of if not f.startswith(("threshold", "k2_by")) and f not in _SERIES_ONLY)
    elif law is LawForm.SERIES:
        all_of = all_of - {"exponent_p"}
    pairs = [{f} for f in all_of - features]
    pairs += [{"threshold:pressure", "saturation"}, {"exponent_v", "saturation"}]
    for f in all_of:
        kind = f.split(":")[0]
        if kind == "k2_by":
            pairs.append({"saturation", f})
        elif kind in ("threshold_by", "threshold_level"):
            pairs.append({"threshold:pressure", f})
    seen: set[Features] = set()
    for add in pairs:
        if not add <= all_of or add <= features:
            continue
        for made in (features | add, *(features - {gone} | add for gone in features if _same_part(gone, add))):
            if is_valid(made) and made not in seen:
                seen.add(made)
                yield made
    for gone in features:
        made = features - {gone}
        if is_valid(made) and made not in seen:
            yield made


_SERIES_ONLY = ("saturation", "corner")
_PARTS = (
    {"exponent_p", "threshold"},
    {"kp_level", "threshold_level"},
    {"kp_by", "k2_by", "threshold_by"},
)


def _same_part(gone: str, add: set[str]) -> bool:
    kinds = {f.split(":")[0] for f in add}
    kind = gone.partition(":")[0]
    return any(kind in part and kinds & part for part in _PARTS)


def is_valid(features: Features) -> bool:
    """Say whether features make a form: parts they build on are there, no two do the same."""
    kinds = [f.split(":")[0] for f in features]
    for once in ("threshold", "threshold_level", "kp_level", "oxidiser"):
        if kinds.count(once) > 1:
            return False
    if "corner" in features and "saturation" not in features:
        return False
    if "k2_by" in kinds and "saturation" not in features:
        return False
    if ("threshold_by" in kinds or "threshold_level" in kinds) and "threshold" not in kinds:
        return False
    if "oxidiser_half" in features and "oxidiser" not in kinds:
        return False
    if "exponent_p" in features and ("threshold" in kinds or "saturation" in features):
        return False
    return not ("threshold_by" in kinds and "threshold_level" in kinds)


def form_of(features: Features) -> Form:
    """Return the form that features describe."""
    of: dict[str, list[str]] = {}
    for feature in sorted(features):
        kind, _, name = feature.partition(":")
        of.setdefault(kind, []).append(name)

    def one(kind: str) -> str:
        return of[kind][0] if kind in of else ""

    return Form(
        exponent_p="exponent_p" in of,
        exponent_v="exponent_v" in of,
        threshold=Threshold(one("threshold")) if "threshold" in of else Threshold.NONE,
        saturation="saturation" in of,
        corner=2 if "corner" in of else 1,
        kp_level=one("kp_level"),
        threshold_level=one("threshold_level"),
        kp_by=tuple(of.get("kp_by", ())),
        k2_by=tuple(of.get("k2_by", ())),
        threshold_by=tuple(of.get("threshold_by", ())),
        oxidiser=one("oxidiser"),
        oxidiser_half="oxidiser_half" in of,
        supply="supply" in of,
        activation="activation" in of,
    )
