"""The one seam: control code meets the world here and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from planaris.hardware.tags import TagTable, Value
from planaris.model import Block, Quality


class PortKind(StrEnum):
    """What is behind a port. Shown wherever people look."""

    TWIN = "twin"
    OPCUA = "opcua"
    REPLAY = "replay"
    MOCK = "mock"


class LinkState(StrEnum):
    """State of the link behind a port."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"


class PortError(Exception):
    """The port could not do what was asked; the link may be down."""


class NotWritableError(PortError):
    """A tag that cannot be written was written."""


class Sample(NamedTuple):
    """One value of one tag at a tool time."""

    tag: str
    value: Value
    time_s: float
    quality: Quality


class Subscription(Protocol):
    """A running subscription of one rate class: an async iterator of blocks.

    The class `state` yields blocks of one row that hold only the scalar tags that changed, in the order they did;
    the first block holds all of them as they are when the subscription starts. Sampled classes yield blocks of about
    ``block_s``. After `close` what was sampled until then is still delivered, then the iteration ends.
    """

    def __aiter__(self) -> AsyncIterator[Block]: ...

    async def __anext__(self) -> Block: ...

    def close(self) -> None: ...


class Port(Protocol):
    """Connect, read, write, subscribe, close."""

    @property
    def kind(self) -> PortKind: ...

    @property
    def tags(self) -> TagTable: ...

    @property
    def link(self) -> LinkState: ...

    async def connect(self) -> None:
        """Open the link; raise `PortError` if it cannot be."""
        ...

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        """Return the present values, in the order asked. Reading never changes anything."""
        ...

    async def write(self, values: Mapping[str, Value]) -> None:
        """Write a group of tags at once; return when the far side has them.

        Groups arrive in the order they were written. Raises `UnknownTagError`, `NotWritableError` or `BadValueError`,
        and then nothing of the group is written; `PortError` if there is no link.
        """
        ...

    def subscribe(self, rate_class: str, block_s: float = 1.0) -> Subscription:
        """Start a subscription of a rate class."""
        ...

    async def close(self) -> None:
        """Close the link and all subscriptions."""
        ...
