"""The carousel as the engine's transport: load cup, index, and the visits that follow a turn."""

from __future__ import annotations

import asyncio

from planaris.clock import now_s
from planaris.model import Wafer
from planaris.modules import LoadCup
from planaris.scheduling import Action, Floor, Move, next_moves
from planaris.tool.head_work import HeadWork
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


class CarouselTransport(HeadWork):
    """Load cup, carousel and platens of a carousel tool. Implements `Transport`."""

    whole_transfers = frozenset({"dry_robot", "wet_robot"})

    def __init__(self, tool: Tool, jobs: JobBook, shop: Workshop, marks: Marks, wet: WetWatch) -> None:
        super().__init__(tool, jobs, shop, marks, wet)
        self._pacing = Pacing(tool.description, jobs, tool.carousel)
        arm = tool.description.dry_robot
        self._transfer_s = arm.empty_move_s + arm.pick_s + arm.move_s + arm.place_s

    @property
    def path(self) -> frozenset[str]:
        """Load cup and carousel; the platens are a matter of the route."""
        return frozenset({"loadcup", "carousel"})

    def open_to(self, route: tuple[int, ...]) -> bool:
        """Whether every platen of the route is up."""
        return not self._shop.failed.keys() & {f"platen{n}" for n in route}

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
        if move.action in {Action.LOAD, Action.UNLOAD}:
            return self._cup_piece(move)
        if move.action is not Action.INDEX:
            return None
        piece = Piece(WorkKind.INDEX, move.resource, lambda: self._index(piece, move))
        piece.holds = {move.resource}
        piece.recover = self._tool.carousel.recover
        return piece

    def taken(self, source: str) -> Piece | None:
        """Rinse the head when its wafer has left the load cup."""
        if source != "loadcup":
            return None
        head = self._tool.carousel.head_at(0)
        return self._rinse_piece(head, {"loadcup", f"head{head}"})

    def _cup_of(self, head: int) -> LoadCup:
        del head  # all use the one
        return self._tool.load_cup

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

    def take_up(self, asked: frozenset[str]) -> None:
        """Go on with the wafers on heads after a restart, but not with those that are asked for."""
        self.turned(asked)

    def turned(self, asked: frozenset[str] = frozenset()) -> None:
        """Start the visits of the wafers that now stand over their platens; others wait, ``asked`` ones not even."""
        at, carousel = self._tool.material.at, self._tool.carousel
        visited: set[int] = set()
        waiting: list[tuple[str, int]] = []
        for station in range(self._tool.description.heads):
            head = carousel.head_at(station)
            wafer = at.get(f"head{head}")
            if wafer is None or wafer.wafer_id in asked:
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

    def _over(self, wafer: Wafer, platen: int) -> bool:
        """Whether a wafer is still on the head over a platen."""
        return self._tool.material.where(wafer.wafer_id) == f"head{self._tool.carousel.head_at(platen)}"

    def _mover_of(self, head: int) -> tuple[WorkKind, str]:
        del head  # they turn together
        return WorkKind.INDEX, "carousel"

    def abort_visits(self, error: Exception, wafers: frozenset[str] | None = None) -> None:
        """End polishing now."""
        at, carousel = self._tool.material.at, self._tool.carousel
        for number, platen in self._tool.platens.items():
            wafer = at.get(f"head{carousel.head_at(number)}")
            if wafers is None or (wafer is not None and wafer.wafer_id in wafers):
                platen.abort(error)
