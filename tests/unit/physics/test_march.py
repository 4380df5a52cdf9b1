"""Exact exponential steps, the same bits however a block is split."""

from __future__ import annotations

import numpy as np
import pytest

from planaris.physics import march, mix, relax

RNG = np.random.default_rng(11)
TARGET, RATE = RNG.uniform(0.0, 50.0, (60, 7)), RNG.uniform(0.0, 2.0, (60, 7))
START = RNG.uniform(0.0, 50.0, 7)


def test_relax_solves_the_equation() -> None:
    assert float(relax(10.0, 50.0, 0.2, 5.0)) == pytest.approx(50.0 - 40.0 * np.exp(-1.0), rel=1e-14)
    assert float(relax(10.0, 50.0, 0.0, 1e6)) == 10.0
    assert float(relax(10.0, 50.0, 1e6, 1e6)) == 50.0


def test_march_is_relax_step_after_step() -> None:
    state = START
    for k, row in enumerate(march(START, TARGET, RATE, 0.1)):
        state = relax(state, TARGET[k], RATE[k], 0.1)
        np.testing.assert_allclose(row, state, rtol=1e-13)


@pytest.mark.parametrize("cut", [1, 7, 13, 59])
def test_splitting_a_block_changes_no_bit(cut: int) -> None:
    whole = march(START, TARGET, RATE, 0.1)
    parts, state = [], START
    for k in range(0, 60, cut):
        parts.append(march(state, TARGET[k : k + cut], RATE[k : k + cut], 0.1))
        state = parts[-1][-1]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_halving_intervals_gives_the_same_state() -> None:
    # Exact for any step as long as the drive is constant: rounding only.
    coarse = march(START, TARGET[:1], RATE[:1], 1.0)[-1]
    fine = march(START, np.repeat(TARGET[:1], 10, 0), np.repeat(RATE[:1], 10, 0), 0.1)[-1]
    np.testing.assert_allclose(fine, coarse, rtol=1e-12)


def test_intervals_may_differ_in_length() -> None:
    dt = np.linspace(0.02, 0.1, 60)[:, None]
    by_column = march(START, TARGET, RATE, dt)[-1]
    np.testing.assert_allclose(by_column, march(START, TARGET, RATE * dt, 1.0)[-1], rtol=1e-13)


def test_march_leaves_its_inputs_alone() -> None:
    before = START.copy(), TARGET.copy()
    march(START, TARGET, RATE, 0.1)
    np.testing.assert_array_equal(START, before[0])
    np.testing.assert_array_equal(TARGET, before[1])


@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_mix_gives_the_same_bits_for_any_number_of_rows(n: int) -> None:
    values, weights = RNG.random((100, 16)), RNG.random((64, 16))
    whole = mix(values, weights)
    np.testing.assert_allclose(whole, values @ weights.T, rtol=1e-13)
    np.testing.assert_array_equal(np.concatenate([mix(values[k : k + n], weights) for k in range(0, 100, n)]), whole)
