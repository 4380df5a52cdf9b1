"""The command that the benchmarks measure: one lot on the twin, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark_result import NotRunError

ROOT = Path(__file__).parents[1]
LOT = ROOT / "examples" / "oxide_ild" / "lot.toml"


def command(home: Path, *options: str) -> list[str]:
    """Return the command line of a run; raise `NotRunError` where the command is not installed."""
    planaris = Path(sys.executable).with_name("planaris")
    if not planaris.exists() or not LOT.exists():
        raise NotRunError(f"{planaris if not planaris.exists() else LOT} is not there")
    return [str(planaris), "run", str(LOT), "--home", str(home), *options]


def environment(bytecode: Path) -> dict[str, str]:
    """Return this environment with a folder for bytecode: a second start finds it, as in an installation.

    Where a shell forbids bytecode (``PYTHONDONTWRITEBYTECODE``), every start compiles what it imports, a second or so.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(bytecode)}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run as seen from outside: the whole process, from start to exit."""

    process_s: float
    cpu_s: float
    peak_MB: float
    answer: dict[str, Any]


def measured_run(home: Path, bytecode: Path) -> Run:
    """Run the example lot with ``--json`` and measure its process; ``bytecode`` is a folder as of `environment`.

    Raises `NotRunError` with the last line of its log if the run fails.
    """
    log = home.with_suffix(".log")
    begin = time.perf_counter()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command(home, "--json"), stdout=subprocess.PIPE, stderr=errors, env=environment(bytecode)
        )
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
    process_s = time.perf_counter() - begin
    if process.returncode != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = next((line.strip(" |") for line in reversed(lines) if any(c.isalpha() for c in line)), "no word")
        raise NotRunError(f"planaris run ended with status {process.returncode}: {last}")
    return Run(process_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, json.loads(output))
