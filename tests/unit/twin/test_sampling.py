"""Observing never steers: samples and the run are the same whoever reads, however often and in whatever blocks."""

from __future__ import annotations

import asyncio
import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray
from twin_case import TwinCase, all_blocks, rows_of

from planaris.clock import now_s, run
from planaris.hardware import STATE, Subscription
from planaris.model import Block
from planaris.twin import LinkModel, World

# As physics goes on in doubles, cutting a stretch in two may leave rounding, nothing else.
ROUNDING = 1e-9
JITTER = LinkModel(0.01, 0.15, 0.05)


async def short_polish(case: TwinCase) -> None:
    """Polish for 20 s with a step between, lift, turn the carousel, rinse the pad."""
    await case.begin_polish()
    await asyncio.sleep(9.137)
    await case.port.write({"platen1.sp_speed_rpm": 60.0, "head1.sp_sweep_per_min": 6.0, "head1.sp_speed_rpm": 55.0})
    await asyncio.sleep(8.0)
    await case.end_polish()
    await case.device("carousel").do("index", 2, limit_s=30.0)
    await case.device("platen1").do("rinse", 1, limit_s=10.0)
    await asyncio.sleep(3.21)


class Polled:
    """Somebody who reads tags again and again."""

    def __init__(self, case: TwinCase, period_s: float, tags: list[str]) -> None:
        self._case, self._period_s, self._tags = case, period_s, tags

    async def run(self) -> None:
        while True:
            await self._case.port.read(self._tags)
            await asyncio.sleep(self._period_s)


TAGS = ["platen1.pad_temperature_C", "head1.torque_Nm", "platen2.torque_Nm", "head1.up", "facility.vacuum_kPa"]


def end_state(case: TwinCase) -> NDArray[np.float64]:
    """Return everything the machine's physics remembers, in one row."""
    parts: list[NDArray[np.float64]] = []
    for platen in case.machine.process.present().values():
        state = platen.state
        parts += [np.ravel(a) for a in (state.temperature_C, state.populations, state.solids_ratio, platen.lags)]
        parts += [platen.pad_lost_um, np.array([platen.disk_hours, platen.conditioned_s])]
        head = platen.head
        assert head is not None
        parts += [head.lags, np.array([head.ring_lost_um, head.membrane_h])]
    return np.concatenate([*parts, case.wafer.thickness_nm.ravel()])


async def polished(period_s: float | None, link: LinkModel | None = None) -> tuple[NDArray[np.float64], float]:
    case = TwinCase(link)
    async with case.connected():
        reader = None
        if period_s is not None:
            reader = asyncio.create_task(Polled(case, period_s, TAGS).run())
        await short_polish(case)
        if reader is not None:
            reader.cancel()
        return end_state(case), now_s()


@pytest.mark.parametrize("period_s", [0.1, 1.0, 0.0371])
def test_a_polled_run_is_the_unpolled_run(period_s: float) -> None:
    alone, alone_s = run(polished(None))
    watched, watched_s = run(polished(period_s))
    assert watched_s == alone_s
    np.testing.assert_allclose(watched, alone, rtol=ROUNDING, atol=ROUNDING)
    assert 1500.0 - alone[-1] > 20.0, "the polish must have taken film off"


def test_reading_the_truth_changes_nothing_either() -> None:
    async def story(look: bool) -> NDArray[np.float64]:
        case = TwinCase()
        world = World(case.machine)

        async def look_on() -> None:
            while look:
                await asyncio.sleep(0.777)
                assert len(world.wafers()) == 1
                assert world.parts()

        async with case.connected():
            looking = asyncio.create_task(look_on())
            await short_polish(case)
            looking.cancel()
            return end_state(case)

    np.testing.assert_allclose(run(story(True)), run(story(False)), rtol=ROUNDING, atol=ROUNDING)


def test_the_truth_told_in_mid_polish_is_the_present() -> None:
    async def story() -> None:
        case = TwinCase()
        world = World(case.machine)
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(10.0)
            films = []
            for _ in range(5):
                films.append(float(world.wafers()[0].after_nm.mean()))
                await asyncio.sleep(1.0)
            # Some 300 nm/min on a pad that warms: each second takes its 5 nm, whatever chunk it falls in.
            assert (np.diff(films) < -4.0).all()
            assert (np.diff(films) > -6.0).all()

    run(story())


# -- readers -----------------------------------------------------------------------------------------------------


def digest(blocks: list[Block]) -> str:
    found = hashlib.sha256()
    for block in blocks:
        found.update(repr((block.rate_class, block.tags, block.sequence)).encode())
        found.update(block.time_s.tobytes() + block.values.tobytes())
    return found.hexdigest()


