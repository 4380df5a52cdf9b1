"""The inbox between control and face: in order, bounded, and never in control's way."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from planaris.factory import Inbox, Known, Lost
from planaris.model import Block
from planaris.stream import Committed, LotEnded


def event(n: int) -> Committed:
    return Committed(n, float(n), LotEnded(f"L{n}", "completed", 1))


BLOCK = Block("x", ("a",), np.array([1.0]), np.array([[2.0]], np.float32), np.array([2], np.uint8), 1)


def test_items_come_in_the_order_they_were_put() -> None:
    inbox = Inbox()
    inbox([event(1)])
    inbox.put(BLOCK)
    inbox([event(2), event(3)])
    inbox.put(Known({"x": 1}))
    assert asyncio.run(inbox.take()) == (event(1), BLOCK, event(2), event(3), Known({"x": 1}))


def test_what_does_not_fit_is_told_in_its_place() -> None:
    inbox = Inbox(events_limit=2, blocks_limit=1)
    inbox([event(1), event(2), event(3)])
    inbox.put(BLOCK)
    inbox.put(BLOCK)
    inbox([event(4)])
    assert asyncio.run(inbox.take()) == (event(1), event(2), Lost(1, 0), BLOCK, Lost(1, 1))
    inbox([event(5)])
    assert asyncio.run(inbox.take()) == (event(5),), "there is room again"


@pytest.mark.timeout(60)
def test_a_reader_that_waits_is_woken_from_another_thread_and_misses_nothing() -> None:
    inbox, count = Inbox(), 2_000

    def put() -> None:
        for n in range(count):
            inbox([event(n)])

    async def read() -> list[int]:
        found: list[int] = []
        while len(found) < count:
            found += [item.sequence for item in await inbox.take() if isinstance(item, Committed)]
        return found

    thread = threading.Thread(target=put)

    async def both() -> list[int]:
        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        thread.start()
        return await reading

    assert asyncio.run(both()) == list(range(count))
    thread.join()


def test_putting_after_the_reader_s_loop_has_ended_is_harmless() -> None:
    inbox = Inbox()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(inbox.take(), 0.01)

    asyncio.run(give_up())
    inbox([event(1)])
    assert asyncio.run(inbox.take()) == (event(1),)
