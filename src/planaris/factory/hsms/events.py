"""What a link tells: frozen events, each with an explanation for people."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from planaris.factory.hsms.frame import Header
from planaris.factory.secs2 import Message, SecsDecodeError


class FailureReason(enum.StrEnum):
    """Why an open transaction of ours has no reply."""

    T3 = "t3"
    LINK_LOST = "link lost"
    DESELECTED = "deselected"
    ABORTED = "aborted"
    REJECTED = "rejected"
    UNDECODABLE = "undecodable"


class CloseReason(enum.StrEnum):
    """Why a link ended."""

    PEER_CLOSED = "peer closed"
    PEER_RESET = "peer reset"
    SEPARATED = "peer separated"
    STOPPED = "stopped here"
    T6 = "t6"
    T7 = "t7"
    T8 = "t8"
    LENGTH = "impossible length"
    EXHAUSTED = "another link is selected"
    NOT_READY = "not ready"
    SELECT_REFUSED = "select refused by peer"
    NOT_ALLOWED = "peer not allowed"
    TOO_MANY = "too many links"
    OVERRUN = "peer does not read"


@dataclass(frozen=True, slots=True)
class Selected:
    """The link is SELECTED: data may flow."""

    by_peer: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class Deselected:
    """The link is NOT SELECTED again, T7 runs; the socket is still open."""

    explanation: str


@dataclass(frozen=True, slots=True)
class DataReceived:
    """A primary message of the peer, for our device id; ``body_bytes`` is the length of its body on the wire."""

    message: Message
    session_id: int
    system_bytes: int
    header10: bytes
    body_bytes: int = 0

    @property
    def explanation(self) -> str:
        """What came."""
        return f"{self.message.title} received, system bytes {self.system_bytes}"


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """The reply to an open transaction of ours; ``request_header10`` is that of our primary."""

    message: Message
    session_id: int
    system_bytes: int
    header10: bytes
    request_header10: bytes

    @property
    def explanation(self) -> str:
        """What came."""
        return f"{self.message.title} received, the reply to {Header.of(self.request_header10).title}"


@dataclass(frozen=True, slots=True)
class TransactionFailed:
    """A transaction of ours ends without its reply. ``header10`` is our primary's, as S9F9 quotes it."""

    system_bytes: int
    why: FailureReason
    header10: bytes
    explanation: str


@dataclass(frozen=True, slots=True)
class WrongDevice:
    """A data message for a device id that is not ours, its body not looked at; GEM answers S9F1."""

    session_id: int
    system_bytes: int
    header10: bytes
    explanation: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A data message for us whose body is no SECS-II; GEM checks stream and function, then answers S9F7."""

    session_id: int
    system_bytes: int
    header10: bytes
    error: SecsDecodeError
    explanation: str

    @property
    def header(self) -> Header:
        """The header as numbers: stream, function, wait."""
        return Header.of(self.header10)


@dataclass(frozen=True, slots=True)
class StrayReply:
    """A secondary message that answers no open transaction of ours: it came late, or was never asked for. Dropped."""

    message: Message | None
    system_bytes: int
    header10: bytes
    explanation: str


@dataclass(frozen=True, slots=True)
class Refused:
    """We refused something of the peer; ``header10`` is that of the refused message, empty if there was none."""

    header10: bytes
    explanation: str


@dataclass(frozen=True, slots=True)
class PeerRefused:
    """The peer refused something of ours: a Reject, or a status other than 0."""

    header10: bytes
    explanation: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The link has ended; the TransactionFailed of all open transactions stand before it in the same list."""

    why: CloseReason
    explanation: str


Event = (
    Selected
    | Deselected
    | DataReceived
    | ReplyReceived
    | TransactionFailed
    | WrongDevice
    | Undecodable
    | StrayReply
    | Refused
    | PeerRefused
    | Closed
)
