"""A small discrete simulator of a tool of units for the dispatch rule: times pass, moves are carried out, nothing else.

Written from the rule's contract alone. An arm that stands before a place need not move there; a pick while another arm
holds a wafer, and the place that follows it there, take half a swap each; an unloaded head is rinsed, which keeps it
from loading but not the arm from reaching in; a polish begins only where the rule asks for it.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from planaris.scheduling import Action, LineWafer, Move, Unit, UnitsFloor, begin_hold_s, next_moves_units

CLEANER = ("megasonic", "brush1", "brush2", "srd")
ALLOWED_WAIT_S = 5.0


class BrokenRuleError(AssertionError):
    """The rule asked for something that a tool could not or must not do."""


@dataclass(frozen=True)
class Times:
    """How long things take, seconds: visits by stage, cleaning by station."""

    dry_pick: float = 3.0
    dry_place: float = 3.0
    dry_move: float = 2.5
    dry_empty: float = 2.0
    wet_pick: float = 4.0
    wet_place: float = 4.0
    wet_move: float = 3.0
    swap: float = 6.0
    align: float = 6.0
    load: float = 9.0
    unload: float = 6.0
    rinse: float = 10.0
    swing_table: float = 4.0
    swing_exchange: float = 5.0
    exchange: float = 10.0
    measure: float = 25.0
    visits: tuple[float, ...] = (110.0,)
    clean: tuple[float, ...] = (40.0, 40.0, 40.0, 50.0)


class UnitsSimulator:
    """Runs wafers through by the rule; raises `BrokenRuleError` at the first move that may not be."""

    def __init__(
        self,
        wafers_count: int,
        times: Times,
        *,
        metrology: bool = True,
        arms_count: int = 2,
        route: tuple[tuple[int, ...], ...] = ((1, 3), (2, 4), (1, 3)),
        fails: tuple[str, float] | None = None,
        returning_from_s: float = float("inf"),
    ) -> None:
        self.times, self.metrology, self.route = times, metrology, route
        self.arms = ("wet_robot", "wet_robot_b")[:arms_count]
        self.stages = ("stage", "stage_out")[:arms_count]
        self.home = {f"W{n}": f"loadport1.{n:03d}" for n in range(1, wafers_count + 1)}
        self.queue = list(self.home.values())
        self.slots = {slot: w for w, slot in self.home.items()}
        self.at: dict[str, str] = {}
        self.ready: set[str] = set()
        self.busy: set[str] = set()
        self.down: set[str] = set()
        self.due: dict[str, float] = {}
        self.arm_at: dict[str, str] = {}
        self.position = {1: 0, 2: 0}
        self.stage_of: dict[str, int] = dict.fromkeys(self.home, 0)
        self.ended_s: dict[str, float] = {}
        self.cleaned_s: dict[str, float] = {}
        self.finished_s: dict[str, float] = {}
        self.platens_used: dict[str, list[int]] = {w: [] for w in self.home}
        self.now_s = 0.0
        self._returning_from_s = returning_from_s
        self._swapping = ""
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        if fails is not None:
            self._later(fails[1], lambda: self.down.add(fails[0]))

    # -- the floor as the rule sees it --------------------------------------------------------------------------
    def platens_of(self, unit: int) -> tuple[int, int]:
        return (2 * unit - 1, 2 * unit)

    def polished(self) -> frozenset[str]:
        through = {w for w, stage in self.stage_of.items() if stage >= len(self.times.visits)}
        return frozenset(through) | self.returning()

    def returning(self) -> frozenset[str]:
        """Wafers not yet on a head, when all that is not begun is called back."""
        if self.now_s < self._returning_from_s:
            return frozenset()
        before = {"aligner", "stage", "stage_out", *self.arms}
        return frozenset(w for place, w in self.at.items() if place in before and self.stage_of[w] == 0)

    def floor(self) -> UnitsFloor:
        done = self.polished()
        last = len(self.times.visits)
        route = {w: self.route[stage:last] for w, stage in self.stage_of.items() if w not in done}
        units = tuple(Unit(n, self.platens_of(n), position) for n, position in self.position.items())
        return UnitsFloor(
            at=dict(self.at),
            ready=frozenset(self.ready),
            busy=frozenset(self.busy),
            queue=tuple(self.queue) if self.now_s < self._returning_from_s else (),
            home=self.home,
            polished=done,
            route=route,
            units=units,
            cleaner=CLEANER,
            has_metrology=self.metrology,
            wet_arms=self.arms,
            stages=self.stages,
            down=frozenset(self.down),
            returning=self.returning(),
            hold=frozenset(u.head for u in units if self._hold_s(u) > 0.05),
            arm_at=dict(self.arm_at),
            due_s={place: end_s - self.now_s for place, end_s in self.due.items()},
            transfer_s=self.times.dry_empty + self.times.dry_pick + self.times.dry_move + self.times.dry_place,
            hand_on_s=self.times.exchange,
        )

    def _hold_s(self, unit: Unit) -> float:
        wafer = self.at.get(unit.head)
        if wafer is None or unit.position or wafer in self.polished():
            return 0.0
        t, done = self.times, self.polished()
        places = (*CLEANER, "metrology") if self.metrology else CLEANER
        work = (*t.clean, t.measure) if self.metrology else t.clean
        pick, put = t.dry_pick, t.dry_move + t.dry_place
        leave = (*[t.exchange] * 3, pick + put, pick + t.dry_empty) if self.metrology else (*[t.exchange] * 3, pick)
        back = t.swing_exchange + t.unload + t.swap / 2 + t.wet_move + t.wet_place
        line = [
            LineWafer(i, max(0.0, self.due.get(name, self.now_s) - self.now_s), work)
            for i, name in reversed(list(enumerate(places)))
            if name in self.at
        ]
        coming = [LineWafer(-1, 7.0, work) for arm in self.arms if self.at.get(arm) in done]
        coming += [LineWafer(-1, 10.0, work) for e in ("exchange1", "exchange2") if self.at.get(e) in done]
        for n in self.position:
            w = self.at.get(f"head{n}")
            if n != unit.number and w is not None and (self.position[n] or w in done):
                later = sum(t.visits[self.stage_of[w] + 1 :]) if w not in done else 0.0
                left = self.due.get(f"head{n}", self.now_s + sum(t.visits[:1])) - self.now_s if w not in done else 0.0
                coming.append(LineWafer(-1, left + later + back, work))
        swings = t.swing_exchange + t.swing_table * (len(t.visits) - 1)
        coming.append(LineWafer(-1, swings + sum(t.visits) + back, work))
        return begin_hold_s(leave, line, coming, ALLOWED_WAIT_S)

    # -- running ------------------------------------------------------------------------------------------------
    def _later(self, after_s: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now_s + after_s, next(self._order), do))

    def run(self, limit_s: float = 1e6) -> None:
        """Play until nothing moves any more."""
        while True:
            while moves := next_moves_units(self.floor()):
                for move in moves:
                    self._start(move)
            if not self._events:
                return  # a hold that nothing under way can end lasts
            held = [h for u in self.floor().units if (h := self._hold_s(u)) > 0.05]
            if held and self.now_s + min(held) < self._events[0][0]:
                self.now_s += min(held)
                continue
            self.now_s, _, do = heapq.heappop(self._events)
            do()
            if self.now_s > limit_s:
                raise BrokenRuleError(f"still at work after {limit_s} s: {self.at}")

    def _need(self, condition: bool, move: Move) -> None:
        if not condition:
            raise BrokenRuleError(f"{move} at {self.now_s:.1f} s with {self.at}, busy {sorted(self.busy)}")

    def _start(self, move: Move) -> None:
        held = {name for name in (move.resource, move.source, move.destination) if name}
        if move.action in {Action.GOTO, Action.SWING}:
            held = {name for name in (move.resource, move.source) if name}
        self._need(not held & (self.busy | self.down), move)
        if move.destination and move.action not in {Action.GOTO, Action.SWING}:
            self._need(move.destination not in self.at, move)
        self.busy |= held
        do = {
            Action.TRANSFER: self._transfer, Action.PICK: self._pick, Action.PLACE: self._place,
            Action.GOTO: self._goto, Action.LOAD: self._load, Action.UNLOAD: self._unload, Action.SWING: self._swing,
            Action.POLISH: self._polish, Action.STATION_TRANSFER: self._hand_on,
        }[move.action]  # fmt: skip
        do(move, held)

    def _end(self, after_s: float, held: set[str], do: Callable[[], None]) -> None:
        def ended() -> None:
            self.busy -= held
            do()

        self._later(after_s, ended)

    def _take(self, source: str) -> str:
        self.ready.discard(source)
        return self.at.pop(source)

    # -- robots -------------------------------------------------------------------------------------------------
    def _travel(self, robot: str, place: str, move_s: float) -> float:
        return 0.0 if self.arm_at.get(robot) == place else move_s

    def _transfer(self, move: Move, held: set[str]) -> None:
        t, source, destination = self.times, move.source, move.destination
        if source in self.queue:
            self.queue.remove(source)
            self.at[source] = self.slots[source]
        self._need(source in self.at, move)
        first_s = self._travel("dry_robot", source, t.dry_empty) + t.dry_pick
        self.arm_at["dry_robot"] = ""

        def picked() -> None:
            self.at["dry_robot"] = self._take(source)
            self.busy.discard(source)

        def placed() -> None:
            self._arrived(self._take("dry_robot"), destination)

        self._later(first_s, picked)
        self._end(first_s + t.dry_move + t.dry_place, held, placed)

    def _pick(self, move: Move, held: set[str]) -> None:
        self._need(move.source in self.at and move.destination in self.arms, move)
        swap = any(arm in self.at for arm in self.arms)
        self._swapping = move.source if swap else ""
        time_s = self._travel("wet_robot", move.source, self.times.wet_move)
        time_s += self.times.swap / 2 if swap else self.times.wet_pick
        self.arm_at["wet_robot"] = move.source

        def done() -> None:
            self.at[move.destination] = self._take(move.source)
            self.ready.add(move.destination)

        self._end(time_s, held, done)

    def _place(self, move: Move, held: set[str]) -> None:
        self._need(move.source in self.at, move)
        if move.destination.startswith("exchange"):
            head = move.destination.replace("exchange", "head")
            self._need(head not in self.at, move)
        time_s = self._travel("wet_robot", move.destination, self.times.wet_move)
        time_s += self.times.swap / 2 if self._swapping == move.destination else self.times.wet_place
        self._swapping, self.arm_at["wet_robot"] = "", move.destination
        self._end(time_s, held, lambda: self._arrived(self._take(move.source), move.destination))

    def _goto(self, move: Move, held: set[str]) -> None:
        self._need(self.arm_at.get(move.resource) != move.destination, move)

        def done() -> None:
            self.arm_at[move.resource] = move.destination

        self._end(self.times.wet_move if move.resource == "wet_robot" else self.times.dry_empty, held, done)

    def _arrived(self, wafer: str, place: str) -> None:
        self.at[place] = wafer
        if place == self.home[wafer]:
            del self.at[place]
            self.finished_s[wafer] = self.now_s
        elif place == "aligner":
            self._work(place, self.times.align)
        elif place in CLEANER:
            if place == CLEANER[0]:
                self.cleaned_s[wafer] = self.now_s
            self._work(place, self.times.clean[CLEANER.index(place)])
        elif place == "metrology":
            self._work(place, self.times.measure)
        else:
            self.ready.add(place)

    def _work(self, place: str, time_s: float) -> None:
        self.busy.add(place)
        self.due[place] = self.now_s + time_s

        def done() -> None:
            del self.due[place]
            self.ready.add(place)

        self._end(time_s, {place}, done)

    def _hand_on(self, move: Move, held: set[str]) -> None:
        self._need(move.source in self.ready, move)
        self._end(self.times.exchange, held, lambda: self._arrived(self._take(move.source), move.destination))

    # -- units --------------------------------------------------------------------------------------------------
    def _unit_of(self, head: str) -> int:
        return int(head.removeprefix("head"))

    def _load(self, move: Move, held: set[str]) -> None:
        self._need(self.position[self._unit_of(move.destination)] == 0, move)

        def done() -> None:
            self.at[move.destination] = self._take(move.source)
            self.ready.add(move.destination)

        self._end(self.times.load, held, done)

    def _unload(self, move: Move, held: set[str]) -> None:
        self._need(self.position[self._unit_of(move.source)] == 0, move)

        def done() -> None:
            self.at[move.destination] = self._take(move.source)
            self.ready.add(move.destination)
            self.busy.add(move.source)  # the head is rinsed
            self._end(self.times.rinse, {move.source}, lambda: None)

        self._end(self.times.unload, held, done)

    def _swing(self, move: Move, held: set[str]) -> None:
        unit = self._unit_of(move.source)
        there = 0 if move.destination.startswith("exchange") else int(move.destination.removeprefix("platen"))
        self._need(there != self.position[unit] and (not there or there in self.platens_of(unit)), move)
        self._need(f"exchange{unit}" not in self.busy or there == 0, move)
        time_s = self.times.swing_table if there and self.position[unit] else self.times.swing_exchange

        def done() -> None:
            self.position[unit] = there

        self._end(time_s, held, done)

    def _polish(self, move: Move, held: set[str]) -> None:
        unit, wafer = self._unit_of(move.source), self.at[move.source]
        platen = int(move.resource.removeprefix("platen"))
        stage = self.stage_of[wafer]
        self._need(self.position[unit] == platen and platen in self.route[stage], move)
        self.ready.discard(move.source)
        time_s = self.times.visits[stage]
        self.due[move.source] = self.now_s + time_s
        self.platens_used[wafer].append(platen)

        def done() -> None:
            self.stage_of[wafer] += 1
            self.ended_s[wafer] = self.now_s
            self.ready.add(move.source)
            del self.due[move.source]

        self._end(time_s, held, done)

    # -- results ------------------------------------------------------------------------------------------------
    def steady_s(self, skip: int = 8) -> float:
        """Return mean seconds between wafers coming back, without the first and last few."""
        times_s = sorted(self.finished_s.values())[skip:-skip]
        return (times_s[-1] - times_s[0]) / (len(times_s) - 1)

    def to_clean_s(self) -> list[float]:
        """Return each wafer's time from the end of its polish to its cleaning."""
        return [self.cleaned_s[w] - self.ended_s[w] for w in self.cleaned_s]


def with_visits(*visits_s: float) -> Times:
    """Return reference tool B's times with visits of these lengths, one for each stage."""
    return replace(Times(), visits=visits_s)
