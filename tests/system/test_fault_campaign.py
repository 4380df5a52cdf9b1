"""The short form of the fault campaign: each kind until it takes effect, all invariants held; mutants are caught."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import campaign
import pytest
from mutants import MUTANTS

from planaris.app.faults import FaultKind, SeedResult, draw, play
from planaris.app.kills import with_slots
from planaris.formats import load_tool

KINDS = list(FaultKind)
WAFERS = 5
# Targets are drawn: some seeds break what has no more work.
SEEDS_A_KIND = 6


SETTING = campaign.Setting(campaign.LOT, None, WAFERS)


@cache
def run(seed: int, tool: str | None = None) -> SeedResult:
    files = campaign.job(campaign.LOT, tool)
    scenario = draw(seed, files.tool, WAFERS)
    return play(with_slots(files, scenario.slots), scenario)


def result_of(row: dict[str, Any]) -> SeedResult:
    return SeedResult(**{key: value for key, value in row.items() if key not in SETTING.told})


def untimed(result: SeedResult) -> SeedResult:
    result.wall_s = 0.0
    return result


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_takes_effect_and_breaks_no_invariant(kind: FaultKind) -> None:
    for turn in range(1, SEEDS_A_KIND + 1):
        result = run(turn * len(KINDS) + KINDS.index(kind))
        assert result.violations == []
        assert [f["kind"] for f in result.faults] == [kind.value]
        if result.faults[0]["took_effect"]:
            return
    pytest.fail(f"{kind} took no effect in {SEEDS_A_KIND} seeds")


# Seeds of the long campaign that broke an invariant once: a transfer that went on while the tool was halted (and one
# given up there), a wafer that slid out while its head came up, a turn that waited for itself behind a wafer given up,
# a wafer on the wet arm whose way back another had taken. They were drawn before a miss was among the kinds.
DRAWN_AMONG = [kind for kind in KINDS if kind is not FaultKind.MISS]
SEEDS_MENDED = [(112, "person"), (1055, "person"), (703, "slip"), (1009, "person"), (1154, "stuck_off")]


@pytest.mark.parametrize(("seed", "kind"), SEEDS_MENDED)
def test_what_a_campaign_found_once_stays_mended(seed: int, kind: str) -> None:
    files = campaign.job(campaign.LOT, None)
    scenario = draw(seed, files.tool, 8, among=DRAWN_AMONG)
    found = play(with_slots(files, scenario.slots), scenario)
    assert found.violations == []
    assert [(f["kind"], f["took_effect"]) for f in found.faults] == [(kind, True)]


def test_a_person_says_so_where_a_slow_robot_has_put_a_wafer_into_its_slot_after_all() -> None:
    """No sensor sees a slot: trying again and giving up are refused until a person has looked."""
    found = campaign.one((145, campaign.Setting(campaign.LOT, None, 8)))
    assert found["violations"] == []
    assert [(f["kind"], f["took_effect"]) for f in found["faults"]] == [("slow", True)]
    assert any("confirm_place" in action for action in found["actions"])


# Of two or three faults at once: a wafer left on its pad by a head that a halt brought up, a head ordered down with a
# door open, a wet limit that counted from when its platen had made itself safe, a broken sensor believed alone, a head
# that stayed down because the carousel was answered before its platen, a wafer on an arm whose pick had been given up
# and that was taken for the next, a platen that gave no water when first asked, a wait that began on a stuck swing arm.
SEVERAL = [(1_000_000 + seed, None) for seed in (36, 46, 103, 184, 203, 431, 918, 1429)] + [(1_000_261, "tool_b")]


@pytest.mark.parametrize(("seed", "tool"), SEVERAL)
def test_what_several_faults_broke_once_stays_mended(seed: int, tool: str | None) -> None:
    found = campaign.one((seed, campaign.Setting(campaign.LOT, tool, 8)))
    assert found["violations"] == []
    assert sum(fault["took_effect"] for fault in found["faults"]) >= 2


@pytest.mark.parametrize("kind", [FaultKind.SLIP, FaultKind.BREAK])
def test_a_tool_of_units_polishes_no_product_on_a_closed_platen(kind: FaultKind) -> None:
    result = run(len(KINDS) + KINDS.index(kind), "tool_b")
    assert result.violations == []
    assert result.faults[0]["took_effect"]


def test_several_faults_in_one_lot_break_no_invariant() -> None:
    seed = campaign.MULTI_FROM + 1
    result = result_of(campaign.one((seed, SETTING)))
    assert len(result.faults) == 3
    assert result.violations == []


def test_a_run_that_hangs_tells_its_faults_and_what_was_done_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["planaris.app.faults.play"], "RUN_LIMIT_S", 400.0)
    slipped = KINDS.index(FaultKind.SLIP) + 3 * len(KINDS)
    found = result_of(campaign.one((slipped, SETTING)))
    assert [v.partition(":")[0] for v in found.violations] == ["TimeoutError"]
    assert found.tool_time_s >= 400.0
    assert [(f["kind"], f["took_effect"]) for f in found.faults] == [("slip", True)]
    assert found.actions
    assert found.alarms["wafer_slip"] == 1


def test_a_seed_replays_exactly() -> None:
    seed = len(KINDS) + KINDS.index(FaultKind.TRIP)
    assert untimed(result_of(campaign.one((seed, SETTING)))) == untimed(run(seed))


def test_every_kind_comes_as_often_and_seeds_differ() -> None:
    tool = load_tool()
    drawn = [draw(seed, tool, WAFERS) for seed in range(8 * len(KINDS))]
    counts = {kind: sum(s.faults[0].kind is kind for s in drawn) for kind in KINDS}
    assert set(counts.values()) == {8}
    assert len({s.reaction_s for s in drawn}) == len(drawn)
    assert [draw(s.seed, tool, WAFERS) for s in drawn] == drawn


def test_a_campaign_that_was_cut_off_goes_on_and_says_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "faults.jsonl"
    slots = KINDS.index(FaultKind.SLOTS)
    first = campaign.one((slots, campaign.Setting(campaign.LOT, None, 2)))
    results.write_text(json.dumps(first) + "\n", encoding="utf-8")
    arguments = ["--seeds", f"{slots}-{slots + 1}", "--wafers", "2", "--results", str(results), "--cores", "1"]
    monkeypatch.setattr("sys.argv", ["campaign", *arguments])
    assert campaign.main() == 0
    rows: list[dict[str, Any]] = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    assert [r["seed"] for r in rows] == [slots, slots + 1]
    assert rows[0] == first
    told = capsys.readouterr().out
    assert "2 seeds, 4 wafers, 0 violations" in told
    assert "slot_map_mismatch" in told


# -- mutants ----------------------------------------------------------------------------------------------------

# Each of these is caught by its first seeds; `faults/campaign.py --mutants` hunts all of them.
QUICK = (
    "a carrier's scan is not compared",
    "a closed platen takes product",
    "a command is not repeated",
    "no interlock on a slipped wafer",
    "no water for a wafer that waits",
    "a wafer on a pad is not followed",
    "sensors confirm no move",
)


@pytest.mark.parametrize("name", QUICK)
def test_a_controller_with_a_part_taken_out_is_caught(name: str) -> None:
    survived, row = campaign.caught(name, campaign.Setting(campaign.LOT, None, 6))
    assert row["violations"], f"it survived {survived} seeds"


def test_a_mutant_is_whole_again_afterwards() -> None:
    from planaris.tool import Interlocks

    whole = Interlocks.permit
    with MUTANTS["no interlock on a slipped wafer"].applied():
        assert Interlocks.permit is not whole
    assert Interlocks.permit is whole
