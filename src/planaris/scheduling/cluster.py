"""A cluster tool as a job shop: robots between modules, routes with alternatives, chamber cleans. Data only.

Handling rules, the same for planner, checker and bound: a module holds one wafer; a robot picks, moves and places, and
moves empty to where it picks next, both by one table of times; a robot of one arm picks only when the destination is
free or will be; one of two arms may at an occupied module pick the wafer there, turn (``swap_s``) and place the other.
A module named ``X.in`` and one named ``X.out`` are two places at X. Published plans often leave the empty moves out: a
cluster can be told to, so that plans by the same rule are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClusterRobot:
    """A robot: arms, and seconds from position to position."""

    name: str
    arms: int
    move_s: Mapping[tuple[str, str], float]

    def way_s(self, one: str, other: str) -> float:
        """Return the time between two modules' positions."""
        return self.move_s[position(one), position(other)]

    def reaches(self, module: str) -> bool:
        """Whether the module is this robot's."""
        return (position(module), position(module)) in self.move_s


@dataclass(frozen=True, slots=True)
class ClusterStep:
    """One operation: any of these modules, and its seconds."""

    modules: tuple[str, ...]
    time_s: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """A tool and the one route on it. ``ports`` are where wafers come from and go back to, ``port_size`` each.

    Modules in ``cleaned`` are cleaned for ``clean_s`` after every ``clean_every`` wafers, from the pick of the last.
    Without ``empty_moves`` a robot without a wafer is where it is needed in no time.
    """

    name: str
    robots: tuple[ClusterRobot, ...]
    ports: tuple[str, ...]
    port_size: int
    steps: tuple[ClusterStep, ...]
    pick_s: float
    place_s: float
    swap_s: float
    cleaned: frozenset[str] = frozenset()
    clean_every: int = 0
    clean_s: float = 0.0
    empty_moves: bool = True

    def empty_way_s(self, robot: ClusterRobot, one: str, other: str) -> float:
        """Return the time of a move without a wafer between two modules' positions."""
        return robot.way_s(one, other) if self.empty_moves else 0.0

    def port_of(self, wafer: int) -> str:
        """Return the port of the wafer, counted from 0."""
        return self.ports[wafer // self.port_size]

    def robot_of(self, step: int) -> ClusterRobot:
        """Return the robot that brings wafers to a step; the number of steps means back to the port."""
        before = self.steps[step - 1].modules[0] if step else self.ports[0]
        after = self.steps[step].modules[0] if step < len(self.steps) else self.ports[0]
        return next(r for r in self.robots if r.reaches(before) and r.reaches(after))


def position(module: str) -> str:
    """Return where a module stands: ``LLA.in`` and ``LLA.out`` are both at LLA."""
    return module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Handling:
    """One pick or place of one wafer by a robot; ``step`` is the step the wafer leaves or comes to, -1 its port."""

    robot: str
    kind: str
    wafer: int
    module: str
    step: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """A plan: every pick and place in order of start."""

    handlings: tuple[Handling, ...]

    @property
    def makespan_s(self) -> float:
        """When the last wafer is back."""
        return max((h.end_s for h in self.handlings), default=0.0)
