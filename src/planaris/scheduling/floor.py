"""What a dispatch rule looks at, and the moves it may ask for. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from planaris.scheduling.line import Line, PlatenVisit


class Action(StrEnum):
    """What a move does."""

    TRANSFER = "transfer"
    UNLOAD = "unload"
    LOAD = "load"
    INDEX = "index"
    STATION_TRANSFER = "station_transfer"
    PICK = "pick"
    PLACE = "place"
    GOTO = "goto"
    SWING = "swing"
    POLISH = "polish"


@dataclass(frozen=True, slots=True)
class Move:
    """One move to start: who does it, from where to where.

    A TRANSFER is a pick and a place by one arm. PICK ends and PLACE begins on an arm, so that another arm may work in
    between; GOTO brings a robot before a place, which stays free for others. SWING brings a unit's head over its
    destination, a platen or the exchange station. POLISH begins the visit that is due: resource the platen, source the
    head.
    """

    action: Action
    resource: str
    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Floor:
    """What the rule looks at.

    ``at`` maps location to wafer; ``ready`` holds locations whose wafer waits to leave; ``busy`` locations and
    resources in use; ``queue`` carrier slots of wafers not yet begun, in order; ``home`` maps wafer to its slot;
    ``polished`` wafers that are through all platens of their recipe; ``due_s`` seconds until a location's wafer
    is expected to be ready; ``transfer_s`` time of one transfer of the dry robot; ``hold`` keeps the carousel where
    it is; ``returning`` wafers go home from before the platens; ``waiting`` ones must not go further towards them;
    ``route`` maps wafer to its platens to come and ``wet_limit_s`` wafer to its polish-to-clean limit.

    What follows lets the rule look ahead; without it the rule is the plain one. ``line`` the times of the tool;
    ``todo`` maps a wafer to its visits not yet ended, in order: with it the rule asks for each POLISH, without it
    whoever turns the carousel starts the visits; ``clean_s`` a wafer's times in the places after the polish, metrology
    last; ``slack_s`` what is left of a polished wafer's wet limit; ``between_s`` a wafer's limit between wet stations;
    ``arm_at`` the place each robot's arm stands before since its last GOTO, '' after a pick or place: with it the rule
    asks for GOTO.
    """

    at: Mapping[str, str]
    ready: frozenset[str]
    busy: frozenset[str]
    queue: tuple[str, ...]
    home: Mapping[str, str]
    polished: frozenset[str]
    cleaner: tuple[str, ...]
    has_metrology: bool
    head_at_cup: str
    heads_at_platens: tuple[str, ...]
    due_s: Mapping[str, float] = field(default_factory=dict[str, float])
    transfer_s: float = 0.0
    hold: bool = False
    down: frozenset[str] = frozenset()
    returning: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    route: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    wet_limit_s: Mapping[str, float] = field(default_factory=dict[str, float])
    line: Line | None = None
    todo: Mapping[str, tuple[PlatenVisit, ...]] = field(default_factory=dict[str, tuple[PlatenVisit, ...]])
    clean_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    slack_s: Mapping[str, float] = field(default_factory=dict[str, float])
    between_s: Mapping[str, float] = field(default_factory=dict[str, float])
    arm_at: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Decision:
    """Moves to start now, and in how many seconds to ask again even if nothing happens; None: no need."""

    moves: tuple[Move, ...]
    look_again_s: float | None = None
