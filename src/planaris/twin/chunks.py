"""Fixed edges in chunks: what advances a station, in the same pieces whoever asks and however often.

State moves from edge to edge (0.1 s in the full profile) by exact exponential steps; a command inside a chunk adds an
edge of its own. Whole chunks are committed when their time is over. What a reader asks for before is worked out ahead,
in as many pieces as he likes. So what a chunk does depends on commands alone, and a run gives the same bits with no
reader or fifty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDING_S = 1e-9


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """Where a station's time is cut: fixed edges, ``per_s`` of them a second, and chunks of ``chunk_count`` edges."""

    per_s: int
    chunk_count: int

    @property
    def chunk_s(self) -> float:
        """Length of a chunk."""
        return self.chunk_count / self.per_s


FINE_EDGES = EdgePlan(per_s=10, chunk_count=100)
EDGE_S = 1.0 / FINE_EDGES.per_s
CHUNK_S = FINE_EDGES.chunk_s
# Edges of a platen that nobody uses: its state relaxes exactly over any step, only the coolant creeps.
IDLE_EDGE_S = 2.0


def chunk_end_s(time_s: float, plan: EdgePlan = FINE_EDGES) -> float:
    """Return the first chunk boundary after a time."""
    return (math.floor((time_s + ROUNDING_S) / plan.chunk_s) + 1) * plan.chunk_count / plan.per_s


def edges_between(
    start_s: float, end_s: float, commands_s: Sequence[float] = (), plan: EdgePlan = FINE_EDGES
) -> tuple[Array, Array]:
    """Return (knots, middles): interval ends at fixed edges and commands, and the times to take inputs at.

    ``knots`` has n+1 times from start to end. A middle lies between an interval's start and the next fixed edge, also
    where a command or the end comes first: taken as of the start, it does not depend on what comes later.
    """
    per_s = plan.per_s
    first = math.floor((start_s + ROUNDING_S) * per_s)
    last = math.ceil((end_s - ROUNDING_S) * per_s)
    knots = np.arange(first, last + 1) / per_s
    inside = [t for t in commands_s if start_s + ROUNDING_S < t < end_s - ROUNDING_S]
    if inside:
        knots = np.concatenate([knots, inside])
        knots.sort()
        close = knots[1:] - knots[:-1] < ROUNDING_S
        if np.count_nonzero(close):
            knots = np.delete(knots, np.flatnonzero(close) + 1)
    knots[0], knots[-1] = start_s, end_s
    next_edge_s = (np.floor((knots[:-1] + ROUNDING_S) * per_s) + 1.0) / per_s
    return knots, 0.5 * (knots[:-1] + next_edge_s)


def idle_edges(start_s: float, end_s: float) -> tuple[Array, Array]:
    """Return (knots, middles) as `edges_between`, for a station that nobody uses: coarse edges from its start."""
    count = max(1, math.ceil((end_s - start_s - ROUNDING_S) / IDLE_EDGE_S))
    knots: Array = start_s + IDLE_EDGE_S * np.arange(count + 1, dtype=np.float64)
    middles = knots[:-1] + 0.5 * IDLE_EDGE_S
    knots[-1] = end_s
    return knots, middles


def follow(state: Array, target: Array, rate_per_s: Array, dt_s: Array) -> Array:
    """Return first-order lags at all n+1 knots, shape (n+1, lags): exact for targets constant in each interval.

    state (lags,), target (n, lags), rate_per_s (lags,), dt_s (n, 1). One interval after the other, so that pieces give
    the same bits as the whole.
    """
    keep = np.exp(dt_s * -rate_per_s)
    states = np.empty((len(dt_s) + 1, len(state)))
    states[0] = last = state
    later = states[1:]
    np.multiply(target, 1.0 - keep, out=later)
    multiply, add, carried = np.multiply, np.add, np.empty_like(state)
    for row, kept in zip(later, keep, strict=True):
        add(row, multiply(last, kept, carried), row)
        last = row
    return states
