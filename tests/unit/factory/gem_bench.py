"""A GEM equipment on a bench: no socket, no clock; the test is the host and turns the time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from planaris.clock import ns_of_utc, utc_of_text
from planaris.dictionary import Dictionary, build
from planaris.factory import FaceItem, GemSettings
from planaris.factory.face import Argument
from planaris.factory.gem import GemEquipment
from planaris.factory.hsms import (
    Closed,
    CloseReason,
    DataReceived,
    FailureReason,
    ReplyReceived,
    Selected,
    TransactionFailed,
)
from planaris.factory.secs2 import Item, Message, decode
from planaris.factory.secs2.items import U4, B, L
from planaris.formats import load_tool
from planaris.historian import SpooledMessage
from planaris.model import RecipeVersion
from planaris.stream import Committed, Event
from planaris.tool import Answer, AnswerStatus, CommandRequest

START_NS = ns_of_utc(utc_of_text("2026-03-01T12:00:00"))


class DictStore:
    """A store that keeps everything in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.messages: list[SpooledMessage] = []
        self._number = 0

    def settings(self) -> dict[str, str]:
        return dict(self.kept)

    def save(self, settings: Mapping[str, str]) -> None:
        self.kept.update(settings)

    @property
    def spool_count(self) -> int:
        return len(self.messages)

    def spool(self, stream: int, function: int, body: bytes, stored_utc: str, settings: Mapping[str, str]) -> None:
        self._number += 1
        self.messages.append(SpooledMessage(self._number, stream, function, body, stored_utc))
        self.kept.update(settings)

    def oldest(self, count: int = 1) -> Sequence[SpooledMessage]:
        return self.messages[:count]

    def drop(self, number: int) -> None:
        self.messages = [m for m in self.messages if m.number != number]

    def purge(self) -> int:
        count = len(self.messages)
        self.messages.clear()
        return count


class BenchPorts:
    """A tool that a test plays: answers to commands and recipes are set by it."""

    port_kind = "twin"

    def __init__(self) -> None:
        self.requests: list[CommandRequest] = []
        self.answer: Callable[[CommandRequest], Awaitable[Answer]] = self._done
        self.offered: dict[str, Callable[[CommandRequest], Awaitable[str]]] = {}
        self.door_verbs: Sequence[str] = ("job.create", "job.start", "job.pause", "job.stop", "job.abort", "job.resume",
                                          "tool.halt", "wafer.abort")  # fmt: skip
        self.library: list[RecipeVersion] = []
        self.in_use: dict[str, str] = {}
        self.shown: list[Sequence[str]] = []
        self.failures: list[str] = []
        self.items: asyncio.Queue[FaceItem] = asyncio.Queue()

    async def _done(self, request: CommandRequest) -> Answer:
        del request
        return Answer("C000001", AnswerStatus.DONE)

    async def take(self) -> Sequence[FaceItem]:
        return [await self.items.get()]

    async def submit(self, request: CommandRequest) -> Answer:
        self.requests.append(request)
        return await self.answer(request)

    def offer(self, verb: str, handler: Callable[[CommandRequest], Awaitable[str]]) -> None:
        self.offered[verb] = handler

    async def verbs(self) -> Sequence[str]:
        return self.door_verbs

    async def recipes(self, name: str | None = None) -> Sequence[RecipeVersion]:
        return [v for v in self.library if name is None or v.name == name]

    async def recipes_in_use(self) -> Mapping[str, str]:
        return self.in_use

    async def constants(self) -> Mapping[str, Argument]:
        return {}

    def show(self, lines: Sequence[str]) -> None:
        self.shown.append(tuple(lines))

    def failed(self, detail: str) -> None:
        self.failures.append(detail)


