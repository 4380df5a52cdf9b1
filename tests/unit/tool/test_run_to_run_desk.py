"""Run-to-run control in the tool: threads by serial number, modes by the door, labels that are none, alarms."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path

import pytest
from tool_bench import Bench

from planaris.app.run_to_run import control_of_recipe
from planaris.formats import JobFiles, load_job
from planaris.model import SITE_PLANS, ReleasedPressure, RunToRunMode, WaferKind
from planaris.modules import TraceFile, VisitResult
from planaris.processes import load_package
from planaris.stream import AlarmCleared, AlarmSet, RecipeAdjusted, RemovalLabelled, RemovalLearned, RunToRunSwitched
from planaris.tool import (
    AlarmBook,
    Answer,
    AnswerStatus,
    CommandDoor,
    CommandRequest,
    ConsumableBook,
    Job,
    RecipeControl,
    RunToRunDesk,
    WaferProgress,
)

EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild" / "lot_run_to_run.toml"


class Scene:
    """A desk with its door on a bench, and a job whose wafers are polished by a stroke of the pen."""

    def __init__(self, bench: Bench, **setting: object) -> None:
        files = load_job(EXAMPLE)
        assert files.recipe.run_to_run is not None
        changed = replace(files.recipe.run_to_run, **setting)  # pyright: ignore[reportArgumentType]
        self.files: JobFiles = replace(files, recipe=replace(files.recipe, run_to_run=changed))
        self.bench = bench
        alarms = AlarmBook(bench.stream, bench.dictionary, lambda: bench.now_s)
        self.door = CommandDoor(bench.stream, bench.dictionary, lambda: bench.now_s)
        self.parts = ConsumableBook(bench.tool, bench.stream, alarms, ())
        self.parts.offer(self.door)
        control = control_of_recipe(self.files.recipe, load_package("oxide_ild"), bench.tool)
        assert control is not None
        self.control: RecipeControl = control
        self.desk = RunToRunDesk(bench.tool, bench.stream, alarms, self.parts, lambda _recipe: control)
        self.desk.offer(self.door)
        self.job = Job(bench.stream, self.files.lot, self.files.recipe, self.files.cleaner, 0, 1)
        self._waiting = iter(self.job.progress.values())

    def wafer(self, kind: WaferKind = WaferKind.PRODUCT) -> WaferProgress:
        """Return the job's next wafer, on head 1."""
        progress = next(self._waiting)
        progress.wafer, progress.head = replace(progress.wafer, kind=kind), 1
        return progress

    def polish(
        self, ratio: float = 1.0, *, marks: tuple[str, ...] = (), cut_short: bool = False, edge_ratio: float = 1.0
    ) -> RecipeAdjusted:
        """Decide on a wafer, polish it at a ratio of the nominal rate, and bring it back."""
        progress = self.wafer()
        recipe = self.desk.adjust(self.job, progress, 1)
        pressures = (recipe.steps[0].zone_pressure_kPa[2],) if self.control.control.actuators.zones else ()
        values = (*(s.end.time_s for s in recipe.steps if s.kind == "polish"), *pressures)
        removed_nm = ratio * float(self.control.control.actuators.outputs_nm(values)[0])
        progress.marks, progress.cut_short = list(marks), cut_short
        self.bring_back(progress, removed_nm, edge_ratio)
        return self.bench.of(RecipeAdjusted)[-1]

    def bring_back(self, progress: WaferProgress, removed_nm: float, edge_ratio: float = 1.0) -> None:
        """Have a wafer measured that lost so much, at its edge so much more, and give its label."""
        incoming = self.job.incoming[progress.wafer.wafer_id]
        nine = {(x, y) for x, y in zip(SITE_PLANS["9"].x_mm, SITE_PLANS["9"].y_mm, strict=True)}
        sites = zip(incoming.plan.x_mm, incoming.plan.y_mm, incoming.thickness_nm, strict=True)
        by_site = {
            (x, y): t - removed_nm * (edge_ratio if math.hypot(x, y) > 95.0 else 1.0)
            for x, y, t in sites
            if (x, y) in nine
        }
        progress.plan = "9"
        progress.post_nm = tuple(by_site[site] for site in zip(SITE_PLANS["9"].x_mm, SITE_PLANS["9"].y_mm, strict=True))
        self.desk.labelled(self.job, progress)

    def give(self, verb: str, role: str = "process", reason: str = "a test", **arguments: str) -> Answer:
        request = CommandRequest(verb, arguments, "ada", role, reason, f"{verb} {len(self.bench.journal)} {arguments}")
        return asyncio.run(self.door.submit(request))


