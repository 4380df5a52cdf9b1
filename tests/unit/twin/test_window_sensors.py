"""Window sensors: true films at the true place and time, the same for every reader, nothing computed for nobody."""

from __future__ import annotations

import asyncio
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from twin_case import TwinCase, all_blocks, tool_a

from planaris.clock import run
from planaris.model import Block, Quality
from planaris.physics import spectrum_of, spectrum_wavelengths_nm, window_position
from planaris.processes import load_package
from planaris.twin import World, make_truth

OPTICAL = "platen1.optical"
WAVES = spectrum_wavelengths_nm(256)


def joined(blocks: list[Block], leaf: str) -> NDArray[np.float64]:
    return np.concatenate([block.column(f"platen1.{leaf}") for block in blocks]).astype(np.float64)


def times_of(blocks: list[Block]) -> NDArray[np.float64]:
    return np.concatenate([block.time_s for block in blocks])


async def polish(case: TwinCase, seconds: float) -> None:
    await case.begin_polish()
    await asyncio.sleep(seconds)
    await case.end_polish()


def matched_case() -> TwinCase:
    """A twin whose truth is the nominal one."""
    return TwinCase(truth=make_truth(load_package("oxide_ild"), "TEOS", tool_a(), 1, matched=True))


@cache
def library() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    d = np.arange(1200.0, 1520.0, 0.5)
    return d, spectrum_of(("TEOS",), d[:, None], WAVES)


def test_one_sweep_a_turn_with_its_reference() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            reader = asyncio.create_task(all_blocks(case.port.subscribe(OPTICAL, 0.5)))
            await polish(case, 15.0)
            await case.port.close()
            blocks = await reader
            under, angle = joined(blocks, "window_under_wafer") == 1.0, joined(blocks, "window_angle_deg")
            times = times_of(blocks)
            assert (np.diff(times) > 0.0).all()
            references = times[~under]
            # 93 rpm: a turn of 645 ms; 16 flashes on the wafer after each reference.
            assert np.diff(references)[-6:] == pytest.approx(60.0 / 93.0, abs=0.01)
            between = np.flatnonzero(~under)
            assert set(np.diff(between)[2:-1].tolist()) == {17}
            assert np.abs((angle[~under] + 180.0) % 360.0 - 180.0).max() < 1e-3
            r, _ = window_position(
                angle[under], joined(blocks, "window_head_angle_deg")[under],
                center_distance_mm=125.0 + joined(blocks, "window_sweep_mm")[under], window_radius_mm=125.0,
            )  # fmt: skip
            assert r.max() < 97.0 + 0.01
            assert r.min() < 8.0

    run(story())


def test_the_spectrum_is_that_of_the_film_there_and_then() -> None:
    async def story() -> None:
        case = matched_case()
        world = World(case.machine)
        async with case.connected():
            reader = asyncio.create_task(all_blocks(case.port.subscribe(OPTICAL, 0.1)))
            await case.begin_polish()
            await asyncio.sleep(12.0)
            before = world.wafers()[0].after_nm
            await asyncio.sleep(1.0)
            after = world.wafers()[0].after_nm
            asked_s = case.machine.time_s
            await case.end_polish()
            await case.port.close()
            blocks = await reader
            times, under = times_of(blocks), joined(blocks, "window_under_wafer") == 1.0
            spectra = joined(blocks, "spectrum")
            assert spectra.shape == (len(times), 256)
            # The last flash of a reference gives the lamp.
            lamp = spectra[~under].mean(axis=0)
            here = under & (times > asked_s - 1.0) & (times < asked_s)
            d, book = library()
            found = np.array([d[np.argmin(((s / lamp - book) ** 2).sum(axis=1))] for s in spectra[here]])
            r, az = window_position(
                joined(blocks, "window_angle_deg")[here], joined(blocks, "window_head_angle_deg")[here],
                center_distance_mm=125.0 + joined(blocks, "window_sweep_mm")[here], window_radius_mm=125.0,
            )  # fmt: skip
            grid = case.machine.process.grid
            rings = np.clip((r / grid.radius_mm * grid.n_r).astype(int), 0, grid.n_r - 1)
            cells = np.floor(np.mod(az, 2 * np.pi) / (2 * np.pi) * grid.n_theta).astype(int)
            share = (times[here] - (asked_s - 1.0))[:, None]
            true = (before + (after - before) * share[:, :, None])[np.arange(len(r)), rings, cells]
            # Half a step of the library, the map's cells and the noise; an outlier is a flash through slurry.
            assert np.median(np.abs(found - true)) < 1.0
            assert np.percentile(np.abs(found - true), 90) < 4.0

    run(story())


