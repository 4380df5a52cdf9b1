"""The home: what outlives a run. One folder, one instance at a time."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from planaris.clock import utc_now
from planaris.historian.audit import anchor_of, head_of, write_anchor
from planaris.historian.errors import (
    HomeSchemaError,
    HomeUnwritableError,
    RunFolderError,
)
from planaris.historian.face_store import BUSY_LIMIT_S
from planaris.historian.lock import InstanceLock
from planaris.historian.recipe_shelf import RecipeShelf
from planaris.historian.records import ConsumableRecord, RunFolder, RunRecord
from planaris.historian.schema import AUDIT_SCHEMA, MIGRATIONS, check_ours, migrate

# A new home with one run in it takes 0.3 MB before the first wafer; a full disk is told before anything is written.
LEAST_FREE_BYTES = 1_000_000

_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class Home:
    """Folder with ``tool.db``, ``lock``, ``twin/`` and ``runs/``, held by this process until `close`."""

    def __init__(self, path: Path, lock: InstanceLock, connection: sqlite3.Connection) -> None:
        self.path = path
        self._lock = lock
        self._connection = connection
        self._durable = True

    @classmethod
    def open(cls, path: Path, *, label: str) -> Home:
        """Open a home, making it if there is none; ``label`` tells others who holds it (``planaris run``).

        Raises HomeUnwritableError before anything is written, HomeLockedError if another instance holds it,
        HomeSchemaError if tool.db is damaged, another program's, or newer than this Planaris.
        """
        check_writable(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HomeUnwritableError(path, f"cannot be made: {error.strerror}", _CHOOSE_HOME) from error
        lock = InstanceLock(path / "lock", label)
        try:
            return cls(path, lock, _open_database(path))
        except BaseException:
            lock.release()
            raise

    @property
    def database(self) -> Path:
        """The file ``tool.db``."""
        return self.path / "tool.db"

    @property
    def twin_dir(self) -> Path:
        """Folder of the twin's own world; the tool never looks inside. Made on first use."""
        folder = self.path / "twin"
        folder.mkdir(exist_ok=True)
        return folder

    def close(self) -> None:
        """Give the home back; a second time does nothing."""
        self._connection.close()
        self._lock.release()

    def __enter__(self) -> Home:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def backup(self, path: Path) -> None:
        """Copy tool.db, also while it is written to, into one file; an older file of that name is replaced.

        Raises HomeUnwritableError if the copy cannot be written, or would take the place of what is no copy.
        """
        _check_place_of_backup(self.path, path)
        _backup(self._connection, path)

    # -- runs ----------------------------------------------------------------------------------------------------

    def new_run(self, lot_id: str, out: Path | None = None) -> RunFolder:
        """Make the folder of a new run, ``runs/run-0001-<lot_id>/`` or ``out``, with ``traces/`` in it.

        Raises RunFolderError if ``out`` holds anything, HomeUnwritableError if the folder cannot be made.
        """
        if out is not None:
            check_run_folder(out)
        runs = self.path / "runs"
        with self._transaction() as connection:
            number = int(connection.execute("SELECT coalesce(max(number), 0) FROM runs").fetchone()[0]) + 1
            name = _NOT_IN_FILE_NAMES.sub("_", lot_id)
            # A folder may outlive its row where tool.db was restored from a backup: its number is taken.
            while out is None and any(runs.glob(f"run-{number:04d}-*")):
                number += 1
            run_id = f"run-{number:04d}-{name}"
            folder = RunFolder(run_id, runs / run_id if out is None else out)
            try:
                folder.traces.mkdir(parents=True)
            except OSError as error:
                raise HomeUnwritableError(folder.path, f"cannot be made: {error.strerror}", _CHOOSE_OUT) from error
            connection.execute(
                "INSERT INTO runs VALUES(?, ?, ?, ?, ?)",
                (number, run_id, lot_id, str(folder.path.absolute()), f"{utc_now():%Y-%m-%dT%H:%M:%SZ}"),
            )
        return folder

    def runs(self) -> list[RunRecord]:
        """Return the runs in the order they were made."""
        rows = self._connection.execute(
            "SELECT number, run_id, lot_id, folder, created_utc FROM runs ORDER BY number"
        ).fetchall()
        return [RunRecord(number, run_id, lot, Path(folder), created) for number, run_id, lot, folder, created in rows]

    # -- consumables ---------------------------------------------------------------------------------------------

    def save_consumable(self, record: ConsumableRecord) -> None:
        """Keep a consumable; one of the same location and part is replaced."""
        self.save_consumables((record,))

    def save_consumables(self, records: Iterable[ConsumableRecord], *, durable: bool = True) -> None:
        """Keep several consumables in one commit.

        One that is not ``durable`` survives the death of this process, and a power failure with the next durable
        commit to the file.
        """
        rows = [(r.location, r.part, r.serial, r.wafers_count, r.use_h, r.installed) for r in records]
        with self._transaction(durable=durable) as connection:
            connection.executemany("INSERT OR REPLACE INTO consumables VALUES(?, ?, ?, ?, ?, ?)", rows)

    def load_consumables(self) -> list[ConsumableRecord]:
        """Return all consumables by location and part."""
        rows = self._connection.execute(
            "SELECT location, part, serial, wafers_count, use_h, installed FROM consumables ORDER BY location, part"
        ).fetchall()
        return [ConsumableRecord(*row) for row in rows]

    # -- run-to-run control --------------------------------------------------------------------------------------

    def save_run_to_run(self, states: Mapping[str, str]) -> None:
        """Keep what run-to-run control remembers, texts by name, instead of what was kept before.

        It survives the death of this process, and a power failure with the next durable commit to the file.
        """
        with self._transaction(durable=False) as connection:
            connection.execute("DELETE FROM run_to_run")
            connection.executemany("INSERT INTO run_to_run VALUES(?, ?)", states.items())

    def load_run_to_run(self) -> dict[str, str]:
        """Return what run-to-run control remembers, texts by name."""
        return dict(self._connection.execute("SELECT name, state FROM run_to_run ORDER BY name").fetchall())

    @property
    def recipes(self) -> RecipeShelf:
        """The stored recipe versions."""
        return RecipeShelf(self._connection, self._transaction, self.database)

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Generator[sqlite3.Connection, None, None]:
        try:
            if durable is not self._durable:
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise HomeUnwritableError(self.database, f"cannot write: {error}", "free space on the disk") from error
            raise


