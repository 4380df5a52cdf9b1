"""The audit chain: what people and hosts commanded, answered, signed and acknowledged, each record sealed to the last.

A record's hash is SHA-256 over the hash before it and the record in canonical form, so that no record can be changed,
taken out or moved without all later hashes being wrong. How many there are and the last hash stand twice more: in
tool.db, and in the file ``audit.anchor`` beside it, so that records cut off at the end, or a chain made anew, are found
as well. The file is written after the commit: a death between the two leaves it behind by that commit, never ahead.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from planaris.stream import EVENT_TYPES

ANCHOR_FILE = "audit.anchor"
_DATABASE_FILE = "tool.db"
# Hash that the first record is sealed to.
GENESIS = "0" * 64
# A damaged chain is told by its first problems; the rest follow from them.
_TOLD_COUNT = 20

Row = tuple[str, int, float, str, str]
"""Run, sequence, tool time in seconds, event name, payload."""

AUDIT_TABLES = (
    """CREATE TABLE audit(
        number INTEGER PRIMARY KEY, run TEXT NOT NULL, sequence INTEGER NOT NULL, time_s REAL NOT NULL,
        name TEXT NOT NULL, payload TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE TABLE audit_head(id INTEGER PRIMARY KEY CHECK(id = 1), count INTEGER NOT NULL, hash TEXT NOT NULL)",
    f"INSERT INTO audit_head VALUES(1, 0, '{GENESIS}')",
    "CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit chain is never changed'); END",
    "CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit chain is never shortened'); END",
)


def audited_names() -> tuple[str, ...]:
    """Return the names of the events that go into the chain."""
    return tuple(name for name, event in EVENT_TYPES.items() if event.audited)


