"""Traces for the eye: the least and the greatest sample of every pixel column, so that no spike is lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def decimate(time_s: Floats, values: Floats, span_s: tuple[float, float], columns: int) -> tuple[Floats, Floats]:
    """Return at most two samples per column of ``span_s``, in order of time; both arrays shape (n,).

    Where no sample is finite for longer than a column and than three sampling intervals, one NaN stands between its
    neighbours: a gap stays a gap. The first and last finite samples stay.
    """
    good = np.isfinite(values) & (time_s >= span_s[0]) & (time_s <= span_s[1])
    t, v = np.asarray(time_s[good], dtype=np.float64), np.asarray(values[good], dtype=np.float64)
    if len(t) < 2 or span_s[1] <= span_s[0]:
        return t, v
    width_s = (span_s[1] - span_s[0]) / columns
    gap_s = max(width_s, 3.0 * float(np.median(np.diff(t))))
    after_gap = np.flatnonzero(np.diff(t) > gap_s) + 1
    if len(t) > 2 * columns:
        t, v, after_gap = _extremes(t, v, after_gap, ((t - span_s[0]) / width_s).astype(int))
    return np.insert(t, after_gap, np.nan), np.insert(v, after_gap, np.nan)


def _extremes(
    t: Floats, v: Floats, after_gap: NDArray[np.intp], column: NDArray[np.int_]
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Keep the extremes of each column and what stands at both ends of every gap."""
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(starts[1:], len(t))
    kept = {0, len(t) - 1, *after_gap.tolist(), *(after_gap - 1).tolist()}
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        part = v[start:end]
        kept.add(start + int(part.argmin()))
        kept.add(start + int(part.argmax()))
    index = np.array(sorted(kept))
    return t[index], v[index], np.searchsorted(index, after_gap)
