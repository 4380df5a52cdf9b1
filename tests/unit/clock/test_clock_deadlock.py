"""A virtual loop that nothing can wake says so, and who waits where."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from planaris import clock

PATIENCE_S = 20.0


async def _event() -> None:
    await asyncio.Event().wait()


async def _queue() -> None:
    await asyncio.Queue[int]().get()


async def _after_timers() -> None:
    await asyncio.sleep(3.0)
    await asyncio.Event().wait()


async def _after_a_job() -> None:
    await asyncio.to_thread(time.sleep, 0.01)
    await asyncio.Event().wait()


async def _after_a_cancelled_timer() -> None:
    asyncio.get_running_loop().call_later(5.0, lambda: None).cancel()
    await asyncio.Event().wait()


async def _for_ever() -> None:
    await asyncio.sleep(math.inf)


async def _lock_held_by_itself() -> None:
    lock = asyncio.Lock()
    async with lock, lock:
        pass


async def _after_a_socket_closed() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(b"x")
        await asyncio.get_running_loop().sock_recv(ours, 1)
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "wait",
    [
        _event,
        _queue,
        _after_timers,
        _after_a_job,
        _after_a_cancelled_timer,
        _for_ever,
        _lock_held_by_itself,
        _after_a_socket_closed,
    ],
)
def test_a_deadlock_is_raised_not_hung(wait: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await wait()

    with pytest.raises(clock.DeadlockError, match="no timer, no socket") as caught:
        clock.run(main())
    assert len(caught.value.waiting) == 1


def test_the_error_names_every_task_and_where_it_waits() -> None:
    async def robot() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(robot(), name="wet robot")
            group.create_task(asyncio.Queue[int]().get(), name="cleaner")

    with pytest.raises(clock.DeadlockError) as caught:
        clock.run(main())
    waiting = caught.value.waiting
    assert [line.split(" ", 1)[0] for line in waiting] == ["Task-" + waiting[0][5:].split()[0], "cleaner", "wet"]
    assert "main (test_clock_deadlock.py:" in waiting[0]
    assert "at TaskGroup.__aexit__" in waiting[0]
    assert "robot (test_clock_deadlock.py:" in waiting[2]
    assert waiting[2].endswith("at Event.wait")
    assert all(line in str(caught.value) for line in waiting)


def test_tasks_clean_up_after_a_deadlock() -> None:
    cleaned: list[str] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("main")

    with pytest.raises(clock.DeadlockError):
        clock.run(main())
    assert cleaned == ["main"]


def test_a_running_job_is_no_deadlock() -> None:
    async def main() -> bool:
        gate = threading.Event()
        timer = threading.Timer(0.1, gate.set)
        timer.start()
        try:
            return await asyncio.to_thread(gate.wait, PATIENCE_S)
        finally:
            timer.join()

    assert clock.run(main())


def test_an_open_socket_is_no_deadlock() -> None:
    async def main() -> bytes:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            timer = threading.Timer(0.1, theirs.send, (b"late",))
            timer.start()
            try:
                return await asyncio.get_running_loop().sock_recv(ours, 4)
            finally:
                timer.join()

    assert clock.run(main()) == b"late"


def test_a_call_from_a_thread_made_before_the_end_is_no_deadlock() -> None:
    async def main() -> None:
        loop, called = asyncio.get_running_loop(), asyncio.Event()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(called.set))
        thread.start()
        thread.join()
        await called.wait()

    for _ in range(50):
        clock.run(main())
