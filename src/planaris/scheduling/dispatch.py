"""The plain dispatch rule: state of the floor in, moves to start now out. Pure.

Wafers are pulled: what is nearest its end moves first, and nothing is picked before its destination is free, so a
single arm never holds a wafer it cannot put down. The carousel turns when every platen is through and the load cup
is either served or has nothing to wait for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


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
    it is, because the cleaner could not take its wafers in time; ``returning`` wafers go home from before the
    platens; ``waiting`` ones must not go further towards them; ``route`` maps wafer to its platens to come and
    ``wet_limit_s`` wafer to its polish-to-clean limit.
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


def next_moves(floor: Floor) -> tuple[Move, ...]:
    """Return the moves to start now; at most one a resource."""
    moves = [*_dry_robot(floor), *_wet_robot(floor), *_load_cup(floor), *_cleaner(floor)]
    # A turn that began together with a move at the load cup would bring heads over an arm or a rising cup.
    if not any("loadcup" in {move.resource, move.source, move.destination} for move in moves):
        moves += _carousel(floor)
    return tuple(move for move in moves if not floor.down & {move.resource, move.source, move.destination})


def _free(floor: Floor, location: str) -> bool:
    return location not in floor.at and location not in floor.busy


def _leaving(floor: Floor, location: str) -> bool:
    return location in floor.ready and location not in floor.busy


def _transfer(floor: Floor, robot: str, source: str, destination: str) -> list[Move]:
    if robot in floor.busy or robot in floor.at or not _leaving(floor, source) or not _free(floor, destination):
        return []
    return [Move(Action.TRANSFER, robot, source, destination)]


def _dry_robot(floor: Floor) -> list[Move]:
    robot, dryer = "dry_robot", floor.cleaner[-1]
    last = "metrology" if floor.has_metrology else dryer
    moves: list[Move] = []
    if last in floor.at:
        moves += _transfer(floor, robot, last, floor.home[floor.at[last]])
    if floor.has_metrology:
        moves += _transfer(floor, robot, dryer, "metrology")
    if not moves and _dryer_first(floor):
        return []
    for place in ("stage", "aligner"):
        if floor.at.get(place) in floor.returning:
            moves += _transfer(floor, robot, place, floor.home[floor.at[place]])
    if _going_on(floor, "aligner"):
        moves += _transfer(floor, robot, "aligner", "stage")
    if floor.queue and "aligner" not in floor.busy:
        source = floor.queue[0]
        if robot not in floor.busy and robot not in floor.at and _free(floor, "aligner") and source not in floor.busy:
            moves.append(Move(Action.TRANSFER, robot, source, "aligner"))
    return moves[:1]


def _going_on(floor: Floor, place: str) -> bool:
    """Whether the wafer at a place before the platens is on its way to them."""
    wafer = floor.at.get(place)
    return wafer is not None and wafer not in floor.polished and wafer not in floor.waiting


def _dryer_first(floor: Floor) -> bool:
    """Whether to keep the arm free: the dryer, often the bottleneck, ends before another transfer would."""
    next_place_free = not floor.has_metrology or _free(floor, "metrology")
    return next_place_free and floor.due_s.get(floor.cleaner[-1], float("inf")) < floor.transfer_s


def _wet_robot(floor: Floor) -> list[Move]:
    cup_wafer = floor.at.get("loadcup")
    moves: list[Move] = []
    if cup_wafer in floor.polished:
        moves += _transfer(floor, "wet_robot", "loadcup", floor.cleaner[0])
    head_free = floor.head_at_cup not in floor.at and floor.head_at_cup not in floor.busy
    if head_free and "carousel" not in floor.busy and _going_on(floor, "stage"):
        moves += _transfer(floor, "wet_robot", "stage", "loadcup")
    return moves[:1]


def _load_cup(floor: Floor) -> list[Move]:
    head, cup = floor.head_at_cup, floor.at.get("loadcup")
    if "loadcup" in floor.busy or "carousel" in floor.busy or head in floor.busy:
        return []
    if head in floor.at and floor.at[head] in floor.polished and cup is None:
        return [Move(Action.UNLOAD, "loadcup", head, "loadcup")]
    if cup is not None and cup not in floor.polished and head not in floor.at and "loadcup" in floor.ready:
        return [Move(Action.LOAD, "loadcup", "loadcup", head)]
    return []


def _cleaner(floor: Floor) -> list[Move]:
    return [
        Move(Action.STATION_TRANSFER, source, source, destination)
        for source, destination in zip(floor.cleaner, floor.cleaner[1:], strict=False)
        if _leaving(floor, source) and _free(floor, destination)
    ]


def _carousel(floor: Floor) -> list[Move]:
    heads = (floor.head_at_cup, *floor.heads_at_platens)
    if floor.hold or {"carousel", "loadcup", *heads} & floor.busy:
        return []
    on_heads = [head for head in heads if head in floor.at]
    if not on_heads:
        return []
    cup_head_wafer = floor.at.get(floor.head_at_cup)
    if cup_head_wafer in floor.polished:
        return []  # unload first
    if cup_head_wafer is None and _more_to_load(floor):
        return []  # a wafer is on its way to this head
    return [Move(Action.INDEX, "carousel", "", "")]


def _more_to_load(floor: Floor) -> bool:
    upstream = ("aligner", "stage", "dry_robot", "wet_robot", "loadcup")
    waiting = any(_going_on(floor, place) for place in upstream)
    feeding_down = floor.down & {"dry_robot", "wet_robot", "aligner", "loadcup"}
    return (waiting or bool(floor.queue)) and not feeding_down
