"""What is in the way of listening or of a start is said as it is, with what helps."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from planaris.app import ListenError, cause
from planaris.app.listening import listening

HTTP = "127.0.0.1:80"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EADDRINUSE, "x"), "port 80 is in use by another program; end that, or give another port"),
        (PermissionError(errno.EACCES, "x"), "port 80 is not allowed to this user"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "127.0.0.1 is no address of this machine"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "host 127.0.0.1 is not known here"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files; raise the limit of open files"),
    ],
)
def test_why_an_address_cannot_be_listened_at(error: OSError, told: str) -> None:
    with pytest.raises(ListenError, match=told) as caught, listening("http", HTTP):
        raise error
    assert (caught.value.kind, caught.value.place, caught.value.__cause__) == ("http", HTTP, error)
    assert str(caught.value).startswith(f"--http {HTTP}: ")


def test_a_full_disk_is_no_port_that_is_taken() -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/home/of/tool/run.db")
    assert cause(error) == "/home/of/tool/run.db: No space left on device; free space on the disk"
    assert "take a --home that can be written" in cause(OSError(errno.EROFS, "Read-only file system"))
    assert "another --home" in cause(PermissionError(errno.EACCES, "Permission denied", b"/x"))
    assert cause(OSError("odd")) == "odd"
