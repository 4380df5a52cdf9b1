"""What a seed draws: which fault, where, when, for how long, and how soon a person comes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planaris.model import ToolDescription


class FaultKind(StrEnum):
    """Kinds of faults of the campaign."""

    JAMMED = "jammed"
    SILENT = "silent"
    SLOW = "slow"
    LOST_NOTICES = "lost_notices"
    LINK_LOSS = "link_loss"
    SENSOR_STUCK = "sensor_stuck"
    WRONG_CASSETTE = "wrong_cassette"
    PAUSE = "operator_pause"
    STOP = "operator_stop"
    ABORT = "operator_abort"
    HALT = "operator_halt"
    SLIP = "slip"
    LEFT_ON_PAD = "left_on_pad"
    WEAK_VACUUM = "weak_vacuum"
    BREAK = "break"
    DI_LOSS = "di_loss"
    AIR_LOSS = "air_loss"
    POWER_LOSS = "power_loss"
    FLOW = "flow_deviation"
    EMO = "emo"
    DOOR = "door"
    LEAK = "leak"


# A wafer of the example is chucked at about 60 s; the fourth is in the cleaner at about 480 s.
EARLIEST_S, LATEST_S = 40.0, 620.0
# How soon a person looks after an alarm, and how long mending takes [design].
REACTION_S = (5.0, 60.0)
MENDING_S = (5.0, 90.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One seed's story. ``target`` is a device, a head, a sensor or a supply; ``magnitude`` as the fault's own."""

    seed: int
    kind: FaultKind
    target: str
    magnitude: float
    time_s: float
    reaction_s: float
    mending_s: float


def _devices(tool: ToolDescription) -> list[str]:
    platens, heads = range(1, tool.platens + 1), range(1, tool.heads + 1)
    names = ["dry_robot", "wet_robot", "aligner", "loadcup", "carousel", *tool.cleaner.stations, "metrology"]
    names += [f"platen{n}" for n in platens] + [f"conditioner{n}" for n in platens] + [f"head{n}" for n in heads]
    return names


def draw(seed: int, tool: ToolDescription) -> Scenario:
    """Return a seed's scenario; kinds come in turn, so that each comes as often."""
    kinds = list(FaultKind)
    kind = kinds[seed % len(kinds)]
    chance = np.random.default_rng([seed, 2049])
    devices = _devices(tool)
    head = f"head{int(chance.integers(1, tool.heads + 1))}"
    platen = f"platen{int(chance.integers(1, tool.platens + 1))}"
    sensors = ["aligner", "stage", "loadcup", *tool.cleaner.stations, "metrology", head]
    target, magnitude = {
        FaultKind.SLOW: (devices[int(chance.integers(len(devices)))], float(chance.uniform(2.0, 4.0))),
        FaultKind.LOST_NOTICES: ("link", float(chance.uniform(0.05, 0.4))),
        FaultKind.LINK_LOSS: ("communication", 0.0),
        FaultKind.SENSOR_STUCK: (sensors[int(chance.integers(len(sensors)))], float(chance.integers(2))),
        FaultKind.WRONG_CASSETTE: ("loadport1", float(chance.choice([-1.0, 1.0]) * chance.integers(1, 26))),
        FaultKind.SLIP: (head, 0.0),
        FaultKind.LEFT_ON_PAD: (head, float(chance.integers(1, 4))),
        FaultKind.WEAK_VACUUM: (head, float(chance.uniform(30.0, 60.0))),
        FaultKind.BREAK: (head, 0.0),
        FaultKind.DI_LOSS: ("di_pressure_kPa", 0.0),
        FaultKind.AIR_LOSS: ("air", 0.0),
        FaultKind.POWER_LOSS: ("power", 0.0),
        FaultKind.FLOW: (platen, float(chance.uniform(0.3, 0.7))),
        FaultKind.EMO: ("emo", 0.0),
        FaultKind.DOOR: ("door_open", 0.0),
        FaultKind.LEAK: ("leak", 0.0),
    }.get(kind, (devices[int(chance.integers(len(devices)))], 0.0))
    return Scenario(
        seed,
        kind,
        target,
        magnitude,
        float(chance.uniform(EARLIEST_S, LATEST_S)),
        float(chance.uniform(*REACTION_S)),
        float(chance.uniform(*MENDING_S)),
    )
