"""Charts: axes, marks and gaps as the SVG says them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from planaris.report.plot import Frame, Plot, glyph, head_style, span_of, tick_names, ticks

FRAME = Frame(200, 100, left=20, right=20, top=10, bottom=20)


def _plot() -> Plot:
    return Plot("t", FRAME, (0.0, 16.0), (0.0, 7.0))


def test_values_land_on_their_pixels() -> None:
    plot = _plot()
    assert (plot.px(0.0), plot.px(16.0), plot.py(0.0), plot.py(7.0)) == (20.0, 180.0, 80.0, 10.0)
    np.testing.assert_allclose(plot.px_of(np.array([4.0, 8.0])), [60.0, 100.0])
    np.testing.assert_allclose(plot.py_of(np.array([3.5])), [45.0])


def test_ticks_are_round_and_inside() -> None:
    assert ticks((0.0, 35.0), 5) == [0, 10, 20, 30]
    assert ticks((570.0, 690.0), 5) == [575, 600, 625, 650, 675]
    assert ticks((-0.013, 0.021), 4) == [-0.01, 0.0, 0.01, 0.02]
    assert ticks((3.0, 3.0)) == []
    assert ticks((math.nan, 1.0)) == []


def test_tick_names_have_the_digits_their_step_needs() -> None:
    assert tick_names([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert tick_names([-10.0, 0.0, 10.0]) == ["−10", "0", "10"]
    assert tick_names([600.0]) == ["600"]


def test_a_range_holds_its_finite_values_with_air() -> None:
    low, high = span_of([1.0, math.nan, 3.0, math.inf])
    assert low < 1.0
    assert high > 3.0
    assert span_of([]) == (0.0, 1.0)
    low, high = span_of([5.0])
    assert low < 5.0 < high


def test_a_gap_in_a_line_stays_a_gap() -> None:
    plot = _plot()
    plot.line([0.0, 4.0, 8.0, 12.0, 16.0], [0.0, 1.0, math.nan, 2.0, 3.0], "signal")
    path = re.search(r'class="ln signal" d="([^"]*)"', plot.svg("x"))
    assert path
    assert path[1].count("M") == 2
    assert path[1].count("L") == 2


def test_a_missing_value_draws_no_mark_no_bar_and_no_note() -> None:
    plot = _plot()
    plot.mark(1.0, math.nan, 1)
    plot.error_bar(1.0, math.nan, 2.0, "h1")
    plot.note(math.nan, 1.0, "lost")
    svg = plot.svg("x")
    assert "nan" not in svg
    assert "lost" not in svg
    assert 'class="mk' not in svg


def test_heads_differ_in_shape_and_not_only_in_colour() -> None:
    drawn: set[str] = set()
    for head in (1, 2, 3, 4):
        plot = _plot()
        plot.mark(1.0, 1.0, head)
        shape = re.search(r'class="mk [^>]*>(<[^>]*>)', plot.svg("x"))
        assert shape
        drawn.add(shape[1])
    assert len(drawn) == 4
    assert len({glyph(head) for head in (1, 2, 3, 4)}) == 4
    assert [head_style(h) for h in (0, 1, 4, 5)] == ["h0", "h1", "h4", "h1"]


def test_titles_and_labels_are_escaped() -> None:
    plot = _plot()
    plot.bar((0.0, 0.0), (1.0, 1.0), "g0", 'a < b & "c"')
    plot.rule_y(3.0, "limit", "<limit>")
    svg = plot.svg("<chart>")
    assert "a &lt; b &amp; &quot;c&quot;" in svg
    assert "&lt;limit&gt;" in svg
    assert 'aria-label="&lt;chart&gt;"' in svg


def test_a_rule_outside_the_range_is_not_drawn() -> None:
    plot = _plot()
    plot.rule_y(99.0, "limit", "far")
    assert "far" not in plot.svg("x")


@pytest.mark.parametrize(("span", "expected"), [((-5.0, 4.0), (20.0, 40.0)), ((12.0, 99.0), (140.0, 40.0))])
def test_a_band_is_cut_at_the_axes(span: tuple[float, float], expected: tuple[float, float]) -> None:
    plot = _plot()
    plot.band_x(span, "band")
    box = re.search(r'class="band" x="([\d.]+)" y="10.0" width="([\d.]+)"', plot.svg("x"))
    assert box
    assert (float(box[1]), float(box[2])) == expected
