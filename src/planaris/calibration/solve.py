"""Least squares in logarithms for many problems at once: the same rows with different weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from planaris.calibration.form import Constant
from planaris.calibration.table import Floats

_STEPS = 60
_DELTA = 1e-6
_TOLERANCE = 1e-10
_STUCK = 1e8
_BATCH_CELLS = 4_000_000

Predict: TypeAlias = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Problem:
    """What to fit: ``predict`` gives ln(rate) (B, N) for constants (B, k), ``observed`` are the rows' (N,).

    ``row_spread`` is the rows' relative scatter, which weighs them against the beliefs of ``constants``.
    """

    predict: Predict
    observed: Floats
    constants: tuple[Constant, ...]
    row_spread: float


def solve(problem: Problem, weights: Floats, start: Floats) -> Floats:
    """Return constants (B, k) that minimise the weighted squares of predict(theta) − observed plus the beliefs.

    weights (B, N) of 0 or 1, start (B, k). Levenberg-Marquardt with bounds, all B problems together.
    """
    batch = max(1, _BATCH_CELLS // max(1, weights.shape[1]))
    parts = [_solve(problem, weights[i : i + batch], start[i : i + batch]) for i in range(0, len(weights), batch)]
    return np.concatenate(parts)


def _solve(problem: Problem, weights: Floats, start: Floats) -> Floats:
    predict, observed = problem.predict, problem.observed
    low, high = bounds(problem.constants)
    count = len(problem.constants)
    belief = np.array([c.belief for c in problem.constants])
    stiffness = np.array([(problem.row_spread / c.spread) ** 2 for c in problem.constants])
    unit = np.eye(count)
    theta = np.clip(start, low, high)
    damping = np.full(len(theta), 1e-3)

    def cost(t: Floats, residual: Floats) -> Floats:
        return np.sum(weights * residual**2, axis=1) + np.sum(stiffness * (t - belief) ** 2, axis=1)

    residual = predict(theta) - observed
    best = cost(theta, residual)
    for _ in range(_STEPS):
        slope = jacobian(predict, theta, low, high)
        weighted = slope * weights[:, :, None]
        normal = np.einsum("bni,bnj->bij", weighted, slope) + np.diag(stiffness)
        gradient = np.einsum("bni,bn->bi", weighted, residual) + stiffness * (theta - belief)
        # A constant at its bound that wants out is held there.
        held = ((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0))
        scale = np.einsum("bii->bi", normal) + 1e-12
        damped = normal + (damping[:, None] * scale)[:, :, None] * unit
        damped = np.where(held[:, :, None] | held[:, None, :], unit, damped)
        step = -np.linalg.solve(damped, np.where(held, 0.0, gradient)[..., None])[..., 0]
        trial = np.clip(theta + step, low, high)
        trial_residual = predict(trial) - observed
        trial_cost = cost(trial, trial_residual)
        better = trial_cost <= best
        done = (better & (best - trial_cost <= _TOLERANCE * (best + 1e-12))) | (damping > _STUCK)
        theta = np.where(better[:, None], trial, theta)
        residual = np.where(better[:, None], trial_residual, residual)
        best = np.where(better, trial_cost, best)
        damping = np.where(better, np.maximum(damping / 5, 1e-9), np.minimum(damping * 8, 10 * _STUCK))
        if np.all(done):
            break
    return theta


def bounds(constants: tuple[Constant, ...]) -> tuple[Floats, Floats]:
    """Return the lower and upper bounds (k,) of constants."""
    return np.array([c.low for c in constants]), np.array([c.high for c in constants])


def jacobian(predict: Predict, theta: Floats, low: Floats, high: Floats) -> Floats:
    """Return d predict / d theta (B, N, k) by central differences, one-sided at a bound."""
    columns: list[Floats] = []
    for i in range(theta.shape[1]):
        step = _DELTA * np.maximum(1.0, np.abs(theta[:, i]))
        up, down = theta.copy(), theta.copy()
        up[:, i] = np.minimum(theta[:, i] + step, high[i])
        down[:, i] = np.maximum(theta[:, i] - step, low[i])
        width = up[:, i] - down[:, i]
        columns.append((predict(up) - predict(down)) / width[:, None])
    return np.stack(columns, axis=-1)


def covariance(slope: Floats, constants: tuple[Constant, ...], row_variance: float) -> Floats:
    """Return the covariance (k, k) of one fit from its Jacobian (N, k), beliefs included."""
    stiffness = np.array([1.0 / c.spread**2 for c in constants])
    normal = slope.T @ slope / row_variance + np.diag(stiffness)
    return np.asarray(np.linalg.inv(normal), np.float64)
