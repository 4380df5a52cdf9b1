"""The virtual PLC: a store of tags, their change notices, and the link they travel on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from planaris.hardware import STATE, TagTable, Value
from planaris.model import Block, Quality
from planaris.twin.noise import stream_of

WriteHandler = Callable[[Mapping[str, Value]], None]


@dataclass(frozen=True, slots=True)
class LinkModel:
    """How the link between controller and PLC behaves: one-way delay, its jitter, share of lost change notices."""

    latency_s: float = 0.02
    jitter_s: float = 0.0
    loss_fraction: float = 0.0


class StateSubscription:
    """Change notices in order; the first block is a snapshot of all scalar `state` tags."""

    def __init__(self, on_close: Callable[[StateSubscription], None]) -> None:
        self._queue: asyncio.Queue[Block | None] = asyncio.Queue()
        self._on_close = on_close
        self._sequence = 0
        self._closed = False

    def put(self, time_s: float, changes: Mapping[str, float]) -> None:
        """Queue one block of changed tags."""
        if self._closed:
            return
        self._queue.put_nowait(
            Block(
                rate_class=STATE,
                tags=tuple(changes),
                time_s=np.array([time_s]),
                values=np.array([list(changes.values())]),
                quality=np.array([Quality.GOOD], dtype=np.uint8),
                sequence=self._sequence,
            )
        )
        self._sequence += 1

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        block = await self._queue.get()
        if block is None:
            raise StopAsyncIteration
        return block

    def close(self) -> None:
        """End the iteration after what is queued."""
        if not self._closed:
            self._closed = True
            self._queue.put_nowait(None)
            self._on_close(self)


class VirtualPlc:
    """Tag values and the handlers of written tags. State changes only by writes and device events."""

    def __init__(self, tags: TagTable, link: LinkModel, seed: int) -> None:
        self.tags = tags
        self.link = link
        self.values: dict[str, Value] = {
            name: tag.initial for name, tag in tags.items() if tag.rate_class == STATE or tag.writable
        }
        self._handlers: dict[str, WriteHandler] = {}
        self._silent: set[str] = set()
        self._subscriptions: list[StateSubscription] = []
        self._chance = stream_of(seed, "link")
        self._last_delivery_s = 0.0

    def without_notice(self, name: str) -> None:
        """Send no change notices for a tag that only its writer cares about."""
        self._silent.add(name)

    def on_write(self, names: Iterable[str], handler: WriteHandler) -> None:
        """Call a handler when any of the tags is written, with all of them that were written together."""
        for name in names:
            self._handlers[name] = handler

    def delay_s(self) -> float:
        """Return the delay of the next message on the link."""
        jitter = self.link.jitter_s
        return self.link.latency_s + (jitter * float(self._chance.random()) if jitter else 0.0)

    def write(self, values: Mapping[str, Value]) -> None:
        """Take written values, tell subscribers, and run their handlers, each once with its own share."""
        self.set({n: v for n, v in values.items() if n not in self._silent})
        self.values.update(values)
        by_handler: dict[WriteHandler, dict[str, Value]] = {}
        for name, value in values.items():
            handler = self._handlers.get(name)
            if handler is not None:
                by_handler.setdefault(handler, {})[name] = value
        for handler, share in by_handler.items():
            handler(share)

    def set(self, changes: Mapping[str, Value], *, repeat: bool = False) -> None:
        """Set tags from the inside and notify subscribers of those that changed (of all with ``repeat``)."""
        fresh = {n: v for n, v in changes.items() if repeat or self.values.get(n) != v}
        if not fresh:
            return
        self.values.update(fresh)
        if not self._subscriptions:
            return
        if self.link.loss_fraction and float(self._chance.random()) < self.link.loss_fraction:
            return
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        self._last_delivery_s = max(self._last_delivery_s, now_s + self.delay_s())
        scalars = {n: float(v) for n, v in fresh.items() if not isinstance(v, tuple)}
        if scalars:
            loop.call_at(self._last_delivery_s, self._deliver, now_s, scalars)

    def _deliver(self, time_s: float, changes: Mapping[str, float]) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.put(time_s, changes)

    def subscribe(self) -> StateSubscription:
        """Start a subscription of change notices."""
        subscription = StateSubscription(self._subscriptions.remove)
        snapshot = {
            name: float(value)
            for name in self.tags.of_class(STATE)
            if not isinstance(value := self.values[name], tuple)
        }
        subscription.put(asyncio.get_running_loop().time(), snapshot)
        self._subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        """End all subscriptions."""
        for subscription in tuple(self._subscriptions):
            subscription.close()
