"""Frames out of a stream of bytes, whatever the segments are."""

from __future__ import annotations

from planaris.factory.hsms.frame import HEADER_BYTES, LENGTH_BYTES


class FrameLengthError(Exception):
    """A frame announces a length that none of ours can have."""

    def __init__(self, length_bytes: int, limit_bytes: int) -> None:
        self.length_bytes = length_bytes
        self.limit_bytes = limit_bytes
        super().__init__(f"a frame announces {length_bytes} bytes, legal are {HEADER_BYTES} to {limit_bytes}")


class FrameReader:
    """Cuts frames (header and body, without the length) out of what arrives.

    Holds no more than has arrived: an announced length is compared, never allocated.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held = bytearray()
        self._wanted = LENGTH_BYTES

    @property
    def held_bytes(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self._held)

    @property
    def wanted_bytes(self) -> int:
        """How many bytes the unfinished frame has with its length, as far as it is known."""
        return self._wanted

    def drop(self) -> None:
        """Forget what is held."""
        self._held = bytearray()
        self._wanted = LENGTH_BYTES

    def feed(self, data: bytes) -> tuple[list[bytes], FrameLengthError | None]:
        """Return the frames that are whole now, and the error that ends the stream if there is one."""
        if self._held:
            self._held += data
            if len(self._held) < self._wanted:
                return [], None
            data = bytes(self._held)
        frames: list[bytes] = []
        at, end = 0, len(data)
        self._wanted = LENGTH_BYTES
        while end - at >= LENGTH_BYTES:
            length = int.from_bytes(data[at : at + LENGTH_BYTES], "big")
            if not HEADER_BYTES <= length <= self._limit_bytes:
                self.drop()
                return frames, FrameLengthError(length, self._limit_bytes)
            after = at + LENGTH_BYTES + length
            if after > end:
                self._wanted = LENGTH_BYTES + length
                break
            frames.append(data[at + LENGTH_BYTES : after])
            at = after
        self._held = bytearray(data[at:])
        return frames, None
