"""Sampling of process sensors at 100 Hz: subscriptions of `platenN.fast` and `headN.fast`, and single reads."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable

import numpy as np
from numpy.typing import NDArray

from planaris.model import Block, Quality
from planaris.twin.actuators import ActuatorBank
from planaris.twin.block_clock import BlockClock
from planaris.twin.noise import NoisePages, SAMPLE_RATE_Hz
from planaris.twin.sensor_faults import SensorFaults
from planaris.twin.signals import Signal

Array = NDArray[np.float64]
Lags = Callable[[Array], Array]
_ROUNDING = 1e-6
_GOOD, _BAD = int(Quality.GOOD), int(Quality.BAD)


class SampledOwner:
    """What samples one platen's or head's sensors. ``lags`` gives lagged states (n, lags) at ascending times."""

    def __init__(
        self,
        name: str,
        signals: tuple[Signal, ...],
        bank: ActuatorBank,
        lags: Lags,
        gains: Array,
        seed: int,
        rate_Hz: int = SAMPLE_RATE_Hz,
        faults: SensorFaults | None = None,
    ) -> None:
        self.name = name
        self._faults = SensorFaults() if faults is None else faults
        self.rate_Hz = rate_Hz
        self.tags = tuple(f"{name}.{signal.tag}" for signal in signals)
        self._bank, self._lags = bank, lags
        self._noise = NoisePages(seed, name, np.array([s.noise for s in signals], dtype=np.float32))
        self._rows = np.array([bank.index[s.actuator] for s in signals if s.actuator is not None], dtype=np.intp)
        actuated = [i for i, s in enumerate(signals) if s.actuator is not None]
        lagged = [i for i, s in enumerate(signals) if s.actuator is None]
        self._actuated_gains, self._lagged_gains = gains[actuated, None], gains[lagged]
        # Where each tag's column is when the actuated ones come first.
        self._order: NDArray[np.intp] = np.argsort([*actuated, *lagged])

    def clean(self, times_s: Array) -> NDArray[np.float32]:
        """Return noiseless sensor values (n, tags)."""
        values, actuated_count = np.empty((len(times_s), len(self.tags)), dtype=np.float32), len(self._rows)
        values[:, actuated_count:] = self._lags(times_s) * self._lagged_gains
        if not actuated_count:
            return values
        values[:, :actuated_count] = (self._bank.at(times_s).take(self._rows, axis=0) * self._actuated_gains).T
        return values.take(self._order, axis=1)

    def rows(self, first: int, count: int) -> tuple[Array, NDArray[np.float32]]:
        """Return times and values of samples ``first`` … by number; sample k is taken at k/rate."""
        times_s = np.arange(first, first + count) / self.rate_Hz
        noisy = self.clean(times_s)
        noisy += self._noise.rows(first, count)
        self._fail(times_s, first, noisy)
        return times_s, noisy

    def now(self, time_s: float) -> NDArray[np.float32]:
        """Return the values of all tags at a time, with that sample's noise."""
        number = math.floor(time_s * self.rate_Hz + _ROUNDING)
        noisy = self.clean(np.array([time_s]))
        noisy += self._noise.rows(number, 1)
        self._fail(np.array([time_s]), number, noisy)
        return noisy[0]

    def _fail(self, times_s: Array, first: int, values: NDArray[np.float32]) -> None:
        """Let faults of sensors have their way with samples."""
        if self._faults:
            numbers = np.arange(first, first + len(times_s))
            for column, tag in enumerate(self.tags):
                self._faults.apply(tag, times_s, numbers, values[:, column])


class SampledSubscription:
    """Blocks of ``block_s`` on block boundaries of tool time, so that everyone's blocks fall together."""

    def __init__(
        self,
        owner: SampledOwner,
        rate_class: str,
        block_s: float,
        delay_s: Callable[[], float],
        on_progress: Callable[[SampledSubscription], None],
        sampled: Callable[[NDArray[np.float64]], NDArray[np.bool_] | None] | None = None,
    ) -> None:
        self._owner, self._rate_class = owner, rate_class
        self._block_samples = max(1, round(block_s * owner.rate_Hz))
        self._delay_s, self._on_progress, self._sampled = delay_s, on_progress, sampled
        self.ended = False
        now_s = asyncio.get_running_loop().time()
        self._next = math.ceil(now_s * owner.rate_Hz - _ROUNDING)
        self._sequence = 0
        self._clock = BlockClock()

    @property
    def owner_name(self) -> str:
        """Whose sensors are sampled."""
        return self._owner.name

    @property
    def next_sample_s(self) -> float:
        """Time of the first sample not delivered yet."""
        return self._next / self._owner.rate_Hz

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        end = (self._next // self._block_samples + 1) * self._block_samples
        await self._clock.until(end / self._owner.rate_Hz + self._delay_s())
        if self._clock.closed_s is not None:
            end = min(end, math.floor(self._clock.closed_s * self._owner.rate_Hz + _ROUNDING) + 1)
            if end <= self._next:
                self.ended = True
                self._on_progress(self)
                raise StopAsyncIteration
        times_s, values = self._owner.rows(self._next, end - self._next)
        quality = np.empty(len(times_s), dtype=np.uint8)
        quality.fill(_GOOD)
        if self._sampled is not None and (alive := self._sampled(times_s)) is not None:
            quality[~alive] = _BAD
        block = Block(self._rate_class, self._owner.tags, times_s, values, quality, self._sequence)
        self._next, self._sequence = end, self._sequence + 1
        self._on_progress(self)
        return block

    def close(self) -> None:
        """Take no more samples; those until now are still delivered."""
        self._clock.close()
