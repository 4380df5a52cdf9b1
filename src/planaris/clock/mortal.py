"""A loop in which one part of the program can die while the rest lives: what `kill -9` is among processes.

Tasks and timers belong to the `Life` in whose context they were made. When it dies, nothing of it runs any more, not
even a ``finally``: its callbacks stay away, its timers never fire. What was in the middle of a callback when the death
was ordered by that callback itself (at a commit, say) is cut off by `KilledError`.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import math
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any

from planaris.clock.virtual import VirtualTimeLoop

_LIFE: ContextVar[Life | None] = ContextVar("planaris_life", default=None)


class KilledError(BaseException):
    """Cuts off the callback in which a life ends itself; nobody catches it."""


class Life:
    """A part of the program that can be killed. ``callbacks_count`` counts what ran of it.

    It dies instead of its first callback at or after ``kill_at_s``, or ``more_count`` callbacks later.
    """

    def __init__(self, *, kill_at_s: float = math.inf, more_count: int = 0) -> None:
        self.dead = False
        self.callbacks_count = 0
        self._kill_at_s, self._more_count = kill_at_s, more_count
        self._ended: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start work that belongs to this life; its death leaves the task for ever pending."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        context = contextvars.copy_context()
        context.run(_LIFE.set, self)
        return context.run(lambda: loop.create_task(work))

    def own(self, task: asyncio.Task[Any]) -> None:
        """Note a task of this life."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def over(self, task: asyncio.Task[Any]) -> bool:
        """Wait until a task of this life is done or the life is dead; return whether it died."""
        assert self._ended is not None
        ended, done = self._ended, asyncio.get_running_loop().create_future()

        def wake(_task: object) -> None:
            if not done.done():
                done.set_result(None)

        task.add_done_callback(wake, context=Context())
        ended.add_done_callback(wake, context=Context())
        await done
        return self.dead

    def kill(self) -> None:
        """Die now. In a callback of this life, raise `KilledError` after it."""
        if not self.dead:
            self.dead = True
            # A coroutine that is collected runs its `finally`; the dead do nothing, so theirs are kept for good.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._tasks))
            if self._ended is not None and not self._ended.done():
                self._ended.set_result(None)

    def lives_on(self, time_s: float) -> bool:
        """Count a callback; return whether it may run."""
        if self.dead:
            return False
        self.callbacks_count += 1
        if time_s >= self._kill_at_s:
            if self._more_count == 0:
                self.kill()
            self._more_count -= 1
        return not self.dead


class MortalLoop(VirtualTimeLoop):
    """Virtual-time loop whose lives can be killed between two callbacks."""

    def __init__(self, start_s: float = 0.0) -> None:
        super().__init__(start_s=start_s)
        self.set_task_factory(_make_task)

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Call back soon, unless the callback's life has ended until then."""
        life = _life_of(context)
        if life is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(self._guarded, life, callback, args, context=context)

    def _queue(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> asyncio.TimerHandle:
        life = _life_of(context)
        if life is None:
            return super()._queue(when, callback, args, context)
        return super()._queue(when, self._guarded, (life, callback, args), context)

    def _guarded(self, life: Life, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        if life.lives_on(self.time()):
            callback(*args)


def _make_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **options)
    life = _life_of(options.get("context"))
    if life is not None:
        life.own(task)
    return task


def _life_of(context: Context | None) -> Life | None:
    return _LIFE.get() if context is None else context.get(_LIFE)


def run_mortal(main: Coroutine[Any, Any, Any], *, start_s: float = 0.0) -> Any:
    """Run a coroutine on a `MortalLoop`; what its dead lives left stays as it lies."""
    loop = MortalLoop(start_s)
    loop.set_exception_handler(lambda _loop, _context: None)  # of the dead nothing is told
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()
