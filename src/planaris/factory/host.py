"""A small host: connects to an equipment, defines reports, moves recipes, gives commands, follows what happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planaris.factory.gem import shape
from planaris.factory.hsms import (
    Application,
    Closed,
    DataReceived,
    Deselected,
    HsmsClient,
    HsmsSettings,
    Link,
    LinkEvent,
)
from planaris.factory.hsms.record import Record
from planaris.factory.secs2 import Format, Item, Message
from planaris.factory.secs2.items import BOOLEAN, F8, U4, A, B, L

# How long the host waits for the equipment to be there and to establish communication.
CONNECT_LIMIT_S = 30.0


class HostError(Exception):
    """The equipment refused: which message, its code, and what the code or the names say."""

    def __init__(self, message: str, code: int, detail: str = "") -> None:
        self.message, self.code, self.detail = message, code, detail
        super().__init__(f"{message} was answered with code {code}" + (f": {detail}" if detail else ""))


@dataclass(frozen=True, slots=True)
class Told:
    """An event, alarm, trace or text of the equipment.

    ``kind`` is event, alarm, trace, text, verification or error; ``number`` the CEID, ALID or the function of S9,
    ``data_id`` the DATAID; ``values`` by variable name where this host defined the report, else by RPTID and place.
    """

    kind: str
    number: int
    name: str
    values: Mapping[str, Any]
    data_id: int
    message: Message


class Host:
    """The host's side of a link. Use it as ``async with Host(address) as host``.

    Every primary of the equipment is acknowledged at once and put into a queue, which `told` empties.
    """

    def __init__(
        self, host: str, port: int, settings: HsmsSettings | None = None, record: Record | None = None
    ) -> None:
        self._client = HsmsClient(
            settings or HsmsSettings(), Application(self._handle, self._notice, record), host, port
        )
        self._communicating = asyncio.Event()
        self._queue: asyncio.Queue[Told] = asyncio.Queue()
        self._names: dict[int, str] = {}
        self._events: dict[int, str] = {}
        self._reports: dict[int, tuple[str, ...]] = {}
        self._next_report = 1
        self.model, self.software = "", ""

    async def __aenter__(self) -> Host:
        self._client.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    # -- link and states -----------------------------------------------------------------------------------------

    @property
    def client(self) -> HsmsClient:
        """Its link, which comes back by itself."""
        return self._client

    async def establish(self, limit_s: float = CONNECT_LIMIT_S) -> None:
        """Wait for the link and establish communication with S1F13. Raises TimeoutError, `HostError`."""
        async with asyncio.timeout(limit_s):
            await self._client.wait_selected()
            answer = await self.request(1, 13, L())
            code, identity = shape.listed(answer, counts=(2,))
            _check("S1F13", code)
            self.model, self.software = (str(item.value) for item in identity.items)
            self._communicating.set()

    async def request(self, stream: int, function: int, body: Item | None = None) -> Item | None:
        """Send a primary and return the body of its reply.

        Raises `HostError` where it was aborted or refused with S9, TransactionError where it got no reply.
        """
        reply = await self._client.request(Message(stream, function, wait=True, body=body))
        return reply.body

    async def online(self) -> int:
        """Ask the equipment to go online (S1F17) and return ONLACK: 0 done, 1 not allowed, 2 already."""
        return shape.whole(await self.request(1, 17), "ONLACK")

    async def offline(self) -> int:
        """Ask the equipment to go offline (S1F15) and return OFLACK."""
        return shape.whole(await self.request(1, 15), "OFLACK")

    async def clock(self) -> str:
        """Return what the equipment's clock shows (S2F17)."""
        return shape.text(await self.request(2, 17), "TIME")

    # -- names and values ----------------------------------------------------------------------------------------

    async def learn(self) -> None:
        """Read the names of variables, constants and events, so that they can be used instead of ids."""
        for stream, function in ((1, 11), (1, 21), (2, 29)):
            for entry in shape.listed(await self.request(stream, function, L())):
                number, name = entry.items[0], entry.items[1]
                self._names[shape.number_id(number, "id")] = str(name.value)
        for entry in shape.listed(await self.request(1, 23, L())):
            self._events[shape.number_id(entry.items[0], "CEID")] = str(entry.items[1].value)

    @property
    def names(self) -> list[str]:
        """Names of variables and constants; `learn` first."""
        return sorted(self._names.values())

    @property
    def event_names(self) -> list[str]:
        """Names of collection events; `learn` first."""
        return sorted(self._events.values())

    def variable_id(self, name: str) -> int:
        """Return the id of a variable. Raises KeyError; `learn` first."""
        return _number_of(self._names, name)

    def event_id(self, name: str) -> int:
        """Return the id of a collection event. Raises KeyError; `learn` first."""
        return _number_of(self._events, name)

    async def values(self, *names: str) -> dict[str, Any]:
        """Return the present values of status variables (S1F3)."""
        body = await self.request(1, 3, L(*(U4(self.variable_id(n)) for n in names)))
        return {name: plain(item) for name, item in zip(names, shape.listed(body), strict=True)}

    async def set_constant(self, name: str, value: float) -> None:
        """Change an equipment constant (S2F15). Raises `HostError`."""
        item = BOOLEAN(value) if isinstance(value, bool) else U4(value) if isinstance(value, int) else F8(value)
        _check("S2F15", await self.request(2, 15, L(L(U4(self.variable_id(name)), item))))

    # -- reports -------------------------------------------------------------------------------------------------

    async def clear_reports(self) -> None:
        """Delete every report and link and disable every event (S2F37, S2F33)."""
        _check("S2F37", await self.request(2, 37, L(BOOLEAN(False), L())))
        _check("S2F33", await self.request(2, 33, L(U4(0), L())))
        self._reports.clear()

    async def subscribe(self, event: str, *variables: str) -> None:
        """Define a report of variables, link it to an event and enable that (S2F33, S2F35, S2F37)."""
        number = self._next_report
        self._next_report += 1
        event_id = U4(self.event_id(event))
        if variables:
            vids = L(*(U4(self.variable_id(v)) for v in variables))
            _check("S2F33", await self.request(2, 33, L(U4(number), L(L(U4(number), vids)))))
            self._reports[number] = variables
            _check("S2F35", await self.request(2, 35, L(U4(number), L(L(event_id, L(U4(number)))))))
        _check("S2F37", await self.request(2, 37, L(BOOLEAN(True), L(event_id))))

    async def enable_alarms(self, on: bool = True) -> None:
        """Turn the reporting of all alarms on or off (S5F3)."""
        _check("S5F3", await self.request(5, 3, L(B(0x80 if on else 0), U4())))

    async def trace(self, trace: str, period: str, total: int, group: int, *names: str) -> None:
        """Ask for a trace (S2F23); ``period`` as hhmmss or hhmmsscc, ``total`` 0 stops it."""
        body = L(A(trace), A(period), U4(total), U4(group), L(*(U4(self.variable_id(n)) for n in names)))
        _check("S2F23", await self.request(2, 23, body))

    # -- spool ---------------------------------------------------------------------------------------------------

    async def spool(self, *streams: int) -> None:
        """Choose the streams that are kept while the host is away (S2F43)."""
        answer = await self.request(2, 43, L(*(L(B(s), L()) for s in streams)))
        _check("S2F43", shape.listed(answer, counts=(2,))[0])

    async def fetch_spool(self) -> int:
        """Ask for what was kept (S6F23) and return RSDA: 0 it comes, 1 busy, 2 nothing was kept."""
        return shape.whole(await self.request(6, 23, B(0)), "RSDA")

    # -- recipes and commands ------------------------------------------------------------------------------------

    async def send_recipe(self, ppid: str, text: str) -> None:
        """Ask for room (S7F1) and send a recipe (S7F3). Raises `HostError`."""
        body = A(text) if text.isascii() else B(text.encode())
        _check("S7F1", await self.request(7, 1, L(A(ppid), U4(len(text.encode())))))
        _check("S7F3", await self.request(7, 3, L(A(ppid), body)))

    async def fetch_recipe(self, ppid: str) -> str | None:
        """Return the text of a recipe (S7F5), None where the equipment has none of that name."""
        parts = shape.listed(await self.request(7, 5, A(ppid)), counts=(0, 2))
        if not parts:
            return None
        content = parts[1].value
        return content.decode() if isinstance(content, bytes) else str(content)

    async def recipes(self) -> list[str]:
        """Return the names of the recipes (S7F19)."""
        return [shape.name(item, "PPID") for item in shape.listed(await self.request(7, 19))]

    async def delete_recipe(self, *ppids: str) -> None:
        """Delete recipes (S7F17). Raises `HostError`."""
        _check("S7F17", await self.request(7, 17, L(*map(A, ppids))))

    async def command(self, name: str, **parameters: str | float) -> int:
        """Give a remote command (S2F41) and return HCACK, 0 or 4 (an event follows). Raises `HostError`."""
        listed = L(*(L(A(key), _parameter(value)) for key, value in parameters.items()))
        code, faults = shape.listed(await self.request(2, 41, L(A(name), listed)), counts=(2,))
        number = shape.whole(code, "HCACK")
        if number not in {0, 4}:
            detail = ", ".join(f"{plain(f.items[0])} CPACK {plain(f.items[1])}" for f in faults.items)
            raise HostError(f"S2F41 {name}", number, detail)
        return number

    # -- what the equipment tells --------------------------------------------------------------------------------

    async def told(self, limit_s: float | None = None) -> Told:
        """Return the next event, alarm, trace or text. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            return await self._queue.get()

    async def wait_for(self, name: str, limit_s: float) -> Told:
        """Return the next event of a name, dropping what comes before it. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while True:
                told = await self._queue.get()
                if told.name == name:
                    return told

    async def follow(self, until: Sequence[str]) -> AsyncGenerator[Told]:
        """Yield what the equipment tells, up to and with the first event of one of these names."""
        while True:
            told = await self._queue.get()
            yield told
            if told.name in until:
                return

    async def _handle(self, link: Link, primary: DataReceived) -> Message | None:
        del link
        message = primary.message
        told = self._read(message)
        if told is not None:
            self._queue.put_nowait(told)
        if not message.wait:
            return None
        key = (message.stream, message.function)
        if key == (1, 13):
            self._communicating.set()
            return Message(1, 14, body=L(B(0), L()))
        if key == (1, 1):
            return Message(1, 2, body=L())
        if told is None:
            return Message(message.stream, 0)
        return Message(message.stream, message.function + 1, body=B(0))

    def _notice(self, link: Link, event: LinkEvent) -> None:
        del link
        if isinstance(event, Closed | Deselected):
            self._communicating.clear()

    def _read(self, message: Message) -> Told | None:
        body, key = message.body, (message.stream, message.function)
        if message.stream == 9:
            return Told("error", message.function, f"S9F{message.function}", {"header": plain(body)}, 0, message)
        with contextlib.suppress(shape.ShapeError, IndexError):
            parts = shape.listed(body)
            if key in {(6, 11), (6, 13)}:
                number = shape.number_id(parts[1], "CEID")
                name = self._events.get(number, str(number))
                values = self._values_of(parts[2], named=key == (6, 13))
                return Told("event", number, name, values, shape.number_id(parts[0], "DATAID"), message)
            if key == (5, 1):
                number = shape.number_id(parts[1], "ALID")
                is_set = shape.whole(parts[0], "ALCD") >= 0x80
                values = {"set": is_set, "text": plain(parts[2])}
                return Told("alarm", number, "alarm set" if is_set else "alarm cleared", values, 0, message)
            if key == (6, 1):
                values = {"sample": plain(parts[1]), "time": plain(parts[2]), "values": [plain(v) for v in parts[3]]}
                return Told("trace", 0, str(plain(parts[0])), values, 0, message)
            if key == (10, 1):
                return Told("text", shape.whole(parts[0], "TID"), "text", {"text": plain(parts[1])}, 0, message)
            if key == (7, 27):
                errors = [plain(entry.items[2]) for entry in shape.listed(parts[1])]
                return Told("verification", 0, shape.name(parts[0], "PPID"), {"errors": errors}, 0, message)
        return None

    def _values_of(self, reports: Item, *, named: bool) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for report in shape.listed(reports):
            number = shape.number_id(report.items[0], "RPTID")
            names = self._reports.get(number, ())
            for n, item in enumerate(report.items[1].items):
                if named:
                    vid = shape.number_id(item.items[0], "VID")
                    values[self._names.get(vid, str(vid))] = plain(item.items[1])
                else:
                    values[names[n] if n < len(names) else f"{number}[{n}]"] = plain(item)
        return values


def plain(item: Item | None) -> Any:
    """Return an item as plain values: a number for an array of one, None for nothing, lists for L."""
    if item is None:
        return None
    if item.format is Format.L:
        return [plain(part) for part in item.items]
    value = item.value
    if isinstance(value, tuple | bytes):
        return value[0] if len(value) == 1 else None if not value else list(value)
    return value


def _check(message: str, code: Item | None) -> None:
    number = shape.whole(code, f"code of {message}")
    if number:
        raise HostError(message, number)


def _number_of(names: Mapping[int, str], name: str) -> int:
    for number, known in names.items():
        if known == name:
            return number
    raise KeyError(f"the equipment names nothing {name}; learn() first")


def _parameter(value: str | float) -> Item:
    if isinstance(value, bool):
        return BOOLEAN(value)
    if isinstance(value, int):
        return U4(value)
    return A(value) if isinstance(value, str) else F8(value)
