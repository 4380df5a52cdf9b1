"""A lot under fault detection through the whole stack: its records, its report, and limits that outlive the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spine_lots import ROOT, Edits, small_lot

from planaris.app import RunProfile, RunRequest, RunSummary, run_lot
from planaris.control import FaultDetection, StepFeatures
from planaris.formats import load_recipe, load_tool
from planaris.historian import HomeError, RunQueries
from planaris.report import write_report
from planaris.tool import FAULT_ALARMS

EXAMPLE = ROOT / "examples" / "oxide_fault_detection"
LEARN, WAFERS = 6, 8
EDITS: Edits = {"recipe.toml": {"learn_count = 8": f"learn_count = {LEARN}"}}


def run_watched(lot: Path, home: Path) -> RunSummary:
    """Run a lot on the campaign profile, whose sensors are sampled at 10 Hz: features are means all the same."""
    request = RunRequest(lot, None, 1, None, home, report=False, profile=RunProfile.CAMPAIGN)
    return run_lot(request, lambda _progress: None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched") / "home"


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    slots = tuple(range(1, WAFERS + 1))
    return small_lot(tmp_path_factory.mktemp("lots") / "lot", slots, EDITS, EXAMPLE)


@pytest.fixture(scope="module")
def first(lot: Path, home: Path) -> RunSummary:
    return run_watched(lot, home)


def found(run: RunSummary) -> list[str]:
    """Return the alarms that fault detection set."""
    return [alarm for alarm in run.alarms if alarm.partition(" ")[0] in set(FAULT_ALARMS.values())]


def test_a_lot_in_control_sets_no_alarm(first: RunSummary) -> None:
    assert (first.outcome, found(first)) == ("completed", [])


def test_the_record_has_every_steps_features(first: RunSummary) -> None:
    taken = RunQueries(first.folder / "run.db").step_features()
    assert len(taken) == WAFERS * 4  # three platens and metrology
    at_first = [row for row in taken if row.platen == 1]
    assert [row.learned_count for row in at_first] == [1, 2, 3, 4, 5, 6, 6, 6]
    assert {"slurry_flow_error_pct", "ring_wear_mm", "zone3_leak_kPa"} <= set(at_first[0].by_name)
    assert abs(at_first[0].by_name["slurry_flow_error_pct"]) < 1.0


def test_the_record_played_again_says_the_same(first: RunSummary, lot: Path) -> None:
    ask = RunQueries(first.folder / "run.db")
    recipe = load_recipe(lot.with_name("recipe.toml"), load_tool())
    assert recipe.fault_detection is not None
    detection = FaultDetection(recipe.fault_detection, 3)
    state, said = detection.start(), 0
    for row in ask.step_features():
        at = row.wafer_id, row.recipe, row.platen, row.head, row.step, row.step_name
        seen = StepFeatures(*at, row.by_name)
        state, decision = detection.step(state, seen)
        said += len(decision.violations)
    assert said == len(ask.chart_violations())


def test_the_report_shows_the_charts(first: RunSummary) -> None:
    page = write_report(first.folder).read_text(encoding="utf-8")
    assert 'id="fault-detection"' in page
    assert "All charts in control." in page
    assert "slurry_flow_error_pct of each wafer in order" in page


def test_the_next_lot_is_watched_from_its_first_wafer(first: RunSummary, lot: Path, home: Path) -> None:
    kept = json.loads((home / "fault_limits.json").read_text(encoding="utf-8"))
    assert len(kept["steps"]) == 4
    again = run_watched(lot, home)
    taken = RunQueries(again.folder / "run.db").step_features()
    assert {row.learned_count for row in taken} == {LEARN}
    assert found(again) == []
    del first


def test_limits_that_nobody_can_read_stop_the_run(first: RunSummary, lot: Path, home: Path) -> None:
    del first
    kept = home / "fault_limits.json"
    text = kept.read_text(encoding="utf-8")
    kept.write_text(text[:-20], encoding="utf-8")
    try:
        with pytest.raises(HomeError, match="learn limits anew"):
            run_watched(lot, home)
    finally:
        kept.write_text(text, encoding="utf-8")
