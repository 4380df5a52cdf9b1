"""Steps that end by endpoint: a detector that a test scripts, on a platen of the twin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from module_bench import ModuleBench, short_recipe, tool_a, visit_of

from planaris import clock
from planaris.control import Decision, DecisionKind, ZoneProfileControl
from planaris.hardware import DeviceFailedError
from planaris.model import Block, DetectorKind, DetectorSetting, EndKind, Recipe, Severity, StepEnd, ToolDescription
from planaris.modules import Platen, ProcessDeviationError, StepControl, Visit, VisitResult
from planaris.stream import EndpointDecided, ModuleStateChanged, StepEnded, StepStarted

MIN_s, MAX_s = 3.0, 12.0
SPECTRUM = DetectorSetting(DetectorKind.SPECTRUM, target_nm=900.0)
FRICTION = DetectorSetting(DetectorKind.FRICTION)
# Samples come in blocks of 0.1 s, and between two passes over the wafer none does: a sixth of a turn and more [twin].
LATE_s = 0.4

# (seconds of the step, tool time) -> what is said
Say = Callable[[float, float], Decision]


def nothing(_into_s: float, time_s: float) -> Decision:
    return Decision(DecisionKind.NONE, time_s, thickness_nm=1000.0, confidence_fraction=0.8)


def call_at(at_s: float, ahead_s: float = 1.0) -> Say:
    """Say some seconds into the step that it is to stop so much later."""

    def say(into_s: float, time_s: float) -> Decision:
        if into_s < at_s:
            return nothing(into_s, time_s)
        stop_s = time_s - into_s + at_s + ahead_s
        return Decision(DecisionKind.CALL, time_s, "target seen", endpoint_s=stop_s, stop_s=stop_s, thickness_nm=901.5)

    return say


def abort_at(at_s: float) -> Say:
    def say(into_s: float, time_s: float) -> Decision:
        if into_s < at_s:
            return nothing(into_s, time_s)
        return Decision(DecisionKind.ABORT, time_s, "this is no oxide", stop_s=time_s, recognised="wrong_film")

    return say


def stopped() -> ProcessDeviationError:
    return ProcessDeviationError("platen1", "polish", "a person says so", "go on")


@dataclass
class Scripted:
    """A detector that says what a test tells it."""

    say: Say
    starts_s: list[float] = field(default_factory=list[float])
    rate_classes: set[str] = field(default_factory=set[str])

    def start(self, start_s: float) -> float:
        self.starts_s.append(start_s)
        return start_s

    def step(self, state: float, block: Block) -> tuple[float, Decision]:
        self.rate_classes.add(block.rate_class)
        time_s = float(block.time_s[-1])
        return state, self.say(time_s - state, time_s)


def by_endpoint(*detectors: DetectorSetting, polishes: int = 1) -> Recipe:
    """Return platen 1's recipe: an endpoint step, perhaps further polish by time, and a rinse."""
    recipe = short_recipe(polish_s=8.0, rinse_s=3.0)
    main, rinse = recipe.steps
    end = StepEnd(EndKind.ENDPOINT, 8.0, MIN_s, MAX_s, detectors=detectors or (SPECTRUM,))
    more = tuple(replace(main, name=f"P1 more {n}") for n in range(1, polishes))
    return replace(recipe, steps=(replace(main, end=end), *more, rinse))


@dataclass
class Course:
    """A bench, its platen, what a visit gave and what was asked of the endpoints."""

    bench: ModuleBench
    platen: Platen
    control: StepControl | None
    results: list[VisitResult | Exception] = field(default_factory=list[VisitResult | Exception])
    asked: list[tuple[str, int, float]] = field(default_factory=list[tuple[str, int, float]])
    tags: Mapping[str, float] = field(default_factory=dict[str, float])

    def endpoint_of(self, wafer_id: str, recipe: Recipe, step: int, into_s: float) -> StepControl | None:
        del recipe
        self.asked.append((wafer_id, step, into_s))
        return self.control

    async def visit(self, visit: Visit, *later: tuple[float, Callable[[], object]]) -> None:
        """Run a visit; do things so many seconds after its polish began."""
        begun = asyncio.create_task(self._later(len(self.steps), later))
        try:
            self.results.append(await self.platen.polish(visit))
        except Exception as error:
            self.results.append(error)
        begun.cancel()

    async def _later(self, steps_count: int, later: Sequence[tuple[float, Callable[[], object]]]) -> None:
        while len(self.steps) == steps_count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for after_s, act in later:
            asyncio.get_running_loop().call_later(after_s, act)

    @property
    def result(self) -> VisitResult:
        """The last visit's result."""
        last = self.results[-1]
        assert isinstance(last, VisitResult), last
        return last

    @property
    def steps(self) -> list[str]:
        return [e.step_name for e in self.bench.events if isinstance(e, StepStarted)]

    @property
    def ended(self) -> list[StepEnded]:
        return [e for e in self.bench.events if isinstance(e, StepEnded)]

    @property
    def decided(self) -> list[EndpointDecided]:
        return [e for e in self.bench.events if isinstance(e, EndpointDecided)]

    @property
    def alarms(self) -> list[tuple[str, Severity]]:
        return [(a.alarm, a.severity) for a in self.bench.alarms]


