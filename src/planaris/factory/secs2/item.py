"""The item: an immutable SECS-II value with its format."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from planaris.factory.secs2.format import FLOATS, Format

# Formats whose `value` is a tuple of elements; L among them.
_TUPLES = frozenset(set(Format) - {Format.B, Format.A, Format.J, Format.C2})


class Item:
    """A SECS-II item. Make it with the functions of `secs2.items`, which check; this only stores.

    ``value``: a tuple of items for L; bytes for B; str for A, J and C2; a tuple of bool, int or float for the others.
    ``encoding``: the header of a C2 item, else 0. Two items are equal if format, value and encoding are; as in IEEE
    754 a NaN equals nothing, for which there is `same`.
    """

    __slots__ = ("_encoding", "_format", "_value")

    def __init__(self, fmt: Format, value: Any, encoding: int = 0) -> None:
        self._format = fmt
        self._value = value
        self._encoding = encoding

    @property
    def format(self) -> Format:
        """The item's format."""
        return self._format

    @property
    def value(self) -> Any:
        """The item's value, of the type that its format has."""
        return self._value

    @property
    def encoding(self) -> int:
        """The encoding header of a C2 item, else 0."""
        return self._encoding

    @property
    def items(self) -> tuple[Item, ...]:
        """The items of a list. Raises TypeError for another format."""
        if self._format is not Format.L:
            raise TypeError(f"a list is wanted, this is {self._format.name}")
        return self._value

    @property
    def scalar(self) -> Any:
        """The one element of an array of length 1, or the text of a text. Raises TypeError for anything else."""
        value = self._value
        if isinstance(value, str):
            return value
        if self._format is Format.L or len(value) != 1:
            raise TypeError(f"one value is wanted, this is {self._format.name} of {len(value)}")
        return value[0]

    def __len__(self) -> int:
        return len(self._value)

    def __getitem__(self, index: int) -> Any:
        """Return an item of a list, or an element (int for B, a character for texts)."""
        return self._value[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._value)

    def __bool__(self) -> bool:
        return True  # an item that holds nothing is still an item; an absent body is None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Item):
            return NotImplemented
        return self._format is other._format and self._value == other._value and self._encoding == other._encoding

    def __hash__(self) -> int:
        return hash((self._format, self._value, self._encoding))

    def __repr__(self) -> str:
        name = self._format.name
        if self._format in _TUPLES:
            return f"{name}({', '.join(map(repr, self._value))})"
        return f"{name}({self._value!r}{f', {self._encoding}' if name == 'C2' else ''})"


def same(one: Item | None, other: Item | None) -> bool:
    """Say whether two bodies are the same, a NaN being the same as a NaN."""
    if one is None or other is None:
        return one is other
    if one.format is not other.format or len(one) != len(other) or one.encoding != other.encoding:
        return False
    if one.format is Format.L:
        return all(map(same, one.value, other.value))
    if one.format in FLOATS:
        return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(one.value, other.value, strict=True))
    return one.value == other.value
