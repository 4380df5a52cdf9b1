"""The tool's clock against the stock loop: how many timer events a second each gets through."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine
from typing import Any

from benchmark_result import Better, Result
from planaris import clock

NAME = "clock"
TASKS = 60
EVENTS_PER_TASK = 1_000
REPEATS = 5
SHARE = 0.5  # of the peer's events per second that the clock must reach


async def _tick(delay_s: Callable[[int], float]) -> None:
    async def one(k: int) -> None:
        for _ in range(EVENTS_PER_TASK):
            await asyncio.sleep(delay_s(k))

    async with asyncio.TaskGroup() as group:
        for k in range(TASKS):
            group.create_task(one(k))


def _events_per_s(start: Callable[[Coroutine[Any, Any, None]], None], delay_s: Callable[[int], float]) -> float:
    begin = time.perf_counter()
    start(_tick(delay_s))
    return TASKS * EVENTS_PER_TASK / (time.perf_counter() - begin)


def run() -> list[Result]:
    """Measure both by turns, so that a busy machine meets both alike; compare the medians."""
    ours: list[float] = []
    same: list[float] = []
    peer: list[float] = []
    for _ in range(REPEATS):
        ours.append(_events_per_s(clock.run, lambda k: 0.01 + 0.001 * k))
        same.append(_events_per_s(clock.run, lambda _: 0.01))
        peer.append(_events_per_s(asyncio.run, lambda _: 1e-9))
    bound = SHARE * statistics.median(peer)
    against = f"{SHARE:g} x asyncio, {TASKS} tasks await sleep(1e-9)"
    return [
        Result(f"{TASKS} timers, different periods", statistics.median(ours), "events/s", bound, Better.MORE, against),
        Result(f"{TASKS} timers, equal deadlines", statistics.median(same), "events/s", bound, Better.MORE, against),
    ]
