"""Work with heads that every architecture has: wafers onto heads and off them, and visits to platens."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planaris.clock import now_s
from planaris.model import OutOfControlAction, ToolDescription, Wafer
from planaris.modules import (
    LoadCup,
    Platen,
    Visit,
    VisitResult,
    WaferLeftOnPadError,
    WaferSlippedError,
)
from planaris.scheduling import Action, Move
from planaris.stream import TraceRecorded
from planaris.tool.failures import StoppedError
from planaris.tool.fault_watch import FaultOrder
from planaris.tool.jobs import JobState, JobTrigger
from planaris.tool.pad_work import PadWork
from planaris.tool.work import Piece, WorkKind


def steps_s(tool: ToolDescription, visit: Visit) -> float:
    """Return how long a visit is expected to take: pre-flow, touch-down, steps, lift."""
    polish_s = sum(step.end.time_s + step.end.over_polish_s for step in visit.steps)
    return visit.recipe.pre_flow_s + tool.touch_down_s + polish_s + tool.lift_s


class HeadWork(PadWork):
    """Base of the transports: what they do once a head is where it must be. Sub-classes know where heads are."""

    # -- what a sub-class knows -------------------------------------------------------------------------------
    def _cup_of(self, head: int) -> LoadCup:
        """Return the cup that serves a head."""
        raise NotImplementedError

    def _over(self, wafer: Wafer, platen: int) -> bool:
        """Whether a wafer is still on the head over a platen."""
        raise NotImplementedError

    def _unloaded(self, head: int) -> None:
        """Do what follows when a head has given its wafer to its cup."""

    # -- wafers onto heads and off them -----------------------------------------------------------------------
    def _cup_piece(self, move: Move) -> Piece:
        """Return the work of a load or an unload."""
        loading = move.action is Action.LOAD
        head = int((move.destination if loading else move.source).removeprefix("head"))
        work = self._load if loading else self._unload
        piece = Piece(WorkKind(move.action.value), move.resource, lambda: work(piece, move))
        piece.holds = {move.resource, move.source, move.destination}
        piece.recover = self._cup_of(head).recover
        piece.abort = lambda: self._give_up(move)
        return piece

    def _rinse_piece(self, head: int, holds: set[str]) -> Piece:
        """Return the work of rinsing an empty head over its cup."""
        cup = self._cup_of(head)
        piece = Piece(WorkKind.HEAD_RINSE, cup.name, lambda: cup.ask(lambda: cup.rinse(head)), begun=True)
        piece.holds = holds
        piece.recover = cup.recover
        piece.skip = piece.abort = cup.recover
        return piece

    def settle(self, source: str, destination: str) -> str:
        """Return which of two places shows the wafer; '' if both or none does."""
        watch = self._tool.watch
        seen = [place for place in (source, destination) if watch.is_on(f"{place}.wafer_present")]
        return seen[0] if len(seen) == 1 else ""

    async def _load(self, piece: Piece, move: Move) -> None:
        head = int(move.destination.removeprefix("head"))
        cup = self._cup_of(head)
        wafer = self._move_begun(piece, move, f"{cup.KIND}.load", move.destination)
        if self.settle(move.source, move.destination) != move.destination:
            await cup.ask(lambda: cup.load(head))
        self._tool.material.confirm(wafer)
        progress = self._jobs.progress_of(wafer)
        progress.head, progress.chucked_s = head, now_s()
        self._shop.set_ready(move.destination)

    async def _unload(self, piece: Piece, move: Move) -> None:
        head = int(move.source.removeprefix("head"))
        cup = self._cup_of(head)
        wafer = self._move_begun(piece, move, f"{cup.KIND}.unload", move.source)
        if self.settle(move.source, move.destination) != move.destination:
            await cup.ask(lambda: cup.unload(head))
        self._tool.material.confirm(wafer)
        self._shop.set_ready(move.destination)
        self._unloaded(head)

    def _move_begun(self, piece: Piece, move: Move, action: str, subject: str) -> Wafer:
        """Commit the intent of a move the first time; return its wafer."""
        material = self._tool.material
        if not piece.begun:
            self._tool.interlocks.permit(action, subject)
            wafer = material.intend(move.source, move.destination)
            piece.begun, piece.wafer_id = True, wafer.wafer_id
            self._jobs.progress_of(wafer).wait_s += self._shop.leave(move.source)
        wafer = material.at[move.source]
        if wafer.wafer_id not in material.in_motion():
            material.intend(move.source, move.destination)
        return wafer

    def _give_up(self, move: Move) -> None:
        material = self._tool.material
        wafer = material.at[move.source]
        material.cancel(wafer, "given up by a person")
        head = move.destination if move.action is Action.LOAD else move.source
        self._cup_of(int(head.removeprefix("head"))).recover()
        if move.action is Action.LOAD:
            self._jobs.progress_of(wafer).cut_short = True
            self._marks.mark(wafer.wafer_id, "rework", "could not be loaded on its head")
        self._shop.set_ready(move.source)

    # -- visits -----------------------------------------------------------------------------------------------
    def _visit_piece(self, wafer: Wafer, platen: int, head: int) -> Piece:
        job, progress = self._jobs.of(wafer), self._jobs.progress_of(wafer)
        assert progress.next_platen is not None  # the rule asked for a visit that is to come
        recipe = self._tool.run_to_run.adjust(job, progress, head)
        steps = recipe.steps_on(progress.next_platen)
        visit = Visit(wafer.wafer_id, wafer.slot, head, recipe, recipe.steps.index(steps[0]), steps)
        module = self._tool.platens[platen]
        piece = Piece(WorkKind.VISIT, module.name, lambda: self._visit(piece, wafer, visit), begun=True)
        piece.holds, piece.wafer_id = {f"head{head}"}, wafer.wafer_id
        piece.recover = module.recover

        def skip() -> None:
            if self._over(wafer, platen):
                progress.cut_short = False
                progress.visits_done += 1
                progress.polish_end_s = now_s()

        piece.skip, piece.abort = skip, lambda: None
        return piece

    async def _visit(self, piece: Piece, wafer: Wafer, visit: Visit) -> None:
        platen = self._tool.platens[int(piece.resource.removeprefix("platen"))]
        progress, head = self._jobs.progress_of(wafer), f"head{visit.head}"
        if self._tool.material.where(wafer.wafer_id) == platen.name:
            await self._take_up(wafer, platen)
            return
        if platen.left is not None and platen.left.wafer_id == wafer.wafer_id:  # a retry
            if self._moves(visit.head) or not self._over(wafer, platen.number):
                return
            visit, progress.cut_short = platen.left, False
            self._shop.leave(head)
            if visit.steps:  # else only the lift is left, and its wait goes on
                self._wet.over(wafer.wafer_id)
            self._shop.hold(piece, head)
        if math.isnan(progress.polish_start_s):
            progress.polish_start_s = now_s()
        self._wet.left(platen.number)
        self._shop.expect(head, now_s() + steps_s(self._tool.description, visit))
        before = platen.ended
        try:
            result = await platen.ask(lambda: platen.polish(visit))
        except Exception as error:
            if platen.ended is not None and platen.ended is not before:  # it had begun
                self._count(wafer, visit, platen.ended)
            self._cut_off(piece, wafer, visit, error)
            self._seen(wafer, platen, visit)
            if isinstance(error, StoppedError):  # ordered: the platen itself is well
                platen.recover()
                return
            raise
        finally:
            self._shop.due.pop(head, None)
            self._tool.idle_pads.polished(platen.number)
        progress.visits_done += 1
        progress.polish_end_s = result.end_s
        if result.held:
            self._marks.mark(wafer.wafer_id, "hold", result.held)
            progress.cut_short = progress.cut_short or result.turned_away
        self._count(wafer, visit, result)
        self._tool.consumables.visited(result, first_visit=progress.visits_done == 1)
        self._seen(wafer, platen, visit)
        self._shop.set_ready(head)
        if progress.polished:
            self._wet.polished(wafer.wafer_id)
        self._wet.waits_over(wafer.wafer_id, platen)

    def _count(self, wafer: Wafer, visit: Visit, result: VisitResult) -> None:
        """Add what a visit took to its wafer, ended or cut off, and tell of its traces."""
        progress = self._jobs.progress_of(wafer)
        progress.polish_s += result.polish_s
        progress.slurry_ml += result.slurry_ml
        progress.di_water_ml += result.di_water_ml
        for trace in filter(None, (result.trace, result.window_trace)):
            step, rows_count, tags_count = visit.first_step, trace.rows_count, trace.tags_count
            self._tool.stream.publish(
                TraceRecorded(wafer.wafer_id, result.platen, visit.head, step, trace.file, rows_count, tags_count)
            )

    def _seen(self, wafer: Wafer, platen: Platen, visit: Visit) -> None:
        """Give what a visit's traces tell to fault detection and to virtual metrology."""
        self.out_of_control(wafer, platen.name, self._tool.fault_watch.visited(visit.recipe, platen.taken))
        self._tool.run_to_run.visited(self._jobs.of(wafer), self._jobs.progress_of(wafer), platen.taken)

    def out_of_control(self, wafer: Wafer, platen: str, orders: Sequence[FaultOrder]) -> None:
        """Do what the out-of-control plan wants done because of a wafer: hold its lot, close its platen to product."""
        for order in orders:
            if order.action is OutOfControlAction.WARN:
                continue
            self._marks.mark(wafer.wafer_id, "hold", order.why)
            job = self._jobs.of(wafer)
            if job.state is JobState.RUNNING:
                job.fire(JobTrigger.PAUSE, order.why)
            if order.action is OutOfControlAction.STOP_PLATEN and platen:
                self._tool.quarantine.open(platen, order.why)

    def _cut_off(self, piece: Piece, wafer: Wafer, visit: Visit, error: Exception) -> None:
        """Take a wafer whose visit was not ended out of the flow: back to its cup, cleaned, home."""
        platen = self._tool.platens[int(piece.resource.removeprefix("platen"))]
        progress, head = self._jobs.progress_of(wafer), f"head{visit.head}"
        progress.cut_short = progress.interrupted = True
        if platen.left is not None and platen.left.held:
            self._marks.mark(wafer.wafer_id, "hold", platen.left.held)
        if math.isnan(progress.polish_end_s) or platen.left is not visit:
            # As after a visit that was ended: to make a platen safe may take longer than a lift.
            up_s = platen.worked_to_s + self._tool.description.lift_s
            progress.polish_end_s = now_s() if math.isnan(up_s) else min(now_s(), up_s)
        self._shop.free(piece, head)
        self._wet.polished(wafer.wafer_id)
        if not self._up(visit.head):
            self._lock(visit.head)
        if isinstance(error, WaferSlippedError | WaferLeftOnPadError):
            self._lies_on_pad(wafer, platen.name, slipped=isinstance(error, WaferSlippedError))
        else:
            self._marks.mark(wafer.wafer_id, "rework", f"polish on {platen.name} was not ended")
            self._shop.set_ready(head)