def seal(before: str, number: int, row: Row) -> str:
    """Return a record's hash, given the hash before it."""
    run, sequence, time_s, name, payload = row
    record = json.dumps([number, run, sequence, repr(time_s), name, payload], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{record}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How many records the chain has, and the last one's hash."""

    count: int
    hash: str


def chain(connection: sqlite3.Connection, rows: Sequence[Row]) -> AuditHead:
    """Append records to the chain inside the caller's transaction and return the new head."""
    head = head_of(connection)
    count, last = head.count, head.hash
    sealed: list[tuple[object, ...]] = []
    for row in rows:
        count += 1
        last = seal(last, count, row)
        sealed.append((count, *row, last))
    connection.executemany("INSERT INTO audit VALUES(?, ?, ?, ?, ?, ?, ?)", sealed)
    connection.execute("UPDATE audit_head SET count = ?, hash = ?", (count, last))
    return AuditHead(count, last)


def chain_existing(connection: sqlite3.Connection) -> None:
    """Seal what a journal from before the chain holds, as it is found; part of the migration."""
    names = audited_names()
    marks = ", ".join("?" * len(names))
    rows = connection.execute(
        f"SELECT j.run, j.sequence, j.time_s, j.name, j.payload FROM journal AS j"
        f" LEFT JOIN runs AS r ON r.run_id = j.run WHERE j.name IN ({marks}) ORDER BY r.number, j.run, j.sequence",
        names,
    ).fetchall()
    chain(connection, rows)


def head_of(connection: sqlite3.Connection) -> AuditHead:
    """Return the head as tool.db has it."""
    return AuditHead(*connection.execute("SELECT count, hash FROM audit_head").fetchone())


def anchor_of(database: Path) -> Path:
    """Return the anchor's path beside a tool.db; a copy of another name has one of its own, ``NAME.audit.anchor``."""
    return database.with_name(ANCHOR_FILE if database.name == _DATABASE_FILE else f"{database.name}.{ANCHOR_FILE}")


def write_anchor(database: Path, head: AuditHead) -> None:
    """Replace the anchor beside a tool.db, on the disk when this returns. Raises OSError."""
    path = anchor_of(database)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="ascii") as file:
        file.write(json.dumps({"count": head.count, "hash": head.hash}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_anchor(database: Path) -> AuditHead | None:
    """Return the anchor beside a tool.db, None if there is none. Raises ValueError if it is no anchor."""
    path = anchor_of(database)
    if not path.exists():
        return None
    try:
        body = json.loads(path.read_text(encoding="ascii"))
        return AuditHead(int(body["count"]), str(body["hash"]))
    except (KeyError, TypeError, ValueError) as error:  # an empty file is no JSON
        raise ValueError(f"{path} is no anchor: {error}") from error


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a check of the chain found: its head as the records give it, and every problem, each named."""

    head: AuditHead
    problems: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(connection: sqlite3.Connection, database: Path) -> AuditReport:
    """Check the chain of a tool.db against itself, its head, its anchor and the journal; changes nothing.

    Raises sqlite3.Error where the file cannot be read.
    """
    rows = connection.execute("SELECT number, run, sequence, time_s, name, payload, hash FROM audit ORDER BY number")
    hashes: list[str] = []
    problems = list(islice(_broken_links(rows.fetchall(), hashes), _TOLD_COUNT))
    head = AuditHead(len(hashes), hashes[-1] if hashes else GENESIS)
    problems += _against_head(connection, hashes)
    problems += _against_anchor(database, hashes)
    problems += islice(_against_journal(connection), _TOLD_COUNT)
    return AuditReport(head, tuple(problems))


def _broken_links(rows: Iterable[tuple[int, str, int, float, str, str, str]], hashes: list[str]) -> Iterator[str]:
    """Tell every record that does not follow from the one before; ``hashes`` is filled with what is written."""
    last, expected = GENESIS, 1
    for number, run, sequence, time_s, name, payload, written in rows:
        what = f"record {number} ({name} {sequence} of {run})"
        if number > expected:
            missing = f"record {expected}" if number == expected + 1 else f"records {expected} to {number - 1}"
            yield f"{missing} taken out before {what}"
            hashes.extend([""] * (number - expected))
        elif seal(last, number, (run, sequence, time_s, name, payload)) != written:
            yield f"{what} was altered or moved"
        hashes.append(written)
        last, expected = written, number + 1


def _against_head(connection: sqlite3.Connection, hashes: Sequence[str]) -> list[str]:
    row = connection.execute("SELECT count, hash FROM audit_head").fetchone()
    if row is None:
        return ["the head of the chain was taken out"]
    return _against(AuditHead(*row), hashes, "head", exact=True)


def _against_anchor(database: Path, hashes: Sequence[str]) -> list[str]:
    try:
        anchor = read_anchor(database)
    except ValueError as error:
        return [str(error)]
    if anchor is None:
        return [f"{anchor_of(database).name} is missing"]
    return _against(anchor, hashes, "anchor", exact=False)


def _against(witness: AuditHead, hashes: Sequence[str], name: str, *, exact: bool) -> list[str]:
    """Hold the chain to a count and hash noted elsewhere; without ``exact`` the chain may have gone on since."""
    count = len(hashes)
    if count < witness.count:
        return [f"cut off at the end: the {name} tells of {witness.count} records, there are {count}"]
    if exact and count > witness.count:
        return [f"the {name} tells of {witness.count} records, there are {count}"]
    at = hashes[witness.count - 1] if witness.count else GENESIS
    return [] if at == witness.hash else [f"record {witness.count} is not the one that the {name} tells of"]


def _against_journal(connection: sqlite3.Connection) -> Iterator[str]:
    """Hold the journal's own copies to the chain; runs that were pruned from the journal are left out."""
    names = audited_names()
    marks = ", ".join("?" * len(names))
    query = (
        f"SELECT run, sequence, name, payload, max(here), max(there) FROM ("
        f" SELECT run, sequence, name, payload, time_s, 1 AS here, 0 AS there FROM journal WHERE name IN ({marks})"
        f" UNION ALL SELECT run, sequence, name, payload, time_s, 0, 1 FROM audit"
        f"  WHERE run IN (SELECT run FROM journal))"
        f" GROUP BY run, sequence, name, payload, time_s HAVING max(here) + max(there) = 1 ORDER BY run, sequence"
    )
    for run, sequence, name, _payload, here, _there in connection.execute(query, names):
        where, lacks = ("journal", "chain") if here else ("chain", "journal")
        yield f"{name} {sequence} of {run} stands in the {where} and not like this in the {lacks}"
