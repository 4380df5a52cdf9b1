"""The tags' last known values, fed by the port's `state` subscription, with bounded waits on them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from itertools import groupby
from operator import attrgetter

from planaris.hardware.port import Port
from planaris.hardware.tags import STATE, TagTable
from planaris.model import Quality

# News older than what is known by more than this is no late news: the other side's clock was set back [design].
CLOCK_SET_BACK_S = 60.0
_BAD = int(Quality.BAD)

_time_of = attrgetter("time_s")


class WaitTimeoutError(TimeoutError):
    """A condition on tags did not come true within its limit."""

    def __init__(self, what: str, limit_s: float, values: Mapping[str, float]) -> None:
        self.what = what
        self.limit_s = limit_s
        self.values = dict(values)
        seen = ", ".join(f"{tag}={value:g}" for tag, value in values.items())
        super().__init__(f"{what} not within {limit_s:g} s; last seen {seen}")


class TagWatch:
    """Keeps the last value of every `state` tag and wakes those who wait for a change.

    Notices and answers to `ask` come on two ways and may overtake each other: of each tag the word with the latest
    time stands.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._values: dict[str, float] = {}
        self._told_s: dict[str, float] = {}
        self._latest_s = -math.inf
        # By tag, in the order in which they came, with what each waits for; a tag that nobody waits for is not in it.
        self._waiters: dict[str, dict[asyncio.Future[None], Callable[[], bool]]] = {}
        self._listeners: list[Callable[[Mapping[str, float]], None]] = []
        self._ready = asyncio.Event()
        self._scalars: tuple[TagTable | None, tuple[str, ...]] = None, ()

    def __getitem__(self, tag: str) -> float:
        return self._values[tag]

    def is_on(self, tag: str) -> bool:
        """Return a boolean tag's last value."""
        return self._values[tag] > 0.5

    def listen(self, listener: Callable[[Mapping[str, float]], None]) -> None:
        """Call back with every batch of changed tags."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Follow the port until cancelled or the subscription ends."""
        subscription = self._port.subscribe(STATE)
        try:
            async for block in subscription:
                row = block.values[-1].tolist()
                changed: dict[str, float] = dict(zip(block.tags, row, strict=True))
                if block.quality[-1] != _BAD:  # a lost link's last known values are nobody's word
                    changed = self._newest(changed, float(block.time_s[-1]))
                self._values.update(changed)
                self._ready.set()
                for listener in self._listeners:
                    listener(changed)
                if self._waiters:
                    self._wake(changed)
        finally:
            subscription.close()

    async def ask(self, tags: tuple[str, ...]) -> None:
        """Read tags outright, take over what they say, and tell listeners what is new: a notice may have been lost."""
        samples = await self._port.read(tags)
        fresh: dict[str, float] = {}
        for time_s, together in groupby(samples, _time_of):
            said = {tag: float(value) for tag, value, _, _ in together if not isinstance(value, tuple)}
            fresh |= self._newest(said, time_s)
        known = self._values.get
        changed = {tag: value for tag, value in fresh.items() if known(tag) != value}
        self._values.update(fresh)
        if changed:
            for listener in self._listeners:
                listener(changed)
        self._wake(fresh)

    async def refresh(self) -> None:
        """Read every scalar `state` tag outright."""
        tags = self._port.tags
        if self._scalars[0] is not tags:
            self._scalars = tags, tuple(name for name in tags.of_class(STATE) if not tags[name].shape)
        await self.ask(self._scalars[1])

    def _newest(self, said: dict[str, float], time_s: float) -> dict[str, float]:
        """Return what is said of a time without the tags of which later news is known, and note the time."""
        told_s = self._told_s
        if time_s < self._latest_s:  # else nothing newer is known of any tag
            newer = {t for t in said if 0.0 < told_s.get(t, time_s) - time_s < CLOCK_SET_BACK_S}
            if newer:
                said = {tag: value for tag, value in said.items() if tag not in newer}
        self._latest_s = time_s if time_s > self._latest_s else self._latest_s
        told_s.update(dict.fromkeys(said, time_s))
        return said

    def _wake(self, changed: Mapping[str, float]) -> None:
        waiters = self._waiters
        if waiters.keys().isdisjoint(changed):
            return
        for tag in [tag for tag in changed if tag in waiters]:
            for future, condition in waiters[tag].items():
                if not future.done() and condition():
                    future.set_result(None)

    async def ready(self, limit_s: float = 10.0) -> None:
        """Wait for the first snapshot."""
        async with asyncio.timeout(limit_s):
            await self._ready.wait()

    async def until(self, condition: Callable[[], bool], tags: tuple[str, ...], limit_s: float, what: str) -> None:
        """Wait until a condition over ``tags`` holds; raise `WaitTimeoutError` after ``limit_s`` tool seconds."""
        if condition():
            return
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + limit_s
        while True:
            future: asyncio.Future[None] = loop.create_future()
            timer = loop.call_at(deadline_s, _expire, future)
            for tag in tags:
                self._waiters.setdefault(tag, {})[future] = condition
            try:
                await future
            except TimeoutError:
                raise WaitTimeoutError(
                    what, limit_s, {tag: self._values.get(tag, float("nan")) for tag in tags}
                ) from None
            finally:
                timer.cancel()
                for tag in tags:
                    waiting = self._waiters.get(tag, {})
                    waiting.pop(future, None)
                    if not waiting:
                        self._waiters.pop(tag, None)
            if condition():
                return


def _expire(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())
