"""The virtual PLC: a store of tags, their change notices, and the link they travel on."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.hardware import STATE, TagTable, Value
from planaris.model import Block, Quality
from planaris.twin.noise import stream_of

_GOOD = np.array([Quality.GOOD], dtype=np.uint8)

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
        self._blocks: deque[Block] = deque()
        self._news = asyncio.Event()
        self._on_close = on_close
        self._sequence = 0
        self.ended = False

    def put(self, time_s: float, changes: Mapping[str, float]) -> None:
        """Queue one block of changed tags."""
        if self.ended:
            return
        self._blocks.append(
            Block(
                rate_class=STATE,
                tags=tuple(changes),
                time_s=np.array([time_s]),
                values=np.array([list(changes.values())]),
                quality=_GOOD.copy(),
                sequence=self._sequence,
            )
        )
        self._sequence += 1
        self._news.set()

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        while not self._blocks:
            if self.ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._blocks.popleft()

    def close(self) -> None:
        """End the iteration after what is queued."""
        if not self.ended:
            self.ended = True
            self._news.set()
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
        self._seed = seed
        self._last_delivery_s = self._last_write_s = 0.0
        self._forced: dict[str, Value] = {}
        self._dead_from_s: float | None = None
        self._dead_s: list[tuple[float, float]] = []
        self._cut_from_s: float | None = None
        self.loses: Callable[[Mapping[str, float]], bool] = lambda _changes: False
        self.masks: Callable[[str], None] = lambda _name: None

    @property
    def alive(self) -> bool:
        """Whether the PLC's CPU runs: a dead one takes no write, tells nothing and answers nothing."""
        return self._dead_from_s is None

    @property
    def reachable(self) -> bool:
        """Whether a controller can talk to it: its CPU runs and the link is whole."""
        return self.alive and self._cut_from_s is None

    def cut(self) -> None:
        """Cut the link. The CPU goes on and misses its heartbeat."""
        if self._cut_from_s is None:
            self._cut_from_s = asyncio.get_running_loop().time()

    def splice(self) -> None:
        """Have the link again; the controller's side is told how everything stands."""
        if self._cut_from_s is not None:
            self._dead_s.append((self._cut_from_s, asyncio.get_running_loop().time()))
            self._cut_from_s = None
            self.set({name: self.values[name] for name in self.tags.of_class(STATE)}, repeat=True)

    def kill(self) -> None:
        """Stop the CPU. What its inputs are wired to goes on."""
        if self._dead_from_s is None:
            self._dead_from_s = asyncio.get_running_loop().time()

    def revive(self) -> None:
        """Start the CPU again: it scans its inputs and tells everybody how everything stands."""
        if self._dead_from_s is not None:
            self._dead_s.append((self._dead_from_s, asyncio.get_running_loop().time()))
            self._dead_from_s = None
            self.set({name: self.values[name] for name in self.tags.of_class(STATE)}, repeat=True)

    def sampled_alive(self, times_s: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        """Say for each time whether the CPU ran and the link was whole, so that it has a sample; None if all."""
        if not self._dead_s and self.reachable:
            return None
        open_s = [since_s for since_s in (self._dead_from_s, self._cut_from_s) if since_s is not None]
        spans = [*self._dead_s, *((since_s, math.inf) for since_s in open_s)]
        alive = np.ones(len(times_s), dtype=np.bool_)
        for from_s, until_s in spans:
            alive &= (times_s < from_s) | (times_s >= until_s)
        return alive

    def force(self, name: str, value: Value | None) -> None:
        """Let an input show one value whatever it sees, as a stuck sensor does; None lets it see again."""
        if value is None:
            self._forced.pop(name, None)
        else:
            self._forced[name] = value
            self.set({name: value})

    def without_notice(self, name: str) -> None:
        """Send no change notices for a tag that only its writer cares about."""
        self._silent.add(name)

    def on_write(self, names: Iterable[str], handler: WriteHandler) -> None:
        """Call a handler when any of the tags is written, with all of them that were written together."""
        for name in names:
            self._handlers[name] = handler

    def delay_s(self, message: str) -> float:
        """Return the delay of a message sent now.

        Chance depends on the moment and the message alone, so that one more reader changes nobody else's delays.
        """
        jitter_s = self.link.jitter_s
        return self.link.latency_s + (jitter_s * self._chance(message) if jitter_s else 0.0)

    def write_arrives_s(self, message: str) -> float:
        """Return when a group written now arrives: not before those written earlier."""
        self._last_write_s = max(self._last_write_s, asyncio.get_running_loop().time() + self.delay_s(message))
        return self._last_write_s

    def _chance(self, message: str) -> float:
        now_s = asyncio.get_running_loop().time()
        return float(stream_of(self._seed, f"link.{message}.{now_s:.6f}").random())

    def write(self, values: Mapping[str, Value]) -> None:
        """Take written values, tell subscribers, and run their handlers, each once with its own share."""
        if not self.alive:
            return
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
        if self._forced:
            for name, value in changes.items():
                if self._forced.get(name, value) != value:
                    self.masks(name)
            changes = {n: self._forced.get(n, v) for n, v in changes.items()}
        fresh = {n: v for n, v in changes.items() if repeat or self.values.get(n) != v}
        if not fresh:
            return
        self.values.update(fresh)
        if not self.reachable:
            return
        scalars = {n: float(v) for n, v in fresh.items() if not isinstance(v, tuple)}
        if not scalars or not self._subscriptions:
            return
        message = next(iter(scalars))
        if self.link.loss_fraction and self._chance(f"{message}.lost") < self.link.loss_fraction:
            return
        if self.loses(scalars):
            return
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        self._last_delivery_s = max(self._last_delivery_s, now_s + self.delay_s(message))
        # Who subscribes while this is under way knows it already from his snapshot.
        loop.call_at(self._last_delivery_s, _deliver, tuple(self._subscriptions), now_s, scalars)

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


def _deliver(subscriptions: Iterable[StateSubscription], time_s: float, changes: Mapping[str, float]) -> None:
    for subscription in subscriptions:
        subscription.put(time_s, changes)
