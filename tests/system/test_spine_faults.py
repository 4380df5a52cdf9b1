"""When something goes wrong in a run: it ends, says what failed, knows where every wafer is and leaves them safe."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from spine_lots import Run, run_of, run_small, small_lot
from typer.testing import CliRunner

from planaris import clock
from planaris.app import RunRequest, RunSummary, far_side, runner
from planaris.cli.main import app
from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.hardware import Value
from planaris.historian import JournalError, RunDatabase, RunDatabaseError, SqliteJournal, wafer_places
from planaris.model import Lot
from planaris.stream import Committed
from planaris.tool import AnswerStatus, CommandRequest, Tool
from planaris.twin import LinkModel, Machine, World

SLOTS = (1, 2, 3, 4)
HEADS, PLATENS = (1, 2, 3, 4), (1, 2, 3)


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lot(tmp_path_factory.mktemp("faults") / "lot", SLOTS)


@dataclass
class Watch:
    """The twin behind a run, and what devices were told and when."""

    machines: list[Machine] = field(default_factory=list[Machine])
    worlds: list[World] = field(default_factory=list[World])
    told: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    where: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def values(self) -> Mapping[str, Value]:
        return self.machines[-1].plc.values

    def told_after(self, time_s: float) -> set[str]:
        return {device for at_s, device in self.told if at_s > time_s}


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Look at the twin of the runs of a test: keep it, and what is asked of its devices."""
    found = Watch()

    class WatchedMachine(Machine):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            found.machines.append(self)
            write = self.plc.write

            def noted(values: Mapping[str, Value]) -> None:
                found.told.extend(
                    (clock.now_s(), name.split(".")[0])
                    for name in values
                    if name.endswith(".cmd.request") and values[name]
                )
                write(values)

            self.plc.write = noted  # type: ignore[method-assign]

    class WatchedWorld(World):
        def flags(self) -> tuple[str, ...]:
            found.where = dict(self.where())
            return super().flags()

    monkeypatch.setattr(far_side, "Machine", WatchedMachine)
    monkeypatch.setattr(far_side, "World", WatchedWorld)
    return found


def when(monkeypatch: pytest.MonkeyPatch, time_s: float, act: Callable[[World], None]) -> None:
    """Let something happen to the world of the next run, so many seconds after its cassette was placed."""
    place_cassette = World.place_cassette

    def placed(self: World, lot: Lot) -> None:
        place_cassette(self, lot)
        if time_s > 0:
            asyncio.get_running_loop().call_later(time_s, act, self)
        else:
            act(self)

    monkeypatch.setattr(World, "place_cassette", placed)


def assert_safe(watch: Watch) -> None:
    """No head is down, and a pad under a wafer that was not brought away is wet."""
    assert [h for h in HEADS if not watch.values[f"head{h}.up"]] == []


# -- the carrier is not what the lot says -------------------------------------------------------------------------


@pytest.mark.parametrize(("magnitude", "word"), [(-3.0, "crossed"), (3.0, "double")])
def test_a_slot_that_only_the_scan_shows_ends_the_run_with_1_and_no_wafer_moves(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch, magnitude: float, word: str
) -> None:
    when(monkeypatch, 0.0, lambda world: world.inject_fault("loadport1", "slots", magnitude))
    home = tmp_path / "home"
    result = CliRunner().invoke(app, ["run", str(lot), "--home", str(home), "--json", "--no-report"])
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    assert (document["ok"], document["outcome"]) == (False, "slot_map_mismatch")
    assert all(w["head"] is None and w["removal_nm"] is None for w in document["wafers"])
    found = Run(Path(document["folder"]), home, document)
    assert found.named("move_intended", "wafer_moved", "lot_started") == []
    assert {t.payload["alarm"] for t in found.named("alarm_set")} == {f"slot_{word}", "slot_map_mismatch"}
    assert f"slot 3 is {word}" in " ".join(document["alarms"])
    (mapped,) = found.named("carrier_mapped")
    assert mapped.payload["slots"] == "OO" + ("X" if word == "crossed" else "D") + "O" + "-" * 21
    assert "slot_map_mismatch" in result.stderr
    assert watch.where == {f"ILD001-{s:02d}": f"loadport1.{s:02d}" for s in SLOTS}
    assert {device for _, device in watch.told} <= {"loadport1"}


# -- devices that fail --------------------------------------------------------------------------------------------

