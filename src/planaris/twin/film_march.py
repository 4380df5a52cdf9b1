"""Films of a wafer through a chunk: which film is exposed where, and what comes off it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.physics import exposed_fraction, mix, polish_through

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FilmMarch:
    """A chunk's outcome: films at its end, and the exposed share (n_t, n_film + 1, n_r) as each interval begins.

    ``steps_nm`` are the films at all n_t + 1 knots where they were kept and the top film wore through.
    """

    films_nm: Array
    exposed: Array
    steps_nm: tuple[Array, ...] = ()

    @property
    def same_throughout(self) -> bool:
        """Whether each place showed the same film all through."""
        return bool((self.exposed == self.exposed[0]).all())


def film_after(film_nm: Array, rate_nm_min: Array, dt_min: Array, pattern: Array) -> Array:
    """Return what a chunk leaves of a film (n_r, n_theta) with none below it; arguments as of `march_films`."""
    removed = mix(dt_min[None, :], rate_nm_min.T)[0]
    return np.maximum(0.0, film_nm - removed[:, None] * pattern)


def march_films(
    films_nm: Array, rates_nm_min: tuple[Array, ...], dt_min: Array, pattern: Array, *, keep_steps: bool = False
) -> FilmMarch:
    """Return what a chunk leaves of films (n_film, n_r, n_theta).

    ``rates_nm_min``: each film's rate (n_t, n_r) if it were exposed; ``dt_min`` (n_t,) with what this head, pad and
    wafer make of the rate; ``pattern`` (n_r, n_theta) around the wafer; ``keep_steps`` for who looks at films between.
    """
    removed = mix(dt_min[None, :], rates_nm_min[0].T)[0]
    rest = films_nm[0] - removed[:, None] * pattern
    if (rest > 0.0).all():
        shares = exposed_fraction(films_nm)
        return FilmMarch(
            np.concatenate([rest[None], films_nm[1:]]), np.broadcast_to(shares, (len(dt_min), *shares.shape))
        )
    exposed: list[Array] = []
    steps: list[Array] = [films_nm] if keep_steps else []
    for k, step_min in enumerate(dt_min):
        exposed.append(exposed_fraction(films_nm))
        loss = np.stack([rate[k] for rate in rates_nm_min])[:, :, None] * (step_min * pattern)
        films_nm = polish_through(films_nm, loss)
        if keep_steps:
            steps.append(films_nm)
    return FilmMarch(films_nm, np.stack(exposed), tuple(steps))


def friction_by_place(exposed: Array, coefficients: Array) -> Array:
    """Return the friction coefficient (n_t, n_r) of exposed shares; the substrate rubs as the last film does."""
    films = np.append(coefficients, coefficients[-1])
    return np.einsum("tfr,f->tr", exposed, films)
