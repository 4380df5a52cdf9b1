"""Places of a tool: the instances of every scope, with an index that does not depend on the tool."""

from __future__ import annotations

import re
from collections.abc import Iterable

from planaris.dictionary.types import Place, Scope
from planaris.model import Architecture, ToolDescription

_NUMBERED = re.compile(r"(.*?)(\d*)$")


class UnknownStationError(ValueError):
    """The tool description names cleaner stations that the dictionary does not declare."""

    def __init__(self, stations: tuple[str, ...], known: tuple[str, ...]) -> None:
        self.stations = stations
        self.known = known
        super().__init__(f"unknown cleaner station {', '.join(stations)}; known are {', '.join(known)}")


def _numbered(scope: Scope, name: str, number: int) -> Place:
    shown = str(number) if number else ""
    return Place(
        name=name,
        scope=scope.name,
        index=max(number, 1) - 1,
        text_en=f"{scope.text_en} {shown}".rstrip(),
        text_zh=f"{scope.text_zh}{shown}",
        is_device=bool(scope.verbs),
        holds_wafer=scope.holds_wafer,
    )


def split_name(name: str) -> tuple[str, int]:
    """Return a place's scope and number, 0 where it has none: ``brush2`` -> ("brush", 2)."""
    found = _NUMBERED.match(name)
    assert found is not None
    return found[1], int(found[2] or 0)


def _counts(tool: ToolDescription) -> dict[str, int]:
    """Return how many numbered places each rule of a scope gives."""
    units_count = tool.units.count if tool.units is not None else 0
    return {"load_ports": tool.load_ports, "heads": tool.heads, "platens": tool.platens, "units": units_count}


def _presences(tool: ToolDescription) -> dict[str, bool]:
    """Return whether the one place of each other rule is there."""
    return {
        "one": True,
        "carousel": tool.architecture is Architecture.CAROUSEL,
        "second_stage": tool.stages > 1,
        "second_dry_arm": tool.dry_robot.arms > 1,
        "second_wet_arm": tool.wet_robot.arms > 1,
        "metrology": tool.metrology is not None,
    }


def places_of(scopes: Iterable[Scope], tool: ToolDescription) -> dict[str, Place]:
    """Return the places of a tool by name, in the order of the scopes.

    Raises `UnknownStationError` for a cleaner station without a scope, `ValueError` for more places than a
    scope has ids for.
    """
    scopes = tuple(scopes)
    counts, presences = _counts(tool), _presences(tool)
    station_scopes = tuple(s.name for s in scopes if s.instances == "stations")
    unknown = tuple(s for s in tool.cleaner.stations if split_name(s)[0] not in station_scopes)
    if unknown:
        raise UnknownStationError(unknown, station_scopes)
    found: list[Place] = []
    for scope in scopes:
        if scope.instances in counts:
            found += [_numbered(scope, f"{scope.name}{n}", n) for n in range(1, counts[scope.instances] + 1)]
        elif scope.instances == "stations":
            named = [(name, *split_name(name)) for name in tool.cleaner.stations]
            found += [_numbered(scope, name, number) for name, kind, number in named if kind == scope.name]
        elif presences[scope.instances]:
            found.append(_numbered(scope, scope.name, 0))
    rooms = {scope.name: scope.room for scope in scopes}
    crowded = [place.name for place in found if place.index >= rooms[place.scope]]
    if crowded:
        raise ValueError(f"no ids are kept for {', '.join(crowded)}: a scope has room for {rooms} places")
    return {place.name: place for place in found}
