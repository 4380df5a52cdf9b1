"""Quarantine of a platen after breakage or a slip: what releases it, step by step, each told in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from planaris.model import WaferKind
from planaris.stream import Event, EventStream, QuarantineChanged
from planaris.tool.alarms import AlarmBook

ALARM = "platen_quarantined"


class QuarantineState(StrEnum):
    """State of a platen's quarantine."""

    OPEN = "open"
    INSPECTED = "inspected"
    QUALIFIED = "qualified"
    RELEASED = "released"


# Breakage opens it from anywhere; a qualification wafer that fails sends it back to its inspection.
QUARANTINE_TABLE: Mapping[tuple[QuarantineState, str], QuarantineState] = {
    (QuarantineState.OPEN, "inspect"): QuarantineState.INSPECTED,
    (QuarantineState.INSPECTED, "qualify"): QuarantineState.QUALIFIED,
    (QuarantineState.INSPECTED, "fail"): QuarantineState.OPEN,
    (QuarantineState.QUALIFIED, "release"): QuarantineState.RELEASED,
    (QuarantineState.INSPECTED, "break"): QuarantineState.OPEN,
    (QuarantineState.QUALIFIED, "break"): QuarantineState.OPEN,
    (QuarantineState.RELEASED, "break"): QuarantineState.OPEN,
}


class QuarantineError(Exception):
    """A step of a quarantine was asked that its state, or the person, does not allow."""


class Quarantine:
    """Platens that take no product. Who inspected may not sign off."""

    def __init__(self, stream: EventStream, alarms: AlarmBook) -> None:
        self._stream, self._alarms = stream, alarms
        self._states: dict[str, QuarantineState] = {}
        self._inspectors: dict[str, str] = {}

    def state_of(self, platen: str) -> QuarantineState:
        """Return the state of a platen's quarantine."""
        return self._states.get(platen, QuarantineState.RELEASED)

    def refusal(self, platen: str, kind: WaferKind) -> str:
        """Return why a wafer may not be polished on a platen; '' if it may."""
        state = self.state_of(platen)
        if state is QuarantineState.RELEASED:
            return ""
        if state is QuarantineState.INSPECTED and kind is WaferKind.QUALIFICATION:
            return ""
        return f"{platen} is in quarantine, {state.value}"

    def open(self, platen: str, why: str) -> None:
        """Close a platen to product."""
        if self.state_of(platen) is not QuarantineState.OPEN:
            self._go(platen, "break", "", why)
            self._alarms.set(ALARM, platen, self._alarms.severity_of(ALARM), why)

    def inspect(self, platen: str, principal: str, finding: str) -> None:
        """Note that a person cleaned and inspected; qualification wafers may be polished now."""
        self._go(platen, "inspect", principal, finding)
        self._inspectors[platen] = principal

    def polished(self, platen: str, kind: WaferKind, *, passed: bool) -> None:
        """Take note of a qualification wafer's result."""
        if kind is WaferKind.QUALIFICATION and self.state_of(platen) is QuarantineState.INSPECTED:
            self._go(platen, "qualify" if passed else "fail", "", "qualification wafer " + ("in" if passed else "off"))

    def release(self, platen: str, principal: str, why: str) -> None:
        """Sign off; by another person than the one who inspected."""
        if principal == self._inspectors.get(platen):
            raise QuarantineError(f"{principal} inspected {platen}: another person signs off")
        self._go(platen, "release", principal, why)
        self._alarms.clear(ALARM, platen, f"released by {principal}: {why}")

    def _go(self, platen: str, trigger: str, principal: str, why: str) -> None:
        old = self.state_of(platen)
        new = QUARANTINE_TABLE.get((old, trigger))
        if new is None:
            raise QuarantineError(f"{platen} is {old.value}: it does not take '{trigger}'")
        self._states[platen] = new
        self._stream.commit(QuarantineChanged(platen, old.value, new.value, trigger, principal, why))

    def restore(self, events: Iterable[Event]) -> None:
        """Take over the state that a journal tells; what is not released sets its alarm again."""
        for event in events:
            if isinstance(event, QuarantineChanged):
                self._states[event.module] = QuarantineState(event.state)
                if event.trigger == "inspect":
                    self._inspectors[event.module] = event.principal
        for platen, state in self._states.items():
            if state is not QuarantineState.RELEASED:
                self._alarms.set(ALARM, platen, self._alarms.severity_of(ALARM), f"still {state.value}")
