"""Tags: what a port can be asked for. Declared in the dictionary, typed, one rate class each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from planaris.dictionary import Dictionary

OPTICAL = "optical"
"""Ending of the rate class of window sensors: samples come once a flash, at uneven times."""

STATE = "state"
"""Rate class of tags that are sent when they change: handshakes, presence, positions."""


class DType(StrEnum):
    """Type of a tag's value."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"


# By name: a member is looked up slowly in its class.
_BOOL, _FLOAT, _INT = DType.BOOL, DType.FLOAT, DType.INT

Value = bool | int | float | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: ``shape`` is () for a scalar; a spectrum or a slot map is one tag with a shape."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    rate_class: str
    writable: bool

    @property
    def initial(self) -> Value:
        """Value before anything is known."""
        return (0.0,) * self.shape[0] if self.shape else self.cast(0)

    def cast(self, value: Value) -> Value:
        """Return a value as this tag's type and shape; raise `BadValueError` if it is none."""
        kind = type(value)
        if ((kind is bool and self.dtype is _BOOL) or (kind is int and self.dtype is _INT)) and not self.shape:
            return value
        if isinstance(value, tuple):
            if (len(value),) != self.shape or not all(map(math.isfinite, value)):
                raise BadValueError({self.name: value})
            return tuple(map(float, value))
        if self.shape or not math.isfinite(value):
            raise BadValueError({self.name: value})
        if self.dtype is _FLOAT:
            return float(value)
        whole = int(value)
        if whole != value or (self.dtype is _BOOL and whole not in (0, 1)):
            raise BadValueError({self.name: value})
        return bool(whole) if self.dtype is _BOOL else whole


class UnknownTagError(KeyError):
    """A tag was asked for that the port does not declare."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"unknown tags: {', '.join(self.names)}")


class BadValueError(ValueError):
    """Values do not fit the types and shapes of their tags, or are no finite numbers."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = dict(values)
        super().__init__("; ".join(f"{name} cannot be {value!r}" for name, value in values.items()))


class TagTable(Mapping[str, Tag]):
    """All tags of a port by name, and by rate class in declaration order."""

    def __init__(self, tags: Iterable[Tag]) -> None:
        self._tags = {tag.name: tag for tag in tags}
        self._classes: dict[str, list[str]] = {}
        for tag in self._tags.values():
            self._classes.setdefault(tag.rate_class, []).append(tag.name)
        self._locked = frozenset(tag.name for tag in self._tags.values() if not tag.writable)

    def __getitem__(self, name: str) -> Tag:
        return self._tags[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tags)

    def __len__(self) -> int:
        return len(self._tags)

    def of_class(self, rate_class: str) -> tuple[str, ...]:
        """Return the names of a rate class; raise `UnknownTagError` if there is none."""
        if rate_class not in self._classes:
            raise UnknownTagError([rate_class])
        return tuple(self._classes[rate_class])

    def widths_of(self, rate_class: str) -> tuple[int, ...]:
        """Return how many columns each tag of a sampled class takes in a block; empty where all take one."""
        widths = tuple(self._tags[name].shape[0] if self._tags[name].shape else 1 for name in self.of_class(rate_class))
        return widths if any(width != 1 for width in widths) else ()

    @property
    def rate_classes(self) -> tuple[str, ...]:
        """All rate classes."""
        return tuple(self._classes)

    def check(self, names: Iterable[str]) -> None:
        """Raise `UnknownTagError` naming every unknown tag."""
        if unknown := [name for name in names if name not in self._tags]:
            raise UnknownTagError(unknown)

    def select(self, names: Iterable[str]) -> list[Tag]:
        """Return the tags of names in their order; raise `UnknownTagError` naming every unknown one."""
        names = tuple(names)
        self.check(names)
        return [self._tags[name] for name in names]

    def cast(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return a group of values, each as its tag's type; raise `BadValueError` naming every one that cannot be."""
        tags = self._tags
        try:
            return {name: tags[name].cast(value) for name, value in values.items()}
        except BadValueError:
            raise BadValueError(dict(self._bad(values))) from None

    def _bad(self, values: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
        for name, value in values.items():
            try:
                self._tags[name].cast(value)
            except BadValueError:
                yield name, value

    @property
    def locked(self) -> frozenset[str]:
        """Tags that cannot be written."""
        return self._locked


def tags_from(dictionary: Dictionary) -> TagTable:
    """Return the tag table of a tool: every dictionary variable that the port provides."""
    return TagTable(
        Tag(v.name, DType(v.dtype), v.shape, v.rate_class, v.writable) for v in dictionary.tags if v.rate_class
    )
