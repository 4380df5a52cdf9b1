"""What a platen's window saw of one wafer, sweep by sweep, as its optical file holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.formats.trace_files import TraceFileError, read_trace
from planaris.historian import EndpointRow
from planaris.physics import spectrum_wavelengths_nm
from planaris.report.facts import Facts

Floats = NDArray[np.float64]

LASERS: tuple[str, ...] = ("platen.laser_reflectance", "platen.laser2_reflectance")
EDDY: tuple[str, ...] = ("platen.eddy_resistive", "platen.eddy_reactive")
_UNDER_WAFER = "platen.window_under_wafer"
_SPECTRUM = "platen.spectrum"
# A sweep with fewer of the usual flashes was cut off by the touch-down or the lift.
_LEAST_OF_SWEEP = 0.5


@dataclass(frozen=True, slots=True)
class WindowSignal:
    """Means over the wafer, sweep by sweep, divided by the sweep's reference where the instrument has one.

    ``time_s`` (n,) tool time of each sweep's middle; ``lasers`` and ``eddy`` (n,) by column, the coil's as read;
    ``spectrum`` (n, w) at ``wavelength_nm`` (w,), both None where no spectrum was recorded.
    """

    time_s: Floats
    lasers: Mapping[str, Floats]
    eddy: Mapping[str, Floats]
    wavelength_nm: Floats | None
    spectrum: Floats | None


def visit_file(facts: Facts, row: EndpointRow) -> Path | None:
    """Return the trace of a decision's visit, None where there is none.

    A visit's trace is recorded when it ends, so that the first one after a decision is the decision's own.
    """
    visits = [
        t
        for t in facts.record.trace_files
        if (t.wafer_id, t.platen) == (row.wafer_id, row.platen) and t.time_s >= row.time_s and not t.of_window
    ]
    return facts.record.folder / min(visits, key=lambda visit: visit.time_s).file if visits else None


def optical_file(facts: Facts, row: EndpointRow) -> Path | None:
    """Return the file of what the window saw of a decision's visit, None where there is none."""
    trace = visit_file(facts, row)
    if trace is None:
        return None
    found = trace.parent.glob("*_optical*.parquet")
    return next((path for path in sorted(found) if path.name.replace("_optical", "") == trace.name), None)


def read_window(path: Path) -> WindowSignal:
    """Read an optical file; raise TraceFileError where it cannot be read or does not say what was under the window."""
    trace = read_trace(path)
    if _UNDER_WAFER not in trace.columns:
        raise TraceFileError(path, f"has no column {_UNDER_WAFER}")
    on_wafer = trace.columns[_UNDER_WAFER] > 0.5
    turn = np.cumsum(~on_wafer)
    counts = np.bincount(turn[on_wafer], minlength=int(turn[-1]) + 1 if len(turn) else 0)
    whole = np.flatnonzero(counts >= max(1.0, _LEAST_OF_SWEEP * np.median(counts[counts > 0])) if counts.any() else [])
    sweeps = [np.flatnonzero(on_wafer & (turn == k)) for k in whole.tolist()]
    references = np.flatnonzero(~on_wafer)

    def mean(name: str) -> Floats | None:
        values = trace.columns.get(name)
        if values is None or not sweeps or not np.isfinite(values).any():
            return None
        return np.array([values[sweep].mean(axis=0, dtype=np.float64) for sweep in sweeps])

    def reflectance(name: str) -> Floats | None:
        means, values = mean(name), trace.columns.get(name)
        if means is None or values is None or not len(references):
            return means
        # The reference is seen at the start of a turn; what came before the first one takes the first.
        return means / values[references[np.maximum(whole - 1, 0)]].astype(np.float64)

    spectrum = reflectance(_SPECTRUM)
    seen = {name: reflectance(name) for name in LASERS}
    return WindowSignal(
        np.array([trace.time_s[sweep].mean() for sweep in sweeps]),
        {name: values for name, values in seen.items() if values is not None},
        {name: values for name in EDDY if (values := mean(name)) is not None},
        None if spectrum is None else np.asarray(spectrum_wavelengths_nm(spectrum.shape[1]), dtype=np.float64),
        spectrum,
    )
