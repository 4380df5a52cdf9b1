"""One link from its TCP connection to its end, without sockets and without a clock: bytes in, events and bytes out."""

from __future__ import annotations

import math
from collections.abc import Callable

from planaris.factory.hsms import frame as frames
from planaris.factory.hsms.events import (
    Closed,
    CloseReason,
    DataReceived,
    Deselected,
    Event,
    FailureReason,
    PeerRefused,
    Refused,
    ReplyReceived,
    Selected,
    StrayReply,
    TransactionFailed,
    Undecodable,
    WrongDevice,
)
from planaris.factory.hsms.frame import (
    HEADER_BYTES,
    DeselectStatus,
    Header,
    RejectReason,
    SelectStatus,
    SType,
)
from planaris.factory.hsms.framing import FrameReader
from planaris.factory.hsms.settings import HsmsSettings
from planaris.factory.hsms.states import LinkState, Trigger, after
from planaris.factory.hsms.transactions import OpenRequest, SystemBytes
from planaris.factory.secs2 import Limits, Message, SecsDecodeError, decode, encode

# Reading a member of an enumeration is slow, and these are read for every message.
_NOT_CONNECTED, _SELECTED, _DATA = LinkState.NOT_CONNECTED, LinkState.SELECTED, int(SType.DATA)

# Gets every whole frame, without its length: (True if it was sent, header and body).
Watch = Callable[[bool, bytes], None]


# Of shorter frames a copy is quicker than a view.
_COPIED_BYTES = 4_096


def _body(whole: bytes) -> bytes | memoryview:
    return whole[HEADER_BYTES:] if len(whole) <= _COPIED_BYTES else memoryview(whole)[HEADER_BYTES:]


class NotSelectedError(Exception):
    """Data cannot be sent: the link is not SELECTED."""

    def __init__(self, state: LinkState, title: str) -> None:
        self.state = state
        self.title = title
        super().__init__(f"{title} not sent: the link is {state}, wait until it is {LinkState.SELECTED}")


def _established() -> SelectStatus:
    return SelectStatus.ESTABLISHED


