"""The campaign profile: the same lot as the full one for the controller, without traces, on a coarse wafer map."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from spine_lots import EXAMPLE, Run

from planaris.app import RunProfile, RunRequest, RunSummary, run_lot
from planaris.historian import wafer_places


def campaign(home: Path, seed: int = 1) -> RunSummary:
    request = RunRequest(EXAMPLE / "lot.toml", None, seed, None, home, profile=RunProfile.CAMPAIGN)
    return run_lot(request, lambda _progress: None)


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSummary, Path]:
    home = tmp_path_factory.mktemp("campaign")
    return campaign(home), home


def test_the_lot_is_complete_and_leaves_a_journal_but_neither_traces_nor_report(lot: tuple[RunSummary, Path]) -> None:
    summary, home = lot
    assert (summary.outcome, summary.alarms, summary.report) == ("completed", (), None)
    assert not list(summary.folder.rglob("*.parquet"))
    assert Counter(p.intended_destination for p in wafer_places(home / "tool.db")) == {None: 25}


def test_what_the_controller_does_is_the_same_as_in_the_full_profile(
    lot: tuple[RunSummary, Path], example_run: Run
) -> None:
    fine = {w["slot"]: w for w in example_run.wafers}
    assert lot[0].tool_time_s == pytest.approx(example_run.document["tool_time_s"], abs=1e-6)
    for wafer in lot[0].wafers:
        other = fine[wafer.slot]
        assert wafer.head == other["head"]
        assert (wafer.polish_s, wafer.wait_s, wafer.wet_s) == pytest.approx(
            (other["polish_s"], other["wait_s"], other["wet_s"]), abs=1e-5
        )


def test_removal_is_that_of_the_full_profile_but_for_the_coarse_map(
    lot: tuple[RunSummary, Path], example_run: Run
) -> None:
    """The same metrology noise in both: what is left is the map's 6 mm rings and the 1 s edges."""
    fine = {w["slot"]: w for w in example_run.wafers}
    for wafer in lot[0].wafers:
        assert wafer.removal_nm == pytest.approx(fine[wafer.slot]["removal_nm"], rel=0.01)


def test_equal_seeds_give_equal_streams(lot: tuple[RunSummary, Path], tmp_path: Path) -> None:
    assert campaign(tmp_path / "again").stream_hash == lot[0].stream_hash


@pytest.mark.parametrize("seed", [2, 3])
def test_no_wafer_of_an_undisturbed_lot_waits_beyond_the_wet_limit_whatever_the_seed(seed: int, tmp_path: Path) -> None:
    assert [a for a in campaign(tmp_path, seed).alarms if a.startswith("wet_limit")] == []
