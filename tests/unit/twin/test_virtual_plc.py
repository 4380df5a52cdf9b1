"""The virtual PLC: change notices, write handlers, and a link whose chance nobody uses up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from twin_case import dictionary_a

from planaris.clock import now_s, run
from planaris.hardware import Value, tags_from
from planaris.model import Block
from planaris.twin import LinkModel
from planaris.twin.plc import StateSubscription, VirtualPlc

TAGS = tags_from(dictionary_a())
WAFER, POSITION, SPEED = "stage.wafer_present", "carousel.position", "platen1.sp_speed_rpm"


def told(block: Block) -> dict[str, float]:
    return dict(zip(block.tags, block.values[0].tolist(), strict=True))


async def rest(subscription: StateSubscription) -> list[dict[str, float]]:
    await asyncio.sleep(5.0)
    subscription.close()
    return [told(block) async for block in subscription]


def test_only_what_changes_is_told_unless_repeated() -> None:
    async def story() -> None:
        plc = VirtualPlc(TAGS, LinkModel(0.1), 1)
        subscription = plc.subscribe()
        await anext(subscription)
        plc.set({WAFER: True, POSITION: 0})
        plc.set({WAFER: True})
        plc.set({WAFER: True}, repeat=True)
        plc.set({"loadport1.slot_state": (1.0,) * 25})  # an array is asked for, never told
        assert await rest(subscription) == [{WAFER: 1.0}, {WAFER: 1.0}]

    run(story())


def test_a_handler_gets_its_share_of_a_group_once_and_sees_the_whole_group() -> None:
    async def story() -> None:
        plc = VirtualPlc(TAGS, LinkModel(), 1)
        calls: list[tuple[str, Mapping[str, Value], Value]] = []
        for n in (1, 2):
            names = [f"platen{n}.sp_speed_rpm", f"platen{n}.sp_ramp_s"]
            plc.on_write(names, lambda v, n=n: calls.append((f"platen{n}", v, plc.values["platen2.sp_ramp_s"])))
        plc.write({SPEED: 93.0, "platen1.sp_ramp_s": 2.0, "platen2.sp_ramp_s": 3.0, "head1.cmd.id": 4})
        assert calls == [
            ("platen1", {SPEED: 93.0, "platen1.sp_ramp_s": 2.0}, 3.0),
            ("platen2", {"platen2.sp_ramp_s": 3.0}, 3.0),
        ]
        plc.write({SPEED: 93.0})  # the same again is a command all the same
        assert len(calls) == 3

    run(story())


def test_notices_keep_their_order_under_jitter() -> None:
    async def story() -> None:
        plc = VirtualPlc(TAGS, LinkModel(0.0, 0.2), 1)
        subscription = plc.subscribe()
        await anext(subscription)
        for k in range(1, 101):
            plc.set({POSITION: k})
            await asyncio.sleep(0.01)
        assert [t[POSITION] for t in await rest(subscription)] == list(range(1, 101))

    run(story())


def test_delays_fill_the_jitter_and_hang_on_moment_and_message_alone() -> None:
    async def story() -> None:
        busy, quiet = (VirtualPlc(TAGS, LinkModel(0.02, 0.2), 1) for _ in range(2))
        other_seed = VirtualPlc(TAGS, LinkModel(0.02, 0.2), 2)
        delays: list[float] = []
        for _ in range(400):
            for reader in range(3):
                busy.delay_s(f"read.{reader}")
            delays.append(busy.delay_s("write"))
            assert quiet.delay_s("write") == delays[-1]
            assert other_seed.delay_s("write") != delays[-1]
            await asyncio.sleep(0.01)
        assert 0.02 <= min(delays) < 0.03
        assert 0.21 < max(delays) <= 0.22
        # Uniform: 1 sigma of the mean is 0.2/sqrt(12*400); 4.5 sigma.
        assert sum(delays) / 400 == pytest.approx(0.12, abs=4.5 * 0.2 / (12 * 400) ** 0.5)

    run(story())


def test_the_stated_share_of_notices_is_lost() -> None:
    async def story() -> None:
        plc = VirtualPlc(TAGS, LinkModel(0.0, 0.0, 0.3), 1)
        subscription = plc.subscribe()
        await anext(subscription)
        for k in range(1, 1001):
            plc.set({POSITION: k})
            await asyncio.sleep(0.01)
        came = len(await rest(subscription))
        # Binomial, 4.5 sigma.
        assert came == pytest.approx(700, abs=4.5 * (1000 * 0.3 * 0.7) ** 0.5)
        assert plc.values[POSITION] == 1000

    run(story())


def test_without_notice_nobody_is_told_but_handlers_are() -> None:
    async def story() -> None:
        plc = VirtualPlc(TAGS, LinkModel(0.0), 1)
        plc.without_notice("plc.sp_heartbeat_count")
        beats: list[float] = []
        plc.on_write(["plc.sp_heartbeat_count"], lambda _v: beats.append(now_s()))
        subscription = plc.subscribe()
        await anext(subscription)
        plc.write({"plc.sp_heartbeat_count": 5, SPEED: 10.0})
        assert await rest(subscription) == [{SPEED: 10.0}]
        assert beats == [0.0]
        assert plc.values["plc.sp_heartbeat_count"] == 5

    run(story())
