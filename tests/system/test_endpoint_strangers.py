"""Wafers that are not what the lot says, on the twin: found in the first seconds; and a missed endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from spine_lots import ROOT, Run, run_of, run_small, small_lot

from planaris.model import FilmStack, Layer, Lot
from planaris.twin import World

SLOTS = (1, 2, 3, 4, 5)
Truly = Mapping[int, Sequence[Layer]]
# One step from 1500 nm to 1100 nm; 400 nm more than the nearly finished would have to lose.
END = (
    'end = { kind = "endpoint", time_s = 80, min_s = 20, max_s = 100,'
    ' detectors = [{ detector = "spectrum", target_A = 11000, incoming_tolerance_pct = 15 }] }'
)
# What a person gave the tool by mistake, by slot: films from the top.
TRULY: Truly = {
    2: (Layer("TEOS", 1240.0),),  # polished before
    3: (Layer("TEOS", 1115.0),),  # has nothing left to lose
    4: (Layer("TEOS", 20.0),),  # a blank, all but its native oxide
    5: (Layer("TEOS", 1680.0),),  # thicker, yet within the tolerance: the latest time comes first
}


def run_with(folder: Path, example: str, slots: tuple[int, ...], end: str, truly: Truly) -> Run:
    """Run the first platen of an example with an end of its own, some slots holding other wafers than the lot says."""
    lot = small_lot(folder / "lot", slots, example=ROOT / "examples" / example)
    recipe = folder / "lot" / "recipe.toml"
    text = recipe.read_text(encoding="utf-8")
    text = text[: text.index('[[steps]]\nname = "P2')]
    begin = text.index("end = {")
    text = text[:begin] + end + text[text.index("\n", begin) :]
    recipe.write_text(re.sub(r"target_removal_A = \d+", "target_removal_A = 4000", text), encoding="utf-8")
    place = World.place_cassette

    def swapped(world: World, told: Lot) -> None:
        wafers = tuple(
            replace(w, stack=FilmStack(tuple(truly[w.slot]), "Si")) if w.slot in truly else w for w in told.wafers
        )
        others = {w.wafer_id for w in wafers if w.slot in truly}
        place(world, replace(told, wafers=wafers, incoming=tuple(m for m in told.incoming if m.wafer_id not in others)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "place_cassette", swapped)
        return run_of(run_small(lot, folder / "home"), folder / "home")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_with(tmp_path_factory.mktemp("strangers"), "oxide_endpoint", SLOTS, END, TRULY)


def decided(run: Run) -> dict[int, dict[str, object]]:
    """Return how each slot's endpoint was decided."""
    return {int(t.payload["wafer_id"][-2:]): t.payload for t in run.named("endpoint_decided")}


@pytest.mark.parametrize(
    ("slot", "decision", "why"),
    [(1, "call", "foreseen"), (2, "abort", "reworked"), (3, "abort", "nearly clear"), (4, "abort", "blank")],
)
def test_each_is_recognised_for_what_it_is(run: Run, slot: int, decision: str, why: str) -> None:
    said = decided(run)[slot]
    assert said["decision"] == decision
    assert why in str(said["why"])


def test_strangers_are_found_in_the_first_seconds_and_kept(run: Run) -> None:
    took_s = {int(t.payload["wafer_id"][-2:]): t.payload for t in run.named("step_ended") if t.payload["step"] == 0}
    # Pressure rises over 2 s; three sweeps of 0.65 s must agree.
    assert all(took_s[slot]["duration_s"] < 6.0 and took_s[slot]["reason"] == "wafer" for slot in (2, 3, 4))
    assert took_s[1]["reason"] == "endpoint"
    alarms = {(t.payload["alarm"], int(t.payload["wafer_id"][-2:])) for t in run.named("alarm_set")}
    assert {("wafer_not_expected", 2), ("wafer_not_expected", 3), ("wafer_not_expected", 4)} <= alarms
    marks = {int(t.payload["wafer_id"][-2:]): t.payload["mark"] for t in run.named("wafer_marked")}
    assert marks == {2: "hold", 3: "hold", 4: "hold", 5: "hold"}


def test_a_missed_endpoint_ends_at_the_latest_time_with_an_alarm_and_holds_the_wafer(run: Run) -> None:
    said = decided(run)[5]
    assert said["decision"] == "hold"
    assert "latest time" in str(said["why"])
    ended = next(
        t.payload for t in run.named("step_ended") if t.payload["wafer_id"].endswith("05") and t.payload["step"] == 0
    )
    assert (ended["duration_s"], ended["reason"]) == (pytest.approx(100.0), "latest")
    assert ("endpoint_missed", 5) in {
        (t.payload["alarm"], int(t.payload["wafer_id"][-2:])) for t in run.named("alarm_set")
    }


def test_nitride_on_oxide_is_no_oxide_on_nitride(tmp_path: Path) -> None:
    end = (
        'end = { kind = "endpoint", time_s = 55, min_s = 20, max_s = 90,'
        ' detectors = [{ detector = "spectrum", target_A = 3000 }] }'
    )
    upside_down = {1: (Layer("SiN", 550.0), Layer("HDP", 150.0))}
    run = run_with(tmp_path, "sti_ceria", (1,), end, upside_down)
    said = decided(run)[1]
    assert (said["decision"], str(said["why"]).partition(":")[0]) == ("abort", "wrong film")
    assert [t.payload["mark"] for t in run.named("wafer_marked")] == ["hold"]
