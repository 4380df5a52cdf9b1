"""Decimation keeps what an eye must see."""

from __future__ import annotations

import numpy as np

from planaris.report.decimate import decimate


def test_a_single_spike_among_many_samples_survives() -> None:
    t = np.arange(0.0, 60.0, 0.01)
    v = np.zeros_like(t)
    v[3217], v[4001] = 9.0, -4.0
    time_s, shown = decimate(t, v, (0.0, 60.0), 100)
    assert len(shown) <= 202
    assert (shown.max(), shown.min()) == (9.0, -4.0)
    assert time_s[shown.argmax()] == t[3217]
    assert (time_s[0], time_s[-1]) == (t[0], t[-1])


def test_few_samples_are_left_alone() -> None:
    t, v = np.array([0.0, 1.0, 2.0]), np.array([5.0, 6.0, 7.0])
    time_s, shown = decimate(t, v, (0.0, 2.0), 100)
    assert (time_s.tolist(), shown.tolist()) == ([0.0, 1.0, 2.0], [5.0, 6.0, 7.0])


def test_a_long_gap_stays_a_gap_and_a_short_one_closes() -> None:
    t = np.arange(0.0, 60.0, 0.01)
    v = np.sin(50.0 * t)  # so that the extremes of a column are not its ends
    v[1000:2000] = np.nan  # 10 s = 17 columns of 0.6 s
    v[4000:4010] = np.nan  # 0.1 s, less than a column
    time_s, shown = decimate(t, v, (0.0, 60.0), 100)
    gaps = np.flatnonzero(np.isnan(shown))
    assert len(gaps) == 1
    k = int(gaps[0])
    assert np.isnan(time_s[k])
    np.testing.assert_allclose([time_s[k - 1], time_s[k + 1]], [9.99, 20.0])


def test_a_trace_with_nothing_in_it_gives_nothing() -> None:
    t = np.arange(0.0, 1.0, 0.01)
    time_s, shown = decimate(t, np.full_like(t, np.nan), (0.0, 1.0), 10)
    assert (len(time_s), len(shown)) == (0, 0)
