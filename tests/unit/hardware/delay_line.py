"""A line between two ends of a TCP connection that is slow, uneven, or cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class DelayLine:
    """Listens on a loopback port and carries bytes to another, in order, each after a one-way delay."""

    def __init__(self, target_port: int, delay_s: Callable[[], float]) -> None:
        self._target_port, self._delay_s = target_port, delay_s
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port to connect to."""
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)

    def cut(self) -> None:
        """Break what is connected; new connections are taken again."""
        for writer in self._writers:
            writer.transport.abort()

    async def stop(self) -> None:
        """Break everything and listen no more."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers |= {writer, far_writer}
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        due_s = 0.0
        try:
            while data := await source.read(1 << 20):
                due_s = max(due_s, loop.time() + self._delay_s())
                loop.call_at(due_s, sink.write, data)
        except ConnectionError:
            pass
        loop.call_at(max(due_s, loop.time()), sink.close)
