"""Graded faults of the twin: physics behind the tags, severity 1 at the warning band."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np
import pytest

from fdc_plant import FaultPlant
from planaris import clock
from planaris.control import fault_bands
from planaris.model import HEAD_SPEED_BAND, LIFE_WARN_PCT, SLURRY_FLOW_BAND, LEAK_WARN_kPa, ProcessFault, leak_l_min_kPa
from planaris.physics import disk_life_h

HEAD, PLATEN = "head2", "platen1"
# One wafer's features at 100 Hz repeat far better than this share of a band.
REPEATS = 0.02


def polished(*faults: tuple[str, str, float], mended: str = "") -> tuple[Mapping[str, float], FaultPlant]:
    """Return the features of one wafer on head 2 after faults, and the plant."""

    async def main() -> tuple[Mapping[str, float], FaultPlant]:
        async with FaultPlant(1, 12).serving() as plant:
            await plant.polish(2)
            for target, fault, severity in faults:
                plant.world.inject_fault(target, fault, severity)
            if mended:
                plant.world.clear_fault(mended)
            (features,) = await plant.polish(2)
            return features.values, plant

    return clock.run(main(), speed=float("inf"))


@pytest.fixture(scope="module")
def sound() -> Mapping[str, float]:
    return polished()[0]


@pytest.mark.parametrize(
    ("fault", "target", "feature", "moved"),
    [
        (ProcessFault.SLURRY_DROP, PLATEN, "slurry_flow_error_pct", -SLURRY_FLOW_BAND.warn_pct),
        (ProcessFault.HEAD_SPEED_DRIFT, HEAD, "head_speed_error_pct", -HEAD_SPEED_BAND.warn_pct),
        (ProcessFault.MEMBRANE_LEAK, HEAD, "zone3_leak_kPa", LEAK_WARN_kPa),
        (ProcessFault.RING_WEAR, HEAD, "ring_wear_mm", 0.01 * LIFE_WARN_PCT * 1.5),
    ],
)
def test_a_fault_of_one_band_moves_its_feature_by_the_band(
    sound: Mapping[str, float], fault: ProcessFault, target: str, feature: str, moved: float
) -> None:
    values, _ = polished((target, fault.value, 1.0))
    assert values[feature] - sound[feature] == pytest.approx(moved, rel=REPEATS)


def test_a_worn_disk_drags_and_cuts_less(sound: Mapping[str, float]) -> None:
    values, plant = polished((PLATEN, "worn_disk", 1.0))
    feature = "conditioner_friction_ratio"
    expected = 1.0 - 0.01 * fault_bands()["worn_disk"]
    assert values[feature] / sound[feature] == pytest.approx(expected, rel=REPEATS)
    platen = plant.machine.process.platens[1]
    assert platen.disk_hours == pytest.approx(0.9 * disk_life_h(platen.truth.disk), rel=1e-2)
    assert values["platen_torque_Nm"] < sound["platen_torque_Nm"]  # the disk's share of the drag


def test_a_leak_costs_its_zone_pressure_on_the_way_and_no_other(sound: Mapping[str, float]) -> None:
    values, plant = polished((f"{HEAD}.zone1", "membrane_leak", 3.0))
    assert values["zone1_leak_kPa"] - sound["zone1_leak_kPa"] == pytest.approx(3.0 * LEAK_WARN_kPa, rel=REPEATS)
    assert values["zone2_leak_kPa"] == pytest.approx(sound["zone2_leak_kPa"], rel=REPEATS)
    gains = np.asarray(plant.machine.process.heads[2].zone_gain_ratio())
    lost = 1.0 - gains[0, 0] / gains[1, 0]
    assert lost == pytest.approx(2.0 * leak_l_min_kPa(3.0 * LEAK_WARN_kPa))
    assert values["downforce_error_pct"] < sound["downforce_error_pct"]


@pytest.mark.parametrize(
    ("fault", "target", "feature"),
    [
        ("slurry_drop", PLATEN, "slurry_flow_error_pct"),
        ("head_speed_drift", HEAD, "head_speed_error_pct"),
        ("membrane_leak", HEAD, "zone3_leak_kPa"),
    ],
)
def test_what_is_mended_is_sound_again(sound: Mapping[str, float], fault: str, target: str, feature: str) -> None:
    values, _ = polished((target, fault, 2.0), mended=target)
    assert values[feature] == pytest.approx(sound[feature], abs=0.05)


@pytest.mark.parametrize(
    ("target", "fault", "severity", "problem"),
    [
        ("head1", "slurry_drop", 1.0, "platen1, platen2, platen3"),
        ("platen9", "worn_disk", 1.0, "platen1"),
        ("platen1", "ring_wear", 1.0, "head1, head2, head3, head4"),
        ("head1.zone9", "membrane_leak", 1.0, "zone1 to zone3"),
        ("head1.zone1", "ring_wear", 1.0, "it happens at head1"),
        ("head1", "head_speed_drift", -1.0, "from 0 on"),
    ],
)
def test_a_fault_that_there_is_not_is_refused(target: str, fault: str, severity: float, problem: str) -> None:
    async def main() -> None:
        plant = FaultPlant(1, 12)
        with pytest.raises(ValueError, match=problem):
            plant.world.inject_fault(target, fault, severity)
        plant.machine.close()
        await asyncio.sleep(0)

    clock.run(main(), speed=float("inf"))


def test_parts_are_not_worn_under_a_head_that_polishes() -> None:
    async def main() -> None:
        async with FaultPlant(1, 12).serving() as plant:
            visit = asyncio.create_task(plant.polish(2))
            await asyncio.sleep(30.0)
            for target, fault in ((HEAD, "ring_wear"), (PLATEN, "worn_disk"), (HEAD, "membrane_leak")):
                with pytest.raises(ValueError, match="is polishing"):
                    plant.world.inject_fault(target, fault, 1.0)
            await visit

    clock.run(main(), speed=float("inf"))
