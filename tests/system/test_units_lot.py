"""The example lot on reference tool B, from that tool's description alone: nothing else is told to anybody."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from spine_lots import Run, run_of, small_lot

from planaris.app import RunRequest, RunSummary, run_lot

SLOTS = (1, 2, 3, 4, 5, 6)


def run_on(tool: str, lot: Path, home: Path) -> RunSummary:
    """Run a lot on a bundled tool, without a report."""
    return run_lot(RunRequest(lot, tool, 1, None, home, report=False), lambda _progress: None)


@pytest.fixture(scope="module")
def on_b(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSummary, Run]:
    """The example lot of six wafers, three stages each, on tool B."""
    folder = tmp_path_factory.mktemp("tool_b")
    home = folder / "home"
    summary = run_on("tool_b", small_lot(folder / "lot", SLOTS), home)
    return summary, run_of(summary, home)


def test_every_wafer_comes_back_measured_on_target_without_an_alarm(on_b: tuple[RunSummary, Run]) -> None:
    summary, _ = on_b
    assert summary.outcome == "completed"
    assert summary.alarms == ()
    assert [w.slot for w in summary.wafers] == list(SLOTS)
    for wafer in summary.wafers:
        assert wafer.removal_nm == pytest.approx(600.0, rel=0.05)  # the recipe's tolerance
    assert {w.head for w in summary.wafers} == {1, 2}


def test_a_wafer_passes_its_stages_in_one_unit_on_the_tables_of_the_route(on_b: tuple[RunSummary, Run]) -> None:
    _, run = on_b
    visits: dict[str, list[int]] = {}
    for told in run.named("step_started"):
        if told.payload["kind"] == "polish":
            visits.setdefault(told.payload["wafer_id"], []).append(told.payload["platen"])
    assert sorted(visits) == [f"ILD001-{slot:02d}" for slot in SLOTS]
    assert {tuple(v) for v in visits.values()} == {(1, 2, 1), (3, 4, 3)}


def test_each_visit_leaves_a_trace_of_its_own(on_b: tuple[RunSummary, Run]) -> None:
    _, run = on_b
    files = [told.payload["file"] for told in run.named("trace_recorded")]
    assert len(files) == len(set(files)) == 3 * len(SLOTS)
    assert all((run.folder / file).is_file() for file in files)


def test_no_wet_limit_is_passed_and_the_wait_for_the_cleaner_is_nearly_the_same_for_all(
    on_b: tuple[RunSummary, Run],
) -> None:
    _, run = on_b
    waits_s = [told.payload["polish_to_clean_s"] for told in run.named("wafer_finished")]
    assert max(waits_s) < 60.0
    assert max(waits_s) - min(waits_s) < 20.0  # six wafers: the first exchange of each unit finds the arm elsewhere


def test_both_arms_of_the_wet_robot_carry_and_every_move_was_intended_first(on_b: tuple[RunSummary, Run]) -> None:
    _, run = on_b
    moved = [(t.payload["wafer_id"], t.payload["source"], t.payload["destination"]) for t in run.named("wafer_moved")]
    assert {"wet_robot", "wet_robot_b"} <= {destination for _, _, destination in moved}
    intended: list[tuple[str, str, str]] = []
    for told in run.named("move_intended", "wafer_moved"):
        move = (told.payload["wafer_id"], told.payload["source"], told.payload["destination"])
        if told.name == "move_intended":
            intended.append(move)
        else:
            assert move in intended
            intended.remove(move)
    assert intended == []


def test_no_place_ever_holds_two_wafers_and_heads_take_a_fresh_one_only_when_empty(
    on_b: tuple[RunSummary, Run],
) -> None:
    _, run = on_b
    at: dict[str, str] = {}
    for told in run.named("wafer_moved"):
        wafer, source, destination = (told.payload[k] for k in ("wafer_id", "source", "destination"))
        assert at.pop(source, wafer) == wafer
        assert destination not in at
        if destination.startswith("exchange") and source.startswith("wet_robot"):
            assert destination.replace("exchange", "head") not in at
        at[destination] = wafer
    assert sorted(place for place in at if place.startswith("loadport1")) == sorted(at)


def test_a_head_swings_only_when_it_is_up(on_b: tuple[RunSummary, Run]) -> None:
    _, run = on_b
    polishing: dict[str, str] = {}
    for told in run.named("module_state_changed"):
        module, state = told.payload["module"], told.payload["state"]
        if module.startswith("platen"):
            polishing[module] = state
        if module.startswith("swing") and state == "swinging":
            unit = int(module.removeprefix("swing"))
            assert {polishing.get(f"platen{n}", "idle") for n in (2 * unit - 1, 2 * unit)} == {"idle"}
    swings = [t for t in run.named("module_state_changed") if t.payload["state"] == "swinging"]
    # Out, between three stages on two tables, and back: four swings a wafer.
    assert len(swings) == 4 * len(SLOTS)


def test_the_bound_names_the_units(on_b: tuple[RunSummary, Run]) -> None:
    _, run = on_b
    bound = json.loads(run.meta["bound"])
    assert bound["bottleneck"] == "units"
    assert bound["makespan_s"] >= bound["bound_makespan_s"]
    returned_s = [told.time_s for told in run.named("wafer_finished")]
    assert all(a <= b for a, b in pairwise(returned_s))


@pytest.mark.parametrize("stages", [1, 2])
def test_recipes_of_fewer_stages_run_on_both_tools(tmp_path: Path, stages: int) -> None:
    lot = small_lot(tmp_path / "lot", (1, 2))
    recipe = lot.parent / "recipe.toml"
    text = recipe.read_text(encoding="utf-8")
    kept = text[: text.index(f'[[steps]]\nname = "P{stages + 1} main"')].replace(
        "target_removal_A = 6000", f"target_removal_A = {2000 * stages}"
    )
    recipe.write_text(kept, encoding="utf-8")
    for tool, platens in (("tool_a", {1, 2}), ("tool_b", {1, 2, 3, 4})):
        home = tmp_path / tool
        summary = run_on(tool, lot, home)
        assert summary.outcome == "completed"
        if tool == "tool_b":
            assert summary.alarms == ()
        used = {t.payload["platen"] for t in run_of(summary, home).named("step_started")}
        # Two wafers: one to each unit of tool B, both to the same platens of tool A.
        assert used == ({1, 3} if stages == 1 and tool == "tool_b" else {1} if stages == 1 else platens)
