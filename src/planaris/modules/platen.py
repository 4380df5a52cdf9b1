"""A platen with its slurry arm and conditioner: one visit of one wafer, from pre-flow to lift."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from planaris.clock import now_s
from planaris.control import Decision, DecisionKind, StepFeatures
from planaris.hardware import Device, DeviceFailedError, DeviceReportedError, PortError, Value
from planaris.model import Block, ConditioningMode, EndKind, PolishStep, Severity
from planaris.modules.bands import BandMonitor, ProcessDeviationError, RingPressureLowError, error_of
from planaris.modules.context import ModuleContext, StepSpan, TraceHeader, TraceRecording
from planaris.modules.endpoint_watch import EndpointWatch, StepControl, reads_window
from planaris.modules.feature_tap import FeatureTap
from planaris.modules.handling import confirm_wafer
from planaris.modules.module import FAILED, Module, StateTable
from planaris.modules.trace_tap import TraceTap, columns_of
from planaris.modules.visit import Visit, VisitResult, rest_of
from planaris.modules.window_tap import WindowTap, has_window, window_columns
from planaris.stream import EndpointDecided, StepEnded, StepStarted

# The PLC's own longest polish time is the sum of the steps' latest times plus this [design].
POLISH_LIMIT_MARGIN_S = 30.0
# Pressures and speeds go down over this time when the head leaves the pad [design].
LIFT_RAMP_S = 0.5
# Water on the pad while the head leaves it [design].
LIFT_RINSE_ML_MIN = 300.0
# On the way to safety a device that still ends its last motion is asked again until it takes the command [design].
ASK_AGAIN_S = 0.2
MAKE_SAFE_LIMIT_S = 10.0
# Zone pressures that a profile control moves go to their new values over this [design].
ZONE_RAMP_S = 0.3
# States in which a head presses its wafer on the pad.
POLISHING = ("polishing", "rinsing")


# Vacuum of the pulls after a lift that left the wafer on the pad, each once [design; -80 kPa is the plain lift's].
RECHUCK_VACUUM_kPa = (-85.0, -90.0)
RECHUCK_LIMIT_S = 5.0


class WaferSlippedError(DeviceFailedError):
    """A wafer slipped out from under its head, or broke there."""

    def __init__(self, head: str, platen: str) -> None:
        self.platen = platen
        remedy = "stop the platen, clear pad and ring, say where the wafer is"
        super().__init__(head, "polish", f"a wafer is seen on {platen} outside the head", remedy)


class WaferLeftOnPadError(DeviceFailedError):
    """A wafer did not come up with its head, though it was pulled again."""

    def __init__(self, head: str, platen: str) -> None:
        self.platen = platen
        remedy = "check vacuum and membrane, then retry, or take it out and say so"
        super().__init__(platen, "lift", f"{head} came up without its wafer", remedy)


class PadOccupiedError(DeviceFailedError):
    """A pad on which a wafer lies must not get a second one."""


@dataclass(frozen=True, slots=True)
class _Window:
    """What looks at a wafer during a visit."""

    tap: WindowTap
    recording: TraceRecording
    reader: asyncio.Task[None]


class Platen(Module):
    """One platen; ``ended``: what its last visit took, cut off or not; ``taken``: its steps' features, if asked for."""

    TABLE: ClassVar[StateTable] = {
        ("idle", "prepare"): "preparing",
        ("preparing", "touch_down"): "touching_down",
        ("touching_down", "polish"): "polishing",
        # What is left of a visit may be its rinse alone.
        ("touching_down", "rinse"): "rinsing",
        ("polishing", "rinse"): "rinsing",
        ("rinsing", "polish"): "polishing",
        ("polishing", "lift"): "lifting",
        ("rinsing", "lift"): "lifting",
        ("lifting", "done"): "idle",
        # On the way out of an abort the head comes up from anywhere.
        ("preparing", "lift"): "lifting",
        ("touching_down", "lift"): "lifting",
    }

    def __init__(self, number: int, context: ModuleContext) -> None:
        super().__init__(f"platen{number}", context)
        self.number = number
        self._device = context.device(self.name)
        self._conditioner = context.device(f"conditioner{number}")
        self._heads = {h: context.device(f"head{h}") for h in range(1, context.tool.heads + 1)}
        self._slurry_tag, self._di_tag = f"{self.name}.slurry_flow_ml_min", f"{self.name}.di_flow_ml_min"
        self._slip_tag = f"{self.name}.slip"
        self._abort: asyncio.Future[None] | None = None
        self._left: Visit | None = None
        self._head, self._touched = 0, False
        self._watch: EndpointWatch | None = None
        self._controls: dict[int, StepControl] = {}
        self._held, self._turned_away = "", False
        self._polish_s = self._conditioned_s = 0.0
        self.ended: VisitResult | None = None
        # When the last step of the visit under way, or of the last one, ended; NaN where none began.
        self.worked_to_s = math.nan
        self._slipped = False
        self.taken: tuple[StepFeatures, ...] = ()
        context.watch.listen(self._on_tags)

    def _on_tags(self, changed: Mapping[str, float]) -> None:
        """Abort at once when a wafer slips out; while a head comes up, note that one did before it was up."""
        slip = self._slip_tag
        if slip not in changed or not self.context.watch.is_on(slip):
            return
        head = f"head{self._head}"
        if self.state in {"touching_down", *POLISHING}:
            self.abort(WaferSlippedError(head, self.name))
        elif self.state == "lifting" and not self.context.watch.is_on(f"{head}.up"):
            self._slipped = True

    @property
    def left(self) -> Visit | None:
        """What a visit that failed has left undone; None after one that was ended."""
        return self._left

    def take_up(self, visit: Visit) -> None:
        """Note what an earlier life of the controller left of a visit: the next one of its wafer is this."""
        self._left = visit

    async def secure(self, head: int) -> None:
        """Bring a head up that is on the pad, rinse on and slurry off, and be ready again, unless it had failed."""
        failed = self.state == FAILED
        await self._make_safe(head)
        if not failed:
            self.recover()

    def left_on_pad(self, head: int) -> bool:
        """Whether a head is up and its wafer is on the pad. Two sensors must say so: the head's alone may be broken."""
        shown = self.context.watch.is_on
        empty = shown(f"head{head}.up") and not shown(f"head{head}.wafer_present")
        return empty and shown(f"{self.name}.slip")

    def abort(self, error: Exception) -> None:
        """End the step in progress: the head comes up with rinse on, then the visit raises ``error``."""
        if self._abort is not None and not self._abort.done():
            self._abort.set_exception(error)

    async def polish(self, visit: Visit) -> VisitResult:
        """Run the visit's steps. On any failure the head comes up with rinse on and slurry off, then it raises."""
        monitor = BandMonitor(self.number, visit.head)
        self._abort = asyncio.get_running_loop().create_future()
        self._left, self._head, self._touched = visit, visit.head, not visit.steps
        self._held, self._turned_away = visit.held, visit.turned_away
        self._polish_s, self._conditioned_s, self.worked_to_s = 0.0, 0.0, math.nan
        self.ended = None
        block_s = self.context.constants.trace_block_s
        self.fire("prepare")
        port = self.context.port
        header = TraceHeader(visit.wafer_id, visit.slot, self.number, visit.head, visit.recipe.name)
        columns = columns_of(port, self.number, visit.head)
        recording, kept = self.context.start_trace(header, columns), None
        if visit.recipe.takes_features:
            settle_s = self.context.constants.settle_s
            recording = kept = FeatureTap(recording, columns, visit, self.number, self.context.tool, settle_s)
        spans: list[StepSpan] = []
        tap = TraceTap(port, self.number, visit.head, block_s, lambda b: self._on_block(b, monitor, visit), recording)
        reader = asyncio.create_task(tap.run(), name=f"{self.name}.trace")
        window = self._look(visit)
        start_s = now_s()
        try:
            if visit.steps:  # else only the lift was left
                await self._prepare(visit)
                await self._steps(visit, monitor, tap, spans)
                monitor.stop()
            await self._lift(visit)
        except BaseException as error:
            await self._make_safe(visit.head)
            if isinstance(error, Exception) and self._left_behind(visit.head, error):
                raise WaferLeftOnPadError(f"head{visit.head}", self.name) from error
            raise
        finally:
            tap.close()
            await reader
            if window is not None:
                window.tap.close()
                await window.reader
            if self._abort.done():
                self._abort.exception()  # it may have come when nothing was left to abort
            self._abort = None
            begun_s = spans[0].start_s if spans else now_s()
            spans = [StepSpan("pre-flow", start_s, begun_s), *spans]
            trace = recording.finish(spans)
            self.taken = () if kept is None else kept.features
            seen = None if window is None else window.recording.finish(spans)
            slurry_ml, di_water_ml = tap.volume_ml(self._slurry_tag), tap.volume_ml(self._di_tag)
            self.ended = ended = VisitResult(
                self.number, visit.head, start_s, now_s(), self._polish_s, slurry_ml, di_water_ml, trace,
                self._conditioned_s, self._held, self._turned_away, seen,
            )  # fmt: skip
        self.fire("done")
        self._left = None
        return ended

    def _look(self, visit: Visit) -> _Window | None:
        """Look at the wafer through the window and record it, where a step ends by an endpoint."""
        port = self.context.port
        if not has_window(port, self.number) or all(s.end.kind is not EndKind.ENDPOINT for s in visit.steps):
            return None
        columns, widths = window_columns(port, self.number)
        header = TraceHeader(visit.wafer_id, visit.slot, self.number, visit.head, visit.recipe.name, "optical")
        recording = self.context.start_trace(header, columns, widths)
        tap = WindowTap(port, self.number, recording, self._on_window)
        return _Window(tap, recording, asyncio.create_task(tap.run(), name=f"{self.name}.window"))

    def _on_window(self, block: Block) -> None:
        if self._watch is not None:
            self._watch.feed(block)

    async def rinse(self, *, on: bool) -> None:
        """Switch the high-pressure rinse: water for a wafer that waits over the pad."""
        await self._device.do("rinse", int(on), limit_s=self.context.limit_s(1.0))

    async def give_water(self) -> None:
        """Put water on the pad for a wafer that waits over it: by the rinse, or, where that fails, by the set-point.

        Raises what the rinse raised, whatever came of the set-point.
        """
        try:
            await self.rinse(on=True)
        except DeviceFailedError:
            with contextlib.suppress(PortError):
                await self.context.port.write({f"{self.name}.sp_di_flow_ml_min": LIFT_RINSE_ML_MIN})
            raise

    async def lift_head(self, head: int) -> None:
        """Bring a head up: its pressures and speed go down first."""
        await self.context.port.write(self._rest_head(head))
        await self._heads[head].do("lift", limit_s=self.context.limit_s(self.context.tool.lift_s))

    async def condition(self, *, on: bool) -> None:
        """Lower the conditioner onto the pad, or lift and park it."""
        await self._conditioner.do("down" if on else "up", limit_s=self.context.limit_s(2.0))

    async def slurry(self, line: int) -> None:
        """Open a slurry line; 0 closes all."""
        await self._device.do("slurry", line, int(line > 0), limit_s=self.context.limit_s(1.0))

    # -- phases -----------------------------------------------------------------------------------------------
    async def _prepare(self, visit: Visit) -> None:
        step = visit.steps[0]
        platen = self.name
        self._controls = self._made_ready(visit)
        limit_s = sum(s.end.max_s + s.end.over_polish_s for s in visit.steps) + POLISH_LIMIT_MARGIN_S
        await self.context.port.write(
            {
                **self._platen_set_points(step),
                f"{platen}.sp_polish_limit_s": limit_s,
            }
        )
        await self._device.do("slurry", step.slurry_line, 1, limit_s=self.context.limit_s(1.0))
        if step.conditioning.mode is ConditioningMode.IN_SITU:
            self.context.permit("conditioner.down", f"head{visit.head} on {platen}")
            await self._conditioner.do("down", limit_s=self.context.limit_s(2.0))
        await asyncio.sleep(visit.recipe.pre_flow_s)
        if self.context.watch.is_on(self._slip_tag):
            raise PadOccupiedError(
                platen, "touch_down", "a wafer is seen on the pad", "take it out, then clear the platen"
            )
        await confirm_wafer(self.context, f"head{visit.head}", True, self.name, "touch_down")
        self.context.permit("head.touch_down", f"head{visit.head} on {platen}")

    def _made_ready(self, visit: Visit) -> dict[int, StepControl]:
        """Return what ends the steps that do not go by time, by number.

        Raises `DeviceFailedError` where a step by endpoint has nothing; one by removal then takes its nominal time.
        """
        found: dict[int, StepControl] = {}
        for number, step in enumerate(visit.steps, start=visit.first_step):
            if step.end.kind is EndKind.TIME:
                continue
            into_s = visit.recipe.steps[number].end.max_s - step.end.max_s
            control = self.context.endpoint_of(visit.wafer_id, visit.recipe, number, into_s)
            if step.end.kind is EndKind.REMOVAL:
                if control is not None:
                    found[number] = control
                continue
            if control is None or (reads_window(step.end) and not has_window(self.context.port, self.number)):
                what = "nobody knows this wafer's films" if control is None else f"{self.name} has no window"
                remedy = "polish it where there is a window, or end the step by time"
                raise DeviceFailedError(self.name, "polish", f"{step.name} cannot end by endpoint: {what}", remedy)
            found[number] = control
        return found

    async def _steps(self, visit: Visit, monitor: BandMonitor, tap: TraceTap, spans: list[StepSpan]) -> None:
        slurry_ml = di_ml = 0.0
        self.fire("touch_down")
        self._touched = True
        await self._heads[visit.head].do("touch_down", limit_s=self.context.limit_s(self.context.tool.touch_down_s))
        for offset, step in enumerate(visit.steps):
            number = visit.first_step + offset
            if self._turned_away and step.kind != "rinse":
                continue
            target_state = "rinse" if step.kind == "rinse" else "polish"
            if self.state != ("rinsing" if target_state == "rinse" else "polishing"):
                self.fire(target_state)
            start_s = now_s()
            self.context.announce(
                StepStarted(visit.wafer_id, self.number, visit.head, number, step.name, step.kind.value)
            )
            await self.context.port.write({**self._platen_set_points(step), **self._head_set_points(visit.head, step)})
            monitor.start(step, start_s, step.ramp_s + self.context.constants.settle_s)
            reason = "abort"
            try:
                if step.end.kind is EndKind.ENDPOINT:
                    reason = await self._until_endpoint(visit, number, step, start_s, monitor)
                else:
                    control = self._controls.get(number)
                    known_s = None if control is None else control.time_s
                    time_s = step.end.time_s if known_s is None else known_s
                    await self._until(start_s + time_s + step.end.over_polish_s)
                    reason = "time"
            finally:
                end_s = self.worked_to_s = now_s()
                self._left = self._rest(visit, offset, end_s - start_s)
                spans.append(StepSpan(step.name, start_s, end_s))
                slurry_before_ml, slurry_ml = slurry_ml, tap.volume_ml(self._slurry_tag, end_s)
                di_before_ml, di_ml = di_ml, tap.volume_ml(self._di_tag, end_s)
                self.context.announce(
                    StepEnded(
                        visit.wafer_id,
                        self.number,
                        visit.head,
                        number,
                        step.name,
                        round(end_s - start_s, 6),
                        reason,
                        round(slurry_ml - slurry_before_ml, 3),
                        round(di_ml - di_before_ml, 3),
                    )
                )
                if step.kind != "rinse":
                    self._polish_s += end_s - start_s
                if step.conditioning.mode is ConditioningMode.IN_SITU:
                    self._conditioned_s += end_s - start_s
            self._left = self._rest(visit, offset + 1, 0.0)

    def _rest(self, visit: Visit, done_count: int, into_next_s: float) -> Visit:
        left = rest_of(visit, done_count, into_next_s)
        return replace(left, held=self._held, turned_away=self._turned_away)

    async def _until_endpoint(
        self, visit: Visit, number: int, step: PolishStep, start_s: float, monitor: BandMonitor
    ) -> str:
        """Polish until the step's detector says so, at the latest until its latest time; return what ended it."""
        latest_s = start_s + step.end.max_s
        self._watch = watch = EndpointWatch(self.context.port, self.name, step.end, self._controls[number], start_s)
        reader = asyncio.create_task(watch.run(), name=f"{self.name}.endpoint")
        try:
            decision = await self._decided(watch, visit.head, monitor, latest_s)
            await self._until(decision.stop_s if decision.stop_s is not None else now_s())
        finally:
            self._watch = None
            watch.close()
            await reader
        self._tell(visit, number, step, watch, decision)
        return {DecisionKind.CALL: "endpoint", DecisionKind.ABORT: "wafer"}.get(decision.kind, "latest")

    async def _decided(self, watch: EndpointWatch, head: int, monitor: BandMonitor, latest_s: float) -> Decision:
        """Wait for the final decision; order the zones' moves meanwhile."""
        assert self._abort is not None
        moved = asyncio.create_task(watch.moves.get())
        try:
            while not watch.final.done():
                left_s = latest_s - now_s()
                waiting = {self._abort, watch.final, moved}
                if left_s <= 0 or not (await asyncio.wait(waiting, timeout=left_s, return_when="FIRST_COMPLETED"))[0]:
                    return watch.latest(latest_s)
                if self._abort.done():
                    await self._abort
                if moved.done():
                    pressures = moved.result()
                    zones = {f"head{head}.sp_zone{z}_pressure_kPa": p for z, p in enumerate(pressures, start=1)}
                    await self.context.port.write({f"head{head}.sp_ramp_s": ZONE_RAMP_S, **zones})
                    monitor.move_zones(pressures, now_s())
                    moved = asyncio.create_task(watch.moves.get())
            return watch.final.result()
        finally:
            moved.cancel()

    def _tell(self, visit: Visit, number: int, step: PolishStep, watch: EndpointWatch, said: Decision) -> None:
        """Announce how a step's endpoint was decided; a missed one and a wrong wafer set their alarms."""
        times_s, thickness_nm, sure_pct = watch.trail

        def seen(value: float | None) -> float:
            return math.nan if value is None else round(value, 3)

        self.context.announce(
            EndpointDecided(
                visit.wafer_id, self.number, visit.head, number, step.name, said.kind.value, said.why,
                seen(said.time_s), seen(said.endpoint_s), seen(said.stop_s), seen(said.thickness_nm),
                seen(said.sigma_nm), seen(said.rate_nm_min), times_s, thickness_nm, sure_pct,
            )
        )  # fmt: skip
        if watch.faults:
            why = "; ".join(dict.fromkeys(watch.faults))
            self.context.alarm("endpoint_sensor_fault", self.name, Severity.WARNING, why, visit.wafer_id)
        if said.kind is DecisionKind.CALL:
            return
        alarm = "wafer_not_expected" if said.kind is DecisionKind.ABORT else "endpoint_missed"
        self._held, self._turned_away = f"{step.name}: {said.why}", said.kind is DecisionKind.ABORT
        self.context.alarm(alarm, self.name, Severity.WARNING, f"{visit.wafer_id}: {said.why}", visit.wafer_id)

    async def _until(self, time_s: float) -> None:
        """Sleep to a tool time unless a deviation aborts the step."""
        assert self._abort is not None
        try:
            async with asyncio.timeout_at(time_s):
                await asyncio.shield(self._abort)
        except TimeoutError:
            return

    async def _lift(self, visit: Visit) -> None:
        self._slipped = False
        self.fire("lift")
        # The pad stays wet until the head is up: the water of the last step runs on.
        last_ml_min = visit.steps[-1].di_flow_ml_min if visit.steps else 0.0
        water = {f"{self.name}.sp_di_flow_ml_min": max(last_ml_min, LIFT_RINSE_ML_MIN)}
        await self.context.port.write({**self._rest_head(visit.head), **self._rest_platen(), **water})
        limit_s = self.context.limit_s
        motions = [self._heads[visit.head].do("lift", limit_s=limit_s(self.context.tool.lift_s))]
        if self.context.watch.is_on(f"conditioner{self.number}.up") is False:
            motions.append(self._conditioner.do("up", limit_s=limit_s(2.0)))
        motions.append(self._device.do("slurry", 0, 0, limit_s=limit_s(1.0)))
        # Each goes on whatever becomes of the others.
        failures = [e for e in await asyncio.gather(*motions, return_exceptions=True) if e is not None]
        if failures:
            raise failures[0]
        await self.context.port.write({f"{self.name}.sp_di_flow_ml_min": 0.0})
        if not self.context.watch.is_on(f"head{visit.head}.wafer_present"):
            if self._slipped:  # it lies where it slid to, out of the head's reach
                raise WaferSlippedError(f"head{visit.head}", self.name)
            await self.rechuck(visit.head)

    async def rechuck(self, head: int) -> None:
        """Pull a wafer up that the lift left on the pad, with more vacuum and a DI break each time.

        Raises `WaferLeftOnPadError` if it stays. Nothing else may be on the head.
        """
        await self._device.do("rinse", 1, limit_s=self.context.limit_s(1.0))
        for vacuum_kPa in RECHUCK_VACUUM_kPa:
            await self._heads[head].do("rechuck", vacuum_kPa, limit_s=self.context.limit_s(RECHUCK_LIMIT_S))
            if self.context.watch.is_on(f"head{head}.wafer_present"):
                await self._device.do("rinse", 0, limit_s=self.context.limit_s(1.0))
                return
        raise WaferLeftOnPadError(f"head{head}", self.name)

    async def _make_safe(self, head: int) -> None:
        """Bring the wafer off the pad and keep it wet, whatever happened; leave the module failed."""
        if self.state != "failed":
            self.fire("fail")
        problems: list[str] = []
        try:
            async with asyncio.timeout(MAKE_SAFE_LIMIT_S):
                await self.context.port.write({**self._rest_head(head), **self._rest_wet()})
        except (PortError, TimeoutError) as error:
            problems.append(f"set-points: {error}")
        # Each is tried whatever became of the others: a head that stays down needs the rinse all the more.
        commands = (
            (self._heads[head], "lift", (0, 0)),
            (self._device, "rinse", (1, 0)),
            (self._device, "slurry", (0, 0)),
            (self._conditioner, "up", (0, 0)),  # out of the way of heads that come and go
        )
        for device, verb, arguments in commands:
            try:
                await self._insist(device, verb, arguments)
            except DeviceFailedError as error:
                problems.append(str(error))
        if problems:
            self.context.alarm("make_safe_failed", self.name, Severity.FATAL, "; ".join(problems))

    def _left_behind(self, head: int, error: Exception) -> bool:
        """Whether a head that was on the pad came up without its wafer when a visit was cut off by something else."""
        told = isinstance(error, WaferSlippedError | WaferLeftOnPadError)
        return self._touched and not told and self.left_on_pad(head)

    async def _insist(self, device: Device, verb: str, arguments: tuple[float, float]) -> None:
        """Give a command until the device takes it: it refuses while its last motion is under way."""
        give_up_s = now_s() + MAKE_SAFE_LIMIT_S
        while True:
            try:
                await device.do(verb, *arguments, limit_s=MAKE_SAFE_LIMIT_S)
            except DeviceReportedError:
                if now_s() >= give_up_s:
                    raise
                await asyncio.sleep(ASK_AGAIN_S)
            else:
                return

    # -- watching ---------------------------------------------------------------------------------------------
    def _on_block(self, block: Block, monitor: BandMonitor, visit: Visit) -> None:
        for detail in self.context.check_limits(block, visit.wafer_id):
            self._abort_step(detail)
        errors: list[ProcessDeviationError] = []
        for deviation in monitor.check(block):
            kind = deviation.quantity.rsplit("_", 1)[-1]
            alarm = {"pressure": "pressure_deviation", "speed": "speed_deviation", "force": "force_deviation"}.get(
                kind, "flow_deviation"
            )
            severity = Severity.ERROR if deviation.aborts else Severity.WARNING
            detail = (
                f"{deviation.tag} is {deviation.seen:.4g}, set {deviation.set_point:.4g}: more than "
                f"{deviation.limit_pct:g} % off for {deviation.persist_s:g} s"
            )
            source = deviation.tag.split(".")[0]
            self.context.alarm(alarm, source, severity, detail, visit.wafer_id)
            if deviation.aborts:
                errors.append(error_of(deviation, self.name, detail))
        # A ring that presses too little is the cause where the PLC holds the zones for it.
        for error in sorted(errors, key=lambda e: not isinstance(e, RingPressureLowError)):
            self.abort(error)

    def _abort_step(self, detail: str) -> None:
        if self._abort is not None and not self._abort.done():
            remedy = "find the cause, then rework or scrap the wafer"
            self._abort.set_exception(ProcessDeviationError(self.name, "polish", detail, remedy))

    # -- set-points -------------------------------------------------------------------------------------------
    def _platen_set_points(self, step: PolishStep) -> Mapping[str, Value]:
        working = step.conditioning.mode is ConditioningMode.IN_SITU
        return {
            f"{self.name}.sp_ramp_s": step.ramp_s,
            f"{self.name}.sp_speed_rpm": step.platen_speed_rpm,
            f"{self.name}.sp_slurry_flow_ml_min": step.slurry_flow_ml_min,
            f"{self.name}.sp_di_flow_ml_min": step.di_flow_ml_min,
            f"{self.name}.sp_conditioner_force_N": step.conditioning.downforce_N if working else 0.0,
            f"{self.name}.sp_conditioner_speed_rpm": step.conditioning.disk_speed_rpm if working else 0.0,
            f"{self.name}.sp_conditioner_sweep_per_min": step.conditioning.sweep_per_min if working else 0.0,
            f"{self.name}.sp_coolant_temperature_C": step.platen_temperature_C,
        }

    def _head_set_points(self, head: int, step: PolishStep) -> Mapping[str, Value]:
        zones = {
            f"head{head}.sp_zone{zone}_pressure_kPa": pressure
            for zone, pressure in enumerate(step.zone_pressure_kPa, start=1)
        }
        return {
            **zones,
            f"head{head}.sp_ramp_s": step.ramp_s,
            f"head{head}.sp_ring_pressure_kPa": step.ring_pressure_kPa,
            f"head{head}.sp_back_pressure_kPa": step.back_pressure_kPa,
            f"head{head}.sp_speed_rpm": step.head_speed_rpm,
            f"head{head}.sp_sweep_amplitude_mm": step.sweep_amplitude_mm,
            f"head{head}.sp_sweep_per_min": step.sweep_per_min,
        }

    def _rest_head(self, head: int) -> Mapping[str, Value]:
        zones = range(1, len(self.context.tool.head.zone_outer_mm) + 1)
        names = [f"zone{zone}_pressure_kPa" for zone in zones]
        names += ["ring_pressure_kPa", "back_pressure_kPa", "speed_rpm", "sweep_amplitude_mm"]
        return {f"head{head}.sp_ramp_s": LIFT_RAMP_S} | {f"head{head}.sp_{name}": 0.0 for name in names}

    def _rest_wet(self) -> Mapping[str, Value]:
        return {**self._rest_platen(), f"{self.name}.sp_di_flow_ml_min": LIFT_RINSE_ML_MIN}

    def _rest_platen(self) -> Mapping[str, Value]:
        names = ("slurry_flow_ml_min", "di_flow_ml_min", "conditioner_force_N", "conditioner_speed_rpm")
        return {f"{self.name}.sp_ramp_s": LIFT_RAMP_S} | {f"{self.name}.sp_{name}": 0.0 for name in names}
