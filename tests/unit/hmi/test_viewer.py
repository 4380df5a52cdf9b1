"""A page's queue: what a slow page does not take is left out, and it gets the whole state instead."""

from __future__ import annotations

import asyncio
import json

from planaris.clock import utc_of_text
from planaris.hmi.accounts import Session
from planaris.hmi.viewer import ANSWERS_LIMIT, DIFFS_LIMIT, FRAMES_LIMIT, Viewer

NOW = utc_of_text("2026-01-01T00:00:00Z")


class Socket:
    """A channel that takes messages only while it is open."""

    def __init__(self) -> None:
        self.taken: list[str | bytes] = []
        self.open = asyncio.Event()
        self.closed = 0

    async def send_text(self, data: str) -> None:
        await self.open.wait()
        self.taken.append(data)

    async def send_bytes(self, data: bytes) -> None:
        await self.open.wait()
        self.taken.append(data)

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        self.closed = code


def viewer(socket: Socket) -> Viewer:
    return Viewer(socket, Session("", "olga", "operator", "", NOW, must_change=False, seen=NOW), lambda _: "whole")


def test_a_page_begins_with_the_whole_state() -> None:
    async def story() -> None:
        socket = Socket()
        socket.open.set()
        page = viewer(socket)
        page.diff("before")
        running = asyncio.create_task(page.run())
        await asyncio.sleep(0.01)
        page.diff("after")
        page.beat("old")
        page.beat("new")
        await asyncio.sleep(0.01)
        assert socket.taken == ["whole", "after", "new"]
        running.cancel()

    asyncio.run(story())


def test_a_slow_page_gets_a_snapshot_and_holds_little() -> None:
    async def story() -> None:
        socket = Socket()
        page = viewer(socket)
        running = asyncio.create_task(page.run())
        await asyncio.sleep(0)
        for number in range(DIFFS_LIMIT * 10):
            page.diff(f"diff {number}")
            page.frame(bytes([number % 256]))
            page.beat(f"beat {number}")
        page.say({"t": "answer"})
        socket.open.set()
        await asyncio.sleep(0.02)
        texts = [data for data in socket.taken if isinstance(data, str)]
        frames = [data for data in socket.taken if isinstance(data, bytes)]
        last = DIFFS_LIMIT * 10 - 1
        assert frames == [bytes([n % 256]) for n in range(last - FRAMES_LIMIT + 1, last + 1)]
        assert texts == ["whole", f"beat {last}", '{"t":"answer"}', "whole"]
        running.cancel()

    asyncio.run(story())


def test_a_page_that_takes_no_answers_is_told_good_bye() -> None:
    async def story() -> None:
        socket = Socket()
        page = viewer(socket)
        for _ in range(ANSWERS_LIMIT + 1):
            page.say({"t": "answer"})
        socket.open.set()
        await asyncio.wait_for(page.run(), 5)
        last = socket.taken[-1]
        assert isinstance(last, str)
        assert json.loads(last)["code"] == "slow"
        assert socket.closed == 1000

    asyncio.run(story())
