"""Virtual time: exact, never early, and asyncio's own tools work in it."""

from __future__ import annotations

import asyncio
import math

import pytest

from planaris import clock

YEAR_S = 365 * 24 * 3600.0


def test_time_jumps_exactly_to_each_deadline() -> None:
    async def main() -> list[float]:
        seen: list[float] = []
        for delay_s in (0.1, 0.2, 3600.0, 1e-7):
            await asyncio.sleep(delay_s)
            seen.append(clock.now_s())
        return seen

    assert clock.run(main()) == [0.1, 0.1 + 0.2, 0.1 + 0.2 + 3600.0, 0.1 + 0.2 + 3600.0 + 1e-7]


def test_time_starts_where_it_is_told_to() -> None:
    async def main() -> float:
        await asyncio.sleep(1.5)
        return clock.now_s()

    assert clock.run(main(), start_s=1000.0) == 1001.5


def test_a_year_of_small_timers_ends() -> None:
    # Stock asyncio with a resolution of 1e-9 s never ends here: doubles near a year are 4e-9 s apart.
    async def main() -> tuple[float, int]:
        ticks = 0
        await asyncio.sleep(YEAR_S)
        for delay_s in (1e-3, 1e-6, 1e-9, 1e-12) * 250:
            await asyncio.sleep(delay_s)
            ticks += 1
        return clock.now_s() - YEAR_S, ticks

    passed_s, ticks = clock.run(main())
    assert ticks == 1000
    # Doubles near a year are 4e-9 s apart, so each of a thousand sums is off by at most half of that.
    assert passed_s == pytest.approx(250 * (1e-3 + 1e-6 + 1e-9), abs=1000 * 2e-9)


def test_a_year_of_hourly_ticks_does_not_drift() -> None:
    async def main() -> float:
        for _ in range(365 * 24):
            await asyncio.sleep(3600.0)
        return clock.now_s()

    assert clock.run(main()) == YEAR_S


def test_a_deadline_in_the_past_fires_at_once_and_time_does_not_go_back() -> None:
    async def main() -> tuple[float, list[str]]:
        loop = asyncio.get_running_loop()
        fired: list[str] = []
        await asyncio.sleep(5.0)
        loop.call_at(1.0, fired.append, "past")
        loop.call_at(5.0, fired.append, "now")
        loop.call_later(-3.0, fired.append, "negative")
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)
        return clock.now_s(), fired

    assert clock.run(main()) == (5.0, ["past", "negative", "now"])


def test_time_stands_still_while_callbacks_are_ready() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, lambda: None)
        for _ in range(1000):
            await asyncio.sleep(0)
        return clock.now_s()

    assert clock.run(main()) == 0.0


def test_a_timer_without_end_does_not_move_time() -> None:
    async def main() -> float:
        async with asyncio.timeout(math.inf):
            await asyncio.sleep(2.0)
        handle = asyncio.get_running_loop().call_at(math.inf, lambda: None)
        await asyncio.sleep(3.0)
        handle.cancel()
        return clock.now_s()

    assert clock.run(main()) == 5.0


def test_timeout_cancels_at_its_deadline() -> None:
    async def main() -> tuple[float, bool]:
        cancelled = False
        try:
            async with asyncio.timeout(2.5):
                try:
                    await asyncio.sleep(100.0)
                except asyncio.CancelledError:
                    cancelled = True
                    raise
        except TimeoutError:
            return clock.now_s(), cancelled
        return math.nan, cancelled

    assert clock.run(main()) == (2.5, True)


def test_timeout_and_work_of_equal_length_are_decided_by_order() -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        loop.call_later(1.0, done.set_result, "work")
        try:
            async with asyncio.timeout(1.0):
                seen.append(await done)
        except TimeoutError:
            seen.append("timeout")
        return seen

    # Both fall due together: the result is there, but the timeout cancels before the task has run.
    assert clock.run(main()) == ["timeout"]


