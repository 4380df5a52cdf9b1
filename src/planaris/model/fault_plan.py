"""The out-of-control action plan: what a tool does when fault detection finds a fault, as data of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planaris.model.process_fault import UNKNOWN_FAULT, ProcessFault


class OutOfControlAction(StrEnum):
    """What a tool does about a fault, from the mildest on; each does also what stands before it."""

    WARN = "warn"
    HOLD_LOT = "hold_lot"
    STOP_PLATEN = "stop_platen"


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """Do ``action`` when ``fault`` was found on so many wafers in a row at one place.

    ``fault`` is a `ProcessFault` or "unknown".
    """

    fault: str
    action: OutOfControlAction
    after_count: int = 1


# A fault that spoils wafers at once holds the lot; wear that goes on slowly warns first [design].
DEFAULT_ACTIONS: tuple[PlannedAction, ...] = (
    PlannedAction(ProcessFault.SLURRY_DROP, OutOfControlAction.HOLD_LOT),
    PlannedAction(ProcessFault.SLURRY_DROP, OutOfControlAction.STOP_PLATEN, 3),
    PlannedAction(ProcessFault.MEMBRANE_LEAK, OutOfControlAction.HOLD_LOT),
    PlannedAction(ProcessFault.HEAD_SPEED_DRIFT, OutOfControlAction.WARN),
    PlannedAction(ProcessFault.HEAD_SPEED_DRIFT, OutOfControlAction.HOLD_LOT, 3),
    PlannedAction(ProcessFault.WORN_DISK, OutOfControlAction.WARN),
    PlannedAction(ProcessFault.RING_WEAR, OutOfControlAction.WARN),
    PlannedAction(UNKNOWN_FAULT, OutOfControlAction.WARN),
    PlannedAction(UNKNOWN_FAULT, OutOfControlAction.HOLD_LOT, 3),
)


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Fault detection of one recipe: wafers that limits are learned from at each platen, and what is done."""

    learn_count: int = 12
    actions: tuple[PlannedAction, ...] = DEFAULT_ACTIONS

    def action_for(self, fault: str, found_count: int) -> OutOfControlAction | None:
        """Return the strongest action due for a fault found so many times in a row; None where none is planned."""
        order = tuple(OutOfControlAction)
        due = [a.action for a in self.actions if a.fault == fault and found_count >= a.after_count]
        return max(due, key=order.index, default=None)
