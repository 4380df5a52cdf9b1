"""HSMS frames put together by hand, byte by byte from the standard's tables, for tests and for the fuzzer."""

from __future__ import annotations

from collections.abc import Iterator

DEVICE = 7
CONTROL = 0xFFFF

SELECT_REQ, SELECT_RSP, DESELECT_REQ, DESELECT_RSP, LINKTEST_REQ, LINKTEST_RSP, REJECT, SEPARATE = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    9,
)


def hand(
    stype: int,
    system: int,
    byte2: int = 0,
    byte3: int = 0,
    *,
    session: int = CONTROL,
    ptype: int = 0,
    body: bytes = b"",
) -> bytes:
    """Return a frame: length, session id, bytes 2 and 3, PType, SType, system bytes, body."""
    header = session.to_bytes(2, "big") + bytes((byte2, byte3, ptype, stype)) + system.to_bytes(4, "big")
    return (len(header) + len(body)).to_bytes(4, "big") + header + body


def data(
    stream: int, function: int, system: int, body: bytes = b"", *, wait: bool = False, device: int = DEVICE
) -> bytes:
    """Return the frame of a data message."""
    return hand(0, system, stream | (0x80 if wait else 0), function, session=device, body=body)


def frames(stream: bytes) -> Iterator[bytes]:
    """Cut a stream of whole frames."""
    while stream:
        end = 4 + int.from_bytes(stream[:4], "big")
        assert end <= len(stream)
        yield stream[:end]
        stream = stream[end:]
