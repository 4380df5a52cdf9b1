"""A real death under run-to-run control: what was learned and decided is there again, nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from spine_lots import small_lot
from test_run_to_run_lot import remembered, replayed
from test_spine_resume import killed, resume

from planaris.formats import load_job
from planaris.historian import journal_events
from planaris.stream import RecipeAdjusted, RemovalLabelled, RemovalLearned, RunResumed, StepEnded

SLOTS = (1, 2, 3, 4, 5, 6, 7)


def test_control_outlives_a_kill(tmp_path: Path) -> None:
    lot = small_lot(tmp_path / "lot", SLOTS, called="lot_run_to_run.toml")
    home = tmp_path / "home"
    # A wafer is on each platen then, decided on and not measured, and one label is known.
    killed(home, [str(lot)], "removal_learned", 1)
    status, document = resume(home, "--no-report")
    assert (status, document["outcome"]) == (0, "completed")
    told = [item.event for item in journal_events(home / "tool.db", document["run_id"])]
    assert sum(isinstance(e, RunResumed) for e in told) == 1
    decided = [e for e in told if isinstance(e, RecipeAdjusted)]
    by_id = {e.wafer_id: e for e in decided}
    assert sorted(e.wafer_id for e in decided) == [f"ILD001-{slot:02d}" for slot in SLOTS]
    # The labels of before the death go on counting after it; wafers whose polish was cut off teach nothing.
    learned = [e.labels_count for e in told if isinstance(e, RemovalLearned)]
    assert learned == list(range(1, len(learned) + 1))
    cut = {e.wafer_id for e in told if isinstance(e, StepEnded) and e.reason == "abort"}
    assert cut
    assert {e.wafer_id for e in told if isinstance(e, RemovalLabelled)} == set(by_id) - cut
    assert remembered(home) == replayed(home, load_job(lot))
    # A step that was cut off is polished for the time that was decided, not for the recipe's.
    for number, main in enumerate((0, 2, 4)):
        for wafer_id, event in by_id.items():
            ran_s = sum(
                e.duration_s for e in told if isinstance(e, StepEnded) and (e.wafer_id, e.step) == (wafer_id, main)
            )
            assert ran_s == pytest.approx(event.time_after_s[number], abs=0.1)
