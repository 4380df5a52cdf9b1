"""The contract of `hardware.Port`: what control may rely on, whatever stands behind the port."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from contract_rigs import RIGS
from port_rigs import MakeRig, connected

from planaris.clock import now_s, run
from planaris.hardware import (
    STATE,
    BadValueError,
    LinkState,
    NotWritableError,
    PortError,
    PortKind,
    Subscription,
    UnknownTagError,
)
from planaris.model import Block, Quality
from planaris.twin import LinkModel

LINKS = [LinkModel(0.0), LinkModel(0.02), LinkModel(0.2), LinkModel(0.0, 0.2)]
SPEED, FLOW, WAFER = "platen1.sp_speed_rpm", "platen1.sp_slurry_flow_ml_min", "stage.wafer_present"
FAST = "platen1.fast"


async def all_blocks(subscription: Subscription) -> list[Block]:
    return [block async for block in subscription]


# -- link --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(RIGS))
def test_a_port_says_what_kind_it_is(kind: PortKind) -> None:
    async def story() -> PortKind:
        return RIGS[kind](LinkModel()).port.kind

    assert run(story()) is kind


def test_link_states_follow_connect_and_close(make: MakeRig) -> None:
    async def story() -> list[LinkState]:
        port = make(LinkModel(0.2)).port
        seen = [port.link]
        connecting = asyncio.create_task(port.connect())
        await asyncio.sleep(0.1)
        seen.append(port.link)
        await connecting
        seen.append(port.link)
        await port.close()
        return [*seen, port.link]

    D, C, U = LinkState.DISCONNECTED, LinkState.CONNECTING, LinkState.CONNECTED
    assert run(story()) == [D, C, U, D]


def test_without_a_link_nothing_is_read_written_or_subscribed(make: MakeRig) -> None:
    async def story() -> None:
        port = make(LinkModel()).port
        for _ in range(2):
            with pytest.raises(PortError):
                await port.read([WAFER])
            with pytest.raises(PortError):
                await port.write({SPEED: 30.0})
            for rate_class in (STATE, FAST):
                with pytest.raises(PortError):
                    port.subscribe(rate_class)
            await port.connect()
            await port.close()

    run(story())


def test_close_ends_every_subscription_and_a_port_connects_again(make: MakeRig) -> None:
    async def story() -> None:
        port = make(LinkModel()).port
        await port.connect()
        readers = [asyncio.create_task(all_blocks(port.subscribe(c))) for c in (STATE, FAST, "head1.fast", "facility")]
        await asyncio.sleep(1.5)
        await port.close()
        async with asyncio.timeout(0.001):
            counts = [len(blocks) for blocks in await asyncio.gather(*readers)]
        assert counts[0] >= 1
        assert counts[1:] == [2, 2, 1]  # of the facility only the second that is over
        await port.connect()
        assert (await port.read([WAFER]))[0].tag == WAFER

    run(story())


# -- reading -----------------------------------------------------------------------------------------------------


def test_reading_keeps_the_order_asked_and_tells_when_and_how_good(make: MakeRig) -> None:
    names = ["head2.speed_rpm", WAFER, "platen1.speed_rpm", "facility.vacuum_kPa", WAFER, "head1.up"]

    async def story() -> None:
        async with connected(make, LinkModel(0.05)) as c:
            await asyncio.sleep(1.0)
            asked_s = now_s()
            samples = await c.port.read(names)
            assert [s.tag for s in samples] == names
            assert all(asked_s <= s.time_s <= now_s() for s in samples)
            assert {s.quality for s in samples} == {Quality.GOOD}

    run(story())


def test_unknown_tags_are_all_named(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            with pytest.raises(UnknownTagError) as reading:
                await c.port.read(["nobody.knows", WAFER, "me.neither"])
            assert reading.value.names == ("nobody.knows", "me.neither")
            with pytest.raises(UnknownTagError):
                await c.port.write({SPEED: 1.0, "nobody.knows": 1.0})
            with pytest.raises(UnknownTagError):
                c.port.subscribe("nobody.fast")

    run(story())


def test_values_have_the_type_and_shape_their_tag_declares(make: MakeRig) -> None:
    kinds = {"bool": bool, "int": int, "float": float}

    async def story() -> None:
        async with connected(make) as c:
            for sample in await c.port.read(list(c.port.tags)):
                tag = c.port.tags[sample.tag]
                if tag.shape:
                    assert isinstance(sample.value, tuple)
                    assert (len(sample.value),) == tag.shape
                else:
                    assert type(sample.value) is kinds[tag.dtype], sample.tag

    run(story())


# -- writing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", LINKS)
def test_what_was_written_can_be_read_once_write_returns(make: MakeRig, link: LinkModel) -> None:
    async def story() -> None:
        async with connected(make, link) as c:
            await c.port.write({SPEED: 93.0, FLOW: 200.0})
            assert [s.value for s in await c.port.read([FLOW, SPEED])] == [200.0, 93.0]

    run(story())


def test_a_group_takes_effect_at_once(make: MakeRig) -> None:
    group = {f"head1.sp_zone{z}_pressure_kPa": 10.0 + z for z in (1, 2, 3)}

    async def story() -> None:
        async with connected(make, LinkModel(0.05)) as c:
            subscription = c.port.subscribe(STATE)
            await anext(subscription)
            await c.port.write(group)
            block = await anext(subscription)
            assert dict(zip(block.tags, block.values[0].tolist(), strict=True)) == group

    run(story())


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({WAFER: True}, NotWritableError),
        ({"platen1.speed_rpm": 3.0}, NotWritableError),
        ({FLOW: (1.0, 2.0)}, BadValueError),
        ({FLOW: float("nan")}, BadValueError),
        ({"loadport1.cmd.id": 1.5}, BadValueError),
        ({"loadport1.cmd.request": 2}, BadValueError),
    ],
)
def test_a_group_with_a_fault_is_refused_whole(make: MakeRig, bad: dict[str, float], error: type[Exception]) -> None:
    async def story() -> None:
        async with connected(make) as c:
            await c.port.write({SPEED: 50.0})
            with pytest.raises(error, match=next(iter(bad))):
                await c.port.write({SPEED: 93.0, **bad})
            await asyncio.sleep(1.0)
            assert [s.value for s in await c.port.read([SPEED])] == [50.0]

    run(story())


def test_groups_arrive_in_the_order_they_were_written(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make, LinkModel(0.0, 0.2)) as c:
            subscription = c.port.subscribe(STATE)
            await anext(subscription)
            writes: list[asyncio.Task[None]] = []
            for speed in range(1, 31):
                writes.append(asyncio.create_task(c.port.write({SPEED: float(speed)})))
                await asyncio.sleep(0.01)
            await asyncio.gather(*writes)
            seen = [float((await anext(subscription)).values[0, 0]) for _ in writes]
            assert seen == sorted(seen)

    run(story())


# -- change notices ----------------------------------------------------------------------------------------------


def test_notices_begin_with_a_snapshot_then_tell_only_changes_in_order(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make, LinkModel(0.0, 0.2)) as c:
            c.rig.change({"carousel.position": 2})
            subscription = c.port.subscribe(STATE)
            first = await anext(subscription)
            scalars = [name for name in c.port.tags.of_class(STATE) if not c.port.tags[name].shape]
            assert sorted(first.tags) == sorted(scalars)
            assert first.values.shape == (1, len(scalars))
            assert first.values[0, first.tags.index("carousel.position")] == 2
            for k in range(20):
                c.rig.change({"carousel.position": k % 4, "aligner.wafer_present": k >= 10})
                await asyncio.sleep(0.03)
            await asyncio.sleep(0.5)
            subscription.close()
            blocks = [first, *await all_blocks(subscription)]
            assert [b.sequence for b in blocks] == list(range(len(blocks)))
            assert {b.rate_class for b in blocks} == {STATE}
            told = [dict(zip(b.tags, b.values[-1].tolist(), strict=True)) for b in blocks[1:]]
            assert [t["carousel.position"] for t in told if "carousel.position" in t] == [k % 4 for k in range(20)]
            assert [t["aligner.wafer_present"] for t in told if "aligner.wafer_present" in t] == [1]
            times = np.array([b.time_s[0] for b in blocks])
            assert (np.diff(times) >= 0).all()

    run(story())


def test_who_subscribes_late_hears_nothing_older_than_his_snapshot(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make, LinkModel(0.2)) as c:
            c.rig.change({"carousel.position": 1})
            await asyncio.sleep(0.1)
            c.rig.change({"carousel.position": 2})
            await asyncio.sleep(0.05)
            subscription = c.port.subscribe(STATE)
            first = await anext(subscription)
            assert first.values[0, first.tags.index("carousel.position")] == 2
            await asyncio.sleep(1.0)
            subscription.close()
            assert await all_blocks(subscription) == []

    run(story())


def test_a_notice_tells_when_the_change_was_not_when_it_came(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make, LinkModel(0.2)) as c:
            subscription = c.port.subscribe(STATE)
            await anext(subscription)
            changed_s = now_s()
            c.rig.change({WAFER: True})
            block = await anext(subscription)
            assert block.time_s.tolist() == [pytest.approx(changed_s, rel=0, abs=c.rig.resolution_s)]
            assert now_s() == pytest.approx(changed_s + 0.2)

    run(story())


# -- sampled classes ---------------------------------------------------------------------------------------------


def check_samples_on_the_clock(make: MakeRig, link: LinkModel, block_s: float, rate_class: str, rate_Hz: int) -> None:
    async def story() -> None:
        async with connected(make, link) as c:
            await asyncio.sleep(0.337)
            begun_s = now_s()
            subscription = c.port.subscribe(rate_class, block_s)
            reader = asyncio.create_task(all_blocks(subscription))
            await asyncio.sleep(9.2)
            ended_s = now_s()
            subscription.close()
            blocks = await reader
            assert ended_s <= now_s() <= ended_s + c.rig.lag_s
            times = np.concatenate([b.time_s for b in blocks])
            numbers = np.round(times * rate_Hz).astype(int)
            assert (times == numbers / rate_Hz).all()
            assert (np.diff(numbers) == 1).all()
            assert begun_s <= times[0] < begun_s + 1 / rate_Hz
            assert ended_s - 1 / rate_Hz < times[-1] <= ended_s
            assert [b.sequence for b in blocks] == list(range(len(blocks)))
            full = max(1, round(block_s * rate_Hz))
            assert {len(b.time_s) for b in blocks[1:-1]} <= {full}
            assert all(len(b.time_s) <= full for b in blocks)
            # Everyone's blocks end at the same moments: whole blocks of the clock.
            assert all((round(b.time_s[-1] * rate_Hz) + 1) % full == 0 for b in blocks[:-1])
            for b in blocks:
                assert b.tags == c.port.tags.of_class(rate_class)
                assert b.values.shape == (len(b.time_s), len(b.tags))
                assert b.values.dtype == np.float32
                assert b.quality.tolist() == [Quality.GOOD] * len(b.time_s)
                assert not b.gap

    run(story())


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("block_s", [0.1, 1.0, 4.0])
@pytest.mark.parametrize(("rate_class", "rate_Hz"), [(FAST, 100), ("head3.fast", 100), ("facility", 1)])
def test_samples_lie_on_the_clock_in_contiguous_blocks(
    local: MakeRig, link: LinkModel, block_s: float, rate_class: str, rate_Hz: int
) -> None:
    check_samples_on_the_clock(local, link, block_s, rate_class, rate_Hz)


@pytest.mark.parametrize(
    ("link", "block_s", "rate_class", "rate_Hz"),
    [(LINKS[3], 0.1, FAST, 100), (LINKS[2], 4.0, "head3.fast", 100), (LINKS[1], 1.0, "facility", 1)],
)
def test_samples_lie_on_the_plc_s_clock_over_a_wire(
    link: LinkModel, block_s: float, rate_class: str, rate_Hz: int
) -> None:
    check_samples_on_the_clock(RIGS[PortKind.OPCUA], link, block_s, rate_class, rate_Hz)


def test_a_block_comes_when_its_time_is_over_and_the_link_has_carried_it(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make, LinkModel(0.15)) as c:
            subscription = c.port.subscribe(FAST, 0.5)
            block = await anext(subscription)
            come_s = block.time_s[-1] + 0.01 + 0.15
            assert come_s - 1e-6 <= now_s() <= come_s + c.rig.lag_s + 1e-6

    run(story())


def test_a_reader_that_lags_loses_nothing(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            subscription = c.port.subscribe(FAST, 0.5)
            await asyncio.sleep(20.0)
            subscription.close()
            await asyncio.sleep(5.0)
            times = np.concatenate([b.time_s for b in await all_blocks(subscription)])
            assert (np.diff(np.round(times * 100)) == 1).all()
            assert times[-1] - times[0] == pytest.approx(20.0, abs=0.011)  # one sample may lie on either side

    run(story())


def test_the_same_samples_come_whatever_the_block(make: MakeRig) -> None:
    async def story() -> None:
        async with connected(make) as c:
            subscriptions = [c.port.subscribe(FAST, block_s) for block_s in (0.1, 0.25, 1.0, 4.0)]
            readers = [asyncio.create_task(all_blocks(s)) for s in subscriptions]
            await c.port.write({SPEED: 60.0, "platen1.sp_ramp_s": 2.0})
            await asyncio.sleep(3.333)
            await c.port.write({SPEED: 20.0, "platen1.sp_di_flow_ml_min": 900.0})
            await asyncio.sleep(6.1)
            for subscription in subscriptions:
                subscription.close()
            rows = [np.concatenate([b.values for b in blocks]) for blocks in await asyncio.gather(*readers)]
            assert len(rows[0]) > 900
            for other in rows[1:]:
                np.testing.assert_array_equal(other, rows[0])

    run(story())
