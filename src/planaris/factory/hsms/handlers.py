"""The handlers of one link: a task for each primary, so that nothing waits for the application."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from planaris.factory.hsms.application import Handle, HandlerFailed, LinkEvent
from planaris.factory.hsms.connection import NotSelectedError
from planaris.factory.hsms.events import DataReceived, Refused
from planaris.factory.hsms.frame import HEADER_BYTES
from planaris.factory.secs2 import Message

if TYPE_CHECKING:
    from planaris.factory.hsms.link import Link

# What a message takes in memory beside its bytes, about.
MESSAGE_OVERHEAD_BYTES = 512
# How long handlers may take to end when they are cancelled.
CANCEL_LIMIT_S = 5.0


def _size(primary: DataReceived) -> int:
    return MESSAGE_OVERHEAD_BYTES + HEADER_BYTES + primary.body_bytes


class Handlers:
    """Runs handlers, a bounded number at once; others wait in order, and what is too much is aborted at once."""

    def __init__(self, link: Link, handle: Handle | None, notice: Callable[[LinkEvent], None]) -> None:
        self._link = link
        self._handle = handle
        self._notice = notice
        self._running: set[asyncio.Task[None]] = set()
        self._waiting: deque[DataReceived] = deque()
        self._held_bytes = 0

    def take(self, primary: DataReceived) -> None:
        """Begin to handle a primary, or let it wait, or abort it."""
        if self._handle is None:
            return
        settings = self._link.settings
        size = _size(primary)
        if self._held_bytes and self._held_bytes + size > settings.max_held_bytes:
            explanation = (
                f"{primary.message.title} refused: {len(self._running)} messages are being handled, "
                f"{len(self._waiting)} wait, {self._held_bytes + size} bytes in all, at most "
                f"{settings.max_held_bytes} are held"
            )
            self._notice(Refused(primary.header10, explanation))
            self._abort(primary)
            return
        self._held_bytes += size
        if len(self._running) < settings.max_open_handlers_count:
            self._start(primary)
        else:
            self._waiting.append(primary)

    def cancel(self) -> None:
        """End all handlers; those that wait never begin."""
        for primary in self._waiting:
            self._held_bytes -= _size(primary)
        self._waiting.clear()
        for task in self._running:
            task.cancel()

    async def wait_over(self) -> None:
        """Wait until no handler runs; one that takes too long over its own cancelling is told to the loop and left."""
        if self._running and (await asyncio.wait(list(self._running), timeout=CANCEL_LIMIT_S))[1]:
            names = ", ".join(sorted(task.get_name() for task in self._running))
            context = {"message": f"still running {CANCEL_LIMIT_S:g} s after their link has ended: {names}"}
            asyncio.get_running_loop().call_exception_handler(context)

    def _start(self, primary: DataReceived) -> None:
        task = asyncio.get_running_loop().create_task(self._run(primary), name=f"{primary.message.title} handler")
        self._running.add(task)
        size = _size(primary)
        task.add_done_callback(lambda done: self._done(done, size))

    def _done(self, task: asyncio.Task[None], size: int) -> None:
        self._running.discard(task)
        self._held_bytes -= size
        if self._waiting:
            self._start(self._waiting.popleft())

    async def _run(self, primary: DataReceived) -> None:
        assert self._handle is not None
        try:
            reply = await self._handle(self._link, primary)
            if reply is not None:
                self._link.reply(primary.system_bytes, reply)
        except NotSelectedError as error:
            self._notice(Refused(primary.header10, f"a reply came too late: {error}"))
        except asyncio.CancelledError as error:
            if self._link.selected:  # the link lives: somebody cancelled what the handler waited for
                self._failed(primary, error)
            raise
        except Exception as error:
            self._failed(primary, error)

    def _failed(self, primary: DataReceived, error: BaseException) -> None:
        explanation = f"the handler of {primary.message.title} failed: {type(error).__name__}: {error}"
        self._notice(HandlerFailed(primary.system_bytes, primary.header10, error, explanation))
        self._abort(primary)

    def _abort(self, primary: DataReceived) -> None:
        if primary.message.wait and self._link.selected:
            self._link.reply(primary.system_bytes, Message(primary.message.stream, 0))
