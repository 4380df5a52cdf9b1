"""A wafer with films under the top one: clearing shows in the drive, rates follow the film, readers change nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from twin_case import TwinCase, dictionary_a, tool_a

from planaris.clock import now_s
from planaris.clock import run as run_on
from planaris.model import WaferKind
from planaris.processes import load_package
from planaris.twin import Machine, TwinPort, make_truth
from planaris.twin.wafers import TrueWafer

# Oxide on nitride: thin enough to clear within seconds.
TOP_NM, NITRIDE_NM = 20.0, 150.0


class StackCase(TwinCase):
    """A machine of the STI process with a thin oxide on nitride over platen 1."""

    def __init__(self, slurry_line: int = 1) -> None:
        super().__init__()
        truth = make_truth(load_package("sti_ceria"), "HDP", tool_a(), 1)
        self.machine = Machine(tool_a(), dictionary_a(), truth, 1)
        self.port = TwinPort(self.machine)
        self.watch = type(self.watch)(self.port)
        top = np.full(self._film().shape, TOP_NM)
        self.wafer = TrueWafer("W1", 1, WaferKind.PRODUCT, top, top.copy(), materials=("HDP", "SiN"))
        self.wafer.under_nm = np.full((1, *top.shape), NITRIDE_NM)
        self.machine.places.put("head1", self.wafer)
        self.machine.handling.sensor("head1")
        self.machine.plc.set({"carousel.position": 1})
        self.machine.process.seat_heads()


async def torques(case: StackCase, read_s: float | None, length_s: float = 30.0) -> NDArray[np.float64]:
    """Polish and return (time after the ramp began, platen torque) rows, read every ``read_s``."""
    rows: list[tuple[float, float]] = []
    async with case.connected():
        beating = asyncio.create_task(case.beat())
        await case.begin_polish()
        begun_s = now_s()

        async def read() -> None:
            while read_s is not None:
                torque_Nm = (await case.values("platen1.torque_Nm"))["platen1.torque_Nm"]
                rows.append((now_s() - begun_s, torque_Nm))
                await asyncio.sleep(read_s)

        reading = asyncio.create_task(read())
        await asyncio.sleep(length_s)
        reading.cancel()
        case.machine.process.settle()
        beating.cancel()
    return np.array(rows)


def story(read_s: float | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    async def whole() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        case = StackCase()
        return await torques(case, read_s), case.wafer.films_nm

    return run_on(whole())


def test_clearing_lowers_the_torque_and_the_rate() -> None:
    seen, films = story(0.5)
    assert films[0].max() == 0.0, "20 nm are off long before 30 s are over"
    assert np.all(films[1] < NITRIDE_NM)
    assert films[1].min() > NITRIDE_NM - 3.0, "nitride polishes about a hundred times slower"
    # Oxide 0.25, nitride 0.22: after the ramp the drive sees the difference.
    early = seen[(seen[:, 0] > 2.5) & (seen[:, 0] < 4.5), 1].mean()
    late = seen[seen[:, 0] > 25.0, 1].mean()
    assert 0.85 < late / early < 0.97


def test_readers_change_no_film() -> None:
    np.testing.assert_array_equal(story(0.37)[1], story(None)[1])


def test_each_line_has_its_own_slurry() -> None:
    truth = make_truth(load_package("cu_two_step"), "Cu", tool_a(), 1)
    bulk, barrier = truth.film_on(1), truth.film_on(2)
    assert bulk.law.kp_m2_N > 3.0 * barrier.law.kp_m2_N
    assert truth.film_on(1, "TEOS").law.kp_m2_N < 0.1 * truth.film_on(2, "TEOS").law.kp_m2_N
    one = make_truth(load_package("oxide_ild"), "TEOS", tool_a(), 1)
    assert one.film_on(2) is one.film_on(1), "a package with one slurry has it on every line"


def test_a_matched_truth_is_the_package_s() -> None:
    package = load_package("cu_two_step")
    truth = make_truth(package, "Cu", tool_a(), 1, matched=True)
    for entry in package.films:
        for line, prefix in enumerate(entry.laws, start=1):
            law = truth.film_on(line, entry.material).law
            assert law.kp_m2_N == pytest.approx(package.value(f"{prefix}.kp_m2_N"), rel=1e-12)
            assert replace(law, kp_m2_N=1.0).activation_kJ_mol == package.value(f"{prefix}.activation_kJ_mol")
