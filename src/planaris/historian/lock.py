"""Single-instance lock: one process at a time in a home. The kernel frees it when the process dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from pathlib import Path
from types import TracebackType

from planaris.clock import utc_now
from planaris.historian.errors import HomeLockedError, HomeUnwritableError


class InstanceLock:
    """Exclusive lock on a file whose one line says who holds it: label, pid, host, since (UTC)."""

    def __init__(self, path: Path, label: str) -> None:
        """Take the lock. Raises HomeLockedError if held, HomeUnwritableError if the file cannot be opened."""
        self._path = path
        try:
            self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise HomeUnwritableError(
                path.parent, f"cannot open the lock file: {error.strerror}", "choose another folder with --home"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 1000, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise HomeLockedError(path.parent, holder) from None
            raise HomeUnwritableError(path.parent, f"cannot lock: {error.strerror}", "use a local disk") from error
        self._say(f"{label}, pid {os.getpid()} on {socket.gethostname()} since {utc_now():%Y-%m-%d %H:%M:%S} UTC\n")

    def _say(self, line: str) -> None:
        assert self._descriptor is not None
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, line.encode(), 0)
        except OSError as error:
            self.release()
            raise HomeUnwritableError(self._path.parent, f"cannot write: {error.strerror}", "free space") from error

    def release(self) -> None:
        """Give the lock back; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> InstanceLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
