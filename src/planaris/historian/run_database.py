"""run.db: one run's events and metadata, with views that answer the usual questions."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from planaris.historian.errors import RunDatabaseError
from planaris.historian.face_store import WRITER_CACHE
from planaris.historian.run_views import INDEX, SCHEMA_VERSION, TABLES, VIEWS
from planaris.stream import Committed


class RunDatabase:
    """Listener that records committed events in ``run.db``; `close` leaves one plain file.

    The journal is what must survive; this file may lose its last events with the power, never its shape. JSON knows no
    NaN, so that a number that does not exist is null here.
    """

    def __init__(self, path: Path, *, go_on: bool = False) -> None:
        """Make the file, or ``go_on`` with that of a run that was interrupted. Raises RunDatabaseError."""
        self.path = path
        if go_on and path.exists():
            self._connection = _open_again(path)
            return
        if path.exists():
            raise RunDatabaseError(path, "exists already", "choose a new folder")
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise RunDatabaseError(path, f"cannot be made: {error}", "choose another folder") from error
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(WRITER_CACHE)
            self._connection.execute("BEGIN")
            for statement in TABLES:
                self._connection.execute(statement)
            for name, query in VIEWS.items():
                self._connection.execute(f"CREATE VIEW {name} AS {query}")
            self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._connection.close()
            raise RunDatabaseError(path, f"cannot be made: {error}", "free space or choose another folder") from error

    def __call__(self, batch: Sequence[Committed]) -> None:
        """Record a batch in one transaction. Raises RunDatabaseError, then nothing of the batch is kept."""
        rows = [(c.sequence, c.time_s, c.event.name, _valid_json(c.json)) for c in batch]
        try:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT INTO events VALUES(?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise RunDatabaseError(self.path, f"cannot record events: {error}", "free space on the disk") from error

    def last_sequence(self) -> int:
        """Return the number of the last event that is recorded, 0 if there is none."""
        return int(self._connection.execute("SELECT coalesce(max(sequence), 0) FROM events").fetchone()[0])

    def set_meta(self, key: str, value: str) -> None:
        """Set one fact about the run; an older value is replaced."""
        self.set_metas({key: value})

    def set_metas(self, values: Mapping[str, str]) -> None:
        """Set several facts about the run at once. Raises RunDatabaseError."""
        try:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES(?, ?)", list(values.items()))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise RunDatabaseError(self.path, f"cannot record facts: {error}", "free space on the disk") from error

    def close(self) -> None:
        """Index the events and leave a single file without -wal; a second time does nothing."""
        try:
            self._connection.execute(INDEX)
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.ProgrammingError:  # closed already
            return
        except sqlite3.Error as error:
            self._connection.close()
            raise RunDatabaseError(self.path, f"cannot be closed in good order: {error}", "free space") from error
        self._connection.close()

    def __enter__(self) -> RunDatabase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open_again(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(WRITER_CACHE)
    except sqlite3.Error as error:
        raise RunDatabaseError(
            path, f"cannot be opened: {error}", "move it away: the journal has its events"
        ) from error
    return connection


def read_metas(path: Path) -> dict[str, str]:
    """Return the facts that a run.db holds, {} if it has none or cannot be read."""
    if not path.exists():
        return {}
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            return dict(connection.execute("SELECT * FROM meta").fetchall())
        finally:
            connection.close()
    except sqlite3.Error:
        return {}


def _valid_json(payload: str) -> str:
    """Put null for NaN and infinities, which Python writes and SQLite refuses."""
    if "NaN" not in payload and "Infinity" not in payload:
        return payload
    values = {key: _null_if_not_finite(value) for key, value in json.loads(payload).items()}
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _null_if_not_finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_null_if_not_finite(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value
