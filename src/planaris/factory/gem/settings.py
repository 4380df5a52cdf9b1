"""How the equipment side is set up: what it calls itself, how it starts, what it allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from planaris.factory.gem.declared import IdFormat
from planaris.factory.gem.tables import Control
from planaris.model import InputError, InputFault

# MDLN and SOFTREV hold at most this many characters (SEMI E5, from memory, unverified).
NAME_LIMIT_COUNT = 20
_STARTS = frozenset(set(Control) - {Control.ATTEMPT_ONLINE})
_FAILED = frozenset({Control.EQUIPMENT_OFFLINE, Control.HOST_OFFLINE})
_ONLINE = frozenset({Control.ONLINE_LOCAL, Control.ONLINE_REMOTE})


@dataclass(frozen=True, slots=True)
class GemSettings:
    """Settings of the equipment side. Raises InputError with every fault.

    ``model`` and ``software`` are MDLN and SOFTREV. ``id_format`` is how ids are sent; any integer is read.
    ``starts_enabled`` and ``starts_in`` are the states after power-on, ``fails_to`` that after an attempt to go online
    that the host did not answer, ``online_as`` the sub-state that ONLINE begins in. ``reply_limit_s`` is the
    longest a host waits for the outcome of a command before it is told that an event will follow.
    ``in_flight_count`` event messages may be unanswered at once; above 1 a host may see replies cross.
    ``host_may_release``: a recipe that the host sends is released on its authority; else it is a draft that people
    of the tool approve and release. ``traces_count`` traces run at once, of ``trace_variables_count`` each. A body
    longer than ``body_limit_bytes`` is told with S9F11, a recipe that was announced with S7F1 and does not come within
    ``conversation_limit_s`` with S9F13.
    """

    model: str = "PLANARIS"
    software: str = ""
    id_format: IdFormat = "U4"
    starts_enabled: bool = True
    starts_in: Control = Control.ONLINE_REMOTE
    fails_to: Control = Control.HOST_OFFLINE
    online_as: Control = Control.ONLINE_REMOTE
    reply_limit_s: float = 2.0
    in_flight_count: int = 1
    host_may_release: bool = False
    traces_count: int = 16
    trace_variables_count: int = 1000
    reports_count: int = 10_000
    body_limit_bytes: int = 4_194_304
    conversation_limit_s: float = 45.0
    host_name: str = "host"

    def __post_init__(self) -> None:
        if faults := tuple(self._faults()):
            raise InputError("GEM settings", faults)

    def _faults(self) -> Iterator[InputFault]:
        for name in ("model", "software"):
            text = getattr(self, name)
            if len(text) > NAME_LIMIT_COUNT or not text.isascii():
                yield InputFault(name, f'"{text}"', "does not fit", f"{NAME_LIMIT_COUNT} ASCII characters")
        for name, allowed in (("starts_in", _STARTS), ("fails_to", _FAILED), ("online_as", _ONLINE)):
            state = getattr(self, name)
            if state not in allowed:
                yield InputFault(name, str(state), "is not possible", " or ".join(sorted(allowed)))
        if not 0.0 < self.reply_limit_s <= 30.0:
            yield InputFault("reply_limit_s", str(self.reply_limit_s), "out of range", "0-30", "s", "less than T3")
        if not 1.0 <= self.conversation_limit_s <= 600.0:
            yield InputFault("conversation_limit_s", str(self.conversation_limit_s), "out of range", "1-600", "s")
        for name, high in (("in_flight_count", 100), ("traces_count", 1000), ("trace_variables_count", 100_000),
                           ("reports_count", 1_000_000), ("body_limit_bytes", 16 * 2**20)):  # fmt: skip
            if not 1 <= getattr(self, name) <= high:
                yield InputFault(name, str(getattr(self, name)), "out of range", f"1-{high}")
