"""Exact march of linear states through a block of edges: the same bits however the block is split."""

from __future__ import annotations

from planaris.physics._namespace import Array, ArrayLike, array_namespace


def relax(state: ArrayLike, target: ArrayLike, rate_per_s: ArrayLike, dt_s: ArrayLike) -> Array:
    """Return the exact solution of ds/dt = rate·(target − s) after ``dt_s``; any shapes that broadcast."""
    xp = array_namespace(state, target, rate_per_s, dt_s)
    return target + (state - target) * xp.exp(-rate_per_s * dt_s)  # pyright: ignore[reportReturnType, reportOperatorIssue]


def march(state: Array, target: Array, rate_per_s: Array, dt_s: ArrayLike) -> Array:
    """Return the states at the end of each of n_t intervals.

    state (n_s,), target and rate_per_s (n_t, n_s), dt_s a number or (n_t, 1); result (n_t, n_s), its last row the
    state to go on with. Each interval is the exact exponential solution, and intervals are taken one after the
    other, so that one block of n_t and n_t blocks of one give the same bits.
    """
    xp = array_namespace(state, target, rate_per_s)
    keep = xp.exp(-rate_per_s * dt_s)
    add = -xp.expm1(-rate_per_s * dt_s) * target
    rows: list[Array] = []
    for k in range(keep.shape[0]):
        state = state * keep[k] + add[k]
        rows.append(state)
    return xp.stack(rows)


def mix(values: Array, weights: Array) -> Array:
    """Return ``values`` (..., n) times ``weights`` (n, m) as (..., m), summed in fixed order.

    Not a BLAS product: that picks another order of summation when the block has one row.
    """
    xp = array_namespace(values, weights)
    return xp.einsum("...k,km->...m", values, weights)
