"""Joins the tool's traces to the historian's files."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.historian import StepRecording, TraceWriter
from planaris.model import symbol_of
from planaris.modules import StepSpan, TraceFile, TraceHeader


class RunTraces:
    """Starts one Parquet trace for each visit of a wafer to a platen; a second visit's name ends in ``_2``.

    What the platen's window saw has a file of its own, its name with ``_optical``.
    """

    def __init__(self, writer: TraceWriter, run_id: str, port_kind: str, folder: Path) -> None:
        self._writer, self._run_id, self._port_kind, self._folder = writer, run_id, port_kind, folder
        # The next number of each place's traces: slots and platens are few, wafers are not.
        self._next: dict[str, int] = {}

    def __call__(self, header: TraceHeader, columns: tuple[str, ...], widths: tuple[int, ...] = ()) -> RunTrace:
        """Begin a trace."""
        metadata = {
            "run_id": self._run_id,
            "wafer_id": header.wafer_id,
            "slot": str(header.slot),
            "head": str(header.head),
            "platen": str(header.platen),
            "recipe": header.recipe,
            "port_kind": self._port_kind,
            "units": json.dumps({column: symbol_of(column) for column in columns}, ensure_ascii=False),
        }
        kind = f"_{header.kind}" if header.kind else ""
        file = self._free_name(f"slot{header.slot:02d}_platen{header.platen}{kind}")
        recording = self._writer.start(header.wafer_id, header.platen, file, columns, metadata, widths)
        return RunTrace(recording, metadata, file, len(columns))

    @property
    def names_count(self) -> int:
        """Of how many places names are counted."""
        return len(self._next)

    def _free_name(self, stem: str) -> str:
        """Return a file name that no earlier visit has, in this life of the run or in one before."""
        for visit in itertools.count(self._next.get(stem, 1)):
            name = f"{stem}.parquet" if visit == 1 else f"{stem}_{visit}.parquet"
            if not (self._folder / name).exists():
                self._next[stem] = visit + 1
                return name
        raise AssertionError("counting never ends")


class RunTrace:
    """One trace while it is recorded."""

    def __init__(self, recording: StepRecording, metadata: dict[str, str], file: str, tags_count: int) -> None:
        self._recording, self._metadata, self._file, self._tags_count = recording, metadata, file, tags_count

    def append(self, time_s: NDArray[np.float64], values: NDArray[np.float32]) -> None:
        """Add samples."""
        self._recording.append(time_s, values)

    def finish(self, spans: Sequence[StepSpan]) -> TraceFile:
        """Hand the trace to the writer."""
        steps = [{"name": s.name, "start_s": round(s.start_s, 6), "end_s": round(s.end_s, 6)} for s in spans]
        self._recording.finish({**self._metadata, "steps": json.dumps(steps, ensure_ascii=False)})
        return TraceFile(f"traces/{self._file}", self._recording.rows_count, self._tags_count)


class NoTrace:
    """Counts a trace's samples and keeps none: what a run without traces records."""

    def __init__(self, tags_count: int) -> None:
        self._rows_count, self._tags_count = 0, tags_count

    def append(self, time_s: NDArray[np.float64], values: NDArray[np.float32]) -> None:  # noqa: ARG002
        """Count samples."""
        self._rows_count += len(time_s)

    def finish(self, spans: Sequence[StepSpan]) -> TraceFile:  # noqa: ARG002
        """Return what was seen; no file has it."""
        return TraceFile("", self._rows_count, self._tags_count)


def no_trace(header: TraceHeader, columns: tuple[str, ...], widths: tuple[int, ...] = ()) -> NoTrace:  # noqa: ARG001
    """Begin a trace that is not kept."""
    return NoTrace(len(columns))
