"""Run-to-run control in the tool: a decision before a wafer's first polish step, a label when it is back.

Decisions are values of pure functions (`control.run_to_run`); here they become events, recipes and alarms. Between the
two virtual metrology estimates the wafer's removal, where its recipe asks for that (`control.virtual_removal`). What is
remembered changes by the events alone (`run_to_run_memory`), so that a run's journal replays it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from planaris.control import Due, Kind, Order, StepFeatures
from planaris.model import SITE_PLANS, SITES_9, Recipe, RunToRunMode, ToolDescription, WaferKind
from planaris.stream import (
    Event,
    EventStream,
    RecipeAdjusted,
    RemovalLabelled,
    RemovalLearned,
    RunToRunSwitched,
)
from planaris.tool.alarms import AlarmBook
from planaris.tool.commands import CommandDoor, CommandRequest, RefusedError
from planaris.tool.consumables import ConsumableBook, first_serial
from planaris.tool.fault_watch import features_taken
from planaris.tool.jobs import Job
from planaris.tool.progress import WaferProgress
from planaris.tool.released import before_after, names_of, with_values
from planaris.tool.removal_estimates import Through, estimate_event
from planaris.tool.results import incoming_at
from planaris.tool.run_to_run_memory import BETWEEN, ControlOf, Memory, RecipeControl, apply, context_of, no_control

ALARM, SOURCE = "run_to_run_held", "tool"
_KINDS = frozenset({WaferKind.PRODUCT, WaferKind.MONITOR})
# Ages that nobody knows are told as this.
_UNKNOWN_h = -1.0


class RunToRunDesk:
    """Takes decisions for the tool. ``memory`` is changed in place; ``is_dirty`` says that it was since `clean`."""

    def __init__(
        self,
        tool: ToolDescription,
        stream: EventStream,
        alarms: AlarmBook,
        consumables: ConsumableBook,
        control_of: ControlOf = no_control,
        memory: Memory | None = None,
    ) -> None:
        self._tool, self._stream, self._alarms, self._parts = tool, stream, alarms, consumables
        self._control_of, self.memory = control_of, memory or Memory()
        self.is_dirty = False

    def clean(self) -> None:
        """Note that what is remembered was kept."""
        self.is_dirty = False

    # -- a wafer that is due ----------------------------------------------------------------------------------
    def adjust(self, job: Job, progress: WaferProgress, head: int) -> Recipe:
        """Decide on a wafer before its first polish step; return the recipe that it is polished with."""
        recipe, wafer = progress.polish_recipe, progress.wafer
        fresh = progress.adjusted is None and progress.visits_done == 0 and math.isnan(progress.polish_start_s)
        control = self._control_of(job.recipe) if fresh and wafer.kind in _KINDS else None
        mode = self._mode_for(job.recipe)
        if control is None or mode is RunToRunMode.OFF:
            return recipe
        event = self._decision(job, progress, head, control, mode)
        self._stream.publish(event)
        self._apply(event, control)
        # Believed before it is acted on: a restart must know what the wafer was polished with.
        self._stream.flush(durable=True)
        progress.adjusted = adjusted(job.recipe, event)
        return progress.polish_recipe

    def _decision(
        self, job: Job, progress: WaferProgress, head: int, control: RecipeControl, mode: RunToRunMode
    ) -> RecipeAdjusted:
        parts, ages_h = self._polished_with(job.recipe, head)
        thread = f"{job.recipe.name}, {job.lot.product}"
        blank = RecipeAdjusted(
            progress.wafer.wafer_id, job.recipe.name, head, thread, BETWEEN.join(parts), ages_h, mode.value,
            "", "", 0.0, 0.0, 0.0, 0.0, 0, *names_of(job.recipe, (), ()),
        )  # fmt: skip
        due = Due(progress.wafer.wafer_id, context_of(blank, control), self._target_nm(job, progress, control))
        state = self.memory.states.get(control.memory) or control.control.start()
        _, order = control.control.step(state, due)
        assert isinstance(order, Order), "a wafer that is due gets one"
        self._tell_hold(order)
        why = order.why or _limits_told(control, order, job.recipe)
        times, before_s, after_s, pressures, before_kPa, after_kPa = before_after(
            job.recipe, control.control.actuators.parameters, order
        )
        return replace(
            blank, adjustment=order.kind.value, why=why,
            target_nm=round(due.target_nm[0], 6), expected_nm=round(order.expected_nm, 6),
            estimate_pct=round(100.0 * math.expm1(order.estimate.log_ratio), 6),
            estimate_sigma_pct=round(100.0 * order.estimate.sigma_ratio, 6),
            labels_count=order.estimate.labels_count,
            times=times, time_before_s=before_s, time_after_s=after_s,
            pressures=pressures, pressure_before_kPa=before_kPa, pressure_after_kPa=after_kPa,
        )  # fmt: skip

    def _mode_for(self, recipe: Recipe) -> RunToRunMode:
        """Return the recipe's mode, or what a person said where that is less."""
        if recipe.run_to_run is None:
            return RunToRunMode.OFF
        order = (RunToRunMode.OFF, RunToRunMode.ADVISE, RunToRunMode.CONTROL)
        return min(recipe.run_to_run.mode, self.memory.mode, key=order.index)

    def _polished_with(self, recipe: Recipe, head: int) -> tuple[list[str], tuple[float, ...]]:
        """Return head, pads and slurry batches by serial number, and the pads' ages."""
        membrane, ring = (self._parts.at(f"head{head}", part) for part in ("membrane", "ring"))
        parts, ages_h = [f"head{head}/{_plain(membrane.serial)}/{_plain(ring.serial)}"], list[float]()
        for stage in dict.fromkeys(recipe.platens):
            platen = self._platen_of(stage, head)
            pad = self._parts.at(f"platen{platen}", "pad")
            parts.append(f"platen{platen}/{_plain(pad.serial)}")
            known = pad.serial != first_serial(pad.location, "pad")
            ages_h.append(round(pad.use_h, 6) if known else _UNKNOWN_h)
        lines = dict.fromkeys(step.slurry_line for step in recipe.steps)
        parts += [f"slurry{n}/{_plain(self._parts.at(f'slurry{n}', 'slurry').serial)}" for n in lines]
        return parts, tuple(ages_h)

    def _platen_of(self, stage: int, head: int) -> int:
        """Return the platen that serves a stage for a head: on a tool of units the one of its unit."""
        platens = self._tool.platens_for(stage)
        if self._tool.units is None:
            return platens[0]
        return next((n for n in platens if self._tool.unit_of(n) == head), platens[0])

    def _target_nm(self, job: Job, progress: WaferProgress, control: RecipeControl) -> tuple[float, ...]:
        """Return what is to be removed, in the mean of the sites and in each moved zone."""
        setting, zones = job.recipe.run_to_run, control.control.actuators.zones
        incoming = job.incoming.get(progress.wafer.wafer_id)
        if setting is None or setting.target_post_nm is None or incoming is None:
            return (job.recipe.target_removal_nm,) * (1 + len(zones))
        before = incoming_at(incoming, SITES_9)
        return tuple(value - setting.target_post_nm for value in self._by_zone(before, zones))

    def _tell_hold(self, order: Order) -> None:
        held = order.kind is Kind.HOLD and not order.why.startswith("too few labels")
        if held:
            self._alarms.set(ALARM, SOURCE, self._alarms.severity_of(ALARM), order.why)
        elif order.kind is not Kind.HOLD:
            self._alarms.clear(ALARM, SOURCE, "labels and limits let control move again")

    # -- estimates ----------------------------------------------------------------------------------------------
    def visited(self, job: Job, progress: WaferProgress, features: Sequence[StepFeatures]) -> None:
        """Take the features of a wafer's visit to a platen; estimate its removal after the last one."""
        control = self._control_of(job.recipe) if progress.adjusted is not None else None
        if control is None or control.estimates is None:
            return
        for seen in features:
            event = features_taken(seen)
            if job.recipe.fault_detection is None:  # else it told them already
                self._stream.publish(event)
            self._apply(event, control)
        if progress.polished and not _spoiled(progress):
            self._estimate(job, progress, control)

    def _estimate(self, job: Job, progress: WaferProgress, control: RecipeControl) -> None:
        state, wafer_id = self.memory.states.get(control.memory), progress.wafer.wafer_id
        expected = None if state is None else control.control.expected(state, wafer_id)
        if expected is None or control.estimates is None:
            return
        platens = [self._platen_of(stage, progress.head) for stage in job.recipe.platens]
        ages_h = [self._parts.at(f"platen{n}", "pad").use_h for n in platens]
        pad_age_h = math.fsum(a * s for a, s in zip(ages_h, control.share_fraction, strict=False))
        regime = f"{job.recipe.name}, {job.lot.product}{BETWEEN}platens {'-'.join(map(str, platens))}"
        through = Through(wafer_id, regime, self.memory.features.get(wafer_id, {}), pad_age_h, expected)
        event = estimate_event(control.estimates, self.memory.virtual.get(control.memory), through)
        if event is not None:
            self._stream.publish(event)
            self._apply(event, control)

    # -- labels -----------------------------------------------------------------------------------------------
    def labelled(self, job: Job, progress: WaferProgress) -> None:
        """Give a finished wafer's removal to control: that of the nine sites, which every plan has."""
        incoming = job.incoming.get(progress.wafer.wafer_id)
        control = self._control_of(job.recipe) if progress.adjusted is not None else None
        if control is None or incoming is None or not progress.post_nm or _spoiled(progress):
            return
        plan = SITE_PLANS[progress.plan]
        at = {(x, y): t for x, y, t in zip(plan.x_mm, plan.y_mm, progress.post_nm, strict=True)}
        after = tuple(at[site] for site in zip(SITES_9.x_mm, SITES_9.y_mm, strict=True))
        removed = tuple(b - a for b, a in zip(incoming_at(incoming, SITES_9), after, strict=True))
        label = tuple(round(v, 6) for v in self._by_zone(removed, control.control.actuators.zones))
        event = RemovalLabelled(progress.wafer.wafer_id, label)
        self._stream.publish(event)
        self._apply(event, control)

    def _by_zone(self, at_sites: tuple[float, ...], zones: tuple[int, ...]) -> tuple[float, ...]:
        """Return the mean of the nine sites, and of those in each of some zones."""
        outer = self._tool.head.zone_outer_mm
        radii = [math.hypot(x, y) for x, y in zip(SITES_9.x_mm, SITES_9.y_mm, strict=True)]
        zone_of = [sum(radius > edge for edge in outer) for radius in radii]

        def mean(zone: int | None) -> float:
            found = [v for v, z in zip(at_sites, zone_of, strict=True) if zone is None or z == zone]
            return math.fsum(found) / len(found)

        return (mean(None), *(mean(zone) for zone in zones))

    def _apply(self, event: Event, control: RecipeControl) -> None:
        """Remember an event, and tell what was learned by it."""
        learned = apply(self.memory, event, control)
        self.is_dirty = True
        for said in learned:
            now = said.estimate
            self._stream.publish(
                RemovalLearned(
                    said.wafer_id, said.context.product, round(said.expected_nm, 6), round(said.measured_nm, 6),
                    round(100.0 * said.residual_ratio, 6), said.why, round(100.0 * math.expm1(now.log_ratio), 6),
                    round(100.0 * now.sigma_ratio, 6), now.labels_count,
                )
            )  # fmt: skip

    # -- the door ---------------------------------------------------------------------------------------------
    def offer(self, door: CommandDoor) -> None:
        """Offer the verbs of run-to-run control."""
        door.register("run_to_run.switch", self._switch)
        door.register("run_to_run.forget", self._forget)

    async def _switch(self, request: CommandRequest) -> str:
        asked, legal = str(request.arguments["mode"]), [mode.value for mode in RunToRunMode]
        if asked not in legal:
            raise RefusedError(f"no mode {asked}; there are: {', '.join(legal)}", ("mode",))
        if asked == self.memory.mode:
            raise RefusedError(f"run-to-run control is at {asked} already")
        self._switched(RunToRunSwitched(self.memory.mode.value, asked, request.principal, _reason(request)))
        return f"{asked}, from the next wafer on that is not begun; no recipe does more than it says itself"

    async def _forget(self, request: CommandRequest) -> str:
        count, mode = sum(s.labels_seen for s in self.memory.states.values()), self.memory.mode.value
        self._switched(RunToRunSwitched(mode, mode, request.principal, _reason(request)))
        return f"{count} labels forgotten; control is held until there are new ones"

    def _switched(self, event: RunToRunSwitched) -> None:
        self._stream.publish(event)
        apply(self.memory, event, None)
        self.is_dirty = True
        self._alarms.clear(ALARM, SOURCE, f"{event.principal}: {event.why}")


def adjusted(recipe: Recipe, event: RecipeAdjusted) -> Recipe:
    """Return a recipe as a decision has a wafer polished: with its own values where it was only advised."""
    if event.mode != RunToRunMode.CONTROL:
        return recipe
    return with_values(recipe, event.times, event.time_after_s, event.pressures, event.pressure_after_kPa)


def _spoiled(progress: WaferProgress) -> bool:
    """Whether a wafer's removal says nothing of the process."""
    marked = bool({"rework", "scrap", "suspect"} & set(progress.marks))
    return progress.cut_short or progress.interrupted or marked


def _limits_told(control: RecipeControl, order: Order, recipe: Recipe) -> str:
    parameters = [control.control.actuators.parameters[i] for i in order.at_limit]
    named = [
        recipe.steps[p.step].name if p.zone is None else f"{recipe.steps[p.step].name} zone {p.zone + 1}"
        for p in parameters
    ]
    return f"at the limit: {', '.join(named)}" if named else ""


def _plain(serial: str) -> str:
    """Return a serial number without what parts are told apart by."""
    return serial.replace(";", ",")


def _reason(request: CommandRequest) -> str:
    if not request.reason.strip():
        raise RefusedError("run-to-run control is switched for a reason; give one")
    return request.reason
