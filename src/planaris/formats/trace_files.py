"""Trace files: the samples of one wafer on one platen as one Parquet file.

Schema, version 1 (file metadata key ``planaris_trace_schema``):

- column ``time_s``, float64: tool time in seconds, not decreasing;
- every other column, float32: one tag, named with its unit suffix (``platen.speed_rpm``); NaN where there is no sample;
  a tag with a shape (``platen.spectrum``) is a fixed-size list of float32, as long in every row;
- file metadata: text keys and values. A run writes run_id, wafer_id, slot, head, platen, recipe, port_kind, steps (JSON
  list of name, start_s, end_s) and units (JSON object, column to symbol). A file saved from a killed run carries
  ``incomplete`` = ``true``.

One row group, Zstandard level 1 over byte-stream-split columns, no dictionaries, no column statistics.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRACE_SCHEMA_KEY = "planaris_trace_schema"
TRACE_SCHEMA_VERSION = "1"
TIME_COLUMN = "time_s"
INCOMPLETE_KEY = "incomplete"

# On 48 channels of 55 s at 100 Hz, level 3 saves 2 % of the bytes for a fifth more time, level 5 takes twice the time.
_COMPRESSION_LEVEL = 1


class TraceFileError(Exception):
    """A trace cannot be written or read: which file, what is wrong, what to do."""

    def __init__(self, path: Path, problem: str, remedy: str = "") -> None:
        self.path = path
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}" + (f" -> {remedy}" if remedy else ""))


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace: ``time_s`` has shape (n,), each of ``columns`` (n,) or (n, width), ``metadata`` is text."""

    time_s: NDArray[np.float64]
    columns: Mapping[str, NDArray[np.float32]]
    metadata: Mapping[str, str]

    @property
    def incomplete(self) -> bool:
        """Say whether the trace was saved from a run that died."""
        return self.metadata.get(INCOMPLETE_KEY) == "true"


def write_trace(
    path: Path,
    columns: Mapping[str, NDArray[Any]],
    time_s: NDArray[np.floating[Any]],
    metadata: Mapping[str, str],
) -> int:
    """Write a trace so that it is there whole or not at all; return its size in bytes.

    ``time_s`` has shape (n,), each column (n,) or (n, width) and is kept as float32. The file is written under a
    temporary name in the same folder, forced to disk, then renamed; an older file of that name is replaced.
    Raises TraceFileError for columns of another shape, a column named ``time_s`` or a failing disk.
    """
    content = _encode(path, columns, time_s, metadata)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb", buffering=0) as file:
            view = memoryview(content)
            while view:
                view = view[file.write(view) :]
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TraceFileError(
            path, f"cannot write: {error.strerror or error}", "free space or choose a folder"
        ) from error
    return len(content)


def _encode(
    path: Path, columns: Mapping[str, NDArray[Any]], time_s: NDArray[np.floating[Any]], metadata: Mapping[str, str]
) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if TIME_COLUMN in columns:
        raise TraceFileError(path, f"a tag is named {TIME_COLUMN}", "that name is the time axis")
    if time_s.ndim != 1:
        raise TraceFileError(path, f"time_s has shape {time_s.shape}, not (n,)")
    wrong = {n: v.shape for n, v in columns.items() if v.shape[:1] != time_s.shape or v.ndim > 2 or not v.shape[-1:]}
    if wrong:
        raise TraceFileError(path, f"shape differs from time_s {time_s.shape}: {wrong}")
    names = [TIME_COLUMN, *columns]
    flat = [np.ascontiguousarray(time_s, np.float64)]
    flat += [np.ascontiguousarray(values, np.float32) for values in columns.values()]
    kinds = [pa.float64(), *[pa.float32()] * len(columns)]
    # From buffers: pa.array would load pandas, where it is installed, only to ask whether these are its own.
    arrays = [
        pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(values)])
        for kind, values in zip(kinds, flat, strict=True)
    ]
    wide = [name for name, values in zip(names, flat, strict=True) if values.ndim == 2]
    arrays = [
        pa.FixedSizeListArray.from_arrays(array, values.shape[1]) if values.ndim == 2 else array
        for array, values in zip(arrays, flat, strict=True)
    ]
    leaves = [f"{name}.list.element" if name in wide else name for name in names]
    table = pa.Table.from_arrays(arrays, names=names)
    table = table.replace_schema_metadata({**metadata, TRACE_SCHEMA_KEY: TRACE_SCHEMA_VERSION})
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=max(1, len(time_s)),
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        use_dictionary=False,
        use_byte_stream_split=leaves,  # pyright: ignore[reportArgumentType]
        write_statistics=False,
        data_page_version="2.0",
    )
    return sink.getvalue()


def read_trace(path: Path, columns: Sequence[str] | None = None) -> Trace:
    """Read a trace, or only some of its columns.

    Raises TraceFileError if the file is missing, no Parquet file, not a trace, of a newer schema, or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            metadata = _metadata_of(path, file.schema_arrow.metadata or {})
            there = list(file.schema_arrow.names)
            wanted = [name for name in there if name != TIME_COLUMN] if columns is None else list(columns)
            missing = [name for name in wanted if name not in there]
            if missing:
                raise TraceFileError(path, f"has no column {', '.join(missing)}", f"it has {', '.join(there)}")
            table = file.read(columns=[TIME_COLUMN, *wanted], use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise TraceFileError(path, f"cannot read as a trace: {error}") from error
    arrays = {name: _values_of(table.column(name)) for name in wanted}
    return Trace(table.column(TIME_COLUMN).to_numpy(), MappingProxyType(arrays), MappingProxyType(metadata))


def _values_of(column: Any) -> NDArray[np.float32]:
    """Return a column as (n,), one of fixed-size lists as (n, width)."""
    width = getattr(column.type, "list_size", 0)
    if not width:
        return column.to_numpy()
    return column.combine_chunks().flatten().to_numpy().reshape(-1, width)


def _metadata_of(path: Path, raw: Mapping[bytes, bytes]) -> dict[str, str]:
    metadata = {key.decode(): value.decode() for key, value in raw.items()}
    version = metadata.pop(TRACE_SCHEMA_KEY, None)
    if version is None:
        raise TraceFileError(path, f"is not a trace file: metadata key {TRACE_SCHEMA_KEY} is missing")
    if version != TRACE_SCHEMA_VERSION:
        raise TraceFileError(
            path, f"has trace schema {version}, this Planaris reads {TRACE_SCHEMA_VERSION}", "install a newer Planaris"
        )
    return metadata
