"""A line between browser and server that a test can silence, cut and mend."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_CHUNK_BYTES = 65536


class Line:
    """Forwards TCP from a port of its own to a server. Silent, bytes wait on the way; cut, connections break and no new
    one comes through."""

    def __init__(self, url: str) -> None:
        to = urlsplit(url)
        self._to = (to.hostname or "", to.port or 0)
        self._flowing = threading.Event()
        self._flowing.set()
        self._up = True
        self._ended = False
        self._pairs: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def silence(self) -> None:
        """Have nothing come through; nobody is told."""
        self._flowing.clear()

    def flow(self) -> None:
        """Have everything come through that waited, and all that follows."""
        self._flowing.set()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._up = False
        for one in self._pairs:
            _close(one)
        self._pairs.clear()

    def mend(self) -> None:
        """Let new connections through."""
        self._up = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._flowing.set()
        self.cut()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(10.0)

    def _accept(self) -> None:
        while not self._ended:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if not self._up:
                near.close()
                continue
            try:
                far = socket.create_connection(self._to, timeout=5.0)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._pairs += [near, far]
            for a, b in ((near, far), (far, near)):
                thread = threading.Thread(target=self._forward, args=(a, b))
                thread.start()
                self._threads.append(thread)

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                self._flowing.wait()
                sink.sendall(data)
        _close(source)
        _close(sink)


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def line_to(url: str) -> Generator[Line]:
    """Have a line to a server."""
    with Line(url) as line:
        yield line
