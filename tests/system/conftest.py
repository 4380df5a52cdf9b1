"""One run of the example lot for all tests that look at it, also where they run in several processes."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest
from spine_lots import EXAMPLE, Run, run_command


@pytest.fixture(scope="session")
def example_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the example lot by the command, with seed 1, once a test session."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "example_run"
    shared.mkdir(exist_ok=True)
    answer = shared / "answer.json"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            home = shared / "home"
            done = run_command("run", EXAMPLE / "lot.toml", "--home", home, "--json", "--no-report", cwd=shared)
            assert done.returncode == 0, done.stderr
            answer.write_text(done.stdout, encoding="utf-8")
    document = json.loads(answer.read_text(encoding="utf-8"))
    return Run(Path(document["folder"]), shared / "home", document)