Script = Callable[[Course, Visit], object]


def course(
    control: StepControl | None,
    recipe: Recipe | None = None,
    *later: tuple[float, Callable[[Course], object]],
    tool: ToolDescription | None = None,
    again: bool = False,
) -> Course:
    """Run a visit, do things after its first step began; ``again`` runs what is left once more."""

    async def scenario() -> Course:
        bench = ModuleBench(tool=tool)
        run = Course(bench, Platen(1, bench.context), control)
        bench.context.endpoint_of = run.endpoint_of
        async with bench.serving():
            await bench.bring()
            acts = [(after_s, partial(act, run)) for after_s, act in later]
            await run.visit(visit_of(recipe or by_endpoint()), *acts)
            if again:
                assert run.platen.left is not None
                run.platen.recover()
                await run.visit(run.platen.left)
            await asyncio.sleep(5.0)
            run.tags = await bench.tags("head1.up", "head1.wafer_present", "platen1.pad_wet")
        return run

    return clock.run(scenario())


def test_a_call_ends_the_step_at_its_stop_and_says_why() -> None:
    run = course(StepControl(Scripted(call_at(6.0))))
    main, rinse = run.ended
    assert (main.reason, rinse.reason) == ("endpoint", "time")
    assert main.duration_s == pytest.approx(7.0, abs=0.01)
    (decided,) = run.decided
    assert (decided.decision, decided.why, decided.step_name) == ("call", "target seen", "P1 main")
    assert decided.endpoint_nm == 901.5
    assert decided.stop_s - decided.called_s == pytest.approx(1.0, abs=LATE_s)
    # An estimate each half second until the call, which is the trail's last.
    assert 10 <= len(decided.trail_s) <= 14
    assert decided.trail_nm[-1] == 901.5
    assert run.alarms == []
    assert (run.result.held, run.result.turned_away) == ("", False)
    assert run.asked == [("W1", 0, 0.0)]


def test_the_decision_is_told_before_the_step_ends() -> None:
    run = course(StepControl(Scripted(call_at(6.0))))
    told = [type(e) for e in run.bench.events if isinstance(e, EndpointDecided | StepEnded)]
    assert told == [EndpointDecided, StepEnded, StepEnded]


def test_a_stop_that_has_passed_already_ends_the_step_at_once() -> None:
    run = course(StepControl(Scripted(call_at(6.0, ahead_s=-0.5))))
    assert run.ended[0].reason == "endpoint"
    assert 6.0 < run.ended[0].duration_s < 6.0 + LATE_s + 0.1


@pytest.mark.parametrize(("setting", "rate_class"), [(SPECTRUM, "platen1.optical"), (FRICTION, "platen1.fast")])
def test_a_detector_gets_the_samples_of_its_sensor(setting: DetectorSetting, rate_class: str) -> None:
    detector = Scripted(call_at(4.0))
    run = course(StepControl(detector), by_endpoint(setting))
    assert rate_class in detector.rate_classes
    assert run.ended[0].duration_s == pytest.approx(5.0, abs=0.01)
    assert len(detector.starts_s) == 1


def test_without_a_decision_the_step_ends_at_its_latest_time_and_the_wafer_is_held() -> None:
    run = course(StepControl(Scripted(nothing)))
    assert (run.ended[0].reason, run.ended[1].reason) == ("latest", "time")
    assert run.ended[0].duration_s == pytest.approx(MAX_s, abs=0.01)
    assert run.alarms == [("endpoint_missed", Severity.WARNING)]
    assert run.decided[0].decision == "hold"
    assert run.decided[0].endpoint_nm == 1000.0
    assert "P1 main: no endpoint by the latest time" in run.result.held
    assert not run.result.turned_away


