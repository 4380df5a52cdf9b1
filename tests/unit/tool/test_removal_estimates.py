"""Virtual metrology in the tool: an estimate when a wafer is through, advice or stand-in, rebuilt from its events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_run_to_run_desk import Scene
from tool_bench import Bench

from planaris.control import StepFeatures
from planaris.control.virtual_removal import WARM_UP_COUNT
from planaris.model import FaultPlan, VirtualLabels, WaferKind
from planaris.stream import FeaturesTaken, RecipeAdjusted, RemovalEstimated, RemovalLearned
from planaris.tool import Memory, WaferProgress, apply

STEPS = (0, 2, 4)
# Removal goes with the flow as about on the twin.
SLOPE = 0.0022


class Watched(Scene):
    """A scene whose wafers have features: a slurry flow that may move, and what goes with nothing."""

    def __init__(self, bench: Bench, **setting: object) -> None:
        super().__init__(bench, **({"virtual_metrology": VirtualLabels.LABELS} | setting))
        self.chance = np.random.default_rng(1)
        self.lots = 0

    def wafer(self, kind: WaferKind = WaferKind.PRODUCT) -> WaferProgress:
        """Return the next wafer, on head 1; lots follow each other."""
        assert kind is WaferKind.PRODUCT
        progress = next(self._waiting, None)
        if progress is None:
            self.lots += 1
            lot = self.files.lot
            wafers = tuple(replace(w, wafer_id=f"{self.lots}-{w.wafer_id}") for w in lot.wafers)
            incoming = tuple(replace(m, wafer_id=f"{self.lots}-{m.wafer_id}") for m in lot.incoming)
            job_type = type(self.job)
            lot = replace(lot, wafers=wafers, incoming=incoming)
            self.job = job_type(self.bench.stream, lot, self.files.recipe, self.files.cleaner, 0, 1)
            self._waiting = iter(self.job.progress.values())
            progress = next(self._waiting)
        progress.head = 1
        return progress

    def through(self, flow_pct: float = 0.0, *, steps: tuple[int, ...] = STEPS) -> tuple[WaferProgress, float]:
        """Decide on a wafer and polish it; return it with the ratio of the nominal rate that it had."""
        progress = self.wafer()
        self.desk.adjust(self.job, progress, 1)
        for visit, step in enumerate(STEPS):
            progress.visits_done = visit + 1
            torque = 34.0 + 0.03 * float(self.chance.standard_normal())
            values = {"slurry_flow_error_pct": flow_pct, "platen_torque_Nm": torque, "vibration_mm_g": 25.0}
            seen = StepFeatures(progress.wafer.wafer_id, "r", visit + 1, 1, step, "main", values)
            self.desk.visited(self.job, progress, (seen,) if step in steps else ())
        return progress, float(np.exp(SLOPE * flow_pct + 0.003 * self.chance.standard_normal()))

    def measured(self, progress: WaferProgress, ratio: float) -> None:
        """Bring a wafer back, measured."""
        values = tuple(s.end.time_s for s in progress.polish_recipe.steps if s.kind == "polish")
        self.bring_back(progress, ratio * float(self.control.control.actuators.outputs_nm(values)[0]))

    def learn(self, count: int = 60) -> None:
        """Polish and measure wafers under flows that come and go."""
        for _ in range(count):
            self.measured(*self.through(float(self.chance.uniform(-20.0, 0.0))))


def last(bench: Bench) -> RemovalEstimated:
    return bench.of(RemovalEstimated)[-1]


def test_every_wafer_is_estimated_when_it_is_through(bench: Bench) -> None:
    scene = Watched(bench)
    progress, ratio = scene.through()
    said = last(bench)
    assert (said.wafer_id, said.labels_count, said.stand_in_sigma_pct) == (progress.wafer.wafer_id, 0, 0.0)
    assert said.why == f"warms up: 0 of {WARM_UP_COUNT} labels"
    assert said.regime == "oxide_ild_r2r, 200 mm TEOS interlayer dielectric; platens 1-2-3"
    # Declared features only: vibration is none of them. No one knows anything yet but the nominal removal.
    assert said.features == "platen_torque_Nm,slurry_flow_error_pct,pad_age_h"
    assert said.low_nm < said.estimate_nm == said.expected_nm == said.nominal_nm < said.high_nm
    scene.measured(progress, ratio)
    assert len(bench.of(RemovalLearned)) == 1


def test_features_are_told_once_with_fault_detection_or_without(bench: Bench) -> None:
    scene = Watched(bench)
    scene.through()
    assert [(e.step, e.learn_count) for e in bench.of(FeaturesTaken)] == [(0, 0), (2, 0), (4, 0)]
    scene.job.recipe = replace(scene.job.recipe, fault_detection=FaultPlan())
    scene.through()
    assert len(bench.of(FeaturesTaken)) == 3, "fault detection tells them then"
    assert len(bench.of(RemovalEstimated)) == 2


def test_a_wafer_without_all_features_or_that_was_spoiled_is_not_estimated(bench: Bench) -> None:
    scene = Watched(bench)
    scene.through(steps=(0, 4))
    assert bench.of(RemovalEstimated) == []
    progress = scene.wafer()
    scene.desk.adjust(scene.job, progress, 1)
    progress.cut_short, progress.visits_done = True, 3
    seen = [StepFeatures(progress.wafer.wafer_id, "r", 1, 1, s, "main", {"platen_torque_Nm": 34.0}) for s in STEPS]
    scene.desk.visited(scene.job, progress, seen)
    assert bench.of(RemovalEstimated) == []


def test_what_features_show_moves_the_next_recipe_until_the_label_is_there(bench: Bench) -> None:
    scene = Watched(bench)
    scene.learn()
    scene.desk.adjust(scene.job, scene.wafer(), 1)
    before = bench.of(RecipeAdjusted)[-1]
    progress, ratio = scene.through(-18.0)
    assert last(bench).why == ""
    assert last(bench).stand_in_sigma_pct > 0.0
    scene.desk.adjust(scene.job, scene.wafer(), 1)
    informed = bench.of(RecipeAdjusted)[-1]
    assert informed.estimate_pct < before.estimate_pct - 0.5
    seconds_per_nm = [sum(e.time_after_s) / e.target_nm for e in (before, informed)]
    assert seconds_per_nm[1] > 1.004 * seconds_per_nm[0]
    (state,) = scene.desk.memory.states.values()
    assert [one.said.wafer_id for one in state.stand_ins] == [progress.wafer.wafer_id]
    scene.measured(progress, ratio)
    (state,) = scene.desk.memory.states.values()
    assert state.stand_ins == ()


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({"virtual_metrology": VirtualLabels.ADVISE}, "advice only"),
        ({"reliance_limit_ratio": 0.9999999}, "reliance index"),
    ],
)
def test_what_may_not_be_relied_on_never_moves_a_recipe(bench: Bench, setting: dict[str, object], why: str) -> None:
    """The same wafers, with estimates that are only told and without any, are decided on alike."""
    scene, alone = Watched(bench, **setting), Watched(bench, **(setting | {"virtual_metrology": VirtualLabels.OFF}))
    for one in (scene, alone):
        one.learn(40)
        for flow in (-18.0, -18.0, -18.0):
            one.through(flow)
        one.desk.adjust(one.job, one.wafer(), 1)
    told, without = bench.of(RecipeAdjusted)[:44], bench.of(RecipeAdjusted)[44:]
    assert [e.time_after_s for e in told] == [e.time_after_s for e in without]
    assert len(bench.of(RemovalEstimated)) == 43
    assert {e.stand_in_sigma_pct for e in bench.of(RemovalEstimated)} == {0.0}
    assert last(bench).why.startswith(why)
    assert last(bench).why


def test_the_events_rebuild_what_is_remembered(bench: Bench) -> None:
    scene = Watched(bench)
    scene.learn(30)
    scene.through(-10.0)  # estimated and not measured
    progress = scene.wafer()  # and one that is on its way
    scene.desk.adjust(scene.job, progress, 1)
    progress.visits_done = 1
    values = {"platen_torque_Nm": 34.123456789, "slurry_flow_error_pct": -3.0}
    scene.desk.visited(scene.job, progress, (StepFeatures(progress.wafer.wafer_id, "r", 1, 1, 0, "main", values),))
    bench.stream.flush(durable=True)
    again = Memory()
    for committed, _ in bench.journal:
        apply(again, committed.event, scene.control)
    assert again == scene.desk.memory
    assert list(again.features) == [progress.wafer.wafer_id]
    (virtual,) = again.virtual.values()
    assert list(virtual.awaited) == [bench.of(RemovalEstimated)[-1].wafer_id]


def test_labels_that_are_not_used_are_not_waited_for(bench: Bench) -> None:
    scene = Watched(bench, label_every_count=5)
    scene.learn(20)
    (virtual,) = scene.desk.memory.virtual.values()
    assert virtual.awaited == {}
    (regime,) = virtual.regimes.values()
    assert regime.labels_count == 4


def test_forgetting_forgets_models_too(bench: Bench) -> None:
    scene = Watched(bench)
    scene.learn(5)
    assert scene.desk.memory.virtual
    scene.give("run_to_run.forget")
    assert (scene.desk.memory.virtual, scene.desk.memory.features) == ({}, {})
    scene.through()
    assert last(bench).labels_count == 0
