"""Endpoint detectors on what the twin's window shows: thickness against the twin's truth, with its deviations."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from twin_case import TwinCase, all_blocks, tool_a

from planaris.clock import run
from planaris.control import Decision, DecisionKind, StepContext, WindowTrack, detector_of
from planaris.model import Block, DetectorKind, DetectorSetting, EndKind, FilmStack, Layer, StepEnd
from planaris.twin import World

FILMS = FilmStack((Layer("TEOS", 1500.0),), "Si")
# What the package says of 4 psi and 93 rpm.
RATE_NM_MIN = 290.0


def context() -> StepContext:
    sensors = tool_a().endpoint_sensors
    assert sensors is not None
    track = WindowTrack(tool_a().platen.center_distance_mm, sensors.window_radius_mm)
    return StepContext(FILMS, RATE_NM_MIN, track=track, laser_nm=sensors.laser_wavelength_nm)


async def watched(seconds: float, seed: int) -> tuple[list[Block], float, float]:
    """Return a polish's optical blocks, the true mean inside 3 mm at a time late in it, and that time."""
    case = TwinCase(seed=seed)
    world = World(case.machine)
    async with case.connected():
        reader = asyncio.create_task(all_blocks(case.port.subscribe("platen1.optical", 0.1)))
        await case.begin_polish()
        await asyncio.sleep(seconds)
        film = world.wafers()[0].after_nm
        asked_s = case.machine.time_s
        await case.end_polish()
        await case.port.close()
        grid = case.machine.process.grid
        r_mm = (np.arange(grid.n_r) + 0.5) * grid.radius_mm / grid.n_r
        inside = r_mm < 97.0
        mean_nm = float(np.average(film.mean(axis=1)[inside], weights=r_mm[inside]))
        return await reader, mean_nm, asked_s


def last_before(setting: DetectorSetting, blocks: list[Block], time_s: float) -> Decision:
    end = StepEnd(EndKind.ENDPOINT, 60.0, 5.0, 300.0, detectors=(setting,))
    detector = detector_of(end, context())
    state: Any = detector.start(float(blocks[0].time_s[0]))
    said = Decision(DecisionKind.NONE, 0.0)
    for block in blocks:
        if float(block.time_s[-1]) > time_s:
            break
        state, said = detector.step(state, block)
    return said


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_spectrum_says_what_the_twin_knows(seed: int) -> None:
    blocks, mean_nm, asked_s = run(watched(40.0, seed))
    said = last_before(DetectorSetting(DetectorKind.SPECTRUM, target_nm=500.0), blocks, asked_s)
    assert said.thickness_nm is not None
    assert said.rate_nm_min is not None
    foreseen_nm = said.thickness_nm - said.rate_nm_min / 60.0 * (asked_s - said.time_s)
    assert said.kind is DecisionKind.NONE, said.why
    # Four times the goal's 1σ: the twin's index, lamp and window are its own.
    assert foreseen_nm == pytest.approx(mean_nm, abs=20.0)
    assert said.confidence_fraction > 0.5
