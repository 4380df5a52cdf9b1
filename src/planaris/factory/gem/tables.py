"""States of the equipment side as tables of numbered transitions (SEMI E30); one writer moves each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar


class Communication(StrEnum):
    """Communication with the host."""

    DISABLED = "disabled"
    WAIT_CRA = "wait_cra"
    WAIT_DELAY = "wait_delay"
    NO_LINK = "no_link"
    COMMUNICATING = "communicating"


class Control(StrEnum):
    """Who controls the equipment, and whether it talks with the host."""

    EQUIPMENT_OFFLINE = "equipment_offline"
    ATTEMPT_ONLINE = "attempt_online"
    HOST_OFFLINE = "host_offline"
    ONLINE_LOCAL = "online_local"
    ONLINE_REMOTE = "online_remote"

    @property
    def online(self) -> bool:
        """Whether messages are served."""
        return self in {Control.ONLINE_LOCAL, Control.ONLINE_REMOTE}


class Spool(StrEnum):
    """Whether messages are kept for a host that is away, and what is done with them."""

    INACTIVE = "inactive"
    NO_OUTPUT = "no_output"
    TRANSMIT = "transmit"
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class Step:
    """One transition: its number(s) in the standard, what makes it happen, where it leads."""

    number: str
    target: str
    meaning: str


# (state, trigger) -> step. NO_LINK stands for NOT COMMUNICATING while HSMS is not selected: nothing can be sent then,
# so neither half of the standard's pair (WAIT CRA / WAIT DELAY, WAIT CR FROM HOST) runs.
COMMUNICATION: Mapping[tuple[str, str], Step] = {
    ("disabled", "enable"): Step("2", "no_link", "The operator enables communication"),
    ("no_link", "disable"): Step("3", "disabled", "The operator disables communication"),
    ("wait_cra", "disable"): Step("3", "disabled", "The operator disables communication"),
    ("wait_delay", "disable"): Step("3", "disabled", "The operator disables communication"),
    ("communicating", "disable"): Step("3", "disabled", "The operator disables communication"),
    ("no_link", "selected"): Step("4, 5, 10", "wait_cra", "HSMS is selected: S1F13 is sent"),
    ("wait_cra", "failed"): Step("6", "wait_delay", "S1F13 was refused or not answered: the delay runs"),
    ("wait_delay", "delay_over"): Step("7", "wait_cra", "The delay is over: S1F13 is sent again"),
    ("wait_delay", "message"): Step("8", "wait_cra", "The host sent something else than S1F13: S1F13 is sent again"),
    ("wait_cra", "accepted"): Step("9", "communicating", "The host accepted with S1F14"),
    ("wait_cra", "host_asked"): Step("15", "communicating", "S1F13 of the host was accepted; ours is abandoned"),
    ("wait_delay", "host_asked"): Step("15", "communicating", "S1F13 of the host was accepted"),
    ("communicating", "host_asked"): Step("", "communicating", "The host established communication once more"),
    ("communicating", "link_lost"): Step("14", "no_link", "The link is lost or deselected"),
    ("wait_cra", "link_lost"): Step("14", "no_link", "The link is lost or deselected"),
    ("wait_delay", "link_lost"): Step("14", "no_link", "The link is lost or deselected"),
}

CONTROL: Mapping[tuple[str, str], Step] = {
    ("equipment_offline", "go_online"): Step("3", "attempt_online", "The operator goes online: S1F1 is sent"),
    ("attempt_online", "attempt_failed_equipment"): Step("4", "equipment_offline", "S1F0, no answer or link lost"),
    ("attempt_online", "attempt_failed_host"): Step("4", "host_offline", "S1F0, no answer or link lost"),
    ("attempt_online", "answered_local"): Step("5, 7", "online_local", "The host answered with S1F2"),
    ("attempt_online", "answered_remote"): Step("5, 7", "online_remote", "The host answered with S1F2"),
    ("attempt_online", "go_offline"): Step("4", "equipment_offline", "The operator changes his mind"),
    ("online_local", "go_offline"): Step("6", "equipment_offline", "The operator goes offline"),
    ("online_remote", "go_offline"): Step("6", "equipment_offline", "The operator goes offline"),
    ("host_offline", "go_offline"): Step("12", "equipment_offline", "The operator goes offline"),
    ("online_local", "switch_remote"): Step("8", "online_remote", "The operator's switch"),
    ("online_remote", "switch_local"): Step("9", "online_local", "The operator's switch"),
    ("online_local", "host_offline"): Step("10", "host_offline", "S1F15 of the host"),
    ("online_remote", "host_offline"): Step("10", "host_offline", "S1F15 of the host"),
    ("host_offline", "host_online_local"): Step("11, 7", "online_local", "S1F17 of the host"),
    ("host_offline", "host_online_remote"): Step("11, 7", "online_remote", "S1F17 of the host"),
}

SPOOL: Mapping[tuple[str, str], Step] = {
    ("inactive", "activate"): Step("1", "no_output", "Communication is lost, or the store is not empty at the start"),
    ("no_output", "transmit"): Step("3", "transmit", "S6F23 of the host asks for the messages"),
    ("no_output", "purge"): Step("4", "purge", "S6F23 of the host throws them away"),
    ("transmit", "interrupted"): Step("5", "no_output", "Link lost, no answer, or the most for one request is sent"),
    ("transmit", "empty"): Step("6", "inactive", "Everything is sent"),
    ("purge", "empty"): Step("6", "inactive", "Everything is thrown away"),
}


class IllegalTransitionError(Exception):
    """A state machine was told what its state does not allow; ``legal`` lists what it takes now."""

    def __init__(self, machine: str, state: str, trigger: str, legal: tuple[str, ...]) -> None:
        self.machine, self.state, self.trigger, self.legal = machine, state, trigger, legal
        super().__init__(f"{machine} is {state}: it takes {', '.join(legal) or 'nothing'}, not {trigger}")


S = TypeVar("S", bound=StrEnum)


class Machine(Generic[S]):
    """One state with its table. ``on_move`` hears (state before, step, state after) of each transition."""

    def __init__(
        self,
        name: str,
        states: type[S],
        table: Mapping[tuple[str, str], Step],
        start: S,
        on_move: Callable[[S, Step, S], None],
    ) -> None:
        self.name, self.state = name, start
        self._states, self._table, self._on_move = states, table, on_move

    def can(self, trigger: str) -> bool:
        """Say whether the present state takes a trigger."""
        return (self.state.value, trigger) in self._table

    def move(self, trigger: str) -> S:
        """Take a transition and return the new state. Raises `IllegalTransitionError`."""
        step = self._table.get((self.state.value, trigger))
        if step is None:
            legal = tuple(t for state, t in self._table if state == self.state.value)
            raise IllegalTransitionError(self.name, self.state.value, trigger, legal)
        before, self.state = self.state, self._states(step.target)
        self._on_move(before, step, self.state)
        return self.state
