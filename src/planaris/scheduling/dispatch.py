"""The dispatch rule of a carousel tool: state of the floor in, moves to start now out. Pure.

Wafers are pulled: what is nearest its end moves first, and nothing is picked before its destination is free, so a
single arm never holds a wafer it cannot put down. The carousel turns when every platen is through and the load cup
is either served or has nothing to wait for. Where the floor tells more (see `Floor`), the rule looks ahead: it keeps
the dry arm free for the dryer and sends it there beforehand, and it starts polishes so that all heads finish
together, at the moment when the load cup is served and the cleaner can take the wafer.
"""

from __future__ import annotations

from collections.abc import Mapping

from planaris.scheduling.floor import Action, Decision, Floor, Move
from planaris.scheduling.forecast import (
    FEEDING,
    WET_MARGIN_S,
    cleaner_free_s,
    cup_served_s,
    ends_beside_another,
    from_cup_s,
    load_s,
    rides_too_long,
    to_cup_s,
    turns_to_cup,
)
from planaris.scheduling.line import PlatenVisit

# A start this much early is no start too early: times are floats and clocks tick in microseconds [design].
TICK_S = 1e-3


def next_moves(floor: Floor) -> tuple[Move, ...]:
    """Return the moves to start now; at most one a resource."""
    return decide(floor).moves


def decide(floor: Floor) -> Decision:
    """Return the moves to start now, at most one a resource, and when to ask again if nothing happens before."""
    moves = [*_dry_robot(floor), *_wet_robot(floor), *_load_cup(floor), *_cleaner(floor)]
    starts_s = _starts_s(floor)
    if starts_s and not moves and not floor.busy and not floor.due_s:
        # Nothing is under way, so that what is waited for would never come.
        soonest_s = min(starts_s.values())
        starts_s = {platen: wait_s - soonest_s for platen, wait_s in starts_s.items()}
    moves += [
        Move(Action.POLISH, f"platen{platen}", floor.heads_at_platens[platen - 1], "")
        for platen, wait_s in starts_s.items()
        if wait_s <= TICK_S
    ]
    # A turn that began together with a move at the load cup would bring heads over an arm or a rising cup.
    at_cup = any("loadcup" in {move.resource, move.source, move.destination} for move in moves)
    polishing = any(move.action is Action.POLISH for move in moves)
    if not at_cup and not polishing:
        moves += _carousel(floor, starts_s)
    allowed = tuple(move for move in moves if not floor.down & {move.resource, move.source, move.destination})
    waits_s = [wait_s for wait_s in starts_s.values() if TICK_S < wait_s < float("inf")]
    return Decision(allowed, min(waits_s, default=None))


def _free(floor: Floor, location: str) -> bool:
    return location not in floor.at and location not in floor.busy


def _leaving(floor: Floor, location: str) -> bool:
    return location in floor.ready and location not in floor.busy


def _idle(floor: Floor, robot: str) -> bool:
    return robot not in floor.busy and robot not in floor.at


def _transfer(floor: Floor, robot: str, source: str, destination: str) -> list[Move]:
    if not _idle(floor, robot) or not _leaving(floor, source) or not _free(floor, destination):
        return []
    return [Move(Action.TRANSFER, robot, source, destination)]


def _goto(floor: Floor, robot: str, place: str) -> list[Move]:
    if not _idle(floor, robot) or floor.arm_at.get(robot, place) == place:
        return []
    return [Move(Action.GOTO, robot, "", place)]


# -- dry side ---------------------------------------------------------------------------------------------------


def _dry_robot(floor: Floor) -> list[Move]:
    robot, dryer = "dry_robot", floor.cleaner[-1]
    if not _idle(floor, robot):
        return []
    moves: list[Move] = []
    if floor.has_metrology:
        moves += _transfer(floor, robot, dryer, "metrology")
    last = "metrology" if floor.has_metrology else dryer
    if last in floor.at:
        moves += _transfer(floor, robot, last, floor.home[floor.at[last]])
    if moves:
        return moves[:1]
    feeding: list[Move] = []
    for place in ("stage", "aligner"):
        if floor.at.get(place) in floor.returning:
            feeding += _transfer(floor, robot, place, floor.home[floor.at[place]])
    if _going_on(floor, "aligner"):
        feeding += _transfer(floor, robot, "aligner", "stage")
    if floor.queue and _free(floor, "aligner") and floor.queue[0] not in floor.busy:
        feeding.append(Move(Action.TRANSFER, robot, floor.queue[0], "aligner"))
    waits_for = _soonest(floor)
    if feeding and not _too_late(floor, feeding[0], waits_for):
        return feeding[:1]
    return _goto(floor, robot, waits_for[0]) if waits_for is not None else []


