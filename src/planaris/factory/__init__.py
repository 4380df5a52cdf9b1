"""The tool's factory interface: SECS-II, HSMS and GEM, on peer time."""

from planaris.factory.face import FaceItem, FacePorts, Inbox, Known, Lost
from planaris.factory.gem import GemSettings
from planaris.factory.host import Host, HostError, Told
from planaris.factory.hsms import HsmsSettings
from planaris.factory.service import Face, FactorySettings

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
    "Lost",
    "Told",
]