async def observed(readers: int) -> list[str]:
    """Polish on a bad link with some readers; return hashes of what the first subscriber saw."""
    case = TwinCase(JITTER)
    async with case.connected():
        classes = (STATE, "platen1.fast", "head1.fast")
        mine = [asyncio.create_task(all_blocks(case.port.subscribe(c, 1.0))) for c in classes]
        others = [asyncio.create_task(Polled(case, 0.05 + 0.01 * k, TAGS).run()) for k in range(readers // 2)]
        kinds = ("platen1.fast", "head1.fast", "head2.fast", "facility", STATE)
        subscriptions: list[Subscription] = []
        for k in range(readers - readers // 2):
            subscription = case.port.subscribe(kinds[k % len(kinds)], 0.3 + 0.1 * k)
            subscriptions.append(subscription)
            others.append(asyncio.create_task(drain(subscription)))
        await short_polish(case)
        for subscription in subscriptions[::2]:
            subscription.close()
        await asyncio.sleep(4.0)
        await case.port.close()
        for other in others:
            other.cancel()
        return [digest(blocks) for blocks in await asyncio.gather(*mine)]


async def drain(subscription: Subscription) -> None:
    async for _ in subscription:
        pass


def test_fifty_readers_on_a_bad_link_leave_every_bit_as_it_is() -> None:
    assert run(observed(50)) == run(observed(0))


# -- blocks ------------------------------------------------------------------------------------------------------


def test_samples_are_the_same_in_every_block_length_through_steps_lift_and_turn() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            tasks = {
                (owner, block_s): asyncio.create_task(all_blocks(case.port.subscribe(f"{owner}.fast", block_s)))
                for owner in ("platen1", "head1", "platen2", "head2", "head4")
                for block_s in (0.1, 1.0, 4.0, 60.0)
            }
            await short_polish(case)
            await case.port.close()
            rows = {key: rows_of(await task) for key, task in tasks.items()}
            for owner in ("platen1", "head1", "platen2", "head2", "head4"):
                for block_s in (1.0, 4.0, 60.0):
                    np.testing.assert_array_equal(rows[owner, block_s], rows[owner, 0.1])

    run(story())


def test_a_single_reading_is_the_sample_of_that_moment() -> None:
    async def story() -> None:
        case = TwinCase(LinkModel(0.0))
        async with case.connected():
            names = case.port.tags.of_class("platen1.fast")
            reader = asyncio.create_task(all_blocks(case.port.subscribe("platen1.fast", 4.0)))
            beginning = asyncio.create_task(case.begin_polish())
            read: dict[int, list[float]] = {}
            for number in range(0, 1300, 23):
                await asyncio.sleep(number / 100 - now_s())
                read[number] = [float(v) for v in (await case.values(*names)).values()]
            await beginning
            await case.port.close()
            rows = rows_of(await reader)
            for number, values in read.items():
                np.testing.assert_allclose(rows[number], values, rtol=1e-6, atol=1e-6)

    run(story())


def test_no_sensor_moves_before_the_command_that_moves_it() -> None:
    """Blocks that end after a command show before it what blocks that ended before it had shown."""

    async def story(command: bool) -> NDArray[np.float32]:
        case = TwinCase(LinkModel(0.0))
        async with case.connected():
            await case.begin_polish()
            reader = asyncio.create_task(all_blocks(case.port.subscribe("head1.fast", 16.0)))
            tap = asyncio.create_task(all_blocks(case.port.subscribe("platen1.fast", 16.0)))
            await asyncio.sleep(30.043 - now_s())
            if command:
                zones = {f"head1.sp_zone{z}_pressure_kPa": 0.0 for z in (1, 2, 3)}
                await case.port.write({"head1.sp_ramp_s": 0.0, **zones, "head1.sp_sweep_per_min": 0.0})
                await case.port.write({"platen1.sp_ramp_s": 0.0, "platen1.sp_conditioner_sweep_per_min": 0.0})
                await case.port.write({"platen1.sp_coolant_temperature_C": 40.0, "platen1.sp_speed_rpm": 0.0})
            await asyncio.sleep(20.0)
            await case.port.close()
            rows = np.concatenate([rows_of(await reader), rows_of(await tap)], axis=1)
            first = round((await reader)[0].time_s[0] * 100)
            return rows[: 3005 - first]

    np.testing.assert_array_equal(run(story(True)), run(story(False)))


def test_a_long_subscription_keeps_no_more_than_its_next_block_needs() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            platen, head = case.machine.process.platens[1], case.machine.process.heads[1]
            readers = [asyncio.create_task(drain(case.port.subscribe(f"{n}.fast", 4.0))) for n in ("platen1", "head1")]
            for speed in range(200):
                await case.port.write({"platen1.sp_speed_rpm": float(speed), "head1.sp_speed_rpm": float(speed)})
                await asyncio.sleep(3.0)
            assert platen.series is not None
            assert head.series is not None
            # One chunk holds what is sampled next, and one the present; of commands those of the last chunks.
            assert max(len(platen.series), len(head.series)) <= 3
            assert max(len(platen.bank._segments), len(head.bank._segments)) <= 20
            await case.port.close()
            await asyncio.gather(*readers)
            assert platen.series is None
            assert head.series is None

    run(story())
