"""The signals behind endpoints: what window, coil and drive showed of one wafer of each step, up to the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.formats.trace_files import TraceFileError, read_trace
from planaris.historian import EndpointRow
from planaris.report.facts import Facts
from planaris.report.page import figure, note, scroll
from planaris.report.plot import Frame, Plot, span_of
from planaris.report.run_record import as_list, as_mapping, as_number
from planaris.report.text import esc, known, num
from planaris.report.window_reading import LASERS, WindowSignal, optical_file, read_window, visit_file

_FRAME = Frame(590, 300, left=58, top=14, bottom=42)
# From the start of the step to the call.
_SPECTRA_COUNT = 4
# The drive's signals are shown as means over this [design]: turns of the platen and noise go, a step stays.
_MEAN_S = 0.5
# Signals of the drive that a detector may read: torque unless a step names another.
_DRIVE: Mapping[str, tuple[str, str]] = {
    "torque_Nm": ("Platen torque", "torque, N·m"),
    "motor_current_A": ("Motor current", "current, A"),
    "pad_temperature_C": ("Pad temperature", "temperature, °C"),
}


@dataclass(frozen=True, slots=True)
class Behind:
    """A decision whose signal may be shown. ``kinds`` are the step's detectors and signals, empty if nobody knows."""

    row: EndpointRow
    slot: int
    start_s: float
    kinds: frozenset[str]

    @property
    def last_s(self) -> float:
        """When there is nothing more to see."""
        return max(s for s in (self.row.called_s, self.row.stop_s, self.row.time_s) if known(s)) + 1.0

    def reads(self, *kinds: str) -> bool:
        """Say whether a detector of the step reads one of these, or nobody knows what it reads."""
        return not self.kinds or bool(self.kinds & set(kinds))


def signals(facts: Facts, calls: Sequence[Behind]) -> str:
    """Return, for each step, the signals of the middle one of its called wafers whose recordings are there."""
    steps = list(dict.fromkeys((call.row.step, call.row.step_name) for call in calls))
    return "".join(_of_step(facts, [c for c in calls if (c.row.step, c.row.step_name) == step]) for step in steps)


