"""The audit chain: whatever is done to tool.db by hand is found and named."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from planaris.historian import Home, JournalError, SqliteJournal, backup_home, verify_audit
from planaris.historian.audit import ANCHOR_FILE, GENESIS, chain, seal
from planaris.stream import (
    AlarmAcknowledged,
    CommandAnswered,
    CommandReceived,
    Committed,
    Event,
    LinkChanged,
)

RECORDS = 7  # three commands with their answers, one acknowledgement


def told() -> list[Event]:
    events: list[Event] = []
    for n in (1, 2, 3):
        events.append(CommandReceived(f"C{n}", "job.start", "ada", "operator", "night shift 夜班", "{}"))
        events.append(LinkChanged("connected", "not audited"))
        events.append(CommandAnswered(f"C{n}", "job.start", "done", ""))
    events.append(AlarmAcknowledged("leak", "safety", "ada"))
    return events


def write(home: Path, run: str | None = None) -> str:
    """Journal the events of one run and return its id."""
    with Home.open(home, label="test") as opened:
        run_id = opened.new_run(run or "L").run_id
        with SqliteJournal(opened.database, run_id) as journal:
            for number, event in enumerate(told(), start=1):
                journal.append([Committed(number, 0.1 * number, event)], durable=number % 2 == 0)
    return run_id


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def tamper(home: Path, *statements: str) -> tuple[str, ...]:
    """Change tool.db as somebody would who knows SQLite; return the problems found."""
    with closing(sqlite3.connect(home / "tool.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_is_never_changed")
        connection.execute("DROP TRIGGER audit_is_never_shortened")
        for statement in statements:
            connection.execute(statement)
    return verify_audit(home / "tool.db").problems


def test_an_untouched_chain_is_intact_and_goes_on_over_runs(home: Path) -> None:
    first = verify_audit(home / "tool.db")
    assert (first.intact, first.head.count) == (True, RECORDS)
    write(home)
    second = verify_audit(home / "tool.db")
    assert (second.intact, second.head.count) == (True, 2 * RECORDS)
    anchor = json.loads((home / ANCHOR_FILE).read_text(encoding="ascii"))
    assert anchor == {"count": second.head.count, "hash": second.head.hash}


def test_a_new_home_has_an_empty_chain_that_is_intact(tmp_path: Path) -> None:
    Home.open(tmp_path, label="test").close()
    report = verify_audit(tmp_path / "tool.db")
    assert (report.intact, report.head.count, report.head.hash) == (True, 0, GENESIS)


def test_the_chain_cannot_be_changed_by_an_honest_program(home: Path) -> None:
    with closing(sqlite3.connect(home / "tool.db", isolation_level=None)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("UPDATE audit SET payload = '{}'")
        with pytest.raises(sqlite3.IntegrityError, match="never shortened"):
            connection.execute("DELETE FROM audit WHERE number = 3")


@pytest.mark.parametrize("column", ["run", "sequence", "time_s", "name", "payload", "hash"])
@pytest.mark.parametrize("number", [1, 4, RECORDS])
def test_a_change_of_any_field_of_any_record_is_found_and_the_record_named(
    home: Path, column: str, number: int
) -> None:
    value = {"sequence": "999", "time_s": "0.05"}.get(column, "'changed'")
    problems = tamper(home, f"UPDATE audit SET {column} = {value} WHERE number = {number}")
    assert any(f"record {number} " in p and "altered" in p for p in problems)


@pytest.mark.parametrize("number", range(1, RECORDS))
def test_a_record_taken_out_is_found(home: Path, number: int) -> None:
    problems = tamper(home, f"DELETE FROM audit WHERE number = {number}")
    assert any(f"record {number} taken out" in p for p in problems)


def test_a_gap_that_was_closed_by_renumbering_is_found(home: Path) -> None:
    problems = tamper(
        home,
        "DELETE FROM audit WHERE number = 3",
        "UPDATE audit SET number = number - 1 WHERE number > 3",
        f"UPDATE audit_head SET count = {RECORDS - 1}",
    )
    assert any("record 3 " in p and "altered or moved" in p for p in problems)


def test_records_in_another_order_are_found(home: Path) -> None:
    problems = tamper(
        home,
        "UPDATE audit SET number = 100 WHERE number = 2",
        "UPDATE audit SET number = 2 WHERE number = 3",
        "UPDATE audit SET number = 3 WHERE number = 100",
    )
    assert any("record 2 " in p for p in problems)
    assert any("record 3 " in p for p in problems)


def test_records_cut_off_at_the_end_are_found_by_head_and_by_anchor(home: Path) -> None:
    problems = tamper(home, f"DELETE FROM audit WHERE number > {RECORDS - 2}")
    cut = [p for p in problems if "cut off at the end" in p]
    assert [("head" in p, "anchor" in p) for p in cut] == [(True, False), (False, True)]


def rebuilt(home: Path, keep: Callable[[tuple[object, ...]], bool]) -> tuple[str, ...]:
    """Make the whole chain anew from some of its records, with a head that agrees."""
    with closing(sqlite3.connect(home / "tool.db", isolation_level=None)) as connection:
        rows = connection.execute("SELECT run, sequence, time_s, name, payload FROM audit ORDER BY number").fetchall()
    tamper(home, "DELETE FROM audit", f"UPDATE audit_head SET count = 0, hash = '{GENESIS}'")
    with closing(sqlite3.connect(home / "tool.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM journal")
        chain(connection, [row for row in rows if keep(row)])
    return verify_audit(home / "tool.db").problems


def test_a_chain_made_anew_is_found_by_the_anchor(home: Path) -> None:
    (problem,) = rebuilt(home, lambda row: "C2" not in str(row[4]))
    assert "cut off at the end: the anchor tells of 7" in problem


def test_a_chain_made_anew_and_lengthened_is_found_by_the_anchor(home: Path) -> None:
    rebuilt(home, lambda row: "C2" not in str(row[4]))
    write(home)
    write_back = (home / ANCHOR_FILE).read_text(encoding="ascii")
    assert json.loads(write_back)["count"] > RECORDS  # the program went on writing anchors
    (home / ANCHOR_FILE).write_text(json.dumps({"count": RECORDS, "hash": "f" * 64}), encoding="ascii")
    (problem,) = verify_audit(home / "tool.db").problems
    assert problem == f"record {RECORDS} is not the one that the anchor tells of"


def test_an_anchor_that_is_gone_or_no_anchor_is_told(home: Path) -> None:
    (home / ANCHOR_FILE).unlink()
    assert verify_audit(home / "tool.db").problems == (f"{ANCHOR_FILE} is missing",)
    for text in ("", "{}"):
        (home / ANCHOR_FILE).write_text(text, encoding="ascii")
        (problem,) = verify_audit(home / "tool.db").problems
        assert f"{home / ANCHOR_FILE} is no anchor" in problem
    (home / ANCHOR_FILE).write_text("{}", encoding="ascii")
    assert "is no anchor" in verify_audit(home / "tool.db").problems[0]


def test_a_death_between_commit_and_anchor_is_no_tampering(home: Path) -> None:
    before = (home / ANCHOR_FILE).read_bytes()
    write(home)
    (home / ANCHOR_FILE).write_bytes(before)
    assert verify_audit(home / "tool.db").intact


def test_a_command_changed_or_added_in_the_journal_alone_is_found(home: Path) -> None:
    problems = tamper(
        home,
        "UPDATE journal SET payload = replace(payload, 'ada', 'bob') WHERE name = 'alarm_acknowledged'",
        "INSERT INTO journal VALUES('run-0001-L', 99, 9.9, 'command_received', '{}')",
    )
    assert any("alarm_acknowledged 10" in p and "chain and not like this in the journal" in p for p in problems)
    assert any("command_received 99" in p and "journal and not like this in the chain" in p for p in problems)


def test_pruning_old_runs_from_the_journal_leaves_the_chain_intact(home: Path) -> None:
    run_id = write(home)
    with SqliteJournal(home / "tool.db", run_id) as journal:
        assert journal.prune(keep_runs=1) == len(told())
    report = verify_audit(home / "tool.db")
    assert (report.intact, report.head.count) == (True, 2 * RECORDS)


def test_a_batch_that_cannot_be_kept_leaves_no_record(home: Path) -> None:
    before = verify_audit(home / "tool.db").head
    with SqliteJournal(home / "tool.db", "run-0001-L") as journal, pytest.raises(JournalError):
        journal.append([Committed(1, 0.0, told()[0])], durable=True)  # that number is taken
    assert verify_audit(home / "tool.db").head == before
    assert verify_audit(home / "tool.db").intact


def test_an_anchor_that_cannot_be_written_is_told_and_made_up_for(home: Path) -> None:
    anchor = home / ANCHOR_FILE
    anchor.unlink()
    anchor.mkdir()
    with SqliteJournal(home / "tool.db", "run-0001-L") as journal:
        journal.append([Committed(50, 5.0, told()[0])], durable=True)
        assert journal.anchor_failure
        anchor.rmdir()
        journal.append([Committed(51, 5.0, told()[0])], durable=True)
        assert journal.anchor_failure == ""
    assert verify_audit(home / "tool.db").intact


def test_a_home_of_version_1_is_sealed_as_it_is_found(tmp_path: Path) -> None:
    """Version 1 had no chain: its commands are taken in by the migration, in the order of runs and events."""
    old = """
