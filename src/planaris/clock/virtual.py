"""The tool's clock: an asyncio loop whose time runs live, hurried or as fast as it computes."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import selectors
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")

# Below this step two deadlines are one to the stock loop. 1e-9 s hangs after 194 virtual days, when the
# spacing of doubles exceeds it; 1e-6 s holds for centuries.
CLOCK_RESOLUTION_S = 1e-6


class DeadlockError(RuntimeError):
    """Nothing is scheduled and no socket is open: the loop could never wake again."""


class _Timer(asyncio.TimerHandle):
    """Timer whose ties fire first-in first-out, so that runs repeat exactly."""

    __slots__ = ("order",)
    order: int

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, _Timer):
            return NotImplemented
        return (self._when, self.order) < (other._when, other.order)  # pyright: ignore[reportAttributeAccessIssue]


class _Selector(selectors.DefaultSelector):
    """Selector that asks its loop how long to wait."""

    loop: VirtualTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return self.loop.wait_for_events(super().select, timeout)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Event loop in tool time.

    ``speed=inf`` jumps to the next deadline, ``speed=k`` runs k times faster than real time, 1 is live.
    Deadlines that are equal fire in the order they were set. Time stands still while an executor job runs.
    """

    def __init__(self, speed: float = math.inf, start_s: float = 0.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, got {speed}")
        selector = _Selector()
        selector.loop = self
        self._now_s, self._mono_s = start_s, time.monotonic()
        self._speed, self._order, self._holds = speed, itertools.count(), 0
        super().__init__(selector)
        self._clock_resolution = CLOCK_RESOLUTION_S

    @property
    def speed(self) -> float:
        """Tool seconds per real second."""
        return self._speed

    def time(self) -> float:
        """Return tool time in seconds."""
        if self._speed == math.inf:
            return self._now_s
        return self._now_s + (time.monotonic() - self._mono_s) * self._speed

    def set_speed(self, speed: float) -> None:
        """Change the speed; tool time goes on without a jump."""
        if not speed > 0:
            raise ValueError(f"speed must be above 0, got {speed}")
        self._now_s, self._mono_s, self._speed = self.time(), time.monotonic(), speed

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call back at a tool time; equal times fire first-in first-out."""
        self._check_closed()  # pyright: ignore[reportAttributeAccessIssue]
        timer = _Timer(when, callback, args, self, context)
        timer.order = next(self._order)
        heapq.heappush(self._scheduled, timer)  # pyright: ignore[reportAttributeAccessIssue]
        timer._scheduled = True  # pyright: ignore[reportAttributeAccessIssue]
        return timer

    def run_in_executor(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run a blocking function in a thread; virtual time holds until it ends."""
        self._holds += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._release)
        return future

    def _release(self, _future: asyncio.Future[Any]) -> None:
        self._holds -= 1

    def wait_for_events(
        self,
        select: Callable[[float | None], list[tuple[selectors.SelectorKey, int]]],
        timeout: float | None,
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets in real time, or jump to the next deadline."""
        if self._speed != math.inf:
            return select(None if timeout is None else timeout / self._speed)
        if timeout == 0:
            return select(0)
        if self._holds:
            return select(None)
        if ready := select(0):
            return ready
        if timeout is None:  # no timer: only a socket could wake us
            selector: selectors.BaseSelector = self._selector  # pyright: ignore[reportAttributeAccessIssue]
            stopping: bool = self._executor_shutdown_called  # pyright: ignore[reportAttributeAccessIssue]
            if len(selector.get_map()) <= 1 and not stopping:
                raise DeadlockError("no timer, no socket: nothing can ever wake this loop")
            return select(None)
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # pyright: ignore[reportAttributeAccessIssue]
        self._now_s = max(self._now_s, scheduled[0].when())  # exact: no drift
        return []


def run(main: Coroutine[Any, Any, T], *, speed: float = math.inf, start_s: float = 0.0) -> T:
    """Run a coroutine on a fresh tool clock and return its result."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(speed, start_s)) as runner:
        return runner.run(main)


def now_s() -> float:
    """Return the tool time of the running loop in seconds."""
    return asyncio.get_running_loop().time()
