"""Units of the twin: swing arms, exchange stations, dual-arm robots: their times, and what they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from units_case import UnitsCase

from planaris.clock import run
from planaris.hardware import DeviceReportedError
from planaris.twin import World

# Device times spread by 1 % (1 sigma, cut at 3); a handshake adds some tenths of a second.
SPREAD = 0.03
HANDSHAKE_S = 0.5
EXCHANGE, TABLE1, TABLE2 = 0, 1, 2

Story = Callable[[UnitsCase], Coroutine[Any, Any, None]]


def play(story: Story, seed: int = 1) -> UnitsCase:
    """Run a story on a connected machine in virtual time and return the machine's case."""
    kept: list[UnitsCase] = []

    async def main() -> None:
        case = UnitsCase(seed)
        kept.append(case)
        async with case.connected():
            await story(case)

    run(main(), speed=float("inf"))
    return kept[0]


def took(seconds: float) -> Any:
    """Return what equals a device time of so many nominal seconds."""
    return pytest.approx(seconds + HANDSHAKE_S / 2, abs=SPREAD * seconds + HANDSHAKE_S / 2)


async def refused(case: UnitsCase, device: str, verb: str, arg1: float = 0, arg2: float = 0) -> str:
    """Return the error's name with which a device refuses."""
    with pytest.raises(DeviceReportedError) as caught:
        await case.do(device, verb, arg1, arg2)
    return str(caught.value)


def test_a_head_swings_in_the_design_times_and_sits_over_the_table_it_reached() -> None:
    async def story(case: UnitsCase) -> None:
        handling, platens = case.machine.handling, case.machine.process.platens
        assert [handling.station_of(head) for head in (1, 2)] == [0, 0]
        assert await case.do("swing2", "to", TABLE1) == took(5.0)
        assert handling.station_of(2) == 3
        assert (handling.head_at(3), handling.head_at(4), handling.head_at(1)) == (2, None, None)
        assert await case.do("swing2", "to", TABLE2) == took(4.0)
        assert await case.seen("swing1.position", "swing2.position") == [EXCHANGE, TABLE2]
        assert platens[4].head is case.machine.process.heads[2]
        assert [platens[n].head for n in (1, 2, 3)] == [None, None, None]
        assert await case.do("swing2", "to", EXCHANGE) == took(5.0)
        assert platens[4].head is None

    play(story)


def test_an_arm_that_is_there_stays() -> None:
    async def story(case: UnitsCase) -> None:
        assert await case.do("swing1", "to", EXCHANGE) <= HANDSHAKE_S

    play(story)


def test_no_swing_with_the_head_down_the_station_up_or_a_conditioner_in_the_way() -> None:
    async def story(case: UnitsCase) -> None:
        case.put("exchange1")
        await case.do("exchange1", "load", 1)
        assert "interlock" in await refused(case, "swing1", "to", TABLE1)  # the station is still up
        await case.do("exchange1", "chuck", 1)
        await case.do("conditioner1", "down")
        assert "interlock" in await refused(case, "swing1", "to", TABLE1)
        await case.do("conditioner1", "up")
        await case.do("swing1", "to", TABLE1)
        await case.set_points(1, 1)
        await case.do("platen1", "slurry", 1, 1)
        await case.do("head1", "touch_down")
        assert "interlock" in await refused(case, "swing1", "to", TABLE2)
        await case.do("head1", "lift")
        await case.do("swing1", "to", TABLE2)
        assert "bad_argument" in await refused(case, "swing1", "to", 3)

    play(story)


def test_while_an_arm_swings_its_head_stays_up_and_disks_in_its_path_do_too() -> None:
    async def story(case: UnitsCase) -> None:
        case.put("head1")
        await case.do("swing1", "to", TABLE1)
        swinging = asyncio.create_task(case.do("swing1", "to", TABLE2))
        await asyncio.sleep(1.0)
        assert "interlock" in await refused(case, "head1", "touch_down")
        assert "interlock" in await refused(case, "conditioner1", "down")
        assert "interlock" in await refused(case, "conditioner2", "down")
        await case.do("conditioner3", "down")  # the other unit's
        await swinging
        await case.do("conditioner1", "down")  # the head is gone from there

    play(story)


def test_conditioning_goes_on_while_the_head_is_away_and_the_pad_feels_it() -> None:
    async def story(case: UnitsCase) -> None:
        await case.do("swing1", "to", TABLE1)
        await case.port.write(
            {
                "platen2.sp_conditioner_force_N": 22.0,
                "platen2.sp_conditioner_speed_rpm": 73.0,
                "platen2.sp_speed_rpm": 60.0,
            }
        )
        await case.do("conditioner2", "down")
        swinging = asyncio.create_task(case.do("swing1", "to", EXCHANGE))
        await asyncio.sleep(20.0)
        await swinging
        await case.do("conditioner2", "up")
        case.machine.process.settle()

    machine = play(story).machine
    conditioned, idle = machine.process.platens[2], machine.process.platens[1]
    assert conditioned.disk_hours > 0.0 == idle.disk_hours
    assert conditioned.pad_lost_um.max() > 0.0


