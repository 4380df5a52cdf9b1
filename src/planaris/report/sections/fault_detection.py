"""Fault detection: what was found, and every step's features over the wafers against their limits."""

from __future__ import annotations

from collections.abc import Sequence

from planaris.control import general, signatures
from planaris.historian import FaultRow, FeaturesRow, ViolationRow
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, figure, note, scroll, table
from planaris.report.plot import Frame, Plot, head_style, span_of
from planaris.report.text import esc, num, plural

_FRAME = Frame(590, 230, left=62, top=14, bottom=42)
# Charts are drawn of what moved, and of so many others.
_MOST_CHARTS = 6
_PLANNED = {"": "nothing planned", "warn": "warned", "hold_lot": "lot held", "stop_platen": "platen stopped"}


def fault_detection(facts: Facts) -> Section | None:
    """Return the section, None for a run whose recipe asks for no fault detection."""
    record = facts.record
    taken = [row for row in record.features if row.learn_count]  # else they were taken for virtual metrology alone
    if not taken:
        return None
    slots = {wafer.wafer_id: wafer.slot for wafer in facts.wafers}
    body = note(_lead(taken, record.violations, record.faults))
    body += _charts(taken, record.violations)
    if record.faults:
        body += _faults(record.faults, slots)
    if record.violations:
        body += _violations(record.violations, slots)
    return Section("fault-detection", "Fault detection: features and charts", body)


def _lead(taken: Sequence[FeaturesRow], violations: Sequence[ViolationRow], faults: Sequence[FaultRow]) -> str:
    teaching = sum(row.learned_count < row.learn_count for row in taken)
    words = f"Features of {plural(len(taken), 'step')} were taken; {teaching} of them taught limits. "
    named = sorted({f"{row.fault.replace('_', ' ')} at {row.source}" for row in faults})
    if named:
        return words + f'<b class="warn">! Found: {esc(", ".join(named))}.</b>'
    if violations:
        return words + f'<b class="warn">! {plural(len(violations), "chart")} violated, no fault named.</b>'
    return words + "<b>All charts in control.</b>"


def _charts(taken: Sequence[FeaturesRow], violations: Sequence[ViolationRow]) -> str:
    """Draw features over the wafers: first those whose charts were violated."""
    moved = [((v.step, v.platen), v.feature) for v in violations if v.feature]
    key = max({(row.step, row.platen) for row in taken}, key=lambda k: (sum(m[0] == k for m in moved), -k[0]))
    rows = [row for row in taken if (row.step, row.platen) == key]
    names = list(dict.fromkeys(feature for k, feature in moved if k == key))
    # Then those that tell a fault by themselves.
    drivers = {s.driver for s in signatures()}
    others = [name for name in rows[0].by_name if name not in names]
    names += sorted(others, key=lambda name: general(name) not in drivers)
    violated = {(v.wafer_id, v.feature) for v in violations if (v.step, v.platen) == key}
    where = f"{rows[0].step_name} on platen {key[1]}" if key[1] else "measured after the last step"
    drawn = "".join(_chart(rows, name, violated, where) for name in names[:_MOST_CHARTS])
    left = len(names) - _MOST_CHARTS
    more = note(f"{plural(left, 'more feature')} of this step stand in the record’s <code>step_features</code>.")
    return f'<div class="pair">{drawn}</div>{more if left > 0 else ""}'


def _chart(rows: Sequence[FeaturesRow], name: str, violated: set[tuple[str, str]], where: str) -> str:
    """Draw one feature of one step, wafer by wafer; wafers that taught limits lie in the shade."""
    points = [(number, row, row.by_name[name]) for number, row in enumerate(rows, 1) if name in row.by_name]
    plot = Plot(f"fd-{name}", _FRAME, (0.0, len(rows) + 1.0), span_of([value for _, _, value in points]))
    plot.axis_y(esc(name))
    plot.axis_x("wafers in order")
    learned = sum(row.learned_count < row.learn_count for row in rows)
    if learned:  # and the next one, with which they were there
        plot.band_x((0.0, learned + 1.5), "band", "wafers that limits were learned from")
    plot.line([float(n) for n, _, _ in points], [value for _, _, value in points], head_style(0), name)
    for number, row, value in points:
        out = (row.wafer_id, name) in violated
        words = f"{row.wafer_id}, head {row.head}: {value:.4g}{', beyond its limit' if out else ''}"
        plot.mark(float(number), value, row.head, words, 6.0 if out else 3.0)
    caption = f"<b>{esc(name)}</b>, {esc(where)}; shaded: wafers that limits were learned from; large: beyond"
    return figure(scroll(plot.svg(f"{name} of each wafer in order"), name, 480), caption)


def _faults(faults: Sequence[FaultRow], slots: dict[str, int]) -> str:
    rows = [
        [
            str(slots.get(row.wafer_id, "")) or num(None),
            esc(row.step_name),
            f'<span class="warn">! {esc(row.fault.replace("_", " "))}</span>',
            esc(row.source),
            str(row.found_count),
            num(row.share_pct, 0),
            esc(row.features.replace(",", ", ")),
            esc(_PLANNED.get(row.planned, row.planned)),
        ]
        for row in faults
    ]
    columns = (
        Column("Slot", numeric=True),
        Column("Step"),
        Column("Fault"),
        Column("At"),
        Column("Wafers in a row", numeric=True),
        Column("Explains", "% of what moved", numeric=True),
        Column("Features that moved"),
        Column("Plan"),
    )
    return table(columns, rows, "Faults found, in order of time", "decisions")


def _violations(violations: Sequence[ViolationRow], slots: dict[str, int]) -> str:
    rows = [
        [
            str(slots.get(row.wafer_id, "")) or num(None),
            esc(row.step_name),
            str(row.platen) if row.platen else num(None),
            esc({"t2": "T²", "spe": "SPE", "ewma": "EWMA", "shewhart": "Shewhart"}.get(row.chart, row.chart)),
            esc(row.feature or row.why),
            num(row.statistic_ratio, 2),
            num(row.limit_ratio, 2),
        ]
        for row in violations
    ]
    columns = (
        Column("Slot", numeric=True),
        Column("Step"),
        Column("Platen", numeric=True),
        Column("Chart"),
        Column("Feature, or the largest contributions"),
        Column("Statistic", "single features in σ", numeric=True),
        Column("Limit", numeric=True),
    )
    return table(columns, rows, "Charts violated, in order of time", "decisions")
