"""Joins a face on its own loop to the tool on control's: events and samples go over, commands come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeVar

from planaris import clock
from planaris.factory import Face, FaceItem, Inbox, Recalled
from planaris.hardware import STATE, Port
from planaris.historian import RecipeShelf
from planaris.model import RecipeVersion, Severity
from planaris.modules import ControlConstants
from planaris.stream import Committed, EventStream
from planaris.tool import Answer, CommandRequest, Engine

# A face is told of samples this often, peer time [design].
BLOCK_PEER_S = 0.5
# Spectra go into files; no face shows them all the time.
_NOT_FOLLOWED = ("optical",)
_T = TypeVar("_T")


class FaceLink:
    """What a face has of the tool (`planaris.factory.FacePorts`). Make it on the tool's loop, then `open` it.

    ``tell`` gets what people should read: the host's texts, and what failed inside the face.
    """

    def __init__(
        self,
        peer: clock.PeerThread,
        engine: Engine,
        port: Port,
        shelf: RecipeShelf,
        constants: ControlConstants,
        submit: Callable[[CommandRequest], Awaitable[Answer]],
        tell: Callable[[str], None],
        speed: float,
    ) -> None:
        self._peer, self._engine, self._port, self._shelf = peer, engine, port, shelf
        self._constants, self._submit, self._tell = constants, submit, tell
        self._block_s = max(1.0, BLOCK_PEER_S * speed)
        self._inbox = Inbox()
        self._tasks: list[asyncio.Task[None]] = []

    # -- the tool's loop -----------------------------------------------------------------------------------------
    def listen(self, stream: EventStream, past: Sequence[Committed] = ()) -> None:
        """Begin to follow events; ``past`` ones are known and told to nobody."""
        if past:
            self._inbox.put(Recalled(past))
        stream.listen(self._inbox)

    def open(self) -> None:
        """Begin to follow samples; the port is connected."""
        classes = dict.fromkeys(tag.rate_class for tag in self._port.tags.values())
        for rate_class in classes:
            if not rate_class.endswith(_NOT_FOLLOWED):
                self._tasks.append(asyncio.create_task(self._follow(rate_class), name=f"face.{rate_class}"))

    async def close(self, stream: EventStream) -> None:
        """Follow nothing any more."""
        stream.unlisten(self._inbox)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, rate_class: str) -> None:
        subscription = self._port.subscribe(rate_class, self._block_s if rate_class != STATE else 1.0)
        try:
            async for block in subscription:
                self._inbox.put(block)
        finally:
            subscription.close()

    # -- the face's loop -----------------------------------------------------------------------------------------
    @property
    def port_kind(self) -> str:
        """Kind of the hardware port."""
        return self._port.kind.value

    async def take(self) -> Sequence[FaceItem]:
        """Wait until the tool told something and return it, in order."""
        return await self._inbox.take()

    async def submit(self, request: CommandRequest) -> Answer:
        """Give a command through the tool's one door and return its answer."""
        return await self._peer.ask(_awaited(partial(self._submit, request)))

    def offer(self, verb: str, handler: Callable[[CommandRequest], Awaitable[str]]) -> None:
        """Register a verb of the face at the door; its handler runs on the face's loop."""

        async def over(request: CommandRequest) -> str:
            return await self._peer.call(_awaited(partial(handler, request)))

        self._peer.back(self._engine.tool.commands.register, verb, over)

    async def verbs(self) -> Sequence[str]:
        """Return the verbs that the door offers now."""
        return await self._peer.ask(_done(lambda: tuple(self._engine.tool.commands.verbs)))

    async def recipes(self, name: str | None = None) -> Sequence[RecipeVersion]:
        """Return the versions in the recipe library."""
        return await self._peer.ask(_done(lambda: tuple(self._shelf.versions(name))))

    async def recipes_in_use(self) -> Mapping[str, str]:
        """Return content hash -> lot of every recipe that a job uses which is not over."""
        return await self._peer.ask(_done(lambda: dict(self._engine.jobs.recipes_in_use())))

    async def constants(self) -> Mapping[str, str | int | float | bool]:
        """Return the controller's constants."""
        known = self._constants
        return {
            "trace_block_s": known.trace_block_s,
            "device_margin_ratio": known.device_margin_ratio,
            "device_margin_s": known.device_margin_s,
            "heartbeat_period_s": known.heartbeat_period_s,
            "handshake_ack_timeout_s": known.handshake.acknowledge_s,
            "handshake_retries_count": known.handshake.retries_count,
            "handshake_ask_again_s": known.handshake.ask_again_s,
        }

    def show(self, lines: Sequence[str]) -> None:
        """Show the host's text to the people at the tool."""
        for line in lines:
            self._tell(f"the host says: {line}")

    def failed(self, detail: str) -> None:
        """Set the alarm of a face that failed inside."""
        self._tell(f"the factory interface failed: {detail}")
        self._peer.back(
            self._engine.tool.alarms.set, "observer_failed", "tool", Severity.WARNING, f"factory interface: {detail}"
        )


async def start_face(
    faces: AsyncExitStack, peer: clock.PeerThread, link: FaceLink, face: Face, stream: EventStream
) -> str:
    """Run a face on the peer's loop until ``faces`` is left; return where it listens. Raises what its start raises."""
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def heard(host: str, port: int) -> None:
        peer.back(listening.set_result, f"{host}:{port}")

    async def begin() -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(face.run(heard), name="factory")

    async def ended(running: asyncio.Task[None]) -> Exception | None:
        await asyncio.wait({running})
        error = None if running.cancelled() else running.exception()
        return error if isinstance(error, Exception) else None

    async def end(running: asyncio.Task[None]) -> None:
        running.cancel()
        await asyncio.wait({running})

    link.open()
    running = await peer.call(begin())
    watching = asyncio.create_task(peer.call(ended(running)), name="factory.end")

    async def leave() -> None:
        watching.cancel()
        await peer.call(end(running))
        await link.close(stream)

    faces.push_async_callback(leave)
    await asyncio.wait({listening, watching}, return_when=asyncio.FIRST_COMPLETED)
    if not listening.done():
        error = watching.result()
        raise error if error is not None else RuntimeError("the factory interface ended at once")
    watching.add_done_callback(lambda task: None if task.cancelled() else link.failed(str(task.result())))
    return listening.result()


async def _awaited(work: Callable[[], Awaitable[_T]]) -> _T:
    return await work()


async def _done(work: Callable[[], _T]) -> _T:
    return work()
