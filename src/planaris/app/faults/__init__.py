"""The fault campaign: seeded faults of a twin under a real controller, a scripted operator, and what must hold."""

from planaris.app.faults.play import SeedResult, play
from planaris.app.faults.scenario import Fault, FaultKind, Scenario, draw

__all__ = ["Fault", "FaultKind", "Scenario", "SeedResult", "draw", "play"]
