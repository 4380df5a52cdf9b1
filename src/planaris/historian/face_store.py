"""What the stores of the faces share: tables of their own in tool.db, through a connection of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from planaris.historian.errors import RecordError

# Only another writer or a reader of this host can be in the way, and never for long.
BUSY_LIMIT_S = 1.0
# How much of a database a writer keeps in memory, KiB: it appends, and never reads what it wrote long ago [design].
WRITER_CACHE = "PRAGMA cache_size = -512"


class FaceStore:
    """Tables of a face in an existing tool.db (see `Home`). Used by one thread at a time.

    Every change is one transaction that is on the disk when the call returns, so it survives ``kill -9`` and a power
    failure. What fails is raised as ``error``, a kind of `RecordError`. ``table`` is looked for when it is opened.
    """

    error: type[RecordError]
    table: str

    def __init__(self, path: Path) -> None:
        """Open the store. Raises ``error``."""
        self.path = path
        uri = f"{path.absolute().as_uri()}?mode=rw"
        try:
            # Which thread uses it may change between the wiring and the service.
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=BUSY_LIMIT_S, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self.error(path, f"cannot be opened: {error}", "open the home first") from error
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            (self._count,) = self._connection.execute(f"SELECT count(*) FROM {self.table}").fetchone()
        except sqlite3.Error as error:
            self._connection.close()
            raise self.error(path, f"cannot be opened: {error}", "open the home first") from error

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection, None, None]:
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise self.error(self.path, f"cannot be read: {error}", "restore a backup") from error

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
            raise self.error(self.path, f"cannot commit: {error}", "free space on the disk") from error