def test_samples_are_the_same_in_every_block_length() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            tasks = {b: asyncio.create_task(all_blocks(case.port.subscribe(OPTICAL, b))) for b in (0.1, 1.0, 7.0)}
            await polish(case, 14.0)
            await case.port.close()
            rows = {b: await task for b, task in tasks.items()}
            first = rows[0.1]
            for blocks in rows.values():
                np.testing.assert_array_equal(times_of(blocks), times_of(first))
                for leaf in ("spectrum", "laser_reflectance", "eddy_resistive", "window_head_angle_deg"):
                    np.testing.assert_array_equal(joined(blocks, leaf), joined(first, leaf))

    run(story())


def test_looking_through_the_window_changes_nothing() -> None:
    async def story(look: bool) -> NDArray[np.float64]:
        case = TwinCase()
        async with case.connected():
            reading = asyncio.create_task(all_blocks(case.port.subscribe(OPTICAL, 0.1))) if look else None
            await polish(case, 14.0)
            platen = case.machine.process.platens[1]
            assert (platen.courses is not None) == look, "nobody looks, nothing is kept"
            assert platen.angle_deg > 360.0
            turned = np.array([platen.angle_deg, case.machine.process.heads[1].angle_deg])
            film = case.machine.process.present()[1].wafer
            assert film is not None
            await case.port.close()
            if reading is not None:
                assert len(await reading) > 50
            return np.concatenate([turned, film.thickness_nm.ravel()])

    np.testing.assert_array_equal(run(story(True)), run(story(False)))


def test_a_block_gives_columns_by_tag() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    quality = np.full(3, Quality.GOOD, dtype=np.uint8)
    block = Block("p.optical", ("a", "s", "b"), np.arange(3.0), values, quality, 0, widths=(1, 2, 1))
    assert block.column("a").tolist() == [0.0, 4.0, 8.0]
    assert block.column("s").tolist() == [[1.0, 2.0], [5.0, 6.0], [9.0, 10.0]]
    assert block.column("b").tolist() == [3.0, 7.0, 11.0]
    with pytest.raises(KeyError, match="no c"):
        block.column("c")


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("platen1.spectrum", "dropout"), ("platen1.laser_reflectance", "stuck"), ("platen1.eddy_resistive", "spike"),
        ("platen1.laser2_reflectance", "saturation"), ("platen1.window", "fouled"), ("platen1.torque_Nm", "stuck"),
        ("platen1.pad_temperature_C", "saturation"), ("head1.torque_Nm", "dropout"),
    ],
)  # fmt: skip
def test_faults_of_sensors_come_and_go(target: str, fault: str) -> None:
    async def readings(broken: bool) -> tuple[NDArray[np.float32], NDArray[np.float64], float, float]:
        case = TwinCase()
        world = World(case.machine)
        place, leaf = target.split(".")
        kind = OPTICAL if f"{place}.{leaf}" in case.port.tags.of_class(OPTICAL) or leaf == "window" else f"{place}.fast"
        async with case.connected():
            reader = asyncio.create_task(all_blocks(case.port.subscribe(kind, 0.5)))
            await case.begin_polish()
            await asyncio.sleep(6.0)
            begin_s = case.machine.time_s
            if broken:
                world.inject_fault(target, fault, 0.0)
            await asyncio.sleep(4.0)
            end_s = case.machine.time_s
            if broken:
                world.clear_fault(target)
            await asyncio.sleep(2.0)
            await case.end_polish()
            await case.port.close()
            blocks = await reader
            tag = f"{place}.{'laser_reflectance' if leaf == 'window' else leaf}"
            if broken:
                assert case.machine.process.sensor_faults.effects_count(target) > 0
            return np.concatenate([b.column(tag) for b in blocks]), times_of(blocks), begin_s, end_s

    good, times, begin_s, end_s = run(readings(False))
    bad, _, _, _ = run(readings(True))
    inside = (times >= begin_s) & (times < end_s)
    np.testing.assert_array_equal(bad[~inside], good[~inside])
    assert (bad[inside] != good[inside]).any()
    if fault in {"stuck", "saturation"}:
        assert np.ptp(bad[inside]) == 0.0
    if fault == "dropout":
        assert not bad[inside].any()
    if fault == "fouled":
        # Light is lost of what comes from the wafer; the reference is seen inside the instrument.
        assert (bad[inside] != good[inside]).mean() > 0.9


def test_a_fault_of_no_sensor_is_refused() -> None:
    async def story() -> None:
        world = World(TwinCase().machine)
        with pytest.raises(ValueError, match="no sensor"):
            world.inject_fault("platen1.nothing", "stuck", 0.0)
        with pytest.raises(ValueError, match="window"):
            world.inject_fault("platen1.torque_Nm", "fouled", 0.0)

    run(story())
