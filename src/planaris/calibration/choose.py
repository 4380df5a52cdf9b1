"""Choose a group's form: the one that predicts conditions it was not shown, with as few constants as it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from planaris.calibration.features import Features, LawForm, features_of, form_of, is_valid, neighbours
from planaris.calibration.form import Constant, Form, constants_of, counted
from planaris.calibration.formula import log_rate
from planaris.calibration.grouping import Group
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
    """Return how many constants a number of distinct conditions carries: two from three on, three from five on, four
    from twelve on, then one in four."""
    if conditions < 5:
        return 1 if conditions < 3 else 2
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
    while (idle := _idle_feature(tried[best], best, group)) is not None:
        best = best - {idle}
        price(best)
    ranked = sorted(tried.values(), key=lambda fit: _price(fit, group))
    return tried[best], ranked


# Value at which a constant does nothing, by the kind of feature that brings it.
_NOTHING = {"exponent_p": 1.0, "exponent_v": 1.0, "kp_by": 0.0, "k2_by": 0.0, "threshold_by": 0.0, "threshold": 0.0}


def _idle_feature(fit: Fit, features: Features, group: Group) -> str | None:
    """Return the feature whose constant's 95 % interval holds the value at which it does nothing; the idlest first."""
    slope = jacobian(predictor(fit.form, group, fit.names), fit.theta[None, :], *bounds(fit.constants))[0]
    error = np.sqrt(np.diag(covariance(slope, fit.constants, fit.row_spread**2)))
    quantile = float(stats.t.ppf(0.975, max(0, group.rows.count - fit.count) + SCATTER_ROWS))
    idlest, least = None, quantile
    for feature in sorted(features):
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
