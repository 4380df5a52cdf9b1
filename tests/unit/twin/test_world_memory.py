"""The twin's own memory: after a death at any instant its world is as the machine would be found."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Coroutine
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from twin_case import TwinCase, dictionary_a, tool_a, truth_a

from planaris.clock import run
from planaris.hardware import Subscription
from planaris.model import SlotState, WaferKind
from planaris.twin import CHUNK_S, Machine, MemoryFile, MemoryFileError, World, open_memory
from planaris.twin.memory import MEMORY_FILE, Snapshot
from planaris.twin.process import RINSE_FLOW_ML_MIN
from planaris.twin.restoring import FILM_PERIOD_S, Keeper
from planaris.twin.wafers import TrueWafer


def film(nm: float = 1500.0) -> NDArray[np.float64]:
    return np.full((64, 32), nm)


def story(body: Coroutine[None, None, None]) -> None:
    run(body)


class Life:
    """A machine with a memory; `reborn` is the machine that comes after its sudden death."""

    def __init__(self, file: MemoryFile, seed: int = 1) -> None:
        self.file, self.seed = file, seed
        self.machine = Machine(tool_a(), dictionary_a(), truth_a(seed), seed)
        self.world = World(self.machine)
        self.restored = self.world.remember(file)

    def reborn(self) -> Life:
        self.machine.on_change = lambda: None  # dead: it writes no more
        self.machine.close()
        return Life(self.file, self.seed)

    def with_cassette(self) -> Life:
        wafers = [TrueWafer(f"W{s}", s, WaferKind.PRODUCT, film(1000.0 + s), film()) for s in (1, 2, 3)]
        self.machine.place_carrier(1, "C1", dict.fromkeys((1, 2, 3), SlotState.OCCUPIED), wafers)
        return self


async def command(machine: Machine, device: str, verb: str, *arguments: float) -> None:
    """Write a command as a controller does, without waiting for its end."""
    plc = machine.plc
    number = int(plc.values[f"{device}.sts.id"]) + 1  # type: ignore[arg-type]
    verbs = {v.name: v.value for v in dictionary_a().verbs_of(device)}
    given = {"id": number, "verb": verbs[verb], "request": True}
    given |= {f"arg{n}": a for n, a in enumerate(arguments, start=1)}
    plc.write({f"{device}.cmd.{key}": value for key, value in given.items()})
    await asyncio.sleep(0)


def station(name: str) -> int:
    return dictionary_a().code_list("dry_station").by_name[name].value


def test_wafers_carriers_and_films_are_where_they_were() -> None:
    async def body() -> None:
        life = Life(MemoryFile(None)).with_cassette()
        await command(life.machine, "dry_robot", "pick", station("loadport1"), 2)
        await asyncio.sleep(30.0)
        then = life.reborn()
        assert dict(then.world.where()) == {"W1": "loadport1.01", "W2": "dry_robot", "W3": "loadport1.03"}
        assert then.machine.plc.values["dry_robot.wafer_present"] is True
        carrier = then.machine.handling.carriers[1]
        assert carrier.carrier_id == "C1"
        assert carrier.slots == {1: SlotState.OCCUPIED, 2: SlotState.EMPTY, 3: SlotState.OCCUPIED}
        assert then.machine.plc.values["loadport1.carrier_present"] is True
        found = {w.wafer_id: w for w in then.world.wafers()}
        assert np.array_equal(found["W2"].after_nm, film(1002.0))
        assert np.array_equal(found["W2"].before_nm, film())
        then.machine.close()

    story(body())


def test_a_motion_under_way_has_ended_or_not_begun_and_both_come_about() -> None:
    async def end(seed: int) -> str:
        life = Life(MemoryFile(None), seed).with_cassette()
        await asyncio.sleep(seed)  # chance depends on the moment
        await command(life.machine, "dry_robot", "pick", station("loadport1"), 1)
        await asyncio.sleep(0.5)
        assert life.world.where()["W1"] == "loadport1.01"
        then = life.reborn()
        (done,) = then.restored.motions.values()
        where = then.world.where()["W1"]
        slot = then.machine.handling.carriers[1].slots[1]
        assert (where, slot) == (("dry_robot", SlotState.EMPTY) if done else ("loadport1.01", SlotState.OCCUPIED))
        then.machine.close()
        return where

    ends = {run(end(seed)) for seed in range(1, 9)}
    assert ends == {"dry_robot", "loadport1.01"}


def test_a_wafer_being_polished_is_found_on_its_raised_head_under_rinse() -> None:
    async def body() -> None:
        case, file = TwinCase(), MemoryFile(None)
        world = World(case.machine)
        world.remember(file)
        async with case.connected():
            beating = asyncio.create_task(case.beat())
            await case.begin_polish()
            await asyncio.sleep(60.0)
            await case.values("platen1.torque_Nm")
            beating.cancel()
            true_nm = float(world.wafers()[0].after_nm.mean())
            case.machine.process.platens[1].advance(asyncio.get_running_loop().time())
            case.machine.on_change()
            case.machine.on_change = lambda: None
        then = Life(file)
        assert not then.restored.in_order
        (wafer,) = then.world.wafers()
        assert wafer.location == "head1"
        kept_nm = float(wafer.after_nm.mean())
        assert kept_nm < 1500.0 - 50.0  # a minute at some 200 nm/min
        # What was polished since the last whole chunk, at less than 5 nm/s, nobody had noted.
        assert 0.0 <= kept_nm - true_nm < CHUNK_S * 5.0
        values = then.machine.plc.values
        assert values["head1.up"] is True
        assert values["carousel.position"] == 1
        assert values["plc.heartbeat_lost"] is True
        assert then.machine.process.platens[1].head is then.machine.process.heads[1]
        assert then.machine.process.platens[1].wafer is then.machine.places.get("head1")
        targets = then.machine.process.platens[1].bank.targets()
        assert (targets["slurry"], targets["di"], targets["speed"]) == (0.0, RINSE_FLOW_ML_MIN, 0.0)
        assert then.machine.process.heads[1].bank.targets()["vacuum"] < 0
        assert then.machine.process.platens[1].disk_hours > 0
        then.machine.close()

    story(body())


@pytest.mark.parametrize(
    ("change_period_s", "lost_s"),
    # With the beats: the period and the samples' last block, which comes a moment late. Live: the period and an edge.
    [(None, FILM_PERIOD_S + 4.0 + 0.2), (1.0, 1.0 + 0.2)],
)
@pytest.mark.parametrize("stacked", [False, True])
def test_a_film_is_kept_as_it_is_between_the_ends_of_chunks(
    change_period_s: float | None, lost_s: float, stacked: bool
) -> None:
    async def body() -> None:
        case, file = TwinCase(change_period_s=change_period_s), MemoryFile(None)
        if stacked:
            case.wafer.materials, case.wafer.under_nm = ("TEOS", "TEOS"), film(50.0)[None]
            case.machine.process.seat_heads()
        world = World(case.machine)
        world.remember(file)
        marks: list[tuple[float, float, float]] = []  # time, true and kept mean of all films
        async with case.connected():
            beating, block_s = asyncio.create_task(case.beat()), 4.0
            await case.begin_polish()
            sampling = asyncio.create_task(_read(case.port.subscribe("platen1.fast", block_s)))
            await asyncio.sleep(5.3)
            for _ in range(40):  # instants all over the chunks of 10 s
                await asyncio.sleep(0.97)
                kept = [file.kept.arrays["wafer.W1", "thickness_nm"]]
                kept += [a for (_, name), a in file.kept.arrays.items() if name == "under_nm"]
                true_nm = case.machine.process.present()[1].wafer.films_nm  # type: ignore[union-attr]
                kept_nm = sum(float(a.sum(axis=0).mean() if a.ndim == 3 else a.mean()) for a in kept)
                marks.append((case.machine.time_s, float(true_nm.sum(axis=0).mean()), kept_nm))
            beating.cancel()
            sampling.cancel()
            case.machine.on_change = lambda: None
        times, true, noted = np.array(marks).T
        assert (np.diff(noted) <= 0.0).all()  # no film grows
        then_nm = np.interp(times - lost_s, times, true, left=np.inf)
        assert (noted >= true - 1e-9).all()
        assert (noted <= then_nm + 1e-9).all()
        reborn = Life(file)
        (wafer,) = reborn.world.wafers()
        assert wafer.films_nm is not None
        assert float(wafer.films_nm.sum(axis=0).mean()) == pytest.approx(noted[-1], abs=1e-9)
        reborn.machine.close()

    story(body())


def test_noting_films_changes_no_bit_of_them() -> None:
    async def polished(change_period_s: float | None) -> NDArray[np.float64]:
        case = TwinCase(change_period_s=change_period_s)
        world = World(case.machine)
        if change_period_s is not None:
            world.remember(MemoryFile(None))
        async with case.connected():
            beating = asyncio.create_task(case.beat())
            await case.begin_polish()
            await asyncio.sleep(33.3)
            await case.end_polish()
            case.machine.process.settle()
            beating.cancel()
            return world.wafers()[0].after_nm

    assert np.array_equal(run(polished(None)), run(polished(0.37)))


async def _read(subscription: Subscription) -> None:
    async for _ in subscription:
        pass


def test_a_tripped_input_and_a_jammed_device_stay_so() -> None:
    async def body() -> None:
        life = Life(MemoryFile(None))
        life.world.press_emo()
        life.world.inject_fault("aligner", "jammed", 0.0)
        life.machine.on_change()
        then = life.reborn()
        assert then.machine.safety.tripped == {"emo"}
        assert then.machine.plc.values["safety.emo"] is True
        assert then.machine.devices["aligner"].fault.jammed
        assert not then.machine.devices["dry_robot"].fault.jammed
        then.machine.close()

    story(body())


def test_wear_is_kept_whole() -> None:
    async def body() -> None:
        life = Life(MemoryFile(None))
        platen, head = life.machine.process.platens[2], life.machine.process.heads[3]
        platen.pad_lost_um = np.linspace(1.0, 16.0, 16)
        platen.disk_hours, platen.wafers_count, platen.conditioned_s = 3.25, 17, 4000.0
        head.ring_lost_um, head.membrane_h, head.wafers_count = 12.5, 1.5, 9
        life.machine.on_change()
        then = life.reborn()
        again, ring = then.machine.process.platens[2], then.machine.process.heads[3]
        assert np.array_equal(again.pad_lost_um, platen.pad_lost_um)
        assert np.array_equal(again.state.populations, platen.state.populations)
        assert (again.disk_hours, again.wafers_count, again.conditioned_s) == (3.25, 17, 4000.0)
        assert (ring.ring_lost_um, ring.membrane_h, ring.wafers_count) == (12.5, 1.5, 9)
        assert then.machine.process.platens[1].disk_hours == 0.0
        then.machine.close()

    story(body())


def test_a_machine_left_in_order_starts_without_rinse_and_alarm() -> None:
    async def body() -> None:
        life = Life(MemoryFile(None)).with_cassette()
        life.machine.remove_carrier(1)
        life.world.leave_in_order()
        then = life.reborn()
        assert then.restored.in_order
        assert then.machine.plc.values["plc.heartbeat_lost"] is False
        assert then.machine.process.platens[1].bank.targets()["di"] == 0.0
        assert not then.world.where()
        then.machine.close()
        assert Life(life.file).restored.in_order is False  # the second life was not left in order
        life.machine.close()

    story(body())


def test_what_is_written_change_by_change_is_what_a_whole_look_finds() -> None:
    """The keeper looks at what changed alone; a keeper that has seen nothing yet looks at everything."""

    async def body() -> None:
        life = Life(MemoryFile(None)).with_cassette()
        machine, connection = life.machine, life.file._connection  # pyright: ignore[reportPrivateUsage]

        def compare() -> None:
            machine.on_change()
            keep, whole = machine.on_change, MemoryFile(None)
            Keeper(machine, whole)
            machine.on_change = keep
            assert dict(life.file.kept.values) == dict(whole.kept.values)
            assert life.file.kept.arrays.keys() == whole.kept.arrays.keys()
            assert all(whole.kept.arrays[key] is array for key, array in life.file.kept.arrays.items())
            stored = dict(connection.execute("SELECT name, value FROM state").fetchall())
            assert stored == dict(whole.kept.values)
            count = connection.execute("SELECT count(*) FROM arrays").fetchone()[0]
            assert count == len(whole.kept.arrays)
            whole.close()

        await command(machine, "dry_robot", "pick", station("loadport1"), 2)
        machine.devices["aligner"].fault.slow_ratio = 2.0
        await asyncio.sleep(30.0)
        compare()
        picked = machine.places.get("dry_robot")
        assert picked is not None
        connection.execute("PRAGMA query_only = ON")  # what cannot be written now is made up for later
        picked.wet, picked.thickness_nm = True, film(900.0)
        machine.process.platens[1].disk_hours = 2.0
        machine.on_change()
        assert life.file.failure
        connection.execute("PRAGMA query_only = OFF")
        picked.under_nm = film(5.0)[None]
        machine.on_change()
        assert not life.file.failure
        compare()
        picked.under_nm, machine.devices["aligner"].fault.slow_ratio = None, 1.0
        machine.remove_carrier(1)
        compare()
        machine.close()

    story(body())


def test_cassettes_that_were_taken_away_leave_nothing_in_memory() -> None:
    async def body() -> None:
        machine = Machine(tool_a(), dictionary_a(), truth_a(1), 1)
        keeper, sizes = Keeper(machine, file := MemoryFile(None)), set[tuple[int, int]]()
        for lot in range(20):
            wafers = [TrueWafer(f"L{lot}-{s}", s, WaferKind.PRODUCT, film(), film()) for s in (1, 2, 3)]
            machine.place_carrier(1, "C1", dict.fromkeys((1, 2, 3), SlotState.OCCUPIED), wafers)
            machine.on_change()
            machine.remove_carrier(1)
            machine.on_change()
            sizes.add((keeper.rows_count, len(file.kept.values)))
        assert len(sizes) == 1
        machine.close()

    story(body())


# -- the file -----------------------------------------------------------------------------------------------------


def test_a_file_cut_anywhere_reads_as_one_of_the_worlds_that_were_kept(tmp_path: Path) -> None:
    """What a kill or a power failure leaves of the write-ahead log is cut at every length."""
    (tmp_path / "whole").mkdir()
    file = open_memory(tmp_path / "whole")
    kept: list[dict[str, str]] = [{}]
    for n in range(6):
        world = Snapshot({"time_s": str(n), f"wafer.{n}": "{}"}, {(f"wafer.{n}", "film"): film(float(n))})
        assert file.keep(world)
        kept.append(dict(world.values))
    log = tmp_path / "whole" / f"{MEMORY_FILE}-wal"
    content = log.read_bytes()
    assert len(content) > 100_000
    seen: set[str] = set()
    for cut in [*range(0, len(content), 4999), len(content)]:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        shutil.copy(tmp_path / "whole" / MEMORY_FILE, copy / MEMORY_FILE)
        (copy / log.name).write_bytes(content[:cut])
        found = open_memory(copy)
        assert dict(found.kept.values) in kept
        for (owner, _), array in found.kept.arrays.items():
            assert np.array_equal(array, film(float(owner.removeprefix("wafer."))))
        seen.add(str(found.kept.values.get("time_s")))
        found.close()
    file.close()
    assert {"0", "5"} <= seen


def test_a_full_disk_stops_no_machine_and_the_next_write_makes_up_for_it(tmp_path: Path) -> None:
    file = open_memory(tmp_path)
    assert file.keep(Snapshot({"a": "1"}, {}))
    connection = file._connection  # pyright: ignore[reportPrivateUsage]
    pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
    connection.execute(f"PRAGMA max_page_count = {pages}")
    big = Snapshot({"a": "2"}, {("wafer.W1", "film"): film()})
    assert not file.keep(big)
    assert "full" in file.failure
    assert dict(file.kept.values) == {"a": "1"}
    connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    assert file.keep(big)
    assert file.failure == ""
    file.close()
    again = open_memory(tmp_path)
    assert dict(again.kept.values) == {"a": "2"}
    assert np.array_equal(again.kept.arrays["wafer.W1", "film"], film())
    again.close()


def test_wear_of_an_earlier_version_is_taken_over_once(tmp_path: Path) -> None:
    platen = {"pad_lost_um": [1.0] * 16, "populations": [[0.5] * 16] * 8, "conditioned_s": 9.0, "disk_hours": 2.0}
    record = {
        "schema": 1,
        "platens": {"1": {**platen, "wafers_count": 4}},
        "heads": {"1": {"ring_lost_um": 3.0, "membrane_h": 0.5, "wafers_count": 4}},
    }
    (tmp_path / "world.json").write_text(json.dumps(record), encoding="utf-8")

    async def body() -> None:
        file = open_memory(tmp_path)
        life = Life(file)
        assert life.machine.process.platens[1].disk_hours == 2.0
        assert np.array_equal(life.machine.process.platens[1].state.populations, np.full((8, 16), 0.5))
        assert life.machine.process.heads[1].ring_lost_um == 3.0
        assert life.restored.in_order
        life.machine.process.heads[1].ring_lost_um = 4.0
        life.machine.on_change()
        life.machine.close()
        file.close()
        again = open_memory(tmp_path)
        assert Life(again).machine.process.heads[1].ring_lost_um == 4.0

    story(body())


@pytest.mark.parametrize(
    ("statement", "told"),
    [("PRAGMA user_version = 99", "schema 99"), ("PRAGMA application_id = 7", "another program's")],
)
def test_a_file_that_is_not_ours_or_newer_is_refused(tmp_path: Path, statement: str, told: str) -> None:
    file = open_memory(tmp_path)
    file._connection.execute(statement)  # pyright: ignore[reportPrivateUsage]
    file.close()
    with pytest.raises(MemoryFileError, match=told):
        open_memory(tmp_path)


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / MEMORY_FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(MemoryFileError, match="the twin begins anew"):
        open_memory(tmp_path)
