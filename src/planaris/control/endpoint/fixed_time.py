"""Fixed time: the endpoint is a time after the step's start, whatever sensors say."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.control.endpoint.decision import Decision, DecisionKind
from planaris.model import Block


@dataclass(frozen=True, slots=True)
class FixedTime:
    """Call ``time_s`` after the step's start. ``lead_s`` is how long before the call is made known."""

    time_s: float
    lead_s: float = 1.0

    def start(self, start_s: float) -> float:
        """Return the instant that is waited for."""
        return start_s + self.time_s

    def step(self, state: float, block: Block) -> tuple[float, Decision]:
        """Call from ``lead_s`` before that instant on."""
        now_s = float(block.time_s[-1])
        if now_s + self.lead_s < state:
            return state, Decision(DecisionKind.NONE, now_s)
        why = f"{self.time_s:g} s after the start"
        return state, Decision(DecisionKind.CALL, now_s, why, endpoint_s=state, confidence_fraction=1.0)
