"""The end of a step: a detector within its earliest and latest time, with over-polish and the path to the PLC."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from planaris.control.endpoint.decision import Decision, DecisionKind, DelayPath, Detector
from planaris.control.endpoint.over_polish import OverPolish
from planaris.model import Block


@dataclass(frozen=True, slots=True)
class StepEndState:
    """State of the detector inside, the step's start, and the decision that ended it, which then stands."""

    start_s: float
    inside: Any
    ended: Decision | None = None


@dataclass(frozen=True, slots=True)
class StepEndDetector:
    """What a step asks: ``step`` until a decision is final, then stop at its ``stop_s``.

    A call before ``earliest_s`` waits for it; without a call the step ends at ``latest_s`` and the wafer is held.
    ``stop_s`` is when the PLC's stop is ordered, so that endpoint and over-polish are met when the ramp is over: the
    path is charged. Where that has passed already, it is the newest sample's time.
    """

    detector: Detector
    earliest_s: float
    latest_s: float
    over_polish: OverPolish = field(default_factory=OverPolish)
    path: DelayPath = field(default_factory=DelayPath)

    def start(self, start_s: float) -> StepEndState:
        """Return the state at the step's start, at a tool time."""
        return StepEndState(start_s, self.detector.start(start_s))

    def step(self, state: StepEndState, block: Block) -> tuple[StepEndState, Decision]:
        """Take one block of any rate class; a final decision is repeated."""
        if state.ended is not None:
            return state, state.ended
        inside, said = self.detector.step(state.inside, block)
        now_s, latest_s = float(block.time_s[-1]), state.start_s + self.latest_s
        decision = said
        if said.kind is DecisionKind.CALL:
            decision = self._call(state, said, now_s)
        elif said.kind is DecisionKind.ABORT:
            decision = replace(said, stop_s=now_s)
        elif now_s >= latest_s - self.path.delay_s:
            decision = replace(said, kind=DecisionKind.HOLD, stop_s=latest_s, why=_missed(said, self.latest_s))
        ended = decision if decision.is_final else None
        return StepEndState(state.start_s, inside, ended), decision

    def _call(self, state: StepEndState, said: Decision, now_s: float) -> Decision:
        endpoint_s = now_s if said.endpoint_s is None else said.endpoint_s
        longer_s = self.over_polish.longer_s(max(0.0, endpoint_s - state.start_s), said.rate_nm_min)
        earliest_s, latest_s = state.start_s + self.earliest_s, state.start_s + self.latest_s
        stop_s = max(now_s, endpoint_s + longer_s - self.path.charge_s)
        why = said.why
        if stop_s < earliest_s:
            why += f"; waits for the earliest time {self.earliest_s:g} s"
        if stop_s > latest_s:
            why += f"; cut at the latest time {self.latest_s:g} s"
        return replace(said, endpoint_s=endpoint_s, stop_s=min(max(stop_s, earliest_s), latest_s), why=why)


def _missed(said: Decision, latest_s: float) -> str:
    cause = f" ({said.why})" if said.why else ""
    return f"no endpoint by the latest time {latest_s:g} s{cause}"