def _going_on(floor: Floor, place: str) -> bool:
    """Whether the wafer at a place before the platens is on its way to them."""
    wafer = floor.at.get(place)
    return wafer is not None and wafer not in floor.polished and wafer not in floor.waiting


def _soonest(floor: Floor) -> tuple[str, float] | None:
    """Return which place the dry arm empties next and when: one whose wafer is nearly ready and can be put down."""
    dryer = floor.cleaner[-1]
    waits: list[tuple[float, str]] = []
    if dryer in floor.due_s and (not floor.has_metrology or _free(floor, "metrology")):
        waits.append((floor.due_s[dryer], dryer))
    if floor.has_metrology and "metrology" in floor.due_s:
        waits.append((floor.due_s["metrology"], "metrology"))
    if floor.line is not None and "aligner" in floor.due_s and _free(floor, "stage"):
        waits.append((floor.due_s["aligner"], "aligner"))
    return (min(waits)[1], min(waits)[0]) if waits else None


def _too_late(floor: Floor, move: Move, waits_for: tuple[str, float] | None) -> bool:
    """Whether the arm would be late at a place whose wafer is ready soon, if it did this first."""
    if waits_for is None or waits_for[0] == "aligner":
        return False
    if floor.line is None:
        return waits_for[1] < floor.transfer_s
    dry = floor.line.dry
    to_source_s = 0.0 if floor.arm_at.get("dry_robot") == move.source else dry.empty_move_s
    back_s = dry.empty_move_s if floor.arm_at else 0.0
    return waits_for[1] < to_source_s + dry.pick_s + dry.move_s + dry.place_s + back_s


# -- wet side ---------------------------------------------------------------------------------------------------


def _wet_robot(floor: Floor) -> list[Move]:
    robot = "wet_robot"
    if not _idle(floor, robot):
        return []
    cup = floor.at.get("loadcup")
    if cup in floor.polished:
        return _transfer(floor, robot, "loadcup", floor.cleaner[0]) or _goto(floor, robot, "loadcup")
    head_free = floor.head_at_cup not in floor.at and floor.head_at_cup not in floor.busy
    going = _going_on(floor, "stage") and "carousel" not in floor.busy
    if head_free and going and not _waits_its_turn(floor, floor.at.get("stage")):
        moves = _transfer(floor, robot, "stage", "loadcup")
        if moves:
            return moves
    comes_back = floor.at.get(floor.head_at_cup) in floor.polished
    return _goto(floor, robot, "loadcup" if comes_back else "stage") if _more_to_load(floor) or comes_back else []


def _waits_its_turn(floor: Floor, wafer: str | None) -> bool:
    """Whether a wafer must not be loaded yet.

    It, or one on the carousel, can bear no polish on its way back, a finished one has no time for a load, or two would
    end their polish at one stop and the later one would wait too long for the cleaner.
    """
    heads = (floor.head_at_cup, *floor.heads_at_platens)
    on_heads = [floor.at[head] for head in heads if head in floor.at]
    if wafer is None or not on_heads or floor.line is None:
        return False
    if _urgent(floor, stop_s=load_s(floor.line)) or ends_beside_another(floor, wafer):
        return True
    return any(rides_too_long(floor, one) for one in (wafer, *on_heads))


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


# -- carousel ---------------------------------------------------------------------------------------------------


