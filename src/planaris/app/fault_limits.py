"""Keeps what fault detection has learned in the home: limits outlive the run that learned them."""

from __future__ import annotations

from planaris.historian import Home, HomeError, write_whole
from planaris.tool import FaultWatch

LIMITS_FILE = "fault_limits.json"


def keep_fault_limits(home: Home, watch: FaultWatch) -> None:
    """Give a tool's fault detection the home's limits, and keep there what it learns from now on.

    Raises HomeError where the file is none of ours: limits that nobody can read must not be forgotten in silence.
    """
    path = home.path / LIMITS_FILE
    if path.exists():
        try:
            watch.know(path.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            problem, remedy = f"cannot be read: {error}", "put it back, or move it away to learn limits anew"
            raise HomeError(path, problem, remedy) from error

    watch.on_learned = lambda: write_whole(path, watch.limits.encode())