def test_wait_for_and_rescheduled_timeouts() -> None:
    async def main() -> list[float]:
        seen: list[float] = []
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(9.0), 1.0)
        seen.append(clock.now_s())
        async with asyncio.timeout(1.0) as limit:
            await asyncio.sleep(0.5)
            limit.reschedule(clock.now_s() + 10.0)
            await asyncio.sleep(9.0)
        seen.append(clock.now_s())
        return seen

    assert clock.run(main()) == [1.0, 10.5]


def test_a_task_group_runs_its_tasks_side_by_side_and_cancels_them_on_failure() -> None:
    async def fail(after_s: float) -> None:
        await asyncio.sleep(after_s)
        raise ValueError(f"at {clock.now_s():g}")

    async def main() -> tuple[float, list[float]]:
        ended: list[float] = []

        async def worker(delay_s: float) -> None:
            try:
                await asyncio.sleep(delay_s)
            finally:
                ended.append(clock.now_s())

        async def together() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(worker(1.0))
                group.create_task(worker(60.0))
                group.create_task(fail(3.0))

        with pytest.raises(ExceptionGroup) as caught:
            await together()
        assert str(caught.value.exceptions[0]) == "at 3"
        return clock.now_s(), ended

    assert clock.run(main()) == (3.0, [1.0, 3.0])


def test_a_bounded_queue_holds_its_producer_back() -> None:
    async def main() -> list[tuple[int, float]]:
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=2)
        put: list[tuple[int, float]] = []

        async def produce() -> None:
            for n in range(5):
                await queue.put(n)
                put.append((n, clock.now_s()))

        async def consume() -> None:
            for _ in range(5):
                await asyncio.sleep(10.0)
                await queue.get()

        async with asyncio.TaskGroup() as group:
            group.create_task(produce())
            group.create_task(consume())
        return put

    assert clock.run(main()) == [(0, 0.0), (1, 0.0), (2, 10.0), (3, 20.0), (4, 30.0)]


def test_many_cancelled_timers_are_forgotten() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, clock.VirtualTimeLoop)
        for _ in range(10_000):
            async with asyncio.timeout(1e6):
                await asyncio.sleep(1e-3)
        return loop.timers_count

    # The greater part of more than a hundred cancelled timers is swept out.
    assert clock.run(main()) <= 210


def test_time_passes_over_cancelled_deadlines_without_stopping() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []
        for delay_s in (1.0, 2.0, 3.0):
            loop.call_later(delay_s, seen.append, delay_s).cancel()
        await asyncio.sleep(10.0)
        seen.append(clock.now_s())
        return seen

    assert clock.run(main()) == [10.0]


def test_what_the_coroutine_returns_or_raises_comes_out_of_run() -> None:
    async def good() -> str:
        await asyncio.sleep(1.0)
        return "result"

    async def bad() -> None:
        await asyncio.sleep(1.0)
        raise LookupError("gone")

    assert clock.run(good()) == "result"
    with pytest.raises(LookupError, match="gone"):
        clock.run(bad())


def test_tasks_left_behind_are_cancelled_and_may_clean_up_in_tool_time() -> None:
    cleaned: list[float] = []

    async def forgotten() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            await asyncio.sleep(2.0)
            cleaned.append(clock.now_s())

    async def main() -> asyncio.Task[None]:
        task = asyncio.create_task(forgotten())
        await asyncio.sleep(1.0)
        return task

    assert clock.run(main()).cancelled()
    assert cleaned == [3.0]


def test_a_closed_loop_takes_no_timer() -> None:
    loop = clock.VirtualTimeLoop()
    loop.call_later(1.0, lambda: None)
    loop.close()
    assert loop.timers_count == 0
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1.0, lambda: None)


def test_it_runs_in_debug_mode() -> None:
    async def main() -> float:
        asyncio.get_running_loop().set_debug(True)
        async with asyncio.TaskGroup() as group:
            for n in range(5):
                group.create_task(asyncio.sleep(n))
        return clock.now_s()

    assert clock.run(main()) == 4.0


def test_two_loops_do_not_share_time() -> None:
    async def main(delay_s: float) -> float:
        await asyncio.sleep(delay_s)
        return clock.now_s()

    assert [clock.run(main(delay_s)) for delay_s in (3.0, 1.0)] == [3.0, 1.0]
