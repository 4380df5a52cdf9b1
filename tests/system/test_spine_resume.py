"""Real deaths: `planaris run` is killed by SIGKILL at some instant, and `--resume` brings the lot to its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spine_lots import COMMAND, LONGEST_WAIT_S, run_command, small_lot

from planaris.historian import verify_audit
from planaris.twin import Snapshot, open_memory

SLOTS = [1, 2, 3, 4, 5, 6]


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six wafers."""
    return small_lot(tmp_path_factory.mktemp("six") / "lot", SLOTS)


def count(home: Path, event: str) -> int:
    """Count an event in the journal while another process writes it."""
    if not (home / "tool.db").exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{(home / 'tool.db').as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT count(*) FROM journal WHERE name = ?", (event,)).fetchone()
    except sqlite3.OperationalError:  # the tables are not made yet
        return 0
    return int(row[0])


def killed(home: Path, arguments: list[str], event: str, least: int) -> None:
    """Start planaris and kill it as soon as the journal holds so many events of a kind."""
    process = subprocess.Popen(
        [str(COMMAND), "run", *arguments, "--home", str(home), "--no-report"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home.parent,
    )
    try:
        give_up_s = time.monotonic() + LONGEST_WAIT_S
        while count(home, event) < least:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < give_up_s
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait(timeout=LONGEST_WAIT_S)


def resume(home: Path, *more: str) -> tuple[int, dict[str, Any]]:
    done = run_command("run", "--resume", "--home", home, "--json", *more, cwd=home.parent)
    return done.returncode, json.loads(done.stdout)


def test_three_deaths_in_one_lot_and_it_comes_to_its_end(lot: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    killed(home, [str(lot)], "wafer_moved", 9)
    killed(home, ["--resume"], "step_started", 5)
    killed(home, ["--resume"], "wafer_finished", 1)
    status, document = resume(home)
    assert status == 0
    assert (document["outcome"], document["questions"], document["run_id"]) == ("completed", [], "run-0001-ILD001")
    assert [w["slot"] for w in document["wafers"] if w["removal_nm"] is not None] == SLOTS  # all measured too
    run = Path(document["folder"])
    # One run: the records go on, and the journal and run.db hold the same events.
    with closing(sqlite3.connect(home / "tool.db")) as journal, closing(sqlite3.connect(run / "run.db")) as records:
        told = journal.execute("SELECT sequence, name FROM journal ORDER BY sequence").fetchall()
        kept = records.execute("SELECT sequence, name FROM events ORDER BY sequence").fetchall()
        metas = dict(records.execute("SELECT * FROM meta").fetchall())
    assert told == kept
    assert [sequence for sequence, _ in told] == list(range(1, len(told) + 1))
    assert [name for _, name in told].count("run_resumed") == 3
    assert [name for _, name in told].count("wafer_finished") == len(SLOTS)
    assert len(json.loads(metas["interruptions"])) == 3
    assert "the controller died at" in (run / "report.html").read_text(encoding="utf-8")
    truth: Any = np.load(run / "twin_truth.npz")
    assert sorted(truth["slot"].tolist()) == SLOTS
    assert verify_audit(home / "tool.db").intact
    # Nothing is left in the machine: the next lot is welcome.
    status, document = resume(home)
    assert status == 2
    assert "cannot go on" in document["message"]
    assert run_command("run", lot, "--home", home, "--json", "--no-report", cwd=tmp_path).returncode == 0


def vanish(home: Path) -> str:
    """Let a person take a wafer off its place while the machine is dead; return the wafer and say nothing."""
    memory = open_memory(home / "twin")
    places = {n: json.loads(text)["location"] for n, text in memory.kept.values.items() if n.startswith("wafer.")}
    inside = sorted(name for name, place in places.items() if not place.startswith("loadport"))
    values = {name: text for name, text in memory.kept.values.items() if name != inside[0]}
    assert memory.keep(Snapshot(values, {k: a for k, a in memory.kept.arrays.items() if k[0] != inside[0]}))
    memory.close()
    return inside[0].removeprefix("wafer.")


def test_what_sensors_do_not_tell_is_asked_and_the_answer_goes_through_the_door(lot: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    killed(home, [str(lot)], "step_started", 3)
    lost = vanish(home)
    status, document = resume(home)
    assert (status, document["outcome"], document["ok"]) == (1, "questions", False)
    assert [q["wafer_id"] for q in document["questions"]] == [lost]
    assert "no wafer is seen" in document["questions"][0]["why"] or "shows none" in document["questions"][0]["why"]
    # Asked again, and an answer that a sensor contradicts is refused.
    status, document = resume(home, "--answer", f"{lost}=brush2", "--principal", "ada")
    assert status == 1
    assert "shows no wafer" in document["refused_answers"][0]
    status, document = resume(
        home, "--answer", f"{lost}=removed", "--principal", "ada", "--reason", "it lay broken on the floor"
    )
    # The lot ends without the wafer; all others are finished and home.
    assert document["questions"] == []
    assert document["outcome"] in {"completed", "failed"}  # by whether anything else of the lot had failed meanwhile
    finished = {w["wafer_id"] for w in document["wafers"] if w["removal_nm"] is not None}
    assert finished == {f"ILD001-{slot:02d}" for slot in SLOTS} - {lost}
    with closing(sqlite3.connect(home / "tool.db")) as connection:
        payloads = [
            json.loads(row[0])
            for row in connection.execute("SELECT payload FROM audit WHERE name = 'command_received'").fetchall()
        ]
    (answer,) = [p for p in payloads if p["verb"] == "wafer.confirm_place" and "removed" in p["arguments"]]
    assert (answer["principal"], "it lay broken on the floor" in answer["reason"]) == ("ada", True)
    assert verify_audit(home / "tool.db").intact


def test_a_home_without_an_unfinished_run_says_so(lot: Path, tmp_path: Path) -> None:
    status, document = resume(tmp_path / "home")
    assert (status, document["kind"]) == (2, "home")
    assert "holds no run" in document["message"]


def test_files_that_changed_meanwhile_are_refused(lot: Path, tmp_path: Path) -> None:
    copy = tmp_path / "lot"
    shutil.copytree(lot.parent, copy)
    home = tmp_path / "home"
    killed(home, [str(copy / "lot.toml")], "wafer_moved", 3)
    recipe = copy / "recipe.toml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace("pre_flow_s = 3", "pre_flow_s = 4", 1), encoding="utf-8")
    assert text != recipe.read_text(encoding="utf-8")
    status, document = resume(home)
    assert status == 2
    assert "another recipe" in document["message"]
    recipe.write_text(text, encoding="utf-8")
    assert resume(home)[0] == 0


def test_an_answer_that_is_none_is_refused(tmp_path: Path) -> None:
    status, document = resume(tmp_path / "home", "--answer", "W1")
    assert (status, document["kind"]) == (2, "answer")
