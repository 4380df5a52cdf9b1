"""What the state space learns: pads by age and serial number, heads, and that its covariance stays one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from run_to_run_bench import SHARES, context, log_of

from planaris.control import Context, Residual, SpaceState, StateSpace


def taught(model: StateSpace, labels: list[tuple[Context, float]]) -> SpaceState:
    """Return the state after labels, one for each wafer."""
    state = model.start()
    for number, (where, value) in enumerate(labels, start=1):
        state, _ = model.step(state, Residual(where, number, value))
    return state


def test_it_agrees_with_least_squares_where_nothing_wanders() -> None:
    """A filter of constants is regularised least squares: an independent solution by normal equations."""
    model = StateSpace(wander_ratio=0.0, pad_wander_ratio=0.0)
    chance = np.random.default_rng(3)
    labels = [(context(1 + n % 4), float(chance.normal(0.02, 0.01))) for n in range(24)]
    state = taught(model, labels)
    rows = np.array([[1.0, *(float(h == 1 + n % 4) for h in range(1, 5)), *SHARES] for n in range(24)])
    sigmas = np.array([model.product_ratio, *(model.head_ratio,) * 4, *(model.pad_ratio,) * 3])
    prior = np.diag(sigmas**-2.0)
    values = np.array([value for _, value in labels])
    solved = np.linalg.solve(rows.T @ rows / model.noise_ratio**2 + prior, rows.T @ values / model.noise_ratio**2)
    expected = model.expect(state, context(2), 24).log_ratio
    assert expected == pytest.approx(float(solved @ np.array([1.0, 0, 1.0, 0, 0, *SHARES])), abs=1e-9)


def test_a_new_pad_is_slower_and_what_it_becomes_is_foreseen() -> None:
    model = StateSpace()
    state = taught(model, [(context(1 + n % 4), 0.0) for n in range(40)])
    old = model.expect(state, context(), 41).log_ratio
    new = Context("ild", "head1", ("platen1/B", "platen2/A", "platen3/A"), (0.0, -1.0, -1.0), SHARES)
    fresh = model.expect(state, new, 41)
    broken_in = model.expect(state, replace(new, pad_age_h=(3.0, -1.0, -1.0)), 41)
    assert fresh.log_ratio - old == pytest.approx(-model.break_in_ratio / 3.0, abs=0.002)
    assert broken_in.log_ratio == pytest.approx(old, abs=0.003)
    assert fresh.sigma_ratio > model.expect(state, context(), 41).sigma_ratio


def test_what_one_pad_taught_of_break_in_serves_the_next() -> None:
    model, truth = StateSpace(), 0.20
    state = taught(model, [(context(1 + n % 4), 0.0) for n in range(40)])
    number, first = 40, 0.0
    for platen, serial in enumerate(("B", "C", "D")):
        pads = ["platen1/A", "platen2/A", "platen3/A"]
        for earlier, name in enumerate(("B", "C", "D")[:platen]):
            pads[earlier] = f"platen{earlier + 1}/{name}"
        pads[platen] = f"platen{platen + 1}/{serial}"
        ages = [9.0 if p < platen else -1.0 for p in range(3)]
        for wafer in range(60):
            ages[platen] = wafer * 40.0 / 3600.0
            where = Context("ild", f"head{1 + wafer % 4}", tuple(pads), tuple(ages), SHARES)
            number += 1
            if not wafer:
                error = abs(model.expect(state, where, number).log_ratio + truth / 3.0)
                if serial == "B":
                    first = error
                if serial == "D":
                    assert error < 0.35 * first
            value = -truth / 3.0 * math.exp(-ages[platen] / model.break_in_h)
            state, _ = model.step(state, Residual(where, number, value))


def test_old_pads_are_forgotten_and_the_covariance_stays_one() -> None:
    model, state, chance = StateSpace(), StateSpace().start(), np.random.default_rng(5)
    for number in range(1, 601):
        pads = (f"platen1/P{number // 60}", "platen2/A", "platen3/A")
        where = Context("ild", f"head{1 + number % 4}", pads, ((number % 60) / 90.0, -1.0, -1.0), SHARES)
        state, _ = model.step(state, Residual(where, number, float(chance.normal(0.0, 0.01))))
    assert sum(name.startswith("pad:platen1/") for name in state.names) == 2
    covariance = np.array(state.covariance)
    np.testing.assert_allclose(covariance, covariance.T, atol=1e-15)
    assert np.linalg.eigvalsh(covariance).min() > 0.0


def test_wafers_without_labels_make_it_less_sure() -> None:
    model = StateSpace()
    state = taught(model, [(context(), log_of(2.0)) for _ in range(10)])
    assert model.expect(state, context(), 11).sigma_ratio < model.expect(state, context(), 200).sigma_ratio


def test_a_pad_that_a_wafer_meets_twice_counts_twice() -> None:
    model = StateSpace(break_in_sigma_ratio=0.0)
    twice = Context("ild", "head1", ("platen1/B", "platen2/A", "platen1/B"), (0.0, -1.0, 0.0), SHARES)
    once = Context("ild", "head1", ("platen1/B", "platen2/A"), (0.0, -1.0), (2 / 3, 1 / 3))
    seen, same = (model.expect(model.start(), where, 1) for where in (twice, once))
    assert seen.log_ratio == pytest.approx(-2.0 * model.break_in_ratio / 3.0)
    assert seen.sigma_ratio == pytest.approx(same.sigma_ratio)
