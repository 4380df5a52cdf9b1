"""Run-to-run control of a live tool: switched by the door, told in the lot's own records, remembered by the home."""

from __future__ import annotations

import time
from pathlib import Path

from spine_lots import Run, small_lot
from test_run_to_run_lot import remembered
from test_serve import LOT_LIMIT_S, SHORT, serving
from test_spine_resume import count

from planaris.historian import RunQueries
from planaris.model import RunToRunMode

SLOTS = (2,)


def test_a_live_lot_is_controlled_and_the_door_switches_it(tmp_path: Path) -> None:
    lot = small_lot(tmp_path / "lot", SLOTS, {"cleaner.toml": SHORT["cleaner.toml"]}, called="lot_run_to_run.toml")
    home = tmp_path / "home"
    with serving(home, "--lot", lot) as tool:
        refused = tool.do("run_to_run.switch", "mode=advise")
        assert (refused["status"], refused["code"]) == ("refused", 1)
        assert "role operator may not" in refused["why"]
        assert tool.do("run_to_run.switch", "mode=advise", role="process")["status"] == "done"
        assert tool.do("job.create", "lot_id=ILD001", "load_port=1", "recipe=oxide_ild_r2r")["status"] == "done"
        assert tool.do("job.start", "lot_id=ILD001")["status"] == "done"
        # Its journal and folder are looked at, which takes less of the machine than to ask it again and again.
        page, give_up_s = tool.folder / "lot-ILD001" / "report.html", time.monotonic() + LOT_LIMIT_S
        while not count(home, "lot_ended") or not page.is_file():
            assert time.monotonic() < give_up_s, tool.state()
            time.sleep(0.3)
        tool.end()
    decided = RunQueries(tool.folder / "lot-ILD001" / "run.db").adjustments()
    assert [row.wafer_id for row in decided] == [f"ILD001-{slot:02d}" for slot in SLOTS]
    assert {(row.mode, row.adjustment) for row in decided} == {("advise", "hold")}
    assert 'id="run-to-run"' in page.read_text(encoding="utf-8")
    (switched,) = Run(tool.folder, home, {}).named("run_to_run_switched")
    assert (switched.payload["previous"], switched.payload["state"]) == ("control", "advise")
    assert (switched.payload["principal"], switched.payload["why"]) == ("ada", "a test")
    # The next session begins with its label, and at what the person said.
    kept = remembered(home)
    assert kept.mode is RunToRunMode.ADVISE
    assert [state.labels_seen for state in kept.states.values()] == [1]
