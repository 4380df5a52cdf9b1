"""The fail-state table: what each valve and drive does by itself when power, air, vacuum or its PLC is lost."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources


class Loss(StrEnum):
    """What an output can lose, and the safety layer's order to the chemical valves."""

    POWER = "power"
    AIR = "air"
    VACUUM = "vacuum"
    COMMUNICATION = "communication"
    CHEMICALS = "chemicals"


class FailState(StrEnum):
    """Where an output goes."""

    CLOSED = "closed"
    OPEN = "open"
    STOPPED = "stopped"
    VENTED = "vented"
    UP = "up"
    HOLDS = "holds"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Output:
    """One valve or drive of a kind of place: the twin's actuators behind it, and its state on each loss."""

    place: str
    name: str
    actuators: tuple[str, ...]
    kind_en: str
    kind_zh: str
    on: Mapping[Loss, FailState]


_EVERY_ZONE = "zone*"


@cache
def fail_states(zones_count: int) -> tuple[Output, ...]:
    """Return the data file's table for heads of so many zones; raise `ValueError` for a state that does not exist."""
    zones = tuple(f"zone{z}" for z in range(1, zones_count + 1))
    text = resources.files("planaris.twin").joinpath("data", "fail_states.toml").read_text(encoding="utf-8")
    return tuple(
        Output(
            row["place"],
            row["name"],
            tuple(a for name in row["actuators"] for a in (zones if name == _EVERY_ZONE else (name,))),
            row["kind"][0],
            row["kind"][1],
            {loss: FailState(row[loss.value]) for loss in Loss},
        )
        for row in tomllib.loads(text)["output"]
    )


def acting(place: str, loss: Loss, zones_count: int) -> dict[str, FailState]:
    """Return actuator -> state of a kind of place for a loss; what stays as it is is left out.

    ``zones_count`` is how many membrane zones each head has.
    """
    return {
        actuator: state
        for output in fail_states(zones_count)
        if output.place == place
        for actuator in output.actuators
        if (state := output.on[loss]) not in {FailState.HOLDS, FailState.UNCHANGED}
    }
