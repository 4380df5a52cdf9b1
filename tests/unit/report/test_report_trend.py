"""The word at the first wafer's mark stands where no other mark does."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from planaris.report.sections.lot_trend import _rate  # pyright: ignore[reportPrivateUsage]
from planaris.report.wafers import WaferLine

MARK = re.compile(r'<g class="mk[^"]*" transform="translate\(([\d.]+) ([\d.]+)\)')
WORD = re.compile(r'<text[^>]*x="([\d.]+)" y="([\d.]+)"[^>]*>first wafer<')
# A mark's half height; the word's width and the middle of its letters above its foot.
MARK_PX, WORD_PX, MIDDLE_PX = 5.0, 62.0, 4.0


def wafer(order: int, rate_nm_min: float) -> WaferLine:
    nan = math.nan
    return WaferLine(
        f"W{order}", order, "product", True, "", order, 1 + order % 4, 9, nan, nan, rate_nm_min, nan, nan, 60.0,
        nan, nan, nan, nan, nan, nan, (), None,
    )  # fmt: skip


@given(st.lists(st.floats(250.0, 350.0), min_size=1, max_size=25))
def test_the_word_at_the_first_mark_meets_no_other(rates: list[float]) -> None:
    svg = _rate([wafer(n, rate) for n, rate in enumerate(rates, start=1)])
    marks = [(float(x), float(y)) for x, y in MARK.findall(svg)]
    ((x, y),) = [(float(x), float(y)) for x, y in WORD.findall(svg)]
    assert len(marks) == len(rates)
    met = [mark for mark in marks[1:] if x < mark[0] < x + WORD_PX and abs(mark[1] - (y - MIDDLE_PX)) < MARK_PX]
    assert not met
