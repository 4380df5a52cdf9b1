"""Films on one another: polish through them by the film that is exposed at each place."""

from __future__ import annotations

from planaris.physics._namespace import Array, array_namespace


def polish_through(thickness_nm: Array, removal_nm: Array) -> Array:
    """Return films (n_film, ...) from the top down after an interval.

    ``removal_nm`` (n_film, ...) is what each film would lose if it were exposed throughout. A place spends on each
    film the share of the interval that clears it and the rest on the next: exact for rates that stand still. Below the
    last film nothing is removed. Selectivity and over-polish are what comes of it.
    """
    xp = array_namespace(thickness_nm, removal_nm)
    share = xp.ones_like(thickness_nm[0])
    left: list[Array] = []
    for k in range(thickness_nm.shape[0]):
        film, loss = thickness_nm[k], removal_nm[k]
        removes = loss > 0.0
        # The share of the interval that would clear the film; beyond any where it is not removed at all.
        clears = xp.where(removes, film / xp.where(removes, loss, 1.0), xp.where(film > 0.0, 2.0, 0.0))
        left.append(xp.where(clears > share, film - loss * share, 0.0))
        share = xp.maximum(share - clears, 0.0)
    return xp.stack(left)


def exposed_fraction(thickness_nm: Array) -> Array:
    """Return the share of each ring (n_film + 1, n_r) on which a film is exposed, the substrate last.

    thickness_nm (n_film, n_r, n_theta) from the top down; the shares of a ring sum to 1.
    """
    xp = array_namespace(thickness_nm)
    covered = xp.zeros_like(thickness_nm[0])
    shares: list[Array] = []
    for k in range(thickness_nm.shape[0]):
        there = xp.where(thickness_nm[k] > 0.0, 1.0, 0.0)
        shares.append(xp.mean((1.0 - covered) * there, axis=-1))
        covered = xp.maximum(covered, there)
    shares.append(xp.mean(1.0 - covered, axis=-1))
    return xp.stack(shares)
