"""The twin's port: the same seam as a real PLC's, with physics behind the tags."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import repeat

from planaris.hardware import (
    OPTICAL,
    STATE,
    LinkState,
    NotWritableError,
    PortError,
    PortKind,
    Sample,
    Subscription,
    Tag,
    TagTable,
    UnknownTagError,
    Value,
)
from planaris.model import Quality
from planaris.twin.machine import Machine
from planaris.twin.plc import StateSubscription
from planaris.twin.sampling import SampledSubscription
from planaris.twin.window_sampling import FlashSubscription


class TwinPort:
    """Port onto a `Machine`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._link = LinkState.DISCONNECTED
        self._subscriptions: list[StateSubscription | SampledSubscription | FlashSubscription] = []
        self._asked: tuple[Sequence[str], list[Tag], bool] | None = None

    @property
    def kind(self) -> PortKind:
        """Always the twin."""
        return PortKind.TWIN

    @property
    def tags(self) -> TagTable:
        """All tags of the machine."""
        return self._machine.plc.tags

    @property
    def link(self) -> LinkState:
        """State of the link: none to a PLC that is dead."""
        return self._link if self._machine.plc.reachable else LinkState.DISCONNECTED

    async def connect(self) -> None:
        """Open the link."""
        self._link = LinkState.CONNECTING
        await asyncio.sleep(self._machine.plc.delay_s("connect"))
        self._answered()
        self._link = LinkState.CONNECTED

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        """Return present values after the link's delay; evaluating them commits nothing."""
        self._check(())
        tags, plain = self._selected(names)
        await asyncio.sleep(self._machine.plc.delay_s(f"read.{names[0] if names else ''}"))
        self._answered()
        now_s = asyncio.get_running_loop().time()
        held, good = self._machine.plc.values, Quality.GOOD
        if plain:
            values = [tag.cast(value) for tag, value in zip(tags, map(held.__getitem__, names), strict=True)]
            return tuple(map(_sample, zip(names, values, repeat(now_s), repeat(good))))
        rows: dict[str, Mapping[str, Value]] = {}
        samples: list[Sample] = []
        for name, tag in zip(names, tags, strict=True):
            if tag.rate_class == STATE:
                samples.append(Sample(name, tag.cast(held[name]), now_s, good))
                continue
            if tag.rate_class.endswith(f".{OPTICAL}"):
                if tag.rate_class not in rows:
                    rows[tag.rate_class] = self._machine.window_now(name.split(".", 1)[0], now_s)
                value = tag.cast(rows[tag.rate_class].get(name, tag.initial))
            else:
                owner = name.split(".", 1)[0]
                if owner not in rows:
                    rows[owner] = self._machine.sensors_now(owner, now_s)
                value = rows[owner][name]
            samples.append(Sample(name, value, now_s, good))
        return tuple(samples)

    async def write(self, values: Mapping[str, Value]) -> None:
        """Write a group of tags; they take effect together after the link's delay."""
        self._check(values)
        tags = self.tags
        if not tags.locked.isdisjoint(values):
            raise NotWritableError(f"not writable: {', '.join(name for name in values if name in tags.locked)}")
        taken = tags.cast(values)
        if not taken:
            return
        await _until(self._machine.plc.write_arrives_s(f"write.{next(iter(taken))}"))
        self._answered()
        self._machine.write(taken)

    def subscribe(self, rate_class: str, block_s: float = 1.0) -> Subscription:
        """Start a subscription of a rate class."""
        if self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        if rate_class not in self.tags.rate_classes:
            raise UnknownTagError([rate_class])
        machine = self._machine
        subscription = machine.plc.subscribe() if rate_class == STATE else machine.sample(rate_class, block_s)
        self._subscriptions = [*(s for s in self._subscriptions if not s.ended), subscription]
        return subscription

    def drop(self) -> None:
        """End the link as the death of its other end does: nobody says goodbye."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
        self._link = LinkState.DISCONNECTED

    async def close(self) -> None:
        """Close the link and end this port's subscriptions."""
        self.drop()

    def _selected(self, names: Sequence[str]) -> tuple[list[Tag], bool]:
        """Return the tags of names, and whether all are state tags; what was asked last is kept by identity."""
        known = self._asked
        if known is None or known[0] is not names:
            tags = self.tags.select(names)
            plain = all(tag.rate_class == STATE for tag in tags)
            if not isinstance(names, tuple):
                return tags, plain
            self._asked = known = names, tags, plain
        return known[1], known[2]

    def _answered(self) -> None:
        if not self._machine.plc.reachable:
            raise PortError("the PLC does not answer")

    def _check(self, names: Sequence[str] | Mapping[str, Value]) -> None:
        if self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        self.tags.check(names)


# What `Sample` itself does, without a call in between: a refresh has hundreds.
_sample: Callable[[tuple[str, Value, float, Quality]], Sample] = partial(tuple.__new__, Sample)


def _come(due: asyncio.Future[None]) -> None:
    if not due.done():
        due.set_result(None)


async def _until(time_s: float) -> None:
    """Sleep to a time exactly, so that what is due at one moment keeps its order."""
    loop = asyncio.get_running_loop()
    due: asyncio.Future[None] = loop.create_future()
    timer = loop.call_at(time_s, _come, due)
    try:
        await due
    finally:
        timer.cancel()
