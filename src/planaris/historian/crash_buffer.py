"""Crash buffer: the samples of a step in progress as raw bytes, so that a killed run loses none that came in.

File ``.inprogress-<wafer>-<platen>.bin``: one line of JSON (schema, target file, columns, metadata), then records of a
row count (uint32), time stamps (float64) and values (float32, row by row), all little-endian. A record cut short at
the end is the one that was being written and is left out.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.formats.trace_files import INCOMPLETE_KEY, TraceFileError, read_trace, write_trace
from planaris.historian.errors import RecordError

PATTERN = ".inprogress-*.bin"
_TEMPORARY = ".*.tmp"
_SCHEMA = "1"
_COUNT = struct.Struct("<I")
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class CrashBuffer:
    """Raw samples of one wafer on one platen, handed to the kernel as they come: they outlive the process.

    ``whole`` says whether every sample is in it; a buffer that failed once takes no more.
    """

    def __init__(
        self,
        folder: Path,
        wafer_id: str,
        platen: int,
        *,
        file: str,
        columns: Sequence[str],
        metadata: Mapping[str, str],
        widths: Sequence[int] = (),
    ) -> None:
        """Open the buffer; ``file`` is the Parquet file's name in ``folder``. Raises OSError.

        ``widths`` says how many numbers of a row each column takes; empty where each takes one.
        """
        header = {
            "planaris_trace_buffer": _SCHEMA,
            "file": file,
            "columns": [*columns],
            "widths": [*widths],
            "metadata": {**metadata},
        }
        self.path, descriptor = _create(folder, f".inprogress-{_NOT_IN_FILE_NAMES.sub('_', wafer_id)}-{platen}")
        self._descriptor: int | None = descriptor
        self.whole = True
        os.write(descriptor, json.dumps(header).encode() + b"\n")

    def append(self, time_s: NDArray[np.float64], values: NDArray[np.float32]) -> None:
        """Append samples, shapes (n,) and (n, columns), C-ordered and little-endian. Raises OSError."""
        if self._descriptor is None:
            return
        parts = (_COUNT.pack(len(time_s)), time_s.data, values.data)
        size = _COUNT.size + time_s.nbytes + values.nbytes
        try:
            if os.writev(self._descriptor, parts) != size:  # a half record would hide all later ones
                raise OSError(errno.ENOSPC, "no space left for the crash buffer", str(self.path))
        except OSError:
            self.whole = False
            self.close()
            raise

    def close(self) -> None:
        """Close the file and leave it; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Remove the file: the Parquet file is there."""
        self.close()
        self.path.unlink(missing_ok=True)


def _create(folder: Path, stem: str) -> tuple[Path, int]:
    """Create a file that was not there: an earlier visit of the same wafer may still wait for the disk."""
    for visit in itertools.count(1):
        path = folder / (f"{stem}.bin" if visit == 1 else f"{stem}.{visit}.bin")
        try:
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            continue
    raise AssertionError("counting never ends")


@dataclass(frozen=True, slots=True)
class Buffered:
    """What a crash buffer holds; ``time_s`` has shape (n,), ``values`` (n, sum of widths)."""

    file: str
    columns: tuple[str, ...]
    metadata: Mapping[str, str]
    time_s: NDArray[np.float64]
    values: NDArray[np.float32]
    widths: tuple[int, ...] = ()

    @property
    def by_column(self) -> dict[str, NDArray[np.float32]]:
        """Each column's samples, (n,) or (n, width)."""
        return split_columns(self.columns, self.widths, self.values)


def split_columns(
    columns: Sequence[str], widths: Sequence[int], values: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Return rows of numbers (n, sum of widths) by column, (n,) or (n, width)."""
    if not widths:
        return dict(zip(columns, values.T, strict=True))
    ends = np.cumsum(widths).tolist()
    return {
        name: values[:, end - 1] if width == 1 else values[:, end - width : end]
        for name, width, end in zip(columns, widths, ends, strict=True)
    }


def read_buffer(path: Path) -> Buffered:
    """Read a crash buffer. Raises RecordError if its header cannot be read."""
    try:
        content = path.read_bytes()
        head, _, body = content.partition(b"\n")
        header = json.loads(head)
        columns: list[str] = header["columns"]
        widths: list[int] = header.get("widths", [])
        if header["planaris_trace_buffer"] != _SCHEMA:
            raise ValueError(f"schema {header['planaris_trace_buffer']}")
        target = Path(str(header["file"])).name
        metadata: dict[str, str] = header["metadata"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(path, f"is no crash buffer: {error}", "look at it, then remove it") from error
    times: list[NDArray[np.float64]] = [np.empty(0, "<f8")]
    values: list[NDArray[np.float32]] = [np.empty(0, "<f4")]
    at, width = 0, sum(widths) or len(columns)
    while at + _COUNT.size <= len(body):
        rows = _COUNT.unpack_from(body, at)[0]
        after_times = at + _COUNT.size + 8 * rows
        end = after_times + 4 * rows * width
        if end > len(body):
            break
        times.append(np.frombuffer(body, "<f8", rows, at + _COUNT.size))
        values.append(np.frombuffer(body, "<f4", rows * width, after_times))
        at = end
    return Buffered(
        target,
        tuple(columns),
        metadata,
        np.concatenate(times),
        np.concatenate(values).reshape(sum(map(len, times)), width),
        tuple(widths),
    )


def last_sample_s(folder: Path) -> float:
    """Return the tool time of the last sample in the crash buffers of a ``traces`` folder, 0 if there is none."""
    last_s = 0.0
    for path in folder.glob(PATTERN):
        try:
            times_s = read_buffer(path).time_s
        except RecordError:  # `recover` leaves it for a person to look at
            continue
        if len(times_s):
            last_s = max(last_s, float(times_s[-1]))
    return last_s


@dataclass(frozen=True, slots=True)
class Recovered:
    """What `recover` found: Parquet files it wrote, and leftovers it could not use, each with why."""

    written: tuple[Path, ...]
    unusable: tuple[str, ...]


def recover(folder: Path) -> Recovered:
    """Turn the crash buffers of a dead run's ``traces`` folder into Parquet files marked ``incomplete``.

    A buffer whose Parquet file is there is only removed; one without samples too. One that cannot be read stays.
    """
    written: list[Path] = []
    unusable: list[str] = []
    for leftover in folder.glob(_TEMPORARY):
        leftover.unlink()
    for path in sorted(folder.glob(PATTERN)):
        try:
            if path.stat().st_size == 0:  # killed before its first byte
                path.unlink()
                continue
            buffered = read_buffer(path)
            target = folder / buffered.file
            if len(buffered.time_s) and not _is_there(target):
                metadata = {**buffered.metadata, INCOMPLETE_KEY: "true"}
                write_trace(target, buffered.by_column, buffered.time_s, metadata)
                written.append(target)
            path.unlink()
        except (RecordError, TraceFileError, OSError) as error:
            unusable.append(str(error))
    return Recovered(tuple(written), tuple(unusable))


def _is_there(target: Path) -> bool:
    """Say whether the whole Parquet file is there: it was renamed just before the process died."""
    if not target.exists():
        return False
    read_trace(target, columns=())
    return True
