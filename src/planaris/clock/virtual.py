"""The tool's clock: an asyncio loop whose time runs live, hurried or as fast as it computes."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import selectors
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeVar

from planaris.clock.deadlock import DeadlockError, waiting_tasks
from planaris.clock.handles import Call, Timer

T = TypeVar("T")
_Found = list[tuple[selectors.SelectorKey, int]]

# The loop's own wake-up pipe, the only file of a selector that no socket was given to.
_OWN_FILES = 1
# Virtual time asks the system for news once in this many turns while there are no sockets. What threads hand
# over lies in the loop's own queue already; only signal handlers (add_signal_handler) come by the pipe alone.
_TURNS_PER_POLL = 16
# Cancelled timers are swept out when there are more than this many and they are the greater part.
_SWEEP_COUNT = 100
# Hurried tool time does not outrun the computer: so much of it passes at most while callbacks run, and after a deadline
# before the loop looks at it; then it is slower than asked. Both together are the 0.1 s that the path from a sample to
# a stop may take [design].
_LONGEST_STEP_S = 0.05
# Longest wait in one go, real time: the system's calls take no longer limit.
_LONGEST_WAIT_S = 24 * 3600.0


class _Selector(selectors.DefaultSelector):
    """Selector that jumps to the next deadline where the stock one waits.

    The loop's timers never reach the stock queue, so the stock loop asks with ``timeout`` 0 where callbacks
    are ready and None where nothing is.
    """

    loop: VirtualTimeLoop
    files_count = 0
    turns_count = 0
    # Since when callbacks run, and the longest that they did.
    turn_from_s = 0.0
    longest_turn_s = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self.files_count += 1
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = super().unregister(fileobj)
        self.files_count -= 1
        return key

    def poll_now(self) -> _Found:
        """Return which files have news, without waiting."""
        return super().select(0)

    def news(self) -> _Found:
        """Return which files have news, without waiting; without sockets it is asked only now and then."""
        self.turns_count += 1
        if self.files_count > _OWN_FILES or self.turns_count % _TURNS_PER_POLL == 0:
            return super().select(0)
        return []

    def turned(self) -> None:
        """Note how long callbacks ran since the last time."""
        now_s = time.monotonic()
        self.longest_turn_s = max(self.longest_turn_s, now_s - self.turn_from_s)
        self.turn_from_s = now_s

    def select(self, timeout: float | None = None) -> _Found:
        self.turned()
        found = self._next(timeout)
        self.turn_from_s = time.monotonic()
        return found

    def _next(self, timeout: float | None) -> _Found:
        loop = self.loop
        if not loop.jumps:
            return loop.wait(super().select, timeout)
        found = self.news()
        jump = timeout is None and not found
        if not loop.fire(jump=jump) and jump:
            return loop.wait(super().select, timeout)
        return found


class _StockLoop(asyncio.SelectorEventLoop):
    """The stock loop with what we lean on inside it by name; a test holds that it is there."""

    _ready: deque[asyncio.Handle]
    _debug: bool
    _closed: bool
    _stopping: bool

    if TYPE_CHECKING:

        def _run_once(self) -> None: ...

        def _process_events(self, event_list: _Found) -> None: ...


class VirtualTimeLoop(_StockLoop):
    """Event loop in tool time.

    ``speed=inf`` jumps to the next deadline, ``speed=k`` runs k times faster than real time, 1 is live. On a computer
    that is too slow for k the clock slows down, so that no callback comes late in tool time; live time never does.
    Timers never fire early; those with equal deadlines fire in the order they were set. Virtual time stands
    still while an executor job runs, and a virtual loop that nothing can wake raises `DeadlockError`.
    """

    def __init__(self, speed: float = math.inf, start_s: float = 0.0) -> None:
        self._files = _Selector()
        self._files.loop = self
        super().__init__(self._files)
        self._callbacks = self._ready
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._cancelled_count = 0
        self._jobs_count = 0
        self._joins_count = 0
        self._now_s, self._mono_s = start_s, time.monotonic()
        # Hurried time stands still here until the loop has turned.
        self._latest_s = math.inf
        try:
            self._speed = _checked(speed)
        except ValueError:
            self.close()
            raise
        self._virtual = speed == math.inf
        self.jumps = self._virtual
        self.watch_pauses()

    # -- watchdog -----------------------------------------------------------------------------------------------

    @property
    def longest_pause_s(self) -> float:
        """Longest time, in peer time, that callbacks kept the loop from turning: what control would have waited."""
        return self._files.longest_turn_s

    def watch_pauses(self) -> None:
        """Forget the pauses so far, the one under way included."""
        self._files.turn_from_s, self._files.longest_turn_s = time.monotonic(), 0.0

    # -- time -------------------------------------------------------------------------------------------------

    @property
    def speed(self) -> float:
        """Tool seconds per real second."""
        return self._speed

    def time(self) -> float:
        """Return tool time in seconds."""
        if self._virtual:
            return self._now_s
        now_s = self._now_s + (time.monotonic() - self._mono_s) * self._speed
        return min(now_s, self._latest_s)

    @property
    def _hurries(self) -> bool:
        return 1.0 < self._speed < math.inf

    def _turn_until(self, latest_s: float) -> None:
        """Go on from now; hurried time waits at ``latest_s``."""
        self._now_s, self._mono_s = self.time(), time.monotonic()
        self._latest_s = latest_s

    def set_speed(self, speed: float) -> None:
        """Change the speed; tool time goes on without a jump."""
        _checked(speed)
        self._turn_until(math.inf)
        self._speed, self._virtual = speed, speed == math.inf
        self._set_jumps()

    def _set_jumps(self) -> None:
        self.jumps = self._virtual and not self._jobs_count and not self._joins_count

    @property
    def timers_count(self) -> int:
        """Timers in the queue, cancelled ones that were not swept out yet among them."""
        return len(self._timers)

    # -- timers -----------------------------------------------------------------------------------------------

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call back after a delay of tool time; equal deadlines fire first-in first-out."""
        return self._queue(self.time() + delay, callback, args, context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call back at a tool time; equal deadlines fire first-in first-out."""
        return self._queue(when, callback, args, context)

    def _queue(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> asyncio.TimerHandle:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        timer = Timer(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def timer_cancelled(self) -> None:
        """Take note that a timer in the queue was cancelled; sweep the queue where many were."""
        self._cancelled_count += 1
        if self._cancelled_count > _SWEEP_COUNT and 2 * self._cancelled_count > len(self._timers):
            self._timers = [entry for entry in self._timers if entry[2].queued]
            heapq.heapify(self._timers)
            self._cancelled_count = 0

    def fire(self, *, jump: bool) -> bool:
        """Hand due timers to the loop, after a jump to the next deadline if asked; return whether there were any."""
        timers = self._timers
        now_s = self._now_s if self._virtual else self.time()
        fired = False
        while timers:
            when, _, timer = timers[0]
            if timer.queued:
                if when > now_s:
                    if not jump or when == math.inf:
                        break
                    self._now_s = now_s = when  # exact: no drift
                jump = False
                fired = True
                timer.queued = False
                self._callbacks.append(timer)
            else:
                self._cancelled_count -= 1
            heapq.heappop(timers)
        return fired

    # -- turns ------------------------------------------------------------------------------------------------

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Call back in the next turn."""
        if self._debug or self._closed:
            return super().call_soon(callback, *args, context=context)
        handle = Call(callback, args, self, context)
        self._callbacks.append(handle)
        return handle

    def _run_once(self) -> None:
        """Turn once. While time jumps nothing is waited for, so that a turn is what is due and what is ready.

        Such turns follow each other in here until the stock loop has to see to a stop, a wait or its debug mode.
        """
        if not self.jumps or self._debug:
            super()._run_once()
            return
        files, callbacks = self._files, self._callbacks
        while True:
            found = files.news()
            idle = not (callbacks or found or self._stopping)
            if not self.fire(jump=idle) and idle:
                super()._run_once()  # nothing but a thread or the system can wake it
                return
            if found:
                self._process_events(found)
            # What these make ready waits for the next turn.
            for _ in range(len(callbacks)):
                handle = callbacks.popleft()
                if not handle._cancelled:
                    handle._run()
            files.turned()
            if self._stopping or not self.jumps or self._debug:
                return

    # -- waiting in real time ---------------------------------------------------------------------------------

    def wait(self, poll: Callable[[float | None], _Found], timeout: float | None) -> _Found:
        """Wait in real time: live, for a thread that control waits for, or for a socket; then fire what is due."""
        limit_s = 0.0 if timeout == 0 else self._limit_s()
        if not self._hurries:
            found = poll(limit_s)
        else:
            when = self._timers[0][0] if self._timers else math.inf
            self._turn_until(max(when, self.time()) + _LONGEST_STEP_S)
            found = poll(limit_s)
            self._turn_until(self.time() + _LONGEST_STEP_S)
        over = not found and bool(limit_s)  # the executor did not end in the real time that a timer gave it
        self.fire(jump=over and self._joins_count > 0)
        return found

    def _limit_s(self) -> float | None:
        """Return how long to wait at most, real time; None without limit. Raise `DeadlockError` if for ever."""
        when = self._timers[0][0] if self._timers else math.inf
        next_s = None if when == math.inf else min(max(0.0, when - self.time()), _LONGEST_WAIT_S)
        if not self._virtual:
            return None if next_s is None else next_s / self._speed
        if self._joins_count:
            return next_s
        if self._jobs_count:
            return 0.0 if next_s == 0.0 else None
        if self._files.files_count > _OWN_FILES:
            return None
        if self._callbacks or self._files.poll_now():
            return 0.0
        raise DeadlockError(waiting_tasks(self))

    def run_in_executor(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run a blocking function in a thread; virtual time stands still until it ends."""
        future = super().run_in_executor(executor, func, *args)
        self._jobs_count += 1
        self._set_jumps()
        future.add_done_callback(self._job_ended)
        return future

    def _job_ended(self, _future: asyncio.Future[Any]) -> None:
        self._jobs_count -= 1
        self._set_jumps()

    async def shutdown_default_executor(self, *timeout: Any) -> None:
        """Wait, in real time, until the threads of the default executor have ended."""
        self._joins_count += 1
        self._set_jumps()
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self._joins_count -= 1
            self._set_jumps()

    def close(self) -> None:
        """Close the loop; its timers are forgotten."""
        super().close()
        self._timers.clear()


def _checked(speed: float) -> float:
    if not speed > 0:
        raise ValueError(f"speed must be above 0, got {speed}")
    return speed


def run(main: Coroutine[Any, Any, T], *, speed: float = math.inf, start_s: float = 0.0) -> T:
    """Run a coroutine on a fresh tool clock and return its result.

    Raises what the coroutine raises, and `DeadlockError` where virtual time cannot go on.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(speed, start_s)) as runner:
        return runner.run(main)


def watch_pauses() -> None:
    """Begin to watch the running tool loop for pauses from now on."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualTimeLoop):
        loop.watch_pauses()


def longest_pause_s() -> float:
    """Return the longest pause of the running tool loop so far, in peer time seconds."""
    loop = asyncio.get_running_loop()
    return loop.longest_pause_s if isinstance(loop, VirtualTimeLoop) else 0.0


def now_s() -> float:
    """Return the tool time of the running loop in seconds."""
    return asyncio.get_running_loop().time()
