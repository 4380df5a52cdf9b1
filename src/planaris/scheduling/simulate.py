"""A fast floor: plays the dispatch rule of a carousel tool, event by event, and records every operation.

It answers in milliseconds what a rule does with a hundred wafers, and what it records is what the checker reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planaris.scheduling.dispatch import decide
from planaris.scheduling.floor import Action, Decision, Floor, Move
from planaris.scheduling.line import Line, RoutedWafer
from planaris.scheduling.plan import What
from planaris.scheduling.play_floor import FloorPlay, Played, Spread
from planaris.scheduling.rolling import PlanBoard, PlanProblem

Rule = Callable[[Floor], Decision]


def play(
    line: Line,
    wafers: Sequence[RoutedWafer],
    *,
    rule: Rule = decide,
    spread: Spread | None = None,
    platens_down: frozenset[int] = frozenset(),
    board: PlanBoard | None = None,
) -> Played:
    """Play a rule until every wafer is back; raise `StuckError` if it cannot be.

    Wafers go in the order given, higher priority first among those released, or as the plan on ``board`` says.
    ``platens_down`` are out of use: a wafer routed over one raises `ValueError`.
    """
    for wafer in wafers:
        if any(visit.platen in platens_down for visit in wafer.visits):
            raise ValueError(f"{wafer.wafer_id} is routed over a platen that is down")
    down = frozenset(f"platen{n}" for n in platens_down)
    floor = _CarouselPlay(line, wafers, rule, spread or Spread(), down, board)
    return floor.run()


class _CarouselPlay(FloorPlay):
    def __init__(
        self,
        line: Line,
        wafers: Sequence[RoutedWafer],
        rule: Rule,
        spread: Spread,
        down: frozenset[str],
        board: PlanBoard | None,
    ) -> None:
        super().__init__(line, wafers, spread, board)
        self._line, self._rule, self._down, self._position = line, rule, down, 0

    def _head(self, station: int) -> str:
        return f"head{(station - self._position) % self._line.heads + 1}"

    def _problem(self, ahead: Sequence[RoutedWafer]) -> PlanProblem:
        """Return what a planner is told: the next wafers, who rides the carousel, when it may turn."""
        places = [self._at.get(self._head(n)) for n in range(self._line.platens + 1)]
        loaded = places if places[0] is not None and places[0] not in self._polished else places[1:]
        due_s = max((self._due.get(self._head(n), 0.0) - self._now_s for n in range(1, self._line.heads)), default=0.0)
        riding = tuple(self._wafers[w] if w is not None else None for w in loaded)
        before = ("loadcup", "wet_robot", "stage", "aligner", "dry_robot")
        out = [self._at[place] for place in before if place in self._at]
        upstream = tuple(self._wafers[name] for name in out if name not in self._polished)
        return PlanProblem(
            self._line, tuple(ahead), max(0.0, due_s), riding, upstream=upstream, fixed_count=min(1, len(ahead))
        )

    def _decide(self) -> Decision:
        now_s = self._now_s
        floor = Floor(
            at=self._at,
            ready=frozenset(self._ready),
            busy=frozenset(self._busy),
            queue=self._queue(),
            home=self._home,
            polished=frozenset(self._polished),
            cleaner=self._line.stations,
            has_metrology=self._line.measured,
            head_at_cup=self._head(0),
            heads_at_platens=tuple(self._head(n) for n in range(1, self._line.platens + 1)),
            due_s={place: end_s - now_s for place, end_s in self._due.items()},
            down=self._down,
            line=self._line,
            todo={w: self._todo[w] for w in self._at.values()},
            clean_s=self._clean_s,
            slack_s={w: end_s - now_s for w, end_s in self._wet_until.items()},
            wet_limit_s=self._limit_s,
            between_s=self._between_s,
            arm_at=self._arm_at,
        )
        return self._rule(floor)

    # -- moves --------------------------------------------------------------------------------------------------
    def _acts(self) -> dict[Action, Callable[[Move], None]]:
        return {
            Action.TRANSFER: self._pick,
            Action.GOTO: self._go,
            Action.UNLOAD: self._unload,
            Action.LOAD: self._load,
            Action.INDEX: self._index,
            Action.STATION_TRANSFER: self._carry,
            Action.POLISH: self._polish,
        }

    def _robot_s(self, robot: str) -> tuple[float, float, float, float]:
        t = self._line.dry if robot == "dry_robot" else self._line.wet
        return t.empty_move_s, t.pick_s, t.move_s, t.place_s

    def _go(self, move: Move) -> None:
        robot, place = move.resource, move.destination
        time_s = self._motion_s(self._robot_s(robot)[0])
        self._record(What.GOTO, robot, "", ("", place), time_s)
        self._busy.add(robot)

        def there() -> None:
            self._busy.discard(robot)
            self._arm_at[robot] = place

        self._after_s(time_s, there)

    def _pick(self, move: Move) -> None:
        robot, source = move.resource, move.source
        empty_s, pick_s, _, _ = self._robot_s(robot)
        time_s = self._motion_s(pick_s + (0.0 if self._arm_at[robot] == source else empty_s))
        wafer = self._slots.pop(source, None) or self._at[source]
        if source == self._home[wafer]:
            self._waiting = [w for w in self._waiting if w.wafer_id != wafer]
        self._record(What.PICK, robot, wafer, (source, robot), time_s)
        self._busy |= {robot, source, move.destination}
        self._ready.discard(source)
        self._due[source] = self._now_s
        self._arm_at[robot] = ""

        def picked() -> None:
            self._at.pop(source, None)
            self._due.pop(source, None)
            self._at[robot] = wafer
            if source == "loadcup":
                self._rinse()
            else:
                self._busy.discard(source)
            self._place(robot, move.destination, wafer)

        self._after_s(time_s, picked)

    def _rinse(self) -> None:
        head = self._head(0)
        time_s = self._motion_s(self._line.head_rinse_s)
        self._record(What.RINSE, "loadcup", "", (head, ""), time_s)
        self._busy |= {head, "loadcup"}
        self._due["loadcup"] = self._now_s + time_s

        def rinsed() -> None:
            self._due.pop("loadcup", None)
            self._busy -= {head, "loadcup"}

        self._after_s(time_s, rinsed)

    def _place(self, robot: str, destination: str, wafer: str) -> None:
        _, _, move_s, place_s = self._robot_s(robot)
        time_s = self._motion_s(move_s + place_s)
        self._record(What.PLACE, robot, wafer, (robot, destination), time_s)
        self._due[robot] = self._now_s + time_s

        def placed() -> None:
            del self._at[robot], self._due[robot]
            self._busy -= {robot, destination}
            self._arrive(wafer, destination)

        self._after_s(time_s, placed)

    def _unload(self, move: Move) -> None:
        self._moved(move, What.UNLOAD, self._motion_s(self._line.unload_s), due=True)

    def _index(self, _move: Move) -> None:
        time_s = self._motion_s(self._line.index_s)
        self._record(What.INDEX, "carousel", "", ("", ""), time_s)
        self._busy.add("carousel")

        def turned() -> None:
            self._position = (self._position + 1) % self._line.heads
            self._busy.discard("carousel")
            self._ready |= {self._head(n) for n in range(self._line.heads)} & self._at.keys()

        self._after_s(time_s, turned)