def test_labels_move_the_times_of_the_next_wafer(bench: Bench) -> None:
    scene = Scene(bench)
    for _ in range(4):
        scene.polish(0.96)
    said = scene.polish(0.96)
    assert said.adjustment == "adjust"
    assert said.estimate_pct == pytest.approx(-4.0, abs=0.3)
    assert min(said.time_after_s) > 40.5
    assert said.expected_nm == pytest.approx(said.target_nm, abs=0.5)
    assert len(bench.of(RemovalLearned)) == 5


def test_a_decision_is_in_the_journal_before_it_is_taken(bench: Bench) -> None:
    scene = Scene(bench)
    scene.desk.adjust(scene.job, scene.wafer(), 1)
    # By the commit itself: nothing that a later flush would bring.
    committed, durable = bench.journal[-1]
    assert isinstance(committed.event, RecipeAdjusted)
    assert durable
    bench.journal_failure = OSError("no space left on device")
    with pytest.raises(OSError, match="no space"):
        scene.desk.adjust(scene.job, scene.wafer(), 1)


def test_a_wafer_is_decided_on_once(bench: Bench) -> None:
    scene, progress = Scene(bench), None
    progress = scene.wafer()
    first = scene.desk.adjust(scene.job, progress, 1)
    assert scene.desk.adjust(scene.job, progress, 1) is first
    assert len(bench.of(RecipeAdjusted)) == 1


@pytest.mark.parametrize("kind", [WaferKind.DUMMY, WaferKind.QUALIFICATION])
def test_wafers_that_are_no_product_get_the_recipe(bench: Bench, kind: WaferKind) -> None:
    scene = Scene(bench)
    assert scene.desk.adjust(scene.job, scene.wafer(kind), 1) is scene.job.recipe
    assert bench.of(RecipeAdjusted) == []


@pytest.mark.parametrize(("marks", "cut_short"), [(("rework",), False), (("suspect",), False), ((), True)])
def test_a_spoiled_wafer_teaches_nothing(bench: Bench, marks: tuple[str, ...], cut_short: bool) -> None:
    scene = Scene(bench)
    scene.polish(0.9, marks=marks, cut_short=cut_short)
    assert bench.of(RemovalLabelled) == []


def test_a_changed_pad_is_another_thread_and_slower(bench: Bench) -> None:
    scene = Scene(bench)
    for _ in range(8):
        scene.polish(1.0)
    before = scene.polish(1.0)
    assert before.pad_age_h == (-1.0, -1.0, -1.0), "nobody saw these pads put on"
    answer = scene.give("consumable.change", "maintenance", location="platen1", part="pad", serial="P-77")
    assert answer.status is AnswerStatus.DONE
    after = scene.polish(1.0)
    assert "platen1/P-77" in after.parts
    assert after.pad_age_h == (0.0, -1.0, -1.0)
    assert after.estimate_pct < before.estimate_pct - 2.0
    assert after.estimate_sigma_pct > before.estimate_sigma_pct
    visit = VisitResult(1, 1, 0.0, 3600.0, 1800.0, 0.0, 0.0, TraceFile("", 0, 0))
    scene.parts.visited(visit)
    assert scene.polish(1.0).pad_age_h == (0.5, -1.0, -1.0)


