"""Bodies whose types are known beforehand: compiled once, then one `struct.pack` for all numbers in a row."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from planaris.factory.secs2.codec import encode, header
from planaris.factory.secs2.errors import SecsValueError
from planaris.factory.secs2.format import ELEMENT_BYTES, STRUCT_LETTERS, Format
from planaris.factory.secs2.item import Item
from planaris.factory.secs2.items import L, item_of


@dataclass(frozen=True, slots=True)
class Many:
    """An array of any number of elements, as a leaf of a shape; its value is a sequence."""

    format: Format


# A tuple is a list. A numeric format is one number, a text or B of any length, and L stands for any item as it is.
Shape: TypeAlias = "Format | Many | tuple[Shape, ...]"


def _item(leaf: Format | Many, value: Any) -> Item:
    """Return a leaf's value as an item, checked. Raises SecsValueError."""
    if leaf is Format.L:
        if not isinstance(value, Item):
            raise SecsValueError("L", value, "an item, where the shape leaves the format open")
        return value
    if isinstance(leaf, Many):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise SecsValueError(leaf.format.name, value, "a sequence of values")
        return item_of(leaf.format, value)
    if leaf in STRUCT_LETTERS and isinstance(value, Sequence):
        raise SecsValueError(leaf.name, value, "one value")
    return item_of(leaf, value)


class _Row:
    """Constant bytes and numbers of fixed size in turn, and constant bytes at the end."""

    def __init__(self, constants: list[bytes], formats: list[Format], end: bytes) -> None:
        self.count = len(formats)
        letters = [f"{len(c)}s{STRUCT_LETTERS[f]}" for c, f in zip(constants, formats, strict=True)]
        self._pack = struct.Struct(f">{''.join(letters)}{len(end)}s").pack
        self._template: list[Any] = [part for c in constants for part in (c, 0)] + [end]
        self._truths = [k for k, f in enumerate(formats) if f is Format.BOOLEAN]

    def bytes_of(self, values: Sequence[Any]) -> bytes:
        """Return the row's bytes. Raises struct.error, OverflowError or TypeError for a value that does not fit."""
        for k in self._truths:
            if values[k] is not True and values[k] is not False:
                raise TypeError("BOOLEAN")
        parts = self._template.copy()
        parts[1::2] = values
        return self._pack(*parts)


class BodyEncoder:
    """Encodes bodies of one shape from their leaf values, given flat and in order.

    E.g. ``BodyEncoder((Format.U4, Format.U4, ((Format.U4, (Format.F8, Format.F8)),)))`` takes five numbers and gives
    the bytes of ``L(U4, U4, L(L(U4, L(F8, F8))))``: the same as `encode` of those items, only sooner.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._leaves: list[Format | Many] = list(_leaves(shape))
        # A row, or the leaf of variable length that stands between rows.
        self._steps: list[_Row | Format | Many] = []
        self._compile()

    @property
    def leaves(self) -> int:
        """How many values `encode` takes."""
        return len(self._leaves)

    def encode(self, values: Sequence[Any]) -> bytes:
        """Return the body's bytes. Raises SecsValueError for a value that does not fit, ValueError for their number."""
        if len(values) != len(self._leaves):
            raise ValueError(f"{len(self._leaves)} values are wanted, {len(values)} were given")
        try:
            return self._encode(values)
        except (struct.error, OverflowError, TypeError):
            # The slow way finds the value that is wrong and says so.
            return encode(self.item(values))

    def item(self, values: Sequence[Any]) -> Item:
        """Return the body as an item, for those who want to look at it. Raises as `encode`."""
        remaining = iter(values)

        def build(shape: Shape) -> Item:
            if isinstance(shape, tuple):
                return L(*[build(inner) for inner in shape])
            return _item(shape, next(remaining))

        return build(self._shape)

    def _encode(self, values: Sequence[Any]) -> bytes:
        steps = self._steps
        if len(steps) == 1 and isinstance(row := steps[0], _Row):
            return row.bytes_of(values)
        parts: list[bytes] = []
        at = 0
        for step in steps:
            if isinstance(step, _Row):
                parts.append(step.bytes_of(values[at : at + step.count]))
                at += step.count
            else:
                parts.append(encode(_item(step, values[at])))
                at += 1
        return b"".join(parts)

    def _compile(self) -> None:
        constants: list[bytes] = []
        formats: list[Format] = []
        pending = b""
        for part in _parts(self._shape):
            if isinstance(part, bytes):
                pending += part
            elif isinstance(part, Format) and part in STRUCT_LETTERS:
                constants.append(pending + header(part, ELEMENT_BYTES[part]))
                formats.append(part)
                pending = b""
            else:
                self._steps += [_Row(constants, formats, pending), part]
                constants, formats, pending = [], [], b""
        if formats or pending or not self._steps:
            self._steps.append(_Row(constants, formats, pending))


def _leaves(shape: Shape) -> Iterator[Format | Many]:
    if isinstance(shape, tuple):
        for inner in shape:
            yield from _leaves(inner)
    else:
        yield shape


def _parts(shape: Shape) -> Iterator[bytes | Format | Many]:
    """Yield the headers of lists as bytes, and the leaves."""
    if isinstance(shape, tuple):
        yield header(Format.L, len(shape))
        for inner in shape:
            yield from _parts(inner)
    else:
        yield shape
