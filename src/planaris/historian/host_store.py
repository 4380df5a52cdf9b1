"""What the factory interface keeps across restarts: the host's definitions, and messages for a host that is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planaris.historian.errors import RecordError
from planaris.historian.face_store import FaceStore

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


class HostStore(FaceStore):
    """Settings and spool of the factory interface in tool.db, with a connection of its own. Used by one thread.

    Every change is one transaction that is on the disk when the call returns, so it survives ``kill -9`` and a power
    failure.
    """

    error = HostStoreError
    table = "host_spool"

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
