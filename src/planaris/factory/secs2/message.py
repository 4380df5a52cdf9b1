"""A SECS-II message: stream, function, whether a reply is wanted, and a body."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from planaris.factory.secs2.errors import SecsValueError
from planaris.factory.secs2.item import Item

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Message:
    """A message. ``stream`` 0-127, ``function`` 0-255; ``name`` is for people and does not count in comparisons."""

    stream: int
    function: int
    wait: bool = False
    body: Item | None = None
    name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.stream <= 127:
            raise SecsValueError("stream", self.stream, "0 to 127")
        if not 0 <= self.function <= 255:
            raise SecsValueError("function", self.function, "0 to 255")
        if self.name and not _NAME.fullmatch(self.name):
            raise SecsValueError("name", self.name, "a letter, then letters, digits, _ . or -")

    @property
    def primary(self) -> bool:
        """Whether it begins a transaction: primaries have odd functions."""
        return self.function % 2 == 1

    @property
    def title(self) -> str:
        """E.g. ``S6F11 W``."""
        return f"S{self.stream}F{self.function}{' W' if self.wait else ''}"
