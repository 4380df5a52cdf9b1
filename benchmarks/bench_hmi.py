"""The operator's page: what five pages with 32 traces at 20 Hz cost, and how long control pauses meanwhile.

A lot is polished at real time on the twin while pages come and go in turns; the server's cost is the process's time
with pages less that without. Then what-if is asked for, as fast as a slider moves. Control's longest pause before any
page watched tells what the machine itself adds: on a busy one every process waits for its core.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from benchmark_result import Better, NotRunError, Result
from planaris.dictionary import build
from planaris.formats import load_tool

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))
from page_served import Person, ServedPage, serving_page

NAME = "hmi"
LONG = True
VIEWERS = 5
TRACES = 32
TURN_S = 15.0
TURNS = 3
QUESTIONS = 40
CPU_BOUND_PCT = 10.0
BYTES_BOUND_KB_S = 50.0
PAUSE_BOUND_MS = 50.0
WHAT_IF_BOUND_MS = 100.0


def traces() -> list[str]:
    """Return the tags that are watched: the first platen's sensors and the first heads'."""
    tags = [v.name for v in build(load_tool(None)).tags if v.rate_class in {"platen1.fast", "head1.fast", "head2.fast"}]
    return tags[:TRACES]


def cpu_s(pid: int) -> float:
    """Return the processor time that a process took so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def watch(page: ServedPage, person: Person, seconds: float) -> tuple[int, int]:
    """Be one page for a time; return the bytes and frames that came."""
    url = page.url.replace("http", "ws", 1) + "/ws"
    headers = {"Cookie": f"planaris_session={person.cookie}"}
    count = frames = 0
    origin: Any = page.url
    async with connect(url, origin=origin, additional_headers=headers, compression=None, max_size=None) as channel:
        await channel.send(json.dumps({"t": "hello", "v": 1, "csrf": person.csrf}))
        await channel.send(json.dumps({"t": "watch", "tags": traces(), "hz": 20}))
        end_s = time.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds):
                while time.monotonic() < end_s:
                    data = await channel.recv()
                    frames += isinstance(data, bytes)
                    count += len(data)
        except TimeoutError:
            pass
    return count, frames


async def many(page: ServedPage, person: Person, seconds: float) -> list[tuple[int, int]]:
    """Be five pages at once."""
    return await asyncio.gather(*(watch(page, person, seconds) for _ in range(VIEWERS)))


def state(home: Path) -> dict[str, Any]:
    """Ask the tool itself, past the page."""
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(str(home / "door.sock"))
        door.sendall(b'{"ask": "state"}\n')
        return json.loads(door.makefile().readline())["state"]


def ask_what_if(person: Person) -> list[float]:
    """Return how long answers took, from question to answer, in ms."""
    took: list[float] = []
    for number in range(QUESTIONS):
        body = {"lot_id": "ILD001", "step": 0, "changes": {"platen_speed_rpm": 70.0 + number}}
        begin = time.perf_counter()
        answer = person.post("/api/what-if", body)
        took.append(1e3 * (time.perf_counter() - begin))
        if answer.status != 200:
            raise NotRunError(f"what-if answered {answer.status}")
    return took


def run() -> list[Result]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        try:
            with serving_page(home, speed=1.0) as page:
                return _measure(page, home)
        except (OSError, subprocess.SubprocessError) as error:
            raise NotRunError(str(error)) from error


def _measure(page: ServedPage, home: Path) -> list[Result]:
    person = page.sign_in("ada")
    with person.channel() as channel:
        channel.until(lambda c: c.state)
        channel.give("job.create", lot_id="ILD001", load_port=1, recipe="oxide_ild")
        channel.give("job.start", lot_id="ILD001")
        channel.until(lambda c: c.state["process"].get("1", {}).get("started_s"), 300.0)
    time.sleep(TURN_S)
    before_ms = 1e3 * state(home)["longest_pause_s"]
    shares: list[float] = []
    rates: list[float] = []
    frames = 0
    for _ in range(TURNS):
        before = cpu_s(page.process.pid)
        time.sleep(TURN_S)
        alone_s = cpu_s(page.process.pid) - before
        before, begin = cpu_s(page.process.pid), time.perf_counter()
        seen = asyncio.run(many(page, person, TURN_S))
        took_s = time.perf_counter() - begin
        shares.append(100.0 * (cpu_s(page.process.pid) - before - alone_s * took_s / TURN_S) / took_s)
        rates += [count / TURN_S / 1e3 for count, _ in seen]
        frames += sum(count for _, count in seen)
    pause_ms = 1e3 * state(home)["longest_pause_s"]
    took = ask_what_if(person)
    asked_ms = 1e3 * state(home)["longest_pause_s"]
    if frames < VIEWERS * TURNS * TURN_S:
        raise NotRunError(f"only {frames} trace frames came")
    page.end()
    share = statistics.median(shares)
    label = f"{VIEWERS} pages with {TRACES} traces at 20 Hz"
    ninety = statistics.quantiles(took, n=10)[-1]
    return [
        Result(f"{label}: server's share of a core", share, "%", CPU_BOUND_PCT, Better.LESS, "promised"),
        Result(f"{label}: to each", max(rates), "kB/s", BYTES_BOUND_KB_S, Better.LESS, "promised"),
        Result("longest pause of control before any page", before_ms, "ms", PAUSE_BOUND_MS, Better.LESS, "promised"),
        Result("longest pause of control meanwhile", pause_ms, "ms", PAUSE_BOUND_MS, Better.LESS, "promised"),
        Result("what-if, question to answer, 9 of 10", ninety, "ms", WHAT_IF_BOUND_MS, Better.LESS, "promised"),
        Result("longest pause with what-if too", asked_ms, "ms", PAUSE_BOUND_MS, Better.LESS, "promised"),
    ]
