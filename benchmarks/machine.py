"""Facts of the machine that the numbers hold for."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from pathlib import Path


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


_TURNS_COUNT = 3_000_000


def _turn_ns() -> float:
    """Return what one turn of a plain loop takes now: a busy host makes the same machine several times slower."""
    best_s, total = float("inf"), 0
    for _ in range(3):
        began_s = time.process_time()
        for number in range(_TURNS_COUNT):
            total += number
        best_s = min(best_s, time.process_time() - began_s)
    return 1e9 * best_s / _TURNS_COUNT


def facts() -> dict[str, str]:
    """Return name and value of what a reader needs to judge a number."""
    memory_GiB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = {name: importlib.metadata.version(name) for name in ("planaris", "numpy", "scipy", "pyarrow")}
    return {
        "cpu": f"{_cpu()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}",
        "pace": f"{_turn_ns():.0f} ns a turn of a plain loop, at this moment",
        "memory": f"{memory_GiB:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
