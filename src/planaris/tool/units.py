"""Polishing units as the engine's transport: exchange stations, swing arms, and the visits that the rule begins."""

from __future__ import annotations

import asyncio
import math

from planaris.clock import now_s
from planaris.model import Wafer, WaferKind
from planaris.modules import LoadCup
from planaris.scheduling import Action, Move, PlanProblem, RoutedWafer, Unit, UnitsFloor, head_free_s, next_moves_units
from planaris.tool.head_work import HeadWork
from planaris.tool.jobs import JobBook
from planaris.tool.marks import Marks
from planaris.tool.plan_desk import PlanDesk, Planning
from planaris.tool.tool import Tool
from planaris.tool.transport import FloorFacts
from planaris.tool.units_pacing import UnitsPacing
from planaris.tool.wet import WetWatch
from planaris.tool.work import Piece, WorkKind
from planaris.tool.workshop import Workshop

# A wait for the cleaner shorter than this is none [design].
SHORTEST_HOLD_S = 0.05


class UnitsTransport(HeadWork):
    """Exchange stations, swing arms and platens of a tool of units. Implements `Transport`."""

    whole_transfers = frozenset({"dry_robot"})

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
        description, times = tool.description, tool.description.planning
        self.desk = None if times is None else PlanDesk(tool.stream, times, planning or Planning(), shop.changed.set)
        self._pacing = UnitsPacing(description, jobs)
        arm = description.dry_robot
        self._transfer_s = arm.empty_move_s + arm.pick_s + arm.move_s + arm.place_s
        self._wet_arms = ("wet_robot", "wet_robot_b")[: description.wet_robot.arms]
        self._stages = ("stage", "stage_out")[: description.stages]

    @property
    def path(self) -> frozenset[str]:
        """Nothing that every wafer needs: units stand in for each other."""
        return frozenset()

    def open_to(self, route: tuple[int, ...], kind: WaferKind) -> bool:
        """Whether some unit is up with a platen for every stage of the route."""
        return any(self._serves(n, route, kind) for n in self._tool.swings)

    def _serves(self, unit: int, route: tuple[int, ...], kind: WaferKind = WaferKind.PRODUCT) -> bool:
        """Whether a unit could take a wafer through these stages."""
        failed, description = self._shop.failed, self._tool.description
        if failed.keys() & {f"exchange{unit}", f"swing{unit}", f"head{unit}"}:
            return False
        up = {n for n in description.platens_of(unit) if self.takes(n, kind)}
        return all(up.intersection(description.platens_for(stage)) for stage in route)

    # -- what the rule sees -----------------------------------------------------------------------------------
    def next_moves(self, facts: FloorFacts) -> tuple[Move, ...]:
        """Ask the dispatch rule of tools of units, after cutting short what no platen of its unit can go on with."""
        cut = self._cut_stranded(facts)
        tool, description = self._tool, self._tool.description
        return next_moves_units(
            UnitsFloor(
                at=facts.at,
                ready=facts.ready,
                busy=facts.busy,
                down=facts.down,
                queue=self._queue(facts),
                home=facts.home,
                polished=facts.polished | cut,
                returning=facts.returning,
                waiting=facts.waiting,
                route={
                    wafer: tuple(self._open_platens(stage, self._kind_of(wafer)) for stage in route)
                    for wafer, route in facts.route.items()
                },
                units=tuple(Unit(n, description.platens_of(n), swing.platen) for n, swing in tool.swings.items()),
                cleaner=description.cleaner.stations,
                has_metrology=tool.metrology is not None,
                wet_arms=self._wet_arms,
                stages=self._stages,
                hold=self._held(facts),
                arm_at={robot.name: robot.before for robot in (tool.dry_robot, tool.wet_robot)},
                due_s=facts.due_s,
                transfer_s=self._transfer_s,
                hand_on_s=description.cleaner.exchange_s,
                slack_s=self._slack_s(facts),
            )
        )

    def _kind_of(self, wafer_id: str) -> WaferKind:
        return self._jobs.progress_of(wafer_id).wafer.kind

    def _open_platens(self, stage: int, kind: WaferKind) -> tuple[int, ...]:
        """Return the platens that may serve a stage of such a wafer; one that is down is still among them."""
        return tuple(n for n in self._tool.description.platens_for(stage) if not self._closed(f"platen{n}", kind))

    def _slack_s(self, facts: FloorFacts) -> dict[str, float]:
        """Return what is left of the wet limit of each wafer that was polished and lies in an exchange station."""
        left: dict[str, float] = {}
        for station in self._tool.exchanges.values():
            wafer = self._tool.material.at.get(station.name)
            if wafer is not None and wafer.wafer_id in facts.wet_limit_s:
                since_s = now_s() - self._jobs.progress_of(wafer).polish_end_s
                left[wafer.wafer_id] = facts.wet_limit_s[wafer.wafer_id] - since_s
        return {wafer_id: slack_s for wafer_id, slack_s in left.items() if not math.isnan(slack_s)}

    def _cut_stranded(self, facts: FloorFacts) -> frozenset[str]:
        """Send back wafers on heads whose unit has no platen left for them; return them."""
        stranded: set[str] = set()
        for unit in self._tool.swings:
            head = f"head{unit}"
            wafer = self._tool.material.at.get(head)
            if wafer is None or head in facts.busy or self._mover_of(unit)[1] in facts.busy:
                continue
            progress = self._jobs.progress_of(wafer)
            refused = self._no_platen(unit, progress.route, wafer.kind)
            if refused:
                progress.cut_short = True
                self._marks.mark(wafer.wafer_id, "rework", refused)
                self._wet.polished(wafer.wafer_id)
                stranded.add(wafer.wafer_id)
        return frozenset(stranded)

    def _no_platen(self, unit: int, route: tuple[int, ...], kind: WaferKind) -> str:
        """Return why a unit's platens cannot serve the next stage of a route; '' if one can or none is to come."""
        if not route:
            return ""
        mine = [n for n in self._tool.description.platens_for(route[0]) if n in self._tool.description.platens_of(unit)]
        failed = self._shop.failed
        whys = [str(failed[f"platen{n}"].error) if f"platen{n}" in failed else self._closed(f"platen{n}", kind)
                for n in mine]  # fmt: skip
        return f"no platen of unit {unit} is up: {'; '.join(whys)}" if all(whys) else ""

    def _held(self, facts: FloorFacts) -> frozenset[str]:
        """Return heads whose wafer waits for the cleaner; looks again when the first wait should be over."""
        positions = {unit: swing.platen for unit, swing in self._tool.swings.items()}
        waits_s = self._pacing.holds_s(self._tool.material.at, positions, self._shop.due, facts.polished, now_s())
        held = {head: wait_s for head, wait_s in waits_s.items() if wait_s > SHORTEST_HOLD_S}
        if held:
            asyncio.get_running_loop().call_later(min(held.values()), self._shop.changed.set)
        return frozenset(held)

    def take_up(self, asked: frozenset[str]) -> None:
        """Go on with the wafers on heads after a restart: the rule begins what comes next of each."""
        for head in range(1, self._tool.description.heads + 1):
            wafer = self._tool.material.at.get(f"head{head}")
            if wafer is not None and wafer.wafer_id not in asked:
                self._shop.set_ready(f"head{head}")

    def _queue(self, facts: FloorFacts) -> tuple[str, ...]:
        """Return the slots of the wafers that wait, in the plan's order where one steers."""
        if self.desk is None:
            return facts.queue
        return self.desk.slots(self._jobs, facts, self._pacing.routed, lambda ahead: self._problem(facts, ahead))

    def _problem(self, facts: FloorFacts, ahead: tuple[RoutedWafer, ...]) -> PlanProblem:
        """Return what a planner is told: the next wafers, those before them, when each head can take the next."""
        line, routed, at = self._pacing.line, self._pacing.routed, facts.at
        heads = [at.get(f"head{unit}") for unit in self._tool.swings]
        before = (*(f"exchange{unit}" for unit in self._tool.swings), *self._wet_arms, "stage", "aligner", "dry_robot")
        out = [at[place] for place in before if place in at]
        todo = {
            name: routed(name).visits[-len(facts.route[name]) :] for name in heads if name and facts.route.get(name)
        }
        return PlanProblem(
            line,
            ahead,
            riding=tuple(None if name is None or name in facts.polished else routed(name) for name in heads),
            upstream=tuple(routed(name) for name in out if name not in facts.polished),
            fixed_count=1,  # it may begin before the plan is seen
            head_free_s=tuple(
                head_free_s(line, name, todo, facts.due_s, unit)
                for unit, name in zip(self._tool.swings, heads, strict=True)
            ),
        )

    def close(self) -> None:
        """Forget the plans that are under way."""
        if self.desk is not None:
            self.desk.close()

    # -- moves ------------------------------------------------------------------------------------------------
    def piece(self, move: Move) -> Piece | None:
        """Return the work of load, unload, swing and polish."""
        if move.action in {Action.LOAD, Action.UNLOAD}:
            return self._cup_piece(move)
        if move.action is Action.SWING:
            return self._swing_piece(move)
        if move.action is Action.POLISH:
            head = int(move.source.removeprefix("head"))
            wafer = self._tool.material.at[move.source]
            self._jobs.progress_of(wafer).wait_s += self._shop.leave(move.source)
            return self._visit_piece(wafer, int(move.resource.removeprefix("platen")), head)
        return None

    def taken(self, source: str) -> Piece | None:
        """Nothing follows: the head was rinsed while its wafer lay in the station."""
        del source
        return None

    def _unloaded(self, head: int) -> None:
        # Only the head is held: the arm may reach into the station, which stays down, while the head is rinsed.
        self._shop.start(self._rinse_piece(head, {f"head{head}"}))

    def _swing_piece(self, move: Move) -> Piece:
        unit = int(move.resource.removeprefix("swing"))
        target = int(move.destination.removeprefix("platen")) if move.destination.startswith("platen") else 0
        piece = Piece(WorkKind.SWING, move.resource, lambda: self._swing(piece, unit, target))
        piece.holds = {move.resource, move.source}
        piece.recover = self._tool.swings[unit].recover
        return piece

    async def _swing(self, piece: Piece, unit: int, target: int) -> None:
        swing, head = self._tool.swings[unit], f"head{unit}"
        wafer = self._tool.material.at.get(head)
        if not piece.begun:
            place = f"platen{target}" if target else f"exchange{unit}"
            self._tool.interlocks.permit("swing.to", f"{swing.name} to {place}")
            piece.begun = True
            if wafer is not None:
                piece.wafer_id = wafer.wafer_id
                self._jobs.progress_of(wafer).wait_s += self._shop.leave(head)
        left = swing.platen
        await swing.ask(lambda: swing.to(target, loaded=wafer is not None))
        if left and left != target:
            self._wet.left(left)
        if wafer is not None:
            self._shop.set_ready(head)

    def _cup_of(self, head: int) -> LoadCup:
        return self._tool.exchanges[head]

    def _mover_of(self, head: int) -> tuple[WorkKind, str]:
        return WorkKind.SWING, f"swing{head}"

    # -- visits -----------------------------------------------------------------------------------------------
    def _over(self, wafer: Wafer, platen: int) -> bool:
        """Whether a wafer is still on the head over a platen."""
        unit = self._tool.description.unit_of(platen)
        return self._tool.material.where(wafer.wafer_id) == f"head{unit}" and self._tool.swings[unit].platen == platen

    def abort_visits(self, error: Exception, wafers: frozenset[str] | None = None) -> None:
        """End polishing now."""
        for unit, swing in self._tool.swings.items():
            wafer = self._tool.material.at.get(f"head{unit}")
            if swing.platen and (wafers is None or (wafer is not None and wafer.wafer_id in wafers)):
                self._tool.platens[swing.platen].abort(error)
