"""Lot against targets: one row per wafer, what is out of target marked by sign, word and colour."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from planaris.report.facts import Facts
from planaris.report.page import Column, Section, note, table
from planaris.report.plot import glyph, head_style
from planaris.report.targets import Judgement, Targets
from planaris.report.text import esc, known, num, place_name, signed
from planaris.report.wafers import WaferLine

_COLUMNS = (
    Column("Slot", numeric=True),
    Column("Wafer"),
    Column("Head"),
    Column("Incoming", "nm", numeric=True, group="measured"),
    Column("Post", "nm", numeric=True, group="measured"),
    Column("Removal", "nm · off target", group="measured"),
    Column("WIWNU", "% · sampling", group="measured"),
    Column("Polish", "s", numeric=True, group="time"),
    Column("Wait", "s", numeric=True, group="time"),
    Column("Wet", "s", numeric=True, group="time"),
    Column("Slurry", "ml", numeric=True, group="used"),
    Column("Water", "ml", numeric=True, group="used"),
    Column("Alarms"),
)


def lot_table(facts: Facts) -> Section:
    """Return the section."""
    rows = [_row(wafer, facts) for wafer in facts.wafers]
    lead = (
        "Removal is the mean over the sites that were measured before and after polish. WIWNU is 100·s/mean of removal "
        "over the sites named beside it, s with n−1"
        + (
            f", edge exclusion {num(facts.targets.edge_exclusion_mm, 0)} mm. "
            if known(facts.targets.edge_exclusion_mm)
            else ". "
        )
        + "Wait: time on the tool with nothing done to the wafer; wet: time from load cup to dry. "
        "✓ in target, ▲ high, ▼ low, ✗ over its limit."
    )
    if not rows:
        return Section("lot", "Lot against targets", note("The record names no wafer."))
    body = note(lead) + table(_COLUMNS, [*rows, _means(facts.wafers)], style="tight has-sum lot")
    return Section("lot", "Lot against targets", body)


def _row(wafer: WaferLine, facts: Facts) -> list[str]:
    removal, wiwnu = facts.judge(wafer)
    kind = "" if wafer.kind == "product" else f" <small>{esc(wafer.kind)}</small>"
    state = "" if wafer.finished else _unfinished(wafer)
    return [
        str(wafer.slot),
        f'<span class="keep">{esc(wafer.wafer_id)}</span>{kind}{state}',
        head_mark(wafer.head),
        num(wafer.incoming_nm, 1),
        num(wafer.post_nm, 1),
        _removal_cell(wafer, removal, facts.targets),
        _wiwnu_cell(wafer, wiwnu, facts.targets),
        num(wafer.polish_s, 1),
        num(wafer.wait_s, 0),
        num(wafer.wet_s, 0),
        num(wafer.slurry_ml, 0),
        num(wafer.di_water_ml, 0),
        _alarms(wafer),
    ]


def head_mark(head: int) -> str:
    """Return a head's mark and number in its colour."""
    return f'<span class="{head_style(head)}">{glyph(head)}</span> {head}' if head else num(None)


def _unfinished(wafer: WaferLine) -> str:
    where = f", in {esc(place_name(wafer.place))}" if wafer.place else ""
    return f'<br><span class="warn">✗ not finished{where}</span>'


def _removal_cell(wafer: WaferLine, judged: Judgement, targets: Targets) -> str:
    if not known(wafer.removal_nm):
        return f'<span class="none">{judged.sign} {judged.word}</span>'
    off_pct = 100.0 * (wafer.removal_nm / targets.removal_nm - 1.0) if targets.removal_nm else float("nan")
    words = f" {judged.word}" if judged.out else ""
    return (
        f"{num(wafer.removal_nm, 1)} {_deviation_spark(off_pct, targets.tolerance_pct, judged)} "
        f'<span class="{judged.style}">{judged.sign} {signed(off_pct, 1, "%")}{words}</span>'
    )


def _wiwnu_cell(wafer: WaferLine, judged: Judgement, targets: Targets) -> str:
    if not known(wafer.wiwnu_pct):
        return f'<span class="none">{judged.sign} {judged.word}</span>'
    words = f" {judged.word}" if judged.out else ""
    return (
        f"{num(wafer.wiwnu_pct, 2)} {_limit_spark(wafer.wiwnu_pct, targets.wiwnu_limit_pct, judged)} "
        f'<span class="{judged.style}">{judged.sign}{words}</span> <small>{wafer.sites_count} sites</small>'
    )


def _deviation_spark(off_pct: float, tolerance_pct: float, judged: Judgement) -> str:
    """Draw the deviation from target as a bar from the middle; the box is the tolerance, the picture twice as wide."""
    if not (known(off_pct) and known(tolerance_pct) and tolerance_pct > 0):
        return ""
    reach = max(-2.0, min(2.0, off_pct / tolerance_pct))
    start, width = (30 + 14 * min(reach, 0), 14 * abs(reach))
    return (
        '<svg class="spark" width="60" height="14" viewBox="0 0 60 14" aria-hidden="true">'
        '<rect class="window" x="16" width="28" height="14"/>'
        f'<rect class="{_bar_style(judged)}" x="{start:.1f}" y="3" width="{max(width, 1):.1f}" height="8"/>'
        '<path class="tick" d="M30 0v14"/></svg>'
    )


def _limit_spark(value: float, limit: float, judged: Judgement) -> str:
    """Draw a value as a bar against its limit, which stands at two thirds."""
    if not known(limit) or limit <= 0:
        return ""
    return (
        '<svg class="spark" width="54" height="14" viewBox="0 0 54 14" aria-hidden="true">'
        f'<rect class="{_bar_style(judged)}" y="3" width="{min(36 * value / limit, 54):.1f}" height="8"/>'
        '<path class="limit" d="M36 0v14"/></svg>'
    )


def _bar_style(judged: Judgement) -> str:
    return "bad" if judged.out else "bar-b"


def _alarms(wafer: WaferLine) -> str:
    if not wafer.alarms:
        return '<span class="none">none</span>'
    return "<br>".join(f'<span class="warn">! {esc(place_name(a.alarm))}</span>' for a in wafer.alarms)


def _means(wafers: list[WaferLine]) -> list[str]:
    finished = [w for w in wafers if w.finished]
    return [
        "",
        "mean of finished" if len(finished) < len(wafers) else "mean",
        "",
        num(_mean(w.incoming_nm for w in finished), 1),
        num(_mean(w.post_nm for w in finished), 1),
        num(_mean(w.removal_nm for w in finished), 1),
        num(_mean(w.wiwnu_pct for w in finished), 2),
        num(_mean(w.polish_s for w in finished), 1),
        num(_mean(w.wait_s for w in finished), 0),
        num(_mean(w.wet_s for w in finished), 0),
        num(_mean(w.slurry_ml for w in finished), 0),
        num(_mean(w.di_water_ml for w in finished), 0),
        "",
    ]


def _mean(values: Iterable[float]) -> float | None:
    finite = [value for value in values if known(value)]
    return statistics.fmean(finite) if finite else None
