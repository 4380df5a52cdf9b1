"""Numeric ids: a committed lock keeps them across versions. `planaris.dictionary.lock` adds new ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from planaris.dictionary.source import Declarations, read_data
from planaris.dictionary.types import VariableTemplate

LOCK_FILE = "ids.lock.toml"
# Ids of a zone's variables lie this many places apart; a head has at most ZONE_ROOM zones.
ZONE_ROOM = 8

# kind -> first and last id of its range. Alarm events lie above the alarms, at fixed offsets (types.py).
RANGES: dict[str, tuple[int, int]] = {
    "sv": (1_000, 49_999),
    "dv": (50_000, 59_999),
    "ec": (60_000, 69_999),
    "event": (70_000, 79_999),
    "command": (80_000, 89_999),
    "alarm": (100_000, 199_999),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the lock must know of a declaration: kind, key, ids it needs and its SECS-II format ('' if none)."""

    kind: str
    key: str
    room: int
    secs_format: str


@dataclass(frozen=True, slots=True)
class Locked:
    """One line of the lock: a declaration's first id, how many ids it has, its SECS-II format."""

    base: int
    room: int
    secs_format: str


def parse_lock(tables: Mapping[str, Any]) -> dict[str, dict[str, Locked]]:
    """Return the lines of a lock by kind and key; lines read ``first_id room format key``, '-' for no format."""
    found: dict[str, dict[str, Locked]] = {}
    for kind, table in tables.items():
        lines = found[kind] = {}
        for line in table["entries"].split("\n"):
            if line:
                base, room, secs_format, key = line.split(" ")
                lines[key] = Locked(int(base), int(room), "" if secs_format == "-" else secs_format)
    return found


@cache
def lock() -> dict[str, dict[str, Locked]]:
    """Return the committed lock by kind and key."""
    return parse_lock(read_data(LOCK_FILE))


def base_id(kind: str, key: str) -> int:
    """Return the first id of a declaration. Raises `KeyError` that names the command which locks it."""
    try:
        return lock()[kind][key].base
    except KeyError:
        raise KeyError(f"{kind} {key} has no id: run `python -m planaris.dictionary.lock --update`") from None


def variable_room(template: VariableTemplate, scope_room: int) -> int:
    """Return how many ids a template needs."""
    return scope_room * (ZONE_ROOM if template.per_zone else 1)


def entries(declared: Declarations) -> Iterator[Entry]:
    """Yield what must be in the lock, in the order of the data files."""
    rooms = {name: scope.room for name, scope in declared.scopes.items()}
    for template in declared.variables:
        room = variable_room(template, rooms.get(template.scope, 1))
        yield Entry(template.kind, template.key, room, template.secs_format)
    for name, entry in declared.constants.items():
        yield Entry("ec", name, 1, constant_format(entry))
    for name in declared.events:
        yield Entry("event", name, 1, "")
    for name in declared.commands:
        yield Entry("command", name, 1, "")
    for alarm in declared.alarms.values():
        for scope in alarm.scopes:
            yield Entry("alarm", f"{scope}.{alarm.name}", rooms[scope], "")


def constant_format(entry: Mapping[str, Any]) -> str:
    """Return the SECS-II format of a constant from the type of its default."""
    default = entry["default"]
    if isinstance(default, bool):
        return "BOOLEAN"
    return "U4" if isinstance(default, int) else "F4"
