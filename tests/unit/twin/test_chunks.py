"""Edges and chunks: where a station's time is cut, and lags followed through them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from planaris.twin.chunks import CHUNK_S, EDGE_S, IDLE_EDGE_S, chunk_end_s, edges_between, follow, idle_edges

Array = NDArray[np.float64]
YEAR_S = 365.0 * 86400.0
starts = st.floats(0.0, 1000.0)
spans = st.floats(1e-3, 20.0)
shares = st.lists(st.floats(0.0, 1.0), max_size=5)


@pytest.mark.parametrize("start_s", [0.0, 1e4, YEAR_S])
def test_chunks_follow_each_other_on_whole_multiples(start_s: float) -> None:
    end_s = chunk_end_s(start_s)
    for _ in range(50):
        following_s = chunk_end_s(end_s)
        assert following_s - end_s == pytest.approx(CHUNK_S, abs=1e-6)
        assert following_s / CHUNK_S == round(following_s / CHUNK_S)
        assert chunk_end_s(0.5 * (end_s + following_s)) == following_s
        end_s = following_s


@given(starts, spans, shares)
def test_knots_run_from_start_to_end_over_fixed_edges_and_commands(
    start_s: float, span_s: float, at: list[float]
) -> None:
    end_s = start_s + span_s
    commands = sorted(start_s + share * span_s for share in at)
    knots, middles = edges_between(start_s, end_s, commands)
    assert (knots[0], knots[-1]) == (start_s, end_s)
    assert (np.diff(knots) > 0).all()
    assert np.diff(knots).max() <= EDGE_S + 1e-9
    fixed = np.arange(np.ceil(start_s * 10 + 1e-6), np.floor(end_s * 10 - 1e-6) + 1) / 10
    for time_s in [*fixed, *commands]:
        assert np.abs(knots - time_s).min() < 2e-9
    assert (middles > knots[:-1]).all()
    assert (middles - knots[:-1] <= EDGE_S / 2 + 1e-9).all()


@given(starts, st.floats(0.2, 20.0), shares, st.floats(0.05, 1.0))
def test_what_came_before_does_not_hang_on_the_end(start_s: float, span_s: float, at: list[float], cut: float) -> None:
    end_s, cut_s = start_s + span_s, start_s + cut * span_s
    commands = sorted(start_s + share * span_s for share in at)
    knots, middles = edges_between(start_s, end_s, commands)
    early, early_middles = edges_between(start_s, cut_s, [c for c in commands if c < cut_s])
    n = len(early) - 1
    np.testing.assert_allclose(early[:n], knots[:n], rtol=0, atol=2e-9)
    np.testing.assert_allclose(early_middles, middles[:n], rtol=0, atol=2e-9)


def test_a_command_on_an_edge_makes_no_empty_interval() -> None:
    for command_s in (0.3, 0.3 + 5e-10, 0.3 - 5e-10, 0.1 * 3):
        knots, _ = edges_between(0.0, 1.0, [command_s, command_s])
        assert len(knots) == 11


def test_idle_edges_stand_still_while_the_end_moves() -> None:
    long, long_middles = idle_edges(3.3, 60.0)
    for end_s in (3.4, 5.3, 5.31, 40.0):
        knots, middles = idle_edges(3.3, end_s)
        assert (knots[0], knots[-1]) == (3.3, end_s)
        assert np.diff(knots).max() <= IDLE_EDGE_S + 1e-9
        np.testing.assert_array_equal(knots[:-1], long[: len(knots) - 1])
        np.testing.assert_array_equal(middles, long_middles[: len(middles)])


def plain(state: Array, target: Array, rate_per_s: Array, dt_s: Array) -> Array:
    """Follow step by step, as the definition says."""
    states = [state]
    for u, dt in zip(target, dt_s[:, 0], strict=True):
        keep = np.exp(-rate_per_s * dt)
        states.append(keep * states[-1] + (1.0 - keep) * u)
    return np.array(states)


@given(starts, spans, shares, st.integers(0, 2**32 - 1))
def test_follow_is_the_plain_loop(start_s: float, span_s: float, at: list[float], seed: int) -> None:
    chance = np.random.Generator(np.random.SFC64(seed))
    knots, _ = edges_between(start_s, start_s + span_s, sorted(start_s + share * span_s for share in at))
    dt_s = np.diff(knots)[:, None]
    rate = 1.0 / chance.uniform(0.05, 300.0, 6)
    state, target = chance.uniform(-50.0, 50.0, 6), chance.uniform(-50.0, 50.0, (len(dt_s), 6))
    np.testing.assert_allclose(follow(state, target, rate, dt_s), plain(state, target, rate, dt_s), rtol=0, atol=1e-12)


def test_follow_on_regular_edges_is_exact_to_rounding() -> None:
    chance = np.random.Generator(np.random.SFC64(4))
    rate, state, target = 1.0 / np.array([0.1, 1.0, 240.0]), np.array([1.0, -2.0, 26.0]), chance.normal(size=(160, 3))
    dt_s = np.full((160, 1), EDGE_S)
    whole = follow(state, target, rate, dt_s)
    np.testing.assert_allclose(whole, plain(state, target, rate, dt_s), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(follow(state, target[:37], rate, dt_s[:37]), whole[:38])
    np.testing.assert_array_equal(follow(whole[37], target[37:], rate, dt_s[37:]), whole[37:])
