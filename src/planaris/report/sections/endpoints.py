"""Endpoints: what each detector said and when its step was stopped, and the signal behind one of the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planaris.historian import EndpointRow
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, figure, note, scroll, table
from planaris.report.plot import Frame, Plot, Span, head_style, span_of
from planaris.report.run_record import as_list, as_mapping, as_number
from planaris.report.sections.endpoint_signals import Behind, signals
from planaris.report.sections.lot_table import head_mark
from planaris.report.text import esc, known, num, plural

_FRAME = Frame(590, 300, left=58, top=14, bottom=42)
# What the close-up shows before and after the stop [design].
_CLOSE_UP_S = (-4.0, 2.0)
_DECISIONS = {
    "call": '<span class="good">✓ call</span>',
    "hold": '<span class="warn">! hold</span>',
    "abort": '<span class="bad">✗ abort</span>',
}


@dataclass(frozen=True, slots=True)
class _Call:
    """A decision with its wafer's slot and its step's start; NaN where the record has no start."""

    row: EndpointRow
    slot: int
    start_s: float

    @property
    def name(self) -> str:
        return f"slot {self.slot}, {self.row.wafer_id}, head {self.row.head}"

    @property
    def estimate(self) -> str:
        nm = num(self.row.endpoint_nm, 1)
        return f"{nm} ± {num(self.row.sigma_nm, 1)}" if known(self.row.sigma_nm) else nm


def endpoints(facts: Facts) -> Section | None:
    """Return the section, None for a run that decided on no endpoint."""
    slots = {wafer.wafer_id: wafer.slot for wafer in facts.wafers}
    calls = [_Call(row, slots.get(row.wafer_id, 0), _start_s(facts, row)) for row in facts.record.endpoints]
    if not calls:
        return None
    heads = sorted({call.row.head for call in calls})
    key = "".join(f"<li>{head_mark(head)}</li>" for head in heads)
    steps = list(dict.fromkeys((call.row.step, call.row.step_name) for call in calls))
    charts = "".join(
        _trails(facts, [call for call in calls if (call.row.step, call.row.step_name) == step]) for step in steps
    )
    shown = signals(facts, [Behind(c.row, c.slot, c.start_s, _kinds(facts, c.row)) for c in calls if known(c.start_s)])
    lead = (
        f"{_count_words(calls)} Thickness, its standard deviation and rate are the detector’s own estimates at the "
        "time of its decision, from what sensors said. A call may come before the endpoint: the step is stopped so "
        "that the film reaches it."
    )
    body = f'{note(lead)}<ul class="key"><li>Head</li>{key}</ul>{charts}{shown}{_table(calls)}'
    return Section("endpoints", "Endpoints: signal and call", body)


def _start_s(facts: Facts, row: EndpointRow) -> float:
    own = (row.wafer_id, row.platen, row.step)
    starts = [s.start_s for s in facts.record.steps if (s.wafer_id, s.platen, s.step) == own]
    return max((start_s for start_s in starts if start_s <= row.time_s), default=float("nan"))


def _count_words(calls: Sequence[_Call]) -> str:
    called = sum(call.row.decision == "call" for call in calls)
    words = (
        f"{called} of {plural(len(calls), 'step')} that end by an endpoint {'was' if called == 1 else 'were'} called."
    )
    return f"<b>{words}</b>" if called == len(calls) else f'<b class="warn">! {words}</b>'


def _table(calls: Sequence[_Call]) -> str:
    rows = [
        [
            str(call.slot) if call.slot else num(None),
            head_mark(call.row.head),
            str(call.row.platen),
            esc(call.row.step_name),
            _DECISIONS.get(call.row.decision, esc(call.row.decision)),
            num(call.row.called_s - call.start_s, 1),
            num(call.row.stop_s - call.start_s, 1),
            call.estimate,
            num(call.row.rate_nm_min, 1),
            esc(call.row.why),
        ]
        for call in calls
    ]
    columns = (
        Column("Slot", numeric=True),
        Column("Head"),
        Column("Platen", numeric=True),
        Column("Step"),
        Column("Decision"),
        Column("Call", "s after step start", numeric=True),
        Column("Stop", "s after step start", numeric=True),
        Column("Thickness at call", "estimate, nm ± 1σ", numeric=True),
        Column("Rate", "estimate, nm/min", numeric=True),
        Column("Why"),
    )
    return table(columns, rows, "Decisions in order of time", "decisions")


def _trails(facts: Facts, calls: Sequence[_Call]) -> str:
    """Return one step's trails over the whole step and close to the stop."""
    row = calls[0].row
    number, step = row.step, esc(row.step_name)
    by_nm = any(known(nm) for call in calls for nm in call.row.trail_nm)
    what = "thickness" if by_nm else "the detector’s confidence"
    end = _step_end(facts, row)
    targets = [as_number(as_mapping(d).get("target_nm")) for d in as_list(end.get("detectors"))] if by_nm else []
    min_s = as_number(end.get("min_s"))
    unseen = sum(not any(known(nm) for nm in call.row.trail_nm) for call in calls) if by_nm else 0
    lost = f" Of {plural(unseen, 'wafer')} no thickness was seen." if unseen else ""
    shade = ", shaded: no call allowed yet" if known(min_s) and min_s > 0 else ""
    whole = f"<b>{step}</b>: {what} since the step’s start; marks: calls{shade}.{lost}"
    near = f"<b>{step}</b>: the same near the stop; dotted: what was foreseen from the call to the endpoint."
    return (
        '<div class="pair">'
        + figure(scroll(_whole(calls, f"trail{number}", targets, min_s), f"{what} during {row.step_name}", 480), whole)
        + figure(scroll(_near(calls, f"stop{number}", targets), f"{what} near the stop of {row.step_name}", 480), near)
        + "</div>"
    )