class BenchLine:
    """The link as a list: what was sent, with system bytes; replies by those of the host's primary."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, Message]] = []
        self.replies: dict[int, Message] = {}
        self.abandoned: list[int] = []
        self.separated = False
        self._next = 0x1000

    def send(self, message: Message) -> int:
        self._next += 1
        self.sent.append((self._next, message))
        return self._next

    def send_encoded(self, stream: int, function: int, wait: bool, body: bytes) -> int:
        return self.send(Message(stream, function, wait=wait, body=decode(body)))

    def reply(self, system_bytes: int, message: Message) -> None:
        assert system_bytes not in self.replies, "answered twice"
        self.replies[system_bytes] = message

    def abandon(self, system_bytes: int) -> bool:
        self.abandoned.append(system_bytes)
        self.sent = [(n, m) for n, m in self.sent if n != system_bytes]
        return True

    def separate(self) -> None:
        self.separated = True

    def take(self) -> list[Message]:
        """Return and forget what was sent."""
        sent, self.sent = [m for _, m in self.sent], []
        return sent


def dictionary() -> Dictionary:
    """Return the dictionary of the default tool."""
    return build(load_tool())


class GemBench:
    """Equipment, store, tool and line, and what a host does with them."""

    def __init__(self, settings: GemSettings | None = None, store: DictStore | None = None) -> None:
        self.now_s = 1000.0
        self.store = store if store is not None else DictStore()
        self.ports = BenchPorts()
        self.dictionary = dictionary()
        self.line = BenchLine()
        self.works: list[Coroutine[Any, Any, None]] = []
        self.equipment = GemEquipment(
            self.dictionary,
            settings or GemSettings(software="0.1.0"),
            self.store,
            self.ports,
            now_s=lambda: self.now_s,
            utc_ns=lambda: START_NS + round((self.now_s - 1000.0) * 1e9),
            spawn=self.works.append,
        )
        self._system_bytes = 0
        self._sequence = 0
        self.tool_s = 0.0

    # -- link ----------------------------------------------------------------------------------------------------

    def select(self) -> None:
        """Select on a fresh link."""
        self.select_on(BenchLine())

    def select_on(self, line: BenchLine) -> None:
        """Select on a link."""
        self.line = line
        line.sent.clear()
        self.equipment.take(line, Selected(by_peer=True, explanation="selected"))

    def communicate(self) -> None:
        """Select and establish communication as the host does it."""
        self.select()
        reply = self.ask(1, 13, L())
        assert reply is not None
        assert reply.function == 14
        self.line.replies.clear()

    def lose(self) -> None:
        """Lose the link."""
        self.equipment.take(self.line, Closed(CloseReason.PEER_RESET, "the peer reset"))

    def raw(
        self, stream: int, function: int, body: Item | None = None, *, wait: bool = True, body_bytes: int = 0
    ) -> int:
        """Send a primary of the host; return its system bytes."""
        self._system_bytes += 1
        number = self._system_bytes
        header = bytes((0, 0, (0x80 if wait else 0) | stream, function, 0, 0)) + number.to_bytes(4, "big")
        message = Message(stream, function, wait=wait, body=body)
        self.equipment.take(self.line, DataReceived(message, 0, number, header, body_bytes=body_bytes))
        return number

    def ask(self, stream: int, function: int, body: Item | None = None) -> Message | None:
        """Send a primary of the host, run slow work to its end, and return the reply, None where there is none."""
        number = self.raw(stream, function, body)
        self.work()
        return self.line.replies.get(number)

    def body(self, stream: int, function: int, body: Item | None = None) -> Item:
        """Send a primary and return its reply's body."""
        reply = self.ask(stream, function, body)
        assert reply is not None, f"S{stream}F{function} was not answered"
        assert (reply.stream, reply.function) == (stream, function + 1)
        assert reply.body is not None
        return reply.body

    def work(self) -> None:
        """Run what handlers left to be done later."""
        while self.works:
            asyncio.run(_run(self.works.pop(0)))

    def answer(self, stream: int, function: int, body: Item | None = None) -> Message:
        """Answer the oldest open primary of the equipment of this kind; return it."""
        for place, (number, message) in enumerate(self.line.sent):
            if (message.stream, message.function) == (stream, function):
                del self.line.sent[place]
                reply = Message(stream, function + 1, body=body if body is not None else B(0))
                header = bytes((0, 0, stream, function + 1, 0, 0)) + number.to_bytes(4, "big")
                self.equipment.take(self.line, ReplyReceived(reply, 0, number, header, header))
                return message
        raise AssertionError(f"no S{stream}F{function} was sent: {[m.title for _, m in self.line.sent]}")

    def fail(self, stream: int, function: int, why: FailureReason = FailureReason.T3) -> None:
        """Let the oldest open primary of this kind fail."""
        for place, (number, message) in enumerate(self.line.sent):
            if (message.stream, message.function) == (stream, function):
                del self.line.sent[place]
                header = bytes((0, 0, 0x80 | stream, function, 0, 0)) + number.to_bytes(4, "big")
                self.equipment.take(self.line, TransactionFailed(number, why, header, f"{message.title} failed: {why}"))
                return
        raise AssertionError(f"no S{stream}F{function} was sent")

    # -- tool ----------------------------------------------------------------------------------------------------

    def happens(self, *events: Event) -> None:
        """Let events happen in the tool, a second apart."""
        for event in events:
            self._sequence += 1
            self.tool_s += 1.0
            self.equipment.told([Committed(self._sequence, self.tool_s, event)])

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds
        self.equipment.tick()

    # -- names ---------------------------------------------------------------------------------------------------

    def vid(self, name: str) -> int:
        return self.dictionary.variable(name).variable_id

    def ceid(self, name: str) -> int:
        return self.equipment.core.declared.event(name).event_id

    def ecid(self, name: str) -> int:
        return self.dictionary.constant(name).constant_id

    def subscribe(self, event: str, *variables: str, report: int = 1) -> None:
        """Define, link and enable a report."""
        vids = L(*(U4(self.vid(v)) for v in variables))
        assert self.body(2, 33, L(U4(0), L(L(U4(report), vids)))) == B(0)
        assert self.body(2, 35, L(U4(0), L(L(U4(self.ceid(event)), L(U4(report)))))) == B(0)
        self.enable(event)

    def enable(self, *events: str) -> None:
        """Enable events."""
        from planaris.factory.secs2.items import BOOLEAN

        assert self.body(2, 37, L(BOOLEAN(True), L(*(U4(self.ceid(e)) for e in events)))) == B(0)

    def events(self) -> list[str]:
        """Return the names of the events that the equipment has sent on this link and nobody answered."""
        names = {e.event_id: e.name for e in self.equipment.core.declared.events.values()}
        return [names[m.body[1].scalar] for _, m in self.line.sent if (m.stream, m.function) == (6, 11) and m.body]


async def _run(work: Coroutine[Any, Any, None]) -> None:
    await work
