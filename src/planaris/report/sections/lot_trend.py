"""Removal rate and non-uniformity over the lot, each wafer in the colour and shape of its head."""

from __future__ import annotations

import statistics

from planaris.report.facts import Facts
from planaris.report.page import Column, Section, figure, note, scroll, table
from planaris.report.plot import Frame, Plot, span_of
from planaris.report.sections.lot_table import head_mark
from planaris.report.text import known, num, signed
from planaris.report.wafers import WaferLine

_FRAME = Frame(590, 300, left=58, top=14, bottom=42)
# The word at the first mark, in pixels: how far right of it, how wide, its middle above its foot, the room above and
# below that it needs, and where its foot may be, the best first.
_NOTE_DX, _NOTE_WIDTH, _TEXT_MIDDLE, _NOTE_ROOM = 9.0, 70.0, 4.0, 11.0
_NOTE_DY = (-6.0, 14.0, -18.0, 26.0, -30.0, 38.0)


def lot_trend(facts: Facts) -> Section:
    """Return the section."""
    polished = facts.polished
    if not any(known(w.removal_nm) for w in polished):
        return Section("trend", "Rate and WIWNU over the lot", note("No polished wafer was measured."))
    sites = sorted({w.sites_count for w in polished if w.sites_count})
    key = "".join(f"<li>{head_mark(head)}</li>" for head in facts.heads)
    charts = (
        '<div class="pair">'
        + figure(
            scroll(_rate(polished), "removal rate over the lot", 480),
            "Measured removal over polish time (hover a mark).",
        )
        + figure(
            scroll(_wiwnu(facts, polished), "WIWNU over the lot", 480),
            f"Measured WIWNU over {' or '.join(str(n) for n in sites)} sites (hover a mark).",
        )
        + "</div>"
    )
    return Section(
        "trend",
        "Rate and WIWNU over the lot",
        f'<ul class="key"><li>Head</li>{key}</ul>{charts}{_first_wafer(polished)}{_by_head(facts)}',
    )


def _rate(polished: list[WaferLine]) -> str:
    values = [w.rate_nm_min for w in polished]
    plot = Plot("rate", _FRAME, (0.0, len(polished) + 1.0), span_of(values, 0.12))
    plot.axis_y("removal rate, nm/min")
    _wafer_axis(plot, polished)
    plot.line([w.order_count for w in polished], values, "thin")
    for wafer, value in zip(polished, values, strict=True):
        plot.mark(wafer.order_count, value, wafer.head, f"{_name(wafer)}: {num(value, 1)} nm/min")
    if polished and known(values[0]):
        plot.note(1, values[0], "first wafer", dx=_NOTE_DX, dy=_free_dy(plot, values))
    return plot.svg("Measured removal rate of each wafer in the order of polishing")


def _free_dy(plot: Plot, values: list[float]) -> float:
    """Return how far below the first mark a word to the right of it stands free of the marks that it passes."""
    reach = plot.px(1) + _NOTE_DX + _NOTE_WIDTH
    passed = [plot.py(v) for order, v in enumerate(values[1:], start=2) if known(v) and plot.px(order) < reach]

    def room(dy: float) -> float:
        middle = plot.py(values[0]) + dy - _TEXT_MIDDLE
        inside = min(middle - _FRAME.top, _FRAME.height - _FRAME.bottom - middle)
        return min([inside, *(abs(middle - y) for y in passed)])

    return next((dy for dy in _NOTE_DY if room(dy) >= _NOTE_ROOM), max(_NOTE_DY, key=room))


def _wiwnu(facts: Facts, polished: list[WaferLine]) -> str:
    values = [w.wiwnu_pct for w in polished]
    limit_pct = facts.targets.wiwnu_limit_pct
    highest = max((v for v in values if known(v)), default=1.0)
    # A limit far above would squeeze the wafers into a line: then it is named and not drawn.
    limit_in_sight = known(limit_pct) and limit_pct <= 1.8 * highest
    top = 1.12 * max(highest, limit_pct if limit_in_sight else 1.1 * highest)
    plot = Plot("wiwnu", _FRAME, (0.0, len(polished) + 1.0), (0.0, top))
    plot.axis_y("WIWNU, %")
    _wafer_axis(plot, polished)
    if limit_in_sight:
        plot.rule_y(limit_pct, "limit", f"limit {num(limit_pct, 1)} %")
    elif known(limit_pct):
        plot.note(0.0, top, f"↑ limit {num(limit_pct, 1)} %, above this chart", dx=8, dy=16)
    plot.line([w.order_count for w in polished], values, "thin")
    for wafer, value in zip(polished, values, strict=True):
        plot.mark(wafer.order_count, value, wafer.head, f"{_name(wafer)}: {num(value, 2)} %, {wafer.sites_count} sites")
    return plot.svg("Measured within-wafer non-uniformity of each wafer in the order of polishing")


def _wafer_axis(plot: Plot, polished: list[WaferLine]) -> None:
    every = 1 if len(polished) <= 13 else 2 if len(polished) <= 26 else 5
    shown = polished[::every]
    plot.axis_x("slot, in order of polishing", [w.order_count for w in shown], [str(w.slot) for w in shown])


def _name(wafer: WaferLine) -> str:
    return f"slot {wafer.slot}, {wafer.wafer_id}, head {wafer.head}"


def _first_wafer(polished: list[WaferLine]) -> str:
    rates = [w.rate_nm_min for w in polished if known(w.rate_nm_min)]
    if len(rates) < 3 or not known(polished[0].rate_nm_min):
        return ""
    rest = statistics.fmean(rates[1:])
    off_pct = 100.0 * (rates[0] / rest - 1.0)
    return note(
        f"First wafer: {num(rates[0], 1)} nm/min, {signed(off_pct, 1, '%')} against the mean of the others "
        f"({num(rest, 1)} nm/min)."
    )


def _by_head(facts: Facts) -> str:
    lot = [w.rate_nm_min for w in facts.polished if known(w.rate_nm_min)]
    lot_mean = statistics.fmean(lot) if lot else None
    rows: list[list[str]] = []
    for head in facts.heads:
        wafers = [w for w in facts.polished if w.head == head]
        rates = [w.rate_nm_min for w in wafers if known(w.rate_nm_min)]
        wiwnu = [w.wiwnu_pct for w in wafers if known(w.wiwnu_pct)]
        mean = statistics.fmean(rates) if rates else None
        off_pct = 100.0 * (mean / lot_mean - 1.0) if mean and lot_mean else None
        rows.append(
            [
                head_mark(head),
                str(len(wafers)),
                num(mean, 1),
                signed(off_pct, 2, "%"),
                num(statistics.stdev(rates) if len(rates) > 1 else None, 1),
                num(statistics.fmean(wiwnu) if wiwnu else None, 2),
            ]
        )
    columns = (
        Column("Head"),
        Column("Wafers", numeric=True),
        Column("Mean rate", "measured, nm/min", numeric=True),
        Column("Against lot mean", numeric=True),
        Column("1s", "nm/min", numeric=True),
        Column("Mean WIWNU", "measured, %", numeric=True),
    )
    return table(columns, rows, style="tight")
