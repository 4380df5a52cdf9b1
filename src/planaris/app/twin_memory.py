"""Opens the twin's memory in a home, and keeps a new run out of a machine that still holds wafers."""

from __future__ import annotations

from planaris.historian import Home, HomeError
from planaris.twin import MemoryFile, MemoryFileError, open_memory


class MachineNotEmptyError(HomeError):
    """The twin holds wafers of an earlier run: a new one must not begin."""


def open_twin_memory(home: Home) -> MemoryFile:
    """Open the memory of the home's twin; raises HomeError where it cannot be used."""
    try:
        return open_memory(home.twin_dir)
    except MemoryFileError as error:
        raise HomeError(error.path, error.problem, error.remedy) from error


def check_empty(home: Home, memory: MemoryFile) -> None:
    """Raise MachineNotEmptyError unless the twin holds no wafer and no cassette."""
    wafers = memory.kept.named("wafer.")
    carriers = memory.kept.named("carrier.")
    if wafers or carriers:
        raise MachineNotEmptyError(
            home.path,
            f"the twin still holds {len(wafers)} wafers and {len(carriers)} cassettes of an earlier run",
            "go on with it by --resume, or have them taken out by --clear",
        )
