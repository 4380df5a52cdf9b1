"""Where the factory interface is joined to the tool: what it is given, what it may ask, and its inbox."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from planaris.model import Block, RecipeVersion
from planaris.stream import Committed
from planaris.tool import Answer, CommandRequest

Value = str | int | float | bool | tuple[float, ...]
"""What a variable may hold; the dictionary fixes its SECS type."""

Argument = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Items that did not fit into the inbox, at the place in the order where they are missing."""

    events_count: int
    blocks_count: int


@dataclass(frozen=True, slots=True)
class Known:
    """Values of status variables that the tool says outright: those that no event or block tells."""

    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Recalled:
    """Events of an earlier life of the tool: what they tell is known, and no host is told of them again."""

    events: Sequence[Committed]


FaceItem = Committed | Block | Known | Lost | Recalled
"""What the tool tells the face. Order is that of the stream: values at an event are those told before it."""


class FacePorts(Protocol):
    """Everything the face has of the tool. All coroutines are awaited on the face's own loop, in peer time.

    Whoever joins the two (app) carries requests over to control's loop and answers back; what control does meanwhile
    does not hold up the face's links.
    """

    @property
    def port_kind(self) -> str:
        """Kind of the hardware port: twin, opcua, replay, mock. Shown as status variable ``port_kind``."""
        ...

    async def take(self) -> Sequence[FaceItem]:
        """Wait until the tool told something and return it, in order. See `Inbox`."""
        ...

    async def submit(self, request: CommandRequest) -> Answer:
        """Give a command through the tool's one door and return its answer."""
        ...

    def offer(self, verb: str, handler: Callable[[CommandRequest], Awaitable[str]]) -> None:
        """Register a verb of the face (``factory.go_online``) at the door.

        The handler must be run on the face's loop; what it raises (`RefusedError`) goes back to the door.
        """
        ...

    async def verbs(self) -> Sequence[str]:
        """Return the verbs that the door offers now."""
        ...

    async def recipes(self, name: str | None = None) -> Sequence[RecipeVersion]:
        """Return the versions in the recipe library, oldest first, or those of one name."""
        ...

    async def recipes_in_use(self) -> Mapping[str, str]:
        """Return content hash -> lot of every recipe that a job uses which is not over."""
        ...

    async def constants(self) -> Mapping[str, Argument]:
        """Return the tool's equipment constants that differ from the dictionary's defaults."""
        ...

    def show(self, lines: Sequence[str]) -> None:
        """Show the host's text to the people at the tool; none clears it."""
        ...

    def failed(self, detail: str) -> None:
        """Tell that the face failed inside; the tool sets the alarm ``observer_failed``. Never raises, never waits."""
        ...


class Inbox:
    """Bounded mailbox between control's thread and the face's: control puts, never waits; the face awaits.

    It fits `EventStream.listen`. What does not fit is dropped and told as `Lost` in its place. Blocks have room of
    their own, for a block is only one look at values.
    """

    def __init__(self, events_limit: int = 100_000, blocks_limit: int = 1_000) -> None:
        self._events_limit, self._blocks_limit = events_limit, blocks_limit
        self._lock = threading.Lock()
        self._items: deque[FaceItem] = deque()
        self._events_count = self._blocks_count = 0
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def __call__(self, batch: Sequence[Committed]) -> None:
        with self._lock:
            room = max(0, self._events_limit - self._events_count)
            self._items.extend(batch[:room])
            self._events_count += min(room, len(batch))
            if len(batch) > room:
                self._lose(len(batch) - room, 0)
            self._wake()

    def put(self, item: Block | Known | Recalled) -> None:
        """Put a block of samples, values that the tool says outright, or what an earlier life told."""
        with self._lock:
            if self._blocks_count < self._blocks_limit:
                self._items.append(item)
                self._blocks_count += 1
            else:
                self._lose(0, 1)
            self._wake()

    async def take(self) -> Sequence[FaceItem]:
        """Wait for items and return all that are there. Of one reader, on one loop."""
        while True:
            with self._lock:
                if self._items:
                    taken = tuple(self._items)
                    self._items.clear()
                    self._events_count = self._blocks_count = 0
                    return taken
                event = asyncio.Event()
                self._waiting = asyncio.get_running_loop(), event
            await event.wait()

    def _lose(self, events_count: int, blocks_count: int) -> None:
        last = self._items[-1] if self._items else None
        if isinstance(last, Lost):
            self._items[-1] = Lost(last.events_count + events_count, last.blocks_count + blocks_count)
        else:
            self._items.append(Lost(events_count, blocks_count))

    def _wake(self) -> None:
        if self._waiting is not None:
            loop, event = self._waiting
            self._waiting = None
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)
