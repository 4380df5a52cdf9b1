"""The file beside a run's traces that holds all else that passed its port: notices, reads, writes, supplies.

Samples of process sensors are not in it: they stand in the run's traces, and the file says which block was when.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from planaris.formats.trace_files import TraceFileError, read_trace
from planaris.hardware.port import Sample
from planaris.hardware.tags import OPTICAL, STATE, Value
from planaris.model import Block, Quality

RECORD_FILE = "port.db"
RECORD_SCHEMA = "1"
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE writes (id INTEGER PRIMARY KEY, asked_s REAL NOT NULL, done_s REAL, tags TEXT NOT NULL, error TEXT);
CREATE TABLE reads (id INTEGER PRIMARY KEY, asked_s REAL NOT NULL, done_s REAL, tags TEXT NOT NULL, answer TEXT,
                    error TEXT);
CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, asked_s REAL NOT NULL, rate_class TEXT NOT NULL);
CREATE TABLE blocks (id INTEGER PRIMARY KEY, subscription INTEGER NOT NULL, come_s REAL NOT NULL, time_s TEXT NOT NULL,
                     tags TEXT, quality TEXT NOT NULL, gap INTEGER NOT NULL, sample BLOB);
"""
_COMMIT_COUNT = 500


class RecordError(Exception):
    """A record cannot be read."""


@dataclass(frozen=True, slots=True)
class Write:
    """A group that was written; ``done_s`` is None where the run ended before."""

    asked_s: float
    done_s: float | None
    values: dict[str, Value]
    error: str


