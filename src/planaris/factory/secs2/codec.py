"""Items to bytes and back."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from planaris.factory.secs2.errors import SecsDecodeError, SecsValueError
from planaris.factory.secs2.format import ELEMENT_BYTES, STRUCT_LETTERS, Format
from planaris.factory.secs2.item import Item
from planaris.factory.secs2.text import C2_CODECS, UTF8, c2_bytes, c2_text, jis8_bytes, jis8_text

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Limits:
    """What a body may be at most: bytes, lists within lists, and items in all."""

    message_bytes: int = 16 * 2**20
    depth: int = 64
    items: int = 1_000_000


DEFAULT_LIMITS = Limits()
# A list item takes two bytes at least: its format byte and one length byte.
_LEAST_ITEM_BYTES = 2
# Up to this length a body is copied once, because bytes are read much faster than views; a longer one is not.
_COPIED_BYTES = 65_536
# From so many items on, a list is looked at as one row of equal numbers.
_ROW_ITEMS = 4
# Tables by 6-bit code, because finding a member of an enumeration in a mapping takes far longer.
_FORMATS: list[Format | None] = [None] * 64
_LETTERS: list[str] = [""] * 64
_SIZES: list[int] = [0] * 64
# Of a number alone: header and value in one.
_PACK_ONE: list[Callable[..., bytes] | None] = [None] * 64
_HEADER_ONE: list[int] = [0] * 64
_UNPACK_ONE: list[Callable[[Buffer, int], tuple[Any, ...]]] = [struct.Struct("").unpack_from] * 64
for _fmt in Format:
    _FORMATS[_fmt] = _fmt
for _fmt, _letter in STRUCT_LETTERS.items():
    _LETTERS[_fmt] = _letter
    _SIZES[_fmt] = ELEMENT_BYTES[_fmt]
    _UNPACK_ONE[_fmt] = struct.Struct(f">{_letter}").unpack_from
    _PACK_ONE[_fmt] = struct.Struct(f">H{_letter}").pack
    _HEADER_ONE[_fmt] = (_fmt << 2 | 1) << 8 | ELEMENT_BYTES[_fmt]


def header(fmt: Format, length: int) -> bytes:
    """Return the format byte and the fewest length bytes."""
    if length < 0x100:
        return bytes((fmt << 2 | 1, length))
    count = 2 if length < 0x10000 else 3
    return bytes((fmt << 2 | count,)) + length.to_bytes(count, "big")


def encode(body: Item | None, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return a body as bytes, with the fewest length bytes; nothing for None.

    Raises SecsValueError for lists that nest deeper than the limits say.
    """
    if body is None:
        return b""
    parts: list[bytes] = []
    _encode((body,), parts, limits.depth)
    return b"".join(parts)


def _encode(items: tuple[Item, ...], parts: list[bytes], depth: int) -> None:
    for item in items:
        fmt, value = item._format, item._value
        pack = _PACK_ONE[fmt]
        if pack is not None and len(value) == 1:
            parts.append(pack(_HEADER_ONE[fmt], value[0]))
        elif fmt is Format.L:
            if depth == 0:
                raise SecsValueError("L", f"a list of {len(value)} in so many lists", "fewer lists within lists")
            parts.append(header(fmt, len(value)))
            _encode(value, parts, depth - 1)
        else:
            payload = _payload(item)
            parts.append(header(fmt, len(payload)))
            parts.append(payload)


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
    return struct.pack(f">{len(value)}{_LETTERS[fmt]}", *value)


def decode(buffer: Buffer, limits: Limits = DEFAULT_LIMITS) -> Item | None:
    """Return the body that bytes are, None if there are none. Raises SecsDecodeError and nothing else.

    Of a long body only the values are copied out of the buffer; nothing is allocated from a length that has not been
    compared with the bytes there are.
    """
    if type(buffer) is bytes and len(buffer) <= _COPIED_BYTES:
        data = buffer
    else:
        view = memoryview(buffer)
        copied = view.nbytes <= _COPIED_BYTES or view.itemsize != 1 or not view.c_contiguous
        data = view.tobytes() if copied and view.nbytes <= limits.message_bytes else view
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    if not size:
        return None
    if size > limits.message_bytes:
        raise SecsDecodeError(0, f"{size} bytes, at most {limits.message_bytes} are taken")
    reader = _Reader(data, limits)
    item = reader.items(1, limits.depth)[0]
    if reader.at != reader.end:
        raise SecsDecodeError(reader.at, f"{reader.end - reader.at} bytes after the end of the item")
    return item


