"""The watch on tags: last known values, bounded waits, listeners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from port_rigs import dictionary_a

from planaris.clock import now_s, run
from planaris.hardware import Sample, TagWatch, WaitTimeoutError, tags_from
from planaris.hardware.mock import MockPort
from planaris.hardware.watch import CLOCK_SET_BACK_S

WAFER, POSITION = "stage.wafer_present", "carousel.position"


@asynccontextmanager
async def watched(port: MockPort | None = None) -> AsyncGenerator[tuple[MockPort, TagWatch]]:
    port = port or MockPort(tags_from(dictionary_a()), delay_s=lambda: 0.05)
    await port.connect()
    watch = TagWatch(port)
    following = asyncio.create_task(watch.run())
    await watch.ready()
    yield port, watch
    await port.close()
    await following


def test_it_knows_every_scalar_state_tag_from_the_snapshot() -> None:
    async def story() -> None:
        async with watched() as (port, watch):
            assert watch[POSITION] == 0
            assert watch.is_on(WAFER) is False
            port.set({WAFER: True, POSITION: 3})
            await asyncio.sleep(0.1)
            assert watch.is_on(WAFER) is True
            assert watch[POSITION] == 3

    run(story())


def test_a_wait_ends_with_the_change_that_makes_it_true() -> None:
    async def story() -> None:
        async with watched() as (port, watch):
            loop = asyncio.get_running_loop()
            for position in (1, 2, 3):
                loop.call_at(float(position), port.set, {POSITION: position})
            await watch.until(lambda: watch[POSITION] == 2, (POSITION,), 10.0, "position 2")
            assert now_s() == pytest.approx(2.05)
            await watch.until(lambda: watch[POSITION] == 2, (POSITION,), 0.0, "already true")

    run(story())


def test_a_wait_that_fails_says_what_it_saw() -> None:
    async def story() -> None:
        async with watched() as (_port, watch):
            begun_s = now_s()
            with pytest.raises(WaitTimeoutError) as caught:
                await watch.until(lambda: watch.is_on(WAFER), (WAFER, POSITION), 4.0, "wafer on the stage")
            assert now_s() - begun_s == pytest.approx(4.0)
            assert caught.value.values == {WAFER: 0.0, POSITION: 0.0}
            assert "wafer on the stage" in str(caught.value)

    run(story())


def test_many_may_wait_for_one_tag_and_a_cancelled_one_leaves_the_others() -> None:
    async def story() -> None:
        async with watched() as (port, watch):
            waits = [
                asyncio.create_task(watch.until(lambda: watch.is_on(WAFER), (WAFER,), 10.0, "wafer")) for _ in range(3)
            ]
            await asyncio.sleep(1.0)
            waits[1].cancel()
            await asyncio.sleep(1.0)
            port.set({WAFER: True})
            await asyncio.gather(waits[0], waits[2])
            assert now_s() == pytest.approx(2.1)

    run(story())


def test_asking_outright_tells_what_no_notice_told() -> None:
    async def story() -> None:
        async with watched() as (port, watch):
            waiting = asyncio.create_task(watch.until(lambda: watch.is_on(WAFER), (WAFER,), 10.0, "wafer"))
            port.set({WAFER: True}, lost=True)
            await asyncio.sleep(1.0)
            assert watch.is_on(WAFER) is False
            await watch.ask((WAFER,))
            await waiting
            assert now_s() == pytest.approx(1.1)

    run(story())


def test_listeners_get_every_batch_as_it_came() -> None:
    async def story() -> None:
        async with watched() as (port, watch):
            heard: list[Mapping[str, float]] = []
            watch.listen(heard.append)
            port.set({WAFER: True, POSITION: 1})
            port.set({POSITION: 2})
            await asyncio.sleep(1.0)
            assert heard == [{WAFER: 1.0, POSITION: 1.0}, {POSITION: 2.0}]

    run(story())


class _SlowAnswers(MockPort):
    """A port whose answers to reads are long on their way back."""

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        samples = await super().read(names)
        await asyncio.sleep(1.0)
        return samples


def test_an_answer_that_news_overtook_does_not_undo_them() -> None:
    async def story() -> None:
        async with watched(_SlowAnswers(tags_from(dictionary_a()), delay_s=lambda: 0.05)) as (port, watch):
            asked = asyncio.create_task(watch.ask((WAFER, POSITION)))
            await asyncio.sleep(0.5)
            port.set({WAFER: True})
            await asked
            assert watch.is_on(WAFER) is True
            assert watch[POSITION] == 0

    run(story())


def test_late_news_do_not_undo_a_newer_answer() -> None:
    async def story() -> None:
        delay_s = 0.0
        async with watched(MockPort(tags_from(dictionary_a()), delay_s=lambda: delay_s)) as (port, watch):
            heard: list[Mapping[str, float]] = []
            watch.listen(heard.append)
            delay_s = 2.0
            port.set({WAFER: True, POSITION: 1})
            await asyncio.sleep(1.0)
            delay_s = 0.0
            port.set({WAFER: False}, lost=True)
            await watch.ask((WAFER,))
            await asyncio.sleep(2.0)
            assert watch.is_on(WAFER) is False
            assert watch[POSITION] == 1
            assert {WAFER: 1.0} not in heard
            assert heard[-1] == {POSITION: 1.0}

    run(story())


def test_a_clock_that_was_set_back_does_not_silence_the_news() -> None:
    async def story() -> None:
        async with watched() as (port, watch):
            await asyncio.sleep(10 * CLOCK_SET_BACK_S)
            port.set({POSITION: 1})
            await asyncio.sleep(1.0)
            for queue in port._state:
                queue.put(1.0, {POSITION: 2.0})
            await asyncio.sleep(0.1)
            assert watch[POSITION] == 2

    run(story())
