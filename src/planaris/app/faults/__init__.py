"""Fault campaigns: one seeded fault in a lot on the twin, a scripted operator, and invariants that nobody may break."""

from planaris.app.faults.draw import FaultKind, Scenario, draw
from planaris.app.faults.run import FaultRun, run_fault

__all__ = ["FaultKind", "FaultRun", "Scenario", "draw", "run_fault"]
