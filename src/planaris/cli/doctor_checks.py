"""What `planaris doctor` looks at: each check says what it found and what helps, and leaves no trace."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from planaris.clock import monotonic_s, utc_now

Level = Literal["ok", "warn", "fail"]

_OLDEST_PYTHON = (3, 11)
# The journal commits each move of a wafer with one fsync: a slow disk slows the tool.
_FSYNC_WARN_S = 0.005
_FSYNC_FAIL_S = 0.1
_FSYNC_TRIALS = 15
# A run of 25 wafers with all traces takes some tens of megabytes.
_DISK_WARN_GB = 2.0
_DISK_FAIL_GB = 0.2
_CORES_WANTED = 2
# Nobody runs this before it was written: such a date means an unset clock.
_EARLIEST_YEAR = 2025
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check."""

    check: str
    level: Level
    found: str
    remedy: str = ""


def examine(home: Path) -> list[Finding]:
    """Run all checks for a home that need not exist yet."""
    return [
        check_python(),
        check_packages(),
        check_home(home),
        check_disk(home),
        check_fsync(home),
        check_audit(home),
        check_clock(),
        check_cores(),
        check_browser(),
    ]


def existing_folder(path: Path) -> Path:
    """Return the path, or its nearest parent that exists."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def check_python() -> Finding:
    """Check the version of Python."""
    found = sys.version.split()[0]
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return Finding("python", "fail", found, "use Python 3.11 or newer")
    return Finding("python", "ok", found)


def check_packages(package: str = "planaris") -> Finding:
    """Check that each required distribution is installed."""
    try:
        wanted = metadata.requires(package) or []
    except metadata.PackageNotFoundError:
        return Finding("packages", "fail", f"{package} is not installed", "run `make setup`")
    names = [requirement.partition(";")[0] for requirement in wanted if "extra ==" not in requirement]
    found: list[str] = []
    missing: list[str] = []
    for requirement in names:
        name = requirement.strip()
        for sign in "<>=!~[ ":
            name = name.partition(sign)[0]
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("packages", "fail", f"missing: {', '.join(missing)}", "run `make setup`")
    return Finding("packages", "ok", ", ".join(found))


def check_home(home: Path) -> Finding:
    """Check that the home can be written, or made, without making it."""
    folder = existing_folder(home)
    if not folder.is_dir():
        return Finding("home", "fail", f"{folder} is not a folder", "choose another with --home")
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"planaris")
    except OSError as error:
        return Finding("home", "fail", f"{folder}: {error.strerror}", "choose another with --home or change its mode")
    state = "can be written" if folder == home.absolute() else f"will be made in {folder}"
    return Finding("home", "ok", f"{home} {state}")


def check_disk(home: Path) -> Finding:
    """Check the free space of the home's disk."""
    free_gb = shutil.disk_usage(existing_folder(home)).free / 1e9
    text = f"{free_gb:.1f} GB free"
    if free_gb < _DISK_FAIL_GB:
        return Finding("disk", "fail", text, "make room or choose another disk with --home")
    if free_gb < _DISK_WARN_GB:
        return Finding("disk", "warn", text, "old runs in the home's runs/ may go")
    return Finding("disk", "ok", text)


def measure_fsync_s(folder: Path) -> float:
    """Return the median time to write and sync 4 kB in a folder, seconds; OSError where it cannot be written."""
    times_s: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as probe:
        for _ in range(_FSYNC_TRIALS):
            start_s = monotonic_s()
            probe.write(bytes(4096))
            probe.flush()
            os.fsync(probe.fileno())
            times_s.append(monotonic_s() - start_s)
    return statistics.median(times_s)


def check_fsync(home: Path) -> Finding:
    """Check how long one durable write takes."""
    median_s: float | None = None
    with contextlib.suppress(OSError):
        median_s = measure_fsync_s(existing_folder(home))
    if median_s is None:
        return Finding("fsync", "fail", "cannot be measured, the home cannot be written", "choose another with --home")
    text = f"{median_s * 1000:.2f} ms for one durable write"
    if median_s > _FSYNC_FAIL_S:
        return Finding("fsync", "fail", text, "the journal needs a local disk: choose another with --home")
    if median_s > _FSYNC_WARN_S:
        return Finding("fsync", "warn", text, "a local SSD commits faster")
    return Finding("fsync", "ok", text)


def check_audit(home: Path) -> Finding:
    """Check that the audit chain of the home is whole."""
    from planaris.historian import RecordError, verify_audit

    database = home / "tool.db"
    if not database.exists():
        return Finding("audit", "ok", "no records yet")
    try:
        report = verify_audit(database)
    except RecordError as error:
        return Finding("audit", "fail", error.problem, error.remedy or "restore a backup")
    if not report.intact:
        remedy = "find out who changed tool.db; trust the records before the first one named, or restore a backup"
        return Finding("audit", "fail", "; ".join(report.problems), remedy)
    return Finding("audit", "ok", f"{report.head.count} records in an unbroken chain, head {report.head.hash[:12]}")


def check_clock() -> Finding:
    """Check that the date is plausible and the monotonic clock runs finely enough."""
    now = utc_now()
    start_s = monotonic_s()
    ticks_s: list[float] = []
    last_s = start_s
    while len(ticks_s) < 20 and last_s - start_s < 0.2:
        read_s = monotonic_s()
        if read_s > last_s:
            ticks_s.append(read_s - last_s)
            last_s = read_s
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC, steps of {min(ticks_s, default=1.0) * 1e6:.1f} µs"
    if now.year < _EARLIEST_YEAR:
        return Finding("clock", "fail", text, "set the date, for instance with chrony")
    if min(ticks_s, default=1.0) > 0.001:
        return Finding("clock", "warn", text, "live runs (speed 1) will be coarse here")
    return Finding("clock", "ok", text)


def check_cores() -> Finding:
    """Check how many cores this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if usable < _CORES_WANTED:
        return Finding("cores", "warn", f"{usable}", "two or more keep tests and faces quick")
    return Finding("cores", "ok", f"{usable}")


def check_browser() -> Finding:
    """Check for the browser that the tests drive; runs need none."""
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        return Finding("browser", "warn", "no Chromium (only the tests need it)", "apt-get install chromium")
    return Finding("browser", "ok", found)
