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


def _held_by(handle: asyncio.Handle) -> dict[str, object]:
    slots = [name for kind in type(handle).__mro__ for name in vars(kind).get("__slots__", ())]
    # A slot that no value was given to is left out; a context is a copy of its own.
    held = {name: getattr(handle, name) for name in slots if name != "__weakref__" and hasattr(handle, name)}
    return {name: type(value) if name == "_context" else value for name, value in held.items()}


def test_our_handles_hold_what_the_stock_ones_do() -> None:
    loop = clock.VirtualTimeLoop()
    ours: list[asyncio.Handle] = [loop.call_soon(print, 1), loop.call_at(7.0, print, 2)]
    stock = [asyncio.Handle(print, (1,), loop), asyncio.TimerHandle(7.0, print, (2,), loop)]
    held = [_held_by(handle) for handle in ours]
    assert held[1].pop("queued") is True
    assert held == [_held_by(handle) for handle in stock], "asyncio's handles hold something else now"
    for handle in (*ours, *stock):
        handle.cancel()
    held = [_held_by(handle) for handle in ours]
    assert held[1].pop("queued") is False
    loop.close()
    assert held == [_held_by(handle) for handle in stock], "a cancelled handle holds something else now"


def test_a_turn_is_asked_for_again_until_the_loop_is_stopped() -> None:
    source = inspect.getsource(base_events.BaseEventLoop.run_forever)
    source += inspect.getsource(base_events.BaseEventLoop.stop)
    assert "self._run_once()" in source, "BaseEventLoop.run_forever turns in another way"
    assert "self._stopping = True" in source, "BaseEventLoop.stop is told in another way"
    assert "self._debug = " in inspect.getsource(base_events.BaseEventLoop.set_debug)
    assert "self._closed = True" in inspect.getsource(base_events.BaseEventLoop.close)


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
    loop.set_debug(True)  # else only what nothing but the system can end goes to the stock loop
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
