"""The Gaussian process against scikit-learn's, its slopes against differences, one label more against all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.gaussian_process
import sklearn.gaussian_process.kernels

from planaris.control.virtual_metrology.gaussian_process import (
    fit,
    negative_log_likelihood,
    posterior,
    predict,
    prior_vector,
    with_label,
)
from planaris.control.virtual_metrology.kernel import Inputs, Shape, covariance, prior_variance

# scikit-learn comes with types that are narrower than what it takes.
gp: Any = sklearn.gaussian_process
kernels: Any = sklearn.gaussian_process.kernels

# exp(-60): a part of the covariance that is not there.
GONE = -60.0


def some_steps(rng: np.random.Generator, count: int, shape: Shape) -> Inputs:
    return Inputs(
        np.sort(rng.uniform(0.0, 200.0, count)),
        rng.integers(0, shape.regimes, count),
        rng.normal(size=(count, shape.counters)),
        rng.normal(size=(count, shape.features)),
    )


def only(shape: Shape, **parts: Any) -> Any:
    """Return parameters in which only the named variances are there."""
    vector = np.zeros(shape.length)
    for name in ("level", "drift", "wear", "trace", "slope"):
        shape.part(vector, name)[:] = GONE
    for name, value in parts.items():
        shape.part(vector, name)[:] = value
    return vector


@pytest.mark.parametrize("part", ["drift", "wear", "trace"])
def test_each_part_is_the_covariance_that_its_name_says(part: str) -> None:
    rng = np.random.default_rng(4)
    shape = Shape(1, 2, 3)
    steps, asked = some_steps(rng, 40, shape), some_steps(rng, 15, shape)
    labels = rng.normal(size=40)
    noise = 0.3
    lengths = np.array([0.7, 1.9])
    weights = np.array([0.5, 0.2, 1.1])
    if part == "drift":
        vector = only(shape, drift=(np.log(1.7), GONE, GONE), drift_h=(np.log(30.0), 0.0, 0.0))
        theirs, x, at = (
            kernels.Matern(30.0, nu=0.5),
            steps.time_h[:, None],
            asked.time_h[:, None],
        )
    elif part == "wear":
        vector = only(shape, wear=np.log(1.7), wear_length=np.log(lengths))
        theirs, x, at = kernels.Matern(lengths, nu=1.5), steps.wear, asked.wear
    else:
        vector = only(shape, trace=np.log(1.7), trace_weight=np.log(weights))
        theirs, x, at = kernels.RBF(1.0 / weights), steps.trace, asked.trace
    shape.part(vector, "noise")[:] = np.log(noise)
    theirs = kernels.ConstantKernel(1.7) * theirs + kernels.WhiteKernel(noise)
    judge: Any = gp.GaussianProcessRegressor(theirs, optimizer=None, alpha=0.0).fit(x, labels)
    mean, sigma = predict(posterior(shape, vector, steps, labels), asked)
    their_mean, their_sigma = judge.predict(at, return_std=True)
    # Both solve the same 40 equations; the jitter is 1e-9 of the noise.
    np.testing.assert_allclose(mean, their_mean, atol=1e-7)
    np.testing.assert_allclose(sigma, their_sigma, atol=1e-7)


def test_slopes_of_the_likelihood_are_those_of_differences() -> None:
    rng = np.random.default_rng(0)
    shape = Shape(2, 3, 4)
    steps, labels = some_steps(rng, 40, shape), rng.normal(size=40)
    vector = prior_vector(shape) + 0.3 * rng.normal(size=shape.length)
    _, slope = negative_log_likelihood(shape, vector, steps, labels)
    h = 1e-5
    for i, unit in enumerate(np.eye(shape.length)):
        up, _ = negative_log_likelihood(shape, vector + h * unit, steps, labels)
        down, _ = negative_log_likelihood(shape, vector - h * unit, steps, labels)
        # Central differences of a value of some 50 in double precision: 50 x 1e-16 / 1e-5, and h^2.
        assert slope[i] == pytest.approx((up - down) / (2 * h), abs=1e-6), i


def test_a_label_more_is_the_same_as_all_at_once() -> None:
    rng = np.random.default_rng(1)
    shape = Shape(2, 2, 3)
    steps, labels, vector = some_steps(rng, 30, shape), rng.normal(size=30), prior_vector(shape)
    known = posterior(shape, vector, steps.rows(slice(0, 0)), labels[:0])
    for i in range(30):
        known = with_label(known, steps.rows(slice(i, i + 1)), float(labels[i]))
    asked = some_steps(rng, 10, shape)
    whole = posterior(shape, vector, steps, labels)
    for one, other in zip(predict(known, asked), predict(whole, asked), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


def test_regimes_tie_by_their_correlation_and_own_slopes_do_not_cross() -> None:
    rng = np.random.default_rng(2)
    shape = Shape(2, 1, 2)
    steps = some_steps(rng, 20, shape)
    vector = prior_vector(shape)
    k = covariance(shape, vector, steps, steps)
    np.testing.assert_allclose(np.diag(k), prior_variance(shape, vector, steps))
    shape.part(vector, "tie")[:] = GONE
    apart = steps.regime[:, None] != steps.regime[None, :]
    assert np.abs(covariance(shape, vector, steps, steps)[apart]).max() < 1e-12
    assert np.abs(k[apart]).max() > 0.1


def test_a_fit_finds_the_noise_and_drift_that_made_the_labels() -> None:
    rng = np.random.default_rng(3)
    shape = Shape(1, 1, 2)
    steps = some_steps(rng, 150, shape)
    true = only(shape, drift=(GONE, np.log(0.8), GONE), drift_h=(0.0, np.log(30.0), 0.0), slope=np.log((0.8, 0.001)))
    shape.part(true, "noise")[:] = np.log(0.1)
    k = covariance(shape, true, steps, steps) + 0.1 * np.eye(150)
    labels = np.linalg.cholesky(k) @ rng.normal(size=150)
    found = fit(shape, prior_vector(shape), steps, labels, 40)
    # 150 labels tell a noise variance to some 15 %; the prior pulls a little.
    assert float(np.exp(shape.part(found, "noise")[0])) == pytest.approx(0.1, rel=0.5)
    slopes = np.exp(shape.part(found, "slope"))
    assert slopes[0] > 5 * slopes[1]
