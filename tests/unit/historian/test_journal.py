from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from planaris.historian import (
    Home,
    JournalError,
    SqliteJournal,
    WaferPlace,
    journal_runs,
    last_sequence,
    wafer_places,
)
from planaris.model import WaferKind
from planaris.stream import (
    AlarmAcknowledged,
    Committed,
    Event,
    EventStream,
    MoveIntended,
    WaferFinished,
    WaferMoved,
    WaferRegistered,
    from_json,
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home", label="test") as opened:
        yield opened


@pytest.fixture
def journal(home: Home) -> Iterator[SqliteJournal]:
    with SqliteJournal(home.database, home.new_run("L").run_id) as opened:
        yield opened


def numbered(*events: Event, first: int = 1) -> list[Committed]:
    return [Committed(first + k, 0.5 * k, event) for k, event in enumerate(events)]


def registered(wafer: str, where: str) -> WaferRegistered:
    return WaferRegistered(wafer, "L", 1, WaferKind.PRODUCT, where)


def test_events_come_back_as_they_were(home: Home, journal: SqliteJournal) -> None:
    nan = float("nan")
    finished = WaferFinished("L.01", 1, 2, WaferKind.DUMMY, 9, 900.5, 1e-9, nan, 3, 4, 5, 6, 7, 8, 9, 10)
    batch = numbered(registered("L.01", "loadport1.01"), finished)
    journal.append(batch, durable=True)
    connection = sqlite3.connect(home.database)
    rows = connection.execute("SELECT run, sequence, time_s, name, payload FROM journal ORDER BY sequence").fetchall()
    connection.close()
    assert [row[:4] for row in rows] == [
        ("run-0001-L", 1, 0.0, "wafer_registered"),
        ("run-0001-L", 2, 0.5, "wafer_finished"),
    ]
    assert from_json(rows[0][3], rows[0][4]) == batch[0].event
    assert repr(from_json(rows[1][3], rows[1][4])) == repr(finished)  # NaN is not equal to itself


@pytest.mark.parametrize("durable", [True, False])
def test_a_batch_is_visible_to_others_once_append_returns(home: Home, journal: SqliteJournal, durable: bool) -> None:
    journal.append(numbered(registered("L.01", "aligner")), durable)
    assert last_sequence(home.database) == 1
    assert wafer_places(home.database) == [WaferPlace("L.01", "aligner", None)]


def commit_levels(journal: SqliteJournal, batches: Iterable[tuple[Event, bool]]) -> list[str]:
    """Append batches of one event, durable or not, and return how each commit waited for the disk."""
    said: list[str] = []
    journal._connection.set_trace_callback(said.append)
    for k, (event, durable) in enumerate(batches):
        journal.append(numbered(event, first=k + 1), durable)
    level, levels = "FULL", []
    for statement in said:
        if statement.startswith("PRAGMA synchronous = "):
            level = statement.removeprefix("PRAGMA synchronous = ")
        if statement == "COMMIT":
            levels.append(level)
    return levels


def test_only_durable_batches_wait_for_the_disk(journal: SqliteJournal) -> None:
    event = registered("L.01", "aligner")
    levels = commit_levels(journal, [(event, durable) for durable in (True, False, False, True)])
    assert levels == ["FULL", "NORMAL", "NORMAL", "FULL"]


def test_audited_batches_wait_though_nobody_asks(journal: SqliteJournal) -> None:
    """Their anchor is a file of its own: on the disk before what it seals, it would call a power failure a forgery."""
    audited = AlarmAcknowledged("link_lost", "plc", "ann")
    assert commit_levels(journal, [(registered("L.01", "aligner"), False), (audited, False)]) == ["NORMAL", "FULL"]


def test_with_the_disk_behind_only_audited_batches_wait(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    event, audited = registered("L.01", "aligner"), AlarmAcknowledged("link_lost", "plc", "ann")
    with SqliteJournal(home.database, "run-0001-L", disk_behind=True) as journal:
        levels = commit_levels(journal, [(event, True), (event, False), (audited, True), (event, True)])
        log = home.database.with_name(f"{home.database.name}-wal").stat().st_ino
        assert last_sequence(home.database, "run-0001-L") == 4  # others see it all the same
    assert levels == ["NORMAL", "NORMAL", "FULL", "NORMAL"]
    assert synced[-1] == log  # nothing is left to force to the disk once it is closed


def test_with_the_disk_behind_its_failure_stops_the_next_batch(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()

    def broken(_descriptor: int) -> None:
        failed.set()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    journal = SqliteJournal(home.database, "run-0001-L", disk_behind=True)
    batch = numbered(registered("L.01", "aligner"))
    journal.append(batch, durable=True)
    assert failed.wait(10.0)
    assert journal._follower is not None
    while not journal._follower.failure:  # the thread tells of it right after
        time.sleep(0.001)
    with pytest.raises(JournalError, match="cannot be forced to the disk"):
        journal.append(numbered(registered("L.01", "aligner"), first=2), durable=True)
    with pytest.raises(JournalError, match="cannot be forced to the disk"):
        journal.close()


def test_journal_keeps_the_promise_of_the_stream(home: Home, journal: SqliteJournal) -> None:
    seen: list[tuple[int, int]] = []
    stream = EventStream(lambda: 1.0, journal.append)
    stream.listen(lambda batch: seen.append((batch[-1].sequence, last_sequence(home.database))))
    stream.publish(registered("L.01", "loadport1.01"))
    stream.flush()
    stream.commit(MoveIntended("L.01", "loadport1.01", "dry_robot"))
    assert seen == [(1, 1), (2, 2)]  # whatever a listener hears is in the file already


@pytest.mark.parametrize(
    ("events_count", "place"),
    [
        (1, WaferPlace("L.01", "loadport1.01", None)),
        (2, WaferPlace("L.01", "loadport1.01", "dry_robot")),
        (3, WaferPlace("L.01", "dry_robot", None)),
        (4, WaferPlace("L.01", "dry_robot", "aligner")),
        (5, WaferPlace("L.01", "dry_robot", "stage")),
        (6, WaferPlace("L.01", "stage", None)),
    ],
)
def test_places_follow_what_was_confirmed_and_what_was_intended(
    home: Home, journal: SqliteJournal, events_count: int, place: WaferPlace
) -> None:
    events: list[Event] = [
        registered("L.01", "loadport1.01"),
        MoveIntended("L.01", "loadport1.01", "dry_robot"),
        WaferMoved("L.01", "loadport1.01", "dry_robot"),
        MoveIntended("L.01", "dry_robot", "aligner"),
        MoveIntended("L.01", "dry_robot", "stage"),
        WaferMoved("L.01", "dry_robot", "stage"),
    ]
    journal.append(numbered(registered("L.02", "head1"), *events[:events_count]), durable=True)
    assert wafer_places(home.database) == [place, WaferPlace("L.02", "head1", None)]


def test_each_run_has_its_own_sequence_and_places(home: Home, journal: SqliteJournal) -> None:
    journal.append(numbered(registered("L.01", "aligner"), registered("L.02", "stage")), durable=True)
    with SqliteJournal(home.database, home.new_run("M").run_id) as other:
        other.append(numbered(registered("M.01", "head1")), durable=True)
    assert journal_runs(home.database) == ["run-0001-L", "run-0002-M"]
    assert [p.wafer_id for p in wafer_places(home.database)] == ["M.01"]
    assert [p.wafer_id for p in wafer_places(home.database, "run-0001-L")] == ["L.01", "L.02"]
    assert (last_sequence(home.database), last_sequence(home.database, "run-0001-L")) == (1, 2)


def test_an_empty_journal_knows_no_wafer(home: Home) -> None:
    assert (wafer_places(home.database), last_sequence(home.database)) == ([], 0)


def test_a_batch_that_fails_is_not_kept_in_part_and_the_next_works(home: Home, journal: SqliteJournal) -> None:
    journal.append(numbered(registered("L.01", "aligner")), durable=True)
    clash = numbered(registered("L.02", "stage"), registered("L.03", "stage"), first=0)
    with pytest.raises(JournalError, match="cannot commit") as caught:
        journal.append(clash, durable=True)  # sequence 0 is new, sequence 1 is taken
    assert caught.value.path == home.database
    assert [p.wafer_id for p in wafer_places(home.database)] == ["L.01"]
    journal.append(numbered(registered("L.04", "stage"), first=2), durable=False)
    assert last_sequence(home.database) == 2


def test_a_journal_that_cannot_be_written_says_so_within_its_limit(home: Home, journal: SqliteJournal) -> None:
    journal._connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(home.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="locked"):
        journal.append(numbered(registered("L.01", "aligner")), durable=True)
    other.execute("ROLLBACK")
    other.close()
    journal.append(numbered(registered("L.01", "aligner")), durable=True)
    assert last_sequence(home.database) == 1


def test_a_journal_needs_a_tool_db(tmp_path: Path) -> None:
    for path in (tmp_path / "tool.db", tmp_path):
        with pytest.raises(JournalError):
            SqliteJournal(path, "run-0001-L")
        with pytest.raises(JournalError):
            wafer_places(path)
    (tmp_path / "empty.db").touch()
    with pytest.raises(JournalError, match="no such table"):
        SqliteJournal(tmp_path / "empty.db", "run-0001-L")
    assert not (tmp_path / "tool.db").exists()


def test_a_copy_without_the_index_of_its_wal_is_readable(home: Home, journal: SqliteJournal, tmp_path: Path) -> None:
    journal.append(numbered(registered("L.01", "aligner")), durable=True)
    for name in ("tool.db", "tool.db-wal"):
        shutil.copyfile(home.path / name, tmp_path / name)
    assert wafer_places(tmp_path / "tool.db") == [WaferPlace("L.01", "aligner", None)]


def test_prune_keeps_the_newest_runs_and_its_own(home: Home, journal: SqliteJournal) -> None:
    journal.append(numbered(registered("L.01", "aligner")), durable=True)
    for lot in ("M", "N", "O"):
        with SqliteJournal(home.database, home.new_run(lot).run_id) as other:
            other.append(numbered(registered(f"{lot}.01", "head1"), registered(f"{lot}.02", "head2")), durable=True)
    assert journal.prune(keep_runs=2) == 2
    assert journal_runs(home.database) == ["run-0001-L", "run-0003-N", "run-0004-O"]
    assert len(home.runs()) == 4
    with pytest.raises(ValueError, match="keep_runs"):
        journal.prune(keep_runs=0)
