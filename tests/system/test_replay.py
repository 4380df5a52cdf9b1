"""A recorded run drives the controller again: nothing differs with the same code, and every write that does is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from spine_lots import EXAMPLE, Told, run_of, small_lot

from planaris.app import RunRequest, RunSummary, run_lot
from planaris.model import InputError


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, RunSummary]:
    """A run of two wafers, recorded: lot file, home, summary."""
    base = tmp_path_factory.mktemp("recorded")
    lot = small_lot(base / "lot", [1, 2])
    request = RunRequest(lot, None, 1, None, base / "home", report=False, record=True)
    return lot, base / "home", run_lot(request, lambda _progress: None)


def replay(lot: Path, record: Path, home: Path) -> RunSummary:
    request = RunRequest(lot, None, 1, None, home, report=False, port=f"replay:{record}")
    return run_lot(request, lambda _progress: None)


def of_the_tool(told: list[Told]) -> list[Told]:
    """Return the events without the two that name the port."""
    return [t for t in told if t.name not in {"run_started", "link_changed"}]


def test_the_same_controller_does_the_same(recorded: tuple[Path, Path, RunSummary], tmp_path: Path) -> None:
    lot, home, first = recorded
    again = replay(lot, first.folder, tmp_path / "home")
    assert again.divergences == ()
    assert again.outcome == first.outcome == "completed"
    assert again.port_kind == "replay"
    then, now = run_of(first, home), run_of(again, tmp_path / "home")
    assert now.named("run_started")[0].payload["port_kind"] == "replay"
    assert of_the_tool(now.events) == of_the_tool(then.events)
    assert not (again.folder / "twin_truth.npz").exists(), "a record has no truth"


def test_another_recipe_is_told_with_tag_time_and_both_values(
    recorded: tuple[Path, Path, RunSummary], tmp_path: Path
) -> None:
    _, home, first = recorded
    text = (EXAMPLE / "recipe.toml").read_text(encoding="utf-8")
    entered = re.search(r"platen_speed_rpm = (\d+)", text)
    assert entered, "the example states the platen's speed"
    faster = int(entered.group(1)) + 2
    edits = {"recipe.toml": {entered.group(): f"platen_speed_rpm = {faster}"}}
    again = replay(small_lot(tmp_path / "lot", [1, 2], edits), first.folder, tmp_path / "home")
    assert again.outcome != "completed"
    begun_s = run_of(first, home).named("step_started")[0].time_s
    told = [d for d in again.divergences if ".sp_speed_rpm" in d and d.split()[2].startswith("platen")]
    found = re.fullmatch(r"([\d.]+) s (platen\d\.sp_speed_rpm): expected (\S+), got (\S+), then at ([\d.]+) s", told[0])
    assert found, told[0]
    at_s, _, expected, got, then_s = found.groups()
    assert (float(expected), float(got)) == (float(entered.group(1)), float(faster))
    assert float(at_s) == float(then_s)
    assert abs(float(at_s) - begun_s) < 30.0


def test_a_folder_without_a_record_is_refused(tmp_path: Path) -> None:
    lot = small_lot(tmp_path / "lot", [1])
    with pytest.raises(InputError, match="port"):
        replay(lot, tmp_path, tmp_path / "home")
    assert not (tmp_path / "home").exists()
