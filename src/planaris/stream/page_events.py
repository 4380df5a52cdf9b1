"""Events of the operator's page: who signs in, and accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planaris.stream.event import Event


@dataclass(frozen=True, slots=True)
class SessionChanged(Event):
    """Somebody signed in to the page (``state`` in) or out, was refused, locked out, or a session ended.

    ``peer`` is the address that it came from.
    """

    name: ClassVar[str] = "session_changed"
    audited: ClassVar[bool] = True
    principal: str
    role: str
    state: str
    why: str
    peer: str


@dataclass(frozen=True, slots=True)
class AccountChanged(Event):
    """An account of the page was made or changed (``state``: added, password, role, disabled, enabled) by
    ``principal``."""

    name: ClassVar[str] = "account_changed"
    audited: ClassVar[bool] = True
    account: str
    state: str
    role: str
    principal: str
    why: str
