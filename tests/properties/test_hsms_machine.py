"""Two links joined by wires of bytes: whatever is done in whatever order, they keep their promises."""

from __future__ import annotations

import contextlib
import math
from functools import partial
from typing import Any

from hand_frames import data, hand
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from planaris.factory.hsms import (
    Closed,
    CloseReason,
    Connection,
    DataReceived,
    Deselected,
    Event,
    FailureReason,
    HsmsSettings,
    LinkState,
    NotSelectedError,
    ReplyReceived,
    Selected,
    SystemBytes,
    TransactionFailed,
)
from planaris.factory.secs2 import Message
from planaris.factory.secs2.items import U4, L

SELDOM = st.integers(0, 9).map(lambda n: n == 9)
SIDES = st.sampled_from([0, 1])
STRAY = st.builds(hand, st.integers(0, 12), st.integers(0, 12), st.integers(0, 255), st.integers(0, 9))
# S6F12 would pass for a true reply, whose body is held to be that of its request.
STRAY_DATA = st.builds(
    partial(data, 6, device=0),
    st.integers(0, 13).filter(lambda function: function != 12),
    st.integers(0, 12),
    st.binary(max_size=6),
)
TIMES: dict[str, Any] = {"t3_s": 7.0, "t6_s": 5.0, "t7_s": 3.0, "t8_s": 2.0, "linktest_period_s": 4.0}


