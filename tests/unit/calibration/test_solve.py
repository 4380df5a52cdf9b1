"""Least squares for many problems at once agree with an independent solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from planaris.calibration.form import Constant
from planaris.calibration.solve import Problem, bounds, covariance, jacobian, solve

X = np.linspace(0.2, 3.0, 12)


def curve(theta: np.ndarray) -> np.ndarray:
    return theta[:, :1] - theta[:, 1:2] * np.exp(-X * theta[:, 2:3])


OBSERVED = curve(np.array([[1.0, 0.7, 1.3]]))[0] + 0.02 * np.random.default_rng(3).standard_normal(len(X))
CONSTANTS = (
    Constant("a", 0.5, 0.5, 5.0),
    Constant("b", 0.5, 0.5, 0.4, 0.0, 2.0),
    Constant("c", 1.0, 1.0, 0.5, 0.0, 4.0),
)
START = np.array([[0.5, 0.5, 1.0]])


def other_solver(weights: np.ndarray, spread: float) -> np.ndarray:
    def residuals(theta: np.ndarray) -> np.ndarray:
        beliefs = [(t - c.belief) * spread / c.spread for t, c in zip(theta, CONSTANTS, strict=True)]
        return np.concatenate([np.sqrt(weights) * (curve(theta[None])[0] - OBSERVED), beliefs])

    low, high = bounds(CONSTANTS)
    return least_squares(residuals, START[0], bounds=(low, high), xtol=1e-14, ftol=1e-14, gtol=1e-14).x


def test_each_problem_of_a_batch_equals_an_independent_solver() -> None:
    weights = np.ones((4, len(X)))
    for i in range(3):
        weights[i + 1, 4 * i : 4 * i + 2] = 0.0
    problem = Problem(curve, OBSERVED, CONSTANTS, 0.02)
    found = solve(problem, weights, np.repeat(START, 4, axis=0))
    for i in range(4):
        # Both stop at their tolerances; the constants are of order one.
        np.testing.assert_allclose(found[i], other_solver(weights[i], 0.02), atol=2e-5)


def test_without_rows_the_beliefs_stand() -> None:
    found = solve(Problem(curve, OBSERVED, CONSTANTS, 0.02), np.zeros((1, len(X))), START + 0.3)
    np.testing.assert_allclose(found[0], [0.5, 0.5, 1.0], atol=1e-6)


def test_a_bound_holds() -> None:
    tight = (CONSTANTS[0], Constant("b", 0.5, 0.5, 0.4, 0.0, 0.55), CONSTANTS[2])
    found = solve(Problem(curve, OBSERVED, tight, 0.02), np.ones((1, len(X))), START)
    assert found[0, 1] == pytest.approx(0.55)


def test_jacobian_and_covariance_of_a_line() -> None:
    def line(theta: np.ndarray) -> np.ndarray:
        return theta[:, :1] + theta[:, 1:2] * X

    wide = (Constant("a", 0.0, 0.0, 1e6), Constant("b", 0.0, 0.0, 1e6))
    slope = jacobian(line, np.array([[1.0, 2.0]]), *bounds(wide))[0]
    np.testing.assert_allclose(slope, np.stack([np.ones_like(X), X], axis=1), atol=1e-8)
    expected = 0.09 * np.linalg.inv(slope.T @ slope)
    np.testing.assert_allclose(covariance(slope, wide, 0.09), expected, rtol=1e-6)
