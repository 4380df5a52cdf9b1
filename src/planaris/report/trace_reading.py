"""Traces of one wafer, one per platen visit, as its Parquet files hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.formats.trace_files import Trace, TraceFileError, read_trace
from planaris.model import symbol_of
from planaris.report.facts import Facts
from planaris.report.run_record import as_list, as_mapping, as_number
from planaris.report.wafers import WaferLine

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StepSpan:
    """A recipe step on the trace's time axis."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to a platen: ``time_s`` (n,), each of ``columns`` (n,), units by column, steps."""

    platen: str
    time_s: Floats
    columns: Mapping[str, NDArray[np.float32]]
    units: Mapping[str, str]
    steps: tuple[StepSpan, ...]

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last sample's time."""
        return float(self.time_s[0]), float(self.time_s[-1])


def middle_wafer(facts: Facts) -> WaferLine | None:
    """Return the middle one of the wafers with traces, in order of polishing; finished ones before others."""
    traced = {trace.wafer_id for trace in facts.record.trace_files}
    candidates = [w for w in facts.polished if w.wafer_id in traced]
    candidates = [w for w in candidates if w.finished] or candidates
    return candidates[len(candidates) // 2] if candidates else None


def read_visits(facts: Facts, wafer_id: str) -> tuple[list[Visit], list[str]]:
    """Return a wafer's visits in order of time, and what could not be read."""
    visits: list[Visit] = []
    problems: list[str] = []
    files = (t.file for t in facts.record.trace_files if t.wafer_id == wafer_id and not t.of_window)
    for name in dict.fromkeys(files):
        try:
            trace = read_trace(facts.record.folder / name)
        except TraceFileError as error:
            problems.append(f"{name}: {error.problem}")
            continue
        if len(trace.time_s):
            visits.append(_visit(trace))
    return sorted(visits, key=lambda visit: visit.span_s[0]), problems


def _visit(trace: Trace) -> Visit:
    units = as_mapping(_json(trace.metadata.get("units")))
    rows = [as_mapping(item) for item in as_list(_json(trace.metadata.get("steps")))]
    steps = tuple(
        StepSpan(str(row.get("name", "")), as_number(row.get("start_s")), as_number(row.get("end_s"))) for row in rows
    )
    return Visit(
        trace.metadata.get("platen", ""),
        trace.time_s,
        trace.columns,
        {name: str(units.get(name, symbol_of(name))) for name in trace.columns},
        steps,
    )


def _json(text: str | None) -> object:
    try:
        return json.loads(text or "")
    except ValueError:
        return None
