"""What sits on top of links, as three callables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planaris.factory.hsms.events import DataReceived, Event
from planaris.factory.hsms.record import Record
from planaris.factory.secs2 import Message

if TYPE_CHECKING:
    from planaris.factory.hsms.link import Link


@dataclass(frozen=True, slots=True)
class HandlerFailed:
    """A handler raised or gave up, or its reply could not be sent; SxF0 was sent if a reply was wanted."""

    system_bytes: int
    header10: bytes
    error: BaseException
    explanation: str


LinkEvent = Event | HandlerFailed
Handle = Callable[["Link", DataReceived], Awaitable[Message | None]]
Notice = Callable[["Link", LinkEvent], None]


@dataclass(frozen=True, slots=True)
class Application:
    """What sits on top of links.

    ``notice`` gets every event in order, at once, and must be quick: what it raises is told to the loop and goes no
    further. ``handle`` gets each primary, as a task of its own, begun in the order of arrival, and returns the reply or
    None; the task is cancelled when its link ends, so what must not be cut short is shielded. ``record`` gets
    every frame, both ways.
    """

    handle: Handle | None = None
    notice: Notice | None = None
    record: Record | None = None
