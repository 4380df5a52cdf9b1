"""Changed parts of the twin: a new pad is not the old one, needs its break-in, and is remembered by its serial."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from twin_case import TwinCase, truth_a

from planaris.clock import run
from planaris.twin import World, open_memory


def test_a_serial_is_the_same_pad_in_every_run_and_pads_differ() -> None:
    one, other = truth_a(1), truth_a(2)
    assert one.pad_of("PAD-A") == other.pad_of("PAD-A")
    pads = np.array([one.pad_of(f"PAD-{k}") for k in range(200)])
    assert 0.01 < pads[:, 0].std() < 0.03, "2 % from batch to batch"
    assert pads[:, 1].min() >= 7.0
    assert pads[:, 1].max() <= 24.0
    assert pads[:, 2].min() >= 50.0 * 60.0
    assert pads[:, 2].max() <= 130.0 * 60.0
    disks = np.array([one.disk_of(f"D-{k}") for k in range(200)])
    assert 0.05 < disks.std() < 0.11, "8 % from disk to disk"


async def _removed_nm(change: bool, conditioned_s: float = 0.0) -> float:
    case = TwinCase()
    world = World(case.machine)
    platen = case.machine.process.platens[1]
    platen.pad_lost_um = np.full_like(platen.pad_lost_um, 200.0)
    if change:
        world.change_part("platen1", "pad", "PAD-NEW")
        assert platen.pad_lost_um.max() == 0.0
        platen.conditioned_s = conditioned_s
    async with case.connected():
        beating = asyncio.create_task(case.beat())
        await case.begin_polish()
        await asyncio.sleep(30.0)
        case.machine.process.settle()
        beating.cancel()
    return float(1500.0 - case.wafer.thickness_nm.mean())


def test_a_new_pad_is_slower_until_it_is_broken_in() -> None:
    new, broken_in = run(_removed_nm(change=True)), run(_removed_nm(change=True, conditioned_s=1e6))
    gain_pct = truth_a().pad_of("PAD-NEW")[1]
    assert broken_in / new == pytest.approx(1.0 + gain_pct / 100.0, rel=0.01)


def test_a_worn_ring_changes_the_edge_and_a_new_one_brings_it_back() -> None:
    async def story() -> None:
        case = TwinCase()
        head = case.machine.process.heads[1]
        new = head.pressure_matrix().copy()
        head.wear_ring(1200.0)
        head.renew_matrix()
        worn = head.pressure_matrix().copy()
        assert np.abs(worn - new)[-8:].max() > 0.01
        np.testing.assert_allclose(worn[:30], new[:30], atol=1e-3)
        head.membrane_h = 500.0
        drifted = head.zone_gain_ratio()
        world = World(case.machine)
        world.change_part("head1", "ring", "RING-2")
        world.change_part("head1", "membrane", "MEM-2")
        np.testing.assert_array_equal(head.pressure_matrix(), new)
        assert head.zone_gain_ratio() > drifted * 1.05
        case.machine.close()

    run(story())


def test_changed_parts_are_remembered(tmp_path: Path) -> None:
    async def story() -> None:
        case, later = TwinCase(), TwinCase(seed=5)
        world = World(case.machine)
        world.change_part("platen2", "pad", "PAD-B")
        world.change_part("platen2", "disk", "DISK-B")
        world.change_part("head3", "ring", "RING-B")
        world.change_part("slurry1", "slurry", "LOT-B")
        file = open_memory(tmp_path)
        world.remember(file)
        world.leave_in_order()
        file.close()
        file = open_memory(tmp_path)
        later.machine.places.take("head1")
        again = World(later.machine)
        assert again.remember(file).in_order
        file.close()
        old, new = case.machine.process, later.machine.process
        assert new.platens[2].pad == old.platens[2].pad
        assert (new.platens[2].pad_serial, new.platens[2].disk_serial) == ("PAD-B", "DISK-B")
        assert new.platens[2].conditioned_s == 0.0
        assert new.heads[3].ring_serial == "RING-B"
        assert new.slurry_lots == {1: "LOT-B"}
        assert new.platens[3].slurry_ratio == old.platens[3].slurry_ratio
        assert new.platens[1].pad != new.platens[2].pad
        case.machine.close()
        later.machine.close()

    run(story())


@pytest.mark.parametrize(
    ("location", "part"), [("platen9", "pad"), ("platen1", "ring"), ("slurry3", "slurry"), ("headx", "ring")]
)
def test_what_is_not_there_cannot_be_changed(location: str, part: str) -> None:
    async def story() -> None:
        case = TwinCase()
        with pytest.raises(ValueError, match=f"no {part} at {location}"):
            World(case.machine).change_part(location, part, "X")
        case.machine.close()

    run(story())


def test_a_pad_is_not_changed_under_a_wafer() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            beating = asyncio.create_task(case.beat())
            await case.begin_polish()
            with pytest.raises(ValueError, match="polishing"):
                World(case.machine).change_part("platen1", "pad", "PAD-2")
            beating.cancel()

    run(story())
