"""Run-to-run control over the lot: target and measured removal, released times by head, the estimate behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planaris.historian import AdjustmentRow, LearnedRow
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, figure, note, scroll, table
from planaris.report.plot import Frame, Plot, head_style, span_of
from planaris.report.sections.lot_table import head_mark
from planaris.report.text import esc, known, num, signed

_FRAME = Frame(590, 280, left=58, top=14, bottom=42)
_COUNTED = {"adjust": "adjusted", "keep": "kept", "hold": "held"}
_SIGNS = {"adjust": "✓ adjusted", "keep": "= kept", "hold": "! held"}


@dataclass(frozen=True, slots=True)
class _Line:
    """One wafer: its place in the order, what was decided and what came of it."""

    order: int
    slot: int
    row: AdjustmentRow
    learned: LearnedRow | None
    measured_nm: float

    @property
    def name(self) -> str:
        return f"slot {self.slot}, {self.row.wafer_id}, head {self.row.head}"

    @property
    def time_s(self) -> float:
        """All released times of the wafer together, as decided."""
        return sum(self.row.time_after_s)

    @property
    def off_nm(self) -> float:
        return self.measured_nm - self.row.target_nm


def run_to_run(facts: Facts) -> Section | None:
    """Return the section, None for a run without run-to-run control."""
    record = facts.record
    if not record.adjustments:
        return None
    slots = {w.wafer_id: (w.slot, w.removal_nm) for w in record.wafers}
    learned = {row.wafer_id: row for row in record.learned}
    lines = [
        _Line(order, slots.get(row.wafer_id, (0, math.nan))[0], row, (found := learned.get(row.wafer_id)),
              found.measured_nm if found is not None else slots.get(row.wafer_id, (0, math.nan))[1])
        for order, row in enumerate(record.adjustments, start=1)
    ]  # fmt: skip
    key = "".join(f"<li>{head_mark(head)}</li>" for head in facts.heads)
    charts = (
        '<div class="pair">'
        + figure(scroll(_removal(lines), "removal against target", 480), "Removal less its target (hover a mark).")
        + figure(scroll(_times(lines), "released times", 480), "Released times of a wafer together, by head.")
        + "</div>"
        + figure(scroll(_estimate(lines), "estimate", 480), "Estimated removal against the nominal one, ± 1 sigma.")
    )
    body = f'{_words(lines)}<ul class="key"><li>Head</li>{key}</ul>{charts}{_table(lines)}'
    return Section("run-to-run", "Run-to-run control", body)


def _words(lines: Sequence[_Line]) -> str:
    said = [f"{sum(line.row.adjustment == kind for line in lines)} {word}" for kind, word in _COUNTED.items()]
    text = f"{len(lines)} decisions: {', '.join(said)}."
    off = [line.off_nm for line in lines if known(line.off_nm)]
    if off:
        mean, spread = signed(float(np.mean(off)), 1, "nm"), num(float(np.std(off)), 1)
        text += f" Measured removal is {mean} off target in the mean, {spread} nm (1s) from wafer to wafer."
    if advised := sum(line.row.mode == "advise" for line in lines):
        text += f" {advised} decisions were advice only: those wafers were polished by the recipe's own values."
    return note(text)


def _axis(plot: Plot, lines: Sequence[_Line]) -> None:
    shown = lines[:: max(1, -(-len(lines) // 13))]
    plot.axis_x("slot, in order of polishing", [line.order for line in shown], [str(line.slot) for line in shown])


def _removal(lines: Sequence[_Line]) -> str:
    off = [line.off_nm for line in lines]
    expected = [line.row.expected_nm - line.row.target_nm for line in lines]
    plot = Plot("r2r-removal", _FRAME, (0.0, len(lines) + 1.0), span_of([*off, *expected, 0.0], 0.12))
    plot.axis_y("removal less target, nm")
    _axis(plot, lines)
    plot.rule_y(0.0, "limit", "target")
    plot.line([line.order for line in lines], expected, "thin", "expected as it was decided")
    for line in lines:
        plot.mark(line.order, line.off_nm, line.row.head, f"{line.name}: {signed(line.off_nm, 1, 'nm')}")
    return plot.svg("Measured removal less its target for each wafer, with what had been expected")


def _times(lines: Sequence[_Line]) -> str:
    plot = Plot("r2r-times", _FRAME, (0.0, len(lines) + 1.0), span_of([line.time_s for line in lines], 0.12))
    plot.axis_y("released times together, s")
    _axis(plot, lines)
    for head in sorted({line.row.head for line in lines}):
        mine = [line for line in lines if line.row.head == head]
        plot.line([line.order for line in mine], [line.time_s for line in mine], head_style(head), f"head {head}")
    for line in lines:
        plot.mark(
            line.order, line.time_s, line.row.head, f"{line.name}: {num(line.time_s, 2)} s, {line.row.adjustment}"
        )
    return plot.svg("Released polish times of each wafer together, a line for each head")


def _estimate(lines: Sequence[_Line]) -> str:
    low = [line.row.estimate_pct - line.row.estimate_sigma_pct for line in lines if line.row.labels_count]
    high = [line.row.estimate_pct + line.row.estimate_sigma_pct for line in lines if line.row.labels_count]
    plot = Plot(
        "r2r-estimate", Frame(1190, 220, left=58, top=14, bottom=42), (0.0, len(lines) + 1.0), span_of([*low, *high])
    )
    plot.axis_y("estimate, %")
    _axis(plot, lines)
    for line in lines:
        row = line.row
        if row.labels_count:
            plot.error_bar(
                line.order, row.estimate_pct - row.estimate_sigma_pct, row.estimate_pct + row.estimate_sigma_pct,
                head_style(row.head),
            )  # fmt: skip
            known_to = f"{signed(row.estimate_pct, 2, '%')} ± {num(row.estimate_sigma_pct, 2)}"
            words = f"{line.name}: {known_to}, {row.labels_count} labels"
            plot.mark(line.order, row.estimate_pct, row.head, words, 4.0)
    return plot.svg("Estimated removal against the nominal one before each wafer, with one sigma")


def _table(lines: Sequence[_Line]) -> str:
    columns = (
        Column("Slot", numeric=True),
        Column("Head"),
        Column("Decision"),
        Column("Target", "nm", numeric=True),
        Column("Expected", "nm", numeric=True),
        Column("Measured", "nm", numeric=True),
        Column("Estimate", "± 1 sigma, %", numeric=True),
        Column("Labels", numeric=True),
        Column("Times before", "s", numeric=True),
        Column("Times after", "s", numeric=True),
        Column("Pressures after", "kPa", numeric=True),
        Column("Why"),
    )
    rows = [
        [
            str(line.slot or "–"),
            head_mark(line.row.head),
            esc(
                _SIGNS.get(line.row.adjustment, line.row.adjustment)
                + (" (advice)" if line.row.mode == "advise" else "")
            ),
            num(line.row.target_nm, 1),
            num(line.row.expected_nm, 1),
            num(line.measured_nm, 1),
            f"{signed(line.row.estimate_pct, 2, '')} ± {num(line.row.estimate_sigma_pct, 2)}",
            str(line.row.labels_count),
            _values(line.row.time_before_s),
            _values(line.row.time_after_s),
            _values(line.row.pressure_after_kPa),
            esc("; ".join(filter(None, (line.row.why, line.learned.why if line.learned is not None else "")))),
        ]
        for line in lines
    ]
    return table(columns, rows, "Decisions before each wafer and what was measured of it", "tight")


def _values(values: Sequence[float]) -> str:
    return " · ".join(num(v, 2) for v in values) or num(None)
