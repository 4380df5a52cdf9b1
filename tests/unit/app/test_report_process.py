"""The process that draws a live tool's reports never outlives the tool, however that ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from planaris.app.serve import live_with_the_tool

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=live_with_the_tool)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


def test_a_killed_tool_leaves_no_process_behind(tmp_path: Path) -> None:
    """Whoever still lives holds the pipe open: its end comes when all are gone."""
    script = tmp_path / "tool.py"
    script.write_text(TOOL, encoding="utf-8")
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    drawer = int(process.stdout.readline())
    assert drawer != process.pid
    process.kill()
    told, _ = process.communicate(timeout=120)
    assert told == ""
