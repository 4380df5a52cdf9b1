"""What the clock leans on inside asyncio. If a Python changes it, the test here names it."""

from __future__ import annotations

import asyncio
import inspect
from asyncio import base_events, events, selector_events
from collections import deque

from planaris import clock


def test_ready_callbacks_stand_in_one_deque_for_the_life_of_a_loop() -> None:
    loop = asyncio.SelectorEventLoop()
    ready: object = vars(loop)["_ready"]
    loop.run_until_complete(asyncio.sleep(0.0))
    assert isinstance(ready, deque)
    assert vars(loop)["_ready"] is ready, "BaseEventLoop._ready was rebound"
    loop.close()
    assert inspect.getsource(base_events).count("self._ready = ") == 1, "BaseEventLoop._ready is rebound somewhere"


def test_timer_handles_report_their_cancellation() -> None:
    told: list[asyncio.TimerHandle] = []

    class Loop(asyncio.SelectorEventLoop):
        def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
            told.append(handle)

    loop = Loop()
    timer = asyncio.TimerHandle(1.0, print, (), loop)
    timer.cancel()
    timer.cancel()
    loop.close()
    assert told == [timer], "TimerHandle.cancel no longer calls loop._timer_handle_cancelled once"
    assert timer.cancelled()


def test_the_stock_loop_asks_the_selector_with_zero_or_none() -> None:
    asked: list[float | None] = []
    loop = clock.VirtualTimeLoop()
    selector: object = vars(loop)["_selector"]
    assert selector is not None, "BaseSelectorEventLoop._selector"
    select = type(selector).select  # pyright: ignore

    def watch(timeout: float | None = None) -> object:
        asked.append(timeout)
        return select(selector, timeout)

    vars(selector)["select"] = watch
    loop.run_until_complete(asyncio.sleep(1.0))
    loop.close()
    assert set(asked) == {0, None}, "BaseEventLoop._run_once computes its timeout in another way"


def test_our_timers_never_reach_the_stock_queue() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5.0):
            task = asyncio.create_task(asyncio.sleep(1.0))
            await asyncio.sleep(0)
            stock: list[object] = vars(loop)["_scheduled"]
            found = len(stock)
            await task
        return found

    assert clock.run(main()) == 0
    source = inspect.getsource(base_events) + inspect.getsource(selector_events) + inspect.getsource(events)
    assert source.count("heappush(self._scheduled") == 1, "another place than BaseEventLoop.call_at sets timers"


def test_callbacks_of_threads_go_to_the_ready_queue_before_the_pipe() -> None:
    source = inspect.getsource(base_events.BaseEventLoop.call_soon_threadsafe)
    assert source.index("self._call_soon(") < source.index("self._write_to_self()")


def test_a_selector_starts_with_the_wake_up_pipe_alone() -> None:
    loop = clock.VirtualTimeLoop()
    files = vars(loop)["_selector"].get_map()
    assert len(files) == 1, "the stock loop registers more than its self-pipe"
    loop.close()
