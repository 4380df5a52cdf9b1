"""A factory interface at work in a thread of its own, as the live tool runs it, with a tool that a test plays."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

from gem_bench import BenchPorts, dictionary

from planaris.factory import Face, FaceItem, FactorySettings, GemSettings, HsmsSettings
from planaris.historian import Home
from planaris.stream import Committed, Event

START_LIMIT_S = 10.0


class Playing:
    """What a test has of a running interface."""

    def __init__(self, face: Face, ports: BenchPorts, loop: asyncio.AbstractEventLoop, port: int) -> None:
        self.face, self.ports, self.loop, self.port = face, ports, loop, port
        self._sequence = 0

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
def playing(home_path: Path, *, gem: GemSettings | None = None, hsms: HsmsSettings | None = None,
            ports: BenchPorts | None = None) -> Generator[Playing]:  # fmt: skip
    """Run a face in a thread on a free port."""
    loop = asyncio.new_event_loop()
    address: Future[int] = Future()
    with Home.open(home_path, label="test") as home:
        made: list[Face] = []
        tasks: list[asyncio.Task[None]] = []
        tool: list[BenchPorts] = []

        async def serve() -> None:
            tool.append(ports if ports is not None else BenchPorts())
            settings = FactorySettings(
                port=0, gem=gem or GemSettings(software="0.1.0"), hsms=hsms or HsmsSettings(unlimited_timers=True)
            )
            face = Face(settings, dictionary(), tool[0], home.database)
            made.append(face)
            task = asyncio.ensure_future(face.run(lambda _, port: address.set_result(port)))
            tasks.append(task)
            with suppress(asyncio.CancelledError):
                await task

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="face")
        thread.start()
        try:
            yield Playing(made[0] if made else _late(made, address), tool[0], loop, address.result(START_LIMIT_S))
        finally:
            loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            thread.join(START_LIMIT_S)
            assert not thread.is_alive()
            left = asyncio.all_tasks(loop)
            loop.close()
            assert not left


def _late(made: list[Face], address: Future[int]) -> Face:
    address.result(START_LIMIT_S)
    return made[0]
