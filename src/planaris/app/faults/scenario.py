"""Scenarios of the fault campaign: what breaks, where, when and for how long, drawn from a seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planaris.model import ToolDescription


class FaultKind(StrEnum):
    """What may go wrong."""

    JAMMED = "jammed"
    SLOW = "slow"
    SILENT = "silent"
    LOST_NOTICE = "lost_notice"
    STUCK_OFF = "stuck_off"
    STUCK_ON = "stuck_on"
    FLICKER = "flicker"
    LINK = "link"
    PLC = "plc"
    SUPPLY = "supply"
    LOSS = "loss"
    TRIP = "trip"
    SLOTS = "slots"
    SLIP = "slip"
    BREAK = "break"
    LEFT_ON_PAD = "left_on_pad"
    WEAK_VACUUM = "weak_vacuum"
    KILL = "kill"
    DEVIATION = "deviation"
    LID = "lid"
    PERSON = "person"
    FLIP_JAM = "flip_jam"
    FLIP_DROP = "flip_drop"
    MISS = "miss"


SAFETY_INPUTS = ("emo", "door_open", "leak", "over_temperature", "over_pressure", "exhaust_low", "drain_full")
SUPPLIES = ("di_pressure_kPa", "cda_pressure_kPa", "n2_pressure_kPa", "vacuum_kPa", "exhaust_velocity_m_s")
LOSSES = ("air", "vacuum", "power")
ORDERS = ("job.pause", "job.stop", "job.abort", "tool.halt", "wafer.abort", "wafer.scrap")
# Actuators whose weakness a band or limit of the recipe must see.
DEVIATIONS = ("platen:slurry", "platen:speed", "head:zone1", "head:ring", "head:speed")
# Wafers are out in the tool from the first pick; a fault comes within this span of the lot [design].
FIRST_S, LAST_S = 20.0, 560.0
# How long what mends itself lasts [design].
SHORTEST_S, LONGEST_S = 0.5, 90.0
# Time from an alarm until the person is at the machine [design]; somebody always stands near.
REACTION_S = (5.0, 25.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``duration_s`` 0: until a person mends it; ``magnitude`` as the kind takes it."""

    kind: FaultKind
    target: str
    at_s: float
    duration_s: float
    magnitude: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A seed's lot (its slots), faults, the person's reaction time, and chance for what the person does."""

    seed: int
    slots: tuple[int, ...]
    faults: tuple[Fault, ...]
    reaction_s: float


def targets(tool: ToolDescription) -> Mapping[FaultKind, tuple[str, ...]]:
    """Return what each kind may hit on a tool."""
    stations = tool.cleaner.stations
    heads = tuple(f"head{n}" for n in range(1, tool.heads + 1))
    platens = tuple(f"platen{n}" for n in range(1, tool.platens + 1))
    conditioners = tuple(f"conditioner{n}" for n in range(1, tool.platens + 1))
    if tool.units is None:
        movers = ("loadcup", "carousel")
        cups = ("loadcup",)
    else:
        units = range(1, tool.units.count + 1)
        cups = tuple(f"exchange{n}" for n in units)
        movers = (*cups, *(f"swing{n}" for n in units))
    measuring = ("metrology",) if tool.metrology is not None else ()
    devices = ("loadport1", "dry_robot", "aligner", "wet_robot", *movers, *heads, *platens, *conditioners, *stations,
               *measuring)  # fmt: skip
    places = ("dry_robot", "aligner", "stage", "wet_robot", *cups, *heads, *stations, *measuring)
    by_device = dict.fromkeys((FaultKind.JAMMED, FaultKind.SLOW, FaultKind.SILENT, FaultKind.LOST_NOTICE), devices)
    by_place = dict.fromkeys((FaultKind.STUCK_OFF, FaultKind.STUCK_ON, FaultKind.FLICKER), places)
    return {
        **by_device,
        **by_place,
        FaultKind.LINK: ("link",),
        FaultKind.PLC: ("communication",),
        FaultKind.SUPPLY: SUPPLIES,
        FaultKind.LOSS: LOSSES,
        FaultKind.TRIP: SAFETY_INPUTS,
        FaultKind.SLOTS: ("loadport1",),
        FaultKind.SLIP: heads,
        FaultKind.BREAK: heads,
        FaultKind.LEFT_ON_PAD: heads,
        FaultKind.WEAK_VACUUM: heads,
        FaultKind.KILL: ("controller", "both"),
        FaultKind.DEVIATION: tuple(
            f"{place}:{name}"
            for kind, _, name in (d.partition(":") for d in DEVIATIONS)
            for place in (platens if kind == "platen" else heads)
        ),
        FaultKind.LID: (stations[-1],),
        FaultKind.PERSON: ORDERS,
        FaultKind.MISS: ("dry_robot", "wet_robot", *cups),
        **dict.fromkeys((FaultKind.FLIP_JAM, FaultKind.FLIP_DROP), ("wet_robot",) if tool.wet_robot.flip_s else ()),
    }


_MENDS_ITSELF = frozenset({FaultKind.LINK, FaultKind.PLC, FaultKind.FLICKER, FaultKind.LOST_NOTICE})
_AT_START = frozenset({FaultKind.SLOTS})
_NEVER_MENDED_ITSELF = frozenset(
    {FaultKind.SLOTS, FaultKind.SLIP, FaultKind.BREAK, FaultKind.PERSON, FaultKind.TRIP, FaultKind.KILL}
)


def draw(
    seed: int,
    tool: ToolDescription,
    wafers_count: int,
    faults_count: int = 1,
    among: Collection[FaultKind] = tuple(FaultKind),
) -> Scenario:
    """Draw a seed's scenario ``among`` some kinds; kinds go round with the seed, so that all come equally often."""
    chance = np.random.default_rng([2026, seed])
    possible = targets(tool)
    kinds = [kind for kind in FaultKind if possible[kind] and kind in among]
    faults: list[Fault] = []
    for number in range(faults_count):
        # A death is a campaign of its own: it comes alone.
        left = kinds if faults_count == 1 else [k for k in kinds if k is not FaultKind.KILL]
        kind = left[(seed + number * int(chance.integers(1, len(left)))) % len(left)]
        faults.append(_draw_fault(kind, possible[kind], chance))
    slots = tuple(range(1, wafers_count + 1))
    return Scenario(seed, slots, tuple(faults), float(chance.uniform(*REACTION_S)))