def test_a_wafer_that_is_not_meant_is_polished_no_further_but_rinsed() -> None:
    run = course(StepControl(Scripted(abort_at(4.0))), by_endpoint(polishes=3))
    assert run.steps == ["P1 main", "P1 rinse"]
    assert [e.reason for e in run.ended] == ["wafer", "time"]
    assert 4.0 < run.ended[0].duration_s < 4.0 + LATE_s + 0.1
    assert run.alarms == [("wafer_not_expected", Severity.WARNING)]
    assert run.result.turned_away
    assert run.result.held == "P1 main: this is no oxide"
    assert run.platen.state == "idle"
    assert run.tags["head1.up"] == 1.0


def test_a_detector_that_raises_sets_an_alarm_and_the_step_goes_to_its_latest_time() -> None:
    def say(into_s: float, time_s: float) -> Decision:
        if into_s > 2.0:
            raise ZeroDivisionError("no light")
        return nothing(into_s, time_s)

    run = course(StepControl(Scripted(say)))
    assert run.alarms == [("endpoint_sensor_fault", Severity.WARNING), ("endpoint_missed", Severity.WARNING)]
    assert run.bench.alarms[0].detail == "ZeroDivisionError: no light"
    assert run.ended[0].reason == "latest"
    assert run.ended[0].duration_s == pytest.approx(MAX_s, abs=0.01)
    assert "no light" in run.result.held


def test_a_detector_that_cannot_start_does_not_lift_the_head_either() -> None:
    class Unready(Scripted):
        def start(self, start_s: float) -> float:
            raise ValueError("no library")

    run = course(StepControl(Unready(nothing)))
    assert [a for a, _ in run.alarms] == ["endpoint_sensor_fault", "endpoint_missed"]
    assert [e.reason for e in run.ended] == ["latest", "time"]
    assert "no library" in run.result.held


def test_a_sensor_that_comes_back_still_ends_the_step() -> None:
    def say(into_s: float, time_s: float) -> Decision:
        if 2.0 < into_s < 4.0:
            return Decision(DecisionKind.FAULT, time_s, "lamp is dark")
        return call_at(6.0)(into_s, time_s)

    run = course(StepControl(Scripted(say)))
    assert run.alarms == [("endpoint_sensor_fault", Severity.WARNING)]
    assert run.bench.alarms[0].detail == "lamp is dark"
    assert run.ended[0].reason == "endpoint"
    assert run.result.held == ""


def test_an_abort_during_the_wait_brings_the_wafer_to_safety_undecided() -> None:
    error = stopped()
    run = course(StepControl(Scripted(nothing)), None, (5.0, lambda run: run.platen.abort(error)))
    assert run.results == [error]
    assert run.platen.state == "failed"
    assert [(e.reason, e.duration_s) for e in run.ended] == [("abort", pytest.approx(5.0, abs=0.1))]
    assert run.decided == []
    assert run.tags == {"head1.up": 1.0, "head1.wafer_present": 1.0, "platen1.pad_wet": 1.0}
    assert all(t.finished for t in run.bench.traces)


def test_an_abort_between_call_and_stop_is_heard() -> None:
    error = stopped()
    run = course(StepControl(Scripted(call_at(3.0, 6.0))), None, (5.0, lambda run: run.platen.abort(error)))
    assert run.results == [error]
    assert run.ended[0].duration_s == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize(
    ("tool", "control", "why"),
    [
        (replace(tool_a(), endpoint_sensors=None), StepControl(Scripted(nothing)), "platen1 has no window"),
        (None, None, "nobody knows this wafer's films"),
    ],
    ids=["no window", "no control"],
)
def test_what_cannot_end_by_endpoint_is_refused_before_touch_down(
    tool: ToolDescription | None, control: StepControl | None, why: str
) -> None:
    run = course(control, tool=tool)
    (error,) = run.results
    assert isinstance(error, DeviceFailedError)
    assert f"P1 main cannot end by endpoint: {why}" in str(error)
    assert "end the step by time" in str(error)
    states = [e.state for e in run.bench.events if isinstance(e, ModuleStateChanged)]
    assert states == ["preparing", "failed"]
    assert ("head.touch_down", "head1 on platen1") not in run.bench.asked
    assert run.tags["head1.up"] == 1.0


def test_friction_needs_no_window() -> None:
    tool = replace(tool_a(), endpoint_sensors=None)
    run = course(StepControl(Scripted(call_at(4.0))), by_endpoint(FRICTION), tool=tool)
    assert run.ended[0].reason == "endpoint"


