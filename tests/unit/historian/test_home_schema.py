from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from planaris.historian import ConsumableRecord, Home, HomeSchemaError, last_sequence, wafer_places
from planaris.historian import home as home_module
from planaris.historian.schema import MIGRATIONS, migrate, schema_version
from planaris.model import RecipeState

# tool.db as version 1 wrote it, frozen: never change this text, homes like it are out there.
VERSION_1 = """
CREATE TABLE runs(number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, lot_id TEXT NOT NULL,
    folder TEXT NOT NULL, created_utc TEXT NOT NULL);
CREATE TABLE journal(run TEXT NOT NULL, sequence INTEGER NOT NULL, time_s REAL NOT NULL, name TEXT NOT NULL,
    payload TEXT NOT NULL, PRIMARY KEY(run, sequence)) WITHOUT ROWID;
CREATE TABLE consumables(location TEXT NOT NULL, part TEXT NOT NULL, serial TEXT NOT NULL,
    wafers_count INTEGER NOT NULL, use_h REAL NOT NULL, installed TEXT NOT NULL,
    PRIMARY KEY(location, part)) WITHOUT ROWID;
CREATE TABLE recipes(name TEXT NOT NULL, version TEXT NOT NULL, content_hash TEXT NOT NULL, text TEXT NOT NULL,
    state TEXT NOT NULL, PRIMARY KEY(name, version)) WITHOUT ROWID;
INSERT INTO runs VALUES(1, 'run-0001-L', 'L', '/somewhere/runs/run-0001-L', '2026-01-02T03:04:05Z');
INSERT INTO journal VALUES('run-0001-L', 1, 0.0, 'wafer_registered',
    '{"wafer_id":"L.01","lot_id":"L","slot":1,"kind":"product","location":"loadport1.01"}');
INSERT INTO journal VALUES('run-0001-L', 2, 1.5, 'move_intended',
    '{"wafer_id":"L.01","source":"loadport1.01","destination":"dry_robot"}');
INSERT INTO consumables VALUES('platen1', 'pad', 'P-7', 120, 2.5, '2026-01-02');
INSERT INTO recipes VALUES('ild', '1',
    'b5bc1ffd90912fb18bef6e7d80909192c7a6492896320156d67fbaf104c6544a', 'a = 1', 'draft');
PRAGMA application_id = 1347178066;
PRAGMA user_version = 1;
"""

FUTURE = (*MIGRATIONS, ("CREATE TABLE users(name TEXT)", "ALTER TABLE runs ADD COLUMN outcome TEXT"))


@pytest.fixture
def old(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "tool.db", isolation_level=None)
    connection.executescript(VERSION_1)
    yield connection
    connection.close()


def test_a_version_1_home_opens_with_all_it_held(old: sqlite3.Connection, tmp_path: Path) -> None:
    old.close()
    with Home.open(tmp_path, label="test") as home:
        assert [r.run_id for r in home.runs()] == ["run-0001-L"]
        assert home.load_consumables() == [ConsumableRecord("platen1", "pad", "P-7", 120, 2.5, "2026-01-02")]
        (kept,) = home.recipes.versions()
        assert (kept.name, kept.label, kept.text, kept.state) == ("ild", "1", "a = 1", RecipeState.DRAFT)
        assert home.new_run("L").run_id == "run-0002-L"
        assert [(p.location, p.intended_destination) for p in wafer_places(home.database)] == [
            ("loadport1.01", "dry_robot")
        ]
        assert last_sequence(home.database) == 2


def test_a_fresh_home_and_a_migrated_one_have_the_same_schema(old: sqlite3.Connection, tmp_path: Path) -> None:
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    for connection in (fresh, old):
        assert migrate(connection, tmp_path / "tool.db", FUTURE) == len(FUTURE) == schema_version(connection)

    def columns(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
        return connection.execute(
            'SELECT s.name, c.name, c.type, c.pk, c."notnull" FROM sqlite_schema AS s, pragma_table_info(s.name) AS c'
            " WHERE s.type = 'table' ORDER BY s.name, c.cid"
        ).fetchall()

    assert columns(fresh) == columns(old)
    assert ("users", "name", "TEXT", 0, 0) in columns(old)
    fresh.close()


def test_a_migration_that_fails_leaves_the_version_before_it(old: sqlite3.Connection, tmp_path: Path) -> None:
    broken = (*FUTURE, ("CREATE TABLE half_done(x)", "ALTER TABLE no_such_table ADD COLUMN y"))
    with pytest.raises(HomeSchemaError, match=f"version {len(broken)} failed"):
        migrate(old, tmp_path / "tool.db", broken)
    assert schema_version(old) == len(FUTURE)
    names = {row[0] for row in old.execute("SELECT name FROM sqlite_schema").fetchall()}
    assert "users" in names
    assert "half_done" not in names


def test_the_home_is_backed_up_before_it_is_migrated(
    old: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old.close()

    def migrate_further(connection: sqlite3.Connection, path: Path) -> int:
        return migrate(connection, path, FUTURE)

    monkeypatch.setattr(home_module, "MIGRATIONS", FUTURE)
    monkeypatch.setattr(home_module, "migrate", migrate_further)
    Home.open(tmp_path, label="test").close()
    for name, version in (("tool.db", len(FUTURE)), (f"tool-before-schema-{len(FUTURE)}.db", 1)):
        connection = sqlite3.connect(tmp_path / name)
        assert schema_version(connection) == version
        assert connection.execute("SELECT count(*) FROM journal").fetchone() == (2,)
        connection.close()
