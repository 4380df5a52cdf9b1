"""Items to bytes and back."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planaris.factory.secs2.errors import SecsDecodeError, SecsValueError
from planaris.factory.secs2.format import ELEMENT_BYTES, STRUCT_LETTERS, Format
from planaris.factory.secs2.item import Item
from planaris.factory.secs2.text import C2_CODECS, c2_bytes, c2_text, jis8_bytes, jis8_text

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Limits:
    """What a body may be at most: bytes, nested lists, and items in all."""

    message_bytes: int = 16 * 2**20
    depth: int = 64
    items: int = 1_000_000


DEFAULT_LIMITS = Limits()
_FORMATS: Mapping[int, Format] = {int(fmt): fmt for fmt in Format}


def header(fmt: Format, length: int) -> bytes:
    """Return the format byte and the fewest length bytes."""
    if length < 0x100:
        return bytes((fmt << 2 | 1, length))
    count = 2 if length < 0x10000 else 3
    return bytes((fmt << 2 | count,)) + length.to_bytes(count, "big")


def _payload(item: Item) -> bytes:
    fmt, value = item.format, item.value
    if fmt is Format.A:
        return value.encode("ascii")
    if fmt is Format.B:
        return value
    if fmt is Format.J:
        return jis8_bytes(value)
    if fmt is Format.C2:
        return item.encoding.to_bytes(2, "big") + c2_bytes(value, item.encoding)
    return struct.pack(f">{len(value)}{STRUCT_LETTERS[fmt]}", *value)


def encode(body: Item | None, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return a body as bytes, with the fewest length bytes; nothing for None. Raises SecsValueError if too deep."""
    if body is None:
        return b""
    parts: list[bytes] = []
    _encode(body, parts, limits.depth)
    return b"".join(parts)


def _encode(item: Item, parts: list[bytes], depth: int) -> None:
    if item.format is Format.L:
        if depth == 0:
            raise SecsValueError("L", "a list in too many lists", "lists nest at most as deep as the limits say")
        parts.append(header(Format.L, len(item)))
        for inner in item.value:
            _encode(inner, parts, depth - 1)
    else:
        payload = _payload(item)
        parts.append(header(item.format, len(payload)))
        parts.append(payload)


def decode(buffer: Buffer, limits: Limits = DEFAULT_LIMITS) -> Item | None:
    """Return the body that bytes are, None if there are none. Raises SecsDecodeError and nothing else."""
    view = memoryview(buffer)
    if not view:
        return None
    if len(view) > limits.message_bytes:
        raise SecsDecodeError(0, f"{len(view)} bytes, at most {limits.message_bytes} are taken")
    reader = _Reader(view, limits)
    item = reader.item(limits.depth)
    if reader.at != len(view):
        raise SecsDecodeError(reader.at, f"{len(view) - reader.at} bytes after the end of the item")
    return item


class _Reader:
    def __init__(self, view: memoryview, limits: Limits) -> None:
        self.view, self.limits = view, limits
        self.at = 0
        self.items = 0

    def item(self, depth: int) -> Item:
        view, start = self.view, self.at
        if start >= len(view):
            raise SecsDecodeError(start, "the body ends where an item should begin")
        self.items += 1
        if self.items > self.limits.items:
            raise SecsDecodeError(start, f"more than {self.limits.items} items")
        code, count = view[start] >> 2, view[start] & 3
        fmt = _FORMATS.get(code)
        if fmt is None:
            raise SecsDecodeError(start, f"no format has the code {code:#o}")
        if count == 0:
            raise SecsDecodeError(start, "an item without length bytes")
        first = start + 1 + count
        if first > len(view):
            raise SecsDecodeError(start, "the body ends within the length bytes")
        length = int.from_bytes(view[start + 1 : first], "big")
        left = len(view) - first
        if fmt is Format.L:
            if 2 * length > left:
                raise SecsDecodeError(start, f"a list of {length} items in {left} bytes")
            if depth == 0:
                raise SecsDecodeError(start, f"lists nest deeper than {self.limits.depth}")
            self.at = first
            return Item(Format.L, tuple([self.item(depth - 1) for _ in range(length)]))
        if length > left:
            raise SecsDecodeError(start, f"{fmt.name} announces {length} bytes, {left} are left")
        self.at = first + length
        return self._leaf(fmt, view[first : self.at], first)

    def _leaf(self, fmt: Format, data: memoryview, first: int) -> Item:
        if (size := ELEMENT_BYTES.get(fmt)) is not None:
            if len(data) % size:
                raise SecsDecodeError(first, f"{fmt.name} of {len(data)} bytes, no multiple of {size}")
            return Item(fmt, struct.unpack(f">{len(data) // size}{STRUCT_LETTERS[fmt]}", data))
        return _text(fmt, bytes(data), first)


def _text(fmt: Format, data: bytes, first: int) -> Item:
    encoding = 0
    try:
        value: Any = data
        if fmt is Format.A:
            value = data.decode("ascii")
        elif fmt is Format.J:
            value = jis8_text(data)
        elif fmt is Format.C2:
            if len(data) < 2:
                raise SecsDecodeError(first, "C2 without its two bytes of encoding")
            encoding = int.from_bytes(data[:2], "big")
            if encoding not in C2_CODECS:
                raise SecsDecodeError(first, f"C2 in an encoding {encoding} that is not known")
            value = c2_text(data[2:], encoding)
    except UnicodeDecodeError as error:
        offset = first + error.start + (2 if fmt is Format.C2 else 0)
        raise SecsDecodeError(offset, f"{fmt.name} holds bytes that are no text: {error.reason}") from None
    return Item(fmt, value, encoding)
