"""The tool's factory interface: SECS-II, HSMS and GEM, on peer time."""

from planaris.factory.face import FaceItem, FacePorts, Inbox, Known, Lost, Recalled
from planaris.factory.gem import GemSettings
from planaris.factory.host import Host, HostError, Told
from planaris.factory.hsms import HsmsSettings, TransactionError
from planaris.factory.manual import compliance_statement, interface_manual
from planaris.factory.message_log import LoggedMessage, MessageLog, host_primaries, read_log
from planaris.factory.secs2 import to_sml
from planaris.factory.service import Face, FactorySettings, Shown

__all__ = [
    "Face",
    "FaceItem",
    "FacePorts",
    "FactorySettings",
    "GemSettings",
    "Host",
    "HostError",
    "HsmsSettings",
    "Inbox",
    "Known",
    "LoggedMessage",
    "Lost",
    "MessageLog",
    "Recalled",
    "Shown",
    "Told",
    "TransactionError",
    "compliance_statement",
    "host_primaries",
    "interface_manual",
    "read_log",
    "to_sml",
]
