"""Ctrl-C cancels what runs on the clock, lets it clean up, and comes out as KeyboardInterrupt."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from planaris import clock


@pytest.fixture(autouse=True)
def _interrupts_come_through() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """A shell's background job is born with Ctrl-C ignored, and Python then leaves it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("speed", [math.inf, 50.0])
def test_interrupt_while_timers_run(speed: float) -> None:
    cleaned: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_later(1.0, os.kill, os.getpid(), signal.SIGINT)
        try:
            for _ in itertools.count():
                await asyncio.sleep(0.1)
        finally:
            await asyncio.sleep(0.5)
            cleaned.append("rinse")

    with pytest.raises(KeyboardInterrupt):
        clock.run(main(), speed=speed)
    assert cleaned == ["rinse"]


def test_interrupt_while_a_job_holds_time() -> None:
    cleaned: list[float] = []
    gate = threading.Event()

    def job() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        gate.wait(20.0)

    async def main() -> None:
        try:
            await asyncio.to_thread(job)
        finally:
            gate.set()
            cleaned.append(clock.now_s())

    with pytest.raises(KeyboardInterrupt):
        clock.run(main())
    assert cleaned == [0.0]


def test_cancelling_the_main_task_comes_out_as_cancelled() -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_later(1.0, task.cancel)
        await asyncio.sleep(10.0)

    with pytest.raises(asyncio.CancelledError):
        clock.run(main())
