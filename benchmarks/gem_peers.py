"""Ends of a link for the GEM benchmark: the equipment with state models, data model and message log on, and a host.

    python benchmarks/gem_peers.py equipment
    python benchmarks/gem_peers.py host PORT

The equipment prints its port. The host defines a report of 100 F8, measures round trips of S1F1 and prints their rate.
On a line of input the equipment lets events happen as a tool does, and prints how many a second the host has answered.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from hsms_peers import EVENTS, OUR_SHARE, ROUND_TRIPS, VALUES, Stretch, rate_per_s, say
from planaris.dictionary import build
from planaris.factory import Face, FaceItem, FactorySettings, GemSettings, Host, Inbox, MessageLog
from planaris.factory.gem.event_plan import EventPlan
from planaris.factory.secs2.items import BOOLEAN, U4, L
from planaris.formats import load_tool
from planaris.historian import Home
from planaris.model import RecipeVersion
from planaris.stream import Committed, LotEnded
from planaris.tool import Answer, AnswerStatus, CommandRequest

# Looks, a millisecond apart, whether everything is answered.
LONGEST_CHECKS = 60_000


class Ports:
    """A tool of which only events are wanted."""

    port_kind = "twin"

    def __init__(self) -> None:
        self.inbox = Inbox()

    async def take(self) -> Sequence[FaceItem]:
        return await self.inbox.take()

    async def submit(self, request: CommandRequest) -> Answer:
        await asyncio.sleep(5.0)
        return Answer(request.key, AnswerStatus.DONE)

    def offer(self, verb: str, handler: Callable[[CommandRequest], Awaitable[str]]) -> None:
        del verb, handler

    async def verbs(self) -> Sequence[str]:
        return ("tool.halt",)

    async def recipes(self, name: str | None = None) -> Sequence[RecipeVersion]:
        del name
        return ()

    async def recipes_in_use(self) -> Mapping[str, str]:
        return {}

    async def constants(self) -> Mapping[str, str | int | float | bool]:
        return {}

    def show(self, lines: Sequence[str]) -> None:
        del lines

    def failed(self, detail: str) -> None:
        raise AssertionError(detail)


async def equipment() -> None:
    """Be the equipment."""
    dictionary, ports, loop = build(load_tool()), Ports(), asyncio.get_running_loop()
    port: asyncio.Future[int] = loop.create_future()
    with (
        tempfile.TemporaryDirectory() as folder,
        Home.open(Path(folder), label="bench") as home,
        MessageLog(Path(folder) / "host.sml") as log,
    ):
        face = Face(FactorySettings(port=0, gem=GemSettings(software="bench")), dictionary, ports, home.database, log)
        running = asyncio.ensure_future(face.run(lambda _, chosen: port.set_result(chosen)))
        say(port=await port)
        await loop.run_in_executor(None, sys.stdin.readline)
        gem, count = face.equipment, EVENTS * OUR_SHARE
        stretch = Stretch()
        ports.inbox([Committed(k, k + 0.1, LotEnded("L", "completed", k)) for k in range(count)])
        for _ in range(LONGEST_CHECKS):
            if gem.core.latest.values.get("processed_count") == count - 1 and not gem.outgoing.waiting_count:
                break
            await asyncio.sleep(0.001)
        facts = stretch.facts("events", count)
        event = dictionary.event("lot_ended").event_id
        plan = EventPlan(gem.core, event, {7: gem.reports.reports[7]})
        say(**facts, encode=rate_per_s(plan.encode, count))
        await loop.run_in_executor(None, sys.stdin.readline)
        running.cancel()
        await asyncio.wait([running])


async def host(port: int) -> None:
    """Be the host."""
    dictionary = build(load_tool())
    vid, event = dictionary.variable("tool.time_s").variable_id, dictionary.event("lot_ended").event_id
    async with Host("127.0.0.1", port) as peer:
        await peer.establish()
        # The one F8 variable of the tool, its time, a hundred times.
        await peer.request(2, 33, L(U4(0), L(L(U4(7), L(*(U4(vid) for _ in range(VALUES)))))))
        await peer.request(2, 35, L(U4(0), L(L(U4(event), L(U4(7))))))
        await peer.request(2, 37, L(BOOLEAN(True), L(U4(event))))
        count = ROUND_TRIPS * OUR_SHARE
        stretch = Stretch()
        for _ in range(count):
            await peer.request(1, 1)
        say(**stretch.facts("round_trips", count))
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(equipment() if sys.argv[1] == "equipment" else host(int(sys.argv[2])))
