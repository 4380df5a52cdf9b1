"""The engine: one loop that asks the dispatch rule what moves next and starts it, for any number of jobs."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from planaris.clock import now_s
from planaris.model import Architecture, MapStage, Wafer, WaferKind
from planaris.scheduling import Action, Move
from planaris.stream import LotEnded, LotStarted, WaferMeasured
from planaris.tool.arms import Arms
from planaris.tool.carousel import CarouselTransport
from planaris.tool.carrier_check import SlotMapError, check_carrier
from planaris.tool.carriers import CarrierWatch
from planaris.tool.failures import StoppedError
from planaris.tool.handling import Handling
from planaris.tool.idle_pads import Waiting
from planaris.tool.interlocks import InterlockError
from planaris.tool.jobs import Job, JobBook, JobState, JobTrigger
from planaris.tool.manual import ManualMode
from planaris.tool.marks import Marks
from planaris.tool.progress import WaferProgress
from planaris.tool.tool import Tool
from planaris.tool.transport import FloorFacts, Transport
from planaris.tool.units import UnitsTransport
from planaris.tool.wafer_end import finish_wafer
from planaris.tool.wet import WetWatch
from planaris.tool.work import FailedWork, Piece, WorkKind
from planaris.tool.workshop import Workshop

# How often a condition of an interlock that refused is looked at again [design].
LOOK_AGAIN_S = 1.0
# How long what an interlock refused is waited for where nobody said how long: a cup that still comes down, a notice
# that is late [design].
REFUSED_PATIENCE_S = 10.0
# How long a paused job is waited for where nobody said how long [design].
PAUSED_PATIENCE_S = 8 * 3600.0


MakeTransport = Callable[[Tool, JobBook, Workshop, Marks, WetWatch], Transport]
_TRANSPORTS: Mapping[Architecture, MakeTransport] = {
    Architecture.CAROUSEL: CarouselTransport,
    Architecture.UNITS: UnitsTransport,
}


class Engine:
    """Works for the jobs of one tool.

    Make it inside the running loop; it works inside `running`. A failure of the machine takes a module out and the rest
    goes on; what is no failure of the machine (the journal, the software itself) closes the gate, brings wet wafers to
    safety and ends the engine with that error.
    """

    def __init__(self, tool: Tool, make_transport: MakeTransport | None = None) -> None:
        self.tool = tool
        self.jobs = JobBook(tool.stream, lambda wafer_id: tool.material.find(wafer_id) is not None)
        self.marks = Marks(tool.stream, self.jobs)
        self.shop = Workshop(tool.alarms, self.fatal)
        self.wet = WetWatch(tool, self.jobs, self.marks)
        make = make_transport or _TRANSPORTS[tool.description.architecture]
        self.transport = make(tool, self.jobs, self.shop, self.marks, self.wet)
        self.handling = Handling(tool, self.jobs, self.shop, self.transport, self.marks, self.wet)
        self.arms = Arms(tool, self.jobs, self.shop, self.marks, self.handling)
        self.handling.on_home = self._home
        self.shop.on_failure = self._on_failure
        tool.stream.on_failure = self.fatal
        self.halted = ""
        self.manual = ManualMode(self)
        tool.by_hand, tool.maintenance.on_change = self.shop.manual, self.shop.look
        self._fatal: Exception | None = None
        self._task: asyncio.Task[None] | None = None
        self._look_again: asyncio.TimerHandle | None = None

    @property
    def error(self) -> Exception | None:
        """What ended the engine for good, if anything did."""
        return self._fatal

    @property
    def pad_places(self) -> frozenset[str]:
        """Places on a pad, outside any head, where a wafer can lie."""
        return frozenset(platen.name for platen in self.tool.platens.values())

    # -- life ---------------------------------------------------------------------------------------------------
    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Work inside the block; on leaving it what is under way is cancelled: modules make themselves safe."""
        self.tool.watch.listen(CarrierWatch(self.tool.watch, self.tool.alarms, self.tool.material, lambda: self.jobs))
        self._task = asyncio.create_task(self._run(), name="engine")
        try:
            yield
        finally:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self.shop.cancel()
            self.wet.close()
            self.transport.close()
            if self._look_again is not None:
                self._look_again.cancel()

    async def _run(self) -> None:
        while self._fatal is None:
            try:
                self._turn()
            except Exception as error:
                self.fatal(error)
                break
            self.shop.tell_idle()
            await self.shop.changed.wait()
            self.shop.changed.clear()
        await self.shop.drained()
        assert self._fatal is not None
        raise self._fatal

    def _turn(self) -> None:
        """Start what may start now, and end jobs that are through."""
        if not self.halted:
            for move in self.transport.next_moves(self.facts()):
                self.shop.start(self._piece(move))
        for job in self.jobs.active:
            self._end_if_out(job)
        if self.shop.refused and self._look_again is None:
            self._look_again = asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._look_at_refused)

    def _piece(self, move: Move) -> Piece:
        if move.action is Action.TRANSFER:
            return self.handling.transfer(move)
        if move.action is Action.STATION_TRANSFER:
            return self.handling.station_transfer(move)
        if move.action in {Action.PICK, Action.PLACE, Action.GOTO}:
            return self.arms.piece(move)
        piece = self.transport.piece(move)
        if piece is None:
            raise ValueError(f"no work is known for {move}")
        return piece

    def look_again(self) -> None:
        """Look at what an interlock refused and at the whole floor again, now that a person did something."""
        self._look_at_refused()
        self.shop.look()

    def _look_at_refused(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
        self._look_again = None

        def still(error: InterlockError) -> bool:
            return bool(self.tool.interlocks.reason(error.verb, error.subject))

        self.shop.release_refused(still)
        self.shop.changed.set()

    async def still(self, patience_s: float = 0.0) -> None:
        """Wait until nothing is under way and nothing starts by itself any more.

        While a job is not over, somebody may act: that long nothing must happen on end (a paused job is waited for at
        least `PAUSED_PATIENCE_S`, what an interlock refused at least `REFUSED_PATIENCE_S`). Raises what ended the
        engine, if anything did.
        """
        while True:
            await self.or_end(self.shop.idle.wait())
            active = self.jobs.active
            paused = any(job.state is JobState.PAUSED for job in active)
            limit_s = max(patience_s, PAUSED_PATIENCE_S * paused, REFUSED_PATIENCE_S * bool(self.shop.refused))
            if not active or not limit_s:
                return
            try:
                async with asyncio.timeout(limit_s):
                    await self.or_end(self.shop.stirring.wait())
            except TimeoutError:
                return

    async def or_end(self, wait: Coroutine[Any, Any, Any]) -> None:
        """Wait for something or for the engine's own end, which raises. Inside `running`."""
        assert self._task is not None
        waiter = asyncio.create_task(wait)
        try:
            await asyncio.wait({waiter, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        if self._task.done():
            await self._task

    # -- what the rule sees -------------------------------------------------------------------------------------
    def facts(self) -> FloorFacts:
        """Return the floor as it is now."""
        tool, shop, out = self.tool, self.shop, self.shop.out
        at = {place: w.wafer_id for place, w in tool.material.at.items() if not place.startswith("loadport")}
        active = self.jobs.active
        home: dict[str, str] = {}
        route: dict[str, tuple[int, ...]] = {}
        wet_limit_s: dict[str, float] = {}
        begun: dict[str, WaferProgress] = {}
        dry: dict[str, tuple[Job, WaferProgress]] = {}  # by slot
        waiting: set[str] = set()
        polished: list[str] = []
        returning: list[str] = []
        open_to = cache(self.transport.open_to)  # wafers of a lot share their way
        for job, i, p in self.jobs.unfinished():
            home[i], wet_limit_s[i] = p.home, p.recipe.wet_limits.polish_to_clean_s
            if p.left_carrier or p.home in shop.busy:
                begun[i] = p
            route[i] = to_come = p.route
            if not to_come:
                polished.append(i)
            if p.cut_short and not p.wet and not p.dried:
                returning.append(i)
            if p.dry and job.active:
                dry[p.home] = job, p
                if not self._may_go_on(job, p, out, open_to):
                    waiting.add(i)
        begin = [
            Waiting(*dry[slot]) for job in active for slot in job.queue if dry[slot][1].wafer.wafer_id not in waiting
        ]
        return FloorFacts(
            at=at,
            ready=frozenset(shop.ready),
            busy=frozenset(shop.busy),
            down=shop.down,
            queue=tool.idle_pads.queue(active, begin, begun),
            home=home,
            polished=frozenset(polished),
            returning=frozenset(returning),
            waiting=frozenset(waiting),
            route=route,
            wet_limit_s=wet_limit_s,
            due_s={place: end_s - now_s() for place, end_s in shop.due.items()},
        )

    def _may_go_on(
        self,
        job: Job,
        progress: WaferProgress,
        out: frozenset[str],
        open_to: Callable[[tuple[int, ...], WaferKind], bool],
    ) -> bool:
        """Whether a dry wafer may go on towards the platens: its job runs, and the rest of its way is open."""
        if not out:
            return job.polishes and open_to(progress.route, progress.wafer.kind)
        description = self.tool.description
        way = self.transport.path | {"dry_robot", "wet_robot", *description.cleaner.stations}
        if not progress.aligned:
            way |= {"aligner"}
        if description.metrology is not None:
            way |= {"metrology"}
        open_way = not way & out and open_to(progress.route, progress.wafer.kind)
        return job.polishes and open_way

    # -- jobs ---------------------------------------------------------------------------------------------------
    def start_job(self, job: Job) -> None:
        """Begin a job: its carrier is scanned, then its wafers may leave it."""
        job.fire(JobTrigger.START)
        port = f"loadport{job.lot.load_port}"
        piece = Piece(WorkKind.MAP, port, lambda: self._begin(job), {port}, begun=True)
        piece.recover = self.tool.load_ports[job.lot.load_port].recover
        piece.abort = lambda: self.end_job(job, JobTrigger.FAIL, "the carrier could not be scanned")
        self.shop.start(piece)

    async def _begin(self, job: Job) -> None:
        try:
            await check_carrier(self.tool, job.lot)
        except SlotMapError as error:
            job.outcome = "slot_map_mismatch"
            job.failures.append(str(error))
            job.fire(JobTrigger.FAIL, str(error))
            return
        if not job.active:
            return
        lot, recipe, stream = job.lot, job.recipe, self.tool.stream
        stream.publish(
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
        for p in job.progress.values():
            self.tool.material.register(p.wafer, p.home)
            if (m := job.incoming.get(p.wafer.wafer_id)) is not None:
                stream.publish(WaferMeasured(m.wafer_id, MapStage.INCOMING, m.plan.name, m.instrument, m.thickness_nm))
        stream.flush(durable=True)
        job.begun = True
        job.queue = [p.home for p in job.progress.values()]

    def _home(self, wafer: Wafer) -> None:
        job = self.jobs.of(wafer)
        progress = job.progress[wafer.wafer_id]
        removal_nm, target_nm = finish_wafer(self.tool, job, progress), job.recipe.target_removal_nm
        if job.recipe.fault_detection is not None and math.isfinite(removal_nm) and not progress.cut_short:
            error_pct = 100.0 * (removal_nm / target_nm - 1.0)
            orders = self.tool.fault_watch.measured(job.recipe, wafer.wafer_id, progress.head, error_pct)
            self.transport.out_of_control(wafer, "", orders)
        places = {f"head{progress.head}", *(f"platen{n}" for n in job.recipe.platens)}
        self.tool.maintenance.polished(
            wafer.wafer_id, wafer.kind, places, 100.0 * (removal_nm / target_nm - 1.0), whole=not progress.cut_short
        )
        for number in () if progress.cut_short else job.recipe.platens:
            self.tool.quarantine.polished(f"platen{number}", wafer.kind, passed=not progress.marks)

    def _end_if_out(self, job: Job) -> None:
        """End a job whose wafers are all back, or, if it is to stop, none of them is out."""
        ending = job.state in {JobState.STOPPING, JobState.ABORTING}
        if not job.begun:
            if ending and f"loadport{job.lot.load_port}" not in self.shop.busy:
                self.end_job(job, JobTrigger.OUT)
        elif all(p.finished or self.tool.idle_pads.stands_by(job, p) for p in job.progress.values()):
            short = [i for i, p in job.progress.items() if p.cut_short]
            if job.failures and short and not ending:
                self.end_job(job, JobTrigger.FAIL, f"not processed in full: {', '.join(short)}")
            else:
                self.end_job(job, JobTrigger.FINISHED)
        elif ending and not self._out(job):
            self.end_job(job, JobTrigger.OUT)

    def _out(self, job: Job) -> bool:
        """Whether a wafer of a job is away from its slot."""
        material = self.tool.material
        moving = material.in_motion()
        return job.begun and any(
            not p.finished and (material.where(i) != p.home or i in moving or p.home in self.shop.busy)
            for i, p in job.progress.items()
        )

    def end_job(self, job: Job, trigger: JobTrigger, why: str = "") -> None:
        """End a job; its carrier is let go unless wafers of it are somewhere in the tool."""
        job.fire(trigger, why)
        if trigger is JobTrigger.FAIL and why and why not in "; ".join(job.failures):
            job.failures.append(why)
        job.queue.clear()
        if job.begun:
            self.tool.stream.commit(LotEnded(job.lot_id, job.outcome, job.finished_count))
        port = self.tool.load_ports[job.lot.load_port]
        if not self._out(job) and port.state == "mapped":
            self.shop.start(Piece(WorkKind.MAP, port.name, lambda: port.ask(port.release), {port.name}, begun=True))

    def fail_jobs(self, why: str) -> None:
        """End every job that cannot be brought to its end: nobody acts and nothing moves any more."""
        refused = "; ".join(str(error) for _, error in self.shop.refused.values())
        for job in self.jobs.active:
            self.end_job(job, JobTrigger.FAIL, why or "; ".join(job.failures) or refused)

    def placed(self, wafer: Wafer, place: str) -> None:
        """Go on with a wafer from where a person or a restart says it is."""
        progress = self.jobs.progress_of(wafer)
        if place.startswith("removed."):
            self.wet.over(wafer.wafer_id)
            progress.finished = True
            self.marks.mark(wafer.wafer_id, "hold", "taken out of the machine by a person")
        elif place in self.transport.whole_transfers:
            self.shop.start(self.handling.carry_on(place, wafer))
        elif place != progress.home:
            self.handling.arrived(wafer, place)
        elif progress.left_carrier:
            self._home(wafer)
        else:
            self._never_left(self.jobs.of(wafer), progress)
        self.shop.changed.set()

    def _never_left(self, job: Job, progress: WaferProgress) -> None:
        """Begin a wafer anew that is in its slot after all; one that was to go no further is through."""
        if progress.cut_short:
            progress.finished = True
        elif job.state in {JobState.RUNNING, JobState.PAUSED} and progress.home not in job.queue:
            job.queue.insert(0, progress.home)

    def moved_by_hand(self, wafer: Wafer, source: str, destination: str) -> None:
        """Note what a wafer went through while a person moved it."""
        progress = self.jobs.progress_of(wafer)
        if source == progress.home:
            progress.left_carrier_s = now_s()
        if destination.startswith("head"):
            progress.head = int(destination.removeprefix("head"))
            if progress.dry:
                progress.chucked_s = now_s()

    def back_from_hand(self, wafer: Wafer, place: str) -> None:
        """Go on with a wafer from where a person's hand left it; one that came home unpolished is marked."""
        progress = self.jobs.progress_of(wafer)
        if progress.finished:
            return
        if place.startswith("head"):
            self.transport.take_up(frozenset(i for i in self.jobs.progress() if i != wafer.wafer_id))
            return
        if place == progress.home and not progress.polished:
            progress.cut_short = True
            self.marks.mark(wafer.wafer_id, "rework", "brought home by hand before it was polished")
        self.placed(wafer, place)

    # -- failures -----------------------------------------------------------------------------------------------
    def _on_failure(self, failed: FailedWork) -> None:
        """Note a failure with the job it concerns, or with all of them."""
        wafer_id = failed.piece.wafer_id
        concerned = [j for j in self.jobs.active if wafer_id in j.progress] or list(self.jobs.active)
        for job in concerned:
            job.failures.append(str(failed.error))

    def fatal(self, error: Exception) -> None:
        """Close the gate and bring wet wafers to safety; the engine ends with this error."""
        if self._fatal is not None:
            return
        self._fatal = error
        self.tool.gate.closed = f"{type(error).__name__}: {error}"
        self.transport.abort_visits(StoppedError("engine", self.tool.gate.closed))
        self.shop.changed.set()
