"""The journal: every event is committed here before anybody hears of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from planaris.historian.audit import AuditHead, AuditReport, chain, verify, write_anchor
from planaris.historian.disk_follower import DiskFollower
from planaris.historian.errors import JournalError
from planaris.historian.face_store import BUSY_LIMIT_S, WRITER_CACHE
from planaris.stream import Committed, from_json

# Name under which commands are journalled that belong to no run: recipe library, maintenance at rest.
OFFICE = "office"

_SPACE = "free space on the disk; no new move starts until the journal can be written"


class SqliteJournal:
    """Journal of one run in tool.db. Used by one thread.

    Every batch is one transaction and survives the death of this process. A durable batch, and all before it, also
    survives a power failure: only then does the commit wait for the disk (184 against 33 microseconds measured).
    With ``disk_behind`` a durable batch does not wait: a thread forces it to the disk right behind, so that a power
    failure costs the last moments; batches with audited events wait all the same. Audited events go into the audit
    chain in the same transaction; ``anchor_failure`` says why its anchor could not follow.
    """

    def __init__(self, path: Path, run_id: str, *, disk_behind: bool = False) -> None:
        """Open the journal in an existing tool.db (see `Home`). Raises JournalError."""
        self.path = path
        self.run_id = run_id
        self._full = True
        self.anchor_failure = ""
        uri = f"{path.absolute().as_uri()}?mode=rw"
        try:
            self._connection = sqlite3.connect(uri, uri=True, timeout=BUSY_LIMIT_S, isolation_level=None)
        except sqlite3.Error as error:
            raise JournalError(path, f"cannot be opened: {error}", "open the home first") from error
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(WRITER_CACHE)
            self._connection.execute("SELECT count(*) FROM journal WHERE run = ''")
        except sqlite3.Error as error:
            self._connection.close()
            raise JournalError(path, f"cannot be opened: {error}", "open the home first") from error
        # SQLite's locks are on the database and its index, so that another descriptor of the log harms none.
        self._follower = DiskFollower(path.with_name(f"{path.name}-wal")) if disk_behind else None

    def append(self, batch: Sequence[Committed], durable: bool) -> None:
        """Commit a batch whole; it fits `EventStream`'s ``commit``. Raises JournalError, then nothing of it is kept."""
        rows = [(self.run_id, c.sequence, c.time_s, c.event.name, c.json) for c in batch]
        audited = [row for row, c in zip(rows, batch, strict=True) if c.event.audited]
        head: AuditHead | None = None
        follower = self._follower
        if follower is not None and follower.failure:
            raise self._not_on_disk(follower.failure)
        # An anchor on the disk before what it seals would call a power failure a forgery.
        with self._writing(bool(audited) or (durable and follower is None)) as connection:
            connection.executemany("INSERT INTO journal VALUES(?, ?, ?, ?, ?)", rows)
            if audited:
                head = chain(connection, audited)
        if durable and follower is not None:
            follower.ask()
        if head is not None:
            try:
                write_anchor(self.path, head)
            except OSError as error:  # the batch is kept; the next one writes the anchor again
                self.anchor_failure = str(error)
            else:
                self.anchor_failure = ""

    def prune(self, keep_runs: int) -> int:
        """Delete the journal of all but the newest ``keep_runs`` runs and return how many events went.

        This journal's own run always stays, and so does what was done at no run (`OFFICE`). Raises ValueError below 1,
        JournalError if the file cannot be written.
        """
        if keep_runs < 1:
            raise ValueError(f"keep_runs must be 1 or more, got {keep_runs}")
        with self._writing(durable=True) as connection:
            return connection.execute(
                f"DELETE FROM journal WHERE run NOT IN (?, '{OFFICE}')"
                " AND run NOT IN (SELECT run_id FROM runs ORDER BY number DESC LIMIT ?)",
                (self.run_id, keep_runs),
            ).rowcount

    def close(self) -> None:
        """Close the file; a second time does nothing. Raises JournalError if the disk has not all of it."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.close()
        self._connection.close()
        if follower is not None and follower.failure:
            raise self._not_on_disk(follower.failure)

    def _not_on_disk(self, failure: str) -> JournalError:
        return JournalError(self.path, f"cannot be forced to the disk: {failure}", _SPACE)

    def __enter__(self) -> SqliteJournal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self, durable: bool) -> Generator[sqlite3.Connection, None, None]:
        connection = self._connection
        try:
            if durable is not self._full:
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._full = durable
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise JournalError(self.path, f"cannot commit: {error}", _SPACE) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:  # the transaction is undone all the same when the file is next opened
            pass


@dataclass(frozen=True, slots=True)
class WaferPlace:
    """Where a wafer was confirmed last, and where it was going if a move had begun and was not confirmed."""

    wafer_id: str
    location: str
    intended_destination: str | None


def wafer_places(path: Path, run_id: str | None = None) -> list[WaferPlace]:
    """Say from tool.db where each wafer of a run (default: the last in the journal) is, by wafer id.

    Works on the files of a process that was killed or still runs. A wafer with an ``intended_destination`` may be at
    either end or between: ask a sensor or a person. Raises JournalError if the file cannot be read.
    """
    location: dict[str, str] = {}
    intended: dict[str, str] = {}
    with _reading(path) as connection:
        run = run_id if run_id is not None else _last_run(connection)
        rows = connection.execute(
            "SELECT name, payload FROM journal WHERE run = ?"
            " AND name IN ('wafer_registered', 'move_intended', 'wafer_moved', 'move_cancelled', 'place_confirmed')"
            " ORDER BY sequence",
            (run,),
        ).fetchall()
    for name, payload in rows:
        values: dict[str, str] = json.loads(payload)
        wafer = values["wafer_id"]
        if name == "move_intended":
            intended[wafer] = values["destination"]
            continue
        intended.pop(wafer, None)
        if name != "move_cancelled":
            location[wafer] = values["destination" if name == "wafer_moved" else "location"]
    return [WaferPlace(wafer, where, intended.get(wafer)) for wafer, where in sorted(location.items())]


def verify_audit(path: Path) -> AuditReport:
    """Check the audit chain of a tool.db, also while it is written to. Raises JournalError if it cannot be read."""
    with _reading(path) as connection:
        connection.execute("BEGIN")  # one state of the file for all that is compared
        return verify(connection, path)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One record of the audit chain with its hash; ``payload`` is JSON of the event's fields."""

    number: int
    run: str
    sequence: int
    time_s: float
    name: str
    payload: str
    hash: str


