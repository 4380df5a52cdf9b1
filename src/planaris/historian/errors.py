"""What can go wrong with records: each error says where, what, and what to do."""

from __future__ import annotations

from pathlib import Path


class RecordError(Exception):
    """Base of the historian's errors: ``path`` is the file or folder, ``remedy`` what a person can do."""

    def __init__(self, path: Path, problem: str, remedy: str = "") -> None:
        self.path = path
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}" + (f" -> {remedy}" if remedy else ""))


class HomeError(RecordError):
    """The home cannot be used."""


class HomeUnwritableError(HomeError):
    """The home, or the folder a run was to go to, cannot be written; nothing was written."""


class HomeLockedError(HomeError):
    """Another instance holds the home; ``holder`` is its line in the lock file."""

    def __init__(self, path: Path, holder: str) -> None:
        self.holder = holder
        super().__init__(
            path,
            f"is in use by {holder or 'another instance'}",
            "wait until it ends, stop it, or choose another folder with --home",
        )


class HomeSchemaError(HomeError):
    """tool.db is not one of ours, is damaged, or was written by a newer Planaris."""


class RunFolderError(HomeError):
    """The folder a run was to go to already holds something."""


class JournalError(RecordError):
    """A batch of events could not be committed; what was committed before stays readable."""


class RunDatabaseError(RecordError):
    """run.db could not be written or read."""


class TraceWriteError(Exception):
    """Traces could not be written; ``failures`` lists all of them."""

    def __init__(self, failures: tuple[str, ...]) -> None:
        self.failures = failures
        listed = "\n".join(f"  {failure}" for failure in failures)
        super().__init__(f"{len(failures)} trace{'s' if len(failures) != 1 else ''} not written\n{listed}")
