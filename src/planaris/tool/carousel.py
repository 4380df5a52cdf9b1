"""The carousel as the engine's transport: load cup, index, and the visits that follow a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from planaris.model import Wafer, WaferKind
from planaris.modules import LoadCup
from planaris.scheduling import Action, Floor, Move, PlanProblem, RoutedWafer, decide
from planaris.tool.head_work import HeadWork
from planaris.tool.jobs import JobBook
from planaris.tool.lookahead import Lookahead
from planaris.tool.marks import Marks
from planaris.tool.plan_desk import PlanDesk, Planning
from planaris.tool.tool import Tool
from planaris.tool.transport import FloorFacts
from planaris.tool.wet import WetWatch
from planaris.tool.work import Piece, WorkKind
from planaris.tool.workshop import Workshop

_PATH = frozenset({"loadcup", "carousel"})
# Places between slot and head, the one next to the head first.
_UPSTREAM = ("loadcup", "wet_robot", "stage", "aligner", "dry_robot")


class CarouselTransport(HeadWork):
    """Load cup, carousel and platens of a carousel tool. Implements `Transport`."""

    whole_transfers = frozenset({"dry_robot", "wet_robot"})

    def __init__(
        self,
        tool: Tool,
        jobs: JobBook,
        shop: Workshop,
        marks: Marks,
        wet: WetWatch,
        planning: Planning | None = None,
    ) -> None:
        super().__init__(tool, jobs, shop, marks, wet)
        times = tool.description.planning
        self.desk = None if times is None else PlanDesk(tool.stream, times, planning or Planning(), shop.changed.set)
        self._lookahead = Lookahead(tool.description, jobs)
        self._look_again: asyncio.TimerHandle | None = None

    @property
    def path(self) -> frozenset[str]:
        """Load cup and carousel; the platens are a matter of the route."""
        return _PATH

    def open_to(self, route: tuple[int, ...], kind: WaferKind) -> bool:
        """Whether every platen of the route takes such a wafer."""
        return all(self.takes(n, kind) for n in route)

    # -- what the rule sees -----------------------------------------------------------------------------------
    def next_moves(self, facts: FloorFacts) -> tuple[Move, ...]:
        """Ask the dispatch rule of carousel tools; look again when it says so."""
        tool = self._tool
        self._refuse_visits()
        ahead = self._lookahead.of(tool.material.at)
        held = self._not_for_the_head(facts)
        decision = decide(
            Floor(
                at=facts.at,
                ready=facts.ready,
                busy=facts.busy,
                queue=() if held else self._queue(facts),
                home=facts.home,
                polished=facts.polished,
                cleaner=tool.description.cleaner.stations,
                has_metrology=tool.metrology is not None,
                head_at_cup=f"head{tool.carousel.head_at(0)}",
                heads_at_platens=tuple(f"head{tool.carousel.head_at(n)}" for n in tool.platens),
                due_s=facts.due_s,
                down=facts.down | ({f"head{tool.carousel.head_at(0)}"} if held else frozenset()),
                returning=facts.returning,
                waiting=facts.waiting | held,
                route=facts.route,
                wet_limit_s=facts.wet_limit_s,
                line=self._lookahead.line,
                todo=ahead.todo,
                clean_s=ahead.clean_s,
                slack_s=ahead.slack_s,
                between_s=ahead.between_s,
                arm_at={robot.name: robot.before for robot in (tool.dry_robot, tool.wet_robot)},
            )
        )
        if self._look_again is not None:
            self._look_again.cancel()
        again_s = decision.look_again_s
        loop = asyncio.get_running_loop()
        self._look_again = None if again_s is None else loop.call_later(again_s, self._shop.changed.set)
        if held and not decision.moves and self._nothing_stirs(facts):
            return (Move(Action.INDEX, "carousel", "", ""),)
        return decision.moves

    def _queue(self, facts: FloorFacts) -> tuple[str, ...]:
        """Return the slots of the wafers that wait, in the plan's order where one steers."""
        if self.desk is None:
            return facts.queue
        return self.desk.slots(self._jobs, facts, self._lookahead.routed, lambda ahead: self._problem(facts, ahead))

    def _problem(self, facts: FloorFacts, ahead: tuple[RoutedWafer, ...]) -> PlanProblem:
        """Return what a planner is told: the next wafers, those before them, when the carousel may turn."""
        carousel, line, routed = self._tool.carousel, self._lookahead.line, self._lookahead.routed
        heads = [f"head{carousel.head_at(n)}" for n in range(line.platens + 1)]
        on_heads = [facts.at.get(head) for head in heads]
        loaded = on_heads if on_heads[0] is not None and on_heads[0] not in facts.polished else on_heads[1:]
        before = [facts.at[place] for place in _UPSTREAM if place in facts.at]
        return PlanProblem(
            line,
            ahead,
            max(0.0, *(facts.due_s.get(head, 0.0) for head in heads[1:])),
            tuple(None if name is None else routed(name) for name in loaded),
            upstream=tuple(routed(name) for name in before if name not in facts.polished),
            fixed_count=1,  # it may begin before the plan is seen
        )

    def close(self) -> None:
        """Forget the plans that are under way."""
        if self.desk is not None:
            self.desk.close()

    def _not_for_the_head(self, facts: FloorFacts) -> frozenset[str]:
        """Return the wafers before the platens, if the head at the load cup must not take the first of them.

        They wait until the carousel brings a head that may: the one here is being changed or not qualified yet.
        """
        coming = self._coming(facts)
        first = next(coming, None)
        head = f"head{self._tool.carousel.head_at(0)}"
        if first is None or not self._tool.maintenance.head_refusal(head, self._jobs.progress_of(first).wafer.kind):
            return frozenset()
        return frozenset({first, *coming})

    def _coming(self, facts: FloorFacts) -> Iterator[str]:
        """Yield the wafers on their way to the load cup, the one next to it first; most often one is asked for."""
        slots: dict[str, str] | None = None
        for place in (*_UPSTREAM, *facts.queue):
            wafer_id = facts.at.get(place)
            if wafer_id is None:
                if slots is None:
                    slots = {slot: wafer_id for wafer_id, slot in facts.home.items()}
                wafer_id = slots.get(place)
            if wafer_id is not None and wafer_id not in facts.polished and wafer_id not in facts.waiting:
                yield wafer_id

    def _nothing_stirs(self, facts: FloorFacts) -> bool:
        """Whether the carousel may turn although no head holds a wafer: nobody is at a head or at the load cup."""
        heads = {f"head{n}" for n in range(1, self._tool.description.heads + 1)}
        theirs = {"carousel", "loadcup", *heads}
        reached = facts.at.get("loadcup") in facts.polished
        return not (theirs & (facts.busy | facts.down) or heads & facts.at.keys() or reached)

    # -- moves ------------------------------------------------------------------------------------------------
    def piece(self, move: Move) -> Piece | None:
        """Return the work of load, unload, index and visit."""
        if move.action in {Action.LOAD, Action.UNLOAD}:
            return self._cup_piece(move)
        if move.action is Action.POLISH:
            wafer = self._tool.material.at[move.source]
            platen, head = int(move.resource.removeprefix("platen")), int(move.source.removeprefix("head"))
            return self._visit_piece(wafer, platen, head)
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
        """Tell which wafers wait on their heads; those over their next platen wait for the rule to begin the visit.

        Nothing is told of ``asked`` ones.
        """
        self._wet.turned()
        for station in range(self._tool.description.heads):
            head = f"head{self._tool.carousel.head_at(station)}"
            wafer = self._tool.material.at.get(head)
            if wafer is None or wafer.wafer_id in asked:
                continue
            if station == 0 or self._jobs.progress_of(wafer).next_platen != station:
                self._shop.set_ready(head)
            if station:
                self._wet.waits_over(wafer.wafer_id, self._tool.platens[station])
        self._refuse_visits()
        self._shop.changed.set()

    def _refuse_visits(self) -> None:
        """Cut short what stands over a platen that is down: it goes on to the cleaner and home."""
        for station in self._tool.platens:
            head = f"head{self._tool.carousel.head_at(station)}"
            wafer = self._tool.material.at.get(head)
            if wafer is None or {head, "carousel"} & self._shop.busy:
                continue
            progress = self._jobs.progress_of(wafer)
            refused = self.may_visit(wafer, station) if progress.next_platen == station else ""
            if refused:
                progress.cut_short = True
                self._marks.mark(wafer.wafer_id, "rework", refused)
                self._shop.set_ready(head)
                self._wet.polished(wafer.wafer_id)

    # -- visits -----------------------------------------------------------------------------------------------
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
