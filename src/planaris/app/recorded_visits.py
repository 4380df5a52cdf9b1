"""Finds what was recorded of a wafer on a platen: a trace file, the one beside it, and the steps that they hold."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from planaris.app.endpoint_replay import RecordedVisit
from planaris.formats.trace_files import Trace, TraceFileError, read_trace
from planaris.model import DetectorKind, InputError, InputFault, StepEnd
from planaris.modules import StepSpan

# A window's trace is known by this column.
_UNDER_WAFER = "platen.window_under_wafer"
_PLACE = (_UNDER_WAFER, "platen.window_angle_deg", "platen.window_head_angle_deg", "platen.window_sweep_mm")
_LASERS = ("platen.laser_reflectance", "platen.laser2_reflectance")
_NAME = re.compile(r"(?P<stem>.+?)(?P<optical>_optical)?(?P<visit>_\d+)?")
_TRACE = "TRACE"


@dataclass(frozen=True, slots=True)
class RecordedFiles:
    """The files of a visit with what their metadata say; ``spans`` is empty where nobody wrote the steps down."""

    visit: RecordedVisit
    files: tuple[Path, ...]
    spans: tuple[StepSpan, ...]
    wafer_id: str
    recipe: str
    notes: tuple[str, ...]

    @property
    def whole(self) -> StepSpan:
        """What was recorded, as one span."""
        traces = [t for t in (self.visit.window, self.visit.fast) if t is not None]
        return StepSpan("", min(float(t.time_s[0]) for t in traces), max(float(t.time_s[-1]) for t in traces))


def read_visit(path: Path) -> RecordedFiles:
    """Read a trace and the other of the visit's two, scalar sensors' or window's, if it lies beside it.

    Raises `InputError` with what is wrong with the files.
    """
    faults: list[InputFault] = []
    trace = _read(path, faults)
    if trace is None:
        raise InputError(str(path), tuple(faults))
    beside, notes = _other_name(path, optical=_UNDER_WAFER not in trace.columns), []
    other = _read(beside, faults) if beside.exists() else None
    if other is not None and not _same_visit(trace, other):
        notes.append(f"{beside.name} is of another wafer or time and is left out")
        other = None
    spans = _spans(path, trace, faults) or (() if other is None else _spans(beside, other, faults))
    digits = trace.metadata.get("platen", "1")
    if not digits.isdecimal():
        faults.append(InputFault(f"{_TRACE}: platen", digits, "is no platen's number", remedy="write 1, 2, ..."))
    if faults:
        raise InputError(str(path), tuple(faults))
    if any(t is not None and t.incomplete for t in (trace, other)):
        notes.append("the trace was saved from a run that died: its end is missing")
    window, fast = (trace, other) if _UNDER_WAFER in trace.columns else (other, trace)
    files = (path,) if other is None else (path, beside)
    said = trace.metadata
    visit = RecordedVisit(int(digits), window, fast)
    return RecordedFiles(visit, files, spans, said.get("wafer_id", ""), said.get("recipe", ""), tuple(notes))


def _read(path: Path, faults: list[InputFault]) -> Trace | None:
    try:
        trace = read_trace(path)
    except TraceFileError as error:
        faults.append(InputFault(_TRACE, str(error.path), error.problem, remedy=error.remedy))
        return None
    if not trace.time_s.size:
        faults.append(InputFault(_TRACE, str(path), "has no samples", remedy="give another trace"))
    elif not np.isfinite(trace.time_s).all() or (np.diff(trace.time_s) < 0.0).any():
        faults.append(InputFault(_TRACE, str(path), "has times that go back", remedy="sort its rows by time_s"))
    else:
        return trace
    return None


def _other_name(path: Path, *, optical: bool) -> Path:
    """Return how the visit's other file is called: ``_optical`` stands before the number of a later visit."""
    found = _NAME.fullmatch(path.stem)
    assert found is not None, "every name matches"
    kind = "_optical" if optical else ""
    return path.with_name(f"{found['stem']}{kind}{found['visit'] or ''}{path.suffix}")


def _same_visit(trace: Trace, other: Trace) -> bool:
    """Say whether two files are of one visit: one of each kind, the same wafer, at the same time."""
    kinds = {_UNDER_WAFER in t.columns for t in (trace, other)}
    wafers = {t.metadata.get("wafer_id") for t in (trace, other)}
    apart = trace.time_s[-1] < other.time_s[0] or other.time_s[-1] < trace.time_s[0]
    return len(kinds) == 2 and len(wafers) == 1 and not apart


def _spans(path: Path, trace: Trace, faults: list[InputFault]) -> tuple[StepSpan, ...]:
    text = trace.metadata.get("steps")
    if text is None:
        return ()
    try:
        spans = tuple(StepSpan(str(s["name"]), float(s["start_s"]), float(s["end_s"])) for s in json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        problem, limit = f"{path.name} has steps that cannot be read: {error}", "JSON list of name, start_s, end_s"
        faults.append(InputFault(f"{_TRACE}: steps", text[:60], problem, limit, remedy="mend the file's metadata"))
        return ()
    return spans


def column_faults(found: RecordedFiles, end: StepEnd, lasers: int, spectrum_width: int) -> list[InputFault]:
    """Return what a step's detectors read and the recording has not."""
    visit = found.visit
    faults: list[InputFault] = []
    there = {name: c for t in (visit.window, visit.fast) if t is not None for name, c in t.columns.items()}
    needed: dict[str, list[str]] = {}
    for setting in end.detectors:
        for column in _columns_of(setting.detector, setting.source, setting.lasers_count or lasers):
            needed.setdefault(column, []).append(setting.detector)
    files = ", ".join(file.name for file in found.files)
    for column, detectors in needed.items():
        who = " and ".join(dict.fromkeys(detectors))
        if column not in there:
            optical = column.startswith(("platen.window_", "platen.laser", "platen.eddy_", "platen.spectrum"))
            beside = "" if len(found.files) > 1 else _other_name(next(iter(found.files)), optical=optical).name
            remedy = "use a recipe with another detector"
            remedy = f"put {beside} beside it, or {remedy}" if beside not in ("", files) else remedy
            faults.append(
                InputFault(f"{_TRACE}: {column}", "(missing)", f"{files} has not what {who} reads", "", "", remedy)
            )
        elif column == "platen.spectrum" and there[column].size != spectrum_width * len(there[column]):
            width = f"{there[column].size // len(there[column])}"
            problem, remedy = "is not as wide as the detector's spectra", "resample it to 400-800 nm evenly"
            faults.append(InputFault(f"{_TRACE}: {column}", width, problem, str(spectrum_width), remedy=remedy))
    return faults


def _columns_of(detector: DetectorKind, source: str | None, lasers: int) -> tuple[str, ...]:
    match detector:
        case DetectorKind.SPECTRUM | DetectorKind.REFLECTANCE:
            return (*_PLACE, "platen.spectrum")
        case DetectorKind.FRINGE:
            return (*_PLACE, *_LASERS[:lasers])
        case DetectorKind.EDDY:
            return (*_PLACE, "platen.eddy_resistive", "platen.eddy_reactive")
        case DetectorKind.FRICTION:
            return (f"platen.{source or 'torque_Nm'}",)
        case DetectorKind.SLOPE:
            return (f"platen.{source}",)
        case DetectorKind.TIME:
            return ()
