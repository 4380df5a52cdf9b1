"""A fast floor of polishing units: plays their dispatch rule, event by event, and records every operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planaris.scheduling.dispatch_units import Unit, UnitsFloor, next_moves_units
from planaris.scheduling.floor import Action, Decision, Move
from planaris.scheduling.hold_units import UnitsAhead, holds_s
from planaris.scheduling.line import RoutedWafer
from planaris.scheduling.line_units import UnitsLine, head_free_s
from planaris.scheduling.plan import What
from planaris.scheduling.play_floor import FloorPlay, Played, Spread
from planaris.scheduling.rolling import PlanBoard, PlanProblem

# A wait for the cleaner shorter than this is none [design].
SHORTEST_HOLD_S = 0.05


def play_units(
    line: UnitsLine, wafers: Sequence[RoutedWafer], *, spread: Spread | None = None, board: PlanBoard | None = None
) -> Played:
    """Play the rule until every wafer is back; raise `StuckError` if it cannot be.

    Wafers go in the order given, higher priority first among those released, or as the plan on ``board`` says.
    """
    return _UnitsPlay(line, wafers, spread or Spread(), board).run()


class _UnitsPlay(FloorPlay):
    def __init__(self, line: UnitsLine, wafers: Sequence[RoutedWafer], spread: Spread, board: PlanBoard | None) -> None:
        super().__init__(line, wafers, spread, board)
        self._line = line
        self._over = dict.fromkeys(range(1, len(line.units) + 1), 0)
        self._swapping = ""
        dry = line.dry
        self._transfer_s = dry.empty_move_s + dry.pick_s + dry.move_s + dry.place_s

    # -- what the rule sees -------------------------------------------------------------------------------------
    def _decide(self) -> Decision:
        now_s, line = self._now_s, self._line
        due_s = {place: end_s - now_s for place, end_s in self._due.items()}
        todo = {w: self._todo[w] for w in self._at.values()}
        ahead = UnitsAhead(self._at, self._over, due_s, todo, self._clean_s, self._limit_s, frozenset(self._polished))
        held = {head: wait_s for head, wait_s in holds_s(line, ahead).items() if wait_s > SHORTEST_HOLD_S}
        floor = UnitsFloor(
            at=self._at,
            ready=frozenset(self._ready),
            busy=frozenset(self._busy),
            queue=self._queue(),
            home=self._home,
            polished=frozenset(self._polished),
            route={w: tuple(line.platens_for(v.platen) for v in visits) for w, visits in todo.items()},
            units=tuple(Unit(n, platens, self._over[n]) for n, platens in enumerate(line.units, start=1)),
            cleaner=line.stations,
            has_metrology=line.measured,
            wet_arms=line.wet_arms,
            stages=line.stages,
            hold=frozenset(held),
            arm_at=self._arm_at,
            due_s=due_s,
            transfer_s=self._transfer_s,
            hand_on_s=line.exchange_s,
            slack_s={w: end_s - now_s for w, end_s in self._wet_until.items()},
        )
        return Decision(next_moves_units(floor), min(held.values(), default=None))

    def _problem(self, ahead: Sequence[RoutedWafer]) -> PlanProblem:
        """Return what a planner is told: the next wafers, who is on the heads, who comes to them."""
        riding = tuple(
            self._wafers[name] if name is not None and name not in self._polished else None
            for name in (self._at.get(f"head{unit}") for unit in self._over)
        )
        before = (*(f"exchange{unit}" for unit in self._over), *self._line.wet_arms, "stage", "aligner", "dry_robot")
        out = [self._at[place] for place in before if place in self._at]
        upstream = tuple(self._wafers[name] for name in out if name not in self._polished)
        todo = {name: self._todo[name] for name in self._at.values()}
        due_s = {place: end_s - self._now_s for place, end_s in self._due.items()}
        return PlanProblem(
            self._line,
            tuple(ahead),
            riding=riding,
            upstream=upstream,
            fixed_count=min(1, len(ahead)),
            head_free_s=tuple(head_free_s(self._line, self._at.get(f"head{n}"), todo, due_s, n) for n in self._over),
        )

    # -- moves --------------------------------------------------------------------------------------------------
    def _acts(self) -> dict[Action, Callable[[Move], None]]:
        return {
            Action.TRANSFER: self._transfer,
            Action.PICK: self._pick,
            Action.PLACE: self._place,
            Action.GOTO: self._go,
            Action.UNLOAD: self._unload,
            Action.LOAD: self._load,
            Action.SWING: self._swing,
            Action.STATION_TRANSFER: self._carry,
            Action.POLISH: self._polish,
        }

    def _way_s(self, robot: str, place: str) -> float:
        """Return the time to get before a place: none where an arm of two stands there already."""
        times = self._line.dry if robot == "dry_robot" else self._line.wet
        if self._arm_at[robot] == place:
            return 0.0
        arms = self._line.wet_arms if robot == "wet_robot" else (robot,)
        return times.move_s if any(arm in self._at for arm in arms) else times.empty_move_s

    def _stand(self, robot: str, place: str) -> None:
        times = self._line.dry if robot == "dry_robot" else self._line.wet
        self._arm_at[robot] = place if times.arms > 1 else ""

    def _go(self, move: Move) -> None:
        robot, place = move.resource, move.destination
        time_s = self._motion_s(self._way_s(robot, place))
        self._record(What.GOTO, robot, "", ("", place), time_s)
        self._busy.add(robot)

        def there() -> None:
            self._busy.discard(robot)
            self._arm_at[robot] = place

        self._after_s(time_s, there)

    def _take(self, robot: str, source: str, arm: str, time_s: float) -> str:
        """Record a pick and note that it is under way; return the wafer."""
        wafer = self._slots.pop(source, None) or self._at[source]
        if source == self._home[wafer]:
            self._waiting = [w for w in self._waiting if w.wafer_id != wafer]
        self._record(What.PICK, robot, wafer, (source, arm), time_s)
        self._busy |= {robot, source}
        self._ready.discard(source)
        return wafer

    def _transfer(self, move: Move) -> None:
        robot, source = move.resource, move.source
        time_s = self._motion_s(self._way_s(robot, source) + self._line.dry.pick_s)
        wafer = self._take(robot, source, robot, time_s)
        self._busy.add(move.destination)

        def picked() -> None:
            self._at.pop(source, None)
            self._at[robot] = wafer
            self._stand(robot, source)
            self._busy.discard(source)
            self._set_down(robot, robot, move.destination, self._line.dry.place_s)

        self._after_s(time_s, picked)

    def _pick(self, move: Move) -> None:
        robot, source, arm, wet = move.resource, move.source, move.destination, self._line.wet
        swaps = any(other in self._at for other in self._line.wet_arms if other != arm)
        time_s = self._motion_s(self._way_s(robot, source) + (wet.swap_s / 2.0 if swaps else wet.pick_s))
        wafer = self._take(robot, source, arm, time_s)
        self._busy.add(arm)

        def picked() -> None:
            del self._at[source]
            self._at[arm] = wafer
            self._stand(robot, source)
            self._swapping = source if swaps else ""
            self._busy -= {robot, source, arm}
            self._ready.add(arm)

        self._after_s(time_s, picked)

    def _place(self, move: Move) -> None:
        wet, swaps, self._swapping = self._line.wet, self._swapping == move.destination, ""
        self._set_down(move.resource, move.source, move.destination, wet.swap_s / 2.0 if swaps else wet.place_s)

    def _set_down(self, robot: str, arm: str, destination: str, place_s: float) -> None:
        wafer = self._at[arm]
        time_s = self._motion_s(self._way_s(robot, destination) + place_s)
        self._record(What.PLACE, robot, wafer, (arm, destination), time_s)
        self._busy |= {robot, arm, destination}
        self._ready.discard(arm)

        def placed() -> None:
            del self._at[arm]
            self._stand(robot, destination)
            self._busy -= {robot, arm, destination}
            self._arrive(wafer, destination)

        self._after_s(time_s, placed)

    def _unload(self, move: Move) -> None:
        time_s = self._motion_s(self._line.unload_s)
        self._moved(move, What.UNLOAD, time_s, due=False)
        self._at_s(self._now_s + time_s, lambda: self._rinse(move.resource, move.source))

    def _rinse(self, exchange: str, head: str) -> None:
        """Rinse a head over its station, which stays down: the arm may reach in."""
        time_s = self._motion_s(self._line.head_rinse_s)
        self._record(What.RINSE, exchange, "", (head, ""), time_s)
        self._busy.add(head)
        self._after_s(time_s, lambda: self._busy.discard(head))

    def _swing(self, move: Move) -> None:
        unit, target = int(move.resource.removeprefix("swing")), move.destination
        to_exchange = target.startswith("exchange") or self._over[unit] == 0
        time_s = self._motion_s(self._line.swing_exchange_s if to_exchange else self._line.swing_table_s)
        wafer = self._at.get(move.source, "")
        self._record(What.SWING, move.resource, wafer, (move.source, target), time_s)
        self._busy |= {move.resource, move.source}

        def there() -> None:
            self._over[unit] = int(target.removeprefix("platen")) if target.startswith("platen") else 0
            self._busy -= {move.resource, move.source}
            if move.source in self._at:
                self._ready.add(move.source)

        self._after_s(time_s, there)
