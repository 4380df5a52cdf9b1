"""A chunk under way: each interval is worked out once, and what commands and readers leave of it is the same chunk."""

from __future__ import annotations

import asyncio
from dataclasses import fields

import numpy as np
import pytest
from twin_case import TwinCase

from planaris.clock import run as run_on
from planaris.physics import PlatenBlock, PlatenDrive, PlatenModel, PlatenState, polish_block
from planaris.twin import platen as platen_file
from planaris.twin.chunks import FINE_EDGES, Array
from planaris.twin.course import Stretch, joined
from planaris.twin.platen import TruePlaten

POLISH_S = 23.4
COMMANDS_S = (3.21, 4.0, 4.33, 17.05)


async def polish(case: TwinCase, read_s: float | None) -> None:
    """Polish with commands at odd moments, and read a sensor now and then."""
    async with case.connected():
        beating = asyncio.create_task(case.beat())
        await case.begin_polish()
        begun_s = asyncio.get_running_loop().time()

        async def read() -> None:
            while read_s is not None:
                await case.port.read(["platen1.torque_Nm", "head1.torque_Nm"])
                await asyncio.sleep(read_s)

        reading = asyncio.create_task(read())
        for k, at_s in enumerate(COMMANDS_S):
            await asyncio.sleep(begun_s + at_s - asyncio.get_running_loop().time())
            await case.port.write({"platen1.sp_speed_rpm": 60.0 + k})
        await asyncio.sleep(begun_s + POLISH_S - asyncio.get_running_loop().time())
        reading.cancel()
        case.machine.process.settle()
        beating.cancel()


@pytest.mark.parametrize("read_s", [None, 0.13, 1.0, 2.7])
def test_readers_add_no_more_than_a_look_to_the_chunks_end_at_each_command(
    read_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out: list[int] = []

    def counting(state: PlatenState, drive: PlatenDrive, model: PlatenModel, dt_s: Array) -> PlatenBlock:
        worked_out.append(len(dt_s))
        return polish_block(state, drive, model, dt_s)

    async def whole() -> int:
        case = TwinCase()
        monkeypatch.setattr(platen_file, "polish_block", counting)
        await polish(case, read_s)
        return case.machine.process.platens[1].wafers_count

    assert run_on(whole()) == 1
    # Edges of 0.1 s and one for each of the commands of the polish's begin, of its course and of the settling.
    at_least = round(10 * POLISH_S)
    commands = len(COMMANDS_S) + 12
    looked_ahead = 0 if read_s is None else commands * FINE_EDGES.chunk_count
    assert at_least <= sum(worked_out) <= at_least + 10 * 10 + commands + looked_ahead


def _stretches(cuts: tuple[int, ...]) -> Stretch:
    """Return 40 intervals over a platen in polish, worked out in the pieces that ``cuts`` make."""

    async def whole() -> Stretch:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(2.0)
            platen: TruePlaten = case.machine.process.platens[1]
            platen.advance(platen.time_s)
            course = platen._course_to(platen.time_s + 4.0)  # pyright: ignore[reportPrivateUsage]
            for count in (*cuts, len(course.middles_s)):
                platen._work_out(course, count)  # pyright: ignore[reportPrivateUsage]
            assert len(course.stretches) == len(cuts) + 1
            return joined(course.stretches)

    return run_on(whole())


@pytest.mark.parametrize("cuts", [(1,), (13,), (5, 6, 30)])
def test_pieces_give_the_bits_of_the_whole(cuts: tuple[int, ...]) -> None:
    whole, pieces = _stretches(()), _stretches(cuts)
    for part in ("drive", "block"):
        for field in fields(getattr(whole, part)):
            one, other = (getattr(getattr(stretch, part), field.name) for stretch in (whole, pieces))
            if isinstance(one, np.ndarray):
                np.testing.assert_array_equal(np.broadcast_to(one, other.shape), other)


def test_the_first_intervals_of_a_stretch_end_in_the_state_of_the_last_of_them() -> None:
    whole = _stretches(())
    first = whole.first(13)
    assert len(first) == 13
    np.testing.assert_array_equal(first.block.state.temperature_C, whole.block.temperature_C[12])
    np.testing.assert_array_equal(first.block.state.populations, whole.block.populations[12])
    assert float(first.block.state.solids_ratio) == float(whole.block.solids_ratio[12])
