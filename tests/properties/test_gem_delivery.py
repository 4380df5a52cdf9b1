"""Every event reaches the host once and in order, directly or from the spool, whenever and however the link drops."""

from __future__ import annotations

import random
from typing import Literal

import pytest
from gem_bench import DictStore, GemBench
from hypothesis import given, settings
from hypothesis import strategies as st

from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import U1, B, L
from planaris.stream import LotEnded

Action = Literal["event", "receive", "answer", "drop", "connect", "fetch", "restart"]
ACTIONS: tuple[Action, ...] = ("event", "receive", "answer", "drop", "connect", "fetch", "restart")


class Delivery:
    """An equipment, and a host that keeps what it got. A DATAID it knows already is a repetition."""

    def __init__(self) -> None:
        self.store = DictStore()
        self.bench = GemBench(store=self.store)
        self.connected = False
        self.happened: list[str] = []
        self.got: dict[int, str] = {}
        self.repeated_count = 0
        self._read = 0
        self.connect()
        self.bench.subscribe("lot_ended", "lot_id")
        assert self.bench.body(2, 43, L(L(U1(6), L()))) == L(B(0), L())

    def do(self, action: Action) -> None:
        getattr(self, action)()

    def event(self) -> None:
        lot = f"L{len(self.happened)}"
        self.happened.append(lot)
        self.bench.happens(LotEnded(lot, "completed", 1))

    def receive(self) -> bool:
        """Let the next message of the equipment arrive; its answer is not sent yet."""
        waiting = [m for _, m in self.bench.line.sent if m.stream == 6]
        if not self.connected or self._read >= len(waiting):
            return False
        body = waiting[self._read].body
        self._read += 1
        assert isinstance(body, Item)
        number, lot = body[0].scalar, body[2][0][1][0].value
        if number in self.got:
            assert self.got[number] == lot
            self.repeated_count += 1
        self.got.setdefault(number, lot)
        return True

    def answer(self) -> None:
        """Answer the oldest message that has arrived."""
        if self.connected and self._read:
            self.bench.answer(6, 11)
            self._read -= 1

    def drop(self) -> None:
        if self.connected:
            self.connected, self._read = False, 0
            self.bench.lose()

    def connect(self) -> None:
        if not self.connected:
            self.bench.communicate()
            self.connected, self._read = True, 0

    def fetch(self) -> None:
        if self.connected:
            assert self.bench.body(6, 23, U1(0)) in {B(0), B(1), B(2)}

    def restart(self) -> None:
        """Kill the equipment while it has no link: what it had in memory is gone, the spool is not."""
        if not self.connected:
            self.bench = GemBench(store=self.store)

    def finish(self) -> None:
        self.connect()
        for _ in range(3 * len(self.happened) + 10):
            self.fetch()
            self.receive()
            self.answer()


def check(delivery: Delivery) -> None:
    delivery.finish()
    assert list(delivery.got.values()) == delivery.happened
    assert delivery.bench.store.spool_count == 0


@given(st.lists(st.sampled_from(ACTIONS), max_size=60))
@settings(max_examples=300, deadline=None)
def test_events_arrive_once_and_in_order(actions: list[Action]) -> None:
    delivery = Delivery()
    for action in actions:
        delivery.do(action)
    check(delivery)


@pytest.mark.parametrize("seed", range(3))
def test_a_day_of_events_with_a_link_that_drops_at_random(seed: int) -> None:
    chance = random.Random(seed)
    delivery = Delivery()
    weights = (30, 40, 40, 2, 4, 4, 1)
    while len(delivery.happened) < 3_000:  # a lot's events over 24 h of tool time, 1 every 29 s
        delivery.do(chance.choices(ACTIONS, weights)[0])
    check(delivery)
    assert delivery.repeated_count > 0, "the link never dropped between a message and its answer"
