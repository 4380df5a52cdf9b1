"""A server on loopback, clients that send bytes by hand, and a count of what they leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from typing import Any

from hand_frames import DEVICE, SELECT_REQ, SELECT_RSP, hand

from planaris.factory.hsms import Application, DataReceived, HsmsServer, HsmsSettings, Link, LinkEvent
from planaris.factory.secs2 import Message
from planaris.factory.secs2.items import A, L

# Longest time that any answer on loopback may take on a busy machine; a bound for a test that hangs.
ANSWER_LIMIT_S = 20.0


def quick(**changes: Any) -> HsmsSettings:
    """Return settings whose timers run out soon enough for a test, but not while a busy machine answers."""
    values: dict[str, Any] = {"device_id": DEVICE, "linktest_period_s": 0.0, "unlimited_timers": True, **changes}
    return HsmsSettings(**values)


async def answer(link: Link, primary: DataReceived) -> Message | None:
    """Answer S1F1; take anything else without a word."""
    if (primary.message.stream, primary.message.function) == (1, 1):
        return Message(1, 2, False, L(A("MODEL"), A("1.0")))
    return None


class Notes:
    """What a server told."""

    def __init__(self) -> None:
        self.events: list[tuple[int, LinkEvent]] = []

    def take(self, link: Link, event: LinkEvent) -> None:
        self.events.append((link.number, event))

    def named(self, name: str) -> list[LinkEvent]:
        return [event for _, event in self.events if type(event).__name__ == name]


class Raw:
    """A socket whose bytes the test writes and reads itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, address: tuple[str, int]) -> Raw:
        return cls(*await asyncio.open_connection(*address))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def frame(self) -> bytes:
        """Return the next frame, b"" if the socket ends instead."""
        async with asyncio.timeout(ANSWER_LIMIT_S):
            try:
                head = await self._reader.readexactly(4)
                return head + await self._reader.readexactly(int.from_bytes(head, "big"))
            except (asyncio.IncompleteReadError, ConnectionError):
                return b""

    async def select(self, system: int = 1) -> bytes:
        await self.send(hand(SELECT_REQ, system))
        return await self.frame()

    async def ended(self) -> bool:
        """Say whether the other side has ended the socket, after reading all it sent."""
        while await self.frame():
            pass
        return True

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def reset(self) -> None:
        """End the socket with RST."""
        sock = self._writer.get_extra_info("socket")
        with contextlib.suppress(OSError):  # the other side was first
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()


@contextlib.asynccontextmanager
async def serving(
    settings: HsmsSettings, handle: Callable[..., Any] | None = answer, notes: Notes | None = None, record: Any = None
) -> AsyncGenerator[HsmsServer, None]:
    """Serve on a free port."""
    notice = notes.take if notes is not None else None
    async with HsmsServer(settings, Application(handle, notice, record)) as server:
        await server.start(port=0)
        yield server


async def can_select(server: HsmsServer) -> None:
    """Hold that a new client is selected and answered, then leave."""
    status = b""
    for _ in range(2_000):  # an ending that has just been sent may still be under way
        client = await Raw.to(server.address)
        status = await client.select()
        if status == hand(SELECT_RSP, 1, 0, 0):
            await client.reset()
            return
        await client.close()
        await asyncio.sleep(0.005)
    raise AssertionError(f"no Select succeeds any more, the last answer was {status.hex()}")


def open_sockets() -> int:
    """Return how many sockets this process has."""
    names = [str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sum(name.startswith("socket:") for name in names)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test on a loop of its own and hold that it leaves no task, no socket and no untold error."""
    untold: list[str] = []

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: untold.append(str(context)))
        before = open_sockets()
        async with asyncio.timeout(240):
            await work()
        for _ in range(200):
            if open_sockets() <= before and len(asyncio.all_tasks()) == 1:
                break
            await asyncio.sleep(0.01)
        assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()
        assert open_sockets() <= before

    asyncio.run(watched())
    assert not untold
