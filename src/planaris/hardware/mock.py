"""A port that answers what a test told it: no physics, no far side, every write remembered."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from planaris.hardware.port import LinkState, NotWritableError, PortError, PortKind, Sample, Subscription
from planaris.hardware.tags import OPTICAL, STATE, DType, TagTable, UnknownTagError, Value
from planaris.model import Block, Quality

OnWrite = Callable[[Mapping[str, Value]], None]
Signal = Callable[[str, NDArray[np.float64]], NDArray[np.float64]]
"""Values (n, columns) of a rate class at times (n,); a tag with a shape takes as many columns."""

# Facility supplies are sampled once a second, process sensors at 100 Hz (the dictionary's rate classes); the mock's
# windows flash evenly, as often as some 90 rpm make on the wafer.
_RATES_Hz = {"facility": 1, "fast": 100, OPTICAL: 25}
_ROUNDING = 1e-6


class MockPort:
    """Port for tests.

    ``on_write`` is told every group that was written and may answer with `set`, at once or later; ``signal`` gives
    the sampled values, zeros if there is none; ``delay_s`` is asked for the one-way delay of every message.
    """

    def __init__(
        self,
        tags: TagTable,
        *,
        on_write: OnWrite | None = None,
        signal: Signal | None = None,
        delay_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.values: dict[str, Value] = {
            name: tag.initial for name, tag in tags.items() if tag.rate_class == STATE or tag.writable
        }
        self.written: list[tuple[float, dict[str, Value]]] = []
        self.on_write = on_write
        self.refuse_connection = False
        self._tags, self._signal, self._delay_s = tags, signal, delay_s
        self._link = LinkState.DISCONNECTED
        self._state: list[_StateQueue] = []
        self._sampled: list[_Sampler] = []
        self._last_delivery_s = self._last_write_s = -math.inf

    @property
    def kind(self) -> PortKind:
        """Always the mock."""
        return PortKind.MOCK

    @property
    def tags(self) -> TagTable:
        """The tags it was made with."""
        return self._tags

    @property
    def link(self) -> LinkState:
        """State of the link."""
        return self._link

    async def connect(self) -> None:
        """Open the link, unless the test refuses it."""
        self._link = LinkState.CONNECTING
        await asyncio.sleep(self._delay_s())
        if self.refuse_connection:
            self._link = LinkState.DISCONNECTED
            raise PortError("connection refused")
        self._link = LinkState.CONNECTED

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        """Return what the test set, and the signal's values now."""
        self._check(names)
        await asyncio.sleep(self._delay_s())
        now_s = _now_s()
        return tuple(Sample(name, self._value(name, now_s), now_s, Quality.GOOD) for name in names)

    async def write(self, values: Mapping[str, Value]) -> None:
        """Take a group of values and tell `on_write`."""
        self._check(values)
        if locked := [name for name in values if not self._tags[name].writable]:
            raise NotWritableError(f"not writable: {', '.join(locked)}")
        taken = self._tags.cast(values)
        self._last_write_s = max(self._last_write_s, _now_s() + self._delay_s())
        arrived = asyncio.Event()
        asyncio.get_running_loop().call_at(self._last_write_s, arrived.set)
        await arrived.wait()
        self.written.append((_now_s(), taken))
        self.set(taken)
        if self.on_write is not None:
            self.on_write(taken)

    def subscribe(self, rate_class: str, block_s: float = 1.0) -> Subscription:
        """Start a subscription of a rate class."""
        if self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        if rate_class == STATE:
            queue = _StateQueue(self._state.remove)
            queue.put(_now_s(), self._scalars(self._tags.of_class(STATE)))
            self._state.append(queue)
            return queue
        if rate_class not in self._tags.rate_classes:
            raise UnknownTagError([rate_class])
        names, widths = self._tags.of_class(rate_class), self._tags.widths_of(rate_class)
        sampler = _Sampler(rate_class, names, widths, self._rows, block_s, self._delay_s)
        self._sampled.append(sampler)
        return sampler

    async def close(self) -> None:
        """Close the link and end all subscriptions."""
        for subscription in (*self._state, *self._sampled):
            subscription.close()
        self._sampled.clear()
        self._link = LinkState.DISCONNECTED

    # -- what a test does -------------------------------------------------------------------------------------
    def set(self, values: Mapping[str, Value], *, repeat: bool = False, lost: bool = False) -> None:
        """Change tags from the far side. ``repeat`` tells unchanged ones too; ``lost`` tells nobody."""
        self._tags.check(values)
        fresh = {name: value for name, value in values.items() if repeat or self.values.get(name) != value}
        self.values.update(fresh)
        news = self._scalars(fresh)
        if not news or lost or not self._state:
            return
        now_s = _now_s()
        self._last_delivery_s = max(self._last_delivery_s, now_s + self._delay_s())
        readers = tuple(self._state)
        asyncio.get_running_loop().call_at(self._last_delivery_s, lambda: [q.put(now_s, news) for q in readers])

    # -- inside -----------------------------------------------------------------------------------------------
    def _check(self, names: Sequence[str] | Mapping[str, Value]) -> None:
        if self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        self._tags.check(names)

    def _scalars(self, names: Sequence[str] | Mapping[str, Value]) -> dict[str, float]:
        return {name: float(value) for name in names if not isinstance(value := self.values[name], tuple)}

    def _value(self, name: str, time_s: float) -> Value:
        tag = self._tags[name]
        if name in self.values:
            return tag.cast(self.values[name])
        names, widths = self._tags.of_class(tag.rate_class), self._tags.widths_of(tag.rate_class)
        column = names.index(name)
        first, width = (sum(widths[:column]), widths[column]) if widths else (column, 1)
        row = self._rows(tag.rate_class, np.array([time_s]))[0, first : first + width].tolist()
        if tag.shape:
            return tag.cast(tuple(row))
        return tag.cast(row[0] if tag.dtype is DType.FLOAT else round(row[0]))

    def _rows(self, rate_class: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._signal is None:
            columns = sum(self._tags.widths_of(rate_class)) or len(self._tags.of_class(rate_class))
            return np.zeros((len(times_s), columns))
        return self._signal(rate_class, times_s)


class _StateQueue:
    """Change notices, in the order they were put."""

    def __init__(self, on_close: Callable[[_StateQueue], None]) -> None:
        self._queue: asyncio.Queue[Block | None] = asyncio.Queue()
        self._on_close, self._sequence, self._closed = on_close, 0, False

    def put(self, time_s: float, values: Mapping[str, float]) -> None:
        if self._closed:
            return
        row = np.array([list(values.values())])
        quality = np.array([Quality.GOOD], dtype=np.uint8)
        self._queue.put_nowait(Block(STATE, tuple(values), np.array([time_s]), row, quality, self._sequence))
        self._sequence += 1

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        block = await self._queue.get()
        if block is None:
            raise StopAsyncIteration
        return block

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._queue.put_nowait(None)
            self._on_close(self)


class _Sampler:
    """Blocks of a sampled class, cut at whole multiples of ``block_s``."""

    def __init__(
        self,
        rate_class: str,
        tags: tuple[str, ...],
        widths: tuple[int, ...],
        rows: Callable[[str, NDArray[np.float64]], NDArray[np.float64]],
        block_s: float,
        delay_s: Callable[[], float],
    ) -> None:
        self._rate_class, self._tags, self._rows, self._delay_s = rate_class, tags, rows, delay_s
        self._widths = widths
        self._rate_Hz = _RATES_Hz[rate_class.rpartition(".")[2]]
        self._block = max(1, round(block_s * self._rate_Hz))
        self._next = math.ceil(_now_s() * self._rate_Hz - _ROUNDING)
        self._end: int | None = None
        self._closed = asyncio.Event()
        self._sequence = 0

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        end = (self._next // self._block + 1) * self._block
        try:
            async with asyncio.timeout_at(end / self._rate_Hz + self._delay_s()):
                await self._closed.wait()
        except TimeoutError:
            pass
        if self._end is not None and (end := min(end, self._end)) <= self._next:
            raise StopAsyncIteration
        times_s = np.arange(self._next, end) / self._rate_Hz
        values = self._rows(self._rate_class, times_s).astype(np.float32)
        quality = np.full(len(times_s), Quality.GOOD, dtype=np.uint8)
        block = Block(self._rate_class, self._tags, times_s, values, quality, self._sequence, widths=self._widths)
        self._next, self._sequence = end, self._sequence + 1
        return block

    def close(self) -> None:
        if self._end is None:
            self._end = math.floor(_now_s() * self._rate_Hz + _ROUNDING) + 1
            self._closed.set()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
