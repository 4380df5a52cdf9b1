"""Transactions: who answers what, and what becomes of those that nobody answers."""

from __future__ import annotations

import pytest
from hand_frames import DEVICE, LINKTEST_REQ, REJECT, data, hand
from hsms_bench import Bench

from planaris.factory.hsms import (
    DataReceived,
    FailureReason,
    Header,
    ReplyReceived,
    StrayReply,
    SystemBytes,
    TransactionFailed,
    Undecodable,
)
from planaris.factory.secs2 import Message
from planaris.factory.secs2.items import U4, A, L

S1F1 = Message(1, 1, True)


def failure(bench: Bench) -> TransactionFailed:
    [event] = [event for event in bench.events if isinstance(event, TransactionFailed)]
    return event


def test_a_primary_goes_out_and_its_reply_comes_back() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(Message(1, 3, True, L(U4(5))), bench.now_s)
    [sent] = bench.sent()
    assert sent == data(1, 3, number, bytes.fromhex("01 01 B1 04 00000005"), wait=True)
    bench.take(data(1, 4, number, bytes.fromhex("01 00")))
    [event] = bench.events
    header10 = data(1, 4, number)[4:14]
    assert event == ReplyReceived(Message(1, 4, False, L()), DEVICE, number, header10, sent[4:14])
    assert event.explanation == "S1F4 received, the reply to S1F3 W"
    assert bench.connection.open_transactions == ()


def test_a_primary_that_wants_no_reply_opens_nothing() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(Message(6, 11), bench.now_s)
    assert bench.sent() == [data(6, 11, number)]
    assert bench.connection.open_transactions == ()


def test_a_primary_of_the_peer_is_told_with_its_header_and_answered() -> None:
    bench = Bench(selected=True)
    bench.take(data(1, 1, 0xFFFFFFFF, wait=True))
    header10 = bytes.fromhex("0007 81 01 00 00 FFFFFFFF")
    assert bench.events == [DataReceived(S1F1, DEVICE, 0xFFFFFFFF, header10, 0)]
    assert bench.events[0].explanation == "S1F1 W received, system bytes 4294967295"
    bench.connection.reply(0xFFFFFFFF, Message(1, 2, False, L(A("x"))))
    assert bench.sent() == [data(1, 2, 0xFFFFFFFF, bytes.fromhex("01 01 41 01 78"))]


def test_streams_and_functions_from_first_to_last_are_read() -> None:
    bench = Bench(selected=True)
    for stream, function, wait in ((0, 1, True), (0, 1, False), (127, 255, True), (127, 255, False)):
        bench.take(data(stream, function, 5, wait=wait))
        [event] = bench.events
        assert isinstance(event, DataReceived)
        assert event.message == Message(stream, function, wait)
        bench.told()


def test_both_sides_may_use_one_number_at_the_same_time() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    bench.sent()
    bench.take(data(1, 1, number, wait=True), data(2, 17, number, wait=True))
    bench.connection.reply(number, Message(1, 2))
    bench.take(hand(LINKTEST_REQ, number), data(1, 2, number))
    assert bench.told() == ["DataReceived", "DataReceived", "ReplyReceived"]


def test_numbers_are_unique_among_the_open_ones() -> None:
    numbers = SystemBytes(0xFFFFFFFE)
    bench = Bench(selected=True)
    assert [numbers.take({0xFFFFFFFF}, {0: 1}) for _ in range(3)] == [0xFFFFFFFE, 1, 2]
    given = [bench.connection.send(S1F1, bench.now_s) for _ in range(100)]
    assert len(set(given)) == 100
    with pytest.raises(ValueError, match="belong to an open transaction"):
        bench.connection.send(S1F1, bench.now_s, given[5])
    free = bench.connection.send(S1F1, bench.now_s, 0xDEAD)
    assert free == 0xDEAD
    assert bench.connection.open_transactions == (*given, 0xDEAD)


def test_replies_may_come_in_any_order() -> None:
    bench = Bench(selected=True)
    given = [bench.connection.send(S1F1, bench.now_s) for _ in range(5)]
    for number in reversed(given):
        bench.take(data(1, 2, number))
    assert [e.system_bytes for e in bench.events if isinstance(e, ReplyReceived)] == given[::-1]


@pytest.mark.parametrize(("stream", "function"), [(1, 4), (2, 2), (3, 14)])
def test_a_secondary_of_another_kind_is_no_reply(stream: int, function: int) -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    bench.take(data(stream, function, number))
    assert bench.events[0].explanation == f"S{stream}F{function}: S1F2 is expected with system bytes {number}"
    assert bench.told() == ["StrayReply"]
    assert bench.connection.open_transactions == (number,)


