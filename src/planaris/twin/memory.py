"""The twin's own memory: its world in one SQLite file, written at each material change, read after a death.

What the world holds is compared with what was written last, and the differences go into one transaction: a file that is
torn by a kill or a power failure is rolled back by SQLite when it is next opened, so half a change is never read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEMORY_FILE = "world.db"
MEMORY_SCHEMA = 1
# Before there was a database, wear alone was kept, as JSON.
_WEAR_FILE = "world.json"
_WEAR_SCHEMA = 1
# "PLTW": tells the twin's memory from tool.db and from any other SQLite file.
_APPLICATION_ID = 0x504C5457
_TABLES = (
    "CREATE TABLE state(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE arrays(owner TEXT NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY(owner, name))",
)
_BUSY_LIMIT_S = 1.0


class MemoryFileError(Exception):
    """The twin's memory cannot be used: which file, why and what to do."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        self.path, self.problem, self.remedy = path, problem, remedy
        super().__init__(f"{path} {problem}; {remedy}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A world as data: named JSON values, and arrays of float64 by owner and name, which are never changed in place."""

    values: Mapping[str, str]
    arrays: Mapping[tuple[str, str], Array]

    def value(self, name: str, default: object = None) -> object:
        """Return a value by name."""
        text = self.values.get(name)
        return default if text is None else json.loads(text)

    def named(self, prefix: str) -> dict[str, str]:
        """Return the JSON texts whose name starts with a prefix, by the rest of their names."""
        return {name.removeprefix(prefix): text for name, text in self.values.items() if name.startswith(prefix)}


class MemoryFile:
    """The file. Used by one thread; ``path`` may be ``:memory:`` for a world that dies with its process."""

    def __init__(self, path: Path | None) -> None:
        """Open the memory, making it if there is none. Raises MemoryFileError."""
        self.path = path if path is not None else Path(":memory:")
        self.failure = ""
        try:
            self._connection = sqlite3.connect(str(self.path), timeout=_BUSY_LIMIT_S, isolation_level=None)
        except sqlite3.Error as error:
            raise MemoryFileError(self.path, f"cannot be opened: {error}", "check the home's twin folder") from error
        try:
            self._prepare()
            self._kept = self._read()
        except sqlite3.Error as error:
            self._connection.close()
            raise MemoryFileError(self.path, f"is damaged: {error}", "remove it: the twin begins anew") from error
        except BaseException:
            self._connection.close()
            raise

    @property
    def kept(self) -> Snapshot:
        """What the file holds."""
        return self._kept

    def keep(
        self,
        now: Snapshot,
        values_of: Collection[str] | None = None,
        arrays_of: Collection[tuple[str, str]] | None = None,
    ) -> bool:
        """Write what changed since the last time in one transaction; return whether it is kept.

        ``values_of`` and ``arrays_of`` name what may have changed, come or gone, where the caller knows.
        A write that fails stops no machine: ``failure`` says why, and the next call tries again with all that changed.
        """
        kept = self._kept
        values_of = {**now.values, **kept.values} if values_of is None else sorted(values_of)
        values = [(n, v) for n in values_of if (v := now.values.get(n)) is not None and v != kept.values.get(n)]
        lost_values = [(n,) for n in values_of if n not in now.values and n in kept.values]
        arrays_of = {**now.arrays, **kept.arrays} if arrays_of is None else sorted(arrays_of)
        new, old = now.arrays.get, kept.arrays.get
        arrays = [(*key, a) for key in arrays_of if (a := new(key)) is not None and a is not old(key)]
        lost_arrays = [key for key in arrays_of if key not in now.arrays and key in kept.arrays]
        if not (values or lost_values or arrays or lost_arrays):
            return True
        try:
            self._write(values, lost_values, arrays, lost_arrays)
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self.failure = str(error)
            return False
        self._kept, self.failure = now, ""
        return True

    def put(self, name: str, value: str) -> None:
        """Write one value, in a transaction of its own, if it changed; a failure is as in `keep`."""
        kept = self._kept
        if kept.values.get(name) == value:
            return
        try:
            self._connection.execute("INSERT OR REPLACE INTO state VALUES(?, ?)", (name, value))
        except sqlite3.Error as error:
            self.failure = str(error)
            return
        self._kept = Snapshot({**kept.values, name: value}, kept.arrays)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._connection.close()

    def _write(
        self,
        values: Sequence[tuple[str, str]],
        lost_values: Sequence[tuple[str]],
        arrays: Iterable[tuple[str, str, Array]],
        lost_arrays: Sequence[tuple[str, str]],
    ) -> None:
        rows = [(owner, name, json.dumps(a.shape), a.tobytes()) for owner, name, a in arrays]
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        if values:
            connection.executemany("INSERT OR REPLACE INTO state VALUES(?, ?)", values)
        if lost_values:
            connection.executemany("DELETE FROM state WHERE name = ?", lost_values)
        if rows:
            connection.executemany("INSERT OR REPLACE INTO arrays VALUES(?, ?, ?, ?)", rows)
        if lost_arrays:
            connection.executemany("DELETE FROM arrays WHERE owner = ? AND name = ?", lost_arrays)
        connection.execute("COMMIT")

    def _prepare(self) -> None:
        connection = self._connection
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if application not in {0, _APPLICATION_ID}:
            raise MemoryFileError(self.path, "is another program's database", "choose another home")
        if schema > MEMORY_SCHEMA:
            problem = f"has schema {schema}, this Planaris reads up to {MEMORY_SCHEMA}"
            raise MemoryFileError(self.path, problem, "use the newer Planaris that wrote it")
        # The last changes may be lost in a power failure, the file never is: the twin is a rehearsal.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if schema == 0:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {MEMORY_SCHEMA}")
            connection.execute("COMMIT")

    def _read(self) -> Snapshot:
        values: dict[str, str] = dict(self._connection.execute("SELECT name, value FROM state").fetchall())
        arrays: dict[tuple[str, str], Array] = {}
        for owner, name, shape, data in self._connection.execute("SELECT owner, name, shape, data FROM arrays"):
            arrays[owner, name] = np.frombuffer(data, dtype=np.float64).reshape(json.loads(shape)).copy()
        return Snapshot(values, arrays)


def open_memory(folder: Path) -> MemoryFile:
    """Open the memory in a home's twin folder; wear that an earlier version kept is taken over once.

    Raises MemoryFileError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fresh = not (folder / MEMORY_FILE).exists()
    file = MemoryFile(folder / MEMORY_FILE)
    old = folder / _WEAR_FILE
    if fresh and old.exists():
        file.keep(_from_wear_file(old))
    return file


def _from_wear_file(path: Path) -> Snapshot:
    values: dict[str, str] = {}
    arrays: dict[tuple[str, str], Array] = {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != _WEAR_SCHEMA:
            raise ValueError(f"schema {record['schema']}")
        for kind, parts in (("platen", record["platens"]), ("head", record["heads"])):
            for number, wear in parts.items():
                owner = f"{kind}.{number}"
                values[owner] = json.dumps({name: v for name, v in wear.items() if not isinstance(v, list)})
                arrays |= {(owner, name): np.array(v, dtype=float) for name, v in wear.items() if isinstance(v, list)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MemoryFileError(path, f"cannot be read: {error}", "remove it: the twin's parts begin as new") from error
    return Snapshot(values, arrays)
