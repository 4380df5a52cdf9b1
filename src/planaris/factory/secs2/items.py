"""Items by their SML names: ``L(U4(1), A("x"))``. Each checks its values and raises SecsValueError."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

from planaris.factory.secs2.errors import SecsValueError
from planaris.factory.secs2.format import (
    ELEMENT_BYTES,
    INTEGER_RANGES,
    LARGEST_LENGTH,
    STRUCT_LETTERS,
    Format,
)
from planaris.factory.secs2.item import Item
from planaris.factory.secs2.text import C2_CODECS, UTF8, c2_bytes, c2_text, jis8_bytes

_F4 = struct.Struct(">f")


def _fits(fmt: Format, length: int, unit: str) -> None:
    if length > LARGEST_LENGTH:
        raise SecsValueError(fmt.name, f"{length} {unit}", f"at most {LARGEST_LENGTH} {unit}")


def L(*items: Item) -> Item:
    """Return a list of items."""
    for item in items:
        if not isinstance(item, Item):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers are not all typed
            raise SecsValueError("L", item, "items only")
    _fits(Format.L, len(items), "items")
    return Item(Format.L, items)


def A(text: str) -> Item:
    """Return 7-bit text."""
    if not isinstance(text, str) or not text.isascii():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SecsValueError("A", text, "text of 7-bit ASCII; other characters need C2")
    _fits(Format.A, len(text), "bytes")
    return Item(Format.A, text)


def J(text: str) -> Item:
    """Return JIS-8 text: ASCII with yen and overline, and half-width katakana."""
    try:
        _fits(Format.J, len(jis8_bytes(text)), "bytes")
    except UnicodeError as error:
        raise SecsValueError("J", text, f"characters of JIS-8 only ({error})") from None
    return Item(Format.J, text)


def C2(text: str, encoding: int = UTF8) -> Item:
    """Return text in an encoding by its header number: 1 UCS-2, 2 UTF-8, 8 Shift-JIS, 11 GB ..."""
    if encoding not in C2_CODECS:
        raise SecsValueError("C2", encoding, f"encodings are {', '.join(map(str, C2_CODECS))}")
    try:
        data = c2_bytes(text, encoding)
        kept = c2_text(data, encoding) == text
    except UnicodeError as error:
        raise SecsValueError("C2", text, f"characters of {C2_CODECS[encoding]} only ({error})") from None
    if not kept:
        raise SecsValueError("C2", text, f"text that {C2_CODECS[encoding]} gives back as it was")
    _fits(Format.C2, len(data) + 2, "bytes")
    return Item(Format.C2, text, encoding)


def B(*values: int | bytes | bytearray | memoryview) -> Item:
    """Return bytes, given as one bytes object or as numbers 0-255."""
    if len(values) == 1 and not isinstance(values[0], int):
        data = bytes(values[0])
    else:
        try:
            data = bytes(values)  # pyright: ignore[reportArgumentType]
        except (ValueError, TypeError):
            raise SecsValueError("B", values, "bytes, or numbers from 0 to 255") from None
    _fits(Format.B, len(data), "bytes")
    return Item(Format.B, data)


def BOOLEAN(*values: bool) -> Item:
    """Return truth values."""
    for value in values:
        if value is not True and value is not False:
            raise SecsValueError("BOOLEAN", value, "True or False")
    _fits(Format.BOOLEAN, len(values), "bytes")
    return Item(Format.BOOLEAN, values)


def _integers(fmt: Format) -> Callable[..., Item]:
    low, high = INTEGER_RANGES[fmt]
    name = fmt.name

    def make(*values: int) -> Item:
        for value in values:
            if type(value) is not int:
                if isinstance(value, bool) or not hasattr(value, "__index__"):
                    raise SecsValueError(name, value, f"whole numbers from {low} to {high}")
                values = tuple(v.__index__() for v in values)  # numbers of NumPy and enums as plain ones
                return make(*values)
            if not low <= value <= high:
                raise SecsValueError(name, value, f"whole numbers from {low} to {high}")
        if len(values) > 1:
            _fits(fmt, len(values) * ELEMENT_BYTES[fmt], "bytes")
        return Item(fmt, values)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"Return whole numbers from {low} to {high}."
    return make


I1, I2, I4, I8 = (_integers(fmt) for fmt in (Format.I1, Format.I2, Format.I4, Format.I8))
U1, U2, U4, U8 = (_integers(fmt) for fmt in (Format.U1, Format.U2, Format.U4, Format.U8))


def _floats(fmt: Format, values: tuple[float, ...]) -> tuple[float, ...]:
    try:
        # Through the wire's own form: an F4 then compares equal to what comes back.
        layout = f">{len(values)}{STRUCT_LETTERS[fmt]}"
        return struct.unpack(layout, struct.pack(layout, *values))
    except (struct.error, OverflowError, TypeError):
        limit = "numbers up to 3.4028235e38" if fmt is Format.F4 else "numbers up to 1.7976931348623157e308"
        raise SecsValueError(fmt.name, values if len(values) != 1 else values[0], limit) from None


def F4(*values: float) -> Item:
    """Return numbers of single precision; each is rounded to what four bytes hold."""
    _fits(Format.F4, 4 * len(values), "bytes")
    return Item(Format.F4, _floats(Format.F4, values))


def F8(*values: float) -> Item:
    """Return numbers of double precision."""
    if len(values) == 1 and type(values[0]) is float:
        return Item(Format.F8, values)
    _fits(Format.F8, 8 * len(values), "bytes")
    return Item(Format.F8, _floats(Format.F8, values))


_MAKERS: dict[Format, Callable[..., Item]] = {
    Format.L: L,
    Format.B: B,
    Format.BOOLEAN: BOOLEAN,
    Format.A: A,
    Format.J: J,
    Format.C2: C2,
    Format.I1: I1,
    Format.I2: I2,
    Format.I4: I4,
    Format.I8: I8,
    Format.U1: U1,
    Format.U2: U2,
    Format.U4: U4,
    Format.U8: U8,
    Format.F4: F4,
    Format.F8: F8,
}


def item_of(fmt: Format, value: Any) -> Item:
    """Return a value as an item of a format that is known only at run time.

    ``value``: items for L, text for A, J and C2 (UTF-8), bytes for B; for the others a number or several.
    Raises SecsValueError.
    """
    make = _MAKERS[fmt]
    if isinstance(value, str | bytes | bytearray | memoryview) or not isinstance(value, Iterable):
        return make(value)
    return make(*value)


__all__ = [
    "BOOLEAN",
    "C2",
    "F4",
    "F8",
    "I1",
    "I2",
    "I4",
    "I8",
    "U1",
    "U2",
    "U4",
    "U8",
    "A",
    "B",
    "J",
    "L",
    "item_of",
]
