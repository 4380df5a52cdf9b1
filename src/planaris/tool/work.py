"""Pieces of work: what the engine starts, and what abort, retry, skip and resume mean for each kind."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class WorkKind(StrEnum):
    """Kinds of pieces of work."""

    MAP = "map"
    TRANSFER = "transfer"
    ALIGN = "align"
    LOAD = "load"
    UNLOAD = "unload"
    HEAD_RINSE = "head_rinse"
    INDEX = "index"
    PICK = "pick"
    PLACE = "place"
    GOTO = "goto"
    SWING = "swing"
    VISIT = "visit"
    STATION_TRANSFER = "station_transfer"
    CLEAN = "clean"
    MEASURE = "measure"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a person's answer to a failed piece of work does. The documentation prints these."""

    abort: str
    retry: str
    skip: str
    resume: str


_BY_SENSORS = "sensors and map say where the wafer is; the move goes on from there"
_UNLESS_SEEN = "refused unless sensors show it where it was"
MEANINGS: Mapping[WorkKind, Meaning] = {
    WorkKind.MAP: Meaning(
        abort="the job fails; nothing was moved",
        retry="the carrier is scanned again",
        skip="refused: no wafer is taken from a carrier that was not scanned",
        resume="as retry",
    ),
    WorkKind.TRANSFER: Meaning(
        abort=f"the wafer is cleaned if wet and goes home, marked rework; {_UNLESS_SEEN}",
        retry=_BY_SENSORS,
        skip="refused: the wafer must be somewhere; say where with wafer.confirm_place",
        resume="as retry",
    ),
    WorkKind.ALIGN: Meaning(
        abort="the wafer goes back to its slot, marked rework",
        retry="the notch is looked for again",
        skip="the wafer goes on as it lies, marked suspect",
        resume="as retry",
    ),
    WorkKind.LOAD: Meaning(
        abort=f"the wafer stays where it is, is cleaned and goes home, marked rework; {_UNLESS_SEEN}",
        retry="if the head does not hold the wafer yet, it is raised and chucked again",
        skip="refused: a head without its wafer must not go on",
        resume="as retry",
    ),
    WorkKind.UNLOAD: Meaning(
        abort=f"the wafer stays on the head, kept wet, until the module is cleared; {_UNLESS_SEEN}",
        retry="if the head still holds the wafer, it is set down again",
        skip="refused: the wafer must be somewhere; say where with wafer.confirm_place",
        resume="as retry",
    ),
    WorkKind.HEAD_RINSE: Meaning(
        abort="the head goes on as it is",
        retry="the head is rinsed again",
        skip="the head goes on as it is",
        resume="as retry",
    ),
    WorkKind.INDEX: Meaning(
        abort="the carousel stays where it is until the module is cleared",
        retry="a head that stayed down is brought up; the carousel turns to where it was going, or stays there",
        skip="refused: wafers would be taken for others",
        resume="as retry",
    ),
    WorkKind.PICK: Meaning(
        abort=f"the wafer stays where it is, is cleaned if wet and goes home, marked rework; {_UNLESS_SEEN}",
        retry=_BY_SENSORS,
        skip="refused: the wafer must be somewhere; say where with wafer.confirm_place",
        resume="as retry",
    ),
    WorkKind.PLACE: Meaning(
        abort=f"the wafer stays on its arm, is cleaned if wet and goes home, marked rework; {_UNLESS_SEEN}",
        retry=_BY_SENSORS,
        skip="refused: the wafer must be somewhere; say where with wafer.confirm_place",
        resume="as retry",
    ),
    WorkKind.GOTO: Meaning(
        abort="the robot stays where it is; its next move begins from there",
        retry="the robot goes before the place again",
        skip="as abort",
        resume="as retry",
    ),
    WorkKind.SWING: Meaning(
        abort="refused: the head stays where it is until the module is cleared",
        retry="a head that stayed down is brought up; it swings to where it was going, or stays there",
        skip="refused: the head must be over a place that is known",
        resume="as retry",
    ),
    WorkKind.VISIT: Meaning(
        abort="head up, rinse on, slurry off; no further platen: the wafer is cleaned and goes home, marked rework",
        retry="while its wafer is still over it, the rest of the visit is polished; else the platen is taken back only",
        skip="the rest of the visit is left out; the wafer goes on to its next platen, marked rework",
        resume="as retry: a step goes on for the time that was left, never again from its start",
    ),
    WorkKind.STATION_TRANSFER: Meaning(
        abort=f"the move is given up where the wafer is, kept wet, until the module is cleared; {_UNLESS_SEEN}",
        retry=_BY_SENSORS,
        skip="refused: the wafer must be somewhere; say where with wafer.confirm_place",
        resume="as retry",
    ),
    WorkKind.CLEAN: Meaning(
        abort="the station is left; the wafer goes on through the dryer and home, marked rework; refused at the dryer",
        retry="the station cleans again for its whole time",
        skip="the wafer goes on to the next station, marked rework; refused at the dryer: nothing wet goes on",
        resume="as retry: cleaning twice does no harm",
    ),
    WorkKind.MEASURE: Meaning(
        abort="the wafer goes home without a result, marked hold",
        retry="the wafer is measured again",
        skip="the wafer goes home without a result, marked hold",
        resume="as retry",
    ),
    WorkKind.MANUAL: Meaning(
        abort="the verb is given up; sensors say where its wafer is, and the module stays in manual mode",
        retry="sensors say where the wafer is; what is left of the verb is done again",
        skip="refused: give it up instead",
        resume="as abort: what a person ordered by hand never starts by itself",
    ),
}


class WorkRefusedError(Exception):
    """An answer to a failed piece of work that its kind does not take, or that the machine does not bear out."""


Do = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Piece:
    """One piece of work while it is under way or failed.

    ``do`` runs it, or goes on with it from where map and sensors say it stands. ``holds`` are modules and places that
    nothing else may use until it is over; it gives them up one by one. ``skip`` and ``abort`` are what those answers
    do where the kind takes them; ``recover`` brings the module to the state that a retry goes on from. ``begun`` says
    that it must be gone on with: before that the dispatch rule may think better of it.
    """

    kind: WorkKind
    resource: str
    do: Do
    holds: set[str] = field(default_factory=set[str])
    wafer_id: str = ""
    skip: Callable[[], None] | None = None
    abort: Callable[[], None] | None = None
    recover: Callable[[], None] = lambda: None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class FailedWork:
    """A piece of work that failed, and why; its module is down until a person answers."""

    piece: Piece
    error: Exception
    alarm: str
    alarm_source: str