@dataclass(frozen=True, slots=True)
class Read:
    """Tags that were read."""

    asked_s: float
    done_s: float | None
    names: tuple[str, ...]
    samples: tuple[Sample, ...]
    error: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A subscription: when it was asked for, and its blocks with the times they came."""

    asked_s: float
    rate_class: str
    blocks: tuple[tuple[float, Block], ...]


class RecordWriter:
    """Writes a record as things happen."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        # The journal is what must survive; this record may lose its end with the machine's power.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_TABLES)
        self._waiting = 0
        self.problem = ""
        self.meta("schema", RECORD_SCHEMA)

    def meta(self, key: str, value: str) -> None:
        """Keep a fact."""
        self._put("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def write(self, asked_s: float, values: dict[str, Value]) -> int:
        """Keep a group that is being written; return its number."""
        return self._put("INSERT INTO writes (asked_s, tags) VALUES (?, ?)", (asked_s, json.dumps(values)))

    def read(self, asked_s: float, names: Sequence[str]) -> int:
        """Keep what is being read; return its number."""
        return self._put("INSERT INTO reads (asked_s, tags) VALUES (?, ?)", (asked_s, json.dumps(list(names))))

    def written(self, number: int, done_s: float, error: str) -> None:
        """Keep how a write ended."""
        self._put("UPDATE writes SET done_s = ?, error = ? WHERE id = ?", (done_s, error, number))

    def answered(self, number: int, done_s: float, samples: Sequence[Sample], error: str) -> None:
        """Keep what a read gave."""
        rows = [[s.tag, s.value, s.time_s, int(s.quality)] for s in samples]
        statement = "UPDATE reads SET done_s = ?, answer = ?, error = ? WHERE id = ?"
        self._put(statement, (done_s, json.dumps(rows), error, number))

    def subscribed(self, asked_s: float, rate_class: str) -> int:
        """Keep a subscription; return its number."""
        return self._put("INSERT INTO subscriptions (asked_s, rate_class) VALUES (?, ?)", (asked_s, rate_class))

    def block(self, subscription: int, come_s: float, block: Block) -> None:
        """Keep a block; of process and window sensors only when it was."""
        state, fast = block.rate_class == STATE, block.rate_class.endswith((".fast", f".{OPTICAL}"))
        values = None if fast else np.asarray(block.values, np.float64).tobytes()
        tags = json.dumps(block.tags) if state else None
        times = [float(block.time_s[0]), float(block.time_s[-1]), len(block.time_s)]
        marks = np.unique(block.quality).tolist()
        statement = (
            "INSERT INTO blocks (subscription, come_s, time_s, tags, quality, gap, sample) VALUES (?,?,?,?,?,?,?)"
        )
        row = (subscription, come_s, json.dumps(times), tags, json.dumps(marks), block.gap, values)
        self._put(statement, row)

    def close(self) -> None:
        """Commit and close."""
        try:
            self._connection.commit()
        except sqlite3.Error as error:
            self.problem = self.problem or str(error)
        self._connection.close()

    def _put(self, statement: str, row: tuple[Any, ...]) -> int:
        """Write a row. A record that cannot be kept (a full disk) is not kept: control goes on."""
        if self.problem:
            return 0
        try:
            cursor = self._connection.execute(statement, row)
            self._waiting += 1
            if self._waiting >= _COMMIT_COUNT:
                self._connection.commit()
                self._waiting = 0
        except sqlite3.Error as error:
            self.problem = str(error)
            return 0
        return int(cursor.lastrowid or 0)


class RunRecord:
    """What passed the port of a run, read from its folder. Raises `RecordError`."""

    def __init__(self, folder: Path) -> None:
        path = folder / RECORD_FILE
        if not path.is_file():
            raise RecordError(f"{path} is missing: the run was not recorded")
        self._traces = _Traces(folder / "traces")
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            self.meta: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta").fetchall())
            if self.meta.get("schema") != RECORD_SCHEMA:
                raise RecordError(f"{path}: schema {self.meta.get('schema')}, this version reads {RECORD_SCHEMA}")
            self.writes = tuple(
                Write(asked, done, _values(json.loads(tags)), error or "")
                for asked, done, tags, error in connection.execute(
                    "SELECT asked_s, done_s, tags, error FROM writes ORDER BY id"
                )
            )
            self.reads = tuple(self._read(*row) for row in connection.execute(
                "SELECT asked_s, done_s, tags, answer, error FROM reads ORDER BY id"
            ))  # fmt: skip
            self.followed = tuple(
                Followed(asked_s, rate_class, self._blocks(connection, number, rate_class))
                for number, asked_s, rate_class in connection.execute(
                    "SELECT id, asked_s, rate_class FROM subscriptions ORDER BY id"
                ).fetchall()
            )
        except sqlite3.Error as error:
            raise RecordError(f"{path} cannot be read: {error}") from error
        finally:
            connection.close()

    @staticmethod
    def _read(asked_s: float, done_s: float | None, names: str, answer: str | None, error: str | None) -> Read:
        samples = tuple(Sample(tag, _value(v), time_s, Quality(q)) for tag, v, time_s, q in json.loads(answer or "[]"))
        return Read(asked_s, done_s, tuple(json.loads(names)), samples, error or "")

    def _blocks(self, connection: sqlite3.Connection, number: int, rate_class: str) -> tuple[tuple[float, Block], ...]:
        rows = connection.execute(
            "SELECT come_s, time_s, tags, quality, gap, sample FROM blocks WHERE subscription = ? ORDER BY id",
            (number,),
        )
        found: list[tuple[float, Block]] = []
        for sequence, (come_s, times, tags, marks, gap, values) in enumerate(rows):
            first_s, last_s, count = json.loads(times)
            quality = np.full(count, min(json.loads(marks)), dtype=np.uint8)
            if values is None:
                time_s, rows_of, names, widths = self._traces.rows(rate_class, first_s, last_s)
                if len(time_s) != count:
                    continue  # the trace has not got these samples: a gap
                block = Block(rate_class, names, time_s, rows_of, quality, sequence, bool(gap), widths)
            else:
                kept = np.frombuffer(values).reshape(count, -1)
                names = tuple(json.loads(tags)) if tags else ()
                # Counts and set-points of the state are kept as they were; the type is the block's by declaration.
                kept = cast(NDArray[np.float32], kept if rate_class == STATE else kept.astype(np.float32))
                block = Block(
                    rate_class, names, np.linspace(first_s, last_s, count), kept, quality, sequence, bool(gap)
                )
            found.append((come_s, block))
        return tuple(found)


def _value(value: Any) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _values(values: dict[str, Any]) -> dict[str, Value]:
    return {name: _value(value) for name, value in values.items()}


_Rows = tuple[NDArray[np.float64], NDArray[np.float32], tuple[str, ...], tuple[int, ...]]


class _Traces:
    """Samples of a run's traces by rate class and time."""

    def __init__(self, folder: Path) -> None:
        self._of: dict[str, list[_Rows]] = {}
        for path in sorted(folder.glob("*.parquet")):
            try:
                trace = read_trace(path)
            except TraceFileError as error:
                raise RecordError(str(error)) from error
            optical = "_optical" in path.name
            for kind in ("platen",) if optical else ("platen", "head"):
                place = f"{kind}{trace.metadata[kind]}"
                columns = [c for c in trace.columns if c.startswith(f"{kind}.")]
                parts = [trace.columns[c].reshape(len(trace.time_s), -1) for c in columns]
                widths = tuple(part.shape[1] for part in parts)
                names = tuple(f"{place}.{c.partition('.')[2]}" for c in columns)
                rows = (trace.time_s, np.concatenate(parts, axis=1), names, widths if max(widths) > 1 else ())
                self._of.setdefault(f"{place}.{OPTICAL if optical else 'fast'}", []).append(rows)

    def rows(self, rate_class: str, first_s: float, last_s: float) -> _Rows:
        """Return (times, values, tags, widths) of samples from a first to a last time, none where no trace has them."""
        for times, values, names, widths in self._of.get(rate_class, ()):
            begin, end = np.searchsorted(times, first_s), np.searchsorted(times, last_s, side="right")
            if begin < len(times) and times[begin] == first_s and times[end - 1] == last_s:
                return times[begin:end], values[begin:end], names, widths
        return np.empty(0), np.empty((0, 0), np.float32), (), ()