class Links(RuleBasedStateMachine):
    """Both ends, the bytes under way to each, and what a reader of the events would believe."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.ends = [Connection(HsmsSettings(**TIMES), 0.0, system_bytes=SystemBytes(k * 5)) for k in range(2)]
        self.wires = [b"", b""]  # on the way to each end
        self.believed = [LinkState.NOT_SELECTED, LinkState.NOT_SELECTED]
        self.open: list[set[int]] = [set(), set()]
        self.to_answer: list[list[DataReceived]] = [[], []]

    def note(self, side: int, events: list[Event]) -> None:
        for event in events:
            assert self.believed[side] is not LinkState.NOT_CONNECTED, "an event after the end"
            assert event.explanation
            if isinstance(event, Selected):
                assert self.believed[side] is LinkState.NOT_SELECTED
                self.believed[side] = LinkState.SELECTED
            elif isinstance(event, Deselected):
                assert self.believed[side] is LinkState.SELECTED
                assert not self.open[side]
                self.believed[side] = LinkState.NOT_SELECTED
            elif isinstance(event, Closed):
                assert not self.open[side], "a transaction outlives its link"
                self.believed[side] = LinkState.NOT_CONNECTED
            elif isinstance(event, ReplyReceived):
                self.open[side].remove(event.system_bytes)
                # The reply carries the number of its request.
                assert event.message.body == L(U4(event.system_bytes))
            elif isinstance(event, TransactionFailed):
                self.open[side].remove(event.system_bytes)
            elif isinstance(event, DataReceived):
                assert self.believed[side] is LinkState.SELECTED
                if event.message.wait:
                    self.to_answer[side].append(event)
        self.wires[1 - side] += self.ends[side].take_outgoing()

    @initialize(selected=st.booleans())
    def begin(self, selected: bool) -> None:
        """Begin with two selected ends as often as not."""
        if selected:
            self.ends[0].select(self.now_s)
            self.note(0, [])
            self.deliver_all()

    @rule(side=SIDES, what=st.sampled_from(["select", "linktest", "deselect"]), busy=st.booleans())
    def control(self, side: int, what: str, busy: bool) -> None:
        if busy:
            self.send(side, True, 2)
            self.send(1 - side, True, 2)
        with contextlib.suppress(NotSelectedError):
            getattr(self.ends[side], what)(self.now_s)
        self.note(side, [])

    @rule(side=SIDES, wait=st.booleans(), count=st.integers(1, 3))
    def send(self, side: int, wait: bool, count: int) -> None:
        end = self.ends[side]
        for _ in range(count if end.selected else 0):
            number = end.send(Message(6, 11, wait, L(U4(1))), self.now_s)
            assert number not in self.open[side]
            if wait:
                self.open[side].add(number)
        self.note(side, [])

    @rule(side=SIDES, abort=SELDOM, pick=st.integers(0, 5), prompt=st.booleans())
    def reply(self, side: int, abort: bool, pick: int, prompt: bool) -> None:
        if prompt:
            self.deliver_all()
        if self.to_answer[side]:
            asked = self.to_answer[side].pop(pick % len(self.to_answer[side]))
            answer = Message(6, 0) if abort else Message(6, 12, False, L(U4(asked.system_bytes)))
            with contextlib.suppress(NotSelectedError):
                self.ends[side].reply(asked.system_bytes, answer)
        self.note(side, [])

    @rule(side=SIDES, count=st.integers(1, 4), backwards=st.booleans())
    def converse(self, side: int, count: int, backwards: bool) -> None:
        """Several requests, all answered, in the order of asking or backwards."""
        self.deliver_all()
        if not self.ends[side].selected:
            self.control(side, "select", False)
            self.deliver_all()
        self.send(side, True, count)
        self.deliver_all()
        for _ in range(len(self.to_answer[1 - side])):
            self.reply(1 - side, False, -1 if backwards else 0, False)
        self.deliver_all()
        if self.ends[side].selected and self.ends[1 - side].selected:
            assert not self.open[side], "an answered request is still open"

    @rule(side=SIDES)
    def abandon(self, side: int) -> None:
        if self.open[side]:
            number = min(self.open[side])
            assert self.ends[side].abandon(number)
            self.open[side].remove(number)

    @rule(side=SIDES, share=st.floats(0.0, 1.0))
    def deliver_some(self, side: int, share: float) -> None:
        count = math.ceil(share * len(self.wires[side]))
        arrived, self.wires[side] = self.wires[side][:count], self.wires[side][count:]
        self.note(side, self.ends[side].feed(arrived, self.now_s))

    @rule(again=st.booleans())
    def deliver(self, again: bool) -> None:
        """Deliver everything; as often as not to two ends that have just been selected anew."""
        self.deliver_all()
        if again and any(end.closed for end in self.ends):
            self.reconnect(0)
            self.begin(True)

    def deliver_all(self) -> None:
        for _ in range(20):
            for side in (0, 1):
                self.deliver_some(side, 1.0)
        assert self.wires == [b"", b""], "two ends answer each other for ever"
        if all(end.closed for end in self.ends):
            return
        # An end whose peer has closed is told so.
        for side in (0, 1):
            if self.ends[1 - side].closed:
                self.note(side, self.ends[side].lost(CloseReason.PEER_CLOSED))

    @rule(time_s=st.floats(0.0, 1.5), prompt=st.booleans(), long=SELDOM)
    def wait(self, time_s: float, prompt: bool, long: bool) -> None:
        """Let time pass: a little or much, with the wires empty or not."""
        if prompt:
            self.deliver_all()
        time_s *= 8.0 if long else 1.0
        end_s = self.now_s + time_s
        while (due_s := min(end.next_deadline() for end in self.ends)) <= end_s:
            self.now_s = max(self.now_s, due_s)
            for side, end in enumerate(self.ends):
                self.note(side, end.tick(self.now_s))
                assert end.next_deadline() > self.now_s, "a timer that stays due would spin"
        self.now_s = end_s

    @rule(side=SIDES, frame=STRAY | STRAY_DATA)
    def stray(self, side: int, frame: bytes) -> None:
        """Something that the peer should not have sent, between two of its frames."""
        if not self.wires[side]:
            self.wires[side] += frame

    @rule(side=SIDES, separate=SELDOM, reset=SELDOM)
    def end(self, side: int, separate: bool, reset: bool) -> None:
        if separate:
            self.note(side, self.ends[side].separate())
        if reset:
            self.reconnect(side)

    def reconnect(self, side: int) -> None:
        """Both sockets end; a new generation begins on fresh wires."""
        for k in (side, 1 - side):
            self.note(k, self.ends[k].lost(CloseReason.PEER_RESET))
        settings = HsmsSettings(**TIMES)
        self.ends = [Connection(settings, self.now_s, system_bytes=SystemBytes(k)) for k in range(2)]
        self.wires = [b"", b""]
        self.believed = [LinkState.NOT_SELECTED, LinkState.NOT_SELECTED]
        assert self.open == [set(), set()]
        self.to_answer = [[], []]

    @invariant()
    def events_and_states_agree(self) -> None:
        for side, end in enumerate(self.ends):
            assert end.state is self.believed[side]
            assert set(end.open_transactions) == self.open[side]
            assert end.closed == math.isinf(end.next_deadline()) or end.selected

    def teardown(self) -> None:
        for side, end in enumerate(self.ends):
            failed = [event for event in end.lost(CloseReason.PEER_RESET) if isinstance(event, TransactionFailed)]
            assert {event.system_bytes for event in failed} == self.open[side]
            assert all(event.why is FailureReason.LINK_LOST for event in failed)


TestLinks = Links.TestCase
TestLinks.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
