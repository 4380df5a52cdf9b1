"""The factory interface against secsgem on loopback: S6F11 with one report of 100 F8, and S1F1, both ways.

Each end is a process of its own, and the stacks take turns. Codecs are compared by processor time; links by the clock,
which a busy machine spoils, and by the processor time of the end that asks. Log and state models of GEM are not in
these figures yet.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark_result import Better, NotRunError, Result

NAME = "factory"
REPEATS = 5
PEERS = Path(__file__).with_name("hsms_peers.py")
# Promised: times the peer, and a second.
ENCODE, DECODE, ROUND_TRIPS, EVENTS = (10, 8_000), (10, 8_000), (5, 0), (10, 1_500)
LINKTEST_LIMIT_MS, RECONNECT_LIMIT_MS = 10.0, 100.0
LINKTESTS, RECONNECTS = 200, 200


@contextmanager
def peer(stack: str, role: str, *port: str) -> Generator[subprocess.Popen[str], None, None]:
    """Start an end; it ends when it is told to, and in any case."""
    command = [sys.executable, str(PEERS), stack, role, *port]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.kill()  # secsgem's threads do not end by themselves
        process.communicate()


def heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the next facts that an end prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise NotRunError(f"{process.args} ended")
    return json.loads(line)


def go_on(process: subprocess.Popen[str]) -> None:
    """Tell an end to go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def codec(stack: str) -> dict[str, Any]:
    """Measure a stack's codec."""
    with peer(stack, "codec") as process:
        return heard(process)


def link(stack: str) -> dict[str, Any]:
    """Measure round trips and events between two ends of a stack."""
    with peer(stack, "equipment") as equipment, peer(stack, "host", str(heard(equipment)["port"])) as host:
        facts = heard(host)
        go_on(equipment)
        return {**facts, **heard(equipment)}


def _frame(stype: int, system: int, byte2: int = 0, byte3: int = 0, session: int = 0xFFFF) -> bytes:
    header = session.to_bytes(2, "big") + bytes((byte2, byte3, 0, stype)) + system.to_bytes(4, "big")
    return len(header).to_bytes(4, "big") + header


def _selected(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10.0)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(_frame(1, 1))
    answer = client.recv(14, socket.MSG_WAITALL)
    if answer[7:8] != b"\0":
        raise ConnectionError(f"select answered {answer.hex()}")
    return client


def linktest_ms() -> float:
    """Return the slowest answer to a linktest while the handlers of commands take 5 s."""
    slowest_s = 0.0
    with peer("planaris", "equipment") as equipment, _selected(heard(equipment)["port"]) as client:
        for k in range(LINKTESTS):
            client.sendall(_frame(0, k, 0x80 | 2, 41, session=0))
            time.sleep(0.005)
            begin = time.perf_counter()
            client.sendall(_frame(5, k))
            client.recv(14, socket.MSG_WAITALL)
            slowest_s = max(slowest_s, time.perf_counter() - begin)
    return 1e3 * slowest_s


def reconnect_ms() -> float:
    """Return the longest time from a client's sudden end, within a message, to the next one's being selected."""
    slowest_s = 0.0
    with peer("planaris", "equipment") as equipment:
        port = heard(equipment)["port"]
        client = _selected(port)
        for k in range(RECONNECTS):
            client.sendall(_frame(0, k, 0x80 | 1, 1, session=0)[: k % 14])
            if k % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # ends with RST
            begin = time.perf_counter()
            client.close()
            while True:
                try:
                    client = _selected(port)
                    break
                except ConnectionError:
                    pass
            slowest_s = max(slowest_s, time.perf_counter() - begin)
        client.close()
    return 1e3 * slowest_s


def _against(label: str, ours: list[float], theirs: list[float], promised: tuple[int, int], unit: str) -> list[Result]:
    times, least = promised
    value, other = statistics.median(ours), statistics.median(theirs)
    results = [Result(label, value, unit, times * other, Better.MORE, f"{times} x secsgem 0.3.0 ({other:,.0f})")]
    if least:
        results.append(Result(label, value, unit, least, Better.MORE, "promised"))
    return results


def _cost(label: str, ours: list[float], theirs: list[float], times: int) -> Result:
    value, other = statistics.median(ours), statistics.median(theirs)
    return Result(label, value, "us", other / times, Better.LESS, f"secsgem 0.3.0 ({other:,.0f}) / {times}")


def run() -> list[Result]:
    """Measure both stacks by turns; compare the medians."""
    if importlib.util.find_spec("secsgem") is None:
        raise NotRunError("secsgem is not installed: it is in the group dev")
    codecs, links = [], []
    for _ in range(REPEATS):
        codecs.append((codec("planaris"), codec("secsgem")))
        links.append((link("planaris"), link("secsgem")))
    ours, theirs = codecs[0]
    if (ours["bytes"], ours["sum"]) != (theirs["bytes"], theirs["sum"]):
        raise NotRunError("the stacks do not write and read the same bytes")

    def column(pairs: list[tuple[dict[str, Any], dict[str, Any]]], name: str) -> tuple[list[float], list[float]]:
        return [one[name] for one, _ in pairs], [other[name] for _, other in pairs]

    by_items = [one["items"] for one, _ in codecs]
    _, peer_encode = column(codecs, "encode")
    return [
        *_against("S6F11 of 100 F8, encoded from values", *column(codecs, "encode"), ENCODE, "messages/s"),
        *_against("the same through items, not compiled", by_items, peer_encode, ENCODE, "messages/s"),
        *_against("S6F11 of 100 F8, decoded, all values read", *column(codecs, "decode"), DECODE, "messages/s"),
        *_against("S1F1 round trips, one at a time", *column(links, "round_trips"), ROUND_TRIPS, "1/s"),
        *_against("events with reply, report built each time", *column(links, "events"), EVENTS, "events/s"),
        _cost("a round trip, processor time", *column(links, "round_trips_us"), ROUND_TRIPS[0]),
        _cost("an event, processor time", *column(links, "events_us"), EVENTS[0]),
        Result("slowest linktest, commands take 5 s", linktest_ms(), "ms", LINKTEST_LIMIT_MS, Better.LESS, "promised"),
        Result("slowest reconnect, sudden end", reconnect_ms(), "ms", RECONNECT_LIMIT_MS, Better.LESS, "promised"),
    ]
