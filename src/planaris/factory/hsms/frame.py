"""The frame of HSMS: four bytes of length, ten bytes of header, a body; and what the numbers in it mean."""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

HEADER_BYTES = 10
LENGTH_BYTES = 4
CONTROL_SESSION = 0xFFFF
HEADER = struct.Struct(">HBBBBI")
_FRAME = struct.Struct(">IHBBBBI")


class SType(enum.IntEnum):
    """Kind of a message, in the sixth byte of the header."""

    DATA = 0
    SELECT_REQ = 1
    SELECT_RSP = 2
    DESELECT_REQ = 3
    DESELECT_RSP = 4
    LINKTEST_REQ = 5
    LINKTEST_RSP = 6
    REJECT_REQ = 7
    SEPARATE_REQ = 9


STYPE_NAMES: Mapping[int, str] = MappingProxyType(
    {
        SType.DATA: "data",
        SType.SELECT_REQ: "Select.req",
        SType.SELECT_RSP: "Select.rsp",
        SType.DESELECT_REQ: "Deselect.req",
        SType.DESELECT_RSP: "Deselect.rsp",
        SType.LINKTEST_REQ: "Linktest.req",
        SType.LINKTEST_RSP: "Linktest.rsp",
        SType.REJECT_REQ: "Reject.req",
        SType.SEPARATE_REQ: "Separate.req",
    }
)


class SelectStatus(enum.IntEnum):
    """Answer to a Select (numbers from memory of SEMI E37, unverified)."""

    ESTABLISHED = 0
    ALREADY_ACTIVE = 1
    NOT_READY = 2
    EXHAUSTED = 3


class DeselectStatus(enum.IntEnum):
    """Answer to a Deselect (numbers from memory of SEMI E37, unverified)."""

    ENDED = 0
    NOT_ESTABLISHED = 1
    BUSY = 2


class RejectReason(enum.IntEnum):
    """Why a message is rejected (numbers from memory of SEMI E37, unverified)."""

    STYPE_UNKNOWN = 1
    PTYPE_UNKNOWN = 2
    NO_OPEN_REQUEST = 3
    NOT_SELECTED = 4


class Header(NamedTuple):
    """The ten bytes of a header as numbers. Bytes 2 and 3 are stream with W and function in a data message."""

    session_id: int
    byte2: int
    byte3: int
    ptype: int
    stype: int
    system_bytes: int

    @classmethod
    def of(cls, buffer: bytes | bytearray | memoryview, offset: int = 0) -> Header:
        """Read ten bytes at an offset."""
        return cls._make(HEADER.unpack_from(buffer, offset))

    def pack(self) -> bytes:
        """Return the ten bytes."""
        return HEADER.pack(*self)

    @property
    def stream(self) -> int:
        """The stream of a data message."""
        return self.byte2 & 0x7F

    @property
    def function(self) -> int:
        """The function of a data message."""
        return self.byte3

    @property
    def wait(self) -> bool:
        """Whether a data message wants a reply."""
        return self.byte2 >= 0x80

    @property
    def title(self) -> str:
        """E.g. ``S6F11 W``, ``Select.req``, ``SType 8``."""
        if self.stype == SType.DATA:
            return f"S{self.stream}F{self.function}{' W' if self.wait else ''}"
        return STYPE_NAMES.get(self.stype, f"SType {self.stype}")


def data(device_id: int, byte2: int, function: int, system_bytes: int, body: bytes) -> bytes:
    """Return the frame of a data message; ``byte2`` is the stream with W."""
    return _FRAME.pack(HEADER_BYTES + len(body), device_id, byte2, function, 0, 0, system_bytes) + body


def control(
    stype: SType, system_bytes: int, byte2: int = 0, byte3: int = 0, session_id: int = CONTROL_SESSION
) -> bytes:
    """Return the frame of a control message."""
    return _FRAME.pack(HEADER_BYTES, session_id, byte2, byte3, 0, stype, system_bytes)