def test_advice_is_told_and_not_taken_but_learned(bench: Bench) -> None:
    scene = Scene(bench, mode=RunToRunMode.ADVISE)
    for _ in range(4):
        scene.polish(0.96)
    said = scene.polish(0.96)
    assert (said.mode, said.adjustment) == ("advise", "adjust")
    assert min(said.time_after_s) > 40.5
    progress = scene.wafer()
    assert scene.desk.adjust(scene.job, progress, 1) is scene.job.recipe
    assert bench.of(RemovalLearned)[-1].measured_nm == pytest.approx(0.96 * 603.3, rel=1e-3)


def test_the_door_switches_it_by_role_and_reason(bench: Bench) -> None:
    scene = Scene(bench)
    assert scene.give("run_to_run.switch", "operator", mode="off").status is AnswerStatus.REFUSED
    assert "for a reason" in scene.give("run_to_run.switch", reason=" ", mode="off").why
    assert "there are: control, advise, off" in scene.give("run_to_run.switch", mode="on").why
    assert "at control already" in scene.give("run_to_run.switch", mode="control").why
    assert scene.give("run_to_run.switch", mode="advise").status is AnswerStatus.DONE
    assert scene.polish().mode == "advise"
    assert scene.give("run_to_run.switch", mode="off").status is AnswerStatus.DONE
    count = len(bench.of(RecipeAdjusted))
    assert scene.desk.adjust(scene.job, scene.wafer(), 1) is scene.job.recipe
    assert len(bench.of(RecipeAdjusted)) == count
    assert scene.give("run_to_run.switch", mode="control").status is AnswerStatus.DONE
    assert scene.polish().mode == "control"
    assert [e.state for e in bench.of(RunToRunSwitched)] == ["advise", "off", "control"]


def test_nobody_makes_it_do_more_than_the_recipe_says(bench: Bench) -> None:
    scene = Scene(bench, mode=RunToRunMode.ADVISE)
    scene.give("run_to_run.switch", mode="advise")
    scene.give("run_to_run.switch", mode="control")
    assert scene.polish().mode == "advise"


def test_what_was_learned_can_be_forgotten(bench: Bench) -> None:
    scene = Scene(bench)
    for _ in range(5):
        scene.polish(0.96)
    answer = scene.give("run_to_run.forget")
    assert answer.why.startswith("5 labels forgotten")
    said = scene.polish(0.96)
    assert (said.adjustment, said.labels_count, said.time_after_s) == ("hold", 0, (40.0, 40.0, 40.0))


def test_a_hold_sets_an_alarm_until_control_moves_again(bench: Bench) -> None:
    scene = Scene(bench, stale_count=2)
    for _ in range(4):
        scene.polish(1.0)
    assert bench.of(AlarmSet) == []
    for _ in range(4):
        scene.polish(1.0, marks=("suspect",))
    (alarm,) = bench.of(AlarmSet)
    assert (alarm.alarm, alarm.source) == ("run_to_run_held", "tool")
    assert "stale labels" in alarm.detail
    scene.polish(1.0)
    scene.polish(1.0)
    assert [e.alarm for e in bench.of(AlarmCleared)] == ["run_to_run_held"]


def test_a_slow_edge_gets_more_pressure_and_the_recipe_carries_it(bench: Bench) -> None:
    scene = Scene(bench, pressures=(ReleasedPressure("P1 main", 3, 27.0, 36.0, 2.0),))
    for _ in range(6):
        scene.polish(edge_ratio=0.97)
    said = scene.polish(edge_ratio=0.97)
    assert said.pressures == "P1 main zone 3"
    assert said.pressure_after_kPa[0] > 31.1
    recipe = scene.desk.adjust(scene.job, scene.wafer(), 1)
    told = bench.of(RecipeAdjusted)[-1]
    assert recipe.steps[0].zone_pressure_kPa == (
        *scene.job.recipe.steps[0].zone_pressure_kPa[:2],
        told.pressure_after_kPa[0],
    )
    assert [s.end.time_s for s in recipe.steps if s.kind == "polish"] == list(told.time_after_s)
    # Of nine sites, the mean is label 0 and the four at 96 mm label 1.
    assert len(bench.of(RemovalLabelled)[-1].label_nm) == 2
