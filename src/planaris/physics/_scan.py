"""Exact march of linear states through a block of edges: the same bits however the block is split."""

from __future__ import annotations

import numpy as np

from planaris.physics._namespace import Array, ArrayLike, array_namespace


def relax(state: ArrayLike, target: ArrayLike, rate_per_s: ArrayLike, dt_s: ArrayLike) -> Array:
    """Return the exact solution of ds/dt = rate·(target − s) after ``dt_s``; any shapes that broadcast."""
    xp = array_namespace(state, target, rate_per_s, dt_s)
    return xp.asarray(target) + (xp.asarray(state) - target) * xp.exp(-xp.asarray(rate_per_s) * dt_s)


def march(state: Array, target: Array, rate_per_s: Array, dt_s: ArrayLike) -> Array:
    """Return the states at the end of each of n_t intervals.

    state (n_s,), target and rate_per_s (n_t, n_s), dt_s a number or (n_t, 1); result (n_t, n_s), its last row the
    state to go on with. Each interval is the exact exponential solution, and intervals are taken one after the
    other, so that one block of n_t and n_t blocks of one give the same bits.
    """
    xp = array_namespace(state, target, rate_per_s)
    exponent = -rate_per_s * dt_s
    keep, rows = xp.exp(exponent), -xp.expm1(exponent) * target
    if xp is np:
        multiply, add, carried = np.multiply, np.add, np.empty_like(state)
        for row, kept in zip(rows, keep, strict=True):
            add(row, multiply(state, kept, carried), row)
            state = row
        return rows
    done: list[Array] = []
    for k in range(keep.shape[0]):
        state = rows[k] + state * keep[k]
        done.append(state)
    return xp.stack(done)


def mix(values: Array, weights: Array) -> Array:
    """Return Σ_n weights[m, n]·values[..., n] as (..., m), summed in an order that does not depend on the shape.

    Not a BLAS product: that sums in another order when a block has one row.
    """
    xp = array_namespace(values, weights)
    return xp.einsum("...n,mn->...m", values, weights)
