"""The out-of-control plan on a tool: what fault detection finds, and what the tool does about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_bench import EngineBench, order, play, route_recipe

from planaris.control import FaultDetection, StepFeatures
from planaris.model import FaultPlan, OutOfControlAction, PlannedAction, Recipe, WaferKind
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    ChartViolated,
    FaultFound,
    FeaturesTaken,
    JobStateChanged,
    QuarantineChanged,
    StepStarted,
    WaferMarked,
)
from planaris.tool import FaultWatch

PLATEN, LEARN = 3, 6


def watched(*actions: PlannedAction) -> Recipe:
    return replace(route_recipe(PLATEN), fault_detection=FaultPlan(LEARN, actions))


def drop_of(action: OutOfControlAction, after_count: int = 1) -> Recipe:
    return watched(PlannedAction("slurry_drop", action, after_count))


def played(recipe: Recipe, slots: int = 10, mended_after: int = 0, *, stopped: bool = False) -> EngineBench:
    """Run a lot in which the slurry of platen 3 drops after the limits were learned; a person may stop it when held."""

    async def drop(bench: EngineBench) -> None:
        await bench.until(lambda: len(bench.of(FeaturesTaken)) > LEARN)
        bench.world.inject_fault(f"platen{PLATEN}", "slurry_drop", 1.2)
        if stopped:
            await bench.until(lambda: [e for e in bench.of(JobStateChanged) if e.state == "paused"])
            await bench.give("job.stop", lot_id="L1")
        if mended_after:
            await bench.until(lambda: len(bench.of(FaultFound)) >= mended_after)
            bench.world.clear_fault(f"platen{PLATEN}")

    return play(drop, order(slots=tuple(range(1, slots + 1)), recipe=recipe))


@pytest.fixture(scope="module")
def warned() -> EngineBench:
    return played(drop_of(OutOfControlAction.WARN), mended_after=2)


def test_features_of_every_wafer_are_told_with_what_is_learned(warned: EngineBench) -> None:
    taken = [e for e in warned.of(FeaturesTaken) if e.platen == PLATEN]
    assert len(taken) == 10
    assert [e.learned_count for e in taken] == [1, 2, 3, 4, 5, 6, 6, 6, 6, 6]
    assert all(len(e.features.split(",")) == len(e.feature_values) for e in taken)
    assert {e.recipe.partition("@")[0] for e in taken} == {"oxide_ild"}
    # And what metrology says of each wafer afterwards.
    assert sum(e.platen == 0 and e.features == "removal_error_pct" for e in warned.of(FeaturesTaken)) == 10


def test_a_fault_is_told_with_its_charts_and_sets_its_alarm_until_it_is_gone(warned: EngineBench) -> None:
    found = warned.of(FaultFound)
    assert {(e.fault, e.source, e.planned) for e in found} == {("slurry_drop", "platen3", "warn")}
    assert [e.found_count for e in found] == list(range(1, len(found) + 1))
    of_flow = [e for e in warned.of(ChartViolated) if e.feature == "slurry_flow_error_pct"]
    assert {e.chart for e in of_flow} >= {"shewhart"}
    assert all(e.statistic_ratio < e.limit_ratio < 0.0 for e in of_flow)
    alarms = [e for e in warned.of(AlarmSet) if e.alarm == "slurry_drop_found"]
    assert [(e.source, e.severity.value) for e in alarms] == [("platen3", "warning")]  # once, however many wafers
    assert all(word in alarms[0].detail for word in (found[0].wafer_id, "slurry_flow_error_pct"))
    cleared = [e for e in warned.of(AlarmCleared) if e.alarm == "slurry_drop_found"]
    assert [(e.source, "within the limits again" in e.why) for e in cleared] == [("platen3", True)]


def test_a_warning_alone_changes_nothing_else(warned: EngineBench) -> None:
    assert warned.outcome() == "completed"
    assert not warned.of(WaferMarked)
    assert not [e for e in warned.of(JobStateChanged) if e.state == "paused"]


def test_holding_the_lot_marks_its_wafer_and_begins_no_further_one() -> None:
    bench = played(drop_of(OutOfControlAction.HOLD_LOT), slots=14, stopped=True)
    held = [e for e in bench.of(JobStateChanged) if e.state == "paused"]
    first = bench.of(FaultFound)[0].wafer_id
    assert [e.why for e in held] == ["slurry drop at platen3, found on 1 wafer"]
    assert (first, "hold") in {(e.wafer_id, e.mark) for e in bench.of(WaferMarked)}
    begun = {e.wafer_id for e in bench.of(StepStarted)}
    assert len(begun) < 14  # the rest stays in its slots
    assert not bench.of(QuarantineChanged)


def test_stopping_the_platen_closes_it_to_product() -> None:
    bench = played(drop_of(OutOfControlAction.STOP_PLATEN, 2), stopped=True)
    closed = bench.of(QuarantineChanged)
    assert [(e.module, e.state) for e in closed] == [("platen3", "open")]
    assert "found on 2 wafers in a row" in closed[0].why
    assert bench.tool.quarantine.refusal("platen3", WaferKind.PRODUCT)


def test_a_recipe_that_does_not_ask_has_no_features_taken() -> None:
    bench = played_without()
    assert not bench.of(FeaturesTaken)
    assert bench.tool.fault_watch.limits.count("mean") == 0


def played_without() -> EngineBench:
    async def nobody(_bench: EngineBench) -> None: ...

    return play(nobody, order(slots=(1,), recipe=route_recipe(PLATEN)))


def test_faults_and_limits_are_taken_up_after_the_controllers_death(warned: EngineBench) -> None:
    first, *_ = warned.of(FaultFound)
    cleared = next(e for e in warned.of(AlarmCleared) if e.alarm == "slurry_drop_found")
    watch = FaultWatch(warned.stream, warned.tool.alarms, 3)
    watch.know(warned.tool.fault_watch.limits)
    assert watch.limits == warned.tool.fault_watch.limits
    for events, count in (([first], first.found_count + 1), ([first, cleared], 1)):
        watch.restore(events)
        detection, seen = FaultDetection(FaultPlan(LEARN), 3), worse(warned)
        _, said = detection.step(watch.state, seen)
        assert [(f.fault, f.found_count) for f in said.faults] == [("slurry_drop", count)]


def worse(bench: EngineBench) -> StepFeatures:
    """Return a next wafer's features, its slurry short."""
    last = next(e for e in reversed(bench.of(FeaturesTaken)) if e.platen == PLATEN)
    values = dict(zip(last.features.split(","), last.feature_values, strict=True))
    values |= {"slurry_flow_error_pct": -16.0}
    return StepFeatures("next", last.recipe, PLATEN, last.head, last.step, "main", values)


def test_a_changed_part_clears_what_was_found_with_it_and_learns_anew() -> None:
    async def change(bench: EngineBench) -> None:
        await bench.until(lambda: bench.of(FaultFound))
        answer = await bench.give(
            "consumable.change", role="maintenance", part="pad", location="platen3", serial="PAD-9"
        )
        assert answer.status == "done", answer.why

    async def worn(bench: EngineBench) -> None:
        await bench.until(lambda: len(bench.of(FeaturesTaken)) > LEARN)
        bench.world.inject_fault("platen3", "slurry_drop", 1.2)
        await change(bench)

    bench = play(worn, order(slots=tuple(range(1, 11)), recipe=drop_of(OutOfControlAction.WARN)))
    cleared = [e.why for e in bench.of(AlarmCleared) if e.alarm == "slurry_drop_found"]
    assert cleared[0] == "a part of platen3 was changed"
    after = [e.learned_count for e in bench.of(FeaturesTaken) if e.platen == PLATEN][-1]
    assert after < LEARN
