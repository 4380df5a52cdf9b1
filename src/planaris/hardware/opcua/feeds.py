"""Subscriptions of the wire's port: change notices after a snapshot, and samples cut into the reader's blocks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from planaris.hardware.opcua.space import WireBlock
from planaris.hardware.tags import STATE
from planaris.model import Block, Quality

_Times, _Values, _Marks = NDArray[np.float64], NDArray[np.float32], NDArray[np.uint8]


class Feed:
    """A queue of blocks that ends."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Block | None] = asyncio.Queue()
        self._sequence = 0
        self.ended = False
        self.over = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        block = await self._queue.get()
        if block is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return block

    def _put(self, block: Block) -> None:
        self._queue.put_nowait(block)
        self._sequence += 1

    def end(self) -> None:
        """Let the iteration end after what is queued."""
        if not self.ended:
            self.ended = True
            self.over.set()
            self._queue.put_nowait(None)


class StateFeed(Feed):
    """Change notices. Nothing is told before the snapshot, and nothing older than it after."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, float] = {}
        self._snapshot_s: float | None = None
        self._early: list[tuple[float, dict[str, float], Quality]] = []
        self._gap = False

    def snapshot(self, time_s: float, values: Mapping[str, float]) -> None:
        """Tell all tags as they are; what came early and is newer follows."""
        if self.ended:
            return
        self._snapshot_s = time_s
        self._tell(time_s, dict(values), Quality.GOOD)
        early, self._early = self._early, []
        for notice in early:
            self.notice(*notice)

    def notice(self, time_s: float, values: dict[str, float], quality: Quality) -> None:
        """Tell changed tags."""
        if self.ended:
            return
        if self._snapshot_s is None:
            self._early.append((time_s, values, quality))
        elif time_s > self._snapshot_s:
            self._tell(time_s, values, quality)
        elif time_s == self._snapshot_s:  # the snapshot may have been taken just before
            fresh = {name: value for name, value in values.items() if self._known.get(name) != value}
            if fresh:
                self._tell(time_s, fresh, quality)

    def lost(self, time_s: float) -> None:
        """Mark the last known values bad; the next block is a snapshot again."""
        if not self.ended and self._snapshot_s is not None:
            self._tell(time_s, self._known, Quality.BAD)
        self._snapshot_s, self._early, self._gap = None, [], True

    def _tell(self, time_s: float, values: Mapping[str, float], quality: Quality) -> None:
        self._known.update(values)
        row, marks = np.array([list(values.values())]), np.array([quality], dtype=np.uint8)
        gap = self._gap and quality is not Quality.BAD
        self._put(Block(STATE, tuple(values), np.array([time_s]), row, marks, self._sequence, gap))
        if gap:
            self._gap = False

    def close(self) -> None:
        """End the iteration after what is queued."""
        self.end()


class SampledFeed(Feed):
    """Samples of one rate class from a moment on, cut at whole multiples of the block on the PLC's clock."""

    def __init__(
        self,
        rate_class: str,
        tags: tuple[str, ...],
        widths: tuple[int, ...],
        block_s: float,
        clock: Callable[[], float],
        tail_s: float,
    ) -> None:
        super().__init__()
        self.rate_class = rate_class
        self._tags, self._widths, self._block_s, self._clock, self._tail_s = tags, widths, block_s, clock, tail_s
        self._begun_s = clock()
        self._end_s: float | None = None
        self._next: int | None = None
        self._next_s = -math.inf
        self._rows: list[tuple[_Times, _Values, _Marks]] = []
        self._gap = False

    def arrived(self, wire: WireBlock, offset_ns: int) -> None:
        """Take a block from the wire; ``offset_ns`` is PLC time less tool time."""
        if self.ended:
            return
        if wire.after_ns is not None:
            self._timed(wire, (wire.after_ns + (wire.first_ns - offset_ns)) / 1e9)
            return
        steps = np.arange(len(wire.values))
        numbers = wire.first_sample + steps
        times_s = (np.round(steps * (1e9 / wire.rate_Hz)).astype(np.int64) + (wire.first_ns - offset_ns)) / 1e9
        self._next_s = float(times_s[-1]) + 1.0 / wire.rate_Hz
        wanted = times_s >= self._begun_s if self._next is None else numbers >= self._next
        if self._end_s is not None:
            wanted &= times_s <= self._end_s
        if wanted.any():
            kept = numbers[wanted]
            if wire.gap or (self._next is not None and kept[0] != self._next):
                self._flush()
                self._gap = True
            self._cut(kept, times_s[wanted], wire.values[wanted], wire.quality[wanted], wire.rate_Hz)
            self._next = int(kept[-1]) + 1
        if self._end_s is not None and self._next_s > self._end_s:
            self.end()

    def _timed(self, wire: WireBlock, times_s: _Times) -> None:
        """Take samples that carry their times, and tell them at once: no sample says when a block of them is over."""
        wanted = (times_s >= self._begun_s) & (times_s > self._next_s)
        if self._end_s is not None:
            wanted &= times_s <= self._end_s
        over = self._end_s is not None and bool(times_s[-1] >= self._end_s)
        if wire.gap:
            self._flush()
            self._gap = True
        if wanted.any():
            self._next_s = float(times_s[-1])
            self._rows.append((times_s[wanted], wire.values[wanted], wire.quality[wanted]))
            self._flush()
        if over:
            self.end()

    def _cut(
        self, numbers: NDArray[np.int64], times_s: _Times, values: _Values, quality: _Marks, rate_Hz: float
    ) -> None:
        block = max(1, round(self._block_s * rate_Hz))
        begin = 0
        while begin < len(numbers):
            stop = min(len(numbers), begin + block - int(numbers[begin]) % block)
            part = slice(begin, stop)
            self._rows.append((times_s[part], values[part], quality[part]))
            if (int(numbers[stop - 1]) + 1) % block == 0:
                self._flush()
            begin = stop

    def _flush(self) -> None:
        if not self._rows:
            return
        times, values, quality = (np.concatenate(column) for column in zip(*self._rows, strict=True))
        self._rows = []
        self._put(Block(self.rate_class, self._tags, times, values, quality, self._sequence, self._gap, self._widths))
        self._gap = False

    def lost(self) -> None:
        """Deliver what came before the link was lost; the next block is marked with a gap."""
        self._flush()
        self._gap = True

    def close(self) -> None:
        """Take no more samples; those until now still come, if the wire brings them."""
        if self._end_s is None:
            self._end_s = self._clock()
            if self._next_s > self._end_s:
                self.end()
                return
            asyncio.get_running_loop().call_later(self._tail_s, self.end)

    def end(self) -> None:
        """Let the iteration end after what has come."""
        if not self.ended:
            self._flush()
        super().end()
