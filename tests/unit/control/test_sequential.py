"""Sequential tests: exact recursions, and the rates of false calls that their bounds promise."""

from __future__ import annotations

import numpy as np
import pytest

from planaris.control.endpoint.sequential import cusum, cusum_threshold, shift_scores, sprt_bounds


def test_cusum_is_pages_recursion() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(-0.2, 1.0, 500)
    expected, total = [], 0.7
    for score in scores:
        total = max(0.0, total + score)
        expected.append(total)
    assert cusum(0.7, scores) == pytest.approx(expected, abs=1e-9)


def test_scores_are_the_log_ratio_of_two_normal_densities() -> None:
    x, low, high, sigma = np.array([-1.0, 0.3, 2.0]), 0.5, 1.5, 0.8
    expected = (-((x - high) ** 2) + (x - low) ** 2) / (2 * sigma**2)
    assert shift_scores(x, low, high, sigma) == pytest.approx(expected)


def test_noise_crosses_the_threshold_no_more_often_than_bounded() -> None:
    rng = np.random.default_rng(2)
    runs, samples, promised = 400, 500, 0.05
    height = cusum_threshold(promised, samples)
    crossed = sum(
        bool(np.any(cusum(0.0, shift_scores(rng.normal(0.0, 1.0, samples), 0.0, 1.0, 1.0)) > height))
        for _ in range(runs)
    )
    # Three deviations of a binomial count above the bound would be a broken bound.
    assert crossed <= runs * promised + 3 * (runs * promised * (1 - promised)) ** 0.5


def test_wald_bounds_have_the_promised_signs_and_grow_with_care() -> None:
    low, high = sprt_bounds(0.01, 0.02)
    assert low == pytest.approx(np.log(0.02 / 0.99))
    assert high == pytest.approx(np.log(0.98 / 0.01))
    assert sprt_bounds(1e-6, 0.02)[1] > high
