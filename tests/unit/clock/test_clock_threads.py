"""Threads and virtual time: time waits for jobs, threads can call in, and nothing hangs at the end."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from planaris import clock

PATIENCE_S = 20.0  # real time after which a thread of a test gives up


async def tick_until(done: Callable[[], bool]) -> bool:
    """Keep virtual time jumping until something has happened in real time."""
    begun_s = clock.monotonic_s()
    for _ in itertools.count():
        if done() or clock.monotonic_s() - begun_s > PATIENCE_S:
            break
        await asyncio.sleep(1.0)
    return done()


def test_time_stands_still_while_a_job_runs_though_timers_are_pending() -> None:
    async def main() -> tuple[float, list[float]]:
        fired: list[float] = []
        loop = asyncio.get_running_loop()
        for delay_s in (1.0, 2.0, 3.0):
            loop.call_later(delay_s, lambda: fired.append(clock.now_s()))
        await asyncio.to_thread(time.sleep, 0.1)
        return clock.now_s(), fired

    assert clock.run(main()) == (0.0, [])


def test_time_goes_on_only_after_the_last_of_several_jobs() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        gates = [threading.Event() for _ in range(3)]
        ended: list[float] = []

        async def job(gate: threading.Event) -> None:
            await loop.run_in_executor(None, gate.wait, PATIENCE_S)
            ended.append(clock.now_s())

        async with asyncio.TaskGroup() as group:
            ticker = group.create_task(asyncio.sleep(1.0))
            jobs = [group.create_task(job(gate)) for gate in gates]
            for gate, task in zip(gates, jobs, strict=True):
                assert not ticker.done()
                gate.set()
                await task
            await ticker
            ended.append(clock.now_s())
        return ended

    assert clock.run(main()) == [0.0, 0.0, 0.0, 1.0]


def test_callbacks_and_due_timers_run_while_a_job_runs() -> None:
    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        gate = threading.Event()
        seen: list[str] = []
        job = asyncio.create_task(asyncio.to_thread(gate.wait, PATIENCE_S))
        await asyncio.sleep(0)
        loop.call_soon(seen.append, "soon")
        loop.call_at(0.0, seen.append, "due")
        loop.call_at(0.0, gate.set)
        await job
        return [*seen, f"{clock.now_s():g}"]

    assert clock.run(main()) == ["soon", "due", "0"]


def test_a_job_that_fails_releases_time() -> None:
    async def main() -> float:
        def fail() -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            await asyncio.to_thread(fail)
        await asyncio.sleep(1.0)
        return clock.now_s()

    assert clock.run(main()) == 1.0


def test_a_job_that_cannot_start_does_not_hold_time() -> None:
    async def main() -> float:
        executor = ThreadPoolExecutor(1)
        executor.shutdown()
        with pytest.raises(RuntimeError, match="after shutdown"):
            asyncio.get_running_loop().run_in_executor(executor, time.sleep, 0.0)
        await asyncio.sleep(1.0)
        return clock.now_s()

    assert clock.run(main()) == 1.0


def test_a_job_nobody_waits_for_any_more_lets_time_go() -> None:
    async def main() -> float:
        gate = threading.Event()
        job = asyncio.create_task(asyncio.to_thread(gate.wait, PATIENCE_S))
        await asyncio.sleep(0)
        job.cancel()
        await asyncio.sleep(1.0)
        gate.set()
        return clock.now_s()

    assert clock.run(main()) == 1.0


def test_a_job_still_running_at_the_end_is_waited_for_in_real_time() -> None:
    ended: list[str] = []

    def job() -> None:
        time.sleep(0.2)
        ended.append("job")

    async def main() -> None:
        asyncio.get_running_loop().run_in_executor(None, job).cancel()

    # From 3.12 on asyncio gives the threads 300 s; virtual time must not jump there and warn.
    clock.run(main())
    assert ended == ["job"]


def test_the_executor_can_be_shut_down_in_mid_run() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(time.sleep, 0.01)
        loop.call_later(5.0, lambda: None)
        await loop.shutdown_default_executor()
        assert clock.now_s() == 0.0
        await asyncio.sleep(1.0)
        return clock.now_s()

    assert clock.run(main()) == 1.0


def test_a_thread_can_call_in_while_time_jumps() -> None:
    async def main() -> bool:
        loop = asyncio.get_running_loop()
        called = asyncio.Event()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(called.set))
        thread.start()
        try:
            return await tick_until(called.is_set)
        finally:
            thread.join()

    assert clock.run(main())


def test_every_call_of_many_threads_arrives_once_and_in_its_thread_s_order() -> None:
    async def main() -> list[list[int]]:
        loop = asyncio.get_running_loop()
        seen: list[list[int]] = [[] for _ in range(4)]

        def calls(mine: list[int]) -> None:
            for n in range(500):
                loop.call_soon_threadsafe(mine.append, n)

        threads = [threading.Thread(target=calls, args=(mine,)) for mine in seen]
        for thread in threads:
            thread.start()
        assert await tick_until(lambda: not any(thread.is_alive() for thread in threads))
        await asyncio.sleep(0)
        return seen

    assert clock.run(main()) == [list(range(500))] * 4


def test_a_thread_wakes_a_loop_that_waits_for_a_job() -> None:
    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        gate, seen = threading.Event(), list[str]()

        def call_in() -> None:
            seen.append("called in")
            gate.set()

        thread = threading.Timer(0.05, lambda: loop.call_soon_threadsafe(call_in))
        thread.start()
        assert await asyncio.to_thread(gate.wait, PATIENCE_S)
        thread.join()
        return seen

    assert clock.run(main()) == ["called in"]


def test_a_signal_handler_runs_while_time_jumps() -> None:
    async def main() -> bool:
        caught = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, caught.set)
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            return await tick_until(caught.is_set)
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    assert clock.run(main())


def test_sockets_are_served_between_jumps() -> None:
    async def main() -> bytes:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(4))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"ping")
            answer = await reader.readexactly(4)
            writer.close()
            await writer.wait_closed()
        return answer

    # No timer is pending: the loop waits for the sockets in real time and calls it no deadlock.
    assert clock.run(main()) == b"ping"
