"""Trace writing beside control: samples in at once, Parquet files out of one background thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.clock import monotonic_s
from planaris.formats.trace_files import TraceFileError, write_trace
from planaris.historian.crash_buffer import CrashBuffer, read_buffer, split_columns
from planaris.historian.errors import RecordError, TraceWriteError

# Traces that may wait for the disk; one of 60 s, 48 tags at 100 Hz is 1.2 MB.
QUEUE_LIMIT_COUNT = 16
# Longest time that control gives to a full queue: the loop may not be blocked longer (house rule: 50 ms).
SUBMIT_LIMIT_S = 0.05
# Longest wait for the disk at the end of a run.
DRAIN_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class TraceJob:
    """One trace to write: ``file`` is a name in the writer's folder, blocks are (time_s (n,), values (n, columns))."""

    file: str
    columns: tuple[str, ...]
    blocks: tuple[tuple[NDArray[np.float64], NDArray[np.float32]], ...]
    metadata: Mapping[str, str]
    buffer: CrashBuffer | None = None
    widths: tuple[int, ...] = ()


class StepRecording:
    """Samples of one wafer on one platen while they come in; made by `TraceWriter.start`."""

    def __init__(
        self,
        writer: TraceWriter,
        file: str,
        columns: tuple[str, ...],
        buffer: CrashBuffer | None,
        widths: tuple[int, ...] = (),
    ) -> None:
        self._writer = writer
        self._file = file
        self._columns = columns
        self._widths = widths
        self._buffer = buffer
        self._blocks: list[tuple[NDArray[np.float64], NDArray[np.float32]]] = []
        self.rows_count = 0

    def append(self, time_s: NDArray[np.floating[Any]], values: NDArray[np.floating[Any]]) -> None:
        """Add samples: ``time_s`` (n,), ``values`` (n, columns), a wide column as many; both are copied."""
        wanted = (len(time_s), sum(self._widths) or len(self._columns))
        if values.shape != wanted:
            raise ValueError(f"{self._file}: values {values.shape}, expected {wanted}")
        block = (np.array(time_s, "<f8", order="C"), np.array(values, "<f4", order="C"))
        self._blocks.append(block)
        self.rows_count += len(time_s)
        if self._buffer is not None:
            try:
                self._buffer.append(*block)
            except OSError as error:  # the samples are still in memory: the trace is not lost, only its insurance
                self._writer.note(f"{self._file}: no crash buffer: {error}")

    def finish(self, metadata: Mapping[str, str]) -> bool:
        """Hand the trace to the writer with its final metadata; return what `TraceWriter.submit` says."""
        return self._writer.submit(
            TraceJob(self._file, self._columns, tuple(self._blocks), dict(metadata), self._buffer, self._widths)
        )


