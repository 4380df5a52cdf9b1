"""What the engine asks of the part of a tool between the robots: a carousel, or polishing units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from planaris.model import Wafer, WaferKind
from planaris.scheduling import Move
from planaris.tool.fault_watch import FaultOrder
from planaris.tool.work import Piece


@dataclass(frozen=True, slots=True)
class FloorFacts:
    """What every dispatch rule looks at, whatever the tool; a transport adds its own and asks its rule.

    ``at`` maps location to wafer; ``ready`` holds locations whose wafer waits to leave; ``busy`` locations and
    modules in use; ``down`` those that take no work; ``queue`` carrier slots of wafers not begun, in order; ``home``
    maps wafer to its slot; ``polished`` wafers with no platen to come; ``returning`` those of them that are dry and
    were never polished: they go home the shortest way; ``waiting`` wafers that must not go further towards the
    platens now; ``route`` maps wafer to its platens to come; ``wet_limit_s`` wafer to its polish-to-clean limit;
    ``due_s`` seconds until a location's wafer is expected to be ready.
    """

    at: Mapping[str, str]
    ready: frozenset[str]
    busy: frozenset[str]
    down: frozenset[str]
    queue: tuple[str, ...]
    home: Mapping[str, str]
    polished: frozenset[str]
    returning: frozenset[str]
    waiting: frozenset[str]
    route: Mapping[str, tuple[int, ...]]
    wet_limit_s: Mapping[str, float]
    due_s: Mapping[str, float]


class Transport(Protocol):
    """Brings wafers from where the wet robot hands them over, through the platens, and back."""

    @property
    def path(self) -> frozenset[str]:
        """Modules that every wafer needs here; while one is down no new wafer is begun."""
        ...

    @property
    def whole_transfers(self) -> frozenset[str]:
        """Robots whose transfers are one piece of work; a wafer on an arm of another waits there for the next move."""
        ...

    def out_of_control(self, wafer: Wafer, platen: str, orders: Sequence[FaultOrder]) -> None:
        """Do what fault detection's plan wants done because of a wafer; ``platen`` '' where it was seen on none."""
        ...

    def open_to(self, route: tuple[int, ...], kind: WaferKind) -> bool:
        """Whether a wafer that has these stages to come could pass them as things stand."""
        ...

    def next_moves(self, facts: FloorFacts) -> tuple[Move, ...]:
        """Ask the dispatch rule of this kind of tool; called once a turn of the engine."""
        ...

    def piece(self, move: Move) -> Piece | None:
        """Return the work of a move that is this transport's own (load, unload, index …); None for the robots'."""
        ...

    def taken(self, source: str) -> Piece | None:
        """Return what follows when the wet robot took a wafer from a hand-over place, such as a head's rinse.

        The piece takes the place over from the robot; None gives it free at once.
        """
        ...

    def may_visit(self, wafer: Wafer, platen: int) -> str:
        """Return why a wafer may not be polished on a platen now; '' if it may."""
        ...

    def breakage(self, platen: str, wafer_id: str) -> None:
        """Quarantine a platen after breakage; wafers on the other heads finish and are marked suspect."""
        ...

    def settle(self, source: str, destination: str) -> str:
        """Return where sensors see a wafer whose move of this transport was not confirmed; '' if they do not tell."""
        ...

    def platen_under(self, head: int) -> int | None:
        """Return the platen a head stands over, None where it is handed wafers."""
        ...

    def take_up(self, asked: frozenset[str]) -> None:
        """Go on with the wafers on heads after a restart: visits of those over their platens, the others wait.

        ``asked`` are wafers that a person must look for first: nothing is begun with them.
        """
        ...

    def close(self) -> None:
        """Forget what is under way beside the pieces of work."""
        ...

    def abort_visits(self, error: Exception, wafers: frozenset[str] | None = None) -> None:
        """End polishing now, of all wafers or some: heads up, rinse on, slurry off."""
        ...
