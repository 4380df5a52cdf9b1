"""Virtual metrology over the lot: each wafer's removal as its traces told it, beside the measured one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planaris.historian import EstimateRow
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, figure, note, scroll, table
from planaris.report.plot import Frame, Plot, head_style, span_of
from planaris.report.sections.lot_table import head_mark
from planaris.report.text import esc, known, num, plural

_FRAME = Frame(1190, 240, left=58, top=14, bottom=42)
# So much of a model's SHA-256 tells it from the others of a run.
_MODEL_DIGITS = 12


@dataclass(frozen=True, slots=True)
class _Line:
    order: int
    slot: int
    head: int
    row: EstimateRow
    measured_nm: float

    @property
    def held(self) -> bool:
        """Whether the interval holds what was measured."""
        return self.row.low_nm <= self.measured_nm <= self.row.high_nm


def virtual_metrology(facts: Facts) -> Section | None:
    """Return the section, None for a run without estimates."""
    record = facts.record
    if not record.estimates:
        return None
    wafers = {w.wafer_id: w for w in record.wafers}
    lines = [
        _Line(order, w.slot, w.head or 0, row, w.removal_nm)
        for order, row in enumerate(record.estimates, start=1)
        if (w := wafers.get(row.wafer_id)) is not None
    ]
    chart = figure(
        scroll(_chart(lines), "estimated removal", 480),
        "Estimated removal (small) with its 90 % interval, and the measured one (large).",
    )
    return Section("virtual-metrology", "Virtual metrology", f"{_words(lines)}{chart}{_table(lines)}")


def _words(lines: Sequence[_Line]) -> str:
    measured = [line for line in lines if known(line.measured_nm)]
    text = f"{plural(len(lines), 'removal')} estimated before measured."
    if measured:
        held = sum(line.held for line in measured)
        off = math.sqrt(math.fsum((m.measured_nm - m.row.estimate_nm) ** 2 for m in measured) / len(measured))
        text += f" 90 % intervals hold {held} of {len(measured)}; estimates are off by {num(off, 1)} nm (rms)."
    stood_in = sum(line.row.stand_in_sigma_pct > 0.0 for line in lines)
    return note(f"{text} {stood_in} stood in for a label until that came.")


def _chart(lines: Sequence[_Line]) -> str:
    ends = [v for line in lines for v in (line.row.low_nm, line.row.high_nm, line.measured_nm)]
    plot = Plot("vm-removal", _FRAME, (0.0, len(lines) + 1.0), span_of(ends, 0.12))
    plot.axis_y("removal, nm")
    shown = lines[:: max(1, -(-len(lines) // 25))]
    plot.axis_x("slot, in order of polishing", [line.order for line in shown], [str(line.slot) for line in shown])
    for line in lines:
        row, name = line.row, f"slot {line.slot}, {line.row.wafer_id}, head {line.head}"
        plot.error_bar(line.order, row.low_nm, row.high_nm, head_style(line.head))
        plot.mark(line.order, row.estimate_nm, line.head, f"{name}: estimated {num(row.estimate_nm, 1)} nm", 3.0)
        if known(line.measured_nm):
            plot.mark(line.order, line.measured_nm, line.head, f"{name}: measured {num(line.measured_nm, 1)} nm", 5.0)
    return plot.svg("Estimated removal of each wafer with its 90 % interval, and what was measured")


def _table(lines: Sequence[_Line]) -> str:
    columns = (
        Column("Slot", numeric=True),
        Column("Head"),
        Column("Expected", "nm", numeric=True),
        Column("Estimated", "nm", numeric=True),
        Column("90 % interval", "nm", numeric=True),
        Column("Measured", "nm", numeric=True),
        Column("Reliance", numeric=True),
        Column("Similarity", numeric=True),
        Column("Features explain", "%", numeric=True),
        Column("Labels", numeric=True),
        Column("Stands in for a label"),
        Column("Model"),
    )
    rows = [
        [
            str(line.slot),
            head_mark(line.head),
            num(line.row.expected_nm, 1),
            num(line.row.estimate_nm, 1),
            f"{num(line.row.low_nm, 1)} – {num(line.row.high_nm, 1)}",
            num(line.measured_nm, 1) + ("" if line.held or not known(line.measured_nm) else " !"),
            num(line.row.reliance_ratio, 2),
            num(line.row.similarity_ratio, 1),
            num(line.row.explained_pct, 0),
            str(line.row.labels_count),
            esc(line.row.why or f"✓ ± {num(line.row.stand_in_sigma_pct, 2)} %"),
            f"<code>{esc(line.row.model[:_MODEL_DIGITS])}</code>" if line.row.model else num(None),
        ]
        for line in lines
    ]
    return table(columns, rows, "Estimates before each label and what was measured; !: outside the interval", "tight")
