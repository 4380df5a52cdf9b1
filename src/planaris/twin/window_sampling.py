"""Subscriptions of `platenN.optical`: the flashes of each block of tool time, however many there were."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable

import numpy as np
from numpy.typing import NDArray

from planaris.model import Block, Quality
from planaris.twin.block_clock import BlockClock
from planaris.twin.window_sensor import WindowSensor

_ROUNDING = 1e-6


class FlashSubscription:
    """Blocks that end on multiples of ``block_s`` of tool time; where there was no flash there is no block."""

    def __init__(
        self,
        sensor: WindowSensor,
        rate_class: str,
        block_s: float,
        delay_s: Callable[[], float],
        on_progress: Callable[[FlashSubscription], None],
        sampled: Callable[[NDArray[np.float64]], NDArray[np.bool_] | None],
    ) -> None:
        self._sensor, self._rate_class, self._block_s = sensor, rate_class, block_s
        self._delay_s, self._on_progress, self._sampled = delay_s, on_progress, sampled
        self.ended = False
        self._next_s = asyncio.get_running_loop().time()
        self._sequence = 0
        self._clock = BlockClock()

    @property
    def owner_name(self) -> str:
        """Whose sensors are sampled."""
        return self._rate_class

    @property
    def next_sample_s(self) -> float:
        """Time from which flashes are not delivered yet."""
        return self._next_s

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        while True:
            end_s = (math.floor(self._next_s / self._block_s + _ROUNDING) + 1) * self._block_s
            await self._clock.until(end_s + self._delay_s())
            if self._clock.closed_s is not None:
                end_s = min(end_s, self._clock.closed_s)
                if end_s <= self._next_s:
                    self.ended = True
                    self._on_progress(self)
                    raise StopAsyncIteration
            times_s, values = self._sensor.rows(self._next_s, end_s)
            self._next_s = end_s
            self._on_progress(self)
            if len(times_s):
                break
        quality = np.full(len(times_s), Quality.GOOD, dtype=np.uint8)
        if (alive := self._sampled(times_s)) is not None:
            quality[~alive] = Quality.BAD
        sensor, sequence = self._sensor, self._sequence
        self._sequence += 1
        return Block(self._rate_class, sensor.tags, times_s, values, quality, sequence, widths=sensor.block_widths)

    def close(self) -> None:
        """Take no more samples; those until now are still delivered."""
        self._clock.close()
