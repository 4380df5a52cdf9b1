"""Where sockets live: beside the tool's loop, on a plain loop in a thread of its own, so that their timers are real.

Control and sockets exchange only values: neither waits for the other's loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Peer(Protocol):
    """The sockets' side. `call` and `soon` go there from the tool's loop, `ask` and `back` come from there."""

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the sockets' loop and wait for it on the tool's."""
        ...

    def soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Call something on the sockets' loop."""
        ...

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the tool's loop and wait for it on the sockets'."""
        ...

    def back(self, callback: Callable[..., object], *args: Any) -> None:
        """Call something on the tool's loop."""
        ...

    async def stop(self) -> None:
        """End the sockets' side; nothing may run there any more."""
        ...


class SameLoop:
    """Sockets on the tool's own loop, for tests on virtual time."""

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it here."""
        return await work

    def soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Call it here."""
        callback(*args)

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it here."""
        return await work

    def back(self, callback: Callable[..., object], *args: Any) -> None:
        """Call it here."""
        callback(*args)

    async def stop(self) -> None:
        """Nothing to end."""


class PeerThread:
    """Sockets on a plain loop in a thread. Make it inside the tool's running loop."""

    def __init__(self, name: str) -> None:
        self._tool_loop = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the sockets' loop and wait for it on the tool's."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Call something on the sockets' loop."""
        self._loop.call_soon_threadsafe(callback, *args)

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the tool's loop and wait for it on the sockets'."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._tool_loop))

    def back(self, callback: Callable[..., object], *args: Any) -> None:
        """Call something on the tool's loop, unless that has ended."""
        if not self._tool_loop.is_closed():
            self._tool_loop.call_soon_threadsafe(callback, *args)

    async def stop(self) -> None:
        """Cancel what still runs there, then end loop and thread."""
        await self.call(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
