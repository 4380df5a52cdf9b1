"""Polishing through films: what clears, what over-polish costs, which film is exposed."""

from __future__ import annotations

import numpy as np
import pytest

from planaris import physics


def stack(*thickness_nm: float) -> np.ndarray:
    """Uniform films on a small grid, (n_film, 2, 3)."""
    return np.array(thickness_nm)[:, None, None] * np.ones((1, 2, 3))


def test_one_film_is_what_it_was_less_the_removal_and_never_below_zero() -> None:
    for loss in (30.0, 100.0, 150.0):
        after = physics.polish_through(stack(100.0), stack(loss))
        np.testing.assert_array_equal(after, np.maximum(0.0, 100.0 - stack(loss)))


def test_time_left_over_goes_to_the_next_film() -> None:
    # 100 nm at 200 nm an interval take half of it; the other half takes half of 10 nm from the stop film.
    after = physics.polish_through(stack(100.0, 50.0), stack(200.0, 10.0))
    np.testing.assert_allclose(after[:, 0, 0], [0.0, 45.0], rtol=1e-15)


def test_over_polish_is_the_time_beyond_clearing_at_the_slow_film_s_rate() -> None:
    # Selectivity 100: cleared after 60 s, 30 s of over-polish cost 30 s of the slow film.
    fast, slow, films = 500.0 / 60.0, 5.0 / 60.0, stack(500.0, 150.0)
    for _ in range(90):
        films = physics.polish_through(films, stack(fast, slow))
    np.testing.assert_allclose(films[1], 150.0 - 30.0 * slow, rtol=1e-12)


@pytest.mark.parametrize("pieces", [2, 7, 100])
def test_pieces_of_an_interval_give_the_whole(pieces: int) -> None:
    whole = physics.polish_through(stack(40.0, 10.0, 90.0), stack(90.0, 35.0, 60.0))
    films = stack(40.0, 10.0, 90.0)
    for _ in range(pieces):
        films = physics.polish_through(films, stack(90.0, 35.0, 60.0) / pieces)
    np.testing.assert_allclose(films, whole, rtol=1e-12, atol=1e-12)


def test_below_the_last_film_nothing_is_removed_and_a_film_that_resists_stays() -> None:
    assert physics.polish_through(stack(10.0, 5.0), stack(1e6, 1e6)).max() == 0.0
    np.testing.assert_array_equal(physics.polish_through(stack(10.0, 5.0), stack(0.0, 80.0)), stack(10.0, 5.0))
    np.testing.assert_array_equal(physics.polish_through(stack(0.0, 5.0), stack(0.0, 2.0)), stack(0.0, 3.0))


def test_exposed_shares_by_ring() -> None:
    films = stack(10.0, 5.0)
    films[0, 1, 0] = 0.0
    films[:, 1, 1] = 0.0
    shares = physics.exposed_fraction(films)
    np.testing.assert_allclose(shares[:, 0], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(shares[:, 1], [1 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-15)
