"""First-order lags over time, exact at any instant: what samples of lagged sensors are taken from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LagChunk:
    """Lags through one chunk: knots (n+1,), states at them (n+1, lags), targets between them (n, lags)."""

    knots_s: Array
    states: Array
    targets: Array

    def at(self, times_s: Array, rate_per_s: Array) -> Array:
        """Return states, shape (m, lags), at ascending times; the first and last state hold outside the chunk."""
        knots = self.knots_s
        j = knots.searchsorted(times_s, side="right")
        j -= 1
        # Times ascend, so that the first and the last say whether any lies outside: most often none does.
        inside = knots[0] <= times_s[0] and times_s[-1] < knots[-1]
        if not inside:
            np.maximum(j, 0, out=j)
            np.minimum(j, len(knots) - 2, out=j)
        since_s = times_s - knots.take(j)
        if not inside:
            np.maximum(since_s, 0.0, out=since_s)
            np.minimum(since_s, (knots[1:] - knots[:-1]).take(j), out=since_s)
        target, gap = self.targets.take(j, axis=0), self.states.take(j, axis=0)
        gap -= target
        lags = since_s[:, None] * -rate_per_s
        np.exp(lags, out=lags)
        lags *= gap
        lags += target
        return lags


class LagSeries:
    """Committed chunks of one station's lags, kept while somebody samples it. Between chunks the state stands still."""

    def __init__(self) -> None:
        self._chunks: list[LagChunk] = []

    def __len__(self) -> int:
        return len(self._chunks)

    def append(self, chunk: LagChunk) -> None:
        """Add the next chunk."""
        self._chunks.append(chunk)

    def forget_before(self, time_s: float) -> None:
        """Drop what only times before ``time_s`` need."""
        while len(self._chunks) > 1 and self._chunks[1].knots_s[0] <= time_s:
            del self._chunks[0]

    def at(self, times_s: Array, rate_per_s: Array, tail: LagChunk | None) -> Array:
        """Return lags, shape (m, lags), at ascending times; ``tail`` is what follows and is not committed yet."""
        if tail is not None and times_s[0] >= tail.knots_s[0]:  # most often
            return tail.at(times_s, rate_per_s)
        chunks = [*self._chunks, tail] if tail is not None else self._chunks
        starts_s = [chunk.knots_s[0] for chunk in chunks[1:]]
        bounds = [0, *times_s.searchsorted(starts_s).tolist(), len(times_s)]
        parts = [
            chunk.at(times_s[low:high], rate_per_s)
            for chunk, low, high in zip(chunks, bounds[:-1], bounds[1:], strict=True)
            if high > low
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