def _draw_fault(kind: FaultKind, possible: tuple[str, ...], chance: np.random.Generator) -> Fault:
    target = possible[int(chance.integers(len(possible)))]
    at_s = 0.0 if kind in _AT_START else float(chance.uniform(FIRST_S, LAST_S))
    itself = kind in _MENDS_ITSELF or (kind not in _NEVER_MENDED_ITSELF and chance.random() < 0.3)
    duration_s = float(chance.uniform(SHORTEST_S, LONGEST_S)) if itself else 0.0
    magnitude = {
        FaultKind.SLOW: float(chance.uniform(1.5, 6.0)),
        FaultKind.LOST_NOTICE: float(chance.integers(1, 4)),
        FaultKind.SUPPLY: float(chance.uniform(0.0, 0.6)),
        FaultKind.SLOTS: float(chance.choice([-1, 1]) * chance.integers(1, 6)),
        FaultKind.LEFT_ON_PAD: float(chance.integers(1, 4)),
        FaultKind.FLIP_DROP: float(chance.integers(1, 3)),
        FaultKind.MISS: float(chance.integers(1, 3)),
        FaultKind.WEAK_VACUUM: float(chance.uniform(30.0, 60.0)),
        FaultKind.DEVIATION: float(chance.uniform(0.3, 0.75)),
    }.get(kind, 1.0)
    return Fault(kind, target, at_s, duration_s, magnitude)
