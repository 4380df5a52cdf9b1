"""Fault detection of a live tool: a fault put into its twin by a command is named, and the plan is carried out."""

from __future__ import annotations

import time
from pathlib import Path

from spine_lots import ROOT, Edits, Told, events_of, small_lot
from test_serve import LOT_LIMIT_S, SHORT, Served, job_of, serving

EXAMPLE = ROOT / "examples" / "oxide_fault_detection"
# The least that limits are learned from.
LEARN = 6
# The lot is held with the fault; on a slow machine some more wafers are polished before the command is there.
SLOTS = tuple(range(1, 26))
EDITS: Edits = {
    "recipe.toml": {"learn_count = 8": f"learn_count = {LEARN}"} | SHORT["recipe.toml"],
    "cleaner.toml": SHORT["cleaner.toml"],
}
LOT = "lot_id=ILD001"


def told(home: Path, *names: str) -> list[Told]:
    """Return events of the home's journal."""
    query = f"SELECT sequence, time_s, name, payload FROM journal WHERE name IN ({', '.join('?' * len(names))})"
    return events_of(home / "tool.db", f"{query} ORDER BY sequence", *names)


def wait_for(tool: Served, home: Path, name: str, enough: int, **payload: object) -> list[Told]:
    """Wait until the journal has so many events of a kind and return them."""
    give_up_s = time.monotonic() + LOT_LIMIT_S
    while True:
        found = [e for e in told(home, name) if all(e.payload[key] == value for key, value in payload.items())]
        if len(found) >= enough:
            return found
        assert time.monotonic() < give_up_s, tool.state()
        time.sleep(0.3)


def test_a_slurry_drop_is_named_and_the_lot_is_held(tmp_path: Path) -> None:
    lot = small_lot(tmp_path / "lot", SLOTS, EDITS, EXAMPLE)
    home = tmp_path / "home"
    with serving(home, "--lot", lot) as tool:
        assert tool.do("job.create", LOT, "load_port=1", "recipe=oxide_watched")["status"] == "done"
        assert tool.do("job.start", LOT)["status"] == "done"
        wait_for(tool, home, "features_taken", LEARN, platen=1)
        assert told(home, "fault_found") == []
        # A fault with 1.5 times the flow's warning band, for as long as nobody clears it.
        drop = ("target=platen1", "fault=slurry_drop", "magnitude=1.5")
        assert tool.do("world.inject_fault", *drop, role="maintenance")["status"] == "done"
        found = wait_for(tool, home, "fault_found", 1)[0].payload
        assert (found["fault"], found["source"], found["planned"]) == ("slurry_drop", "platen1", "hold_lot")
        assert "slurry_flow_error_pct" in found["features"]
        alarm = wait_for(tool, home, "alarm_set", 1, alarm="slurry_drop_found")[0].payload
        assert alarm["source"] == "platen1"
        assert "slurry_flow_error_pct" in alarm["detail"]
        assert wait_for(tool, home, "wafer_marked", 1, wafer_id=found["wafer_id"])[0].payload["mark"] == "hold"
        assert wait_for(tool, home, "job_state_changed", 1, state="paused")
        state = tool.state()
        assert job_of(state, "ILD001")["state"] == "paused"
        tool.end()
