"""Tags: what a port can be asked for. Declared in the dictionary, typed, one rate class each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from planaris.dictionary import Dictionary

STATE = "state"
"""Rate class of tags that are sent when they change: handshakes, presence, positions."""


class DType(StrEnum):
    """Type of a tag's value."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"


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
        return (0.0,) * self.shape[0] if self.shape else 0.0


class UnknownTagError(KeyError):
    """A tag was asked for that the port does not declare."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"unknown tags: {', '.join(self.names)}")


class TagTable(Mapping[str, Tag]):
    """All tags of a port by name, and by rate class in declaration order."""

    def __init__(self, tags: Iterable[Tag]) -> None:
        self._tags = {tag.name: tag for tag in tags}
        self._classes: dict[str, list[str]] = {}
        for tag in self._tags.values():
            self._classes.setdefault(tag.rate_class, []).append(tag.name)

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

    @property
    def rate_classes(self) -> tuple[str, ...]:
        """All rate classes."""
        return tuple(self._classes)

    def check(self, names: Iterable[str]) -> None:
        """Raise `UnknownTagError` naming every unknown tag."""
        if unknown := [name for name in names if name not in self._tags]:
            raise UnknownTagError(unknown)


def tags_from(dictionary: Dictionary) -> TagTable:
    """Return the tag table of a tool: every dictionary variable that the port provides."""
    return TagTable(Tag(v.name, DType(v.dtype), v.shape, v.rate_class, v.writable) for v in dictionary.tags)