# Times fall where the device has work: the lot's first wafer is chucked at about 60 s and clean at about 480 s.
FAILURES = [
    ("dry_robot", "jammed", 60.0),
    ("dry_robot", "silent", 400.0),
    ("wet_robot", "jammed", 300.0),
    ("aligner", "jammed", 70.0),
    ("loadcup", "jammed", 100.0),
    ("carousel", "silent", 200.0),
    ("brush1", "jammed", 330.0),
    ("srd", "silent", 420.0),
    ("metrology", "jammed", 500.0),
    ("platen2", "jammed", 150.0),
    ("conditioner1", "silent", 80.0),
    ("head3", "silent", 210.0),  # head 3 is down on platen 1
]


@pytest.mark.parametrize(("device", "fault", "time_s"), FAILURES, ids=lambda v: str(v))
def test_a_device_that_fails_ends_the_run_named_with_every_wafer_known(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch, device: str, fault: str, time_s: float
) -> None:
    when(monkeypatch, time_s, lambda world: world.inject_fault(device, fault, 0.0))
    summary = run_small(lot, tmp_path)
    assert summary.outcome == "failed"
    assert any(device in alarm for alarm in summary.alarms), summary.alarms
    run = run_of(summary, tmp_path)
    assert run.named("run_ended")[0].payload["outcome"] == "failed"
    assert device in run.named("run_ended")[0].payload["detail"]
    known = wafer_places(tmp_path / "tool.db")
    for place in known:
        # A wafer whose move was not confirmed is at either end of it; all others are where the map says.
        assert watch.where[place.wafer_id] in {place.location, place.intended_destination}
    assert len(known) == len(SLOTS)
    down = [h for h in HEADS if not watch.values[f"head{h}.up"]]
    assert down == ([3] if device == "head3" else [])
    if down:  # its own lift is broken: then the pad under it must be kept wet
        station = next(n for n in PLATENS if watch.machines[-1].handling.head_at(n) == 3)
        assert watch.values[f"platen{station}.pad_wet"]


