"""A fast floor: plays a dispatch rule on a line, event by event, and records every operation. Deterministic.

The same moves, waits and sensors' order as the real engine, without devices: it answers in milliseconds what a rule
does with a hundred wafers, and what it records is what the checker reads.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from planaris.scheduling.dispatch import decide
from planaris.scheduling.floor import Action, Decision, Floor, Move
from planaris.scheduling.line import Line, PlatenVisit, RoutedWafer
from planaris.scheduling.plan import Operation, What
from planaris.scheduling.rolling import PlanBoard, PlanProblem, window

Rule = Callable[[Floor], Decision]


class StuckError(Exception):
    """The rule left wafers on the floor and wants nothing more."""

    def __init__(self, now_s: float, at: dict[str, str], waiting: int) -> None:
        self.now_s, self.at, self.waiting = now_s, at, waiting
        super().__init__(f"stuck at {now_s:.1f} s with {at} and {waiting} wafers not begun")


@dataclass(frozen=True, slots=True)
class Spread:
    """Seeded spread of times: ``device_fraction`` is 1 sigma of every device motion.

    A visit's true time differs from the expected one by up to its own ``spread_s``; the rule is not told by how much.
    """

    seed: int = 1
    device_fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class Played:
    """A played run: its operations in order of their start, and when each wafer was back in its slot."""

    operations: tuple[Operation, ...]
    finished_s: dict[str, float]

    @property
    def makespan_s(self) -> float:
        """When the last wafer was back."""
        return max(self.finished_s.values(), default=0.0)

    def steady_s(self, *, skip: int = 8) -> float:
        """Return mean seconds between wafers coming back, without the first and the last ``skip``."""
        times_s = sorted(self.finished_s.values())
        if len(times_s) < 2 * skip + 2:
            raise ValueError(f"{len(times_s)} wafers are too few to leave out {skip} at either end")
        inner = times_s[skip : len(times_s) - skip]
        return (inner[-1] - inner[0]) / (len(inner) - 1)


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
    floor = _Floor(line, wafers, rule, spread or Spread(), down, board)
    return floor.run()


class _Floor:
    def __init__(
        self,
        line: Line,
        wafers: Sequence[RoutedWafer],
        rule: Rule,
        spread: Spread,
        down: frozenset[str],
        board: PlanBoard | None,
    ) -> None:
        self._board = board
        self._line, self._rule, self._spread, self._down = line, rule, spread, down
        self._wafers = {w.wafer_id: w for w in wafers}
        self._waiting = sorted(wafers, key=lambda w: -w.priority)
        self._slots = {w.home: w.wafer_id for w in wafers}
        self._home = {w.wafer_id: w.home for w in wafers}
        self._todo: dict[str, tuple[PlatenVisit, ...]] = {w.wafer_id: w.visits for w in wafers}
        self._clean_s = {w.wafer_id: w.after_polish_s for w in wafers}
        self._limit_s = {w.wafer_id: w.limits.polish_to_clean_s for w in wafers}
        self._between_s = {w.wafer_id: w.limits.between_stations_s for w in wafers}
        self._at: dict[str, str] = {}
        self._ready: set[str] = set()
        self._busy: set[str] = set()
        self._due: dict[str, float] = {}
        self._wet_until: dict[str, float] = {}
        self._polished: set[str] = set()
        self._arm_at = {"dry_robot": "", "wet_robot": ""}
        self._position = 0
        self._now_s = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._looks: set[float] = set()
        self._rng = np.random.default_rng(spread.seed)
        self._operations: list[Operation] = []
        self._finished_s: dict[str, float] = {}
        self._after_s(line.carrier_map_s, lambda: None)
        for wafer in wafers:
            if wafer.release_s > 0:
                self._at_s(wafer.release_s, lambda: None)

    # -- running ------------------------------------------------------------------------------------------------
    def run(self) -> Played:
        while self._events:
            now_s = self._events[0][0]
            self._now_s = now_s
            while self._events and self._events[0][0] <= now_s:
                heapq.heappop(self._events)[2]()
            if now_s < self._line.carrier_map_s:
                continue
            decision = self._rule(self._floor())
            for move in decision.moves:
                self._start(move)
            if decision.look_again_s is not None:
                self._look_at(now_s + decision.look_again_s)
        if len(self._finished_s) < len(self._wafers):
            raise StuckError(self._now_s, self._at, len(self._waiting))
        return Played(tuple(sorted(self._operations, key=lambda o: o.start_s)), self._finished_s)

    def _look_at(self, time_s: float) -> None:
        if time_s not in self._looks:
            self._looks.add(time_s)
            self._at_s(time_s, lambda: self._looks.discard(time_s))

    def _at_s(self, time_s: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time_s, next(self._order), happen))

    def _after_s(self, wait_s: float, happen: Callable[[], None]) -> None:
        self._at_s(self._now_s + wait_s, happen)

    def _motion_s(self, time_s: float, commands: int = 1) -> float:
        sigma = self._spread.device_fraction
        if sigma:
            time_s *= 1.0 + sigma * float(np.clip(self._rng.standard_normal(), -3.0, 3.0))
        return time_s + commands * self._line.command_s

    def _head(self, station: int) -> str:
        return f"head{(station - self._position) % self._line.heads + 1}"

    def _queue(self) -> tuple[str, ...]:
        waiting = [w for w in self._waiting if w.release_s <= self._now_s]
        if self._board is None or not waiting:
            return tuple(w.home for w in waiting)
        board = self._board
        self._board.step(self._now_s, waiting, lambda: self._problem(window(waiting, board.wafers_count)))
        ordered = self._board.order(waiting)
        next_s = self._board.next_s(self._now_s, waiting)
        if self._now_s < next_s < float("inf"):
            self._look_at(next_s)
        return tuple(w.home for w in ordered)

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

    def _floor(self) -> Floor:
        now_s = self._now_s
        return Floor(
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

    def _record(self, what: What, resource: str, wafer: str, way: tuple[str, str], time_s: float) -> None:
        start_s = self._now_s
        self._operations.append(Operation(what, resource, wafer, *way, start_s, start_s + time_s))

    # -- moves --------------------------------------------------------------------------------------------------
    def _start(self, move: Move) -> None:
        {
            Action.TRANSFER: self._pick,
            Action.GOTO: self._go,
            Action.UNLOAD: self._unload,
            Action.LOAD: self._load,
            Action.INDEX: self._index,
            Action.STATION_TRANSFER: self._carry,
            Action.POLISH: self._polish,
        }[move.action](move)

    def _times(self, robot: str) -> tuple[float, float, float, float]:
        t = self._line.dry if robot == "dry_robot" else self._line.wet
        return t.empty_move_s, t.pick_s, t.move_s, t.place_s

    def _go(self, move: Move) -> None:
        robot, place = move.resource, move.destination
        time_s = self._motion_s(self._times(robot)[0])
        self._record(What.GOTO, robot, "", ("", place), time_s)
        self._busy.add(robot)

        def there() -> None:
            self._busy.discard(robot)
            self._arm_at[robot] = place

        self._after_s(time_s, there)

    def _pick(self, move: Move) -> None:
        robot, source = move.resource, move.source
        empty_s, pick_s, _, _ = self._times(robot)
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
        _, _, move_s, place_s = self._times(robot)
        time_s = self._motion_s(move_s + place_s)
        self._record(What.PLACE, robot, wafer, (robot, destination), time_s)
        self._due[robot] = self._now_s + time_s

        def placed() -> None:
            del self._at[robot], self._due[robot]
            self._busy -= {robot, destination}
            self._arrive(wafer, destination)

        self._after_s(time_s, placed)

    def _arrive(self, wafer: str, place: str) -> None:
        if place == self._home[wafer]:
            self._finished_s[wafer] = self._now_s
            return
        self._at[place] = wafer
        work_s = self._work_s(wafer, place)
        if work_s is None:
            self._ready.add(place)
            return
        if place == self._line.stations[0]:
            self._wet_until.pop(wafer, None)
        time_s = self._motion_s(work_s)
        self._record(What.WORK, place, wafer, (place, place), time_s)
        self._busy.add(place)
        self._due[place] = self._now_s + time_s

        def done() -> None:
            self._busy.discard(place)
            self._due.pop(place, None)
            self._ready.add(place)

        self._after_s(time_s, done)

    def _work_s(self, wafer: str, place: str) -> float | None:
        if place == "aligner":
            return self._line.aligner_s
        if place == "metrology":
            return self._wafers[wafer].measure_s
        if place in self._line.stations:
            return self._wafers[wafer].clean_s[self._line.stations.index(place)]
        return None

    def _moved(self, move: Move, what: What, time_s: float, *, due: bool) -> None:
        wafer = self._at[move.source]
        self._record(what, move.resource, wafer, (move.source, move.destination), time_s)
        holds = {move.resource, move.source, move.destination}
        self._busy |= holds
        self._ready.discard(move.source)
        self._due[move.resource if due else move.source] = self._now_s + (time_s if due else 0.0)

        def moved() -> None:
            del self._at[move.source]
            self._due.pop(move.resource if due else move.source, None)
            self._busy -= holds
            self._arrive(wafer, move.destination)

        self._after_s(time_s, moved)

    def _unload(self, move: Move) -> None:
        self._moved(move, What.UNLOAD, self._motion_s(self._line.unload_s), due=True)

    def _load(self, move: Move) -> None:
        time_s = self._motion_s(self._line.load_s) + self._motion_s(self._line.chuck_s)
        self._moved(move, What.LOAD, time_s, due=True)

    def _carry(self, move: Move) -> None:
        self._moved(move, What.CARRY, self._motion_s(self._line.exchange_s), due=False)

    def _index(self, _move: Move) -> None:
        time_s = self._motion_s(self._line.index_s)
        self._record(What.INDEX, "carousel", "", ("", ""), time_s)
        self._busy.add("carousel")

        def turned() -> None:
            self._position = (self._position + 1) % self._line.heads
            self._busy.discard("carousel")
            self._ready |= {self._head(n) for n in range(self._line.heads)} & self._at.keys()

        self._after_s(time_s, turned)

    def _polish(self, move: Move) -> None:
        head = move.source
        wafer = self._at[head]
        visit = self._todo[wafer][0]
        off_s = visit.spread_s * float(self._rng.uniform(-1.0, 1.0)) if visit.spread_s else 0.0
        time_s = visit.time_s + off_s
        self._record(What.VISIT, move.resource, wafer, (head, head), time_s)
        self._busy.add(head)
        self._ready.discard(head)
        self._due[head] = self._now_s + visit.time_s

        def polished() -> None:
            self._busy.discard(head)
            self._due.pop(head, None)
            self._ready.add(head)
            self._todo[wafer] = self._todo[wafer][1:]
            if not self._todo[wafer]:
                self._polished.add(wafer)
                self._wet_until[wafer] = self._now_s + self._limit_s[wafer]

        self._after_s(time_s, polished)
