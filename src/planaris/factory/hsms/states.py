"""The states of a link and the table of its transitions."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class LinkState(enum.StrEnum):
    """State of a link."""

    NOT_CONNECTED = "NOT CONNECTED"
    NOT_SELECTED = "NOT SELECTED"
    SELECTED = "SELECTED"


class Trigger(enum.StrEnum):
    """What moves a link from state to state."""

    CONNECT = "TCP connected"
    SELECT = "Select accepted"
    DESELECT = "Deselect accepted"
    T7 = "T7 over"
    END = "TCP ended"


# Numbered as in SEMI E37 (from memory, unverified): 2; 4; 5; 6; 3 twice. Number 1 is the start in NOT CONNECTED.
TRANSITIONS: Mapping[tuple[LinkState, Trigger], LinkState] = MappingProxyType(
    {
        (LinkState.NOT_CONNECTED, Trigger.CONNECT): LinkState.NOT_SELECTED,
        (LinkState.NOT_SELECTED, Trigger.SELECT): LinkState.SELECTED,
        (LinkState.SELECTED, Trigger.DESELECT): LinkState.NOT_SELECTED,
        (LinkState.NOT_SELECTED, Trigger.T7): LinkState.NOT_CONNECTED,
        (LinkState.NOT_SELECTED, Trigger.END): LinkState.NOT_CONNECTED,
        (LinkState.SELECTED, Trigger.END): LinkState.NOT_CONNECTED,
    }
)


class LinkStateError(Exception):
    """A trigger that has no meaning in the state the link is in."""

    def __init__(self, state: LinkState, trigger: Trigger) -> None:
        self.state = state
        self.trigger = trigger
        super().__init__(f"{trigger} has no meaning in {state}")


def after(state: LinkState, trigger: Trigger) -> LinkState:
    """Return the state after a trigger. Raises LinkStateError."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise LinkStateError(state, trigger) from None
