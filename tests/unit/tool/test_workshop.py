"""The workshop: pieces of work under way, and whom it wakes when the floor has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tool_bench import Bench

from planaris.clock import now_s, run
from planaris.hardware import DeviceFailedError
from planaris.tool import AlarmBook
from planaris.tool.work import Piece, WorkKind
from planaris.tool.workshop import Workshop


class Engine:
    """Stands for the engine: notes when it was woken and how much was under way then."""

    def __init__(self, bench: Bench) -> None:
        self.shop = Workshop(AlarmBook(bench.stream, bench.dictionary, lambda: 0.0), self.fatal)
        self.looks: list[tuple[float, int]] = []

    def fatal(self, error: Exception) -> None:
        raise error

    async def turn(self) -> None:
        while True:
            await self.shop.changed.wait()
            self.shop.changed.clear()
            self.looks.append((now_s(), self.shop.running_count))

    def start(self, place: str, work: Callable[[], Awaitable[None]]) -> None:
        self.shop.start(Piece(WorkKind.CLEAN, place, work, {place}, begun=True))  # type: ignore[arg-type]


def woken(bench: Bench, story: Callable[[Engine], Awaitable[None]]) -> list[tuple[float, int]]:
    async def body() -> list[tuple[float, int]]:
        engine = Engine(bench)
        turning = asyncio.create_task(engine.turn())
        await story(engine)
        await engine.shop.drained()
        await asyncio.sleep(1.0)
        turning.cancel()
        return engine.looks

    return run(body())


def lasting(time_s: float) -> Callable[[], Awaitable[None]]:
    return lambda: asyncio.sleep(time_s)


def test_work_that_ends_wakes_the_engine_once_and_the_last_of_it_again_as_idle(bench: Bench) -> None:
    async def story(engine: Engine) -> None:
        engine.start("brush1", lasting(2.0))
        engine.start("brush2", lasting(5.0))

    assert woken(bench, story) == [(2.0, 2), (5.0, 1), (5.0, 0)]


def test_work_that_fails_wakes_the_engine_as_well(bench: Bench) -> None:
    async def jam() -> None:
        await asyncio.sleep(2.0)
        raise DeviceFailedError("brush1", "process", "jammed", "look")

    async def story(engine: Engine) -> None:
        engine.start("brush1", jam)
        engine.start("brush2", lasting(5.0))
        await asyncio.sleep(3.0)
        assert engine.shop.down == {"brush1"}

    assert woken(bench, story) == [(2.0, 2), (5.0, 1), (5.0, 0)]


@pytest.mark.parametrize("place", ["srd", "head1", "metrology"])
def test_when_a_wafer_will_be_ready_is_news(bench: Bench, place: str) -> None:
    async def story(engine: Engine) -> None:
        await asyncio.sleep(4.0)
        engine.shop.expect(place, 44.0)
        assert engine.shop.due == {place: 44.0}

    assert woken(bench, story) == [(4.0, 0)]
