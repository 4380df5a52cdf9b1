"""Hours at twenty times real time with pages that come, watch, go and are cut: memory stays flat, nothing is lost.

Lots follow each other on the twin. A Chromium goes from page to page all the time. Five pages hold the live channel,
each in turn cut without a word, slow for a while, or asking for snapshots and history; malformed frames go in beside
them. Every page's state, kept by differences, is held to a fresh snapshot again and again. The server's memory and the
browser's heap at the end are held to those after the first tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))
from page_opened import CHROMIUM
from page_served import PASSWORD, Person, ServedPage, apply, serving_page
from playwright.async_api import async_playwright

SPEED = 20.0
PAGES = 5
# The server's memory may grow by so much from the first tenth of the soak to its end.
FLAT_RATIO = 1.10
# How long a page stays, seconds of peer time.
STAY_S = (5.0, 60.0)
LOOK_S = 5.0
TAGS = ["platen1.torque_Nm", "platen1.pad_temperature_C", "platen2.torque_Nm", "head1.zone1_pressure_kPa", "head1.up"]


# How long the browser stays on a page.
TURN_S = 4.0


@dataclass
class Seen:
    """What the pages saw."""

    stays: int = 0
    cuts: int = 0
    compared: int = 0
    differing: list[str] = field(default_factory=list[str])
    malformed: int = 0
    frames: int = 0
    diffs: int = 0
    finished: int = 0
    turns: int = 0
    errors: list[str] = field(default_factory=list[str])


def memory_kB(pid: int) -> float:
    """Return what a process holds of memory now, without what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return float(sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty", "Private_Clean"))))


async def stay(page: ServedPage, person: Person, chance: random.Random, seen: Seen, end_s: float) -> None:
    """Be one page for a while: watch, and hold what differences made of the state to a snapshot."""
    origin: Any = page.url
    url = page.url.replace("http", "ws", 1) + "/ws"
    headers = {"Cookie": f"planaris_session={person.cookie}"}
    until_s = min(end_s, time.monotonic() + chance.uniform(*STAY_S))
    channel = await connect(
        url, origin=origin, additional_headers=headers, compression=None, max_size=None, close_timeout=1
    ).__aenter__()
    seen.stays += 1
    try:
        await channel.send(json.dumps({"t": "hello", "v": 1, "csrf": person.csrf}))
        await channel.send(json.dumps({"t": "watch", "tags": TAGS, "hz": 20}))
        await _follow(channel, chance, seen, until_s)
    except (ConnectionClosed, TimeoutError):
        pass
    finally:
        if chance.random() < 0.5:
            seen.cuts += 1
            channel.transport.abort()
        else:
            await channel.close()


async def _follow(channel: ClientConnection, chance: random.Random, seen: Seen, until_s: float) -> None:
    state: dict[str, Any] = {}
    n, asked = -1, False
    while time.monotonic() < until_s:
        act = chance.random()
        if act < 0.006:
            await channel.send(json.dumps({"t": "again"}))
            asked = True
        elif act < 0.007:
            await asyncio.sleep(chance.uniform(0.5, 8.0))  # a page that reads nothing
        elif act < 0.010:
            seen.malformed += 1
            await channel.send(chance.choice(['{"t":"command"}', "[]", '{"t":"watch","tags":7,"hz":1}', "\x00"]))
        async with asyncio.timeout(30.0):
            data = await channel.recv()
        if isinstance(data, bytes):
            seen.frames += 1
            continue
        message = json.loads(data)
        if message["t"] == "snapshot":
            if asked and message["n"] == n:
                _compare(state, message["state"], seen)
            state, n, asked = message["state"], message["n"], False
        elif message["t"] == "diff":
            if message["n"] != n + 1:
                seen.differing.append(f"number {message['n']} after {n}")
            n = message["n"]
            apply(state, message)
            seen.diffs += 1


def _compare(kept: dict[str, Any], told: dict[str, Any], seen: Seen) -> None:
    """Hold a state to a snapshot of the same number."""
    seen.compared += 1
    for key in told.keys() - {"time", "verbs"}:
        if kept.get(key) != told.get(key):
            seen.differing.append(f"{key}: {kept.get(key)} is not {told.get(key)}"[:300])


async def lots(person: Person, seen: Seen, end_s: float) -> None:
    """Have one lot after another polished."""
    number = 0
    while time.monotonic() < end_s:
        number += 1
        lot_id = f"SOAK{number:03d}"
        await asyncio.to_thread(_one_lot, person, lot_id, seen, end_s)


def _one_lot(person: Person, lot_id: str, seen: Seen, end_s: float) -> None:
    with person.channel() as channel:
        channel.until(lambda c: c.state)
        given: dict[str, Any] = {"lot_id": lot_id, "load_port": 1, "recipe": "oxide_ild", "slots": "1-4"}
        answer = channel.give("job.create", film_thickness_nm=1500.0, **given)
        if answer["status"] == "refused" and "carrier" in answer["why"]:
            time.sleep(3.0)
            return
        if answer["status"] != "done":
            raise RuntimeError(answer["why"])
        channel.give("job.start", lot_id=lot_id)
        while time.monotonic() < end_s:
            channel.hear(60.0)
            channel.messages.clear()
            channel.frames.clear()
            if channel.state["jobs"].get(lot_id, {}).get("state") in {"completed", "failed"}:
                seen.finished += channel.state["jobs"][lot_id]["finished_count"]
                break
        for path in ("/api/wafers", "/api/audit?limit=50", "/api/events?limit=50", "/api/alarms/history"):
            if person.get(path).status != 200:
                raise RuntimeError(f"{path} is not answered")
    time.sleep(3.0)  # the cassette is taken away


def release(page: ServedPage) -> None:
    """Put the example's recipes into the library, so that lots can be described."""
    example = Path(__file__).parents[1] / "examples" / "oxide_ild"
    paul, petra, ada = (page.sign_in(name) for name in ("paul", "petra", "ada"))
    for file in ("recipe.toml", "cleaner.toml"):
        saved = paul.post("/api/recipes", {"text": (example / file).read_text(encoding="utf-8"), "reason": "soak"})
        named = {"recipe": saved.body["name"], "content_hash": saved.body["hash"]}
        for person, verb in ((petra, "recipe.approve"), (ada, "recipe.release")):
            with person.channel() as channel:
                channel.until(lambda c: c.state)
                answer = channel.give(verb, **named)
                if answer["status"] != "done":
                    raise RuntimeError(f"{verb} was not done: {answer}")


async def pages(page: ServedPage, person: Person, seed: int, seen: Seen, end_s: float) -> None:
    """Have one page after another at one place."""
    chance = random.Random(seed)
    while time.monotonic() < end_s:
        await stay(page, person, chance, seen, end_s)


async def browse(page: ServedPage, seen: Seen, heap: list[float], end_s: float) -> None:
    """Have a browser go from page to page; after each round note what its heap holds once rubbish is collected."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        shown = await browser.new_page()
        shown.set_default_timeout(120_000)
        shown.on("pageerror", lambda error: seen.errors.append(str(error)))
        await shown.goto(page.url)
        await shown.fill("#in-user", "paul")
        await shown.fill("#in-password", PASSWORD)
        await shown.click("form button[type=submit]")
        await shown.wait_for_selector(":root[data-link=live][data-pages=loaded] .screen .nav a")
        devtools = await shown.context.new_cdp_session(shown)
        links = [await link.get_attribute("href") for link in await shown.query_selector_all(".nav a")]
        while time.monotonic() < end_s:
            for link in links:
                await shown.click(f'.nav a[href="{link}"]')
                seen.turns += 1
                await asyncio.sleep(max(0.0, min(TURN_S, end_s - time.monotonic())))
            await devtools.send("HeapProfiler.collectGarbage")
            used = await devtools.send("Runtime.getHeapUsage")
            heap.append(float(used["usedSize"]) / 1024)
        await browser.close()


async def soak(page: ServedPage, hours: float, seed: int, pages_count: int) -> tuple[Seen, list[float], list[float]]:
    """Soak for so many hours of tool time; return what was seen, the server's memory and the browser's heap over it."""
    seen, memory, heap = Seen(), list[float](), list[float]()
    begin_s = time.monotonic()
    end_s = begin_s + hours * 3600.0 / SPEED
    person, worker = page.sign_in("max"), page.sign_in("olga")

    async def look() -> None:
        while time.monotonic() < end_s:
            memory.append(memory_kB(page.process.pid))
            await asyncio.sleep(min(LOOK_S, (end_s - begin_s) / 50.0))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(look())
        tasks.create_task(lots(worker, seen, end_s))
        tasks.create_task(browse(page, seen, heap, end_s))
        for number in range(pages_count):
            tasks.create_task(pages(page, person, seed + number, seen, end_s))
    return seen, memory, heap


def growth(samples: list[float]) -> float:
    """Return the median of the last tenth over that of the second, NaN where there are too few."""
    tenth = max(1, len(samples) // 10)
    early, late = sorted(samples[tenth : 2 * tenth]), sorted(samples[-tenth:])
    return late[len(late) // 2] / early[len(early) // 2] if early else float("nan")


def by_tenths(samples: list[float]) -> str:
    """Return the median of each tenth in MB."""
    parts = np.array_split(np.array(samples), 10)
    return ", ".join(f"{sorted(part)[len(part) // 2] / 1024:.1f}" for part in parts if len(part))


def main() -> int:
    """Soak, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=4.0, help="of tool time, at 20 times real time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pages", type=int, default=PAGES, help="that are open at once")
    parser.add_argument("--short", action="store_true", help="too short for a word about memory")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with serving_page(home, speed=SPEED, lot=None) as page:
            release(page)
            seen, memory, heap = asyncio.run(soak(page, given.hours, given.seed, given.pages))
            pid = page.process.pid
            told = f"{memory_kB(pid) / 1024:.1f}"
            page.end()
    ratio, heap_ratio = growth(memory), growth(heap)
    print(
        f"{given.hours:g} h of tool time: {seen.finished} wafers, {seen.stays} stays of pages, {seen.cuts} cut,"
        f" {seen.diffs} differences, {seen.frames} frames, {seen.malformed} malformed"
    )
    print(f"{seen.compared} snapshots held to what differences made; {len(seen.differing)} differ")
    print(f"memory {told} MB at the end, {ratio:.3f} times that after the first tenth")
    print(f"memory by tenths, MB: {by_tenths(memory)}")
    print(f"browser: {seen.turns} pages in turn, {len(seen.errors)} errors")
    print(f"heap {heap[-1] / 1024:.1f} MB at the end, {heap_ratio:.3f} times that after the first tenth")
    print(f"heap by tenths, MB: {by_tenths(heap)}")
    for line in (*seen.differing[:10], *seen.errors[:10]):
        print(f"  {line}")
    flat = given.short or (ratio <= FLAT_RATIO and heap_ratio <= FLAT_RATIO)
    return 0 if not (seen.differing or seen.errors) and flat else 1


if __name__ == "__main__":
    sys.exit(main())
