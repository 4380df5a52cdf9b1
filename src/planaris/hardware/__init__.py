"""The one seam between control and the world: ports, tags and the device handshake."""

from planaris.hardware.device import (
    Device,
    DeviceFailedError,
    DeviceReportedError,
    DeviceTimeoutError,
    HandshakeLimits,
    HandshakeLostError,
)
from planaris.hardware.port import LinkState, NotWritableError, Port, PortError, PortKind, Sample, Subscription
from planaris.hardware.tags import (
    OPTICAL,
    STATE,
    BadValueError,
    DType,
    Tag,
    TagTable,
    UnknownTagError,
    Value,
    tags_from,
)
from planaris.hardware.watch import TagWatch, WaitTimeoutError

__all__ = [
    "OPTICAL",
    "STATE",
    "BadValueError",
    "DType",
    "Device",
    "DeviceFailedError",
    "DeviceReportedError",
    "DeviceTimeoutError",
    "HandshakeLimits",
    "HandshakeLostError",
    "LinkState",
    "NotWritableError",
    "Port",
    "PortError",
    "PortKind",
    "Sample",
    "Subscription",
    "Tag",
    "TagTable",
    "TagWatch",
    "UnknownTagError",
    "Value",
    "WaitTimeoutError",
    "tags_from",
]
