"""A platen on the twin: a visit from pre-flow to lift, and the safe state it leaves behind when anything goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from module_bench import ModuleBench, short_recipe, visit_of
from numpy.typing import NDArray

from planaris import clock
from planaris.model import ConditioningMode, Recipe, Severity
from planaris.modules import Platen, ProcessDeviationError, RingPressureLowError, VisitResult, WaferNotSeenError
from planaris.stream import ModuleStateChanged, StepEnded, StepStarted

# Tags that say whether a wafer is off the pad and wet.
SAFE_TAGS = (
    "head1.up", "head1.wafer_present", "head1.zone1_pressure_kPa", "head1.ring_pressure_kPa",
    "platen1.di_flow_ml_min", "platen1.slurry_flow_ml_min", "platen1.pad_wet",
)  # fmt: skip


def assert_safe(tags: Mapping[str, float]) -> None:
    """Check the safe state: head up with its wafer, nothing presses, rinse on, slurry off."""
    assert tags["head1.up"] == 1.0
    assert tags["head1.wafer_present"] == 1.0
    assert tags["platen1.pad_wet"] == 1.0
    # Noise of the sensors is some 0.06 kPa and 1.5 ml/min (1 sigma); a rinse is some litre a minute.
    assert abs(tags["head1.zone1_pressure_kPa"]) < 1.0
    assert abs(tags["head1.ring_pressure_kPa"]) < 1.0
    assert tags["platen1.di_flow_ml_min"] > 500.0
    assert abs(tags["platen1.slurry_flow_ml_min"]) < 20.0


@dataclass(frozen=True)
class Outcome:
    """What a visit left behind; ``tags`` some seconds after its end."""

    bench: ModuleBench
    result: VisitResult | None
    error: BaseException | None
    state: str
    tags: Mapping[str, float]
    ended_s: float
    removed_nm: NDArray[np.float64]


def visited(
    recipe: Recipe,
    *,
    cancel_at_s: float | None = None,
    disturbance: tuple[float, Mapping[str, float]] | None = None,
    with_wafer: bool = True,
) -> Outcome:
    """Run one visit to platen 1 on a twin; cancel its task, or write set-points past the controller,
    so many seconds after its start."""

    async def scenario() -> Outcome:
        bench = ModuleBench()
        platen = Platen(1, bench.context)
        async with bench.serving():
            await bench.bring(with_wafer=with_wafer)
            result = error = None
            start_s = clock.now_s()
            task = asyncio.create_task(platen.polish(visit_of(recipe)))
            loop = asyncio.get_running_loop()
            if cancel_at_s is not None:
                loop.call_at(start_s + cancel_at_s, task.cancel)
            if disturbance is not None:
                loop.call_at(start_s + disturbance[0], bench.machine.plc.write, disturbance[1])
            try:
                result = await task
            except asyncio.CancelledError as caught:
                error = caught
            except Exception as caught:
                error = caught
            ended_s = clock.now_s() - start_s
            await asyncio.sleep(5.0)
            tags = await bench.tags(*SAFE_TAGS)
            removed_nm = np.array([w.before_nm - w.after_nm for w in bench.world.wafers()])
            return Outcome(bench, result, error, platen.state, tags, ended_s, removed_nm)

    return clock.run(scenario())


@pytest.fixture(scope="module")
def done() -> Outcome:
    return visited(short_recipe())


def test_a_visit_goes_through_its_states_and_ends_at_rest(done: Outcome) -> None:
    assert done.error is None
    states = [e.state for e in done.bench.events if isinstance(e, ModuleStateChanged)]
    assert states == ["preparing", "touching_down", "polishing", "rinsing", "lifting", "idle"]
    assert done.state == "idle"
    assert done.bench.alarms == []


def test_interlocks_are_asked_before_the_head_touches_down(done: Outcome) -> None:
    assert ("head.touch_down", "head1 on platen1") in done.bench.asked


def test_each_step_is_announced_with_its_length_and_reason(done: Outcome) -> None:
    started = [e for e in done.bench.events if isinstance(e, StepStarted)]
    ended = [e for e in done.bench.events if isinstance(e, StepEnded)]
    assert [(e.step, e.step_name, e.kind, e.platen, e.head) for e in started] == [
        (0, "P1 main", "polish", 1, 1),
        (1, "P1 rinse", "rinse", 1, 1),
    ]
    assert [(e.step_name, e.reason) for e in ended] == [("P1 main", "time"), ("P1 rinse", "time")]
    # The link's delay of 0.02 s is the only thing between a step's beginning and its clock.
    assert [e.duration_s for e in ended] == pytest.approx([14.0, 4.0], abs=0.1)


def test_polish_time_is_that_of_the_polish_steps_alone(done: Outcome) -> None:
    assert done.result is not None
    assert done.result.polish_s == pytest.approx(14.0, abs=0.1)
    assert done.result.end_s - done.result.start_s > 14.0 + 4.0


def test_the_head_goes_up_at_the_end_with_its_wafer_and_nothing_flows(done: Outcome) -> None:
    assert done.tags["head1.up"] == 1.0
    assert done.tags["head1.wafer_present"] == 1.0
    assert abs(done.tags["platen1.slurry_flow_ml_min"]) < 20.0
    assert abs(done.tags["platen1.di_flow_ml_min"]) < 20.0


def test_the_trace_has_a_row_each_hundredth_of_a_second_and_every_sensor(done: Outcome) -> None:
    (trace,) = done.bench.traces
    assert trace.finished
    assert len(trace.columns) >= 40
    assert not any(c.split(".")[0][-1].isdigit() for c in trace.columns)  # platen.speed_rpm, not platen1.speed_rpm
    assert np.allclose(np.diff(trace.time_s), 0.01, atol=1e-9)
    assert trace.time_s[-1] - trace.time_s[0] == pytest.approx(done.ended_s, abs=0.1)
    assert [s.name for s in trace.spans] == ["pre-flow", "P1 main", "P1 rinse"]


def test_slurry_and_water_used_are_what_the_flow_sensors_showed(done: Outcome) -> None:
    assert done.result is not None
    (trace,) = done.bench.traces
    minutes = 0.01 / 60.0
    slurry_ml = float(np.sum(trace.column("platen.slurry_flow_ml_min"))) * minutes
    di_ml = float(np.sum(trace.column("platen.di_flow_ml_min"))) * minutes
    assert done.result.slurry_ml == pytest.approx(slurry_ml, abs=0.01)
    assert done.result.di_water_ml == pytest.approx(di_ml, abs=0.01)
    assert slurry_ml > 200.0 * 14.0 / 60.0 * 0.9  # 200 ml/min for the polish step at least


def test_film_was_removed_and_only_on_the_pad(done: Outcome) -> None:
    assert np.all(done.removed_nm > 0)
    # Some 5 nm/s at 27.6 kPa and 93 rpm for 14 s, less the ramp and a cold pad: between half and twice that.
    assert 35.0 < float(done.removed_nm.mean()) < 140.0


def test_a_ring_below_its_minimum_ends_the_polish_as_the_head_s_own_failure() -> None:
    found = visited(short_recipe(polish_s=40.0), disturbance=(15.0, {"head1.sp_ring_pressure_kPa": 5.0}))
    assert isinstance(found.error, RingPressureLowError)
    assert found.error.device == "head1"
    assert_safe(found.tags)


# Before the first step: valve and conditioner, pre-flow, on the way down; then in polish and rinse; then on the way up.
@pytest.mark.parametrize("cancel_at_s", [0.1, 0.5, 1.0, 2.5, 4.5, 4.9, 5.3, 6.0, 12.0, 19.6, 21.0, 24.0, 24.5])
def test_cancelled_at_any_time_a_visit_leaves_head_up_rinse_on_slurry_off(cancel_at_s: float) -> None:
    found = visited(short_recipe(), cancel_at_s=cancel_at_s)
    assert isinstance(found.error, asyncio.CancelledError)
    assert found.state == "failed"
    assert found.bench.alarms == []
    assert_safe(found.tags)
    assert found.bench.traces[0].finished


def test_the_times_of_cancelling_cover_every_state(done: Outcome) -> None:
    """Keeps the list above honest: it must fall into every state that a visit goes through."""
    states = {
        e.previous
        for at_s in (0.5, 4.9, 12.0, 21.0, 24.5)
        for e in visited(short_recipe(), cancel_at_s=at_s).bench.events
        if isinstance(e, ModuleStateChanged) and e.trigger == "fail"
    }
    assert states == {"preparing", "touching_down", "polishing", "rinsing", "lifting"}


@pytest.mark.parametrize(
    ("writes", "alarm", "source"),
    [
        ({"platen1.sp_slurry_flow_ml_min": 100.0}, "flow_deviation", "platen1"),
        ({"platen1.sp_speed_rpm": 80.0}, "speed_deviation", "platen1"),
        ({"platen1.sp_conditioner_force_N": 5.0}, "force_deviation", "platen1"),
        ({"head1.sp_zone2_pressure_kPa": 20.0}, "pressure_deviation", "head1"),
        ({"head1.sp_ring_pressure_kPa": 45.0}, "pressure_deviation", "head1"),
    ],
    ids=["slurry", "speed", "conditioner", "zone", "ring"],
)
def test_a_quantity_that_leaves_its_band_aborts_to_safety_and_names_it(
    writes: Mapping[str, float], alarm: str, source: str
) -> None:
    """Something past the controller turns a knob in the middle of the main polish."""
    found = visited(short_recipe(polish_s=40.0), disturbance=(15.0, writes))
    assert isinstance(found.error, ProcessDeviationError)
    assert found.state == "failed"
    (raised,) = [a for a in found.bench.alarms if a.severity is Severity.ERROR]
    assert (raised.alarm, raised.source, raised.wafer_id) == (alarm, source, "W1")
    assert next(iter(writes)).split(".sp_")[1] in raised.detail
    assert_safe(found.tags)
    # Three seconds are allowed, the trace's blocks of 4 s and the way to safety come on top.
    assert 15.0 + 3.0 < found.ended_s < 15.0 + 3.0 + 4.0 + 6.0


def test_a_small_deviation_warns_once_and_the_visit_goes_on() -> None:
    found = visited(short_recipe(polish_s=30.0), disturbance=(12.0, {"platen1.sp_slurry_flow_ml_min": 168.0}))
    assert found.error is None
    assert [(a.alarm, a.severity) for a in found.bench.alarms] == [("flow_deviation", Severity.WARNING)]


def test_a_step_that_is_aborted_is_told_as_such() -> None:
    found = visited(short_recipe(polish_s=40.0), disturbance=(15.0, {"platen1.sp_slurry_flow_ml_min": 100.0}))
    (ended,) = [e for e in found.bench.events if isinstance(e, StepEnded)]
    assert (ended.step_name, ended.reason) == ("P1 main", "abort")
    assert 10.0 < ended.duration_s < 20.0


def test_without_a_wafer_on_the_head_nothing_touches_down() -> None:
    found = visited(short_recipe(), with_wafer=False)
    assert isinstance(found.error, WaferNotSeenError)
    states = [e.state for e in found.bench.events if isinstance(e, ModuleStateChanged)]
    assert states == ["preparing", "failed"]
    assert found.tags["head1.up"] == 1.0
    assert abs(found.tags["platen1.slurry_flow_ml_min"]) < 20.0


class NoError(Exception):
    """An interlock said no."""


def test_an_interlock_keeps_the_head_up_and_the_pad_wet() -> None:
    async def scenario() -> tuple[list[str], Mapping[str, float]]:
        bench = ModuleBench()
        platen = Platen(1, bench.context)
        async with bench.serving():
            await bench.bring()
            bench.refusal = NoError()
            with pytest.raises(NoError):
                await platen.polish(visit_of(short_recipe()))
            await asyncio.sleep(5.0)
            return [e.state for e in bench.events if isinstance(e, ModuleStateChanged)], await bench.tags(*SAFE_TAGS)

    states, tags = clock.run(scenario())
    assert states == ["preparing", "failed"]
    assert_safe(tags)


def test_a_failed_platen_takes_no_visit_until_it_is_cleared() -> None:
    async def scenario() -> list[str]:
        bench = ModuleBench()
        platen, seen = Platen(1, bench.context), list[str]()
        async with bench.serving(platen):
            await bench.bring()
            bench.refusal = NoError()
            for clear in (False, False, True):
                if clear:
                    platen.fire("clear")
                    bench.refusal = None
                try:
                    await platen.ask(lambda: platen.polish(visit_of(short_recipe())))
                except Exception as error:
                    seen.append(type(error).__name__)
                else:
                    seen.append("done")
        return seen

    assert clock.run(scenario()) == ["NoError", "IllegalTransitionError", "done"]


def test_conditioning_only_happens_where_the_recipe_asks_for_it() -> None:
    recipe = short_recipe(polish_s=10.0)
    off = replace(
        recipe,
        steps=tuple(replace(s, conditioning=replace(s.conditioning, mode=ConditioningMode.OFF)) for s in recipe.steps),
    )
    with_disk, without = (visited(r).bench.traces[0] for r in (recipe, off))
    assert with_disk.column("platen.conditioner_force_N").max() > 0.9 * recipe.steps[0].conditioning.downforce_N
    assert without.column("platen.conditioner_force_N").max() < 1.0
    # The disk's height above the pad: down on it, and parked.
    assert with_disk.column("platen.conditioner_height_mm").min() < 1.0
    assert without.column("platen.conditioner_height_mm").min() > 5.0
