"""The dispatch rule of a tool of polishing units: state of the floor in, moves to start now out. Pure.

Each unit serves itself: its head swings to the exchange station as soon as its wafer is through, and out again with the
next. The wet robot makes the exchange short: with two arms it waits before the station that comes next with a fresh
wafer on one arm, takes the polished wafer with the other and puts the fresh one down while the head is rinsed. A fresh
wafer never lies in a cup whose head still has one to give back, and no polish begins whose wafer the cleaner could not
take in time (``hold``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from planaris.scheduling.floor import Action, Move

_NEVER_S = float("inf")
# A polished wafer is taken from its station, where it is kept wet, at most this long before the cleaner takes it, and
# no sooner than the arm needs to get there if its wet limit would pass on the arm, where it may dry [design].
LONGEST_ON_ARM_S = 14.0
ARM_WAY_S = 7.0


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: its number, its platens, and the platen its head stands over, 0 at the exchange station."""

    number: int
    platens: tuple[int, ...]
    position: int

    @property
    def head(self) -> str:
        """Name of its head."""
        return f"head{self.number}"

    @property
    def exchange(self) -> str:
        """Name of its exchange station."""
        return f"exchange{self.number}"

    @property
    def swing(self) -> str:
        """Name of its swing arm."""
        return f"swing{self.number}"


@dataclass(frozen=True, slots=True)
class UnitsFloor:
    """What the rule looks at.

    ``at`` maps location to wafer, arms included; ``ready`` holds locations whose wafer waits to leave; ``busy``
    locations and modules in use, ``down`` those that take no work; ``queue`` carrier slots of wafers not yet begun, in
    order; ``home`` maps wafer to its slot; ``polished`` wafers with no stage to come; ``returning`` those of them that
    are dry and were never polished; ``waiting`` wafers that must not go further towards the platens. ``route`` lists
    for each wafer, stage by stage to come, the platens that may serve it, the preferred first; ``hold`` heads at the
    exchange station whose wafer must not be begun. ``wet_arms`` are the wet robot's arms as locations; ``arm_at`` the
    place a robot stands before. ``due_s``: seconds until a location's wafer is expected to be ready; ``transfer_s``:
    one transfer of the dry robot; ``hand_on_s`` from one cleaner station to the next; ``slack_s`` what is left of a
    polished wafer's wet limit.
    """

    at: Mapping[str, str]
    ready: frozenset[str]
    busy: frozenset[str]
    queue: tuple[str, ...]
    home: Mapping[str, str]
    polished: frozenset[str]
    route: Mapping[str, tuple[tuple[int, ...], ...]]
    units: tuple[Unit, ...]
    cleaner: tuple[str, ...]
    has_metrology: bool
    wet_arms: tuple[str, ...] = ("wet_robot",)
    stages: tuple[str, ...] = ("stage",)
    down: frozenset[str] = frozenset()
    returning: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    hold: frozenset[str] = frozenset()
    arm_at: Mapping[str, str] = field(default_factory=dict[str, str])
    due_s: Mapping[str, float] = field(default_factory=dict[str, float])
    transfer_s: float = 0.0
    hand_on_s: float = 0.0
    slack_s: Mapping[str, float] = field(default_factory=dict[str, float])

    def free(self, place: str) -> bool:
        """Whether a wafer may be put down at a place."""
        return place not in self.at and place not in self.busy and place not in self.down

    def leaving(self, place: str) -> bool:
        """Whether the wafer at a place waits to be taken."""
        return place in self.ready and place in self.at and place not in self.busy

    def idle(self, module: str) -> bool:
        """Whether a module may be told something."""
        return module not in self.busy and module not in self.down

    def fresh(self, place: str) -> bool:
        """Whether the wafer at a place is on its way to the platens."""
        wafer = self.at.get(place)
        return wafer is not None and wafer not in self.polished and wafer not in self.waiting


def next_moves_units(floor: UnitsFloor) -> tuple[Move, ...]:
    """Return the moves to start now; at most one a resource."""
    moves = [*_dry_robot(floor), *_wet_robot(floor), *_cleaner(floor)]
    # A robot that is about to reach into a station, and the station about to rise, would meet.
    reached = {place for move in moves for place in (move.source, move.destination) if move.action is not Action.GOTO}
    for unit in floor.units:
        moves += [move for move in _unit(floor, unit) if move.resource not in reached]
    return tuple(move for move in moves if not floor.down & {move.resource, move.source, move.destination})


# -- units ------------------------------------------------------------------------------------------------------