# -- zone pressures -----------------------------------------------------------------------------------------------
def moving(max_step_kPa: float, highest_ratio: float) -> StepControl:
    """Return a control that sees the outer zone 150 nm too thick and moves it once, 4 s into the step."""
    set_point = by_endpoint().steps[0].zone_pressure_kPa

    def say(into_s: float, time_s: float) -> Decision:
        return Decision(
            DecisionKind.NONE, time_s, thickness_nm=1200.0, rate_nm_min=300.0, confidence_fraction=1.0,
            zones_nm=(1200.0, 1200.0, 1350.0), zone_rates_nm_min=(300.0, 300.0, 300.0),
        )  # fmt: skip

    zones = ZoneProfileControl(
        set_point, tuple(0.7 * p for p in set_point), tuple(highest_ratio * p for p in set_point),
        max_step_kPa, 100.0, 900.0, settle_s=4.0,
    )  # fmt: skip
    return StepControl(Scripted(say), zones)


def test_zone_moves_reach_the_head_and_the_bands_follow_them() -> None:
    """The move of 25 % is more than bands allow, so bands that stood still would end the visit."""
    recipe = by_endpoint()
    asked_kPa = 1.25 * recipe.steps[0].zone_pressure_kPa[2]
    run = course(moving(100.0, 1.25), recipe)
    trace = run.bench.traces[0]
    (span,) = [s for s in trace.spans if s.name == "P1 main"]
    late = (trace.time_s > span.start_s + 6.0) & (trace.time_s < span.end_s - 0.1)
    # Noise of the sensor is some 0.06 kPa; a regulator's own offset is below 1 %.
    assert float(trace.column("head.zone3_pressure_kPa")[late].mean()) == pytest.approx(asked_kPa, rel=0.02)
    first = trace.column("head.zone1_pressure_kPa")[late].mean()
    assert float(first) == pytest.approx(recipe.steps[0].zone_pressure_kPa[0], rel=0.02)
    assert [a for a, _ in run.alarms] == ["endpoint_missed"]
    assert run.ended[0].reason == "latest"


def test_a_zone_that_leaves_its_moved_set_point_ends_the_step() -> None:
    recipe = by_endpoint()
    set_kPa = recipe.steps[0].zone_pressure_kPa[2]

    def back(run: Course) -> None:
        run.bench.machine.plc.write({"head1.sp_zone3_pressure_kPa": set_kPa})

    main, rinse = recipe.steps
    recipe = replace(recipe, steps=(replace(main, end=replace(main.end, max_s=20.0)), rinse))
    run = course(moving(100.0, 1.25), recipe, (5.5, back))
    (error,) = run.results
    assert isinstance(error, ProcessDeviationError)
    assert f"set {1.25 * set_kPa:.4g}" in str(error)


# -- what is left -------------------------------------------------------------------------------------------------
def test_a_retried_visit_has_what_is_left_of_its_times() -> None:
    error = stopped()
    detector = Scripted(nothing)
    run = course(StepControl(detector), None, (5.0, lambda run: run.platen.abort(error)), again=True)
    assert run.results[0] is error
    first, second, rinse = run.ended
    assert (first.reason, second.reason, rinse.reason) == ("abort", "latest", "time")
    assert first.duration_s + second.duration_s == pytest.approx(MAX_s, abs=0.02)
    assert len(detector.starts_s) == 2
    assert run.asked[0] == ("W1", 0, 0.0)
    assert run.asked[1] == ("W1", 0, pytest.approx(first.duration_s, abs=0.001))


@pytest.mark.parametrize("cut_s", [1.0, 5.0])
def test_the_earliest_time_that_is_left_is_that_of_the_whole_step(cut_s: float) -> None:
    error = stopped()
    run = course(StepControl(Scripted(nothing)), None, (cut_s, lambda run: run.platen.abort(error)))
    assert run.platen.left is not None
    end = run.platen.left.steps[0].end
    into_s = run.ended[0].duration_s
    assert (end.min_s, end.max_s) == pytest.approx((max(0.0, MIN_s - into_s), MAX_s - into_s))
    assert end.kind is EndKind.ENDPOINT


def test_a_wafer_stays_held_and_turned_away_when_its_rinse_is_cut_off_and_done_again() -> None:
    """The recipe polishes once more after its rinse: a wafer that is not meant gets none of it."""
    error = stopped()
    recipe = by_endpoint(polishes=2)
    main, more, rinse = recipe.steps
    recipe = replace(recipe, steps=(main, rinse, more, rinse))
    run = course(StepControl(Scripted(abort_at(4.0))), recipe, (5.5, lambda run: run.platen.abort(error)), again=True)
    assert run.results[0] is error
    assert run.steps == ["P1 main", "P1 rinse", "P1 rinse", "P1 rinse"]
    assert run.result.turned_away
    assert run.result.held == "P1 main: this is no oxide"
    assert run.platen.left is None
