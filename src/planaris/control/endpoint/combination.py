"""Several detectors as one: the first of them, all of them, or one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from planaris.control.endpoint.decision import Decision, DecisionKind, Detector
from planaris.model import Block

_Answers = tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class CombinationState:
    """States of the members, their last answers, and which member is waited for (`After`)."""

    members: tuple[Any, ...]
    answers: _Answers
    turn: int = 0


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Call with the member that calls first; faulty only when every member is."""

    members: tuple[Detector, ...]

    def start(self, start_s: float) -> CombinationState:
        """Start every member."""
        return _start(self.members, start_s)

    def step(self, state: CombinationState, block: Block) -> tuple[CombinationState, Decision]:
        """Give the block to every member and take the earliest endpoint."""
        state = _step_all(self.members, state, block)
        calls = [a for a in state.answers if a.kind is DecisionKind.CALL]
        if calls:
            return state, _seen(min(calls, key=_endpoint_s), state.answers)
        return state, _not_yet(state.answers, all)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Call when every member has called, with the latest endpoint; a call stands once it is made.

    A faulty member cannot call, so neither can the whole.
    """

    members: tuple[Detector, ...]

    def start(self, start_s: float) -> CombinationState:
        """Start every member."""
        return _start(self.members, start_s)

    def step(self, state: CombinationState, block: Block) -> tuple[CombinationState, Decision]:
        """Give the block to every member that has not called yet."""
        state = _step_all(self.members, state, block, keep_calls=True)
        if all(a.kind is DecisionKind.CALL for a in state.answers):
            latest = max(state.answers, key=_endpoint_s)
            why = "; ".join(a.why for a in state.answers)
            return state, replace(_seen(latest, state.answers), why=why, time_s=float(block.time_s[-1]))
        return state, _not_yet(state.answers, any)


@dataclass(frozen=True, slots=True)
class After:
    """Call with the last member; each begins at the endpoint of the one before it."""

    members: tuple[Detector, ...]

    def start(self, start_s: float) -> CombinationState:
        """Start the first member; the others wait."""
        first = self.members[0].start(start_s)
        return CombinationState((first, *(None for _ in self.members[1:])), (_nothing(start_s),) * len(self.members))

    def step(self, state: CombinationState, block: Block) -> tuple[CombinationState, Decision]:
        """Give the block to the member whose turn it is."""
        turn = state.turn
        inner, answer = self.members[turn].step(state.members[turn], block)
        members = (*state.members[:turn], inner, *state.members[turn + 1 :])
        answers = (*state.answers[:turn], answer, *state.answers[turn + 1 :])
        if answer.kind is not DecisionKind.CALL or turn == len(self.members) - 1:
            return CombinationState(members, answers, turn), answer
        now_s = float(block.time_s[-1])
        if answer.endpoint_s is not None and answer.endpoint_s > now_s:  # foreseen, not there yet
            waits = replace(answer, kind=DecisionKind.NONE, why=f"waits for: {answer.why}")
            return CombinationState(members, answers, turn), waits
        begun = self.members[turn + 1].start(now_s)
        members = (*members[: turn + 1], begun, *members[turn + 2 :])
        return CombinationState(members, answers, turn + 1), replace(answer, kind=DecisionKind.NONE)


def _nothing(time_s: float) -> Decision:
    return Decision(DecisionKind.NONE, time_s)


def _endpoint_s(decision: Decision) -> float:
    return decision.time_s if decision.endpoint_s is None else decision.endpoint_s


def _start(members: Sequence[Detector], start_s: float) -> CombinationState:
    return CombinationState(tuple(m.start(start_s) for m in members), (_nothing(start_s),) * len(members))


def _step_all(
    members: Sequence[Detector], state: CombinationState, block: Block, *, keep_calls: bool = False
) -> CombinationState:
    inner: list[Any] = []
    answers: list[Decision] = []
    for member, before, said in zip(members, state.members, state.answers, strict=True):
        if keep_calls and said.kind is DecisionKind.CALL:
            inner.append(before)
            answers.append(said)
            continue
        after, answer = member.step(before, block)
        # A block that a member does not read leaves its last answer standing.
        if after is before and answer.kind is DecisionKind.NONE and said.kind is not DecisionKind.CALL:
            answer = replace(said, time_s=answer.time_s)
        inner.append(after)
        answers.append(answer)
    return replace(state, members=tuple(inner), answers=tuple(answers))


def _seen(decision: Decision, answers: _Answers) -> Decision:
    """Return a decision with the thickness of whichever member sees one."""
    if decision.thickness_nm is not None:
        return decision
    seen = next((a for a in answers if a.thickness_nm is not None), None)
    if seen is None:
        return decision
    return replace(
        decision,
        thickness_nm=seen.thickness_nm,
        sigma_nm=seen.sigma_nm,
        rate_nm_min=seen.rate_nm_min,
        zones_nm=seen.zones_nm,
        zone_rates_nm_min=seen.zone_rates_nm_min,
    )


def _not_yet(answers: _Answers, quorum: Any) -> Decision:
    """Return the answer of members of which not enough have called."""
    now_s = max(a.time_s for a in answers)
    aborts = [a for a in answers if a.kind is DecisionKind.ABORT]
    if aborts:
        return aborts[0]
    faults = [a for a in answers if a.kind is DecisionKind.FAULT]
    kind = DecisionKind.FAULT if quorum(a.kind is DecisionKind.FAULT for a in answers) else DecisionKind.NONE
    why = "; ".join(a.why for a in faults)
    confidence = max(a.confidence_fraction for a in answers)
    return _seen(Decision(kind, now_s, why, confidence_fraction=confidence), answers)