class Connection:
    """A generation: it owns its parser, timers and open transactions, and ends with its socket.

    ``now_s`` is any monotonic time, handed in. ``admit`` is asked when a Select arrives in NOT SELECTED; an answer
    other than ESTABLISHED refuses it and closes. Methods that return events return them in order; after a
    Closed there are no more. Whoever calls takes the bytes to send with `take_outgoing` after every call.
    """

    def __init__(
        self,
        settings: HsmsSettings,
        now_s: float,
        *,
        number: int = 0,
        admit: Callable[[], SelectStatus] = _established,
        system_bytes: SystemBytes | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.number = number
        self._settings = settings
        self._admit = admit
        self._numbers = system_bytes or SystemBytes()
        self._watch = watch
        self._reader = FrameReader(settings.max_message_bytes)
        self._limits = Limits(message_bytes=settings.max_message_bytes)
        self._state = after(LinkState.NOT_CONNECTED, Trigger.CONNECT)
        self._outgoing: list[bytes] = []
        # Both in the order of their deadlines, because each has one time limit for all.
        self._requests: dict[int, OpenRequest] = {}
        self._controls: dict[int, OpenRequest] = {}
        self._t7_s = now_s + settings.t7_s
        self._t8_s = math.inf
        self._heard_s = now_s
        self._period_s = settings.linktest_period_s

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> LinkState:
        """The state of the link."""
        return self._state

    @property
    def selected(self) -> bool:
        """Whether data may be sent."""
        return self._state is _SELECTED

    @property
    def closed(self) -> bool:
        """Whether the link has ended; bytes may still be there to be sent."""
        return self._state is _NOT_CONNECTED

    @property
    def open_transactions(self) -> tuple[int, ...]:
        """System bytes of our primaries that wait for a reply, oldest first."""
        return tuple(self._requests)

    def next_deadline(self) -> float:
        """Return when `tick` has something to do next, in s of the time handed in; infinity for never."""
        if self._state is _NOT_CONNECTED:
            return math.inf
        due_s = self._t7_s if self._t7_s < self._t8_s else self._t8_s
        for waiting in (self._requests, self._controls):
            for request in waiting.values():
                due_s = min(due_s, request.deadline_s)
                break
        linktest_s = self._linktest_due_s()
        return linktest_s if linktest_s < due_s else due_s

    def take_outgoing(self) -> bytes:
        """Return what is to be sent and forget it."""
        if not self._outgoing:
            return b""
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    # -- what it is asked to do ------------------------------------------------------------------------------------

    def select(self, now_s: float) -> int:
        """Send Select.req; Selected, or PeerRefused and Closed, follow. Returns its system bytes."""
        return self._ask(SType.SELECT_REQ, now_s)

    def deselect(self, now_s: float) -> int:
        """Send Deselect.req; Deselected or PeerRefused follow. Single-session HSMS does not need it."""
        return self._ask(SType.DESELECT_REQ, now_s)

    def linktest(self, now_s: float) -> int:
        """Send Linktest.req; no answer within T6 closes the link."""
        return self._ask(SType.LINKTEST_REQ, now_s)

    def separate(self) -> list[Event]:
        """End the link from our side, with Separate.req if it is SELECTED."""
        if self.closed:
            return []
        if self.selected:
            self._send_control(SType.SEPARATE_REQ, self._numbers.take(self._requests, self._controls))
        return self._end(CloseReason.STOPPED, "the link was ended from this side")

    def send(self, message: Message, now_s: float, system_bytes: int | None = None) -> int:
        """Send a primary message; one that waits opens a transaction. Returns its system bytes.

        Raises NotSelectedError; ValueError for a secondary, a number in use, or a message over the limit.
        """
        return self.send_encoded(
            message.stream, message.function, message.wait, encode(message.body), now_s, system_bytes
        )

    def send_encoded(
        self, stream: int, function: int, wait: bool, body: bytes, now_s: float, system_bytes: int | None = None
    ) -> int:
        """Send a primary message whose body is encoded already, by a BodyEncoder. As `send`."""
        if function % 2 == 0:
            raise ValueError(f"S{stream}F{function} is a secondary message: it can only reply to something")
        if system_bytes is None:
            system_bytes = self._numbers.take(self._requests, self._controls)
        elif system_bytes in self._requests or system_bytes in self._controls:
            raise ValueError(f"system bytes {system_bytes} belong to an open transaction")
        header10 = self._send_data(stream | (0x80 if wait else 0), function, system_bytes, body)
        if wait:
            deadline_s = now_s + self._settings.t3_s
            self._requests[system_bytes] = OpenRequest(header10, stream, function, _DATA, deadline_s)
        return system_bytes

    def reply(self, system_bytes: int, message: Message) -> None:
        """Send a secondary message with the system bytes of its primary. Raises as `send`."""
        if message.function % 2:
            raise ValueError(f"{message.title} is a primary message: a reply has an even function")
        self._send_data(message.stream, message.function, system_bytes, encode(message.body))

    def abandon(self, system_bytes: int) -> bool:
        """Wait no longer for a reply; if it comes, it is a StrayReply. Says whether one was waited for."""
        return self._requests.pop(system_bytes, None) is not None

    # -- what happens to it ----------------------------------------------------------------------------------------

    def lost(self, why: CloseReason, explanation: str = "") -> list[Event]:
        """Say that the socket has ended or is being ended: everything open fails now."""
        if self.closed:
            return []
        held = self._reader.held_bytes
        within = f" within a message, {held} of {self._reader.wanted_bytes} bytes had come" if held else ""
        return self._end(why, (explanation or why) + within)

    def feed(self, data: bytes, now_s: float) -> list[Event]:
        """Take bytes that arrived, in segments of any size, and return what they mean."""
        if self.closed or not data:
            return []
        events: list[Event] = []
        whole, wrong = self._reader.feed(data)
        for one in whole:
            self._heard_s = now_s
            self._take(one, now_s, events)
            if self.closed:
                return events
        if wrong is not None:
            return events + self._end(CloseReason.LENGTH, str(wrong))
        self._t8_s = now_s + self._settings.t8_s if self._reader.held_bytes else math.inf
        return events

    def tick(self, now_s: float) -> list[Event]:
        """Let timers run out that are due, and send a linktest if the link has been silent."""
        s = self._settings
        if self.closed:
            return []
        if self._t8_s <= now_s:
            held, wanted = self._reader.held_bytes, self._reader.wanted_bytes
            return self._end(
                CloseReason.T8, f"T8: {held} of {wanted} bytes of a message came, then nothing for {s.t8_s:g} s"
            )
        if self._t7_s <= now_s:
            return self._end(CloseReason.T7, f"T7: connected for {s.t7_s:g} s without a Select", Trigger.T7)
        for number, request in self._controls.items():
            if request.deadline_s <= now_s:
                title = frames.STYPE_NAMES[request.stype]
                return self._end(
                    CloseReason.T6, f"T6: no answer to {title}, system bytes {number}, within {s.t6_s:g} s"
                )
            break
        events = self._overdue(now_s)
        if self._linktest_due_s() <= now_s:
            self.linktest(now_s)
        return events

    # -- inside ----------------------------------------------------------------------------------------------------

    def _linktest_due_s(self) -> float:
        if self._state is not _SELECTED or not self._period_s or self._controls:
            return math.inf
        return self._heard_s + self._period_s

    def _overdue(self, now_s: float) -> list[Event]:
        due = [n for n, request in self._requests.items() if request.deadline_s <= now_s]
        return [
            self._failed(
                number,
                FailureReason.T3,
                f"T3: no reply within {self._settings.t3_s:g} s; "
                f"S{self._requests[number].stream}F{self._requests[number].function + 1} was expected",
            )
            for number in due
        ]

    def _failed(self, number: int, why: FailureReason, detail: str) -> TransactionFailed:
        request = self._requests.pop(number)
        title = Header.of(request.header10).title
        return TransactionFailed(number, why, request.header10, f"{title}, system bytes {number}: {detail}")

    def _fail_all(self, why: FailureReason, detail: str) -> list[Event]:
        return [self._failed(number, why, detail) for number in tuple(self._requests)]

    def _end(self, why: CloseReason, explanation: str, trigger: Trigger = Trigger.END) -> list[Event]:
        self._state = after(self._state, trigger)
        self._reader.drop()
        self._controls.clear()
        return [*self._fail_all(FailureReason.LINK_LOST, explanation), Closed(why, explanation)]

    def _transmit(self, whole: bytes) -> None:
        self._outgoing.append(whole)
        if self._watch is not None:
            self._watch(True, whole[frames.LENGTH_BYTES :])

    def _send_control(self, stype: SType, system_bytes: int, byte3: int = 0) -> None:
        self._transmit(frames.control(stype, system_bytes, byte3=byte3))

    def _send_data(self, byte2: int, function: int, system_bytes: int, body: bytes) -> bytes:
        """Send a data message and return its header."""
        settings = self._settings
        whole = frames.data(settings.device_id, byte2, function, system_bytes, body)
        header10 = whole[frames.LENGTH_BYTES : frames.LENGTH_BYTES + HEADER_BYTES]
        if self._state is not _SELECTED:
            raise NotSelectedError(self._state, Header.of(header10).title)
        if HEADER_BYTES + len(body) > settings.max_message_bytes:
            title, size = Header.of(header10).title, HEADER_BYTES + len(body)
            raise ValueError(f"{title} has {size} bytes, at most {settings.max_message_bytes}")
        self._transmit(whole)
        return header10

    def _ask(self, stype: SType, now_s: float) -> int:
        if self.closed:
            raise NotSelectedError(self._state, frames.STYPE_NAMES[stype])
        number = self._numbers.take(self._requests, self._controls)
        self._send_control(stype, number)
        self._controls[number] = OpenRequest(b"", 0, 0, stype, now_s + self._settings.t6_s)
        return number

    def _take(self, whole: bytes, now_s: float, events: list[Event]) -> None:
        if self._watch is not None:
            self._watch(False, whole)
        if whole[4] == 0 and whole[5] == _DATA:  # PType and SType
            self._take_data(whole, events)
            return
        header = Header.of(whole)
        if header.ptype:
            self._reject(header, RejectReason.PTYPE_UNKNOWN, f"PType {header.ptype} is not SECS-II", events)
        elif header.stype == SType.LINKTEST_REQ:
            self._send_control(SType.LINKTEST_RSP, header.system_bytes)
        elif header.stype == SType.SELECT_REQ:
            events += self._selection(header)
        elif header.stype == SType.DESELECT_REQ:
            self._deselection(header, now_s, events)
        elif header.stype == SType.SEPARATE_REQ:
            if self.selected:
                events += self._end(CloseReason.SEPARATED, "the peer sent Separate.req")
            else:
                events.append(Refused(header.pack(), f"Separate.req ignored: the link is {self._state}"))
        elif header.stype == SType.REJECT_REQ:
            self._rejected(header, events)
        elif header.stype in (SType.SELECT_RSP, SType.DESELECT_RSP, SType.LINKTEST_RSP):
            self._answered(header, now_s, events)
        else:
            self._reject(header, RejectReason.STYPE_UNKNOWN, f"SType {header.stype} is unknown", events)

    def _reject(self, header: Header, reason: RejectReason, detail: str, events: list[Event]) -> None:
        events.append(Refused(header.pack(), f"{header.title} refused, reject reason {reason:d}: {detail}"))
        if header.stype == SType.REJECT_REQ:
            return  # two ends that reject each other's rejects would never stop
        byte2 = header.ptype if reason is RejectReason.PTYPE_UNKNOWN else header.stype
        self._transmit(frames.control(SType.REJECT_REQ, header.system_bytes, byte2, reason, header.session_id))

    def _selection(self, header: Header) -> list[Event]:
        if self.selected:
            self._send_control(SType.SELECT_RSP, header.system_bytes, SelectStatus.ALREADY_ACTIVE)
            return [Refused(header.pack(), "Select.req answered 1: the link is SELECTED already, nothing changes")]
        status = self._admit()
        self._send_control(SType.SELECT_RSP, header.system_bytes, status)
        if status is SelectStatus.ESTABLISHED:
            return [self._becomes_selected(by_peer=True)]
        why = CloseReason.EXHAUSTED if status is SelectStatus.EXHAUSTED else CloseReason.NOT_READY
        explanation = f"Select.req answered {status:d}: {why}"
        return [Refused(header.pack(), explanation), *self._end(why, explanation)]

    def _becomes_selected(self, *, by_peer: bool) -> Selected:
        self._state = after(self._state, Trigger.SELECT)
        self._t7_s = math.inf
        return Selected(by_peer, f"{'the peer' if by_peer else 'this side'} selected the link")

    def _becomes_deselected(self, now_s: float, explanation: str) -> list[Event]:
        self._state = after(self._state, Trigger.DESELECT)
        self._t7_s = now_s + self._settings.t7_s
        return [*self._fail_all(FailureReason.DESELECTED, explanation), Deselected(explanation)]

    def _deselection(self, header: Header, now_s: float, events: list[Event]) -> None:
        if self._settings.strict_deselect:
            self._reject(header, RejectReason.STYPE_UNKNOWN, "single-session HSMS has no Deselect", events)
        elif self.selected:
            self._send_control(SType.DESELECT_RSP, header.system_bytes, DeselectStatus.ENDED)
            events += self._becomes_deselected(now_s, "the peer sent Deselect.req")
        else:
            self._send_control(SType.DESELECT_RSP, header.system_bytes, DeselectStatus.NOT_ESTABLISHED)
            events.append(Refused(header.pack(), f"Deselect.req answered 1: the link is {self._state}"))

    def _answered(self, header: Header, now_s: float, events: list[Event]) -> None:
        request = self._controls.get(header.system_bytes)
        if request is None or request.stype + 1 != header.stype:
            detail = f"no open request has system bytes {header.system_bytes}"
            self._reject(header, RejectReason.NO_OPEN_REQUEST, detail, events)
            return
        del self._controls[header.system_bytes]
        if header.stype == SType.LINKTEST_RSP:
            return
        if header.byte3:
            explanation = f"{header.title} with status {header.byte3}"
            events.append(PeerRefused(header.pack(), explanation))
            if header.stype == SType.SELECT_RSP and not self.selected:
                events += self._end(CloseReason.SELECT_REFUSED, explanation)
        elif header.stype == SType.SELECT_RSP:
            if not self.selected:  # else both sides selected at once
                events.append(self._becomes_selected(by_peer=False))
        elif self.selected:
            events += self._becomes_deselected(now_s, "the peer accepted Deselect.req")

    def _rejected(self, header: Header, events: list[Event]) -> None:
        number, reason = header.system_bytes, header.byte3
        known = {int(r): r.name.lower().replace("_", " ") for r in RejectReason}
        detail = f"the peer rejected it, reason {reason} ({known.get(reason, 'unknown')})"
        if number in self._requests:
            events.append(self._failed(number, FailureReason.REJECTED, detail))
        elif (request := self._controls.pop(number, None)) is not None:
            explanation = f"{frames.STYPE_NAMES[request.stype]}, system bytes {number}: {detail}"
            events.append(PeerRefused(header.pack(), explanation))
            if request.stype == SType.SELECT_REQ and not self.selected:
                events += self._end(CloseReason.SELECT_REFUSED, explanation)
        else:
            events.append(PeerRefused(header.pack(), f"a message with system bytes {number}: {detail}"))

    def _take_data(self, whole: bytes, events: list[Event]) -> None:
        session_id, byte2, function, _, _, number = frames.HEADER.unpack_from(whole)
        stream, header10 = byte2 & 0x7F, whole[:HEADER_BYTES]
        if self._state is not _SELECTED:
            detail = f"data while the link is {self._state}"
            self._reject(Header.of(whole), RejectReason.NOT_SELECTED, detail, events)
            return
        if session_id != self._settings.device_id:
            title, ours = Header.of(whole).title, self._settings.device_id
            explanation = f"{title} for device {session_id}, this is device {ours}"
            events.append(WrongDevice(session_id, number, header10, explanation))
            return
        request = None
        if function % 2 == 0:
            request = self._requests.get(number)
            if request is None or (function and (stream, function) != (request.stream, request.function + 1)):
                self._stray(Header.of(whole), whole, request, events)
                return
            if function == 0:
                detail = f"the peer aborted it with S{stream}F0"
                events.append(self._failed(number, FailureReason.ABORTED, detail))
                return
        try:
            body = decode(_body(whole), self._limits)
        except SecsDecodeError as error:
            explanation = f"{Header.of(whole).title}, system bytes {number}: the body is no SECS-II: {error}"
            events.append(Undecodable(session_id, number, header10, error, explanation))
            if request is not None:
                events.append(self._failed(number, FailureReason.UNDECODABLE, f"the reply is no SECS-II: {error}"))
            return
        message = Message(stream, function, byte2 >= 0x80, body)
        if request is None:
            events.append(DataReceived(message, session_id, number, header10, len(whole) - HEADER_BYTES))
        else:
            del self._requests[number]
            events.append(ReplyReceived(message, session_id, number, header10, request.header10))

    def _stray(self, header: Header, whole: bytes, request: OpenRequest | None, events: list[Event]) -> None:
        try:
            message = Message(header.stream, header.function, header.wait, decode(_body(whole), self._limits))
        except SecsDecodeError:
            message = None
        expected = (
            f"S{request.stream}F{request.function + 1} is expected with system bytes {header.system_bytes}"
            if request is not None
            else f"no transaction with system bytes {header.system_bytes} is open"
        )
        events.append(StrayReply(message, header.system_bytes, whole[:HEADER_BYTES], f"{header.title}: {expected}"))
