"""A lot in which supplies, the PLC or the controller fail: the machine goes to safety by itself, then says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from spine_lots import run_of, run_small, small_lot

from planaris.app import far_side
from planaris.twin import Machine, World

AT_s = 100.0  # the first wafer is polished on platen 1 then


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lot(tmp_path_factory.mktemp("safety") / "lot", (1, 2))


def at(monkeypatch: pytest.MonkeyPatch, acts: list[tuple[float, Callable[[World], None]]]) -> list[World]:
    """Do things to the world of the next run at tool times; the list gets that world."""
    worlds: list[World] = []

    class Watched(World):
        def __init__(self, machine: Machine) -> None:
            super().__init__(machine)
            worlds.append(self)
            for time_s, act in acts:
                asyncio.get_running_loop().call_at(time_s, act, self)

    monkeypatch.setattr(far_side, "World", Watched)
    return worlds


def heads_up(world: World) -> bool:
    values = world.machine.plc.values
    return all(values[f"head{n}.up"] for n in world.machine.process.heads)


def rinsed(world: World) -> bool:
    platens = world.machine.process.platens.values()
    return all(p.bank.targets()["slurry"] == 0.0 and p.bank.targets()["di"] > 0.0 for p in platens)


@pytest.mark.parametrize(
    ("signal", "alarm"),
    [
        ("di_pressure_kPa", "di_pressure_lost"),
        ("cda_pressure_kPa", "cda_pressure_out_of_range"),
        ("vacuum_kPa", "vacuum_weak"),
        ("exhaust_velocity_m_s", "exhaust_low"),
    ],
)
def test_a_supply_that_fails_is_an_alarm_and_clears_when_it_is_back(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal: str, alarm: str
) -> None:
    at(
        monkeypatch,
        [(AT_s, lambda w: w.set_supply(signal, 0.0)), (AT_s + 60.0, lambda w: w.set_supply(signal, 1.0))],
    )
    run = run_of(run_small(lot, tmp_path), tmp_path)
    told = {(t.payload["alarm"], t.payload["source"]) for t in run.named("alarm_set")}
    assert (alarm, "facility") in told
    assert (alarm, "facility") in {(t.payload["alarm"], t.payload["source"]) for t in run.named("alarm_cleared")}


def test_a_dead_plc_is_a_lost_link_the_heads_come_up_and_no_move_starts(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, bool] = {}

    def look(world: World) -> None:
        seen["up"], seen["rinsed"] = heads_up(world), rinsed(world)

    worlds = at(monkeypatch, [(AT_s, lambda w: w.lose("communication")), (AT_s + 4.0, look)])
    run = run_of(run_small(lot, tmp_path), tmp_path)
    assert seen == {"up": True, "rinsed": True}
    assert ("link_lost", "tool") in {(t.payload["alarm"], t.payload["source"]) for t in run.named("alarm_set")}
    moves = [t for t in run.named("wafer_moved") if t.time_s > AT_s + 10.0]
    assert moves == []
    assert heads_up(worlds[-1])


def test_a_controller_that_freezes_is_found_by_its_heartbeat(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The PLC sees no beat for two seconds, as with a stopped process; heads are up before the third."""
    seen: dict[str, bool] = {}

    def freeze(world: World) -> None:
        world.machine.plc.write = lambda values: None  # pyright: ignore[reportAttributeAccessIssue]
        asyncio.get_running_loop().call_later(3.5, look, world)

    def look(world: World) -> None:
        seen["up"], seen["rinsed"] = heads_up(world), rinsed(world)
        seen["lost"] = bool(world.machine.plc.values["plc.heartbeat_lost"])

    at(monkeypatch, [(AT_s, freeze)])
    run_small(lot, tmp_path)
    assert seen == {"up": True, "rinsed": True, "lost": True}