def test_what_is_not_touched_by_a_failure_is_brought_to_its_end(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    """The aligner jams with wafer 4 on it: the three before it are finished, no other leaves its slot."""
    when(monkeypatch, 115.0, lambda world: world.inject_fault("aligner", "jammed", 0.0))
    summary = run_small(lot, tmp_path)
    finished = [w.slot for w in summary.wafers if w.head is not None]
    assert summary.outcome == "failed"
    stuck = [w for w, place in watch.where.items() if place == "aligner"]
    assert len(stuck) == 1
    assert finished == [s for s in SLOTS if f"ILD001-{s:02d}" < stuck[0]]


def test_a_wafer_that_is_gone_is_missed(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    def lose(world: World) -> None:
        if "stage" in world.where().values():
            world.inject_fault("stage", "lost", 0.0)
        else:
            asyncio.get_running_loop().call_later(0.5, lose, world)

    when(monkeypatch, 20.0, lose)
    summary = run_small(lot, tmp_path)
    assert not summary.completed
    run = run_of(summary, tmp_path)
    assert {"wafer_not_seen", "device_error"} & {t.payload["alarm"] for t in run.named("alarm_set")}
    # Three are left in the machine: the tool never claims the fourth came back.
    assert len(run.named("wafer_finished")) == 3 or len(watch.where) == 3


@pytest.mark.parametrize("time_s", [30.0, 85.0, 145.0, 220.0, 300.0, 420.0])
def test_emergency_off_stops_everything_with_heads_up_and_rinse_on(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch, time_s: float
) -> None:
    when(monkeypatch, time_s, lambda world: world.press_emo())
    summary = run_small(lot, tmp_path)
    assert not summary.completed
    run = run_of(summary, tmp_path)
    pressed_s = next(t.time_s for t in run.named("alarm_set") if t.payload["alarm"] == "emo")
    assert [t for t in run.named("wafer_moved") if t.time_s > pressed_s + 1.0] == []
    # Only the way to safety may still be asked for: heads, rinse, slurry.
    asked = {name.rstrip("0123456789") for name in watch.told_after(pressed_s + 0.5)}
    assert asked <= {"head", "platen", "conditioner"}
    assert_safe(watch)
    for place in wafer_places(tmp_path / "tool.db"):
        assert watch.where[place.wafer_id] in {place.location, place.intended_destination}


# -- the journal fails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time_s", [50.0, 85.0, 145.0, 210.0, 330.0])
def test_without_a_journal_no_move_starts_and_wet_wafers_are_brought_to_safety(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch, time_s: float
) -> None:
    failed_s: list[float] = []
    append = SqliteJournal.append

    def failing(self: SqliteJournal, batch: Sequence[Committed], durable: bool) -> None:
        if clock.now_s() >= time_s:
            failed_s.append(clock.now_s())
            raise JournalError(self.path, "disk is full", "free space")
        append(self, batch, durable)

    monkeypatch.setattr(SqliteJournal, "append", failing)
    home = tmp_path / "home"
    result = CliRunner().invoke(app, ["run", str(lot), "--home", str(home), "--json", "--no-report"])
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    assert document["kind"] == "records"
    assert "disk is full" in document["message"]
    # What was begun before may end; nothing but the way to safety is asked for after the first commit that failed.
    asked = {name.rstrip("0123456789") for name in watch.told_after(failed_s[0])}
    assert asked <= {"head", "platen", "conditioner"}
    assert_safe(watch)
    machine = watch.machines[-1]
    for station in PLATENS:
        head = f"head{machine.handling.head_at(station)}"
        if watch.values[f"{head}.wafer_present"] and station in polishing_at(home, time_s):
            assert watch.values[f"platen{station}.pad_wet"], f"the wafer over platen {station} falls dry"


def polishing_at(home: Path, time_s: float) -> set[int]:
    """Return platens that had a step under way by the journal."""
    from spine_lots import events_of

    told = events_of(home / "tool.db", "SELECT sequence, time_s, name, payload FROM journal ORDER BY sequence")
    busy: set[int] = set()
    for t in told:
        if t.name == "step_started" and t.time_s < time_s:
            busy.add(t.payload["platen"])
        elif t.name == "step_ended" and t.time_s < time_s:
            busy.discard(t.payload["platen"])
    return busy


def test_records_that_fail_are_told_and_the_run_goes_on_to_its_end(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    """A listener cannot touch control; but a run whose records are not whole must not be called a success."""
    record, calls = RunDatabase.__call__, list[int]()

    def failing(self: RunDatabase, batch: Sequence[Committed]) -> None:
        calls.append(len(batch))
        if len(calls) > 1:
            raise RunDatabaseError(self.path, "cannot record events: disk is full", "free space on the disk")
        record(self, batch)

    monkeypatch.setattr(RunDatabase, "__call__", failing)
    home = tmp_path / "home"
    result = CliRunner().invoke(app, ["run", str(lot), "--home", str(home), "--json", "--no-report"])
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    assert document["kind"] == "records"
    assert "disk is full" in document["message"]
    assert set(watch.where.values()) == {f"loadport1.{s:02d}" for s in SLOTS}


def test_a_progress_display_that_fails_changes_nothing(lot: Path, tmp_path: Path) -> None:
    def broken(_progress: object) -> None:
        raise RuntimeError("display gone")

    fine = run_small(lot, tmp_path / "a")
    summary = runner.run_lot(RunRequest(lot, None, 1, None, tmp_path / "b", report=False), broken)
    assert summary.completed
    assert summary.stream_hash == fine.stream_hash


# -- the process leaves its limits --------------------------------------------------------------------------------


def test_a_flow_that_fails_in_mid_polish_aborts_that_wafer_and_ends_the_run_named(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    """The slurry of platen 1 falls to half while the first wafer is polished there."""
    when(monkeypatch, 100.0, lambda w: w.machine.plc.write({"platen1.sp_slurry_flow_ml_min": 90.0}))
    summary = run_small(lot, tmp_path)
    assert summary.outcome == "failed"
    run = run_of(summary, tmp_path)
    alarms = {t.payload["alarm"]: t.payload for t in run.named("alarm_set")}
    assert alarms["flow_deviation"]["source"] == "platen1"
    assert alarms["process_aborted"]["source"] == "platen1"
    ended = [t.payload for t in run.named("step_ended") if t.payload["reason"] == "abort"]
    assert [(e["wafer_id"], e["platen"]) for e in ended] == [(alarms["flow_deviation"]["wafer_id"], 1)]
    assert_safe(watch)
    # The wafer is not left wet on the head: it is cleaned, measured and back in its slot.
    assert watch.where[ended[0]["wafer_id"]].startswith("loadport1.")


def test_results_outside_their_limits_are_alarms_of_the_wafer_not_failures_of_the_run(tmp_path: Path) -> None:
    strict = {"recipe.toml": {"removal_tolerance_pct = 5": "removal_tolerance_pct = 0.01",
                              "wiwnu_limit_pct = 5": "wiwnu_limit_pct = 0.01"}}  # fmt: skip
    summary = run_small(small_lot(tmp_path / "lot", (2, 3), strict), tmp_path / "home")
    assert summary.completed
    assert [w.alarms for w in summary.wafers] == [("removal_out_of_target", "wiwnu_out_of_limit")] * 2


def assert_catalogued(run: Run) -> None:
    """Every alarm stands in the catalogue, at a place where it may be, as bad as it says."""
    dictionary = build(load_tool())
    scope_of = {place.name: place.scope for place in dictionary.places}
    catalogue = {a.template.name: a.template for a in dictionary.alarms}
    known = {(a.template.name, a.source) for a in dictionary.alarms}
    for t in run.named("alarm_set"):
        p = t.payload
        assert (p["alarm"], p["source"]) in known, f"{p['alarm']} at {p['source']} ({scope_of.get(p['source'])})"
        assert p["severity"] in {catalogue[p["alarm"]].severity, "warning"}


ACTS: dict[str, Callable[[World], None]] = {
    "emo": lambda w: w.press_emo(),
    "robot": lambda w: w.inject_fault("dry_robot", "silent", 0.0),
    "carousel": lambda w: w.inject_fault("carousel", "jammed", 0.0),
    "flow": lambda w: w.machine.plc.write({"platen1.sp_slurry_flow_ml_min": 90.0}),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_alarms_of_failures_are_those_of_the_catalogue(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[World], None]
) -> None:
    when(monkeypatch, 100.0, act)
    run = run_of(run_small(lot, tmp_path), tmp_path)
    assert run.named("alarm_set")
    assert_catalogued(run)


def test_alarms_of_results_are_those_of_the_catalogue(tmp_path: Path) -> None:
    strict = {"recipe.toml": {"removal_tolerance_pct = 5": "removal_tolerance_pct = 0.01"}}
    lot = small_lot(tmp_path / "lot", (2,), strict)
    run = run_of(run_small(lot, tmp_path / "home"), tmp_path / "home")
    assert [t.payload["alarm"] for t in run.named("alarm_set")] == ["removal_out_of_target"]
    assert_catalogued(run)


# -- commands in the middle of a run, and bad links ---------------------------------------------------------------


def test_a_stopped_job_starts_no_further_wafer_and_finishes_those_under_way(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    answers: list[AnswerStatus] = []

    class Stopped(Tool):
        @asynccontextmanager
        async def running(self) -> AsyncGenerator[None]:
            async def stop() -> None:
                await asyncio.sleep(75.0)
                request = CommandRequest("job.stop", {"lot_id": "ILD001"}, "eva", "operator", "wrong recipe", "k")
                answers.append((await self.commands.submit(request)).status)

            async with super().running():
                task = asyncio.create_task(stop())
                yield
                await task

    monkeypatch.setattr(runner, "Tool", Stopped)
    summary: RunSummary = run_small(lot, tmp_path)
    assert answers == [AnswerStatus.DONE]
    assert (summary.outcome, summary.completed) == ("stopped", False)
    done = [w.slot for w in summary.wafers if w.head is not None]
    assert 1 in done
    assert 4 not in done
    assert watch.where == {f"ILD001-{s:02d}": f"loadport1.{s:02d}" for s in SLOTS}
    assert run_of(summary, tmp_path).named("lot_ended")[0].payload["processed_count"] == len(done)


@pytest.mark.parametrize(
    "link", [LinkModel(latency_s=0.2, jitter_s=0.0), LinkModel(latency_s=0.05, jitter_s=0.15)], ids=["slow", "jitter"]
)
def test_a_slow_link_only_takes_longer(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: LinkModel
) -> None:
    plain = run_small(lot, tmp_path / "plain")

    def machine(*arguments: Any, **options: Any) -> Machine:
        return Machine(*arguments, link=link, **options)

    monkeypatch.setattr(far_side, "Machine", machine)
    summary = run_small(lot, tmp_path / "slow")
    assert summary.completed
    assert summary.alarms == ()
    assert plain.tool_time_s < summary.tool_time_s < 1.15 * plain.tool_time_s