def audit_records(
    path: Path, before: int = 0, limit: int = 200, names: Sequence[str] = (), text: str = ""
) -> list[AuditRecord]:
    """Return up to ``limit`` of the newest records, newest first; below number ``before`` where that is above 0.

    ``names`` picks events, ``text`` records with it somewhere in their fields. Raises JournalError.
    """
    marks = f" AND name IN ({', '.join('?' * len(names))})" if names else ""
    with _reading(path) as connection:
        rows = connection.execute(
            "SELECT number, run, sequence, time_s, name, payload, hash FROM audit"
            f" WHERE (? <= 0 OR number < ?) AND (? = '' OR instr(payload, ?)){marks} ORDER BY number DESC LIMIT ?",
            (before, before, text, text, *names, limit),
        ).fetchall()
    return [AuditRecord(*row) for row in rows]


def last_sequence(path: Path, run_id: str | None = None) -> int:
    """Return the last sequence number of a run (default: the last in the journal), 0 if it has none."""
    with _reading(path) as connection:
        run = run_id if run_id is not None else _last_run(connection)
        row = connection.execute("SELECT coalesce(max(sequence), 0) FROM journal WHERE run = ?", (run,)).fetchone()
    return int(row[0])


def journal_events(path: Path, run_id: str, after: int = 0) -> list[Committed]:
    """Return a run's events with sequence numbers above ``after``, in order. Raises JournalError."""
    with _reading(path) as connection:
        rows = connection.execute(
            "SELECT sequence, time_s, name, payload FROM journal WHERE run = ? AND sequence > ? ORDER BY sequence",
            (run_id, after),
        ).fetchall()
    return [Committed(sequence, time_s, from_json(name, payload)) for sequence, time_s, name, payload in rows]


def journal_runs(path: Path) -> list[str]:
    """Return the ids of the runs in the journal, oldest first."""
    with _reading(path) as connection:
        return [row[0] for row in connection.execute(_RUNS_OLDEST_FIRST).fetchall()]


_RUNS_OLDEST_FIRST = "SELECT run_id FROM runs WHERE run_id IN (SELECT run FROM journal) ORDER BY number"


def _last_run(connection: sqlite3.Connection) -> str:
    runs = connection.execute(_RUNS_OLDEST_FIRST).fetchall()
    return runs[-1][0] if runs else ""


@contextmanager
def _reading(path: Path) -> Generator[sqlite3.Connection, None, None]:
    """Open read-only; where the folder cannot be written (a mounted copy), read a private copy."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_LIMIT_S)
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if not path.is_file():
                raise
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / path.name
                for suffix in ("", "-wal"):
                    source = path.with_name(path.name + suffix)
                    if source.exists():
                        shutil.copyfile(source, copy.with_name(path.name + suffix))
                connection = sqlite3.connect(copy)
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                try:
                    yield connection
                finally:
                    connection.close()
            return
        try:
            yield connection
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise JournalError(path, f"cannot be read: {error}", "check the path, or restore a backup") from error
