"""Lags between their knots, over chunks, gaps and the chunk under way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planaris.twin.chunks import edges_between, follow
from planaris.twin.lag_series import LagChunk, LagSeries

Array = NDArray[np.float64]
RATE: Array = 1.0 / np.array([0.1, 2.0])


def chunk(start_s: float, end_s: float, state: Array, level: float) -> LagChunk:
    knots, middles = edges_between(start_s, end_s)
    targets = level + np.stack([np.sin(middles), middles], axis=1)
    return LagChunk(knots, follow(state, targets, RATE, np.diff(knots)[:, None]), targets)


def three() -> list[LagChunk]:
    first = chunk(0.0, 4.0, np.zeros(2), 0.0)
    second = chunk(4.0, 5.25, first.states[-1], 3.0)
    after_gap = chunk(7.0, 9.0, second.states[-1], -1.0)
    return [first, second, after_gap]


def test_between_knots_it_is_the_exact_exponential() -> None:
    first = three()[0]
    times = np.array([0.0, 0.031, 0.1, 1.234, 3.999])
    for t, found in zip(times, first.at(times, RATE), strict=True):
        j = min(int(np.searchsorted(first.knots_s, t, side="right")) - 1, len(first.targets) - 1)
        since_s = t - first.knots_s[j]
        expected = first.targets[j] + (first.states[j] - first.targets[j]) * np.exp(-RATE * since_s)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(first.at(first.knots_s, RATE), first.states, rtol=0, atol=1e-12)


def test_outside_a_chunk_its_ends_hold() -> None:
    second = three()[1]
    found = second.at(np.array([3.0, 4.0, 5.25, 6.0]), RATE)
    np.testing.assert_allclose(found[:2], second.states[[0, 0]], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[2:], second.states[[-1, -1]], rtol=0, atol=1e-12)


def test_a_series_is_its_chunks_one_after_another_with_gaps_held() -> None:
    chunks = three()
    series = LagSeries()
    for one in chunks[:2]:
        series.append(one)
    times = np.arange(0.0, 9.0, 0.01)
    found = series.at(times, RATE, chunks[2])
    for one in chunks:
        inside = (times >= one.knots_s[0]) & (times < one.knots_s[-1])
        np.testing.assert_array_equal(found[inside], one.at(times[inside], RATE))
    gap = (times > 5.25) & (times < 7.0)
    np.testing.assert_allclose(found[gap], np.broadcast_to(chunks[1].states[-1], found[gap].shape), atol=1e-12)
    np.testing.assert_array_equal(
        found, np.concatenate([series.at(times[k : k + 1], RATE, chunks[2]) for k in range(len(times))])
    )


def test_forgetting_keeps_what_is_still_asked_for() -> None:
    chunks, series = three(), LagSeries()
    for one in chunks:
        series.append(one)
    times = np.arange(4.5, 9.0, 0.1)
    before = series.at(times, RATE, None)
    series.forget_before(4.5)
    assert len(series) == 2
    np.testing.assert_array_equal(series.at(times, RATE, None), before)
