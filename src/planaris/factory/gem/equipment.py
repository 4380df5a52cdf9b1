"""The equipment side as a whole: what comes from the link and from the tool goes in, messages go out on the link.

No sockets and no clock here: the link is handed in with its events, the time as a function, slow work goes out as
coroutines for the owner to run. Order of checks of a primary: device id, stream, function, body, communication,
control state, handler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from typing import Any

from planaris.dictionary import Dictionary
from planaris.factory.face import FaceItem, FacePorts, Known, Lost, Recalled
from planaris.factory.gem import shape
from planaris.factory.gem.alarms import Alarms
from planaris.factory.gem.communication import Establishing
from planaris.factory.gem.control import ControlState
from planaris.factory.gem.core import LOG, Constants, Core, Later, Line, Request, Served, Store, Table, served
from planaris.factory.gem.declared import Declared, ascii_text
from planaris.factory.gem.latest import Latest
from planaris.factory.gem.limits import Limits
from planaris.factory.gem.outgoing import Outgoing
from planaris.factory.gem.recipes import Recipes
from planaris.factory.gem.remote import RemoteCommands
from planaris.factory.gem.reports import Reports
from planaris.factory.gem.settings import GemSettings
from planaris.factory.gem.spooling import Spooling
from planaris.factory.gem.tables import Control
from planaris.factory.gem.terminal import EquipmentClock, Terminal
from planaris.factory.gem.tracing import Traces
from planaris.factory.gem.variables import Variables
from planaris.factory.hsms import (
    Closed,
    DataReceived,
    Deselected,
    FailureReason,
    LinkEvent,
    NotSelectedError,
    ReplyReceived,
    Selected,
    TransactionFailed,
    Undecodable,
    WrongDevice,
)
from planaris.factory.secs2 import Item, Message
from planaris.factory.secs2.items import A, B, L
from planaris.model import Block
from planaris.stream import AlarmCleared, AlarmSet, Committed

Spawn = Callable[[Coroutine[Any, Any, None]], object]

# Functions of S9.
UNKNOWN_DEVICE, UNKNOWN_STREAM, UNKNOWN_FUNCTION, ILLEGAL_DATA, TIMED_OUT, TOO_LONG, MISSING = range(1, 14, 2)
# Streams that we only send on; the host's functions on them are unknown ones of a known stream.
_OUR_STREAMS = frozenset({9})


class GemEquipment:
    """Everything between the link and the tool. All methods are of one thread and return at once."""

    def __init__(
        self,
        dictionary: Dictionary,
        settings: GemSettings,
        store: Store,
        ports: FacePorts,
        *,
        now_s: Callable[[], float],
        utc_ns: Callable[[], int],
        spawn: Spawn,
    ) -> None:
        declared = Declared(dictionary, settings.id_format)
        core = Core(declared, settings, store, ports, Latest(dictionary), now_s, utc_ns, Constants(declared, store))
        self.core, self._spawn = core, spawn
        self._line: Line | None = None
        self._online_asked: int | None = None
        core.computed["tool.port_kind"] = lambda: ports.port_kind
        core.computed["tool.software"] = lambda: settings.software
        self.clock = EquipmentClock(core)
        self.control = ControlState(core, self._ask_online)
        self.outgoing = Outgoing(core, self.control.may_report)
        core.send = self.outgoing.send
        self.reports = Reports(core)
        core.happen = self.reports.happen
        self.communication = Establishing(core, self._communication_changed)
        self.alarms, self.limits, self.traces = Alarms(core), Limits(core), Traces(core)
        self.variables, self.terminal = Variables(core), Terminal(core)
        self._recipes = Recipes(core)
        core.missing = self._missing
        self._remote = RemoteCommands(core, lambda: self.control.state)
        parts = (
            self.variables,
            self.reports,
            self.traces,
            self.limits,
            self.alarms,
            self._remote,
            self._recipes,
            self.terminal,
            self.clock,
            Spooling(core, self.outgoing),
        )
        self.table: Table = self._own_table()
        for part in parts:
            self.table.update(part.table())
        self._streams = {stream for stream, _ in self.table} | _OUR_STREAMS

    def _own_table(self) -> Table:
        return {
            (1, 1): served(shape.nothing, lambda _: self.communication.identity()),
            (1, 13): served(_identity, lambda _: self.communication.asked_by_host(), offline=True, always=True),
            (1, 15): served(shape.nothing, lambda _: B(self.control.host_offline())),
            (1, 17): served(shape.nothing, lambda _: B(self.control.host_online()), offline=True),
            (2, 39): served(_inquiry, lambda _: B(0)),
            (6, 5): served(_inquiry, lambda _: B(0)),
        }

    # -- from the tool -------------------------------------------------------------------------------------------

    def told(self, items: Sequence[FaceItem]) -> None:
        """Take what the tool told, in its order. What fails inside is told to the tool, and the next item is taken."""
        for item in items:
            with self._guarded("what the tool told"):
                self._told(item)

    def _told(self, item: FaceItem) -> None:
        if isinstance(item, Committed):
            self._event(item)
        elif isinstance(item, Block):
            self.core.latest.block(item)
            self.traces.block(item)
            self.limits.block(item)
        elif isinstance(item, Recalled):
            for told in item.events:
                self.core.latest.event(told)
        elif isinstance(item, Known):
            self.core.latest.values.update(item.values)
            self.core.constants.told(item.values)
            self.limits.event()
        else:
            self._missed(item)

    def _event(self, item: Committed) -> None:
        self.core.latest.event(item)
        self.traces.event(item.time_s)
        event = item.event
        alarm = self.alarms.changed(event) if isinstance(event, AlarmSet | AlarmCleared) else None
        self.reports.happened(self.core.declared.event(event.name).event_id)
        if alarm is not None:
            self.reports.happened(alarm.set_event_id if isinstance(event, AlarmSet) else alarm.cleared_event_id)
        self.limits.event()

    def _missed(self, lost: Lost) -> None:
        LOG.error("%d events and %d blocks did not reach the host: the inbox was full", lost.events_count,
                  lost.blocks_count)  # fmt: skip
        if lost.events_count:
            self.core.ports.failed(f"{lost.events_count} events did not reach the factory interface")

    # -- from the link -------------------------------------------------------------------------------------------

    @property
    def enabled(self) -> bool:
        """Whether a host may select."""
        return self.communication.enabled

    def take(self, line: Line, event: LinkEvent) -> None:
        """Take an event of a link. Those of a link that is no longer the selected one change nothing."""
        with self._guarded("an event of the link"):
            self._take(line, event)

    @contextmanager
    def _guarded(self, what: str) -> Generator[None]:
        try:
            yield
        except NotSelectedError as error:  # the link ended in the same breath; the event that says so follows
            LOG.warning("%s came to nothing: %s", what, error)
        except Exception as error:
            LOG.exception("%s failed inside", what)
            self.core.ports.failed(f"{what} failed inside: {type(error).__name__}: {error}")

    def _take(self, line: Line, event: LinkEvent) -> None:
        if isinstance(event, Selected) and not self.enabled:
            LOG.warning("a host selected, but communication is disabled: the link is ended")
            line.separate()
        elif isinstance(event, Selected):
            self._line = line
            self.communication.selected(line)
        elif line is not self._line:
            return
        elif isinstance(event, DataReceived):
            self._primary(Request(line, event.message, event.header10, event.system_bytes), event.body_bytes)
        elif isinstance(event, ReplyReceived):
            self._reply(event)
        elif isinstance(event, TransactionFailed):
            self._unanswered(event)
        elif isinstance(event, WrongDevice):
            LOG.warning("%s", event.explanation)
            self._s9(UNKNOWN_DEVICE, event.header10)
        elif isinstance(event, Undecodable):
            self._undecodable(event)
        elif isinstance(event, Deselected | Closed):
            self._lost(event.explanation)

    def _lost(self, why: str) -> None:
        LOG.info("link lost: %s", why)
        self._line, self._online_asked = None, None
        self.outgoing.lost()
        self._recipes.lost()
        self.communication.lost()
        self.control.attempt_failed("the link was lost")

    def _communication_changed(self, established: bool) -> None:
        self.outgoing.line = self._line if established else None
        if established:
            self.outgoing.pump()
        else:
            self.outgoing.lost()

    # -- primaries of the host -----------------------------------------------------------------------------------

    def _primary(self, request: Request, body_bytes: int) -> None:
        message = request.message
        if message.stream == 9 or not message.primary:
            LOG.warning("%s of the host: noted", message.title)
            return
        entry = self._known(message.stream, message.function, request.header10)
        if entry is None:
            return
        limit_bytes = self.core.settings.body_limit_bytes
        if body_bytes > limit_bytes:
            LOG.warning(
                "%s refused: its body has %d bytes, at most %d are taken", message.title, body_bytes, limit_bytes
            )
            self._s9(TOO_LONG, request.header10)
            return
        try:
            content = entry.parse(message.body)
        except shape.ShapeError as error:
            LOG.warning("%s refused: %s", message.title, error)
            self._s9(ILLEGAL_DATA, request.header10)
            return
        if not self.communication.communicating and not entry.always:
            LOG.warning("%s refused: communication is not established, S1F13 is first", message.title)
            self._abort(request)
            self.communication.other_message()
        elif not self.control.state.online and not entry.offline:
            LOG.warning("%s refused: control is %s", message.title, self.control.state)
            self._abort(request)
        else:
            self._serve(request, entry, content)

    def _known(self, stream: int, function: int, header10: bytes) -> Served[object] | None:
        entry = self.table.get((stream, function))
        if entry is None:
            fault = UNKNOWN_FUNCTION if stream in self._streams else UNKNOWN_STREAM
            functions = " ".join(f"F{f}" for s, f in sorted(self.table) if s == stream)
            known = f"known are {functions or 'none'}" if fault == UNKNOWN_FUNCTION else "the stream is unknown"
            LOG.warning("S%dF%d refused: %s", stream, function, known)
            self._s9(fault, header10)
        return entry

    def _undecodable(self, event: Undecodable) -> None:
        header = event.header
        if header.function % 2 == 0:  # a reply of the host: its transaction fails with an event of its own
            self._s9(ILLEGAL_DATA, event.header10)
        elif self._known(header.stream, header.function, event.header10) is not None:
            LOG.warning("%s", event.explanation)
            self._s9(ILLEGAL_DATA, event.header10)

    def _serve(self, request: Request, entry: Served[object], content: object) -> None:
        try:
            answer = entry.answer(content)
            if isinstance(answer, Later):
                self._spawn(self._work(request, answer.work))
            else:
                self._answer(request, answer)
        except Exception as error:
            self._failed_inside(request, error)

    async def _work(self, request: Request, work: Callable[[], Awaitable[Item | None]]) -> None:
        try:
            self._answer(request, await work())
        except Exception as error:
            self._failed_inside(request, error)

    def _answer(self, request: Request, body: Item | None) -> None:
        message = request.message
        if message.wait and request.line is self._line:
            request.line.reply(request.system_bytes, Message(message.stream, message.function + 1, body=body))
        elif message.wait:
            LOG.warning("the reply to %s comes too late: its link is gone", message.title)
        self.outgoing.pump()  # what an S6F23 set going follows its reply

    def _abort(self, request: Request) -> None:
        if request.message.wait and request.line is self._line:
            request.line.reply(request.system_bytes, Message(request.message.stream, 0))

    def _failed_inside(self, request: Request, error: Exception) -> None:
        LOG.error("%s failed inside", request.message.title, exc_info=error)
        self.core.ports.failed(f"{request.message.title} failed inside: {type(error).__name__}: {error}")
        self._abort(request)

    def _s9(self, function: int, header10: bytes) -> None:
        if self._line is not None:
            self._line.send(Message(9, function, body=B(header10)))

    def _missing(self, expected: str, about: str) -> None:
        LOG.warning("%s did not come for %s", expected, about)
        if self._line is not None:
            self._line.send(Message(9, MISSING, body=L(A(expected), A(ascii_text(about)))))

    # -- replies of the host -------------------------------------------------------------------------------------

    def _reply(self, event: ReplyReceived) -> None:
        body = event.message.body
        if event.system_bytes == self._online_asked:
            self._online_asked = None
            self.control.attempt_answered()
            return
        try:
            if not self.communication.answered(event.system_bytes, body):
                self.outgoing.answered(event.system_bytes, _code(body))
        except shape.ShapeError as error:
            LOG.warning("%s of the host: %s", event.message.title, error)
            self._s9(ILLEGAL_DATA, event.header10)

    def _unanswered(self, event: TransactionFailed) -> None:
        if event.why in {FailureReason.LINK_LOST, FailureReason.DESELECTED}:
            return  # the end of the link says it for all of them at once
        LOG.warning("%s", event.explanation)
        if event.why is FailureReason.T3:
            self._s9(TIMED_OUT, event.header10)
        if event.system_bytes == self._online_asked:
            self._online_asked = None
            self.control.attempt_failed(event.explanation)
        elif not self.communication.unanswered(event.system_bytes, event.explanation):
            self.outgoing.failed(event.system_bytes, event.explanation)

    def _ask_online(self) -> bool:
        if self._line is None or not self.communication.communicating:
            return False
        self._online_asked = self._line.send(Message(1, 1, wait=True))
        return True

    # -- people at the tool --------------------------------------------------------------------------------------

    def switch_to_local(self) -> None:
        """Turn the switch to LOCAL."""
        self.control.switch(Control.ONLINE_LOCAL)

    def switch_to_remote(self) -> None:
        """Turn the switch to REMOTE."""
        self.control.switch(Control.ONLINE_REMOTE)

    def close(self) -> None:
        """End what still waits for the tool."""
        self._remote.close()

    # -- time ----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Do what is due."""
        with self._guarded("what was due"):
            self.communication.tick(self.core.now_s())
            self._recipes.tick(self.core.now_s())
            self.traces.tick()

    @property
    def deadline_s(self) -> float:
        """When `tick` has something to do next, in the time handed in; infinity for never."""
        return min(self.communication.deadline_s, self.traces.deadline_s, self._recipes.deadline_s)


def _identity(body: Item | None) -> None:
    """Check the body of S1F13: nothing, an empty list, or MDLN and SOFTREV."""
    if body is not None:
        for item in shape.listed(body, counts=(0, 2)):
            shape.text(item, "MDLN or SOFTREV")


def _inquiry(body: Item | None) -> tuple[Item, ...]:
    return shape.listed(body, counts=(2,))


def _code(body: Item | None) -> int | None:
    """Return the acknowledge code of a reply, None where it has none that can be read."""
    try:
        return shape.whole(body, "acknowledge code")
    except shape.ShapeError:
        return None
