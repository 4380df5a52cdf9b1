"""Alarms of the run, each with cause and remedy as the dictionary has them, and what interlocks refused."""

from __future__ import annotations

from collections.abc import Mapping

from planaris.dictionary import AlarmTemplate, alarm_templates
from planaris.historian import AlarmRow
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, note, table
from planaris.report.text import clock, esc, num, place_name

_SIGNS = {"warning": ("!", "warn"), "error": ("✗", "bad"), "fatal": ("✗✗", "bad")}


def alarms(facts: Facts) -> Section:
    """Return the section."""
    rows = facts.record.alarms
    body = _alarm_table(facts, rows) if rows else note("✓ No alarm was set in this run.", "good")
    return Section("alarms", "Alarms", body + _refusals(facts))


def _alarm_table(facts: Facts, rows: list[AlarmRow]) -> str:
    templates = alarm_templates()
    columns = (
        Column("Set", "tool time", numeric=True),
        Column("Severity"),
        Column("Alarm"),
        Column("Wafer"),
        Column("Cleared", "tool time", numeric=True),
        Column("Cause"),
        Column("Remedy"),
    )
    start_s = facts.throughput.start_s
    return note("Tool time counts from the start of the lot.") + table(
        columns, [_row(row, templates, start_s) for row in rows], style="wide"
    )


def _row(row: AlarmRow, templates: Mapping[str, AlarmTemplate], start_s: float) -> list[str]:
    sign, style = _SIGNS.get(row.severity, ("!", "warn"))
    template = templates.get(row.alarm.rpartition(".")[2])
    said = template.text.en if template else row.alarm.replace("_", " ")
    cleared = "still set" if row.cleared_s is None else clock(row.cleared_s - start_s)
    return [
        clock(row.set_s - start_s),
        f'<span class="keep {style}">{sign} {esc(row.severity)}</span>',
        f"<b>{esc(place_name(row.source))}: {esc(said)}</b><br>{esc(row.detail)} <small>{esc(row.alarm)}</small>",
        f'<span class="keep">{esc(row.wafer_id or num(None))}</span>',
        cleared,
        esc(template.cause.en if template else num(None)),
        esc(template.remedy.en if template else num(None)),
    ]


def _refusals(facts: Facts) -> str:
    refused = facts.record.happened("interlock_refused")
    if not refused:
        return ""
    start_s = facts.throughput.start_s
    rows = [
        [clock(r.time_s - start_s), esc(r.text("rule")), esc(r.text("action")), esc(r.text("reason"))] for r in refused
    ]
    columns = (Column("Tool time", numeric=True), Column("Rule"), Column("Action refused"), Column("Reason"))
    return "<h3>Refused by interlocks</h3>" + table(columns, rows, style="tight")
