"""A small discrete simulator of a carousel tool for the dispatch rule: times pass, moves are carried out, nothing else.

Written from the rule's contract alone: a robot picks, then places; a wafer put down is worked on where there is work
to do; a taken wafer's head is rinsed; a turn of the carousel starts the next visit of each wafer it brings to a platen.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from planaris.scheduling import Action, Floor, Move, next_moves

CLEANER = ("megasonic", "brush1", "brush2", "srd")
HEADS = 4


class BrokenRuleError(AssertionError):
    """The rule asked for something that a tool could not or must not do."""


@dataclass(frozen=True)
class Times:
    """How long things take, seconds; visits by platen, cleaning by station."""

    dry_pick: float = 5.0
    dry_place: float = 5.5
    wet_pick: float = 7.0
    wet_place: float = 7.0
    align: float = 6.0
    load: float = 9.0
    unload: float = 6.0
    rinse: float = 10.0
    index: float = 5.0
    exchange: float = 10.0
    measure: float = 25.0
    visit: Mapping[int, float] = field(default_factory=lambda: {1: 51.0, 2: 51.0, 3: 51.0})
    clean: Mapping[str, float] = field(
        default_factory=lambda: dict(zip(CLEANER, (40.0, 40.0, 40.0, 50.0), strict=True))
    )


class FloorSimulator:
    """Runs wafers through by the rule; raises `BrokenRuleError` at the first move that may not be."""

    def __init__(
        self,
        wafers_count: int,
        times: Times,
        *,
        metrology: bool = True,
        platens: tuple[int, ...] = (1, 2, 3),
        holds: tuple[bool, ...] = (),
        fails: tuple[str, float] | None = None,
    ) -> None:
        self.times, self.metrology, self.platens = times, metrology, platens
        self.home = {f"W{n}": f"loadport1.{n:02d}" for n in range(1, wafers_count + 1)}
        self.queue = [self.home[w] for w in self.home]
        self.slots = {slot: w for w, slot in self.home.items()}
        self.at: dict[str, str] = {}
        self.ready: set[str] = set()
        self.busy: set[str] = set()
        self.down: set[str] = set()
        self.due: dict[str, float] = {}
        self.visits: dict[str, int] = dict.fromkeys(self.home, 0)
        self.finished_s: dict[str, float] = {}
        self.moves_count = 0
        self.now_s = 0.0
        self._position = 0
        self._reserved: set[str] = set()
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._holds = list(holds)
        if fails is not None:
            self._later(fails[1], lambda: self.down.add(fails[0]))

    # -- the floor as the rule sees it --------------------------------------------------------------------------
    def head_at(self, station: int) -> str:
        """Return the head over a station: 0 the load cup, then the platens."""
        return f"head{(station - self._position) % HEADS + 1}"

    @property
    def polished(self) -> frozenset[str]:
        """Wafers that are through all their platens."""
        return frozenset(w for w, done in self.visits.items() if done == len(self.platens))

    def floor(self, *, hold: bool = False) -> Floor:
        """Return what the rule looks at now."""
        return Floor(
            at=dict(self.at),
            ready=frozenset(self.ready),
            busy=frozenset(self.busy),
            queue=tuple(self.queue),
            home=self.home,
            polished=self.polished,
            cleaner=CLEANER,
            has_metrology=self.metrology,
            head_at_cup=self.head_at(0),
            heads_at_platens=tuple(self.head_at(n) for n in (1, 2, 3)),
            due_s={place: end_s - self.now_s for place, end_s in self.due.items()},
            transfer_s=self.times.dry_pick + self.times.dry_place,
            hold=hold,
            down=frozenset(self.down),
        )

    # -- running ------------------------------------------------------------------------------------------------
    def run(self) -> None:
        """Carry out moves until nothing is under way and the rule wants nothing more."""
        while True:
            hold = self._holds.pop() if self._holds else False
            if hold:
                self._later(self.now_s + 7.0, lambda: None)
            moves = next_moves(self.floor(hold=hold))
            self._check_batch(moves)
            for move in moves:
                self._start(move)
            if not self._events:
                return
            self.now_s, _, happen = heapq.heappop(self._events)
            happen()

    def _later(self, time_s: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time_s, next(self._order), happen))

    def _after(self, wait_s: float, happen: Callable[[], None]) -> None:
        self._later(self.now_s + wait_s, happen)

    # -- what may not be ----------------------------------------------------------------------------------------
    def _check_batch(self, moves: tuple[Move, ...]) -> None:
        taken: set[str] = set()
        for move in moves:
            names = {n for n in (move.resource, move.source, move.destination) if n}
            self._must(not names & taken, move, "shares a place or resource with another move of the same moment")
            self._must(not names & self.busy, move, f"uses what is busy: {sorted(names & self.busy)}")
            self._must(not names & self.down, move, "uses what is down")
            taken |= names

    def _must(self, holds: bool, move: Move, what: str) -> None:
        if not holds:
            raise BrokenRuleError(f"{self.now_s:.1f} s: {move} {what}; at {self.at}")

    def _start(self, move: Move) -> None:
        self.moves_count += 1
        if move.action is Action.INDEX:
            self._start_index(move)
            return
        self._must(move.destination not in self.at, move, "goes where a wafer is")
        self._must(move.destination not in self._reserved, move, "goes where another is going")
        self._must(move.destination not in self.slots, move, "goes into a slot that is taken")
        wafer = self.slots.get(move.source) or self.at.get(move.source)
        self._must(wafer is not None, move, "finds no wafer")
        assert wafer is not None
        if move.action is Action.TRANSFER:
            self._must(move.resource not in self.at, move, "picks with a full hand")
            if move.destination.startswith("loadport"):
                self._must(move.destination == self.home[wafer], move, f"brings {wafer} to another's slot")
                self._must(wafer in self.polished, move, f"brings back {wafer}, which was not polished")
            self._start_transfer(move, wafer)
        else:
            self._start_carry(move, wafer)

    # -- moves --------------------------------------------------------------------------------------------------
    def _take(self, names: set[str]) -> None:
        self.busy |= names

    def _give(self, *names: str) -> None:
        self.busy -= set(names)

    def _start_transfer(self, move: Move, wafer: str) -> None:
        dry, t = move.resource == "dry_robot", self.times
        self._take({move.resource, move.source, move.destination})
        self._reserved.add(move.destination)
        if move.source in self.slots:
            self.queue.remove(move.source)

        def picked() -> None:
            if self.slots.pop(move.source, None) is None:
                del self.at[move.source]
                self.ready.discard(move.source)
            self._put(move.resource, wafer)
            if move.source == "loadcup":
                head = self.head_at(0)
                self._take({head})
                self._after(t.rinse, lambda: self._give("loadcup", head))
            else:
                self._give(move.source)

        def placed() -> None:
            del self.at[move.resource]
            self._reserved.discard(move.destination)
            self._give(move.resource, move.destination)
            self._arrive(wafer, move.destination)

        pick_s = t.dry_pick if dry else t.wet_pick
        self._after(pick_s, picked)
        self._after(pick_s + (t.dry_place if dry else t.wet_place), placed)

    def _start_carry(self, move: Move, wafer: str) -> None:
        """Load, unload and the cleaner's walking beam: one motion from place to place."""
        t = self.times
        if move.action is not Action.STATION_TRANSFER:
            self._must("carousel" not in self.busy, move, "happens while the carousel turns")
            self._must(self.head_at(0) in {move.source, move.destination}, move, "is not at the load cup's head")
        self._take({move.resource, move.source, move.destination})
        self._reserved.add(move.destination)

        def carried() -> None:
            del self.at[move.source]
            self.ready.discard(move.source)
            self._reserved.discard(move.destination)
            self._give(move.resource, move.source, move.destination)
            self._arrive(wafer, move.destination)

        time_s = {Action.LOAD: t.load, Action.UNLOAD: t.unload, Action.STATION_TRANSFER: t.exchange}[move.action]
        self._after(time_s, carried)

    def _start_index(self, move: Move) -> None:
        heads = {self.head_at(n) for n in range(HEADS)}
        self._must(not heads & self.busy, move, "turns heads that are down")
        self._must("loadcup" not in self.busy, move, "turns while the load cup or an arm is in the way")
        self._take({"carousel"})
        self.ready -= heads

        def turned() -> None:
            self._position = (self._position + 1) % HEADS
            self._give("carousel")
            for station in range(HEADS):
                head = self.head_at(station)
                wafer = self.at.get(head)
                if wafer is None:
                    continue
                done = self.visits[wafer]
                if done < len(self.platens) and self.platens[done] == station:
                    self._work(head, self.times.visit[station], lambda w=wafer: self._visited(w))
                else:
                    self.ready.add(head)

        self._after(self.times.index, turned)

    def _visited(self, wafer: str) -> None:
        self.visits[wafer] += 1

    def _put(self, place: str, wafer: str) -> None:
        if place in self.at:
            raise BrokenRuleError(f"{self.now_s:.1f} s: {place} holds {self.at[place]} and gets {wafer}")
        self.at[place] = wafer

    def _arrive(self, wafer: str, place: str) -> None:
        if place.startswith("loadport"):
            if place in self.slots:
                raise BrokenRuleError(f"{place} holds {self.slots[place]} and gets {wafer}")
            self.finished_s[wafer] = self.now_s
            return
        self._put(place, wafer)
        work = {"aligner": self.times.align, "metrology": self.times.measure, **self.times.clean}.get(place)
        if work is None:
            self.ready.add(place)
        else:
            self._work(place, work, lambda: None)

    def _work(self, place: str, time_s: float, then: Callable[[], None]) -> None:
        self._take({place})
        self.due[place] = self.now_s + time_s

        def done() -> None:
            del self.due[place]
            self._give(place)
            self.ready.add(place)
            then()

        self._after(time_s, done)