def test_a_late_reply_is_told_and_dropped() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    bench.wait(45.0)
    bench.sent()
    assert bench.told() == ["TransactionFailed"]
    assert bench.take(data(1, 2, number, b"\x41\x01x"), data(1, 2, number + 1, b"\xff")) == []
    good, bad = bench.events
    assert isinstance(good, StrayReply)
    assert isinstance(bad, StrayReply)
    assert (good.message, bad.message) == (Message(1, 2, False, A("x")), None)
    assert "no transaction with system bytes" in good.explanation


def test_an_abort_fails_the_transaction() -> None:
    for stream in (1, 9):
        bench = Bench(selected=True)
        number = bench.connection.send(S1F1, bench.now_s)
        bench.take(data(stream, 0, number))
        assert (failure(bench).why, failure(bench).system_bytes) == (FailureReason.ABORTED, number)
        assert bench.connection.open_transactions == ()
    bench = Bench(selected=True)
    bench.take(data(1, 0, 5))
    assert bench.told() == ["StrayReply"]


def test_a_reject_fails_the_transaction() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    bench.take(hand(REJECT, number, 0, 4, session=DEVICE))
    assert failure(bench).why is FailureReason.REJECTED
    assert failure(bench).explanation == (
        f"S1F1 W, system bytes {number}: the peer rejected it, reason 4 (not selected)"
    )


def test_a_reply_that_is_no_secs2_fails_the_transaction_and_is_told() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    bench.take(data(1, 2, number, b"\x41\x05x"))
    bad = bench.events[0]
    assert isinstance(bad, Undecodable)
    assert (bad.error.offset, bad.header.function) == (0, 2)
    assert failure(bench).why is FailureReason.UNDECODABLE
    assert bench.told() == ["Undecodable", "TransactionFailed"]


def test_a_primary_that_is_no_secs2_is_told_with_its_header() -> None:
    bench = Bench(selected=True)
    assert bench.take(data(2, 41, 3, b"\x01\x02\x41\x01x", wait=True)) == []
    [bad] = bench.events
    assert isinstance(bad, Undecodable)
    assert (bad.header.stream, bad.header.function, bad.header.wait, bad.system_bytes) == (2, 41, True, 3)
    assert bad.header10 == bytes.fromhex("0007 82 29 00 00 00000003")
    assert bad.explanation == "S2F41 W, system bytes 3: the body is no SECS-II: byte 0: a list of 2 items in 3 bytes"


def test_t3_fails_the_transaction_with_its_stored_header_and_keeps_the_link() -> None:
    bench = Bench(selected=True, t3_s=3.0)
    first = bench.connection.send(S1F1, bench.now_s)
    [sent] = bench.sent()
    bench.wait(2.0)
    second = bench.connection.send(Message(6, 11, True), bench.now_s)
    bench.sent()
    bench.wait(1.0)
    assert failure(bench) == TransactionFailed(
        first,
        FailureReason.T3,
        sent[4:14],
        f"S1F1 W, system bytes {first}: T3: no reply within 3 s; S1F2 was expected",
    )
    assert (bench.connection.selected, bench.connection.open_transactions) == (True, (second,))
    bench.told()
    bench.wait(2.0)
    assert failure(bench).system_bytes == second


def test_a_transaction_may_be_given_up() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    assert bench.connection.abandon(number)
    assert not bench.connection.abandon(number)
    bench.take(data(1, 2, number))
    bench.wait(100.0)
    assert bench.told() == ["StrayReply"]


def test_primaries_are_sent_and_secondaries_reply() -> None:
    bench = Bench(selected=True)
    with pytest.raises(ValueError, match="S1F2 is a secondary"):
        bench.connection.send(Message(1, 2), bench.now_s)
    with pytest.raises(ValueError, match="S1F1 W is a primary"):
        bench.connection.reply(1, S1F1)
    # W means nothing on a reply, and none is sent.
    bench.connection.reply(1, Message(1, 2, True))
    assert bench.sent() == [data(1, 2, 1)]


def test_a_header_reads_as_numbers() -> None:
    header = Header.of(bytes.fromhex("0007 81 01 00 00 0A0B0C0D"))
    assert (header.stream, header.function, header.wait, header.title) == (1, 1, True, "S1F1 W")
    assert header.pack() == bytes.fromhex("0007 81 01 00 00 0A0B0C0D")
    assert Header(0xFFFF, 0, 0, 0, 8, 1).title == "SType 8"
    assert Header(0xFFFF, 0, 0, 0, 5, 1).title == "Linktest.req"
