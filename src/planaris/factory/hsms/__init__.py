"""HSMS-SS: links over TCP, their states and timers. Knows nothing of GEM or of what items mean."""

from planaris.factory.hsms.application import Application, HandlerFailed, LinkEvent
from planaris.factory.hsms.client import HsmsClient
from planaris.factory.hsms.connection import Connection, NotSelectedError
from planaris.factory.hsms.events import (
    Closed,
    CloseReason,
    DataReceived,
    Deselected,
    Event,
    FailureReason,
    PeerRefused,
    Refused,
    ReplyReceived,
    Selected,
    StrayReply,
    TransactionFailed,
    Undecodable,
    WrongDevice,
)
from planaris.factory.hsms.frame import DeselectStatus, Header, RejectReason, SelectStatus, SType
from planaris.factory.hsms.link import Link, TransactionError
from planaris.factory.hsms.record import LoggedFrame
from planaris.factory.hsms.server import HsmsServer
from planaris.factory.hsms.settings import HsmsSettings
from planaris.factory.hsms.states import TRANSITIONS, LinkState, LinkStateError, Trigger
from planaris.factory.hsms.transactions import SystemBytes

__all__ = [
    "TRANSITIONS",
    "Application",
    "CloseReason",
    "Closed",
    "Connection",
    "DataReceived",
    "DeselectStatus",
    "Deselected",
    "Event",
    "FailureReason",
    "HandlerFailed",
    "Header",
    "HsmsClient",
    "HsmsServer",
    "HsmsSettings",
    "Link",
    "LinkEvent",
    "LinkState",
    "LinkStateError",
    "LoggedFrame",
    "NotSelectedError",
    "PeerRefused",
    "Refused",
    "RejectReason",
    "ReplyReceived",
    "SType",
    "SelectStatus",
    "Selected",
    "StrayReply",
    "SystemBytes",
    "TransactionError",
    "TransactionFailed",
    "Trigger",
    "Undecodable",
    "WrongDevice",
]