def _of_step(facts: Facts, calls: Sequence[Behind]) -> str:
    with_file = [call for call in calls if optical_file(facts, call.row) or visit_file(facts, call.row)]
    with_file = [call for call in with_file if call.row.decision == "call"] or with_file
    if not with_file:
        return ""
    call = with_file[len(with_file) // 2]
    charts, problems = _window(facts, call)
    charts += _drive(facts, call)
    if not charts:
        return problems
    lead = (
        f"Behind {call.row.step_name}: what platen {call.row.platen} showed of slot {call.slot}, wafer "
        f"{call.row.wafer_id}, head {call.row.head}. Light and coil are means of each sweep over the wafer, light "
        "divided by the reference."
    )
    return problems + note(esc(lead)) + f'<div class="pair">{charts}</div>'


def _window(facts: Facts, call: Behind) -> tuple[str, str]:
    """Return the charts of what the window saw, and what is wrong with its file."""
    path = optical_file(facts, call.row)
    if path is None:
        return "", ""
    try:
        seen = read_window(path)
    except TraceFileError as error:
        return "", note(f"! {esc(path.name)}: {esc(error.problem)}", "warn")
    charts = ""
    if call.reads("fringe", "spectrum", *(name.rpartition(".")[2] for name in LASERS)):
        charts += _lasers(facts, call, seen)
    if call.reads("spectrum", "reflectance"):
        charts += _spectra(call, seen)
    if call.reads("eddy"):
        charts += _coil(call, seen)
    return charts, ""


def _lasers(facts: Facts, call: Behind, seen: WindowSignal) -> str:
    sensors = as_mapping(facts.record.mapping("tool_description").get("endpoint_sensors"))
    lengths = as_list(sensors.get("laser_wavelength_nm"))
    named = dict(zip(LASERS, (f"{num(as_number(nm), 0)} nm" for nm in lengths), strict=False))
    lines = {named.get(name, name): values for name, values in seen.lasers.items()}
    return _over_time(call, "lasers", "Laser reflectance", "reflectance", seen.time_s, lines)


def _coil(call: Behind, seen: WindowSignal) -> str:
    lines = {name.rpartition("eddy_")[2]: values for name, values in seen.eddy.items()}
    return _over_time(call, "coil", "Eddy current", "signal, of full scale", seen.time_s, lines)


def _drive(facts: Facts, call: Behind) -> str:
    """Return the charts of the drive's signals that the step's detectors read."""
    wanted = [name for name in _DRIVE if name in call.kinds]
    if "friction" in call.kinds and not wanted:
        wanted = ["torque_Nm"]
    path = visit_file(facts, call.row)
    if not wanted or path is None:
        return ""
    try:
        trace = read_trace(path)
    except TraceFileError as error:
        return note(f"! {esc(path.name)}: {esc(error.problem)}", "warn")
    charts = ""
    for name in wanted:
        values = trace.columns.get(f"platen.{name}")
        if values is not None:
            time_s, means = _means(trace.time_s, values)
            title, axis = _DRIVE[name]
            charts += _over_time(call, name, title, axis, time_s, {f"mean of {_MEAN_S:g} s": means})
    return charts


def _means(time_s: NDArray[np.float64], values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    good = np.isfinite(values)
    bins = np.floor((time_s[good] - time_s[0]) / _MEAN_S).astype(int) if good.any() else np.zeros(0, dtype=int)
    counts = np.bincount(bins)
    there = counts > 0
    sums = [np.bincount(bins, of) for of in (time_s[good], values[good].astype(np.float64))]
    return sums[0][there] / counts[there], sums[1][there] / counts[there]


def _over_time(
    call: Behind,
    name: str,
    title: str,
    axis: str,
    time_s: NDArray[np.float64],
    lines: Mapping[str, NDArray[np.float64]],
) -> str:
    """Return a chart of lines against the time since the step's start, with the decision; '' of nothing."""
    start_s, row = call.start_s, call.row
    inside = (time_s >= start_s) & (time_s <= call.last_s)
    if not lines or not inside.any():
        return ""
    shown = {label: values[inside] for label, values in lines.items()}
    span = span_of([v for of in shown.values() for v in of.tolist()], 0.12)
    plot = Plot(f"signal-{name}-{row.step}", _FRAME, (0.0, call.last_s - start_s), span)
    plot.axis_y(axis)
    plot.axis_x("time since the start of the step, s")
    for k, (label, values) in enumerate(shown.items()):
        plot.line(time_s[inside] - start_s, values, f"w{k}", label)
    if known(row.called_s):
        at_s = row.called_s - start_s
        plot.line([at_s, at_s], span, "stop", f"{row.decision} at {num(at_s, 1)} s")
        plot.note(at_s, span[1], row.decision, dx=-28, dy=14)
    words = ", ".join(f'<span class="swatch w{k}"></span>{esc(label)}' for k, label in enumerate(shown))
    picture = scroll(plot.svg(f"{title} against time"), title.lower(), 480)
    return figure(picture, f"<b>{esc(title)}</b>: {words}")


def _spectra(call: Behind, seen: WindowSignal) -> str:
    """Return spectra from the step's start to the call, the last one strongest."""
    row = call.row
    if seen.spectrum is None or seen.wavelength_nm is None:
        return ""
    last_s = row.called_s if known(row.called_s) else row.time_s
    whole = (seen.time_s >= call.start_s) & (seen.time_s <= last_s) & np.isfinite(seen.spectrum).all(axis=1)
    sweeps = np.flatnonzero(whole)
    if not len(sweeps):
        return ""
    picked = sweeps[np.unique(np.linspace(0, len(sweeps) - 1, _SPECTRA_COUNT).round().astype(int))]
    shown = seen.spectrum[picked]
    ends = float(seen.wavelength_nm[0]), float(seen.wavelength_nm[-1])
    plot = Plot(f"signal-spectra-{row.step}", _FRAME, ends, span_of(shown.ravel().tolist()))
    plot.axis_y("reflectance")
    plot.axis_x("wavelength, nm")
    names: list[str] = []
    first_style = _SPECTRA_COUNT - len(picked)
    for k, (sweep, values) in enumerate(zip(picked.tolist(), shown, strict=True)):
        at = f"{num(float(seen.time_s[sweep]) - call.start_s, 1)} s"
        plot.line(seen.wavelength_nm, values, f"age{first_style + k}", at)
        names.append(f'<span class="swatch age{first_style + k}"></span>{at}')
    words = f"<b>Spectrum</b> after {', '.join(names)}"
    return figure(scroll(plot.svg("Spectra at four times up to the decision"), "spectra", 480), words)