def _unit(floor: UnitsFloor, unit: Unit) -> list[Move]:
    """Return what a unit does next: unload, load, swing or polish."""
    wafer = floor.at.get(unit.head)
    if unit.head in floor.busy or unit.swing in floor.busy:
        return []
    if wafer is None:
        return _take_next(floor, unit)
    if wafer in floor.polished:
        return _give_back(floor, unit)
    if unit.position == 0 and (wafer in floor.waiting or unit.head in floor.hold or unit.exchange in floor.busy):
        return []
    if not _serves(floor, unit, wafer):
        return []
    mine = [n for n in floor.route[wafer][0] if n in unit.platens and floor.idle(f"platen{n}")]
    if not mine:
        return []
    platen = unit.position if unit.position in mine else mine[0]
    if platen == unit.position:
        return [Move(Action.POLISH, f"platen{platen}", unit.head, "")]
    return [Move(Action.SWING, unit.swing, unit.head, f"platen{platen}")]


def _take_next(floor: UnitsFloor, unit: Unit) -> list[Move]:
    """Return the move of an empty head."""
    if unit.position != 0:
        return [Move(Action.SWING, unit.swing, unit.head, unit.exchange)]
    if floor.leaving(unit.exchange) and floor.fresh(unit.exchange):
        return [Move(Action.LOAD, unit.exchange, unit.exchange, unit.head)]
    return []


def _give_back(floor: UnitsFloor, unit: Unit) -> list[Move]:
    """Return the move of a head whose wafer is through."""
    if unit.position != 0:
        return [Move(Action.SWING, unit.swing, unit.head, unit.exchange)]
    if floor.free(unit.exchange):
        return [Move(Action.UNLOAD, unit.exchange, unit.head, unit.exchange)]
    return []


# -- wet robot --------------------------------------------------------------------------------------------------


def _wet_robot(floor: UnitsFloor) -> list[Move]:
    if not floor.idle("wet_robot"):
        return []
    return next((moves for moves in _wet_choices(floor) if moves), [])


def _wet_choices(floor: UnitsFloor) -> Iterator[list[Move]]:
    """Yield what the wet robot may do, the most urgent first."""
    arms = {arm: floor.at.get(arm) for arm in floor.wet_arms}
    carrying = [arm for arm, wafer in arms.items() if wafer is not None]
    here = floor.arm_at.get("wet_robot", "")
    yield [move for move in _hand_over(floor, carrying) if move.destination == here]  # the rest of a swap
    yield _put_away(floor, carrying)
    yield _hand_over(floor, carrying)
    empty = next((arm for arm, wafer in arms.items() if wafer is None), None)
    if empty is not None:
        yield _take_polished(floor, empty, swap=any(floor.fresh(arm) for arm in carrying))
        yield _fetch(floor, empty, carrying)
    yield _go_ahead(floor, carrying)


def _put_away(floor: UnitsFloor, carrying: list[str]) -> list[Move]:
    """Put down what goes no further towards the platens: into the cleaner, or a dry wafer on its way back."""
    for arm in carrying:
        wafer = floor.at[arm]
        target = floor.stages[-1] if wafer in floor.returning else floor.cleaner[0]
        if wafer in floor.polished and floor.free(target):
            return [Move(Action.PLACE, "wet_robot", arm, target)]
    return []


def _hand_over(floor: UnitsFloor, carrying: list[str]) -> list[Move]:
    """Put a fresh wafer into a station whose head is there, or on its way back, with nothing to give."""
    for arm in carrying:
        if not floor.fresh(arm):
            continue
        for unit in floor.units:
            if _serves(floor, unit, floor.at[arm]) and unit.head not in floor.at and floor.free(unit.exchange):
                return [Move(Action.PLACE, "wet_robot", arm, unit.exchange)]
    return []


def _take_polished(floor: UnitsFloor, arm: str, *, swap: bool) -> list[Move]:
    """Take a wafer that a unit gave back, if it can be put down again soon; a single arm: at once."""
    wait_s = _cleaner_free_s(floor)
    single = not swap and len(floor.wet_arms) == 1
    for unit in floor.units:
        wafer = floor.at.get(unit.exchange)
        if wafer not in floor.polished or not floor.leaving(unit.exchange):
            continue
        in_time = wait_s <= floor.slack_s.get(wafer, _NEVER_S)
        if wait_s <= (0.0 if single else LONGEST_ON_ARM_S if in_time else ARM_WAY_S):
            return [Move(Action.PICK, "wet_robot", unit.exchange, arm)]
    return []


def _fetch(floor: UnitsFloor, arm: str, carrying: list[str]) -> list[Move]:
    """Take a fresh wafer from the stage while an arm stays free for a polished one."""
    stage = floor.stages[0]
    if carrying or not floor.leaving(stage) or not floor.fresh(stage):
        return []
    serving = [unit for unit in floor.units if _serves(floor, unit, floor.at[stage])]
    if len(floor.wet_arms) == 1:
        serving = [unit for unit in serving if unit.head not in floor.at and floor.free(unit.exchange)]
    return [Move(Action.PICK, "wet_robot", stage, arm)] if serving else []