def test_the_exchange_takes_its_four_times_and_the_head_holds_the_wafer() -> None:
    async def story(case: UnitsCase) -> None:
        case.put("exchange2")
        assert await case.do("exchange2", "load", 2) + await case.do("exchange2", "chuck", 2) == took(9.0)
        assert await case.seen("head2.wafer_present", "exchange2.wafer_present") == [1.0, 0.0]
        assert "precondition" in await refused(case, "exchange1", "unload", 2)
        await case.do("swing2", "to", TABLE1)
        assert "precondition" in await refused(case, "exchange2", "unload", 2)
        await case.do("swing2", "to", EXCHANGE)
        assert await case.do("exchange2", "unload", 2) == took(6.0)
        assert await case.do("exchange2", "rinse", 2) == took(10.0)
        assert await case.seen("head2.wafer_present", "exchange2.wafer_present") == [0.0, 1.0]

    play(story)


def test_a_wafer_is_polished_on_the_table_its_head_sits_over_while_the_other_unit_swings() -> None:
    async def story(case: UnitsCase) -> None:
        case.put("head1")
        await case.do("swing1", "to", TABLE2)
        await case.set_points(2, 1)
        await case.do("platen2", "slurry", 1, 1)
        await case.do("head1", "touch_down")
        for position in (TABLE1, TABLE2, EXCHANGE):
            await case.do("swing2", "to", position)
        await case.do("head1", "lift")
        case.machine.process.settle()

    case = play(story)
    wafer = case.machine.places.get("head1")
    assert wafer is not None
    removed_nm = float(np.mean(wafer.before_nm - wafer.thickness_nm))
    # About 14 s at some 250 nm/min.
    assert 20.0 < removed_nm < 120.0
    assert case.machine.process.platens[2].wafers_count == 1
    assert [case.machine.process.platens[n].pad_lost_um.max() for n in (1, 3, 4)] == [0.0, 0.0, 0.0]


def test_a_second_arm_swaps_in_the_swap_time_and_each_half_is_seen() -> None:
    async def story(case: UnitsCase) -> None:
        station, megasonic = case.station("exchange1"), case.station("megasonic")
        case.put("wet_robot", "fresh")
        case.put("exchange1", "polished")
        assert await case.do("wet_robot", "goto", station) == took(3.0)
        first_s = await case.do("wet_robot", "pick_b", station)
        assert await case.seen("wet_robot.wafer_present", "wet_robot_b.wafer_present", "exchange1.wafer_present") == [
            1,
            1,
            0,
        ]
        assert first_s + await case.do("wet_robot", "place", station) == took(6.0)
        assert await case.seen("wet_robot.wafer_present", "wet_robot_b.wafer_present", "exchange1.wafer_present") == [
            0,
            1,
            1,
        ]
        assert await case.do("wet_robot", "place_b", megasonic) == took(3.0 + 4.0)
        at = {place: wafer.wafer_id for place, wafer in case.machine.places.items()}
        assert at == {"exchange1": "fresh", "megasonic": "polished"}

    play(story)


def test_a_robot_before_a_station_need_not_move_there() -> None:
    async def story(case: UnitsCase) -> None:
        stage = case.station("stage")
        case.put("stage")
        await case.do("wet_robot", "goto", stage)
        assert await case.do("wet_robot", "pick", stage) == took(4.0)
        assert "wafer_present" in await refused(case, "wet_robot", "pick", stage)
        assert "no_wafer" in await refused(case, "wet_robot", "place_b", stage)
        assert await case.do("wet_robot", "place", case.station("stage_out")) == took(3.0 + 4.0)

    play(story)


def test_an_emergency_stop_leaves_an_arm_where_it_was_and_its_table_rinsed() -> None:
    async def story(case: UnitsCase) -> None:
        case.put("head1")
        await case.do("swing1", "to", TABLE1)
        swinging = asyncio.create_task(refused(case, "swing1", "to", EXCHANGE))
        await asyncio.sleep(2.0)
        case.machine.safety.trip("emo")
        assert "interlock" in await swinging
        assert await case.seen("swing1.position") == [TABLE1]
        await asyncio.sleep(5.0)
        assert case.machine.process.platens[1].bank.targets()["di"] > 0
        case.machine.safety.reset("emo")
        await case.do("swing1", "to", EXCHANGE)
        assert await case.seen("swing1.position", "head1.wafer_present") == [EXCHANGE, 1.0]

    play(story)


def test_a_robot_that_misses_reports_done_and_leaves_the_wafer_where_it_was() -> None:
    async def story(case: UnitsCase) -> None:
        world = World(case.machine)
        stage = case.station("stage")
        case.put("stage")
        world.inject_fault("wet_robot", "miss", 1.0)
        await case.do("wet_robot", "pick", stage)
        assert await case.seen("stage.wafer_present", "wet_robot.wafer_present") == [1, 0]
        await case.do("wet_robot", "pick", stage)
        assert await case.seen("stage.wafer_present", "wet_robot.wafer_present") == [0, 1]
        world.inject_fault("wet_robot", "miss", 5.0)
        await case.do("wet_robot", "place", stage)
        assert await case.seen("stage.wafer_present", "wet_robot.wafer_present") == [0, 1]
        world.clear_fault("wet_robot")
        await case.do("wet_robot", "place", stage)
        assert await case.seen("stage.wafer_present", "wet_robot.wafer_present") == [1, 0]

    play(story)
