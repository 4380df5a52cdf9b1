"""What all parts of the equipment side share: declarations, values, the store, the log and the way out."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from planaris.dictionary import Constant
from planaris.factory.face import FacePorts, Value
from planaris.factory.gem.clock_text import time_text
from planaris.factory.gem.declared import Declared
from planaris.factory.gem.latest import Latest
from planaris.factory.gem.settings import GemSettings
from planaris.factory.secs2 import Item, Message, encode
from planaris.historian import SpooledMessage

LOG = logging.getLogger("planaris.factory.gem")

T = TypeVar("T")


class Store(Protocol):
    """Keeps the host's definitions and the spool; the historian has one on the disk, tests may keep a dict."""

    def settings(self) -> dict[str, str]: ...
    def save(self, settings: Mapping[str, str]) -> None: ...
    @property
    def spool_count(self) -> int: ...
    def spool(self, stream: int, function: int, body: bytes, stored_utc: str, settings: Mapping[str, str]) -> None: ...
    def oldest(self, count: int = 1) -> Sequence[SpooledMessage]: ...
    def drop(self, number: int) -> None: ...
    def purge(self) -> int: ...


class Line(Protocol):
    """The selected link to the host."""

    def send(self, message: Message) -> int:
        """Send a primary and return its system bytes."""
        ...

    def send_encoded(self, stream: int, function: int, wait: bool, body: bytes) -> int:
        """Send a primary whose body is bytes already. As `send`."""
        ...

    def reply(self, system_bytes: int, message: Message) -> None:
        """Send the reply to a primary of the host."""
        ...

    def abandon(self, system_bytes: int) -> object:
        """Forget an open transaction of ours: its reply no longer matters."""
        ...

    def separate(self) -> None:
        """End the link."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """A primary of the host that is being served, and the link that its reply belongs to."""

    line: Line
    message: Message
    header10: bytes
    system_bytes: int


@dataclass(frozen=True, slots=True)
class Later:
    """A reply that takes time: ``work`` is run as a task of its own, so that the link goes on being served."""

    work: Callable[[], Awaitable[Item | None]]


@dataclass(frozen=True, slots=True)
class Served(Generic[T]):
    """How a primary is served: ``parse`` its body (`ShapeError` gives S9F7), then ``answer`` it.

    ``offline`` ones are served in every control state, ``always`` ones also before communication is established.
    """

    parse: Callable[[Item | None], T]
    answer: Callable[[T], Item | Later | None]
    offline: bool = False
    always: bool = False


Table = dict[tuple[int, int], Served[object]]


def served(
    parse: Callable[[Item | None], T], answer: Callable[[T], Item | Later | None], *, offline: bool = False,
    always: bool = False,
) -> Served[object]:  # fmt: skip
    """Return an entry of the table of served primaries."""
    return Served(parse, answer, offline, always)  # pyright: ignore[reportReturnType, reportArgumentType]


class Constants:
    """Values of the equipment constants: the tool's as told, the face's own kept in the store."""

    KEY = "constants"

    def __init__(self, declared: Declared, store: Store) -> None:
        self._declared, self._store = declared, store
        self._values: dict[str, Value] = {c.name: c.default for c in declared.constants.values()}
        kept: dict[str, Value] = json.loads(store.settings().get(self.KEY, "{}"))
        self._values.update({name: value for name, value in kept.items() if name in self._values})

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def number(self, name: str) -> float:
        """Return a constant that is a number."""
        value = self._values[name]
        assert isinstance(value, int | float)
        return value

    def told(self, values: Mapping[str, Value]) -> None:
        """Take over values that the tool has."""
        self._values.update({name: value for name, value in values.items() if name in self._values})

    def change(self, changes: Mapping[str, Value]) -> None:
        """Change constants of the face, all or none, and keep them."""
        own = {c.name for c in self._declared.constants.values() if c.owner == "factory"}
        after = {**self._values, **changes}
        self._store.save({self.KEY: json.dumps({n: v for n, v in after.items() if n in own})})
        self._values = after


@dataclass(slots=True)
class Core:
    """Shared state of the parts. ``send`` puts a primary that wants a reply, stream, function and encoded body,
    into the ordered queue; ``happen`` reports an event."""

    declared: Declared
    settings: GemSettings
    store: Store
    ports: FacePorts
    latest: Latest
    now_s: Callable[[], float]
    utc_ns: Callable[[], int]
    constants: Constants
    clock_offset_ns: int = 0
    computed: dict[str, Callable[[], Value]] = field(default_factory=dict[str, Callable[[], Value]])
    # Tells the host that an expected message did not come: its name (MEXP) and what it was about (EDID).
    missing: Callable[[str, str], None] = lambda _expected, _about: None
    send: Callable[[int, int, bytes], None] = lambda _stream, _function, _body: None
    happen: Callable[[str, Mapping[str, Value]], None] = lambda _name, _data: None

    def value(self, vid: int) -> Value | None:
        """Return what a variable or constant is now, None where nothing has told it yet."""
        declared = self.declared.variable(vid)
        assert declared is not None
        if isinstance(declared, Constant):
            return self.constants[declared.name]
        computed = self.computed.get(declared.name)
        return computed() if computed is not None else self.latest.value(declared.name)

    def stamp(self, ago_s: float = 0.0) -> str:
        """Return what the equipment's clock shows, or showed ``ago_s`` before, in the form that TimeFormat chose."""
        at_ns = self.utc_ns() + self.clock_offset_ns - round(ago_s * 1e9)
        return time_text(at_ns, int(self.constants.number("time_format")))

    def post(self, stream: int, function: int, body: Item) -> None:
        """Put a primary into the ordered queue."""
        self.send(stream, function, encode(body))

    def item(self, vid: int) -> Item:
        """Return what a variable or constant is now, as an item of its fixed type."""
        declared = self.declared.variable(vid)
        assert declared is not None
        return self.declared.item(declared, self.value(vid))


def refused(message: str, why: str) -> None:
    """Write into the log why something of the host was refused: ``S2F35 refused: CEID 4012 unknown, nearest ...``."""
    LOG.warning("%s refused: %s", message, why)
