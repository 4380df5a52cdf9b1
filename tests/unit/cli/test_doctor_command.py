"""`planaris doctor` finds what is wrong, says what helps and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from planaris.cli import doctor_checks
from planaris.cli.doctor_checks import (
    check_audit,
    check_clock,
    check_cores,
    check_disk,
    check_fsync,
    check_home,
    check_packages,
    check_python,
)
from planaris.historian import Home, SqliteJournal
from planaris.stream import CommandReceived, Committed

Planaris = Callable[..., Result]
Document = Callable[[Result], dict[str, Any]]
CHECKS = ["python", "packages", "home", "disk", "fsync", "audit", "clock", "cores", "browser"]


def _always(answer: object) -> Callable[[object], object]:
    def call(_: object) -> object:
        return answer

    return call


def test_all_checks_are_told_and_the_status_follows_them(
    planaris: Planaris, document: Document, tmp_path: Path
) -> None:
    result = planaris("doctor", "--home", tmp_path / "home", "--json")
    found = document(result)
    assert found["schema"] == "planaris/doctor/1"
    assert [row["check"] for row in found["checks"]] == CHECKS
    assert {row["level"] for row in found["checks"]} <= {"ok", "warn", "fail"}
    assert all(row["remedy"] for row in found["checks"] if row["level"] != "ok")
    fit = all(row["level"] != "fail" for row in found["checks"])
    assert (result.exit_code, found["ok"]) == (0 if fit else 1, fit)
    assert not (tmp_path / "home").exists()


def test_a_failed_check_ends_with_1_and_tells_what_helps(planaris: Planaris, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = planaris("doctor", "--home", tmp_path / "file" / "home")
    assert result.exit_code == 1
    assert "FAIL" in result.stdout
    assert "choose another with --home" in result.stdout


def test_a_home_that_cannot_be_written_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert [(f.level, bool(f.remedy)) for f in (check_home(tmp_path), check_fsync(tmp_path))] == [("fail", True)] * 2


def test_checks_leave_an_existing_home_as_it_is(tmp_path: Path) -> None:
    assert check_home(tmp_path).found.endswith("can be written")
    assert "durable write" in check_fsync(tmp_path).found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("seconds", "level"), [(0.0002, "ok"), (0.02, "warn"), (0.5, "fail")])
def test_a_slow_disk_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, seconds: float, level: str) -> None:
    ticks = iter(range(10_000))
    monkeypatch.setattr(doctor_checks, "monotonic_s", lambda: next(ticks) * seconds)
    finding = check_fsync(tmp_path)
    assert finding.level == level
    assert finding.found.startswith(f"{seconds * 1000:.2f} ms")


@pytest.mark.parametrize(("free_gb", "level"), [(50.0, "ok"), (1.0, "warn"), (0.1, "fail")])
def test_a_full_disk_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, free_gb: float, level: str) -> None:
    class Usage:
        free = int(free_gb * 1e9)

    monkeypatch.setattr(shutil, "disk_usage", _always(Usage))
    assert check_disk(tmp_path).level == level


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["numpy>=2.2", "not-there-at-all>=1", "also_missing[extra]; python_version>'3'", "opt>1; extra == 'x'"]
    monkeypatch.setattr(metadata, "requires", _always(wanted))
    finding = check_packages()
    assert (finding.level, finding.found) == ("fail", "missing: not-there-at-all, also_missing")


def test_an_old_python_a_lone_core_and_an_unset_clock_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_checks, "_OLDEST_PYTHON", (99, 0))
    assert check_python().level == "fail"
    monkeypatch.setattr(os, "sched_getaffinity", _always({0}), raising=False)
    assert check_cores().level == "warn"
    monkeypatch.setattr(doctor_checks, "_EARLIEST_YEAR", 9999)
    assert check_clock().level == "fail"


def test_a_missing_browser_is_a_warning_that_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", _always(None))
    finding = doctor_checks.check_browser()
    assert (finding.level, finding.remedy) == ("warn", "apt-get install chromium")


def test_a_home_whose_audit_chain_was_altered_fails_and_names_the_record(planaris: Planaris, tmp_path: Path) -> None:
    with Home.open(tmp_path / "home", label="test") as home:
        run_id = home.new_run("L").run_id
        with SqliteJournal(home.database, run_id) as journal:
            event = CommandReceived("C1", "job.start", "ada", "operator", "night shift", "{}")
            journal.append([Committed(1, 0.0, event)], durable=True)
    assert check_audit(tmp_path / "home").level == "ok"
    assert "1 records" in check_audit(tmp_path / "home").found
    with closing(sqlite3.connect(tmp_path / "home" / "tool.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_is_never_changed")
        connection.execute("UPDATE audit SET payload = replace(payload, 'ada', 'bob')")
    result = planaris("doctor", "--home", tmp_path / "home")
    assert result.exit_code == 1
    assert "record 1 (command_received 1 of run-0001-L) was altered" in result.stdout


def test_a_home_is_backed_up_on_request(planaris: Planaris, tmp_path: Path) -> None:
    Home.open(tmp_path / "home", label="test").close()
    copy = tmp_path / "copy" / "tool.db"
    copy.parent.mkdir()
    planaris("doctor", "--home", tmp_path / "home", "--backup", copy)
    assert check_audit(copy.parent).level == "ok"
    refused = planaris("doctor", "--home", tmp_path / "none", "--backup", copy)
    assert refused.exit_code == 2
    assert not (tmp_path / "none").exists()