def _step_end(facts: Facts, row: EndpointRow) -> dict[str, object]:
    """Return a step's end as the recipe has it, {} where the record holds another recipe or none."""
    steps = [as_mapping(step) for step in as_list(facts.record.mapping("recipe").get("steps"))]
    named = steps[row.step] if 0 <= row.step < len(steps) else {}
    return as_mapping(named.get("end")) if named.get("name") == row.step_name else {}


def _kinds(facts: Facts, row: EndpointRow) -> frozenset[str]:
    """Return what the step's detectors read: each one's name, and its signal where it names one."""
    detectors = [as_mapping(d) for d in as_list(_step_end(facts, row).get("detectors"))]
    return frozenset(str(d[key]) for d in detectors for key in ("detector", "source") if d.get(key))


def _values(call: _Call, by_nm: bool) -> tuple[float, ...]:
    return call.row.trail_nm if by_nm else call.row.trail_pct


def _whole(calls: Sequence[_Call], name: str, targets: Sequence[float], min_s: float) -> str:
    by_nm = any(known(nm) for call in calls for nm in call.row.trail_nm)
    last_s = [t - c.start_s for c in calls for t in (*c.row.trail_s, c.row.stop_s) if known(t - c.start_s)]
    values = [v for call in calls for v in _values(call, by_nm)] + [t for t in targets if known(t)]
    plot = Plot(name, _FRAME, (0.0, 1.04 * max(last_s, default=1.0)), _y_span(values, by_nm))
    plot.axis_y("thickness, nm" if by_nm else "confidence, %")
    plot.axis_x("time since the start of the step, s")
    if known(min_s):
        plot.band_x((0.0, min_s), "band", f"no call before {num(min_s, 0)} s")
    _target_rules(plot, targets, 0.0)
    for call in calls:
        _trail(plot, call, call.start_s, by_nm)
    return plot.svg("What each wafer's endpoint detector said, against time since the start of the step")


def _near(calls: Sequence[_Call], name: str, targets: Sequence[float]) -> str:
    by_nm = any(known(nm) for call in calls for nm in call.row.trail_nm)
    values = [t for t in targets if known(t)]
    for call in calls:
        pairs = zip(call.row.trail_s, _values(call, by_nm), strict=True)
        values += [v for t, v in pairs if _CLOSE_UP_S[0] <= t - call.row.stop_s <= _CLOSE_UP_S[1]]
    span = _y_span(values, by_nm)
    plot = Plot(name, _FRAME, _CLOSE_UP_S, span)
    plot.axis_y("thickness, nm" if by_nm else "confidence, %")
    plot.axis_x("time to the stop of the step, s")
    _target_rules(plot, targets, _CLOSE_UP_S[0])
    plot.line([0.0, 0.0], span, "stop", "stop of the step")
    plot.note(0.0, span[1], "stop", dx=5, dy=14)
    for call in calls:
        _trail(plot, call, call.row.stop_s, by_nm)
        row = call.row
        fall_nm = row.rate_nm_min / 60.0 * (row.endpoint_s - row.called_s)
        if by_nm:
            ends = [row.called_s - row.stop_s, row.endpoint_s - row.stop_s]
            plot.line(ends, [row.endpoint_nm, row.endpoint_nm - fall_nm], f"{head_style(row.head)} foreseen")
    return plot.svg("What each wafer's endpoint detector said, against time to the stop of the step")


def _y_span(values: Sequence[float], by_nm: bool) -> Span:
    return span_of(values) if by_nm else (0.0, 105.0)


def _target_rules(plot: Plot, targets: Sequence[float], left: float) -> None:
    """Draw the targets, named at the left end, where no trail is near them."""
    for target in dict.fromkeys(t for t in targets if known(t)):
        plot.rule_y(target, "target")
        plot.note(left, target, f"target {num(target, 0)} nm", dx=6, dy=-5)


def _trail(plot: Plot, call: _Call, zero_s: float, by_nm: bool) -> None:
    """Draw a wafer's trail and its call, times counted from ``zero_s``."""
    row = call.row
    values = _values(call, by_nm)
    plot.line([t - zero_s for t in row.trail_s], values, head_style(row.head), call.name)
    at = row.endpoint_nm if by_nm else (values[-1] if values else float("nan"))
    words = f"{call.name}: {row.decision} at {num(row.called_s - call.start_s, 1)} s, {row.why}"
    plot.mark(row.called_s - zero_s, at, row.head, words, 4.0)
