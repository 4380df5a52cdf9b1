"""When a subscription's next block is due: at a time, or at once when the subscription is closed."""

from __future__ import annotations

import asyncio


class BlockClock:
    """Waits of one subscription. ``closed_s`` is when it was closed, None while it is open."""

    def __init__(self) -> None:
        self.closed_s: float | None = None
        self._wake: asyncio.Future[None] | None = None

    async def until(self, time_s: float) -> None:
        """Wait for a time or for `close`."""
        if self.closed_s is not None:
            return
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        timer = loop.call_at(time_s, _wake, self._wake)
        try:
            await self._wake
        finally:
            timer.cancel()
            self._wake = None

    def close(self) -> None:
        """End the wait under way, and every later one at once."""
        if self.closed_s is None:
            self.closed_s = asyncio.get_running_loop().time()
            if self._wake is not None:
                _wake(self._wake)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
