"""The loop's own handles: what the stock ones hold, set without asking for debug mode at each one.

A lot makes some fifty thousand, so that the calls between count. `VirtualTimeLoop` leaves debug mode to the stock ones;
a test holds that both hold the same.
"""

# What is set here are the stock handles' own slots, which their stubs do not tell.
# pyright: reportAttributeAccessIssue=false, reportUninitializedInstanceVariable=false, reportCallInDefaultInitializer=false

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planaris.clock.virtual import VirtualTimeLoop


class Call(asyncio.Handle):
    """A callback that is ready."""

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop, self._callback, self._args = loop, callback, args
        self._cancelled = False
        self._repr = self._source_traceback = None


class Timer(asyncio.TimerHandle):
    """Timer that knows whether it still stands in the queue."""

    __slots__ = ("queued",)
    queued: bool
    _loop: VirtualTimeLoop

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: VirtualTimeLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop, self._callback, self._args = loop, callback, args
        self._cancelled = self._scheduled = False
        self._repr = self._source_traceback = None
        self._when = when
        self.queued = True

    def cancel(self) -> None:
        """Call back no more."""
        if not self._cancelled:
            self._cancelled = True
            self._callback = self._args = None
            if self.queued:
                self.queued = False
                self._loop.timer_cancelled()
