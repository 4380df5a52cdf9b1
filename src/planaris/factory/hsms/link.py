"""A link on a socket: the connection's bytes, timer and handlers on an asyncio loop of peer time."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections import deque
from collections.abc import Callable
from typing import cast

from planaris.clock import utc_now
from planaris.factory.hsms.application import Application, LinkEvent
from planaris.factory.hsms.connection import Connection
from planaris.factory.hsms.events import (
    Closed,
    CloseReason,
    DataReceived,
    Event,
    ReplyReceived,
    TransactionFailed,
)
from planaris.factory.hsms.frame import SelectStatus
from planaris.factory.hsms.handlers import Handlers
from planaris.factory.hsms.record import LoggedFrame
from planaris.factory.hsms.settings import HsmsSettings
from planaris.factory.hsms.states import LinkState
from planaris.factory.hsms.transactions import SystemBytes
from planaris.factory.secs2 import Message, encode

# How long a socket may take to send what is left after its link has ended.
CLOSE_GRACE_S = 1.0
# Endings that the peer is told of by a message, which it should be able to read.
_LAST_WORDS = (CloseReason.EXHAUSTED, CloseReason.NOT_READY, CloseReason.STOPPED)


class TransactionError(Exception):
    """A request has no reply; ``failure`` says why."""

    def __init__(self, failure: TransactionFailed) -> None:
        self.failure = failure
        super().__init__(failure.explanation)


class Link(asyncio.Protocol):
    """One generation on its socket. Made by HsmsServer and HsmsClient; used by applications."""

    def __init__(
        self,
        settings: HsmsSettings,
        application: Application,
        number: int,
        *,
        admit: Callable[[], SelectStatus],
        system_bytes: SystemBytes,
        attached: Callable[[Link], tuple[CloseReason, str] | None],
        follow: Callable[[Link, Event], None],
        detached: Callable[[Link], None],
        active: bool = False,
    ) -> None:
        self.settings = settings
        self.number = number
        self.peer = ""
        self._application = application
        self._loop = asyncio.get_running_loop()
        self._attached, self._follow, self._detached = attached, follow, detached
        self._active = active
        watch = self._log if application.record is not None else None
        self._connection = Connection(
            settings, self._loop.time(), number=number, admit=admit, system_bytes=system_bytes, watch=watch
        )
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = math.inf
        self._grace: asyncio.TimerHandle | None = None
        self._replies: dict[int, asyncio.Future[Message]] = {}
        self._handlers = Handlers(self, application.handle, self._notice)
        self._untold: deque[Event] = deque()
        self._telling = False
        self._polite = False
        self._writable = asyncio.Event()
        self._writable.set()
        self.ended = asyncio.Event()

    # -- for applications ------------------------------------------------------------------------------------------

    @property
    def state(self) -> LinkState:
        """The state of the link."""
        return self._connection.state

    @property
    def selected(self) -> bool:
        """Whether data may be sent."""
        return self._connection.selected

    @property
    def open_transactions(self) -> tuple[int, ...]:
        """System bytes of our primaries that wait for a reply."""
        return self._connection.open_transactions

    def post(self, message: Message) -> int:
        """Send a primary message at once; its reply, if it wants one, comes as an event. Returns its system bytes.

        Raises as `Connection.send`.
        """
        number = self._connection.send(message, self._loop.time())
        self._settle()
        return number

    def post_encoded(self, stream: int, function: int, wait: bool, body: bytes) -> int:
        """Send a primary message whose body is bytes already. As `post`."""
        number = self._connection.send_encoded(stream, function, wait, body, self._loop.time())
        self._settle()
        return number

    def reply(self, system_bytes: int, message: Message) -> None:
        """Send the reply to a primary. Raises as `Connection.reply`."""
        self._connection.reply(system_bytes, message)
        self._settle()

    async def send(self, message: Message) -> int:
        """Send a primary message when the peer reads what was sent before. As `post`."""
        if not self._writable.is_set():
            await self._room()
        return self.post(message)

    async def request(self, message: Message) -> Message:
        """Send a primary message and return its reply. Raises TransactionError, and as `Connection.send`."""
        return await self.request_encoded(message.stream, message.function, encode(message.body))

    async def request_encoded(self, stream: int, function: int, body: bytes) -> Message:
        """Send a primary message whose body is bytes already and return its reply. As `request`."""
        if not self._writable.is_set():
            await self._room()
        number = self._connection.send_encoded(stream, function, True, body, self._loop.time())
        future: asyncio.Future[Message] = self._loop.create_future()
        self._replies[number] = future
        self._settle()
        try:
            return await future
        finally:
            if self._replies.pop(number, None) is not None:
                self._connection.abandon(number)
            if future.done() and not future.cancelled():
                future.exception()  # it may have failed while the caller was being cancelled

    def abandon(self, system_bytes: int) -> bool:
        """Wait no longer for a reply. Says whether one was waited for."""
        return self._connection.abandon(system_bytes)

    def linktest(self) -> int:
        """Send a linktest; a peer that does not answer within T6 loses the link."""
        number = self._connection.linktest(self._loop.time())
        self._settle()
        return number

    def deselect(self) -> int:
        """Send a Deselect. Single-session HSMS does not need it."""
        number = self._connection.deselect(self._loop.time())
        self._settle()
        return number

    def separate(self) -> None:
        """End the link."""
        self._tell(self._connection.separate())
        self._settle()

    def drop(self, why: CloseReason, explanation: str) -> None:
        """End the link and its socket without a word to the peer."""
        self._tell(self._connection.lost(why, explanation))
        if self._transport is not None:
            self._transport.abort()

    async def wait_ended(self) -> None:
        """Wait until the socket is closed and the handlers are over."""
        await self.ended.wait()
        await self._handlers.wait_over()

    # -- for asyncio -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername")
        self.peer = str(address[0]) if address else ""
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        refusal = self._attached(self)
        if refusal is not None:
            self.drop(*refusal)
            return
        if self._active:
            self._connection.select(self._loop.time())
        self._settle()

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self._tell(self._connection.feed(data, self._loop.time()))
        self._settle()

    def pause_writing(self) -> None:
        """Note that the peer reads more slowly than we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that it has caught up."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the socket is gone: everything of this generation ends."""
        self._tell(self._connection.lost(CloseReason.PEER_CLOSED if exc is None else CloseReason.PEER_RESET))
        for handle in (self._timer, self._grace):
            if handle is not None:
                handle.cancel()
        self._timer = self._grace = None
        self._writable.set()
        self._transport = None
        self.ended.set()
        self._detached(self)

    # -- inside ----------------------------------------------------------------------------------------------------

    async def _room(self) -> None:
        while not self._writable.is_set():  # whoever was first may have filled it again
            await self._writable.wait()

    def _log(self, sent: bool, content: bytes) -> None:
        record = self._application.record
        assert record is not None
        self._guard(record, LoggedFrame(utc_now(), self.number, sent, content))

    def _guard(self, call: Callable[..., None], *args: object) -> None:
        """Call a listener; one that fails is told to the loop and touches nothing else."""
        try:
            call(*args)
        except Exception as error:
            context = {"message": f"a listener of link {self.number} failed", "exception": error}
            self._loop.call_exception_handler(context)

    def _settle(self) -> None:
        """Send what there is to send, close what has ended, and set the timer."""
        connection, transport = self._connection, self._transport
        if transport is None:
            return
        if data := connection.take_outgoing():
            transport.write(data)
            unread = transport.get_write_buffer_size()
            if unread > self.settings.max_held_bytes and not connection.closed:
                limit = self.settings.max_held_bytes
                self.drop(
                    CloseReason.OVERRUN, f"the peer has left {unread} bytes unread, at most {limit} are kept for it"
                )
                return
        if connection.closed:
            if self._grace is None:
                self._grace = self._loop.call_later(CLOSE_GRACE_S, transport.abort)
                self._close(transport)
            return
        # Later is good enough for the timer that runs: it looks again when it fires.
        if (due_s := connection.next_deadline()) < self._timer_s:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_s = due_s
            self._timer = self._loop.call_at(due_s, self._on_timer)

    def _close(self, transport: asyncio.Transport) -> None:
        if self._polite and not transport.get_write_buffer_size():
            # The peer is to close: bytes of its that nobody reads would reset what it has not read of ours.
            with contextlib.suppress(OSError):
                transport.write_eof()
                return
        transport.close()

    def _on_timer(self) -> None:
        self._timer, self._timer_s = None, math.inf
        self._tell(self._connection.tick(self._loop.time()))
        self._settle()

    def _tell(self, events: list[Event]) -> None:
        """Tell events in order; those that a listener causes by what it does come after those it is being told."""
        self._untold.extend(events)
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                self._tell_one(self._untold.popleft())
        finally:
            self._telling = False

    def _tell_one(self, event: Event) -> None:
        self._follow(self, event)
        if isinstance(event, ReplyReceived):
            future = self._replies.pop(event.system_bytes, None)
            if future is not None and not future.done():
                future.set_result(event.message)
        elif isinstance(event, TransactionFailed):
            future = self._replies.pop(event.system_bytes, None)
            if future is not None and not future.done():
                future.set_exception(TransactionError(event))
        elif isinstance(event, Closed):
            self._polite = event.why in _LAST_WORDS
            self._handlers.cancel()
        self._notice(event)
        if isinstance(event, DataReceived):
            self._handlers.take(event)

    def _notice(self, event: LinkEvent) -> None:
        if self._application.notice is not None:
            self._guard(self._application.notice, self, event)
