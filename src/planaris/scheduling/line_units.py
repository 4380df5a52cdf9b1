"""The line of a tool of polishing units: its times, places and routes. Data only.

A visit's ``platen`` is a stage of the recipe here; the line says which platens serve it. A wafer stays with the unit
that took it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from planaris.model import RobotTimes, ToolDescription
from planaris.scheduling.line import PlatenVisit, RoutedWafer


@dataclass(frozen=True, slots=True)
class UnitsLine:
    """Times of a tool of units, seconds of work without handshake; ``command_s`` comes on top of every device command.

    ``units`` lists the platens of each unit, ``route`` the platens that may serve each stage. ``wet_arms`` are the wet
    robot's arms and ``stages`` the places between the robots, as locations; ``stations`` the cleaner's places.
    """

    dry: RobotTimes
    wet: RobotTimes
    aligner_s: float
    carrier_map_s: float
    unload_s: float
    head_rinse_s: float
    load_s: float
    chuck_s: float
    swing_table_s: float
    swing_exchange_s: float
    units: tuple[tuple[int, ...], ...]
    route: tuple[tuple[int, ...], ...]
    wet_arms: tuple[str, ...]
    stages: tuple[str, ...]
    stations: tuple[str, ...]
    exchange_s: float
    measured: bool
    command_s: float = 0.0

    def platens_for(self, stage: int) -> tuple[int, ...]:
        """Return the platens that may serve a stage, which counts from 1."""
        return self.route[stage - 1]

    @property
    def change_s(self) -> float:
        """How long the wet robot needs at least to take a wafer from a cup and to put the next one in."""
        wet = self.wet
        if wet.arms > 1:
            return wet.swap_s
        return wet.pick_s + wet.move_s + wet.place_s + wet.empty_move_s + wet.pick_s + wet.move_s + wet.place_s


def units_line_of(tool: ToolDescription, *, metrology: bool = True, command_s: float = 0.0) -> UnitsLine:
    """Return the line of a tool of units; raise `ValueError` for another."""
    cup, units = tool.load_cup, tool.units
    if units is None:
        raise ValueError(f"tool {tool.name} has no polishing units")
    return UnitsLine(
        dry=tool.dry_robot,
        wet=tool.wet_robot,
        aligner_s=tool.aligner_s,
        carrier_map_s=tool.carrier_map_s,
        unload_s=cup.unload_s,
        head_rinse_s=cup.head_rinse_s,
        load_s=cup.load_s,
        chuck_s=cup.chuck_s,
        swing_table_s=units.swing_table_s,
        swing_exchange_s=units.swing_exchange_s,
        units=tuple(tool.platens_of(unit) for unit in range(1, units.count + 1)),
        route=tuple(tool.platens_for(stage) for stage in range(1, tool.recipe_stages + 1)),
        wet_arms=("wet_robot", "wet_robot_b")[: tool.wet_robot.arms],
        stages=("stage", "stage_out")[: tool.stages],
        stations=tool.cleaner.stations,
        exchange_s=tool.cleaner.exchange_s,
        measured=metrology and tool.metrology is not None,
        command_s=command_s,
    )


def swings_s(line: UnitsLine, visits: Sequence[PlatenVisit], unit: int) -> float:
    """Return the swings of a wafer on a unit (from 1): out, between its tables, back.

    Raises `ValueError` if the unit has no platen for a visit.
    """
    platens: list[int] = []
    for visit in visits:
        mine = [n for n in line.platens_for(visit.platen) if n in line.units[unit - 1]]
        if not mine:
            raise ValueError(f"unit {unit} has no platen for stage {visit.platen}")
        platens.append(platens[-1] if platens and platens[-1] in mine else mine[0])
    between = sum(a != b for a, b in pairwise(platens))
    return 2 * line.swing_exchange_s + between * line.swing_table_s


def unit_busy_s(line: UnitsLine, wafer: RoutedWafer, unit: int) -> float:
    """Return the shortest time between two such wafers of a unit with one head.

    Raises `ValueError` if the unit has no platen for a visit.
    """
    exchange_s = line.unload_s + max(line.head_rinse_s, line.change_s) + line.load_s + line.chuck_s
    return sum(v.time_s for v in wafer.visits) + swings_s(line, wafer.visits, unit) + exchange_s


def serving_units(line: UnitsLine, wafer: RoutedWafer) -> tuple[int, ...]:
    """Return the units that have a platen for every stage of a wafer."""
    stages = [set(line.platens_for(visit.platen)) for visit in wafer.visits]
    return tuple(n for n, platens in enumerate(line.units, start=1) if all(s.intersection(platens) for s in stages))


def head_free_s(
    line: UnitsLine,
    wafer: str | None,
    todo: Mapping[str, Sequence[PlatenVisit]],
    due_s: Mapping[str, float],
    unit: int,
) -> float:
    """Return in how many seconds a unit's head, with this wafer or none, can take the next one.

    ``todo`` are a wafer's visits to come, the one under way among them; ``due_s`` when a head is through with it.
    """
    if wafer is None:
        return 0.0
    visits = todo.get(wafer, ())
    under_way_s = due_s.get(f"head{unit}", visits[0].time_s if visits else 0.0)
    rest_s = sum(visit.time_s for visit in visits[1:]) + line.swing_table_s * max(0, len(visits) - 1)
    return under_way_s + rest_s + line.swing_exchange_s + line.unload_s + line.head_rinse_s + line.load_s + line.chuck_s
