"""Properties of the report's axes and of its traces for the eye."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from planaris.report.decimate import decimate
from planaris.report.plot import tick_names, ticks


@given(
    low=st.floats(-1e6, 1e6),
    width=st.floats(1e-6, 1e6),
    about=st.integers(2, 12),
)
def test_ticks_stand_inside_evenly_and_with_distinct_names(low: float, width: float, about: int) -> None:
    high = low + width
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        return  # a range that floats cannot divide
    places = ticks((low, high), about)
    slack = 1e-6 * (high - low)
    assert all(low - slack <= place <= high + slack for place in places)
    # Steps 1, 2, 2.5, 5 × 10^k: never fewer than half of what was asked, less one for the ends.
    assert about / 2.5 - 1 <= len(places) <= about + 1
    if len(places) > 2:
        steps = np.diff(places)
        np.testing.assert_allclose(steps, steps[0], rtol=1e-3, atol=1e-11)
    assert len(set(tick_names(places))) == len(places)


@given(
    values=st.lists(st.floats(-1e3, 1e3) | st.just(float("nan")), min_size=1, max_size=400),
    columns=st.integers(1, 60),
)
def test_decimation_keeps_order_extremes_and_invents_nothing(values: list[float], columns: int) -> None:
    v = np.array(values, dtype=np.float64)
    t = np.linspace(0.0, 0.01 * (len(v) - 1), len(v), dtype=np.float64)
    time_s, shown = decimate(t, v, (0.0, float(t[-1])), columns)
    finite = np.isfinite(shown)
    kept = time_s[finite]
    assert np.all(np.diff(kept) > 0)
    where = np.searchsorted(t, kept)
    np.testing.assert_array_equal(v[where], shown[finite])
    good = v[np.isfinite(v)]
    if good.size:
        assert (shown[finite].min(), shown[finite].max()) == (good.min(), good.max())
        assert kept[0] == t[np.isfinite(v)][0]
        assert kept[-1] == t[np.isfinite(v)][-1]
    else:
        assert len(shown) == 0
