"""The carousel as the engine's transport: load cup, index, and the visits that follow a turn."""

from __future__ import annotations

import asyncio
import math

from planaris.clock import now_s
from planaris.model import ConditioningMode, Wafer
from planaris.modules import Visit
from planaris.scheduling import Action, Floor, Move, next_moves
from planaris.stream import TraceRecorded
from planaris.tool.failures import HeadNotUpError, StoppedError
from planaris.tool.jobs import JobBook
from planaris.tool.marks import Marks
from planaris.tool.pacing import Pacing
from planaris.tool.tool import Tool
from planaris.tool.transport import FloorFacts
from planaris.tool.wet import WetWatch
from planaris.tool.work import Piece, WorkKind
from planaris.tool.workshop import Workshop

# A wait for the cleaner shorter than this is none [design].
SHORTEST_HOLD_S = 0.5


class CarouselTransport:
    """Load cup, carousel and platens of a carousel tool. Implements `Transport`."""

    def __init__(self, tool: Tool, jobs: JobBook, shop: Workshop, marks: Marks, wet: WetWatch) -> None:
        self._tool, self._jobs, self._shop, self._marks, self._wet = tool, jobs, shop, marks, wet
        self._pacing = Pacing(tool.description, jobs, tool.carousel)
        arm = tool.description.dry_robot
        self._transfer_s = arm.empty_move_s + arm.pick_s + arm.move_s + arm.place_s

    @property
    def path(self) -> frozenset[str]:
        """Load cup and carousel; the platens are a matter of the route."""
        return frozenset({"loadcup", "carousel"})

    # -- what the rule sees -----------------------------------------------------------------------------------
    def next_moves(self, facts: FloorFacts) -> tuple[Move, ...]:
        """Ask the dispatch rule of carousel tools."""
        tool = self._tool
        return next_moves(
            Floor(
                at=facts.at,
                ready=facts.ready,
                busy=facts.busy,
                queue=facts.queue,
                home=facts.home,
                polished=facts.polished,
                cleaner=tool.description.cleaner.stations,
                has_metrology=tool.metrology is not None,
                head_at_cup=f"head{tool.carousel.head_at(0)}",
                heads_at_platens=tuple(f"head{tool.carousel.head_at(n)}" for n in tool.platens),
                due_s=facts.due_s,
                transfer_s=self._transfer_s,
                hold=self._held(facts),
                down=facts.down,
                returning=facts.returning,
                waiting=facts.waiting,
                route=facts.route,
                wet_limit_s=facts.wet_limit_s,
            )
        )

    def _held(self, facts: FloorFacts) -> bool:
        """Whether the carousel waits for the cleaner; looks again when the wait should be over."""
        wait_s = self._pacing.hold_s(self._tool.material.at, self._shop.due, facts.polished, now_s())
        if wait_s > SHORTEST_HOLD_S:
            asyncio.get_running_loop().call_later(wait_s, self._shop.changed.set)
        return wait_s > SHORTEST_HOLD_S

    # -- moves ------------------------------------------------------------------------------------------------
    def piece(self, move: Move) -> Piece | None:
        """Return the work of load, unload and index."""
        work = {Action.LOAD: self._load, Action.UNLOAD: self._unload, Action.INDEX: self._index}.get(move.action)
        if work is None:
            return None
        kind = WorkKind(move.action.value)
        piece = Piece(kind, move.resource, lambda: work(piece, move))
        piece.holds = {name for name in (move.resource, move.source, move.destination) if name}
        module = self._tool.carousel if move.action is Action.INDEX else self._tool.load_cup
        piece.recover = module.recover
        if move.action is not Action.INDEX:
            piece.abort = lambda: self._give_up(move)
        return piece

    def taken(self, source: str) -> Piece | None:
        """Rinse the head when its wafer has left the load cup."""
        if source != "loadcup":
            return None
        head, cup = self._tool.carousel.head_at(0), self._tool.load_cup
        piece = Piece(WorkKind.HEAD_RINSE, "loadcup", lambda: cup.ask(lambda: cup.rinse(head)), begun=True)
        piece.holds = {"loadcup", f"head{head}"}
        piece.recover = cup.recover
        piece.skip = piece.abort = cup.recover
        return piece

    def settle(self, source: str, destination: str) -> str:
        """Return which of two places shows the wafer; '' if both or none does."""
        watch = self._tool.watch
        seen = [place for place in (source, destination) if watch.is_on(f"{place}.wafer_present")]
        return seen[0] if len(seen) == 1 else ""

    async def _load(self, piece: Piece, move: Move) -> None:
        head, cup = int(move.destination.removeprefix("head")), self._tool.load_cup
        wafer = self._move_begun(piece, move, "loadcup.load", move.destination)
        if self.settle(move.source, move.destination) != move.destination:
            await cup.ask(lambda: cup.load(head))
        self._tool.material.confirm(wafer)
        progress = self._jobs.progress_of(wafer)
        progress.head, progress.chucked_s = head, now_s()
        self._shop.set_ready(move.destination)

    async def _unload(self, piece: Piece, move: Move) -> None:
        head, cup = int(move.source.removeprefix("head")), self._tool.load_cup
        wafer = self._move_begun(piece, move, "loadcup.unload", move.source)
        if self.settle(move.source, move.destination) != move.destination:
            await cup.ask(lambda: cup.unload(head))
        self._tool.material.confirm(wafer)
        self._shop.set_ready("loadcup")

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
        self._tool.load_cup.recover()
        if move.action is Action.LOAD:
            self._jobs.progress_of(wafer).cut_short = True
            self._marks.mark(wafer.wafer_id, "rework", "could not be loaded on its head")
        self._shop.set_ready(move.source)

    async def _index(self, piece: Piece, _move: Move) -> None:
        carousel, at = self._tool.carousel, self._tool.material.at
        if not piece.begun:
            self._tool.interlocks.permit("carousel.index", carousel.name)
            target = (carousel.position + 1) % self._tool.description.heads
            # From here on it is known where the carousel goes, whatever becomes of the motion.
            piece.begun, piece.do = True, lambda: self._turn(target)
        for head in range(1, self._tool.description.heads + 1):
            waiting = at.get(f"head{head}")
            if waiting is not None:
                self._jobs.progress_of(waiting).wait_s += self._shop.leave(f"head{head}")
        await self._turn((carousel.position + 1) % self._tool.description.heads)

    async def _turn(self, target: int) -> None:
        carousel = self._tool.carousel
        heads = range(1, self._tool.description.heads + 1)
        loaded = frozenset(head for head in heads if f"head{head}" in self._tool.material.at)
        if carousel.position != target:
            await carousel.ask(lambda: carousel.index(loaded, target))
        self.turned()

    def platen_under(self, head: int) -> int | None:
        """Return the platen a head stands over, None at the load cup."""
        over = [n for n in self._tool.platens if self._tool.carousel.head_at(n) == head]
        return over[0] if over else None

    def take_up(self) -> None:
        """Go on with the wafers on heads after a restart."""
        self.turned()

    def turned(self) -> None:
        """Start the visits of the wafers that now stand over their platens; the others wait."""
        at, carousel = self._tool.material.at, self._tool.carousel
        visited: set[int] = set()
        waiting: list[tuple[str, int]] = []
        for station in range(self._tool.description.heads):
            head = carousel.head_at(station)
            wafer = at.get(f"head{head}")
            if wafer is None:
                continue
            progress = self._jobs.progress_of(wafer)
            if station == 0 or progress.next_platen != station:
                self._shop.set_ready(f"head{head}")
                if station:
                    waiting.append((wafer.wafer_id, station))
                continue
            refused = self.may_visit(wafer, station)
            if refused:
                progress.cut_short = True
                self._marks.mark(wafer.wafer_id, "rework", refused)
                self._shop.set_ready(f"head{head}")
                self._wet.polished(wafer.wafer_id)
                waiting.append((wafer.wafer_id, station))
            else:
                visited.add(station)
                self._shop.start(self._visit_piece(wafer, station, head))
        self._wet.turned(frozenset(visited))
        for wafer_id, station in waiting:
            self._wet.waits_over(wafer_id, self._tool.platens[station])

    # -- visits -----------------------------------------------------------------------------------------------
    def may_visit(self, wafer: Wafer, platen: int) -> str:
        """Return why a wafer may not be polished on a platen now."""
        del wafer
        failed = self._shop.failed.get(f"platen{platen}")
        return f"platen{platen} is down: {failed.error}" if failed else ""

    def _visit_piece(self, wafer: Wafer, platen: int, head: int) -> Piece:
        job, progress = self._jobs.of(wafer), self._jobs.progress_of(wafer)
        steps = job.recipe.steps_on(platen)
        visit = Visit(wafer.wafer_id, wafer.slot, head, job.recipe, job.recipe.steps.index(steps[0]), steps)
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

    def _over(self, wafer: Wafer, platen: int) -> bool:
        """Whether a wafer is still on the head over a platen."""
        return self._tool.material.where(wafer.wafer_id) == f"head{self._tool.carousel.head_at(platen)}"

    async def _visit(self, piece: Piece, wafer: Wafer, visit: Visit) -> None:
        platen = self._tool.platens[int(piece.resource.removeprefix("platen"))]
        progress, head = self._jobs.progress_of(wafer), f"head{visit.head}"
        if platen.left is not None and platen.left.wafer_id == wafer.wafer_id:  # a retry
            if not self._over(wafer, platen.number) or "carousel" in self._shop.busy:
                return
            visit, progress.cut_short = platen.left, False
            self._shop.leave(head)
            self._wet.over(wafer.wafer_id)
            self._shop.hold(piece, head)
        if math.isnan(progress.polish_start_s):
            progress.polish_start_s = now_s()
        try:
            result = await platen.ask(lambda: platen.polish(visit))
        except Exception as error:
            # It goes no further: off the carousel with the next turns, cleaned, home.
            progress.cut_short = True
            if math.isnan(progress.polish_end_s) or platen.left is not visit:
                progress.polish_end_s = now_s()
            self._marks.mark(wafer.wafer_id, "rework", f"polish on {platen.name} was not ended")
            self._shop.free(piece, head)
            self._shop.set_ready(head)
            self._wet.polished(wafer.wafer_id)
            if not self._tool.watch.is_on(f"{head}.up"):
                self._lock(head)
            if isinstance(error, StoppedError):  # ordered: the platen itself is well
                platen.recover()
                return
            raise
        progress.visits_done += 1
        progress.polish_end_s = result.end_s
        progress.polish_s += result.polish_s
        progress.slurry_ml += result.slurry_ml
        progress.di_water_ml += result.di_water_ml
        trace = result.trace
        self._tool.stream.publish(
            TraceRecorded(
                wafer.wafer_id,
                platen.number,
                visit.head,
                visit.first_step,
                trace.file,
                trace.rows_count,
                trace.tags_count,
            )
        )
        in_situ = [s for s in visit.steps if s.conditioning.mode is ConditioningMode.IN_SITU]
        first = progress.visits_done == 1
        self._tool.consumables.visited(result, sum(s.end.time_s for s in in_situ), first_visit=first)
        self._shop.set_ready(head)
        if progress.polished:
            self._wet.polished(wafer.wafer_id)
        self._wet.waits_over(wafer.wafer_id, platen)

    def _lock(self, head: str) -> None:
        """Keep the carousel where it is: a head that should be up is not."""

        async def look() -> None:
            if not self._tool.watch.is_on(f"{head}.up"):
                raise HeadNotUpError(head)

        self._shop.lock(Piece(WorkKind.INDEX, "carousel", look), HeadNotUpError(head))

    def abort_visits(self, error: Exception, wafers: frozenset[str] | None = None) -> None:
        """End polishing now."""
        at, carousel = self._tool.material.at, self._tool.carousel
        for number, platen in self._tool.platens.items():
            wafer = at.get(f"head{carousel.head_at(number)}")
            if wafers is None or (wafer is not None and wafer.wafer_id in wafers):
                platen.abort(error)
