"""What a message log gets: every frame, both ways, with time and connection number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planaris.clock import Instant
from planaris.factory.hsms.frame import HEADER_BYTES, Header, SType
from planaris.factory.secs2 import Message, SecsDecodeError, decode


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """A frame as it went over the wire; ``content`` is header and body, without the four bytes of length."""

    time: Instant
    connection_number: int
    sent: bool
    content: bytes

    @property
    def header(self) -> Header:
        """The header as numbers."""
        return Header.of(self.content)

    @property
    def body(self) -> bytes:
        """The body's bytes."""
        return self.content[HEADER_BYTES:]

    def message(self) -> Message | None:
        """Return the data message, None for a control message or a body that is no SECS-II."""
        header = self.header
        if header.stype != SType.DATA or header.ptype:
            return None
        try:
            return Message(header.stream, header.function, header.wait, decode(self.body))
        except SecsDecodeError:
            return None


Record = Callable[[LoggedFrame], None]
