"""How long a person waits: for the command line to import, for the first sign of a run."""

from __future__ import annotations

import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark_result import Better, NotRunError, Result
from planaris_run import command, environment

NAME = "start"
REPEATS = 7
IMPORT_S = 0.3
FIRST_LINE_S = 2.0
LONGEST_WAIT_S = 60.0

_IMPORT = "import time; t = time.perf_counter(); import planaris.cli; print(time.perf_counter() - t)"


def import_s(bytecode: Path) -> float:
    """Return the median time in which a fresh interpreter imports the command line."""
    times: list[float] = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=False, env=environment(bytecode)
        )
        if done.returncode != 0:
            raise NotRunError(f"import planaris.cli: {done.stderr.strip().rpartition(chr(10))[2]}")
        times.append(float(done.stdout))
    return statistics.median(times)


def first_line_s(bytecode: Path) -> float:
    """Return the time from starting ``planaris run`` to its first progress line on a terminal."""
    ours, theirs = pty.openpty()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command(Path(folder) / "home"), stdin=theirs, stdout=theirs, stderr=theirs, env=environment(bytecode)
        )
        os.close(theirs)
        seen = b""
        try:
            while b"wafers" not in seen and time.perf_counter() - begin < LONGEST_WAIT_S:
                seen += os.read(ours, 4096)
            return time.perf_counter() - begin
        except OSError as error:  # the terminal closes when the process ends
            last = seen.decode(errors="replace").strip().rpartition("\n")[2]
            raise NotRunError(f"planaris run ended before its first progress line: {last}") from error
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def run() -> list[Result]:
    """Measure both waits; each is the median of several starts."""
    with tempfile.TemporaryDirectory() as folder:
        bytecode = Path(folder)
        wait_s = statistics.median(first_line_s(bytecode) for _ in range(3))
        imported_s = import_s(bytecode)
    return [
        Result("import planaris.cli", imported_s, "s", IMPORT_S, Better.LESS, "promised"),
        Result("planaris run to first progress line", wait_s, "s", FIRST_LINE_S, Better.LESS, "promised"),
    ]
