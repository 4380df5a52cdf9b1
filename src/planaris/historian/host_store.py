"""What the factory interface keeps across restarts: the host's definitions, and messages for a host that is away."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from planaris.historian.errors import RecordError

# Only another writer of this host can be in the way: the journal, and never for long.
BUSY_LIMIT_S = 1.0

HOST_TABLES = (
    "CREATE TABLE host_settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # AUTOINCREMENT: a number is never given twice, also after the newest message went.
    """CREATE TABLE host_spool(
        number INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, function INTEGER NOT NULL,
        body BLOB NOT NULL, stored_utc TEXT NOT NULL)""",
)


class HostStoreError(RecordError):
    """The host's definitions or the spool could not be read or written; what was kept before stays readable."""


@dataclass(frozen=True, slots=True)
class SpooledMessage:
    """A primary that waits for the host: its number in the spool, stream, function, encoded body, when it was kept."""

    number: int
    stream: int
    function: int
    body: bytes
    stored_utc: str


class HostStore:
    """Settings and spool of the factory interface in tool.db, with a connection of its own. Used by one thread.

    Every change is one transaction that is on the disk when the call returns, so it survives ``kill -9`` and a power
    failure.
    """

    def __init__(self, path: Path) -> None:
        """Open the store in an existing tool.db (see `Home`). Raises HostStoreError."""
        self.path = path
        uri = f"{path.absolute().as_uri()}?mode=rw"
        try:
            self._connection = sqlite3.connect(uri, uri=True, timeout=BUSY_LIMIT_S, isolation_level=None)
        except sqlite3.Error as error:
            raise HostStoreError(path, f"cannot be opened: {error}", "open the home first") from error
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            (self._count,) = self._connection.execute("SELECT count(*) FROM host_spool").fetchone()
        except sqlite3.Error as error:
            self._connection.close()
            raise HostStoreError(path, f"cannot be opened: {error}", "open the home first") from error

    def settings(self) -> dict[str, str]:
        """Return every setting by key."""
        with self._reading() as connection:
            return dict(connection.execute("SELECT key, value FROM host_settings").fetchall())

    def save(self, settings: Mapping[str, str]) -> None:
        """Keep settings, all of them or none; others stay as they are."""
        with self._writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO host_settings VALUES(?, ?)", list(settings.items()))

    @property
    def spool_count(self) -> int:
        """Messages in the spool."""
        return self._count

    def spool(self, stream: int, function: int, body: bytes, stored_utc: str, settings: Mapping[str, str]) -> None:
        """Put a primary at the end of the spool, and keep settings in the same transaction."""
        with self._writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO host_settings VALUES(?, ?)", list(settings.items()))
            connection.execute(
                "INSERT INTO host_spool(stream, function, body, stored_utc) VALUES(?, ?, ?, ?)",
                (stream, function, body, stored_utc),
            )
        self._count += 1

    def oldest(self, count: int = 1) -> Sequence[SpooledMessage]:
        """Return up to ``count`` of the oldest messages of the spool, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT number, stream, function, body, stored_utc FROM host_spool ORDER BY number LIMIT ?", (count,)
            ).fetchall()
        return [SpooledMessage(*row) for row in rows]

    def drop(self, number: int) -> None:
        """Take a message out of the spool; one that is gone already is no error."""
        with self._writing() as connection:
            gone = connection.execute("DELETE FROM host_spool WHERE number = ?", (number,)).rowcount
        self._count -= gone

    def purge(self) -> int:
        """Take everything out of the spool and return how many messages that were."""
        with self._writing() as connection:
            gone = connection.execute("DELETE FROM host_spool").rowcount
        self._count = 0
        return gone

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._connection.close()

    def __enter__(self) -> HostStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection, None, None]:
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise HostStoreError(self.path, f"cannot be read: {error}", "restore a backup") from error

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection, None, None]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise HostStoreError(self.path, f"cannot commit: {error}", "free space on the disk") from error
