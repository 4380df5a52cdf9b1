"""One wafer's traces: the sensors a process engineer looks at first, over its whole way across the platens."""

from __future__ import annotations

import fnmatch
import math

import numpy as np

from planaris.model import suffix_of
from planaris.report.decimate import decimate
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, figure, note, table
from planaris.report.plot import Frame, Plot, span_of
from planaris.report.text import esc, known, num
from planaris.report.trace_reading import Visit, middle_wafer, read_visits

_FRAME = Frame(380, 172, left=50, right=8, top=22, bottom=34)

# Shown if recorded, in this order; others fill up to a count.
_KEY_TAGS = (
    "platen.speed_rpm",
    "head.speed_rpm",
    "head.zone*_pressure_kPa",
    "head.ring_pressure_kPa",
    "platen.torque_Nm",
    "platen.pad_temperature_C",
    "platen.slurry_flow_ml_min",
    "platen.di_flow_ml_min",
    "platen.conditioner_force_N",
    "platen.conditioner_arm_mm",
    "head.sweep_mm",
    "head.downforce_N",
    "platen.motor_current_A",
)
_LEAST_COUNT = 15


def traces(facts: Facts) -> Section:
    """Return the section."""
    wafer = middle_wafer(facts)
    if wafer is None:
        return Section("traces", "Traces of one wafer", note("The record holds no trace."))
    visits, problems = read_visits(facts, wafer.wafer_id)
    heading = f"Traces of wafer {wafer.wafer_id}"
    lost = "".join(note(f"! {esc(problem)}", "warn") for problem in problems)
    if not visits:
        return Section("traces", heading, lost or note("Its traces are empty."))
    tags = _tags(visits)
    start_s, end_s = visits[0].span_s[0], visits[-1].span_s[1]
    samples = sum(len(v.time_s) for v in visits)
    lead = (
        f"Slot {wafer.slot}, head {wafer.head}: sensor readings of {len(tags)} of {len(visits[0].columns)} recorded "
        f"tags, {num(samples, 0)} samples each. Time counts from the first sample; each pixel column shows its least "
        "and greatest sample. Shading: recipe steps, named below."
    )
    charts = "".join(_chart(tag, visits, start_s, end_s) for tag in tags)
    return Section(
        "traces", heading, lost + note(lead) + f'<div class="triple">{charts}</div>' + _step_table(visits, start_s)
    )


def _tags(visits: list[Visit]) -> list[str]:
    there = list(dict.fromkeys(name for visit in visits for name in visit.columns))
    first = [tag for key in _KEY_TAGS for tag in fnmatch.filter(there, key)]
    return (first + [tag for tag in there if tag not in first])[: max(_LEAST_COUNT, len(first))]


def _chart(tag: str, visits: list[Visit], start_s: float, end_s: float) -> str:
    with_tag = [visit for visit in visits if tag in visit.columns]
    span = _span(tag, with_tag)
    plot = Plot("trace-" + tag.replace(".", "-"), _FRAME, (0.0, max(end_s - start_s, 0.1)), span)
    plot.axis_y("", 4)
    plot.axis_x("time, s")
    for visit in visits:
        for k, step in enumerate(visit.steps):
            words = (
                f"platen {visit.platen}, {step.name}: {num(step.start_s - start_s, 1)}–{num(step.end_s - start_s, 1)} s"
            )
            if known(step.start_s) and known(step.end_s):
                plot.band_x((step.start_s - start_s, step.end_s - start_s), "band" if k % 2 == 0 else "band2", words)
        middle = sum(visit.span_s) / 2 - start_s
        plot.write(plot.px(middle), 16, f"platen {visit.platen}", "tl")
    columns = _FRAME.width - _FRAME.left - _FRAME.right
    for visit in with_tag:
        share = max(1, round(columns * (visit.span_s[1] - visit.span_s[0]) / max(end_s - start_s, 1e-9)))
        values = np.asarray(visit.columns[tag], dtype=np.float64)
        time_s, shown = decimate(visit.time_s, values, visit.span_s, share)
        plot.line(time_s - start_s, shown, "signal")
    unit = with_tag[0].units.get(tag, "")
    words = f"<b>{esc(_tag_name(tag))}</b>{', ' + esc(unit) if unit else ''}"
    return figure(plot.svg(f"Trace of {tag}"), words)


def _span(tag: str, visits: list[Visit]) -> tuple[float, float]:
    ends: list[float] = []
    for visit in visits:
        values = visit.columns[tag]
        finite = values[np.isfinite(values)]
        if finite.size:
            ends += [float(finite.min()), float(finite.max())]
    low, high = span_of(ends)
    # A steady signal is drawn steady: the axis spans at least 2 % of the value, so noise does not fill the chart.
    least = 0.02 * max(abs(low), abs(high))
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    return (low, high) if math.isfinite(low) else (0.0, 1.0)


def _tag_name(tag: str) -> str:
    """Return ``platen.slurry_flow_ml_min`` as "platen slurry flow"."""
    suffix = suffix_of(tag) or ""
    return tag.removesuffix(suffix).replace(".", " ").replace("_", " ").replace("zone", "zone ").replace(" di ", " DI ")


def _step_table(visits: list[Visit], start_s: float) -> str:
    rows = [
        [
            esc(visit.platen),
            esc(step.name),
            num(step.start_s - start_s, 1),
            num(step.end_s - start_s, 1),
            num(step.end_s - step.start_s, 1),
        ]
        for visit in visits
        for step in visit.steps
    ]
    if not rows:
        return ""
    columns = (
        Column("Platen"),
        Column("Step"),
        Column("From", "s", numeric=True),
        Column("To", "s", numeric=True),
        Column("Length", "s", numeric=True),
    )
    return f"<details><summary>Steps</summary>{table(columns, rows, style='tight')}</details>"
