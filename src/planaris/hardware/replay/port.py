"""The port onto a recorded run: it answers as the run's port did, and reports every write that is not the run's."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from planaris.hardware.port import LinkState, NotWritableError, PortError, PortKind, Sample, Subscription
from planaris.hardware.replay.record import Followed, Read, RunRecord, Write
from planaris.hardware.tags import STATE, TagTable, UnknownTagError, Value
from planaris.model import Block

# On virtual time a replay of the same controller is exact; a run that was live had delays of its own.
EXACT_S = 1e-6
# How long a write takes that the record knows nothing of [design].
UNKNOWN_WRITE_S = 0.02


@dataclass(frozen=True, slots=True)
class Divergence:
    """A write that differs: what was written to the tag in the run and what now, None for nothing."""

    tag: str
    time_s: float
    expected: Value | None
    got: Value | None
    expected_at_s: float | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        late = "" if self.expected_at_s is None else f", then at {self.expected_at_s:.6f} s"
        return f"{self.time_s:.6f} s {self.tag}: expected {self.expected!r}, got {self.got!r}{late}"


class ReplayPort:
    """Port onto the record of a run. ``tolerance_s`` is how far the time of a write may be off."""

    def __init__(self, record: RunRecord, tags: TagTable, tolerance_s: float = EXACT_S) -> None:
        self._record, self._tags, self._tolerance_s = record, tags, tolerance_s
        self._loop = asyncio.get_running_loop()
        self._link = LinkState.DISCONNECTED
        self._writes: dict[tuple[str, ...], deque[Write]] = {}
        for write in record.writes:
            self._writes.setdefault(tuple(sorted(write.values)), deque()).append(write)
        self._reads: dict[tuple[str, ...], deque[Read]] = {}
        for read in record.reads:
            self._reads.setdefault(read.names, deque()).append(read)
        self._followed: dict[str, deque[Followed]] = {}
        for followed in record.followed:
            self._followed.setdefault(followed.rate_class, deque()).append(followed)
        self._open: list[_Replayed] = []
        self.divergences: list[Divergence] = []

    @property
    def kind(self) -> PortKind:
        """Always the replay."""
        return PortKind.REPLAY

    @property
    def tags(self) -> TagTable:
        """All tags of the tool."""
        return self._tags

    @property
    def link(self) -> LinkState:
        """State of the link."""
        return self._link

    async def connect(self) -> None:
        """Open the link when the run did."""
        self._link = LinkState.CONNECTING
        await self._until(float(self._record.meta.get("connected_s", "0")))
        self._link = LinkState.CONNECTED

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        """Return what the run read at this turn; `PortError` if it read no such thing."""
        self._check(names)
        waiting = self._reads.get(tuple(names))
        if not waiting:
            raise PortError(f"the run has not read {', '.join(names)}")
        read = waiting.popleft()
        await self._took(read.asked_s, read.done_s)
        if read.error:
            raise PortError(read.error)
        return read.samples

    async def write(self, values: Mapping[str, Value]) -> None:
        """Hold a write against the run's and answer as then."""
        self._check(values)
        if locked := [name for name in values if not self._tags[name].writable]:
            raise NotWritableError(f"not writable: {', '.join(locked)}")
        taken, now_s = self._tags.cast(values), self._loop.time()
        waiting = self._writes.get(tuple(sorted(taken)))
        if not waiting:
            self.divergences += [Divergence(tag, now_s, None, value) for tag, value in taken.items()]
            await asyncio.sleep(UNKNOWN_WRITE_S)
            return
        then = waiting.popleft()
        off = abs(then.asked_s - now_s) > self._tolerance_s
        for tag, value in taken.items():
            if off or then.values[tag] != value:
                self.divergences.append(Divergence(tag, now_s, then.values[tag], value, then.asked_s))
        await self._took(then.asked_s, then.done_s)
        if then.error:
            raise PortError(then.error)

    def subscribe(self, rate_class: str, block_s: float = 1.0) -> Subscription:
        """Deliver the blocks of the run's subscription of this turn when they came then."""
        del block_s  # the run's blocks are as long as they were
        if self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        if rate_class not in self._tags.rate_classes:
            raise UnknownTagError([rate_class])
        waiting = self._followed.get(rate_class)
        followed = waiting.popleft() if waiting else Followed(self._loop.time(), rate_class, ())
        if abs(followed.asked_s - self._loop.time()) > self._tolerance_s or waiting is None:
            note = f"{rate_class} subscribed"
            self.divergences.append(Divergence(note, self._loop.time(), None, None, followed.asked_s))
        names = None if rate_class == STATE else self._tags.of_class(rate_class)
        replayed = _Replayed(followed, names)
        self._open = [*(s for s in self._open if not s.ended), replayed]
        return replayed

    async def close(self) -> None:
        """Close the link; what the run wrote and this one did not is told now."""
        for replayed in self._open:
            replayed.close()
        self._link = LinkState.DISCONNECTED
        end_s = self._loop.time() + self._tolerance_s
        for waiting in self._writes.values():
            for write in waiting:
                if write.asked_s <= end_s and write.done_s is not None:
                    self.divergences += [Divergence(t, write.asked_s, v, None) for t, v in write.values.items()]
            waiting.clear()

    # -- inside -----------------------------------------------------------------------------------------------
    def _check(self, names: Iterable[str]) -> None:
        if self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        self._tags.check(names)

    async def _took(self, asked_s: float, done_s: float | None) -> None:
        """Wait as long as it took then; what had no end then has none now."""
        now_s = self._loop.time()
        if done_s is None:
            await self._until(math.inf)
        elif abs(asked_s - now_s) <= self._tolerance_s:
            await self._until(max(now_s, done_s))
        else:
            await self._until(now_s + done_s - asked_s)

    async def _until(self, time_s: float) -> None:
        due: asyncio.Future[None] = self._loop.create_future()
        timer = None if time_s == math.inf else self._loop.call_at(time_s, _fulfil, due)
        try:
            await due
        finally:
            if timer is not None:
                timer.cancel()


def _fulfil(due: asyncio.Future[None]) -> None:
    if not due.done():
        due.set_result(None)


class _Replayed:
    """The blocks of a recorded subscription, each when it came then."""

    def __init__(self, followed: Followed, names: tuple[str, ...] | None) -> None:
        self._blocks = deque(followed.blocks)
        self._names = names
        self._loop = asyncio.get_running_loop()
        self._closed_s: float | None = None
        self._due: asyncio.Future[None] | None = None
        self.ended = False

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        come_s = self._blocks[0][0] if self._blocks else math.inf
        # A notice is on its way from the moment of the change, as it was then.
        left_s = float(self._blocks[0][1].time_s[-1]) if self._blocks and self._names is None else come_s
        await self._reach(left_s)
        await self._reach(come_s)
        if not self._blocks or (self._closed_s is not None and come_s > self._closed_s + EXACT_S):
            self.ended = True
            raise StopAsyncIteration
        _, block = self._blocks.popleft()
        return block if self._names is None else replace(block, tags=self._names)

    async def _reach(self, time_s: float) -> None:
        if self._closed_s is not None or time_s <= self._loop.time():
            return
        self._due = self._loop.create_future()
        timer = None if time_s == math.inf else self._loop.call_at(time_s, _fulfil, self._due)
        try:
            await self._due
        finally:
            self._due = None
            if timer is not None:
                timer.cancel()

    def close(self) -> None:
        """Take no more; what had come by now in the run is still delivered."""
        if self._closed_s is None:
            self._closed_s = self._loop.time()
            if self._due is not None:
                _fulfil(self._due)
