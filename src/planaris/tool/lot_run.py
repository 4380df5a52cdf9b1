"""Runs one lot: asks the dispatch rule, starts its moves, lets modules overlap, and keeps what is known of wafers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from planaris.clock import now_s
from planaris.hardware import DeviceFailedError, PortError
from planaris.model import (
    SITE_PLANS,
    CleanerRecipe,
    ConditioningMode,
    Lot,
    MapStage,
    Recipe,
    SlotState,
    Wafer,
)
from planaris.modules import IllegalTransitionError, Visit, WaferNotSeenError
from planaris.scheduling import Action, Floor, Move, next_moves
from planaris.stream import CarrierMapped, LotEnded, LotStarted, TraceRecorded, WaferFinished, WaferMeasured
from planaris.tool.interlocks import InterlockError
from planaris.tool.pacing import Pacing
from planaris.tool.progress import WaferProgress
from planaris.tool.results import evaluate
from planaris.tool.tool import Tool

SLOT_LETTERS = {SlotState.EMPTY: "-", SlotState.OCCUPIED: "O", SlotState.DOUBLE: "D", SlotState.CROSSED: "X"}
_EXPECTED_FAILURES = (DeviceFailedError, InterlockError, IllegalTransitionError, PortError)


class SlotMapError(Exception):
    """The scanned carrier is not what the lot says; nothing was moved."""

    def __init__(self, load_port: int, problems: tuple[str, ...]) -> None:
        self.load_port, self.problems = load_port, problems
        super().__init__(f"loadport{load_port}: " + "; ".join(problems))


class LotRun:
    """One lot on one tool."""

    def __init__(self, tool: Tool, lot: Lot, recipe: Recipe, cleaner: CleanerRecipe) -> None:
        self.tool, self.lot, self.recipe, self.cleaner = tool, lot, recipe, cleaner
        port = f"loadport{lot.load_port}"
        self.progress = {
            w.wafer_id: WaferProgress(w, f"{port}.{w.slot:02d}", recipe)
            for w in sorted(lot.wafers, key=lambda w: w.slot)
        }
        self._queue = [p.home for p in self.progress.values()]
        self._incoming = {m.wafer_id: m for m in lot.incoming}
        self._settings = {s.station: s for s in cleaner.stations}
        self._ready: dict[str, float] = {}
        self._due: dict[str, float] = {}
        arm = tool.description.dry_robot
        self._transfer_s = arm.empty_move_s + arm.pick_s + arm.move_s + arm.place_s
        self._pacing = Pacing(tool.description, lot, recipe, cleaner, tool.carousel)
        self._busy: set[str] = set()
        self._turning = {"carousel", "loadcup", *(f"head{n}" for n in range(1, tool.description.heads + 1))}
        self._down: set[str] = set()
        self._changed = asyncio.Event()
        self._running = 0
        self._stopping = False
        self.failures: list[str] = []

    @property
    def finished_count(self) -> int:
        """Wafers back in their slots."""
        return sum(p.finished for p in self.progress.values())

    def stop(self) -> None:
        """Start no further wafer; those under way are finished."""
        self._stopping = True
        self._changed.set()

    # -- the lot ----------------------------------------------------------------------------------------------
    async def run(self) -> str:
        """Map the carrier, process every wafer, and return the outcome's name."""
        await self._map()
        self._announce_start()
        async with asyncio.TaskGroup() as tasks:
            while True:
                floor = self._floor()
                for move in next_moves(floor):
                    self._start(tasks, move)
                if self._running == 0 and not floor.hold:
                    break
                await self._changed.wait()
                self._changed.clear()
        done = self.finished_count
        if done == len(self.progress):
            outcome = "completed"
        elif self.failures:
            outcome = "failed"
        else:
            outcome = "stopped"
        if outcome != "failed":
            await self.tool.load_ports[self.lot.load_port].ask(self.tool.load_ports[self.lot.load_port].release)
        self.tool.stream.commit(LotEnded(self.lot.lot_id, outcome, done))
        return outcome

    async def _map(self) -> None:
        port = self.tool.load_ports[self.lot.load_port]
        seen = await port.ask(port.map)
        letters = "".join(SLOT_LETTERS[state] for state in seen)
        self.tool.stream.publish(CarrierMapped(self.lot.load_port, self.lot.carrier.carrier_id, letters))
        problems: list[str] = []
        for slot, state in enumerate(seen, start=1):
            expected = self.lot.wafer_in(slot) is not None
            if state in {SlotState.DOUBLE, SlotState.CROSSED}:
                problems.append(f"slot {slot} is {state.value}")
                self._alarm(f"slot_{state.value}", port.name, f"slot {slot}")
            elif expected is not (state is SlotState.OCCUPIED):
                problems.append(f"slot {slot} is {state.value}, the lot says {'a wafer' if expected else 'empty'}")
        if problems:
            self.tool.interlocks.mismatched_ports.add(port.name)
            self._alarm("slot_map_mismatch", port.name, "; ".join(problems))
            raise SlotMapError(self.lot.load_port, tuple(problems))

    def _announce_start(self) -> None:
        lot, recipe = self.lot, self.recipe
        self.tool.stream.publish(
            LotStarted(
                lot.lot_id,
                lot.product,
                recipe.name,
                recipe.process_package,
                lot.carrier.carrier_id,
                lot.load_port,
                len(lot.wafers),
                recipe.target_removal_nm,
                recipe.removal_tolerance_pct,
                recipe.wiwnu_limit_pct,
            )
        )
        for p in self.progress.values():
            self.tool.material.register(p.wafer, p.home)
            if (m := self._incoming.get(p.wafer.wafer_id)) is not None:
                self.tool.stream.publish(
                    WaferMeasured(m.wafer_id, MapStage.INCOMING, m.plan.name, m.instrument, m.thickness_nm)
                )
        self.tool.stream.flush(durable=True)

    # -- what the rule sees -----------------------------------------------------------------------------------
    def _floor(self) -> Floor:
        tool = self.tool
        at = {place: w.wafer_id for place, w in tool.material.at.items() if not place.startswith("loadport")}
        platens = range(1, tool.description.platens + 1)
        return Floor(
            at=at,
            ready=frozenset(self._ready),
            busy=frozenset(self._busy),
            queue=() if self._stopping else tuple(self._queue),
            home={i: p.home for i, p in self.progress.items()},
            polished=self._polished(),
            cleaner=tool.description.cleaner.stations,
            has_metrology=tool.metrology is not None,
            head_at_cup=f"head{tool.carousel.head_at(0)}",
            heads_at_platens=tuple(f"head{tool.carousel.head_at(n)}" for n in platens),
            due_s={place: end_s - now_s() for place, end_s in self._due.items()},
            transfer_s=self._transfer_s,
            hold=self._held(),
            down=frozenset(self._down),
        )

    def _polished(self) -> frozenset[str]:
        return frozenset(i for i, p in self.progress.items() if p.polished)

    def _held(self) -> bool:
        """Whether the carousel waits for the cleaner; looks again when the wait should be over."""
        if not self._busy.isdisjoint(self._turning):
            return False  # it cannot turn now anyhow
        wait_s = self._pacing.hold_s(self.tool.material.at, self._due, self._polished(), now_s())
        if wait_s > 0.5:
            asyncio.get_running_loop().call_later(wait_s, self._changed.set)
        return wait_s > 0.5

    def _of(self, wafer: Wafer) -> WaferProgress:
        return self.progress[wafer.wafer_id]

    def _set_ready(self, location: str) -> None:
        self._ready[location] = now_s()

    def _leave(self, location: str, wafer: Wafer) -> None:
        since_s = self._ready.pop(location, None)
        if since_s is not None:
            self._of(wafer).wait_s += now_s() - since_s

    # -- starting work ----------------------------------------------------------------------------------------
    def _start(self, tasks: asyncio.TaskGroup, move: Move) -> None:
        work = {
            Action.TRANSFER: self._transfer,
            Action.LOAD: self._load,
            Action.UNLOAD: self._unload,
            Action.INDEX: self._index,
            Action.STATION_TRANSFER: self._station_transfer,
        }[move.action]
        holds = {name for name in (move.resource, move.source, move.destination) if name}
        self._spawn(tasks, work(tasks, move), holds, move.resource)

    def _spawn(self, tasks: asyncio.TaskGroup, work: Coroutine[Any, Any, None], holds: set[str], resource: str) -> None:
        self._busy |= holds
        self._running += 1
        tasks.create_task(self._guard(work, holds, resource), name=f"lot.{resource}")

    async def _guard(self, work: Coroutine[Any, Any, None], holds: set[str], resource: str) -> None:
        """Run a piece of work; a failure sets an alarm, takes the resource out and stops new wafers."""
        try:
            await work
        except _EXPECTED_FAILURES as error:
            self.failures.append(str(error))
            self._down.add(resource)
            self._stopping = True
            alarm = {
                "HandshakeLostError": "handshake_lost",
                "DeviceTimeoutError": "device_timeout",
                "WaferNotSeenError": "wafer_not_seen",
                "PortError": "handshake_lost",
                "ProcessDeviationError": "process_aborted",
            }.get(type(error).__name__, "device_error")
            if isinstance(error, InterlockError):
                alarm = error.alarm
            elif isinstance(error, WaferNotSeenError) and not error.expected:
                alarm = "unexpected_wafer"
            self._alarm(alarm, resource, str(error))
        finally:
            self._busy -= holds
            self._running -= 1
            self._changed.set()

    def _alarm(self, alarm: str, source: str, detail: str, wafer_id: str = "") -> None:
        alarms = self.tool.alarms
        alarms.set(alarm, source, alarms.severity_of(alarm), detail, wafer_id)

    def _free(self, *names: str) -> None:
        self._busy -= set(names)
        self._changed.set()

    # -- moves ------------------------------------------------------------------------------------------------
    async def _transfer(self, tasks: asyncio.TaskGroup, move: Move) -> None:
        tool, material = self.tool, self.tool.material
        robot = tool.dry_robot if move.resource == "dry_robot" else tool.wet_robot
        if move.source in self._queue:
            self._queue.remove(move.source)
        wafer = material.intend(move.source, robot.name)
        progress = self._of(wafer)
        self._leave(move.source, wafer)
        await robot.ask(lambda: robot.pick(move.source))
        material.confirm(wafer, then=move.destination)
        if move.source == progress.home:
            progress.left_carrier_s = now_s()
        if move.source in tool.cleaners:
            tool.cleaners[move.source].removed()
        if move.source == "loadcup":
            head = tool.carousel.head_at(0)
            self._spawn(tasks, self._rinse_head(head), {f"head{head}"}, "loadcup")
        else:
            self._free(move.source)
        await robot.ask(lambda: robot.place(move.destination))
        material.confirm(wafer)
        self._arrived(tasks, wafer, move.destination)

    async def _rinse_head(self, head: int) -> None:
        try:
            await self.tool.load_cup.ask(lambda: self.tool.load_cup.rinse(head))
        finally:
            self._free("loadcup")

    def _arrived(self, tasks: asyncio.TaskGroup, wafer: Wafer, location: str) -> None:
        """Start what happens to a wafer at a place it was just put down."""
        if location == "aligner":
            self._spawn(tasks, self._align(), {location}, location)
        elif location in self.tool.cleaners:
            self._spawn(tasks, self._clean(wafer, location), {location}, location)
        elif location == "metrology":
            self._spawn(tasks, self._measure(wafer), {location}, location)
        elif location == self._of(wafer).home:
            self._finish(self._of(wafer))
        else:
            self._set_ready(location)

    async def _align(self) -> None:
        aligner = self.tool.aligner
        await aligner.ask(lambda: aligner.align(0.0))
        self._set_ready("aligner")

    async def _load(self, _tasks: asyncio.TaskGroup, move: Move) -> None:
        head = int(move.destination.removeprefix("head"))
        wafer = self.tool.material.intend("loadcup", move.destination)
        self._leave("loadcup", wafer)
        await self.tool.load_cup.ask(lambda: self.tool.load_cup.load(head))
        self.tool.material.confirm(wafer)
        progress = self._of(wafer)
        progress.head, progress.chucked_s = head, now_s()
        self._set_ready(move.destination)

    async def _unload(self, _tasks: asyncio.TaskGroup, move: Move) -> None:
        head = int(move.source.removeprefix("head"))
        wafer = self.tool.material.intend(move.source, "loadcup")
        self._leave(move.source, wafer)
        await self.tool.load_cup.ask(lambda: self.tool.load_cup.unload(head))
        self.tool.material.confirm(wafer)
        self._set_ready("loadcup")

    async def _index(self, tasks: asyncio.TaskGroup, _move: Move) -> None:
        carousel = self.tool.carousel
        for station in range(self.tool.description.heads):
            waiting = self.tool.material.at.get(f"head{carousel.head_at(station)}")
            if waiting is not None:
                self._leave(f"head{carousel.head_at(station)}", waiting)
        await carousel.ask(carousel.index)
        for number in self.tool.platens:
            head = carousel.head_at(number)
            wafer = self.tool.material.at.get(f"head{head}")
            if wafer is None:
                continue
            if self._of(wafer).next_platen == number:
                self._spawn(tasks, self._visit(wafer, number, head), {f"head{head}"}, f"platen{number}")
            else:
                self._set_ready(f"head{head}")
        back = self.tool.material.at.get(f"head{carousel.head_at(0)}")
        if back is not None:
            self._set_ready(f"head{carousel.head_at(0)}")

    async def _station_transfer(self, tasks: asyncio.TaskGroup, move: Move) -> None:
        cleaner = self.tool.cleaners[move.source]
        wafer = self.tool.material.intend(move.source, move.destination)
        self._leave(move.source, wafer)
        await cleaner.ask(lambda: cleaner.transfer(move.destination))
        self.tool.material.confirm(wafer)
        self._arrived(tasks, wafer, move.destination)

    # -- processing -------------------------------------------------------------------------------------------
    async def _visit(self, wafer: Wafer, number: int, head: int) -> None:
        progress, platen = self._of(wafer), self.tool.platens[number]
        steps = self.recipe.steps_on(number)
        first = self.recipe.steps.index(steps[0])
        visit = Visit(wafer.wafer_id, wafer.slot, head, self.recipe, first, steps)
        if progress.visits_done == 0:
            progress.polish_start_s = now_s()
        try:
            result = await platen.ask(lambda: platen.polish(visit))
        except _EXPECTED_FAILURES:
            progress.visits_done = len(self.recipe.platens)  # it goes no further: off the carousel, cleaned, kept
            self._set_ready(f"head{head}")
            raise
        progress.visits_done += 1
        progress.polish_end_s = result.end_s
        progress.polish_s += result.polish_s
        progress.slurry_ml += result.slurry_ml
        progress.di_water_ml += result.di_water_ml
        trace = result.trace
        self.tool.stream.publish(
            TraceRecorded(wafer.wafer_id, number, head, first, trace.file, trace.rows_count, trace.tags_count)
        )
        in_situ = [s for s in steps if s.conditioning.mode is ConditioningMode.IN_SITU]
        self.tool.consumables.visited(result, sum(s.end.time_s for s in in_situ), first_visit=progress.visits_done == 1)
        self._set_ready(f"head{head}")

    async def _clean(self, wafer: Wafer, station: str) -> None:
        progress, cleaner, setting = self._of(wafer), self.tool.cleaners[station], self._settings[station]
        if station == self.tool.description.cleaner.stations[0]:
            progress.clean_start_s = now_s()
            limit_s = self.recipe.wet_limits.polish_to_clean_s
            if progress.polish_to_clean_s > limit_s:
                detail = f"{progress.polish_to_clean_s:.1f} s from polish to clean, limit {limit_s:g} s"
                self._alarm("wet_limit_exceeded", station, detail, wafer.wafer_id)
        self._due[station] = now_s() + setting.time_s
        await cleaner.ask(lambda: cleaner.process(wafer.wafer_id, setting))
        del self._due[station]
        progress.di_water_ml += setting.di_flow_ml_min * setting.time_s / 60.0
        if station.startswith("brush"):
            self.tool.consumables.brushed(station, setting.time_s)
        if station == self.tool.description.cleaner.stations[-1]:
            progress.dried_s = now_s()
        self._set_ready(station)

    async def _measure(self, wafer: Wafer) -> None:
        metrology, progress = self.tool.metrology, self._of(wafer)
        assert metrology is not None
        description = self.tool.description.metrology
        assert description is not None
        progress.plan = self.lot.sampling.plan_for(wafer.slot)
        self._due["metrology"] = now_s() + description.time_s_by_plan[progress.plan]
        progress.post_nm = await metrology.ask(lambda: metrology.measure(progress.plan))
        del self._due["metrology"]
        self.tool.stream.publish(
            WaferMeasured(wafer.wafer_id, MapStage.POST, progress.plan, description.instrument, progress.post_nm)
        )
        self._set_ready("metrology")

    # -- a wafer's end ----------------------------------------------------------------------------------------
    def _finish(self, p: WaferProgress) -> None:
        p.finished = True
        incoming = self._incoming.get(p.wafer.wafer_id)
        nan = float("nan")
        result = None
        if incoming is not None and p.post_nm:
            result = evaluate(p.wafer, p.head, self.recipe, incoming, SITE_PLANS[p.plan], p.post_nm)
            self._judge(p, result.removal_nm, result.wiwnu_pct)
        self.tool.stream.publish(
            WaferFinished(
                wafer_id=p.wafer.wafer_id,
                slot=p.wafer.slot,
                head=p.head,
                kind=p.wafer.kind,
                sites_count=result.sites_count if result else 0,
                incoming_nm=_round(result.incoming_nm if result else nan),
                post_nm=_round(result.post_nm if result else nan),
                removal_nm=_round(result.removal_nm if result else nan),
                wiwnu_pct=_round(result.wiwnu_pct if result else nan),
                range_pct=_round(result.range_pct if result else nan),
                polish_s=_round(p.polish_s),
                wait_s=_round(p.wait_s),
                wet_s=_round(p.wet_s),
                polish_to_clean_s=_round(p.polish_to_clean_s),
                slurry_ml=_round(p.slurry_ml),
                di_water_ml=_round(p.di_water_ml),
            )
        )
        self._changed.set()

    def _judge(self, p: WaferProgress, removal_nm: float, wiwnu_pct: float) -> None:
        recipe, wafer_id = self.recipe, p.wafer.wafer_id
        off_pct = 100.0 * (removal_nm - recipe.target_removal_nm) / recipe.target_removal_nm
        if abs(off_pct) > recipe.removal_tolerance_pct:
            detail = f"{wafer_id}: removal {removal_nm:.1f} nm is {off_pct:+.1f} % off {recipe.target_removal_nm:g} nm"
            self._alarm("removal_out_of_target", "metrology", detail, wafer_id)
        if wiwnu_pct > recipe.wiwnu_limit_pct:
            detail = f"{wafer_id}: WIWNU {wiwnu_pct:.2f} % is above {recipe.wiwnu_limit_pct:g} %"
            self._alarm("wiwnu_out_of_limit", "metrology", detail, wafer_id)


def _round(value: float) -> float:
    return round(value, 6)
