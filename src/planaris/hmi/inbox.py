"""Bounded mailbox between control's thread and the page server's: control puts and never waits."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence

from planaris.hmi.ports import Lost, PageItem
from planaris.model import Block
from planaris.stream import Committed


class PageInbox:
    """Fits `EventStream.listen`. What does not fit is dropped and told as `Lost`; blocks have room of their own."""

    def __init__(self, events_limit: int = 50_000, blocks_limit: int = 400) -> None:
        self._events_limit, self._blocks_limit = events_limit, blocks_limit
        self._lock = threading.Lock()
        self._items: deque[PageItem] = deque()
        self._events_count = self._blocks_count = 0
        self._lost_events = self._lost_blocks = 0
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def __call__(self, batch: Sequence[Committed]) -> None:
        with self._lock:
            room = max(0, self._events_limit - self._events_count)
            self._items.extend(batch[:room])
            self._events_count += min(room, len(batch))
            self._lost_events += max(0, len(batch) - room)
            self._wake()

    def put(self, block: Block) -> None:
        """Put a block of samples."""
        with self._lock:
            if self._blocks_count < self._blocks_limit:
                self._items.append(block)
                self._blocks_count += 1
            else:
                self._lost_blocks += 1
            self._wake()

    async def take(self) -> Sequence[PageItem]:
        """Wait for items and return all that are there, what was lost last. Of one reader, on one loop."""
        while True:
            with self._lock:
                if self._items:
                    taken = list(self._items)
                    if self._lost_events or self._lost_blocks:
                        taken.append(Lost(self._lost_events, self._lost_blocks))
                    self._items.clear()
                    self._events_count = self._blocks_count = self._lost_events = self._lost_blocks = 0
                    return taken
                event = asyncio.Event()
                self._waiting = asyncio.get_running_loop(), event
            await event.wait()

    def _wake(self) -> None:
        if self._waiting is not None:
            loop, event = self._waiting
            self._waiting = None
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)
