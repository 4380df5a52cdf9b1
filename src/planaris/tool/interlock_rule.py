"""An interlock as data: its number, the actions it blocks, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from planaris.hardware import TagWatch
from planaris.model import ToolDescription


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may look at: tags, the tool, ports whose slot map and tracked wafers disagree, codes, alarms that are
    set as (alarm, source), parts past their life, and whether the PLC answers."""

    watch: TagWatch
    tool: ToolDescription
    mismatched_ports: frozenset[str]
    wet_stations: Mapping[str, int]
    outside_verbs: Collection[int]
    alarms: Collection[tuple[str, str]] = ()
    expired: Collection[str] = ()
    linked: bool = True

    def set_at(self, alarm: str) -> list[str]:
        """Return the places where an alarm is set."""
        return [source for name, source in self.alarms if name == alarm]

    def arm_inside(self, place: str) -> bool:
        """Whether the wet robot reaches into a place now; standing or turning a wafer before it is not reaching in."""
        busy = self.watch.is_on("wet_robot.sts.busy") and self.watch["wet_robot.cmd.verb"] not in self.outside_verbs
        return busy and self.watch["wet_robot.cmd.arg1"] == self.wet_stations[place]


@dataclass(frozen=True, slots=True)
class Rule:
    """``blocked`` returns the reason why the action on the subject may not start, '' if it may."""

    number: str
    actions: tuple[str, ...]
    title: str
    blocked: Callable[[Facts, str], str]
