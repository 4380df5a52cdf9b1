"""The one event stream: commit first, then tell everybody. A listener can never touch control."""

from __future__ import annotations

import hashlib
import json
import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from typing import Any, cast

from planaris.stream.event import Event
from planaris.stream.events import EVENT_TYPES

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Committed:
    """An event with its place in the stream and its tool time."""

    sequence: int
    time_s: float
    event: Event
    _json: str = field(default="", init=False, repr=False, compare=False)

    @property
    def json(self) -> str:
        """The event's fields as `to_json` gives them, made once for all who keep them."""
        if not self._json:
            object.__setattr__(self, "_json", to_json(self.event))
        return self._json


Commit = Callable[[Sequence[Committed], bool], None]
Listener = Callable[[Sequence[Committed]], None]


@cache
def _keys(kind: type[Event]) -> tuple[tuple[str, str], ...]:
    """Return each field of a kind of event with what stands before its value."""
    return tuple((f.name, f"{',' if n else '{'}{encode_basestring(f.name)}:") for n, f in enumerate(fields(kind)))


def storable_text(text: str) -> str:
    """Return a text as UTF-8 can hold it: lone surrogates (bytes of a file name, escapes in JSON) as ``?``."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def to_json(event: Event) -> str:
    """Return an event's fields as canonical JSON (keys in declaration order, floats by repr) that can be stored."""
    text = "".join([key + _value_text(getattr(event, name)) for name, key in _keys(type(event))])
    return storable_text(text + "}") if text else "{}"


def _value_text(value: object) -> str:
    """Return a value as `_ENCODER` gives it; the plain ones, nearly all, without asking it."""
    kind = type(value)
    if kind is str:
        return encode_basestring(cast(str, value))
    if kind is int or (kind is float and math.isfinite(cast(float, value))):
        return repr(value)
    return _ENCODER.encode(value)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} does not belong in an event")


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=_plain)


def from_json(name: str, text: str) -> Event:
    """Return the event that `to_json` wrote; enumerations and tuples come back as such."""
    kind = EVENT_TYPES[name]
    values = json.loads(text)
    for f in fields(kind):
        convert = _CONVERTERS.get(str(f.type))
        if convert is not None and f.name in values:
            values[f.name] = convert(values[f.name])
    return kind(**values)


def _converters() -> dict[str, Callable[[Any], object]]:
    from planaris.model import Face, MapStage, Severity, WaferKind

    return {
        "Face": Face,
        "MapStage": MapStage,
        "Severity": Severity,
        "WaferKind": WaferKind,
        "tuple[float, ...]": tuple,
    }


_CONVERTERS = _converters()


class StreamHash:
    """Listener that hashes the stream: equal runs have equal digests."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def __call__(self, batch: Sequence[Committed]) -> None:
        for item in batch:
            line = f"{item.sequence}|{item.time_s!r}|{item.event.name}|{item.json}\n"
            self._hash.update(line.encode())

    def hexdigest(self) -> str:
        """Return the digest of everything seen so far."""
        return self._hash.hexdigest()


class Mailbox:
    """Bounded mailbox of committed events for a slow reader: the oldest are dropped and counted."""

    def __init__(self, limit: int) -> None:
        self._items: deque[Committed] = deque(maxlen=limit)
        self.dropped_count = 0

    def __call__(self, batch: Sequence[Committed]) -> None:
        overflow = len(self._items) + len(batch) - (self._items.maxlen or 0)
        self.dropped_count += max(0, overflow)
        self._items.extend(batch)

    def take(self) -> list[Committed]:
        """Return and forget what has come in."""
        taken = list(self._items)
        self._items.clear()
        return taken


class Batched:
    """Listener that hands events on to another in batches of at least ``count``, and the rest at `flush`."""

    def __init__(self, listener: Listener, count: int) -> None:
        self._listener, self._count = listener, count
        self._waiting: list[Committed] = []

    def __call__(self, batch: Sequence[Committed]) -> None:
        self._waiting.extend(batch)
        if len(self._waiting) >= self._count:
            self.flush()

    def flush(self) -> None:
        """Hand on what waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._listener(waiting)


class EventStream:
    """Stages events, commits them in order, then hands them to listeners.

    ``commit`` gets every batch before any listener does, with a flag that asks for durability; what it raises reaches
    the publisher and ``on_failure``, and ``failure`` keeps it. ``on_staged`` is called when the first event of a batch
    is staged, so that an owner can see to a flush. Listeners that raise are detached and reported in
    ``failed_listeners``.
    """

    def __init__(self, clock: Clock, commit: Commit, first_sequence: int = 1) -> None:
        self._clock = clock
        self._commit = commit
        self._next = first_sequence
        self._staged: list[Committed] = []
        self._listeners: list[Listener] = []
        self.failed_listeners: list[tuple[Listener, Exception]] = []
        self.on_staged: Callable[[], None] = lambda: None
        self.on_failure: Callable[[Exception], None] = lambda _error: None
        self.failure: Exception | None = None

    def listen(self, listener: Listener) -> None:
        """Add a listener; it sees every batch committed from now on."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Remove a listener."""
        self._listeners = [other for other in self._listeners if other is not listener]

    @property
    def staged_count(self) -> int:
        """Events published but not committed yet."""
        return len(self._staged)

    def publish(self, event: Event) -> None:
        """Stage an event; it is committed with the next flush."""
        self._staged.append(Committed(self._next, self._clock(), event))
        self._next += 1
        if len(self._staged) == 1:
            self.on_staged()

    def commit(self, event: Event) -> None:
        """Publish an event and make it, and all before it, durable before returning."""
        self.publish(event)
        self.flush(durable=True)

    def flush_if_possible(self) -> None:
        """Commit what is staged; a failure is told by ``on_failure`` alone. What was staged stays staged then."""
        with suppress(Exception):
            self.flush()

    def flush(self, *, durable: bool = False) -> None:
        """Commit what is staged, then tell the listeners."""
        if not self._staged:
            return
        batch = tuple(self._staged)
        try:
            self._commit(batch, durable)
        except Exception as error:
            self.failure = error
            self.on_failure(error)
            raise
        self._staged.clear()
        for listener in tuple(self._listeners):
            try:
                listener(batch)
            except Exception as error:  # a listener's failure is its own
                self.unlisten(listener)
                self.failed_listeners.append((listener, error))