def _due_visits(floor: Floor) -> Mapping[int, str]:
    """Return platen -> wafer of the visits that can begin: the head stands over the wafer's next platen."""
    if "carousel" in floor.busy:
        return {}
    due: dict[int, str] = {}
    for platen, head in enumerate(floor.heads_at_platens, start=1):
        wafer = floor.at.get(head)
        visits = floor.todo.get(wafer, ()) if wafer is not None else ()
        if wafer is not None and visits and visits[0].platen == platen and head not in floor.busy:
            due[platen] = wafer
    return due


def _starts_s(floor: Floor) -> dict[int, float]:
    """Return platen -> seconds to wait with the visit that is due there, so that all heads finish together.

    The common end is as early as the longest visit allows, but not before the load cup is served and the cleaner
    can take the wafer that ends its polish here without a wait. Where a finished wafer rides past on its way back and
    could not bear a polish at this stop, nothing starts: the carousel goes on.
    """
    due = _due_visits(floor)
    if not due or floor.line is None:
        return {}
    visit_s = {platen: _planned_s(floor.todo[wafer]) for platen, wafer in due.items()}
    running_s = [floor.due_s[head] for head in floor.heads_at_platens if head in floor.busy and head in floor.due_s]
    if _urgent(floor, stop_s=max(visit_s.values())):
        return {}
    end_s = max([*visit_s.values(), *running_s, cup_served_s(floor, more_to_load=_awaits_load(floor))])
    for platen, wafer in due.items():
        if len(floor.todo[wafer]) == 1:
            to_cup = to_cup_s(floor.line, turns_to_cup(floor.line, platen), max(visit_s.values()))
            end_s = max(end_s, cleaner_free_s(floor, wafer) - to_cup)
    return {platen: max(0.0, end_s - time_s) for platen, time_s in visit_s.items()}


def _planned_s(todo: tuple[PlatenVisit, ...]) -> float:
    """Return the time to plan a visit with: the longest, so that heads which go on are through when the last one is.

    The wafer that ends its polish here is planned with its expected time: it is to be the last, as it alone must not
    wait for the cleaner. Of the pairs tried on 500 wafers with visits spread by 20 % this one had the narrowest wait.
    """
    return todo[0].time_s if len(todo) == 1 else todo[0].time_s + todo[0].spread_s


def _urgent(floor: Floor, *, stop_s: float) -> bool:
    """Whether a finished wafer on a head has no time for the carousel to stand ``stop_s`` longer."""
    line = floor.line
    if line is None:
        return False
    for platen, head in enumerate(floor.heads_at_platens, start=1):
        wafer = floor.at.get(head)
        if wafer in floor.polished and wafer in floor.slack_s:
            way_s = to_cup_s(line, turns_to_cup(line, platen), 0.0) + from_cup_s(line) + WET_MARGIN_S
            if floor.slack_s[wafer] < stop_s + way_s:
                return True
    return False


def _awaits_load(floor: Floor) -> bool:
    """Whether the carousel waits at this stop for a wafer to be loaded."""
    waiting = floor.at.get("stage") or floor.at.get("aligner") or (floor.queue[0] if floor.queue else None)
    return _more_to_load(floor) and not _waits_its_turn(floor, waiting)


def _carousel(floor: Floor, starts_s: Mapping[int, float]) -> list[Move]:
    heads = (floor.head_at_cup, *floor.heads_at_platens)
    if floor.hold or {"carousel", "loadcup", *heads} & floor.busy or starts_s:
        return []
    on_heads = [head for head in heads if head in floor.at]
    if not on_heads:
        return []
    cup_head_wafer = floor.at.get(floor.head_at_cup)
    if cup_head_wafer in floor.polished:
        return []  # unload first
    if floor.line is not None and floor.at.get("loadcup") in floor.polished:
        return []  # the arm would reach in under turning heads
    if cup_head_wafer is None and _awaits_load(floor) and not _urgent(floor, stop_s=0.0):
        return []  # a wafer is on its way to this head
    return [Move(Action.INDEX, "carousel", "", "")]


def _more_to_load(floor: Floor) -> bool:
    upstream = ("aligner", "stage", "dry_robot", "wet_robot", "loadcup")
    waiting = any(_going_on(floor, place) for place in upstream)
    feeding_down = floor.down & set(FEEDING)
    return (waiting or bool(floor.queue)) and not feeding_down
