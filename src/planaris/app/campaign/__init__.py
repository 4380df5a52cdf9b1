"""The fault campaign: seeded faults of a twin under a real controller, a scripted operator, and what must hold."""

from planaris.app.campaign.play import SeedResult, play, with_slots
from planaris.app.campaign.scenario import Fault, FaultKind, Scenario, draw

__all__ = ["Fault", "FaultKind", "Scenario", "SeedResult", "draw", "play", "with_slots"]
