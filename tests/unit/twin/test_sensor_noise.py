"""Sensor noise is a function of seed, owner and sample number, and of nothing else."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from planaris.twin.noise import NoisePages, stream_of


def ones(channels: int) -> NDArray[np.float32]:
    return np.ones(channels, dtype=np.float32)


def test_noise_hangs_on_the_sample_number_not_on_who_asked_before() -> None:
    forward, jumping = NoisePages(7, "platen1", ones(5)), NoisePages(7, "platen1", ones(5))
    whole = forward.rows(0, 6000)
    for first, count in [(5000, 10), (3, 1), (1020, 9), (4090, 1500), (0, 1), (2047, 2), (1020, 9)]:
        np.testing.assert_array_equal(jumping.rows(first, count), whole[first : first + count])


def test_single_rows_are_the_block() -> None:
    pages = NoisePages(7, "head2", ones(3))
    block = pages.rows(1000, 60)
    np.testing.assert_array_equal(np.concatenate([pages.rows(1000 + k, 1) for k in range(60)]), block)


def test_owners_seeds_and_pages_are_strangers_to_each_other() -> None:
    n = 20 * 1024
    a, b, c = (
        NoisePages(seed, owner, ones(1)).rows(0, n)[:, 0] for seed, owner in [(1, "head1"), (1, "head2"), (2, "head1")]
    )
    # Correlation of independent series: 1 sigma is 1/sqrt(n); 4.5 sigma.
    limit = 4.5 / np.sqrt(n)
    for x, y in [(a, b), (a, c), (b, c), (a[1024:], a[:-1024]), (a[1:], a[:-1])]:
        assert abs(float(np.corrcoef(x, y)[0, 1])) < limit


def test_it_is_standard_normal() -> None:
    n = 200_000
    x = NoisePages(3, "platen3", ones(10)).rows(10**9, n // 10).astype(np.float64).ravel()
    # 4.5 sigma of the estimators of mean, spread and fourth moment.
    assert abs(x.mean()) < 4.5 / np.sqrt(n)
    assert abs(x.std() - 1.0) < 4.5 / np.sqrt(2 * n)
    assert abs((x**4).mean() - 3.0) < 4.5 * np.sqrt(96 / n)
    # Its distribution, against the largest distance that a sample shows once in ten thousand (Kolmogorov).
    below = np.array([0.5 * (1.0 + math.erf(value / math.sqrt(2.0))) for value in np.sort(x).tolist()])
    assert np.abs(below - (np.arange(n) + 0.5) / n).max() < 2.23 / math.sqrt(n)


def test_each_channel_has_its_own_spread() -> None:
    sigma = np.array([0.0, 0.5, 2.0], dtype=np.float32)
    plain, scaled = NoisePages(3, "head1", ones(3)), NoisePages(3, "head1", sigma)
    np.testing.assert_array_equal(scaled.rows(1000, 60), plain.rows(1000, 60) * sigma)


def test_reading_on_and_on_keeps_no_more_than_two_pages() -> None:
    pages = NoisePages(1, "platen1", ones(2))
    for first in range(0, 100_000, 400):
        pages.rows(first, 400)
    assert len(pages._pages) <= 2


def test_streams_of_chance_repeat_and_differ_by_owner() -> None:
    first = stream_of(5, "device.head1").random(4).tolist()
    assert stream_of(5, "device.head1").random(4).tolist() == first
    assert stream_of(5, "device.head2").random(4).tolist() != first
    assert stream_of(6, "device.head1").random(4).tolist() != first
