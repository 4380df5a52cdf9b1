"""A day of tool time with a factory host that loses its link at random: every event arrives once and in order.

The whole tool works on its twin in virtual time (the campaign's profile: no traces, a coarse wafer map), lot after lot;
its factory interface listens on a real socket, and a host follows every event. The host cuts its link without a word
at random moments, also between a message and its answer; what happens meanwhile goes to the spool, which the host
fetches. What it got, less repetitions of a DATAID, is held to what the tool committed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from planaris import clock
from planaris.app.face_link import FaceLink, start_face
from planaris.app.far_side import choose_port, open_far_side
from planaris.app.jobs import Script
from planaris.app.live_tool import LiveTool
from planaris.app.profiles import PROFILES
from planaris.app.request import RunProfile
from planaris.app.traces import no_trace
from planaris.app.twin_memory import open_twin_memory
from planaris.dictionary import build
from planaris.factory import Face, FactorySettings, GemSettings, Host, HsmsSettings, TransactionError
from planaris.factory.hsms import CloseReason
from planaris.formats import JobFiles, load_job
from planaris.historian import Home, SqliteJournal
from planaris.processes import load_package
from planaris.stream import EVENT_TYPES, CarrierLifted, Committed

ROOT = Path(__file__).parents[1]
LOT = ROOT / "examples" / "oxide_ild" / "lot.toml"
DAY_S = 86_400.0
# How long the host keeps its link, seconds of peer time, and how long it waits for what is left in the end.
LINK_LIMIT_S = (0.02, 0.5)
END_LIMIT_S = 120.0
FAST = HsmsSettings(t5_s=0.05, unlimited_timers=True)


@dataclass
class Truth:
    """What the tool committed since the host listens, as (event, tool time)."""

    listening: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    events: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])

    def __call__(self, batch: Sequence[Committed]) -> None:
        if self.listening.is_set():
            self.events += [(item.event.name, item.time_s) for item in batch]


@dataclass
class Heard:
    """What the host got: by DATAID, in the order of first arrival; how often its link was cut, and repetitions."""

    events: dict[int, tuple[str, float]] = field(default_factory=dict[int, tuple[str, float]])
    cuts_count: int = 0
    repeated_count: int = 0
    spooled_count: int = 0
    failure: str = ""


async def follow(address: str, truth: Truth, heard: Heard, seed: int) -> None:
    """Be the host until everything is heard; its link is cut at random moments."""
    chance = random.Random(seed)
    name, _, port = address.rpartition(":")
    async with Host(name, int(port), FAST) as host:
        await host.establish()
        await host.learn()
        for event in EVENT_TYPES:
            await host.subscribe(event, "tool.time_s")
        await host.spool(6)
        truth.listening.set()
        loop = asyncio.get_running_loop()
        cut_s, end_s = loop.time() + chance.uniform(*LINK_LIMIT_S), None
        while True:
            if truth.over.is_set():
                if len(heard.events) >= len(truth.events):
                    return
                end_s = loop.time() + END_LIMIT_S if end_s is None else end_s
                if loop.time() > end_s:
                    heard.failure = "the host waited in vain for the rest"
                    return
            elif loop.time() > cut_s:
                if (link := host.client.link) is not None:
                    link.drop(CloseReason.STOPPED, "the soak cuts it")
                    heard.cuts_count += 1
                cut_s = loop.time() + chance.uniform(*LINK_LIMIT_S)
            try:
                told = await host.told(0.05)
            except TimeoutError:
                await _fetch(host, heard)
                continue
            if told.kind == "event" and told.name in EVENT_TYPES:
                heard.repeated_count += told.data_id in heard.events
                heard.events.setdefault(told.data_id, (told.name, float(told.values["tool.time_s"])))


async def _fetch(host: Host, heard: Heard) -> None:
    """Ask for what was kept, as soon as the link is there again."""
    try:
        async with asyncio.timeout(2.0):
            await host.establish()
            heard.spooled_count += await host.fetch_spool() == 0
    except (TransactionError, TimeoutError, ConnectionError):
        return


def renamed(files: JobFiles, lot_id: str) -> JobFiles:
    """Return the same lot as another one."""
    lot = files.lot
    wafers = tuple(replace(w, wafer_id=f"{lot_id}-{w.slot:02d}", lot_id=lot_id) for w in lot.wafers)
    names = {old.wafer_id: new.wafer_id for old, new in zip(lot.wafers, wafers, strict=True)}
    incoming = tuple(replace(m, wafer_id=names[m.wafer_id]) for m in lot.incoming)
    return replace(files, lot=replace(lot, lot_id=lot_id, wafers=wafers, incoming=incoming))


async def day(home: Home, journal: SqliteJournal, truth: Truth, heard: Heard, length_s: float, seed: int) -> None:
    """Have the tool work for a day of tool time while the host follows."""
    files = load_job(LOT)
    choice = choose_port("", float("inf"))
    dictionary, package = build(files.tool), load_package(files.recipe.process_package)
    folder = home.new_run("soak")
    with closing(open_twin_memory(home)) as memory:
        opened = open_far_side(
            choice, files.tool, files.recipe.film, package, dictionary, seed, memory, PROFILES[RunProfile.CAMPAIGN]
        )
        async with opened as far, AsyncExitStack() as faces:
            live = LiveTool(files.tool, package, dictionary, home, folder, far, journal.append, no_trace, None)
            peer = clock.PeerThread("faces")
            faces.push_async_callback(peer.stop)
            link = FaceLink(peer, live.engine, far.port, home.recipes, far.constants, live.submit, print, 1e9)
            link.listen(live.stream)
            live.stream.listen(truth)
            live.have_people(print)
            left = asyncio.Event()  # the lot's carrier was taken away
            live.stream.listen(lambda batch: left.set() if _lifted(batch) else None)
            async with live.running():
                settings = FactorySettings(port=0, hsms=FAST, gem=GemSettings(in_flight_count=1))
                face = Face(settings, dictionary, link, home.database)
                address = await start_face(faces, peer, link, face, live.stream)
                loop = asyncio.get_running_loop()
                host = threading.Thread(target=lambda: asyncio.run(follow(address, truth, heard, seed)), daemon=True)
                host.start()
                await loop.run_in_executor(None, truth.listening.wait)
                script = Script(live.tool, "soak", "a day's work")
                number = 0
                while clock.now_s() < length_s:
                    number += 1
                    one = renamed(files, f"DAY{number:03d}")
                    live.book.know(one)
                    await script.give("job.create", "operator", lot_id=one.lot.lot_id, load_port=one.lot.load_port,
                                      recipe=one.recipe.name)  # fmt: skip
                    await asyncio.sleep(1.0)
                    await script.give("job.start", "operator", lot_id=one.lot.lot_id)
                    await left.wait()
                    left.clear()
                    told = f"{clock.now_s() / 3600.0:5.1f} h, lot {number}: {len(truth.events)} events"
                    print(f"{told}, {len(heard.events)} heard, {heard.cuts_count} cuts", file=sys.stderr, flush=True)
                live.stream.flush()
                truth.over.set()
                await loop.run_in_executor(None, host.join)


def _lifted(batch: Sequence[Committed]) -> bool:
    return any(isinstance(item.event, CarrierLifted) for item in batch)


def main() -> int:
    """Run the soak; 0 if every event arrived once and in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="tool time")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    truth, heard = Truth(), Heard()
    with (
        tempfile.TemporaryDirectory() as folder,
        Home.open(Path(folder) / "home", label="factory soak") as home,
        SqliteJournal(home.database, "soak") as journal,
    ):
        clock.run(day(home, journal, truth, heard, 3600.0 * asked.hours, asked.seed), speed=float("inf"))
    got = list(heard.events.values())
    wrong = next((n for n, (one, other) in enumerate(zip(truth.events, got, strict=False)) if one != other), None)
    print(f"{asked.hours:g} h of tool time, {len(truth.events)} events, {len(got)} heard once and in order")
    print(f"{heard.cuts_count} cuts of the link, spool fetched {heard.spooled_count} times, ", end="")
    print(f"{heard.repeated_count} repetitions of a DATAID")
    if wrong is not None:
        print(f"event {wrong}: the tool committed {truth.events[wrong]}, the host heard {got[wrong]}")
    if heard.failure:
        print(heard.failure)
    ok = wrong is None and len(got) == len(truth.events) and not heard.failure and heard.cuts_count > 0
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
