"""Faults of the twin that end by themselves after a time of tool time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from twin_case import dictionary_a, tool_a, truth_a

from planaris import clock
from planaris.twin import Machine, World

LASTING = ["slip", "break", "lost", "slots", "worn_disk", "ring_wear"]


def in_world(act: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        machine = Machine(tool_a(), dictionary_a(), truth_a(), 1)
        await act(World(machine))
        machine.close()

    clock.run(main())


def test_a_fault_ends_when_its_time_is_over() -> None:
    async def act(world: World) -> None:
        fault = world.machine.devices["aligner"].fault
        world.inject_fault("aligner", "jammed", 0.0, 5.0)
        await asyncio.sleep(4.999)
        assert fault.jammed
        await asyncio.sleep(0.002)
        assert not fault.jammed

    in_world(act)


def test_a_later_word_on_the_same_target_stands() -> None:
    async def act(world: World) -> None:
        fault = world.machine.devices["aligner"].fault
        world.inject_fault("aligner", "silent", 0.0, 5.0)
        await asyncio.sleep(3.0)
        world.inject_fault("aligner", "silent", 0.0, 5.0)
        await asyncio.sleep(4.0)
        assert fault.silent, "the first end came in between"
        world.inject_fault("aligner", "silent", 0.0)
        await asyncio.sleep(100.0)
        assert fault.silent, "a fault without a duration ended"
        world.inject_fault("aligner", "silent", 0.0, 5.0)
        world.clear_fault("aligner")
        world.machine.devices["aligner"].fault.jammed = True
        await asyncio.sleep(10.0)
        assert fault.jammed, "the end of a fault that was cleared mended another"

    in_world(act)


def test_each_kind_of_target_is_mended() -> None:
    async def act(world: World) -> None:
        machine = world.machine
        world.inject_fault("air", "loss", 0.0, 2.0)
        world.inject_fault("door_open", "trip", 0.0, 2.0)
        world.inject_fault("di_pressure_kPa", "supply", 0.2, 2.0)
        world.inject_fault("platen1", "slurry_drop", 1.0, 2.0)
        assert machine.process.lost
        assert not machine.plc.values["safety.healthy"]
        await asyncio.sleep(2.001)
        assert not machine.process.lost
        assert machine.plc.values["safety.healthy"]
        assert machine.sensors_now("facility", 2.001)["facility.di_pressure_kPa"] > 300.0

    in_world(act)


@pytest.mark.parametrize("duration_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_duration_is_a_time(duration_s: float) -> None:
    async def act(world: World) -> None:
        with pytest.raises(ValueError, match="more than 0 s"):
            world.inject_fault("aligner", "jammed", 0.0, duration_s)
        assert not world.machine.devices["aligner"].fault.jammed

    in_world(act)


@pytest.mark.parametrize("fault", LASTING)
def test_what_has_happened_has_no_duration(fault: str) -> None:
    async def act(world: World) -> None:
        with pytest.raises(ValueError, match=f"{fault} is not mended by time"):
            world.inject_fault("platen1", fault, 1.0, 10.0)

    in_world(act)