class TraceWriter:
    """One thread that writes trace files, fed through a bounded queue. Used by one thread, then drained and closed."""

    def __init__(
        self,
        folder: Path,
        *,
        queue_limit_count: int = QUEUE_LIMIT_COUNT,
        submit_limit_s: float = SUBMIT_LIMIT_S,
        crash_buffers: bool = True,
    ) -> None:
        """Start the thread. A run in virtual time, where waiting harms nobody, may give a longer ``submit_limit_s``."""
        self.folder = folder
        self._submit_limit_s = submit_limit_s
        self._crash_buffers = crash_buffers
        self._queue: queue.Queue[TraceJob | None] = queue.Queue(queue_limit_count)
        self._spilled: list[TraceJob] = []
        self._failures: list[str] = []
        self._notes: list[str] = []
        self.submit_waits_s: list[float] = []
        self._thread = threading.Thread(target=self._work, name="trace-writer", daemon=True)
        self._thread.start()

    @property
    def failures(self) -> tuple[str, ...]:
        """Traces that were not written so far, each with why."""
        return tuple(self._failures)

    @property
    def notes(self) -> tuple[str, ...]:
        """What went less well than planned but lost nothing: full queue, no crash buffer."""
        return tuple(self._notes)

    def note(self, text: str) -> None:
        """Record something that lost nothing."""
        self._notes.append(text)

    def start(
        self,
        wafer_id: str,
        platen: int,
        file: str,
        columns: Sequence[str],
        metadata: Mapping[str, str],
        widths: Sequence[int] = (),
    ) -> StepRecording:
        """Begin a trace; ``metadata`` is what is known already, for the file that a crash would leave.

        ``widths`` says how many numbers of a row each column takes; empty where each takes one.
        """
        buffer: CrashBuffer | None = None
        if self._crash_buffers:
            try:
                buffer = CrashBuffer(
                    self.folder, wafer_id, platen, file=file, columns=columns, metadata=metadata, widths=widths
                )
            except OSError as error:
                self.note(f"{file}: no crash buffer: {error}")
        return StepRecording(self, file, tuple(columns), buffer, tuple(widths))

    def submit(self, job: TraceJob) -> bool:
        """Hand over a trace and return at once, or after at most ``submit_limit_s`` if the queue is full.

        If it is still full the trace is written from its crash buffer at `drain`, and the answer is False; without a
        crash buffer it is lost and stands in `failures`.
        """
        started_s = monotonic_s()
        try:
            self._queue.put_nowait(job)
            return True
        except queue.Full:
            pass
        try:
            self._queue.put(job, timeout=self._submit_limit_s)
            return True
        except queue.Full:
            self._spill(job)
            return False
        finally:
            self.submit_waits_s.append(monotonic_s() - started_s)

    def drain(self, limit_s: float = DRAIN_LIMIT_S) -> None:
        """Wait until everything is on disk. Raises TraceWriteError with all that failed, or that still waits."""
        deadline_s = monotonic_s() + limit_s
        with self._queue.all_tasks_done:
            while self._queue.unfinished_tasks:
                left_s = deadline_s - monotonic_s()
                if left_s <= 0:
                    waiting = f"{self._queue.unfinished_tasks} traces still wait for the disk after {limit_s:g} s"
                    raise TraceWriteError((*self._failures, waiting))
                self._queue.all_tasks_done.wait(left_s)
        spilled, self._spilled = self._spilled, []
        for job in spilled:
            self._write(job)
        if self._failures:
            raise TraceWriteError(self.failures)

    def close(self, limit_s: float = DRAIN_LIMIT_S) -> None:
        """Drain, then end the thread, also if draining raises; a second time does nothing."""
        if not self._thread.is_alive():
            return
        try:
            self.drain(limit_s)
        finally:
            try:
                self._queue.put(None, timeout=self._submit_limit_s)
                self._thread.join(limit_s)
            except queue.Full:  # the disk hangs; the thread is a daemon and ends with the process
                pass

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spill(self, job: TraceJob) -> None:
        if job.buffer is None or not job.buffer.whole:
            self._failures.append(f"{job.file}: the disk is too slow and no crash buffer is whole: the trace is lost")
            return
        job.buffer.close()
        self._spilled.append(replace(job, blocks=()))
        self.note(f"{job.file}: queue full for {self._submit_limit_s:g} s, written from its crash buffer at the end")

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            try:
                self._write(job)
            finally:
                self._queue.task_done()
        self._queue.task_done()

    def _write(self, job: TraceJob) -> None:
        try:
            if job.blocks:
                time_s = np.concatenate([block[0] for block in job.blocks])
                values = np.concatenate([block[1] for block in job.blocks])
            elif job.buffer is not None:
                buffered = read_buffer(job.buffer.path)
                time_s, values = buffered.time_s, buffered.values
            else:
                time_s, values = np.empty(0), np.empty((0, sum(job.widths) or len(job.columns)), np.float32)
            columns = split_columns(job.columns, job.widths, values)
            write_trace(self.folder / job.file, columns, time_s, job.metadata)
            if job.buffer is not None:
                job.buffer.remove()
        except (TraceFileError, RecordError, OSError) as error:
            self._failures.append(str(error))
        except Exception as error:  # a fault of ours must reach the run's end, not die with the thread
            self._failures.append(f"{job.file}: {type(error).__name__}: {error}")
