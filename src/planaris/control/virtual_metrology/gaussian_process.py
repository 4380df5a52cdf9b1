"""A Gaussian process whose labels come one by one: prior, fit of its parameters, posterior, one more label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planaris.control.virtual_metrology.kernel import (
    Floats,
    Inputs,
    Shape,
    covariance,
    gradient,
    noise_variance,
    prior_variance,
)

# Where the parameters are before any label: variances as shares of the variance of a line's labels, times in hours,
# lengths of features scaled to spread 1 and of counters scaled to their span. Weak: each may be off by a factor of 4.5
# at one standard deviation. Found on days 0 to 15 of the PHM 2016 data, rounded [design].
_PRIOR = {
    "scale": 0.0,
    "noise": float(np.log(0.08)),
    "level": float(np.log(2.0)),
    "drift": (float(np.log(0.2)), float(np.log(0.4)), float(np.log(0.4))),
    "drift_h": (float(np.log(2.0)), float(np.log(48.0)), float(np.log(480.0))),
    "wear": float(np.log(0.5)),
    "wear_length": 0.0,
    "trace": float(np.log(0.1)),
    "trace_weight": float(np.log(0.15)),
    "slope": float(np.log(0.03)),
    "tie": 0.0,
}
_PRIOR_SPREAD = 1.5
# No parameter goes further from its prior than this, so that no fit on few labels runs away [design].
_PRIOR_REACH = 5.0
# The diagonal that keeps a Cholesky factor positive where two steps are the same, as a share of the noise.
_JITTER_RATIO = 1e-9


@dataclass(frozen=True, slots=True)
class Posterior:
    """What labels say: ``factor`` L (n, n) with L L' = K + noise, ``white`` (n,) = L^-1 y. Labels have mean 0."""

    shape: Shape
    vector: Floats
    steps: Inputs
    labels: Floats
    factor: Floats
    white: Floats


def prior_vector(shape: Shape) -> Floats:
    """Return the parameters before any label."""
    vector = np.zeros(shape.length)
    for name, _ in shape.sizes:
        shape.part(vector, name)[:] = _PRIOR[name]
    return vector


def negative_log_likelihood(shape: Shape, vector: Floats, steps: Inputs, labels: Floats) -> tuple[float, Floats]:
    """Return -log p(labels, parameters) without constants, and its slope in every parameter.

    Source: Rasmussen and Williams (2006), eq. 2.30 and 5.9; the prior of the parameters is normal about
    `prior_vector`.
    """
    from scipy.linalg import cho_solve, cholesky

    k = covariance(shape, vector, steps, steps)
    noise = noise_variance(shape, vector, steps)
    factor = cholesky(k + np.diag(noise * (1.0 + _JITTER_RATIO)), lower=True, check_finite=False)
    alpha = cho_solve((factor, True), labels, check_finite=False)
    inverse = cho_solve((factor, True), np.eye(len(labels)), check_finite=False)
    _, slope = gradient(shape, vector, steps, 0.5 * (inverse - alpha[:, None] * alpha[None, :]))
    away = (vector - prior_vector(shape)) / _PRIOR_SPREAD
    value = 0.5 * labels @ alpha + np.log(np.diag(factor)).sum() + 0.5 * away @ away
    return float(value), slope + away / _PRIOR_SPREAD


def fit(shape: Shape, start: Floats, steps: Inputs, labels: Floats, rounds: int) -> Floats:
    """Return the parameters of largest posterior probability, from a start, in at most ``rounds`` rounds of L-BFGS."""
    from scipy.optimize import Bounds, minimize

    prior = prior_vector(shape)
    found = minimize(
        lambda v: negative_log_likelihood(shape, v, steps, labels),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(prior - _PRIOR_REACH, prior + _PRIOR_REACH),
        options={"maxiter": rounds},
    )
    return np.asarray(found.x, dtype=np.float64)


def posterior(shape: Shape, vector: Floats, steps: Inputs, labels: Floats) -> Posterior:
    """Return what labels (n,) at steps say; no label is allowed too."""
    from scipy.linalg import cholesky, solve_triangular

    k = covariance(shape, vector, steps, steps)
    noise = noise_variance(shape, vector, steps)
    factor = cholesky(k + np.diag(noise * (1.0 + _JITTER_RATIO)), lower=True, check_finite=False)
    white = solve_triangular(factor, labels, lower=True, check_finite=False)
    return Posterior(shape, vector, steps, labels, factor, white)


def with_label(known: Posterior, step: Inputs, label: float) -> Posterior:
    """Return the posterior with one more label, at the cost of one triangular solve."""
    n = known.steps.count
    row = _whitened(known, step)[:, 0]
    noise = float(noise_variance(known.shape, known.vector, step)[0])
    own = float(prior_variance(known.shape, known.vector, step)[0]) + noise * (1.0 + _JITTER_RATIO)
    corner = float(np.sqrt(max(own - float(row @ row), noise * _JITTER_RATIO)))
    factor = np.zeros((n + 1, n + 1))
    factor[:n, :n] = known.factor
    factor[n, :n] = row
    factor[n, n] = corner
    white = np.append(known.white, (label - float(row @ known.white)) / corner)
    return Posterior(known.shape, known.vector, known.steps.joined(step), np.append(known.labels, label), factor, white)


def predict(known: Posterior, steps: Inputs) -> tuple[Floats, Floats]:
    """Return mean and standard deviation, both (n',), of labels at steps (the noise of a label is in)."""
    v = _whitened(known, steps)
    variance = prior_variance(known.shape, known.vector, steps) - (v**2).sum(axis=0)
    noise = noise_variance(known.shape, known.vector, steps)
    return v.T @ known.white, np.sqrt(np.maximum(variance, 0.0) + noise)


def _whitened(known: Posterior, steps: Inputs) -> Floats:
    from scipy.linalg import solve_triangular

    cross = covariance(known.shape, known.vector, known.steps, steps)
    if not known.steps.count:
        return cross
    return solve_triangular(known.factor, cross, lower=True, check_finite=False)
