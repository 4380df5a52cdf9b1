"""Where a live tool listens, and in plain words why it cannot."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager


class ListenError(Exception):
    """Something of a live tool cannot listen. ``kind`` is hsms, http or home, ``place`` the address or path."""

    def __init__(self, kind: str, place: str, error: OSError) -> None:
        self.kind, self.place, self.error = kind, place, error
        super().__init__(f"--{kind} {place}: {_why(kind, place, error)}")


@contextmanager
def listening(kind: str, place: str) -> Generator[None]:
    """Have what fails inside raised as `ListenError`."""
    try:
        yield
    except OSError as error:
        raise ListenError(kind, place, error) from error


def _why(kind: str, place: str, error: OSError) -> str:
    host, _, port = place.rpartition(":")
    other = f"give another port: --{kind} {host}:PORT (0 takes a free one)"
    if isinstance(error, socket.gaierror):
        return f"host {host} is not known here; give an address of this machine"
    match error.errno:
        case errno.EADDRINUSE if kind != "home":
            return f"port {port} is in use by another program; end that, or {other}"
        case errno.EACCES | errno.EPERM if kind != "home":
            return f"port {port} is not allowed to this user; {other}, above 1023"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine; give one that is, or 127.0.0.1"
        case errno.ENAMETOOLONG:
            return error.strerror or str(error)
        case _:
            return cause(error)


def cause(error: OSError) -> str:
    """Return what the system says of a failure, with the file it concerns and what helps."""
    file = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) and error.filename else ""
    told = file + (error.strerror or str(error) or type(error).__name__)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"{told}; free space on the disk"
        case errno.EACCES | errno.EPERM:
            return f"{told}; give this user the right to it, or take another --home"
        case errno.EROFS:
            return f"{told}; take a --home that can be written"
        case errno.EMFILE | errno.ENFILE:
            return f"{told}; raise the limit of open files (ulimit -n)"
        case _:
            return told
