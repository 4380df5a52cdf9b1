"""Fixed edges in chunks: what advances a station, in the same pieces whoever asks and however often.

State moves from edge to edge (0.1 s) by exact exponential steps. Whole chunks of edges are committed as one array
operation; a command commits the part of a chunk before it. A reader between gets an evaluation that is thrown away.
So chunks split only where commands fall, and a run gives the same bits with no reader or with fifty.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EDGE_S = 0.1
CHUNK_EDGES = 20
CHUNK_S = EDGE_S * CHUNK_EDGES
_ROUNDING_S = 1e-9


def chunk_end_s(time_s: float) -> float:
    """Return the first chunk boundary after a time."""
    return (math.floor((time_s + _ROUNDING_S) / CHUNK_S) + 1) * CHUNK_EDGES / 10


def edges_between(start_s: float, end_s: float) -> tuple[Array, Array]:
    """Return (knots, middles): interval ends from start to end at fixed edges, and the times to take inputs at.

    ``knots`` has n+1 times. The middle of an interval is that of the whole edge it lies in, so that cutting an
    interval short does not change what it does until then.
    """
    first = math.floor((start_s + _ROUNDING_S) / EDGE_S)
    last = math.ceil((end_s - _ROUNDING_S) / EDGE_S)
    numbers = np.arange(first, last + 1)
    knots = numbers / 10
    middles = 0.5 * (np.maximum(knots[:-1], start_s) + knots[1:])
    knots = knots.copy()
    knots[0], knots[-1] = start_s, end_s
    return knots, middles