_CHOOSE_HOME = "choose another folder with --home"
_CHOOSE_OUT = "choose another folder with --out"


def check_writable(path: Path, remedy: str = _CHOOSE_HOME) -> None:
    """Check, writing nothing, that a folder is or can be made and written; raises HomeUnwritableError."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:  # no record could name it
        raise HomeUnwritableError(path, "the name is not UTF-8 text", remedy) from None
    effective = os.access in os.supports_effective_ids
    existing = path.absolute()
    while not os.path.lexists(existing):
        existing = existing.parent
    if not existing.is_dir():
        raise HomeUnwritableError(path, f"{existing} is not a folder", remedy)
    if not os.access(existing, os.W_OK | os.X_OK, effective_ids=effective):
        raise HomeUnwritableError(path, f"{existing} cannot be written", f"{remedy} or change its mode")
    space = os.statvfs(existing)
    free_bytes = space.f_bavail * space.f_frsize
    if space.f_blocks and free_bytes < LEAST_FREE_BYTES:  # a file system without blocks does not count space
        raise HomeUnwritableError(path, f"the disk is full ({free_bytes} bytes free)", "free space on the disk")
    for name in ("lock", "tool.db", "runs", "twin"):
        inside = existing / name
        if existing == path.absolute() and inside.exists() and not os.access(inside, os.W_OK, effective_ids=effective):
            raise HomeUnwritableError(path, f"{inside} cannot be written", f"{remedy} or change its mode")


def backup_home(home: Path, path: Path) -> None:
    """Copy a home's tool.db and its audit anchor to ``path`` and beside it, also while an instance works in the home.

    Raises HomeSchemaError if there is no tool.db that can be read, HomeUnwritableError if the copy cannot be written or
    would take the place of what is no copy.
    """
    database = home / "tool.db"
    _check_place_of_backup(home, path)
    try:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_LIMIT_S)
    except sqlite3.Error as error:
        raise HomeSchemaError(database, f"cannot be read: {error}", "check --home") from error
    try:
        check_ours(connection, database)
        # The anchor first: it may be behind the records of the copy, never ahead of them.
        anchor = anchor_of(database)
        content = anchor.read_bytes() if anchor.exists() else None
        _backup(connection, path)
        if content is not None:
            anchor_of(path).write_bytes(content)
    except OSError as error:
        raise HomeUnwritableError(path, f"the backup cannot be written: {error}", "choose another place") from error
    finally:
        connection.close()


def check_run_folder(out: Path) -> None:
    """Check, writing nothing, that a run may go to ``out``; raises RunFolderError or HomeUnwritableError."""
    check_writable(out, _CHOOSE_OUT)
    if out.is_dir() and any(out.iterdir()):
        raise RunFolderError(out, "is not empty", "choose a new folder with --out")


def _open_database(home: Path) -> sqlite3.Connection:
    path = home / "tool.db"
    try:
        connection = sqlite3.connect(path, timeout=BUSY_LIMIT_S, isolation_level=None)
    except sqlite3.Error as error:
        raise HomeUnwritableError(home, f"tool.db cannot be opened: {error}", _CHOOSE_HOME) from error
    try:
        version = check_ours(connection, path)
        if 0 < version < len(MIGRATIONS):
            _backup(connection, home / f"tool-before-schema-{len(MIGRATIONS)}.db")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection, path)
        if version < AUDIT_SCHEMA:
            write_anchor(path, head_of(connection))
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError | OSError):  # read-only or full disk
            raise HomeUnwritableError(home, f"tool.db cannot be written: {error}", _CHOOSE_HOME) from error
        if isinstance(error, sqlite3.DatabaseError):
            raise HomeSchemaError(path, f"is damaged: {error}", "restore a backup") from error
        raise
    return connection


def _check_place_of_backup(home: Path, path: Path) -> None:
    """Raise HomeUnwritableError where a copy would replace a file of the home, or what is no file."""
    if path.parent.resolve() == home.resolve():
        raise HomeUnwritableError(path, "is in the home that is to be copied", "choose another folder")
    if path.exists() and not path.is_file():
        raise HomeUnwritableError(path, "is there and is no file", "choose another place")


def _backup(connection: sqlite3.Connection, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        target = sqlite3.connect(temporary, isolation_level=None)
        try:
            connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
        finally:
            target.close()
        temporary.replace(path)
    except (OSError, sqlite3.Error) as error:
        temporary.unlink(missing_ok=True)
        raise HomeUnwritableError(path, f"the backup cannot be written: {error}", "choose another place") from error