CREATE TABLE runs(number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, lot_id TEXT NOT NULL,
    folder TEXT NOT NULL, created_utc TEXT NOT NULL);
CREATE TABLE journal(run TEXT NOT NULL, sequence INTEGER NOT NULL, time_s REAL NOT NULL, name TEXT NOT NULL,
    payload TEXT NOT NULL, PRIMARY KEY(run, sequence)) WITHOUT ROWID;
CREATE TABLE consumables(location TEXT NOT NULL, part TEXT NOT NULL, serial TEXT NOT NULL,
    wafers_count INTEGER NOT NULL, use_h REAL NOT NULL, installed TEXT NOT NULL,
    PRIMARY KEY(location, part)) WITHOUT ROWID;
CREATE TABLE recipes(name TEXT NOT NULL, version TEXT NOT NULL, content_hash TEXT NOT NULL, text TEXT NOT NULL,
    state TEXT NOT NULL, PRIMARY KEY(name, version)) WITHOUT ROWID;
INSERT INTO runs VALUES(1, 'run-0001-B', 'B', '/r/1', '2026-01-02T03:04:05Z');
INSERT INTO runs VALUES(2, 'run-0002-A', 'A', '/r/2', '2026-01-03T03:04:05Z');
INSERT INTO journal VALUES('run-0002-A', 1, 0.0, 'command_received', '{"command_id":"C1"}');
INSERT INTO journal VALUES('run-0001-B', 1, 0.0, 'command_received', '{"command_id":"C1"}');
INSERT INTO journal VALUES('run-0001-B', 2, 0.5, 'link_changed', '{}');
INSERT INTO journal VALUES('run-0001-B', 3, 1.5, 'command_answered', '{"command_id":"C1"}');
PRAGMA application_id = 1347178066;
PRAGMA user_version = 1;
"""
    with closing(sqlite3.connect(tmp_path / "tool.db", isolation_level=None)) as connection:
        connection.executescript(old)
    Home.open(tmp_path, label="test").close()
    report = verify_audit(tmp_path / "tool.db")
    assert (report.intact, report.head.count) == (True, 3)
    with closing(sqlite3.connect(tmp_path / "tool.db")) as connection:
        rows = connection.execute("SELECT run, sequence FROM audit ORDER BY number").fetchall()
        (hash_1,) = connection.execute("SELECT hash FROM audit WHERE number = 1").fetchone()
    assert rows == [("run-0001-B", 1), ("run-0001-B", 3), ("run-0002-A", 1)]
    assert hash_1 == seal(GENESIS, 1, ("run-0001-B", 1, 0.0, "command_received", '{"command_id":"C1"}'))
    assert tamper(tmp_path, "UPDATE audit SET payload = '{}' WHERE number = 2")


def test_the_seal_is_sha_256_of_a_written_down_form() -> None:
    """Whoever wants to check a chain without Planaris can: the form is canonical JSON after the hash before it."""
    # From `printf '%064d\\n%s' 0 '[1,"r",2,"0.5","command_received","{\\"a\\":\\"é\\"}"]' | sha256sum`.
    written_down = "16d5e4fcd285771c04eb0e0a5ad9584647e06c1401d5af2a9119ccf752397aee"
    assert seal(GENESIS, 1, ("r", 2, 0.5, "command_received", '{"a":"é"}')) == written_down


def test_a_backup_is_whole_also_while_the_home_is_in_use(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "tool.db"
    copy.parent.mkdir()
    with Home.open(home, label="test"):
        backup_home(home, copy)
    assert verify_audit(copy) == verify_audit(home / "tool.db")


def test_two_backups_in_one_folder_have_an_anchor_each(home: Path, tmp_path: Path) -> None:
    """The later one's anchor beside the earlier one would tell of records that this one never had."""
    first, second = tmp_path / "copies" / "monday.db", tmp_path / "copies" / "tuesday.db"
    first.parent.mkdir()
    backup_home(home, first)
    with SqliteJournal(home / "tool.db", "office") as journal:
        journal.append([Committed(1, 0.0, CommandReceived("C9", "job.start", "eva", "operator", "", "{}"))], True)
    backup_home(home, second)
    one, other = verify_audit(first), verify_audit(second)
    assert (one.problems, other.problems) == ((), ())
    assert other.head.count == one.head.count + 1