class _Reader:
    __slots__ = ("at", "end", "left", "limits", "view")

    def __init__(self, view: bytes | memoryview, limits: Limits) -> None:
        self.view = view
        self.limits = limits
        self.at = 0
        self.end = len(view)
        self.left = limits.items

    def items(self, count: int, depth: int) -> list[Item]:
        """Read so many items one after the other."""
        self.left -= count
        if self.left < 0:
            raise SecsDecodeError(self.at, f"more than {self.limits.items} items")
        if count >= _ROW_ITEMS and (row := self._row(count)) is not None:
            return row
        view, end = self.view, self.end
        found: list[Item] = []
        for _ in range(count):
            start = self.at
            if end - start < _LEAST_ITEM_BYTES:
                raise SecsDecodeError(start, "the body ends where an item should be")
            code, length_bytes = view[start] >> 2, view[start] & 3
            if length_bytes == 1:
                first, length = start + 2, view[start + 1]
            else:
                if length_bytes == 0:
                    raise SecsDecodeError(start, "an item without length bytes")
                first = start + 1 + length_bytes
                if first > end:
                    raise SecsDecodeError(start, "the body ends within the length bytes")
                length = int.from_bytes(view[start + 1 : first], "big")
            fmt = _FORMATS[code]
            if fmt is None:
                raise SecsDecodeError(start, f"no format has the code {code:#o}")
            if fmt is Format.L:
                if _LEAST_ITEM_BYTES * length > end - first:
                    raise SecsDecodeError(start, f"a list of {length} items in {end - first} bytes")
                if depth == 0:
                    raise SecsDecodeError(start, f"more than {self.limits.depth} lists within lists")
                self.at = first
                found.append(Item(fmt, tuple(self.items(length, depth - 1))))
                continue
            after = first + length
            if after > end:
                raise SecsDecodeError(start, f"{fmt.name} announces {length} bytes, {end - first} are left")
            if size := _SIZES[code]:
                if length == size:
                    found.append(Item(fmt, _UNPACK_ONE[code](view, first)))
                    self.at = after
                    continue
                if length % size:
                    raise SecsDecodeError(start, f"{fmt.name} of {length} bytes, no multiple of {size}")
                layout = f">{length // size}{_LETTERS[code]}"
                found.append(Item(fmt, struct.unpack_from(layout, view, first)))
            elif fmt is Format.A:
                found.append(_ascii(view[first:after], first))
            else:
                found.append(_text(fmt, bytes(view[first:after]), first))
            self.at = after
        return found

    def _row(self, count: int) -> list[Item] | None:
        """Read items that are one number each, all of one format; None if they are something else."""
        view, start = self.view, self.at
        if self.end - start < _LEAST_ITEM_BYTES or view[start] & 3 != 1:
            return None
        code, length = view[start] >> 2, view[start + 1]
        stride = 2 + length
        after = start + count * stride
        if not length or length != _SIZES[code] or after > self.end:
            return None
        whole = bytes(view[start:after])
        if whole[::stride] != whole[:1] * count or whole[1::stride] != whole[1:2] * count:
            return None
        self.at = after
        return list(map(Item, repeat(_FORMATS[code]), struct.iter_unpack(f">xx{_LETTERS[code]}", whole)))  # pyright: ignore[reportArgumentType]  # a code with a size has a format


def _ascii(data: bytes | memoryview, first: int) -> Item:
    try:
        return Item(Format.A, str(data, "ascii"))
    except UnicodeDecodeError as error:
        raise SecsDecodeError(first + error.start, f"A holds {data[error.start]:#x}, which is not ASCII") from None


def _text(fmt: Format, data: bytes, first: int) -> Item:
    encoding = 0
    try:
        value: Any = data
        if fmt is Format.J:
            value = jis8_text(data)
        elif fmt is Format.C2:
            if not data:  # an array of nothing is legal wherever one is read
                return Item(fmt, "", UTF8)
            if len(data) < 2:
                raise SecsDecodeError(first, "C2 with half of its two bytes of encoding")
            encoding = int.from_bytes(data[:2], "big")
            if encoding not in C2_CODECS:
                raise SecsDecodeError(first, f"C2 in encoding {encoding}, known are {', '.join(map(str, C2_CODECS))}")
            first += 2
            value = c2_text(data[2:], encoding)
    except UnicodeDecodeError as error:
        raise SecsDecodeError(first + error.start, f"{fmt.name} holds bytes that are no text: {error.reason}") from None
    return Item(fmt, value, encoding)
