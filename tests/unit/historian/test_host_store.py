"""What a host defined and what waits for it is on the disk when the call returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from planaris.historian import Home, HostStore, HostStoreError, SqliteJournal
from planaris.stream import Committed, LotEnded


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path, label="test") as opened:
        yield opened


def test_settings_are_kept_all_or_none(home: Home) -> None:
    with HostStore(home.database) as store:
        assert store.settings() == {}
        store.save({"a": "1", "b": "2"})
        store.save({"b": "3"})
        with pytest.raises(HostStoreError, match="cannot commit"):
            store.save({"a": "9", "c": None})  # type: ignore[dict-item]
    with HostStore(home.database) as again:
        assert again.settings() == {"a": "1", "b": "3"}


def test_the_spool_is_a_queue_with_numbers_that_never_come_again(home: Home) -> None:
    with HostStore(home.database) as store:
        for n in range(3):
            store.spool(6, 11, bytes((n,)), "now", {"total": str(n)})
        assert [m.body for m in store.oldest(2)] == [b"\0", b"\1"]
        store.drop(store.oldest()[0].number)
        store.drop(12345)
        assert store.spool_count == 2
    with HostStore(home.database) as again:
        assert again.spool_count == 2
        assert again.settings() == {"total": "2"}
        last = again.oldest(10)[-1].number
        assert again.purge() == 2
        assert (again.spool_count, again.purge(), list(again.oldest())) == (0, 0, [])
        again.spool(5, 1, b"", "now", {})
        (kept,) = again.oldest()
        assert kept.number > last
        assert (kept.stream, kept.function, kept.body, kept.stored_utc) == (5, 1, b"", "now")


def test_it_works_beside_the_journal(home: Home) -> None:
    with HostStore(home.database) as store, SqliteJournal(home.database, "run-1") as journal:
        for n in range(20):
            journal.append([Committed(n + 1, float(n), LotEnded("L", "completed", n))], True)
            store.spool(6, 11, b"x", "now", {})
        assert store.spool_count == 20


def test_a_file_that_is_no_home_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostStoreError, match="cannot be opened"):
        HostStore(tmp_path / "tool.db")
    sqlite3.connect(tmp_path / "other.db").close()
    (tmp_path / "other.db").touch()
    with pytest.raises(HostStoreError, match="open the home first"):
        HostStore(tmp_path / "other.db")


def test_a_home_of_an_earlier_version_gets_the_tables(tmp_path: Path) -> None:
    from planaris.historian.schema import MIGRATIONS, migrate

    connection = sqlite3.connect(tmp_path / "tool.db", isolation_level=None)
    migrate(connection, tmp_path / "tool.db", MIGRATIONS[:3])
    connection.close()
    with Home.open(tmp_path, label="test") as home, HostStore(home.database) as store:
        store.save({"a": "1"})
        assert store.settings() == {"a": "1"}
