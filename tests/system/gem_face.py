"""A factory interface at work in a thread of its own, as the live tool runs it, with a tool that a test plays."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from gem_bench import BenchPorts, dictionary

from planaris.factory import Face, FaceItem, FactorySettings, GemSettings, HsmsSettings, MessageLog
from planaris.historian import Home
from planaris.stream import Committed, Event

START_LIMIT_S = 10.0


class Playing:
    """What a test has of a running interface."""

    def __init__(
        self, face: Face, ports: BenchPorts, loop: asyncio.AbstractEventLoop, port: int, log: MessageLog | None
    ) -> None:
        self.face, self.ports, self.loop, self.port, self._log = face, ports, loop, port, log
        self._sequence = 0

    def flush_log(self) -> Path:
        """Return the message log's file with everything in it."""
        assert self._log is not None
        self.call(self._log.flush)
        return self._log.path

    def happens(self, *events: Event) -> None:
        """Let events happen in the tool."""
        for event in events:
            self._sequence += 1
            self._put(Committed(self._sequence, float(self._sequence), event))

    def _put(self, item: FaceItem) -> None:
        self.loop.call_soon_threadsafe(self.ports.items.put_nowait, item)

    def call(self, act: Callable[[], object]) -> object:
        """Do something on the face's loop and return what it returns."""
        future: Future[object] = Future()
        self.loop.call_soon_threadsafe(lambda: future.set_result(act()))
        return future.result(START_LIMIT_S)


@contextmanager
def playing(
    home_path: Path,
    *,
    gem: GemSettings | None = None,
    hsms: HsmsSettings | None = None,
    ports: BenchPorts | None = None,
    log: Path | None = None,
) -> Generator[Playing]:
    """Run a face in a thread on a free port."""
    loop = asyncio.new_event_loop()
    address: Future[int] = Future()
    tool = ports if ports is not None else BenchPorts()
    settings = FactorySettings(port=0, gem=gem or GemSettings(software="0.1.0"), hsms=hsms or HsmsSettings())
    with ExitStack() as stack:
        home = stack.enter_context(Home.open(home_path, label="test"))
        record = stack.enter_context(MessageLog(log)) if log is not None else None
        face = Face(settings, dictionary(), tool, home.database, record)
        task = loop.create_task(face.run(lambda _, port: address.set_result(port)))

        def serve() -> None:
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)

        thread = threading.Thread(target=serve, name="face")
        thread.start()
        try:
            yield Playing(face, tool, loop, address.result(START_LIMIT_S), record)
        finally:
            loop.call_soon_threadsafe(task.cancel)
            thread.join(START_LIMIT_S)
            assert not thread.is_alive()
            left = asyncio.all_tasks(loop)
            loop.close()
            assert not left
