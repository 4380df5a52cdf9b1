"""Facts of the machine that the numbers hold for."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import random
import time
from collections.abc import Callable
from pathlib import Path


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


_TURNS_COUNT = 1_000_000


def _pace() -> str:
    """Return what a turn of a loop takes now, and a step through memory: a busy host slows both."""
    order = list(range(_TURNS_COUNT))
    random.Random(1).shuffle(order)
    turn_s = min(_time_s(lambda: sum(1 for _ in range(_TURNS_COUNT))) for _ in range(3))
    walk_s = min(_time_s(lambda: sum(order[number] for number in order)) for _ in range(3))
    turn_ns, walk_ns = (1e9 * time_s / _TURNS_COUNT for time_s in (turn_s, walk_s))
    return f"{turn_ns:.0f} ns a turn of a loop, {walk_ns:.0f} ns a step to any place in memory, at this moment"


def _time_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def facts() -> dict[str, str]:
    """Return name and value of what a reader needs to judge a number."""
    memory_GiB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = {name: importlib.metadata.version(name) for name in ("planaris", "numpy", "scipy", "pyarrow")}
    return {
        "cpu": f"{_cpu()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}",
        "pace": _pace(),
        "memory": f"{memory_GiB:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
