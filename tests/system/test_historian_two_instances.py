"""Two instances: the second is told who holds the home and touches nothing; a reader is always welcome."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from planaris.historian import Home, HomeLockedError, wafer_places

HOLDER = """
import sys
from pathlib import Path
from planaris.historian import Home, SqliteJournal
from planaris.model import WaferKind
from planaris.stream import EventStream, WaferRegistered

with Home.open(Path(sys.argv[1]), label="planaris serve") as home:
    stream = EventStream(lambda: 0.0, SqliteJournal(home.database, home.new_run("L").run_id).append)
    stream.commit(WaferRegistered("L.01", "L", 1, WaferKind.PRODUCT, "stage"))
    print("ready", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file() and p.suffix != ".db-shm"}
        with pytest.raises(HomeLockedError, match=f"in use by planaris serve, pid {holder.pid} on "):
            Home.open(tmp_path, label="planaris run")
        assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.name in before}
        assert [p.location for p in wafer_places(tmp_path / "tool.db")] == ["stage"]
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.wait(10) == 0
    with Home.open(tmp_path, label="planaris run") as home:
        assert home.new_run("L").run_id == "run-0002-L"


def test_a_child_that_outlives_its_parent_does_not_hold_the_home(tmp_path: Path) -> None:
    with Home.open(tmp_path, label="parent"):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.readline()"], stdin=subprocess.PIPE)
    try:
        Home.open(tmp_path, label="next").close()
    finally:
        child.communicate(b"\n", timeout=10)
