"""T3, T6, T7, T8 and the linktest run when they should, in any order of their lengths."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hand_frames import LINKTEST_REQ, LINKTEST_RSP, SELECT_REQ, SELECT_RSP, data, hand
from hsms_bench import Bench

from planaris.factory.hsms import Closed, CloseReason
from planaris.factory.secs2 import Message

S1F1 = Message(1, 1, True)


def why(bench: Bench) -> CloseReason:
    closed = bench.events[-1]
    assert isinstance(closed, Closed)
    return closed.why


def test_t7_ends_a_link_that_nobody_selects() -> None:
    bench = Bench(t7_s=10.0)
    bench.take(hand(LINKTEST_REQ, 1), data(1, 1, 2))
    bench.wait(9.99)
    assert not bench.connection.closed
    bench.wait(0.01)
    assert why(bench) is CloseReason.T7
    assert bench.events[-1].explanation == "T7: connected for 10 s without a Select"


def test_t7_does_not_run_while_selected() -> None:
    bench = Bench(selected=True)
    bench.wait(10_000.0)
    assert bench.connection.selected
    assert bench.connection.next_deadline() == float("inf")


@pytest.mark.parametrize("selected", [False, True])
@pytest.mark.parametrize("held", [1, 3, 4, 5, 13])
def test_t8_ends_a_link_that_stops_within_a_message(selected: bool, held: int) -> None:
    bench = Bench(selected=selected, t8_s=5.0)
    bench.take(hand(LINKTEST_REQ, 1)[:held])
    bench.wait(4.9)
    assert not bench.connection.closed
    bench.wait(0.1)
    assert why(bench) is CloseReason.T8
    assert f"T8: {held} of {4 if held < 4 else 14} bytes" in bench.events[-1].explanation


def test_t8_starts_again_with_each_byte_and_ends_with_the_message() -> None:
    bench = Bench(selected=True, t8_s=5.0)
    for byte in hand(LINKTEST_REQ, 1):
        bench.take(bytes((byte,)))
        bench.wait(4.9)
    bench.wait(1_000.0)
    assert bench.connection.selected


def test_t8_does_not_start_between_messages() -> None:
    bench = Bench(selected=True)
    bench.take(data(6, 11, 1) + data(6, 11, 2))
    assert bench.connection.next_deadline() == float("inf")


def test_t6_ends_a_link_whose_control_message_is_not_answered() -> None:
    for use in ("select", "linktest", "deselect"):
        bench = Bench(selected=use != "select", t6_s=5.0)
        getattr(bench.connection, use)(bench.now_s)
        bench.wait(5.0)
        assert why(bench) is CloseReason.T6
        assert f"T6: no answer to {use.capitalize()}.req" in bench.events[-1].explanation


def test_a_silent_link_is_tested_again_and_again_and_ends_when_nothing_comes() -> None:
    bench = Bench(selected=True, linktest_period_s=30.0, t6_s=5.0)
    for _ in range(3):
        assert bench.wait(29.9) == []
        [test] = bench.wait(0.1)
        assert test[9] == LINKTEST_REQ
        bench.wait(4.9)
        bench.take(hand(LINKTEST_RSP, int.from_bytes(test[10:14], "big")))
    bench.wait(30.0)
    bench.wait(5.0)
    assert why(bench) is CloseReason.T6


def test_a_link_that_is_heard_or_not_selected_is_not_tested() -> None:
    bench = Bench(selected=True, linktest_period_s=30.0)
    for number in range(5):
        assert bench.wait(29.0) == []
        bench.take(data(6, 11, number))
    bench = Bench(linktest_period_s=1.0, t7_s=200.0)
    assert bench.wait(100.0) == []


def test_a_failed_linktest_fails_what_is_open() -> None:
    bench = Bench(selected=True, linktest_period_s=1.0)
    bench.connection.send(S1F1, bench.now_s)
    bench.wait(6.0)
    assert bench.told() == ["TransactionFailed", "Closed"]


LENGTHS = list(itertools.permutations((2.0, 4.0, 8.0, 16.0)))


@pytest.mark.parametrize("lengths", LENGTHS)
def test_timers_run_in_any_order_of_their_lengths(lengths: tuple[float, ...]) -> None:
    t3_s, t6_s, t7_s, t8_s = lengths
    times: dict[str, Any] = {"t3_s": t3_s, "t6_s": t6_s, "t7_s": t7_s, "t8_s": t8_s}
    # An active link: Select without an answer, half a message in, nobody selects.
    bench = Bench(**times)
    bench.connection.select(bench.now_s)
    bench.take(data(1, 1, 1)[:7])
    first = min((t6_s, CloseReason.T6), (t7_s, CloseReason.T7), (t8_s, CloseReason.T8))
    bench.wait(first[0] - 0.01)
    assert bench.told() == []
    bench.wait(0.02)
    assert why(bench) is first[1]
    # A selected one: T3 fails the transaction before or after the linktest ends the link.
    bench = Bench(selected=True, **times)
    bench.connection.send(S1F1, bench.now_s)
    bench.connection.linktest(bench.now_s)
    bench.wait(min(t3_s, t6_s))
    assert bench.told() == (["TransactionFailed"] if t3_s < t6_s else ["TransactionFailed", "Closed"])
    bench.wait(100.0)
    assert bench.connection.closed


def test_a_link_selected_just_before_t7_lives_on() -> None:
    bench = Bench(t7_s=10.0, t6_s=60.0)
    number = bench.connection.select(bench.now_s)
    bench.wait(9.99)
    bench.take(hand(SELECT_RSP, number))
    bench.wait(1_000.0)
    assert bench.connection.selected


def test_bytes_that_come_before_a_late_tick_count() -> None:
    bench = Bench(t7_s=10.0)
    bench.now_s += 60.0  # the process was stopped for a minute; the Select waited in the socket
    assert bench.take(hand(SELECT_REQ, 1)) == [hand(SELECT_RSP, 1)]
    bench.wait(1.0)
    assert bench.connection.selected
