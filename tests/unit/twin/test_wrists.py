"""Wrists of the twin's wet robot: a wafer is turned over on its way, within the transfer that a tool declares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from units_case import UnitsCase, tool_b

from planaris.clock import run
from planaris.hardware import DeviceReportedError
from planaris.twin import World

UP, DOWN, BETWEEN = 1, 2, 0
# Device times spread by 1 % (1 sigma, cut at 3); a handshake adds some tenths of a second.
HANDSHAKE_S = 0.5


def play(story: Callable[[UnitsCase], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        case = UnitsCase(1)
        async with case.connected():
            await story(case)

    run(main(), speed=float("inf"))


def wrist(case: UnitsCase, arm: str = "wet_robot") -> int:
    return int(case.machine.plc.values[f"{arm}.wrist"])  # type: ignore[arg-type]


def test_a_gripper_meets_the_back_of_what_it_picks_and_a_turn_turns_the_wafer() -> None:
    async def story(case: UnitsCase) -> None:
        wafer = case.put("stage")
        await case.do("wet_robot", "pick", case.station("stage"))
        assert (wrist(case), wafer.face_down) == (UP, False)
        turning = asyncio.create_task(case.do("wet_robot", "flip", 0, DOWN))
        await asyncio.sleep(1.0)
        assert wrist(case) == BETWEEN
        await turning
        assert (wrist(case), wafer.face_down) == (DOWN, True)
        assert await case.do("wet_robot", "flip", 0, DOWN) <= HANDSHAKE_S  # it stands there
        await case.do("wet_robot", "place", case.station("exchange1"))
        other = case.put("stage", "W2")
        await case.do("wet_robot", "pick", case.station("stage"))
        assert (wrist(case), other.face_down) == (UP, False)

    play(story)


def test_a_turn_on_the_way_costs_no_time_and_one_elsewhere_does() -> None:
    wet = tool_b().wet_robot

    async def transfer(case: UnitsCase, toward: str) -> float:
        case.put("stage")
        await case.do("wet_robot", "pick", case.station("stage"))
        began_s = asyncio.get_running_loop().time()
        await case.do("wet_robot", "flip", case.station(toward) if toward else 0, DOWN)
        await case.do("wet_robot", "place", case.station("exchange2"))
        took_s = asyncio.get_running_loop().time() - began_s
        case.machine.places.take("exchange2")
        case.machine.handling.sensor("exchange2")
        return took_s

    async def story(case: UnitsCase) -> None:
        on_the_way_s, in_place_s = await transfer(case, "exchange2"), await transfer(case, "")
        assert on_the_way_s == pytest.approx(wet.move_s + wet.place_s, rel=0.03, abs=HANDSHAKE_S / 2)
        assert in_place_s == pytest.approx(wet.flip_s + wet.move_s + wet.place_s, rel=0.03, abs=HANDSHAKE_S)

    play(story)


def test_what_cannot_be_turned_is_refused() -> None:
    async def refused(case: UnitsCase, arg1: float, arg2: float) -> str:
        with pytest.raises(DeviceReportedError) as caught:
            await case.do("wet_robot", "flip", arg1, arg2)
        return str(caught.value)

    async def story(case: UnitsCase) -> None:
        assert "no_wafer" in await refused(case, 0, DOWN)
        case.put("wet_robot")
        assert "bad_argument" in await refused(case, 0, 7)
        assert "bad_argument" in await refused(case, 99, DOWN)
        assert wrist(case) == UP

    play(story)


def test_a_jammed_wrist_stays_between_its_stops_until_it_is_mended() -> None:
    async def story(case: UnitsCase) -> None:
        world, wafer = World(case.machine), case.put("wet_robot")
        world.inject_fault("wet_robot", "flip_jam", 0.0)
        with pytest.raises(DeviceReportedError, match="hardware_fault"):
            await case.do("wet_robot", "flip", 0, DOWN)
        assert (wrist(case), wafer.face_down) == (BETWEEN, False)
        world.clear_fault("wet_robot")
        await case.do("wet_robot", "flip", 0, DOWN)
        assert (wrist(case), wafer.face_down) == (DOWN, True)

    play(story)


def test_a_wafer_that_falls_is_not_seen_and_its_pieces_keep_the_room_until_they_are_taken_out() -> None:
    async def story(case: UnitsCase) -> None:
        world = World(case.machine)
        case.put("wet_robot")
        world.inject_fault("wet_robot", "flip_drop", 1.0)
        await case.do("wet_robot", "flip", 0, DOWN)
        assert await case.seen("wet_robot.wafer_present", "wet_robot.flip_clear", "wet_robot_b.flip_clear") == [0, 0, 1]
        world.take_wafer("wet_robot")
        assert await case.seen("wet_robot.wafer_present", "wet_robot.flip_clear") == [0, 1]

    play(story)
