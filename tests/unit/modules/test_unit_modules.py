"""Exchange station, swing arm and dual-arm robot on the twin: what they ask first, confirm after, and refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

import pytest
from module_bench import ModuleBench

from planaris import clock
from planaris.formats import load_tool
from planaris.model import Face, ToolDescription
from planaris.modules import DualArmRobot, Exchange, Swing, WaferNotSeenError


@cache
def tool_b() -> ToolDescription:
    return load_tool("tool_b")


Story = Callable[[ModuleBench], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    async def main() -> None:
        bench = ModuleBench(tool=tool_b())
        async with bench.serving():
            await story(bench)

    clock.run(main())


def test_a_wafer_goes_through_a_unit_and_each_move_asks_its_interlocks() -> None:
    async def story(bench: ModuleBench) -> None:
        exchange, swing = Exchange(2, bench.context), Swing(2, bench.context)
        bench.put_wafer("exchange2")
        await exchange.load(2)
        assert await bench.tags("head2.wafer_present") == {"head2.wafer_present": 1.0}
        await swing.to(4, loaded=True)
        assert (swing.platen, swing.state) == (4, "idle")
        await swing.to(3, loaded=True)
        await swing.to(0, loaded=True)
        await exchange.unload(2)
        await exchange.rinse(2)
        assert bench.asked == [
            ("exchange.load", "head2"), ("swing.to", "swing2 to platen4"), ("swing.to", "swing2 to platen3"),
            ("swing.to", "swing2 to exchange2"), ("exchange.unload", "head2"),
        ]  # fmt: skip
        assert await bench.tags("exchange2.wafer_present", "head2.wafer_present") == {
            "exchange2.wafer_present": 1.0, "head2.wafer_present": 0.0,
        }  # fmt: skip

    play(story)


def test_an_arm_that_is_there_does_nothing_and_another_units_platen_is_an_error() -> None:
    async def story(bench: ModuleBench) -> None:
        swing = Swing(1, bench.context)
        await swing.to(0)
        assert bench.asked == []
        with pytest.raises(ValueError, match="platen3 is none of swing1"):
            await swing.to(3)

    play(story)


def test_an_arm_does_not_swing_when_the_head_lost_its_wafer() -> None:
    async def story(bench: ModuleBench) -> None:
        swing = Swing(1, bench.context)
        with pytest.raises(WaferNotSeenError) as caught:
            await swing.to(1, loaded=True)
        assert (caught.value.sensor, caught.value.expected) == ("head1.wafer_present", True)
        assert swing.state == "idle"
        assert bench.asked == []

    play(story)


def test_a_swap_is_seen_half_by_half_and_takes_no_longer_than_the_swap() -> None:
    async def story(bench: ModuleBench) -> None:
        robot = DualArmRobot("wet_robot", bench.context)
        bench.put_wafer("stage", "fresh")
        bench.put_wafer("exchange1", "polished")
        await robot.pick("stage")
        await robot.flip(Face.DOWN, "exchange1")
        await robot.goto("exchange1")
        assert (robot.before, robot.state) == ("exchange1", "holding")
        start_s = clock.now_s()
        await robot.pick("exchange1", "wet_robot_b")
        assert robot.state == "holding"
        await robot.place("exchange1")
        # Two handshakes on top of the 6 s, each a few tenths of a second.
        assert 5.8 < clock.now_s() - start_s < 7.2
        assert robot.state == "holding"
        await robot.flip(Face.UP, "megasonic", "wet_robot_b")
        await robot.place("megasonic", "wet_robot_b")
        assert robot.state == "idle"
        at = {place: wafer.wafer_id for place, wafer in bench.machine.places.items()}
        assert at == {"exchange1": "fresh", "megasonic": "polished"}

    play(story)


def test_an_arm_that_does_not_show_its_wafer_fails_the_pick() -> None:
    async def story(bench: ModuleBench) -> None:
        robot = DualArmRobot("wet_robot", bench.context)
        bench.put_wafer("exchange1")
        picking = asyncio.create_task(robot.pick("exchange1", "wet_robot_b"))
        await asyncio.sleep(6.0)
        bench.machine.handling.sensor = lambda location: None  # type: ignore[method-assign]
        with pytest.raises(WaferNotSeenError) as caught:
            await picking
        assert caught.value.sensor == "wet_robot_b.wafer_present"

    play(story)
