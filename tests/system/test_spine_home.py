"""What outlives a run: counters and wear go on, a killed run leaves a journal that tells, one instance at a time."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from spine_lots import COMMAND, EXAMPLE, LONGEST_WAIT_S, Run, events_of, run_command, run_of, run_small, small_lot

from planaris.historian import Home, wafer_places
from planaris.twin import Snapshot, open_memory

SLOT = 5


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One wafer."""
    return small_lot(tmp_path_factory.mktemp("one") / "lot", [SLOT])


@pytest.fixture(scope="module")
def fresh(lot: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The wafer in a fresh home."""
    home = tmp_path_factory.mktemp("fresh")
    return run_of(run_small(lot, home), home)


def counters(run: Run) -> dict[tuple[str, str], tuple[int, float]]:
    return {
        (t.payload["location"], t.payload["part"]): (t.payload["wafers_count"], t.payload["use_h"])
        for t in run.named("consumable_used")
    }


def kept(home: Path) -> dict[tuple[str, str], tuple[int, float]]:
    with Home.open(home, label="test") as opened:
        return {(c.location, c.part): (c.wafers_count, c.use_h) for c in opened.load_consumables()}


# -- two runs in one home -----------------------------------------------------------------------------------------


def test_counters_go_on_in_the_next_run_of_a_home(fresh: Run, lot: Path, tmp_path: Path) -> None:
    first = run_of(run_small(lot, tmp_path), tmp_path)
    assert kept(tmp_path) == counters(first) == counters(fresh)
    second = run_of(run_small(lot, tmp_path), tmp_path)
    assert (first.document["run_id"], second.document["run_id"]) == ("run-0001-ILD001", "run-0002-ILD001")
    assert kept(tmp_path) == counters(second)
    for where, (wafers_count, use_h) in counters(first).items():
        assert counters(second)[where] == (2 * wafers_count, pytest.approx(2 * use_h, abs=2e-6))
    # Both journals are there, each with its own numbering.
    assert [t.sequence for t in second.journal] == [t.sequence for t in first.journal]


def test_wear_goes_on_too_and_shows_in_the_truth(fresh: Run, lot: Path, tmp_path: Path) -> None:
    """Same seed, same wafer: only what the first run wore can make the second one differ."""
    first = run_of(run_small(lot, tmp_path), tmp_path)
    second = run_of(run_small(lot, tmp_path), tmp_path)
    assert first.removed_nm() == fresh.removed_nm()
    assert second.removed_nm() != first.removed_nm()
    assert part(second, "platen1", "disk", "use_h") == pytest.approx(
        2 * part(first, "platen1", "disk", "use_h"), rel=0.05
    )
    assert part(second, "platen1", "pad", "groove_depth_mm") < part(first, "platen1", "pad", "groove_depth_mm")


def part(run: Run, location: str, name: str, quantity: str) -> float:
    """Return the true wear of one part at a run's end."""
    t = run.truth
    found = (t["part_location"] == location) & (t["part_name"] == name) & (t["part_quantity"] == quantity)
    (value,) = t["part_value"][found]
    return float(value)


def worn(home: Path) -> None:
    """Let each platen's disk be old and its pad tired, in the twin's own memory."""
    memory = open_memory(home / "twin")
    values = {
        name: json.dumps({**json.loads(text), "disk_hours": 40.0}) if name.startswith("platen.") else text
        for name, text in memory.kept.values.items()
    }
    arrays = {k: 0.5 * a if k[1] == "populations" else a for k, a in memory.kept.arrays.items()}
    assert memory.keep(Snapshot(values, arrays))
    memory.close()


def test_a_worn_disk_and_a_tired_pad_lower_the_removal(fresh: Run, lot: Path, tmp_path: Path) -> None:
    run_small(lot, tmp_path)
    worn(tmp_path)
    old = run_of(run_small(lot, tmp_path), tmp_path)
    assert old.removed_nm()[SLOT] < 0.97 * fresh.removed_nm()[SLOT]


def test_a_new_home_knows_nothing_of_another(fresh: Run) -> None:
    assert all(wafers_count <= 3 for wafers_count, _ in counters(fresh).values())


def test_a_part_past_its_life_stops_the_next_job_and_not_the_running_one(fresh: Run, lot: Path, tmp_path: Path) -> None:
    run_small(lot, tmp_path)
    with sqlite3.connect(tmp_path / "tool.db") as database:
        database.execute("UPDATE consumables SET wafers_count = 1499 WHERE location = 'platen2' AND part = 'pad'")
    database.close()
    running = run_small(lot, tmp_path)
    assert running.outcome == "completed"
    assert any("consumable_expired" in alarm for alarm in running.alarms)
    refused = run_of(summary := run_small(lot, tmp_path), tmp_path)
    assert not summary.completed
    assert refused.named("wafer_moved", "move_intended") == []
    (answer,) = [t.payload for t in refused.named("command_answered") if t.payload["verb"] == "job.start"]
    assert answer["status"] == "refused"
    assert "platen2" in answer["why"]
    assert "pad" in answer["why"]


# -- killed in the middle -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Killed:
    """A run of the example that was frozen, met by a second instance, then killed."""

    home: Path
    second: subprocess.CompletedProcess[str]
    pid: int
    runs: list[str]


def finished_count(database: Path) -> int:
    """Count wafers back in their slots, from another process, while the run writes."""
    if not database.exists():
        return 0
    try:
        connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
        try:
            row = connection.execute("SELECT count(*) FROM journal WHERE name = 'wafer_finished'").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError:  # the tables are not made yet
        return 0
    return int(row[0])


@pytest.fixture(scope="module")
def killed(lot: Path, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    home = folder / "home"
    command = [str(COMMAND), "run", str(EXAMPLE / "lot.toml"), "--home", str(home), "--no-report"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        give_up_s = time.monotonic() + LONGEST_WAIT_S
        while finished_count(home / "tool.db") < 2:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < give_up_s
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGSTOP)
        second = run_command("run", lot, "--home", home, "--json", cwd=folder)
        runs = [p.name for p in (home / "runs").iterdir()]
    finally:
        process.kill()
        process.wait(timeout=LONGEST_WAIT_S)
    return Killed(home, second, process.pid, runs)


def test_a_second_instance_is_told_who_holds_the_home_and_changes_nothing(killed: Killed) -> None:
    assert killed.second.returncode == 2
    document = json.loads(killed.second.stdout)
    assert (document["schema"], document["kind"], document["ok"]) == ("planaris/error/1", "home", False)
    assert str(killed.home) in document["message"]
    assert str(killed.pid) in document["message"]
    assert "in use" in killed.second.stderr
    assert killed.runs == ["run-0001-ILD001"]


def test_after_kill_9_the_journal_opens_whole_and_says_where_each_wafer_was(killed: Killed) -> None:
    database = killed.home / "tool.db"
    connection = sqlite3.connect(database)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()
    query = "SELECT sequence, time_s, name, payload FROM journal WHERE run = 'run-0001-ILD001' ORDER BY sequence"
    told = events_of(database, query)
    assert [t.sequence for t in told] == list(range(1, len(told) + 1))
    where: dict[str, str] = {}
    going: dict[str, str] = {}
    for t in told:
        p = t.payload
        if t.name == "wafer_registered":
            where[p["wafer_id"]] = p["location"]
        elif t.name == "move_intended":
            going[p["wafer_id"]] = p["destination"]
        elif t.name == "wafer_moved":
            where[p["wafer_id"]] = p["destination"]
            del going[p["wafer_id"]]
    found = wafer_places(database, "run-0001-ILD001")
    assert len(found) == 25
    assert {p.wafer_id: p.location for p in found} == where
    assert {p.wafer_id: p.intended_destination for p in found if p.intended_destination} == going
    assert len(set(where.values())) == 25
    inside = {w for w, place in where.items() if not place.startswith("loadport")}
    assert len(inside) >= 4  # in mid-lot the heads are full


def test_what_traces_a_killed_run_left_can_be_read(killed: Killed) -> None:
    files = list((killed.home / "runs" / "run-0001-ILD001" / "traces").glob("*.parquet"))
    assert files
    for path in files:
        table: Any = pq.read_table(path)
        assert table.num_rows > 1000


def test_the_home_of_a_killed_run_takes_the_next_one_once_its_wafers_are_out(killed: Killed, lot: Path) -> None:
    assert (killed.home / "lock").exists()  # stale: the kernel gave the lock back, the file stayed
    refused = run_command("run", lot, "--home", killed.home, "--json", "--no-report", cwd=killed.home.parent)
    assert refused.returncode == 2
    assert "25 wafers" in json.loads(refused.stdout)["message"]
    assert "--clear" in refused.stderr
    assert [p.name for p in (killed.home / "runs").iterdir()] == ["run-0001-ILD001"]
    done = run_command("run", lot, "--home", killed.home, "--json", "--no-report", "--clear", cwd=killed.home.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run_id"] == "run-0002-ILD001"
    assert len(wafer_places(killed.home / "tool.db", "run-0001-ILD001")) == 25


# -- places that cannot be written --------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_done(lot: Path, tmp_path: Path) -> None:
    """/proc takes no folders, not even from root."""
    done = run_command("run", lot, "--home", "/proc/planaris-home", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["kind"] == "home"
    assert "/proc/planaris-home" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_that_holds_something_is_not_written_over(lot: Path, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    done = run_command("run", lot, "--home", tmp_path / "home", "--out", tmp_path / "out", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert str(mine.parent) in done.stderr
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["mine.txt", "out"]
