"""What people order: jobs held, ended or aborted, failed work answered, the tool halted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planaris.tool.failures import StoppedError
from planaris.tool.jobs import Job, JobState, JobTrigger
from planaris.tool.progress import WaferProgress
from planaris.tool.quarantine import ALARM as QUARANTINE_ALARM
from planaris.tool.tag_alarms import ON_TAGS
from planaris.tool.work import FailedWork, WorkKind, WorkRefusedError

if TYPE_CHECKING:
    from planaris.tool.engine import Engine

ALL = "all"
# Place of a wafer that a person took out of the machine.
REMOVED = "removed"


class Orders:
    """Carries out what people order of an engine. Every order is done at once; what follows is the engine's work."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tool, self._jobs, self._shop = engine.tool, engine.jobs, engine.shop

    # -- jobs ---------------------------------------------------------------------------------------------------
    def pause(self, job: Job, why: str) -> str:
        """Begin no wafer and move no dry one on; what is wet is finished through the dryer."""
        job.fire(JobTrigger.PAUSE, why)
        return "no further wafer is begun; wet ones are finished"

    def resume(self, job: Job, why: str) -> str:
        """Let a paused job go on."""
        job.fire(JobTrigger.RESUME, why)
        return "running"

    def stop(self, job: Job, why: str) -> str:
        """Begin no further wafer; finish those that are out."""
        job.fire(JobTrigger.STOP, why)
        job.queue.clear()
        return "no further wafer is begun; those under way are finished"

    def abort(self, job: Job, why: str) -> str:
        """Polish no more: every wafer that is out is rinsed, cleaned and brought home, marked."""
        job.fire(JobTrigger.ABORT, why)
        job.queue.clear()
        for wafer_id, progress in job.progress.items():
            if not progress.finished and self._away(wafer_id, progress.home):
                self._cut(wafer_id, f"job aborted: {why}")
        return "no further polish; every wafer that is out is cleaned and brought home"

    def _away(self, wafer_id: str, home: str) -> bool:
        material = self._tool.material
        wafer = material.find(wafer_id)
        return wafer is not None and (material.where(wafer_id) != home or wafer_id in material.in_motion())

    # -- wafers -------------------------------------------------------------------------------------------------
    def abort_wafer(self, wafer_id: str, why: str) -> str:
        """Bring one wafer out to safety: no further polish, cleaned if wet, home, marked."""
        progress = self._progress(wafer_id)
        home = progress.home
        if progress.finished:
            raise WorkRefusedError(f"{wafer_id} is back in {home} already")
        if not self._away(wafer_id, home):
            job = self._jobs.of(wafer_id)
            if home in job.queue:
                job.queue.remove(home)
            progress.finished = progress.cut_short = True
            self._engine.marks.mark(wafer_id, "rework", f"taken out of the job: {why}")
            return "it stays in its slot"
        self._cut(wafer_id, why)
        return "it is cleaned and brought home"

    def _cut(self, wafer_id: str, why: str) -> None:
        progress = self._jobs.progress_of(wafer_id)
        if not progress.polished:
            self._engine.marks.mark(wafer_id, "rework", why)
        progress.cut_short = True
        self._engine.transport.abort_visits(StoppedError("tool", why), frozenset({wafer_id}))
        place = self._tool.material.where(wafer_id)
        if place.startswith("head") and place not in self._shop.due:  # it waits, and no visit will end its polish
            self._engine.wet.polished(wafer_id)

    def scrap(self, wafer_id: str, why: str, *, broken: bool = False) -> str:
        """Mark a wafer as scrap; it goes on to where it can be taken out. A broken one closes its platen."""
        progress = self._progress(wafer_id)
        self._engine.marks.mark(wafer_id, "scrap", why)
        material = self._tool.material
        place = material.where(wafer_id) if material.find(wafer_id) is not None else progress.home
        over = next((p.name for n, p in self._tool.platens.items() if f"head{self._tool.head_over(n)}" == place), place)
        if broken and over in self._engine.pad_places:
            self._engine.transport.abort_visits(StoppedError("tool", why), frozenset({wafer_id}))
            self._engine.transport.breakage(over, wafer_id)
        return "marked"

    # -- quarantine and alarms ----------------------------------------------------------------------------------
    def inspect(self, platen: str, principal: str, finding: str) -> str:
        """Note a platen's inspection: nothing may lie on its pad, and its failed work is cleared."""
        known = [p.name for p in self._tool.platens.values()]
        if platen not in known:
            raise WorkRefusedError(f"there is no platen {platen}; there are {', '.join(known)}")
        if platen in self._tool.material.at or self._tool.watch.is_on(f"{platen}.slip"):
            raise WorkRefusedError(f"a wafer lies on {platen}; take it out and say so first")
        self._tool.quarantine.inspect(platen, principal, finding)
        if platen in self._shop.failed:
            self._shop.failed[platen].piece.recover()
            self._shop.drop(platen)
        return "qualification wafers may follow"

    def release(self, platen: str, principal: str, why: str) -> str:
        """Sign a platen off."""
        self._tool.quarantine.release(platen, principal, why)
        return f"{platen} takes product"

    def acknowledge(self, alarm: str, source: str, principal: str) -> str:
        """Note that a person saw an alarm."""
        if not self._tool.alarms.acknowledge(alarm, source, principal):
            raise WorkRefusedError(f"{alarm} is not set at {source}")
        return "acknowledged"

    def clear_alarm(self, alarm: str, source: str, principal: str, why: str) -> str:
        """Clear an alarm that only a person can; one whose cause still stands is refused."""
        alarms = self._tool.alarms
        if (alarm, source) not in {(a.alarm, a.source) for a in alarms.active}:
            raise WorkRefusedError(f"{alarm} is not set at {source}")
        failed = [n for n, f in self._shop.failed.items() if (f.alarm, f.alarm_source) == (alarm, source)]
        if failed:
            raise WorkRefusedError(f"{failed[0]} has failed work: retry, skip, abort or clear that")
        tag = {v: k for k, v in ON_TAGS.items()}.get(alarm, "")
        if alarm == QUARANTINE_ALARM or (tag and self._tool.watch.is_on(tag)):
            raise WorkRefusedError(f"the cause of {alarm} at {source} still stands")
        alarms.clear(alarm, source, f"by {principal}: {why}")
        return "cleared"

    def confirm_place(self, wafer_id: str, location: str, principal: str) -> str:
        """Believe a person who says where a wafer is; work goes on from there."""
        self._progress(wafer_id)
        material = self._tool.material
        wafer = material.find(wafer_id)
        if wafer is None:
            raise WorkRefusedError(f"{wafer_id} was never in the machine")
        place = f"{REMOVED}.{wafer_id}" if location == REMOVED else location
        self._check_place(wafer_id, place)
        old = material.where(wafer_id)
        for resource, failed in tuple(self._shop.failed.items()):
            if failed.piece.wafer_id == wafer_id or resource == f"place of {place}":
                failed.piece.recover()
                self._shop.drop(resource)
        self._shop.leave(old)
        material.declare(wafer, place, principal)
        self._engine.placed(wafer, place)
        return f"{wafer_id} is at {place}, it was at {old}"

    def _check_place(self, wafer_id: str, place: str) -> None:
        """Refuse a place that does not exist or whose sensor contradicts."""
        if place.startswith(f"{REMOVED}.") or place in self._engine.pad_places:
            return
        progress = self._jobs.progress_of(wafer_id)
        sensor = f"{place}.wafer_present"
        if sensor in self._tool.port.tags:
            if not self._tool.watch.is_on(sensor):
                raise WorkRefusedError(f"{sensor} shows no wafer")
        elif place != progress.home:
            raise WorkRefusedError(f"{place} is no place for {wafer_id}; its slot is {progress.home}")

    def _progress(self, wafer_id: str) -> WaferProgress:
        try:
            return self._jobs.progress_of(wafer_id)
        except KeyError:
            raise WorkRefusedError(f"no job knows a wafer {wafer_id}") from None

    # -- failed work --------------------------------------------------------------------------------------------
    def retry(self, module: str) -> str:
        """Go on with failed work from where map and sensors say it stands."""
        modules = self._named(module)
        for name in modules:
            self._shop.failed[name].piece.recover()
            self._shop.again(name)
        return f"again: {', '.join(modules)}"

    def skip(self, module: str) -> str:
        """Leave failed work out, where its kind can be left out."""
        failed = self._failed(module)
        if failed.piece.skip is None:
            raise WorkRefusedError(f"{failed.piece.kind.value} cannot be skipped; retry it or say where the wafer is")
        self._shop.drop(module)
        failed.piece.skip()
        failed.piece.recover()
        return f"{failed.piece.kind.value} left out"

    def abort_work(self, module: str) -> str:
        """Give failed work up: its wafer is brought to safety and marked."""
        failed = self._failed(module)
        if failed.piece.abort is None:
            raise WorkRefusedError(f"{failed.piece.kind.value} cannot be given up; retry it or clear the module")
        self._check_not_moved(failed.piece.wafer_id)
        self._shop.drop(module)
        failed.piece.abort()
        failed.piece.recover()
        return f"{failed.piece.kind.value} given up"

    def _check_not_moved(self, wafer_id: str) -> None:
        """Refuse to give a move up unless sensors show its wafer where it was."""
        material = self._tool.material
        going = material.in_motion().get(wafer_id)
        if going is None:
            return
        here, there = self._shows(material.where(wafer_id)), self._shows(going)
        if there and not here:
            raise WorkRefusedError(f"{wafer_id} is seen at {going}; retry the work, which goes on from there")
        if there or not here:
            raise WorkRefusedError(f"sensors do not tell where {wafer_id} is; say where with wafer.confirm_place")

    def _shows(self, place: str) -> bool | None:
        """Return what a place's sensor shows, None where it has none."""
        sensor = f"{place}.wafer_present"
        return self._tool.watch.is_on(sensor) if sensor in self._tool.port.tags else None

    def clear(self, module: str) -> str:
        """Take a module back after its cause was cleared: work that was begun goes on, a wafer's visit does not."""
        modules = self._named(module)
        for name in modules:
            failed = self._shop.failed[name]
            failed.piece.recover()
            if failed.piece.kind in {WorkKind.VISIT, WorkKind.MANUAL}:
                self._shop.drop(name)
            else:
                self._shop.again(name)
        return f"cleared: {', '.join(modules)}"

    def _named(self, module: str) -> tuple[str, ...]:
        if module == ALL and self._shop.failed:
            return tuple(self._shop.failed)
        self._failed(module)
        return (module,)

    def _failed(self, module: str) -> FailedWork:
        failed = self._shop.failed.get(module)
        if failed is None:
            raise WorkRefusedError(f"{module} has no failed work; these have: {', '.join(self._shop.failed) or 'none'}")
        return failed

    # -- the tool -----------------------------------------------------------------------------------------------
    def halt(self, why: str) -> str:
        """Emergency: heads up, rinse on, no moves until a person lets the tool go on."""
        self._engine.halted = why
        self._tool.gate.closed = why
        self._engine.transport.abort_visits(StoppedError("tool", why))
        for job in self._jobs.active:
            if job.state is JobState.RUNNING:
                job.fire(JobTrigger.PAUSE, why)
        return "heads up, rinse on, no moves"

    def go_on(self) -> str:
        """Open the gate after a halt: wet wafers are finished, jobs stay paused until each is resumed."""
        if not self._engine.halted:
            raise WorkRefusedError("the tool is not halted")
        if self._engine.error is not None:
            raise WorkRefusedError("the tool ended with an error; restart it")
        self._engine.halted = ""
        self._tool.gate.closed = ""
        for name, failed in tuple(self._shop.failed.items()):
            if not failed.alarm and failed.piece.kind not in {WorkKind.VISIT, WorkKind.MANUAL}:
                failed.piece.recover()
                self._shop.again(name)
        self._shop.changed.set()
        return "moves may start; jobs are paused"
