"""What the tool's parts need in a test: description, dictionary, tags that stand still, and a stream kept in a list."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeVar

from planaris.dictionary import Dictionary, build
from planaris.formats import load_tool
from planaris.hardware import (
    LinkState,
    PortKind,
    Sample,
    Subscription,
    TagTable,
    TagWatch,
    Value,
    tags_from,
)
from planaris.model import FilmStack, Layer, Quality, ToolDescription, Wafer, WaferKind
from planaris.stream import Committed, Event, EventStream

E = TypeVar("E", bound=Event)


@cache
def tool_a() -> ToolDescription:
    """Return reference tool A."""
    return load_tool()


@cache
def dictionary_a() -> Dictionary:
    """Return the dictionary of reference tool A."""
    return build(tool_a())


class StillPort:
    """A port whose tags hold what they were given. Only reading works."""

    kind = PortKind.MOCK
    link = LinkState.CONNECTED

    def __init__(self, dictionary: Dictionary) -> None:
        self.tags: TagTable = tags_from(dictionary)
        self.values: dict[str, Value] = {name: tag.initial for name, tag in self.tags.items()}

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        return tuple(Sample(name, self.values[name], 0.0, Quality.GOOD) for name in names)

    async def connect(self) -> None: ...

    async def close(self) -> None: ...

    async def write(self, values: Mapping[str, Value]) -> None:
        raise AssertionError(f"nothing writes here, but {values} came")

    def subscribe(self, rate_class: str, block_s: float = 1.0) -> Subscription:
        raise AssertionError(f"nothing subscribes here, but {rate_class} was asked for")


class Bench:
    """A stream whose events are kept, tags that a test sets, and a clock that a test turns."""

    def __init__(self, tool: ToolDescription | None = None) -> None:
        self.tool = tool or tool_a()
        self.dictionary = dictionary_a() if tool is None else build(tool)
        self.port = StillPort(self.dictionary)
        self.watch = TagWatch(self.port)
        self.now_s = 0.0
        self.journal: list[tuple[Committed, bool]] = []
        self.journal_failure: Exception | None = None
        self.stream = EventStream(lambda: self.now_s, self._commit)
        scalars = tuple(n for n, t in self.port.tags.items() if not t.shape)
        asyncio.run(self.watch.ask(scalars))

    def _commit(self, batch: Sequence[Committed], durable: bool) -> None:
        if self.journal_failure is not None:
            raise self.journal_failure
        self.journal += [(item, durable) for item in batch]

    def set_tags(self, values: Mapping[str, Value]) -> None:
        """Set tags and let the watch see them."""
        unknown = values.keys() - self.port.values.keys()
        assert not unknown, f"no such tags: {unknown}"
        self.port.values.update(values)
        asyncio.run(self.watch.ask(tuple(values)))

    @property
    def events(self) -> list[Event]:
        """Everything committed so far, staged events included."""
        self.stream.flush()
        return [item.event for item, _ in self.journal]

    def of(self, kind: type[E]) -> list[E]:
        """Return the committed events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def wafer(slot: int = 1) -> Wafer:
    """Return a product wafer of lot L1."""
    stack = FilmStack((Layer("TEOS", 1500.0),))
    return Wafer(f"L1-{slot:02d}", "L1", slot, WaferKind.PRODUCT, stack)