def _go_ahead(floor: UnitsFloor, carrying: list[str]) -> list[Move]:
    """Stand before the place that comes next."""
    if any(floor.at[arm] in floor.polished for arm in carrying):
        target = floor.cleaner[0]
    elif carrying:
        serving = [unit for unit in floor.units if _serves(floor, unit, floor.at[carrying[0]])]
        soonest = min(serving, key=lambda unit: (_through_s(floor, unit), unit.number), default=None)
        target = floor.stages[-1] if soonest is None else soonest.exchange
    else:
        target = floor.stages[0]
    if floor.arm_at.get("wet_robot") == target:
        return []
    return [Move(Action.GOTO, "wet_robot", "", target)]


def _serves(floor: UnitsFloor, unit: Unit, wafer: str) -> bool:
    """Whether a unit can take a wafer through all its stages to come."""
    if floor.down & {unit.head, unit.exchange, unit.swing}:
        return False
    up = {n for n in unit.platens if f"platen{n}" not in floor.down}
    stages = floor.route.get(wafer, ())
    return bool(stages) and all(up.intersection(platens) for platens in stages)


def _through_s(floor: UnitsFloor, unit: Unit) -> float:
    """Return in how many seconds a unit's head has nothing more to polish; it takes the next wafer after that."""
    wafer, in_cup = floor.at.get(unit.head), floor.at.get(unit.exchange)
    if in_cup is not None and in_cup not in floor.polished:
        return _NEVER_S  # its next wafer is there
    if wafer is None or wafer in floor.polished:
        return 0.0
    return floor.due_s.get(unit.head, _NEVER_S)


def _cleaner_free_s(floor: UnitsFloor) -> float:
    """Return in how many seconds the first cleaner station takes a wafer, as far as those behind it are known."""
    free_s = 0.0
    for place in reversed(floor.cleaner):
        unknown = place in floor.at and place not in floor.ready and place not in floor.due_s
        if place in floor.down or unknown:  # a wafer that has just come, or is about to be gone
            free_s = _NEVER_S
        elif not floor.free(place):
            free_s = max(floor.due_s.get(place, 0.0), free_s) + floor.hand_on_s
        else:
            free_s = 0.0
    return free_s


# -- cleaner and dry robot --------------------------------------------------------------------------------------


def _cleaner(floor: UnitsFloor) -> list[Move]:
    return [
        Move(Action.STATION_TRANSFER, source, source, destination)
        for source, destination in zip(floor.cleaner, floor.cleaner[1:], strict=False)
        if floor.leaving(source) and floor.free(destination)
    ]


def _dry_robot(floor: UnitsFloor) -> list[Move]:
    robot, dryer = "dry_robot", floor.cleaner[-1]
    if not floor.idle(robot) or robot in floor.at:
        return []
    last = "metrology" if floor.has_metrology else dryer
    transfers: list[tuple[str, str]] = []
    if floor.leaving(last):
        transfers.append((last, floor.home[floor.at[last]]))
    if floor.has_metrology and floor.leaving(dryer):
        transfers.append((dryer, "metrology"))
    carried = _carry(floor, robot, transfers)
    if carried or _dryer_first(floor):
        return carried or _stand_at_dryer(floor)
    feeding = [
        (place, floor.home[floor.at[place]])
        for place in (*floor.stages, "aligner")
        if floor.leaving(place) and floor.at[place] in floor.returning
    ]
    if floor.leaving("aligner") and floor.fresh("aligner"):
        feeding.append(("aligner", floor.stages[0]))
    if floor.queue and floor.queue[0] not in floor.busy:
        feeding.append((floor.queue[0], "aligner"))
    return _carry(floor, robot, feeding)


def _carry(floor: UnitsFloor, robot: str, transfers: list[tuple[str, str]]) -> list[Move]:
    return [Move(Action.TRANSFER, robot, a, b) for a, b in transfers if floor.free(b)][:1]


def _dryer_first(floor: UnitsFloor) -> bool:
    """Whether to keep the arm free: the dryer, often the bottleneck, ends before another transfer would."""
    next_place_free = not floor.has_metrology or floor.free("metrology")
    return next_place_free and floor.due_s.get(floor.cleaner[-1], _NEVER_S) < floor.transfer_s


def _stand_at_dryer(floor: UnitsFloor) -> list[Move]:
    dryer = floor.cleaner[-1]
    if floor.arm_at.get("dry_robot") == dryer:
        return []
    return [Move(Action.GOTO, "dry_robot", "", dryer)]
