"""What plays of every kind of tool have in common: events in order, seeded times, arms and places. Deterministic.

The same moves, waits and sensors' order as the real engine, without devices; what is recorded is what a checker reads.
"""

from __future__ import annotations

import heapq
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from planaris.scheduling.floor import Action, Decision, Move
from planaris.scheduling.line import Line, PlatenVisit, RoutedWafer
from planaris.scheduling.line_units import UnitsLine
from planaris.scheduling.plan import Operation, What
from planaris.scheduling.rolling import PlanBoard, PlanProblem, window


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


class FloorPlay(ABC):
    """A floor on which wafers are brought through one line until all are back in their slots."""

    def __init__(
        self, line: Line | UnitsLine, wafers: Sequence[RoutedWafer], spread: Spread, board: PlanBoard | None
    ) -> None:
        self._times, self._spread, self._board = line, spread, board
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

    # -- of the kind of tool ------------------------------------------------------------------------------------
    @abstractmethod
    def _decide(self) -> Decision:
        """Ask the rule."""

    @abstractmethod
    def _acts(self) -> dict[Action, Callable[[Move], None]]:
        """Return what starts each kind of move."""

    @abstractmethod
    def _problem(self, ahead: Sequence[RoutedWafer]) -> PlanProblem:
        """Return what a planner is told of the floor."""

    # -- running ------------------------------------------------------------------------------------------------
    def run(self) -> Played:
        """Play until every wafer is back; raise `StuckError` if the rule leaves one."""
        acts = self._acts()
        while self._events:
            now_s = self._events[0][0]
            self._now_s = now_s
            while self._events and self._events[0][0] <= now_s:
                heapq.heappop(self._events)[2]()
            if now_s < self._times.carrier_map_s:
                continue
            decision = self._decide()
            for move in decision.moves:
                acts[move.action](move)
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
        return time_s + commands * self._times.command_s

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

    def _record(self, what: What, resource: str, wafer: str, way: tuple[str, str], time_s: float) -> None:
        start_s = self._now_s
        self._operations.append(Operation(what, resource, wafer, *way, start_s, start_s + time_s))

    # -- moves that all have ------------------------------------------------------------------------------------
    def _arrive(self, wafer: str, place: str) -> None:
        if place == self._home[wafer]:
            self._finished_s[wafer] = self._now_s
            return
        self._at[place] = wafer
        work_s = self._work_s(wafer, place)
        if work_s is None:
            self._ready.add(place)
            return
        if place == self._times.stations[0]:
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
            return self._times.aligner_s
        if place == "metrology":
            return self._wafers[wafer].measure_s
        if place in self._times.stations:
            return self._wafers[wafer].clean_s[self._times.stations.index(place)]
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

    def _load(self, move: Move) -> None:
        time_s = self._motion_s(self._times.load_s) + self._motion_s(self._times.chuck_s)
        self._moved(move, What.LOAD, time_s, due=True)

    def _carry(self, move: Move) -> None:
        self._moved(move, What.CARRY, self._motion_s(self._times.exchange_s), due=False)

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
