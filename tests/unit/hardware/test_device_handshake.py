"""The device handshake over every port: done, refused, lost, slow, jammed; each command acts once."""

from __future__ import annotations

import asyncio

import pytest
from port_rigs import DEVICE, HARDWARE_FAULT, UNKNOWN_VERB, VERB, VERB_S, Fault, MakeRig, connected

from planaris.clock import now_s, run
from planaris.hardware import Device, DeviceReportedError, DeviceTimeoutError, HandshakeLimits, HandshakeLostError
from planaris.twin import LinkModel

LINKS = [LinkModel(0.0), LinkModel(0.02), LinkModel(0.1), LinkModel(0.2), LinkModel(0.0, 0.2)]
# Device times spread by 1 % of 1 sigma, at most 3 sigma.
SPREAD = 0.03
REQUEST = f"{DEVICE}.cmd.request"


@pytest.mark.parametrize("link", LINKS)
def test_a_command_is_done_after_the_device_s_time_and_the_link_s(make: MakeRig, link: LinkModel) -> None:
    async def story() -> None:
        async with connected(make, link) as c:
            for count in (1, 2, 3):
                begun_s = now_s()
                await c.device.do(VERB, limit_s=10.0)
                took_s = now_s() - begun_s
                assert took_s >= VERB_S * (1 - SPREAD)
                # There for the command, back with the news, and once more to drop the request.
                ways = 2 * c.rig.ways_count + 1
                assert took_s <= VERB_S * (1 + SPREAD) + ways * (link.latency_s + link.jitter_s) + 1e-6
                assert len(c.rig.starts) == count
                assert [s.value for s in await c.port.read([REQUEST, f"{DEVICE}.sts.done"])] == [False, True]

    run(story())


def test_an_unknown_verb_is_reported_and_the_next_command_runs(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            with pytest.raises(DeviceReportedError) as caught:
                await c.device.do("unheard_of", limit_s=10.0)
            assert caught.value.code == UNKNOWN_VERB
            assert (caught.value.device, caught.value.verb) == (DEVICE, "unheard_of")
            assert "unknown verb" in str(caught.value)
            assert c.rig.starts == []
            assert (await c.port.read([REQUEST]))[0].value is False
            await c.device.do(VERB, limit_s=10.0)

    run(story())


def test_a_jammed_device_reports_its_fault_after_its_time(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            c.rig.break_device(Fault.JAMMED)
            begun_s = now_s()
            with pytest.raises(DeviceReportedError) as caught:
                await c.device.do(VERB, limit_s=10.0)
            assert caught.value.code == HARDWARE_FAULT
            assert now_s() - begun_s >= VERB_S * (1 - SPREAD)

    run(story())


def test_a_silent_device_is_lost_after_all_tries(make: MakeRig) -> None:
    limits = HandshakeLimits()

    async def story() -> None:
        async with connected(make, LinkModel(0.1)) as c:
            c.rig.break_device(Fault.SILENT)
            begun_s = now_s()
            with pytest.raises(HandshakeLostError) as caught:
                await c.device.do(VERB, limit_s=10.0)
            tries = limits.retries_count + 1
            assert now_s() - begun_s == pytest.approx(tries * (limits.acknowledge_s + 0.1 * c.rig.ways_count))
            assert f"{tries} tries" in caught.value.problem
            assert caught.value.remedy
            assert c.rig.starts == []

    run(story())


def test_a_slow_device_times_out_at_the_limit(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make, LinkModel(0.0)) as c:
            c.rig.break_device(Fault.SLOW)
            begun_s = now_s()
            with pytest.raises(DeviceTimeoutError) as caught:
                await c.device.do(VERB, limit_s=42.0)
            assert now_s() - begun_s == pytest.approx(42.0)
            assert "42 s" in caught.value.problem
            assert len(c.rig.starts) == 1

    run(story())


def test_a_lost_acknowledgement_is_cured_by_asking_again_and_acts_once(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            c.rig.lose_notices(True)
            doing = asyncio.create_task(c.device.do(VERB, limit_s=10.0))
            await asyncio.sleep(0.5)
            c.rig.lose_notices(False)
            await doing
            assert len(c.rig.starts) == 1

    run(story())


def test_acknowledgement_and_end_both_lost_are_cured_too(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            c.rig.lose_notices(True)
            doing = asyncio.create_task(c.device.do(VERB, limit_s=10.0))
            await asyncio.sleep(VERB_S + 0.5)  # it has moved and ended, and nobody was told
            c.rig.lose_notices(False)
            await doing
            assert len(c.rig.starts) == 1

    run(story())


def test_a_lost_end_is_found_by_asking(make: MakeRig) -> None:
    limits = HandshakeLimits()

    async def story() -> None:
        async with connected(make) as c:
            begun_s = now_s()
            doing = asyncio.create_task(c.device.do(VERB, limit_s=100.0))
            await asyncio.sleep(1.0)
            c.rig.lose_notices(True)
            await doing
            assert now_s() - begun_s < limits.ask_again_s + 1.0
            assert len(c.rig.starts) == 1
            c.rig.lose_notices(False)
            await c.device.do(VERB, limit_s=10.0)
            assert len(c.rig.starts) == 2

    run(story())


def test_a_duplicate_id_is_ignored_whatever_it_says(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            await c.device.do(VERB, limit_s=10.0)
            number = (await c.port.read([f"{DEVICE}.sts.id"]))[0].value
            for verb in (1, 2, 99):
                await c.port.write({f"{DEVICE}.cmd.id": number, f"{DEVICE}.cmd.verb": verb, REQUEST: True})
            await asyncio.sleep(30.0)
            assert len(c.rig.starts) == 1
            status = await c.port.read([f"{DEVICE}.sts.{key}" for key in ("id", "busy", "done", "error")])
            assert [s.value for s in status] == [number, False, True, 0]

    run(story())


def test_a_restarted_controller_repeats_no_id(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            for _ in range(3):
                await c.device.do(VERB, limit_s=10.0)
            again = Device(c.port, c.watch, DEVICE, {VERB: 2}, {})
            await again.do(VERB, limit_s=10.0)
            assert len(c.rig.starts) == 4

    run(story())
