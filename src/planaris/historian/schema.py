"""Schema of tool.db: migrations in order, each run once, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from planaris.historian.audit import AUDIT_TABLES, chain_existing
from planaris.historian.errors import HomeSchemaError
from planaris.historian.host_store import HOST_TABLES
from planaris.historian.page_store import PAGE_TABLES, SCORE_TABLES

# "PLNR": tells our file from any other SQLite file (see `file tool.db`).
APPLICATION_ID = 0x504C4E52

# From this version on a tool.db has the audit chain.
AUDIT_SCHEMA = 3

Migration = Sequence[str | Callable[[sqlite3.Connection], None]]
"""Statements, or functions that work inside the migration's transaction."""

# Entry k takes schema version k to k + 1. An entry never changes once released; add a new one instead.
MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE runs(
            number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, lot_id TEXT NOT NULL,
            folder TEXT NOT NULL, created_utc TEXT NOT NULL)""",
        """CREATE TABLE journal(
            run TEXT NOT NULL, sequence INTEGER NOT NULL, time_s REAL NOT NULL, name TEXT NOT NULL,
            payload TEXT NOT NULL, PRIMARY KEY(run, sequence)) WITHOUT ROWID""",
        """CREATE TABLE consumables(
            location TEXT NOT NULL, part TEXT NOT NULL, serial TEXT NOT NULL, wafers_count INTEGER NOT NULL,
            use_h REAL NOT NULL, installed TEXT NOT NULL, PRIMARY KEY(location, part)) WITHOUT ROWID""",
        """CREATE TABLE recipes(
            name TEXT NOT NULL, version TEXT NOT NULL, content_hash TEXT NOT NULL, text TEXT NOT NULL,
            state TEXT NOT NULL, PRIMARY KEY(name, version)) WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE recipe_versions(
            number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, content_hash TEXT NOT NULL,
            label TEXT NOT NULL, text TEXT NOT NULL, text_hash TEXT NOT NULL, author TEXT NOT NULL, state TEXT NOT NULL,
            approved_by TEXT NOT NULL, released_by TEXT NOT NULL, reason TEXT NOT NULL,
            UNIQUE(kind, name, content_hash))""",
        """INSERT INTO recipe_versions(kind, name, content_hash, label, text, text_hash, author, state, approved_by,
            released_by, reason) SELECT 'polish', name, content_hash, version, text, content_hash, 'unknown', state, '',
            '', 'kept from an earlier version of the home' FROM recipes ORDER BY name, version""",
        "DROP TABLE recipes",
    ),
    (*AUDIT_TABLES, chain_existing),
    HOST_TABLES,
    ("CREATE TABLE run_to_run(name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID",),
    PAGE_TABLES,
    SCORE_TABLES,
)


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the schema version of a database, 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_ours(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Return the schema version if the file is ours and not newer than we are; raises HomeSchemaError."""
    try:
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        version = schema_version(connection)
        tables = int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise HomeSchemaError(path, f"cannot be read as a database: {error}", "restore a backup") from error
    if application != APPLICATION_ID and (application or version or tables):
        raise HomeSchemaError(path, "is another program's database", "choose another folder with --home")
    if version > len(migrations):
        raise HomeSchemaError(
            path,
            f"has schema version {version}, this Planaris knows versions up to {len(migrations)}",
            "use the newer Planaris that wrote it, or restore a backup from before",
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring a database to the newest version and return that version.

    ``connection`` is in autocommit mode (``isolation_level=None``). Raises HomeSchemaError if a migration fails; the
    database then stands at the last version that worked.
    """
    start = check_ours(connection, path, migrations)
    for version, statements in enumerate(migrations[start:], start=start + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                if isinstance(statement, str):
                    connection.execute(statement)
                else:
                    statement(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise HomeSchemaError(path, f"migration to schema version {version} failed: {error}") from error
    return len(migrations)
