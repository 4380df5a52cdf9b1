"""The whole equipment side, GEM's state models, data model and message log on, against secsgem's bare link.

S6F11 with one report of 100 F8 built from current values, one event under way; each end is a process of its own, and
the stacks take turns. The peer has neither state model nor log in this run, so it is flattered.
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_factory import (
    ENCODE,
    EVENTS,
    LINKTEST_LIMIT_MS,
    ROUND_TRIPS,
    _against,
    _cost,
    _frame,
    _selected,
    codec,
    go_on,
    heard,
    link,
)
from benchmark_result import Better, NotRunError, Result
from planaris.factory.secs2 import encode
from planaris.factory.secs2.items import A, L

NAME = "gem"
REPEATS = 3
PEERS = Path(__file__).with_name("gem_peers.py")
COMMANDS = 100


@contextmanager
def end(*role: str) -> Generator[subprocess.Popen[str], None, None]:
    """Start an end; it ends when it is told to, and in any case."""
    process = subprocess.Popen(
        [sys.executable, str(PEERS), *role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ours() -> dict[str, Any]:
    """Measure round trips and events of the whole equipment side."""
    with end("equipment") as equipment, end("host", str(heard(equipment)["port"])) as host:
        facts = heard(host)
        go_on(equipment)
        return {**facts, **heard(equipment)}


def linktest_ms() -> float:
    """Return the slowest answer to a linktest while remote commands take 5 s."""
    slowest_s = 0.0
    halt = encode(L(A("tool.halt"), L()))
    with end("equipment") as equipment, _selected(heard(equipment)["port"]) as client:
        client.sendall(_message(1, 13, 1, b"\x01\x00"))
        received = b""
        while b"\x01\x0e" not in received:
            received += client.recv(4096)
        client.settimeout(1.0)
        for k in range(COMMANDS):
            client.sendall(_message(2, 41, 1000 + k, halt))
            time.sleep(0.005)
            begin = time.perf_counter()
            client.sendall(_frame(5, 50_000 + k))
            wanted, received = _frame(6, 50_000 + k), b""
            while wanted not in received:
                received += client.recv(4096)
            slowest_s = max(slowest_s, time.perf_counter() - begin)
    return 1e3 * slowest_s


def _message(stream: int, function: int, system: int, body: bytes) -> bytes:
    frame = _frame(0, system, 0x80 | stream, function, session=0)[4:] + body
    return len(frame).to_bytes(4, "big") + frame


def run() -> list[Result]:
    """Measure by turns; compare the medians."""
    if importlib.util.find_spec("secsgem") is None:
        raise NotRunError("secsgem is not installed: it is in the group dev")
    pairs = [(ours(), {**link("secsgem"), **codec("secsgem")}) for _ in range(REPEATS)]

    def column(name: str) -> tuple[list[float], list[float]]:
        return [one[name] for one, _ in pairs], [other[name] for _, other in pairs]

    return [
        *_against("S6F11 of 100 F8 from current values, encoded", *column("encode"), ENCODE, "messages/s"),
        *_against("S1F1 round trips, log and states on", *column("round_trips"), ROUND_TRIPS, "1/s"),
        *_against("events with reply, log and states on", *column("events"), EVENTS, "events/s"),
        _cost("a round trip, processor time of the host", *column("round_trips_us"), ROUND_TRIPS[0]),
        _cost("an event, processor time of the equipment", *column("events_us"), EVENTS[0]),
        Result("slowest linktest, commands take 5 s", linktest_ms(), "ms", LINKTEST_LIMIT_MS, Better.LESS, "promised"),
        Result("an event, processor time, per second", 1e6 / statistics.median(column("events_us")[0]), "events/s",
               EVENTS[1], Better.MORE, "promised"),
    ]  # fmt: skip
