"""The rules of a link, one by one, on bytes written by hand."""

from __future__ import annotations

import pytest
from hand_frames import (
    DESELECT_REQ,
    DESELECT_RSP,
    DEVICE,
    LINKTEST_REQ,
    LINKTEST_RSP,
    REJECT,
    SELECT_REQ,
    SELECT_RSP,
    SEPARATE,
    data,
    hand,
)
from hsms_bench import Bench

from planaris.factory.hsms import (
    Closed,
    CloseReason,
    Connection,
    DataReceived,
    FailureReason,
    HsmsSettings,
    LinkState,
    NotSelectedError,
    SelectStatus,
    TransactionFailed,
    WrongDevice,
)
from planaris.factory.secs2 import Message
from planaris.factory.secs2.items import A, L

S1F1 = Message(1, 1, True)
BODY = bytes.fromhex("01 01 41 01 78")


def test_a_select_is_answered_with_0_and_its_own_system_bytes() -> None:
    bench = Bench()
    assert bench.take(hand(SELECT_REQ, 0x01020304)) == [bytes.fromhex("0000000A FFFF 00 00 00 02 01020304")]
    assert (bench.told(), bench.connection.state) == (["Selected"], LinkState.SELECTED)


def test_a_second_select_answers_1_and_changes_nothing() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    bench.sent()
    assert bench.take(hand(SELECT_REQ, 9)) == [hand(SELECT_RSP, 9, 0, 1)]
    assert bench.told() == ["Refused"]
    assert (bench.connection.selected, bench.connection.open_transactions) == (True, (number,))


@pytest.mark.parametrize(
    ("status", "why"),
    [(SelectStatus.EXHAUSTED, CloseReason.EXHAUSTED), (SelectStatus.NOT_READY, CloseReason.NOT_READY)],
)
def test_a_select_that_is_not_admitted_is_answered_and_the_link_ends(status: SelectStatus, why: CloseReason) -> None:
    bench = Bench(status=status)
    assert bench.take(hand(SELECT_REQ, 5) + data(1, 1, 6, wait=True)) == [hand(SELECT_RSP, 5, 0, int(status))]
    closed = bench.events[-1]
    assert isinstance(closed, Closed)
    assert closed.why is why
    assert bench.told() == ["Refused", "Closed"]


def test_both_sides_may_select_at_once() -> None:
    one, other = Bench(), Bench()
    one.connection.select(0.0)
    other.connection.select(0.0)
    from_one, from_other = one.sent(), other.sent()
    answers = [one.take(*from_other), other.take(*from_one)]
    assert [frame[7] for answer in answers for frame in answer] == [0, 0]
    one.take(*answers[1])
    other.take(*answers[0])
    assert one.told() == other.told() == ["Selected"]
    assert one.connection.selected
    assert other.connection.selected


def test_an_unknown_stype_is_rejected_with_1() -> None:
    for selected in (False, True):
        bench = Bench(selected=selected)
        for stype in (8, 10, 11, 128, 255):
            assert bench.take(hand(stype, 3, session=0x1234)) == [hand(REJECT, 3, stype, 1, session=0x1234)]
        assert set(bench.told()) == {"Refused"}
        assert bench.connection.selected is selected


@pytest.mark.parametrize("stype", [0, 1, 5, 9, 99])
def test_another_ptype_is_rejected_with_2(stype: int) -> None:
    bench = Bench(selected=True)
    assert bench.take(hand(stype, 3, ptype=4)) == [hand(REJECT, 3, 4, 2)]
    assert (bench.told(), bench.connection.selected) == (["Refused"], True)


@pytest.mark.parametrize("stype", [SELECT_RSP, DESELECT_RSP, LINKTEST_RSP])
def test_an_answer_to_nothing_is_rejected_with_3(stype: int) -> None:
    bench = Bench(selected=True)
    assert bench.take(hand(stype, 77)) == [hand(REJECT, 77, stype, 3)]
    number = bench.connection.linktest(bench.now_s)
    bench.sent()
    # An answer of another kind is none either.
    if stype != LINKTEST_RSP:
        assert bench.take(hand(stype, number)) == [hand(REJECT, number, stype, 3)]
    assert bench.take(hand(LINKTEST_RSP, number)) == []
    assert bench.connection.selected


@pytest.mark.parametrize("function", [1, 2])
def test_data_before_a_select_is_rejected_with_4(function: int) -> None:
    bench = Bench()
    assert bench.take(data(1, function, 3, BODY, wait=True)) == [hand(REJECT, 3, 0, 4, session=DEVICE)]
    assert (bench.told(), bench.connection.state) == (["Refused"], LinkState.NOT_SELECTED)


def test_a_reject_is_never_rejected() -> None:
    bench = Bench()
    assert bench.take(hand(REJECT, 3, 0, 4), hand(REJECT, 3, ptype=9), hand(REJECT, 4, 0, 200)) == []
    assert bench.told() == ["PeerRefused", "Refused", "PeerRefused"]


def test_a_deselect_is_answered_with_0_and_t7_runs() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    bench.sent()
    assert bench.take(hand(DESELECT_REQ, 8)) == [hand(DESELECT_RSP, 8, 0, 0)]
    failed = bench.events[0]
    assert isinstance(failed, TransactionFailed)
    assert (failed.system_bytes, failed.why) == (number, FailureReason.DESELECTED)
    assert bench.told() == ["TransactionFailed", "Deselected"]
    with pytest.raises(NotSelectedError, match="S1F1 W not sent: the link is NOT SELECTED"):
        bench.connection.send(S1F1, bench.now_s)
    assert bench.take(hand(DESELECT_REQ, 9)) == [hand(DESELECT_RSP, 9, 0, 1)]
    assert bench.take(hand(SELECT_REQ, 10)) == [hand(SELECT_RSP, 10, 0, 0)]
    bench.take(hand(DESELECT_REQ, 11))
    bench.wait(10.0)
    assert bench.told()[-1] == "Closed"


def test_a_strict_link_rejects_a_deselect() -> None:
    bench = Bench(selected=True, strict_deselect=True)
    assert bench.take(hand(DESELECT_REQ, 8)) == [hand(REJECT, 8, DESELECT_REQ, 1)]
    assert bench.connection.selected


def test_a_separate_ends_a_selected_link_and_fails_what_is_open() -> None:
    bench = Bench(selected=True)
    numbers = [bench.connection.send(S1F1, bench.now_s) for _ in range(3)]
    bench.sent()
    assert bench.take(hand(SEPARATE, 8) + data(1, 1, 9)) == []
    assert [e.system_bytes for e in bench.events if isinstance(e, TransactionFailed)] == numbers
    closed = bench.events[-1]
    assert isinstance(closed, Closed)
    assert closed.why is CloseReason.SEPARATED
    assert bench.told() == ["TransactionFailed"] * 3 + ["Closed"]


def test_a_separate_on_a_link_that_is_not_selected_is_ignored() -> None:
    bench = Bench()
    assert bench.take(hand(SEPARATE, 8), hand(SELECT_REQ, 9)) == [hand(SELECT_RSP, 9)]
    assert bench.told() == ["Refused", "Selected"]


@pytest.mark.parametrize("length", [0, 1, 9, 1_025, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("selected", [False, True])
def test_an_impossible_length_ends_the_link_at_once(length: int, selected: bool) -> None:
    bench = Bench(selected=selected, max_message_bytes=1_024)
    assert bench.take(length.to_bytes(4, "big")) == []
    closed = bench.events[-1]
    assert isinstance(closed, Closed)
    assert closed.why is CloseReason.LENGTH
    assert f"announces {length} bytes, legal are 10 to 1024" in closed.explanation
    assert bench.take(hand(SELECT_REQ, 1)) == []


def test_frames_before_an_impossible_length_are_taken() -> None:
    bench = Bench()
    assert bench.take(hand(SELECT_REQ, 1) + data(1, 1, 2) + b"\0\0\0\1") == [hand(SELECT_RSP, 1)]
    assert bench.told() == ["Selected", "DataReceived", "Closed"]


def test_the_longest_message_is_taken_and_sent() -> None:
    body = b"\x22\x03\xf2" + bytes(1_010)
    bench = Bench(selected=True, max_message_bytes=10 + len(body))
    bench.take(data(7, 3, 2, body))
    assert bench.told() == ["DataReceived"]
    number = bench.connection.send_encoded(7, 3, False, body, bench.now_s)
    with pytest.raises(ValueError, match="has 1024 bytes, at most 1023"):
        bench.connection.send_encoded(7, 3, False, body + b"\0", bench.now_s)
    assert bench.sent() == [data(7, 3, number, body)]


STREAM = (
    hand(SELECT_REQ, 1) + data(1, 1, 2, wait=True) + hand(LINKTEST_REQ, 3) + data(6, 11, 4, BODY) + hand(SELECT_REQ, 5)
)
ANSWERS = [hand(SELECT_RSP, 1), hand(LINKTEST_RSP, 3), hand(SELECT_RSP, 5, 0, 1)]
TOLD = ["Selected", "DataReceived", "DataReceived", "Refused"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 13, 14, 15, 29, len(STREAM)])
def test_segments_of_any_size_mean_the_same(size: int) -> None:
    bench = Bench()
    segments = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert bench.take(*segments) == ANSWERS
    messages = [event.message for event in bench.events if isinstance(event, DataReceived)]
    assert messages == [Message(1, 1, True), Message(6, 11, False, L(A("x")))]
    assert bench.told() == TOLD


@pytest.mark.parametrize("cut", range(1, len(STREAM)))
def test_two_segments_cut_anywhere_mean_the_same(cut: int) -> None:
    bench = Bench()
    assert bench.take(STREAM[:cut], STREAM[cut:]) == ANSWERS
    assert bench.told() == TOLD


def test_another_device_is_reported_and_its_body_not_looked_at() -> None:
    bench = Bench(selected=True)
    bench.take(data(1, 1, 0x0A0B0C0D, b"\xff\xff", wait=True, device=8), data(1, 1, 2, device=0x8007))
    first, second = bench.events
    assert isinstance(first, WrongDevice)
    assert isinstance(second, WrongDevice)
    assert (first.session_id, first.system_bytes) == (8, 0x0A0B0C0D)
    assert first.header10 == bytes.fromhex("0008 81 01 00 00 0A0B0C0D")
    assert second.session_id == 0x8007


def test_a_reply_for_another_device_answers_nothing() -> None:
    bench = Bench(selected=True)
    number = bench.connection.send(S1F1, bench.now_s)
    bench.sent()
    bench.take(data(1, 2, number, device=8))
    assert bench.told() == ["WrongDevice"]
    assert bench.connection.open_transactions == (number,)


def test_a_linktest_is_answered_in_either_state() -> None:
    for selected in (False, True):
        bench = Bench(selected=selected)
        assert bench.take(hand(LINKTEST_REQ, 3)) == [hand(LINKTEST_RSP, 3)]
        assert bench.told() == []


def test_nothing_of_an_ended_link_comes_to_life_again() -> None:
    bench = Bench(selected=True)
    bench.connection.send(S1F1, bench.now_s)
    half = data(1, 2, 1, BODY)[:9]
    bench.take(half)
    events = bench.connection.lost(CloseReason.PEER_RESET)
    assert [type(e).__name__ for e in events] == ["TransactionFailed", "Closed"]
    assert events[-1].explanation == "peer reset within a message, 9 of 19 bytes had come"
    bench.sent()
    connection = bench.connection
    assert connection.closed
    assert connection.feed(hand(SELECT_REQ, 1), bench.now_s) == []
    assert connection.tick(bench.now_s + 1e9) == []
    assert connection.lost(CloseReason.PEER_CLOSED) == connection.separate() == []
    assert connection.next_deadline() == float("inf")
    assert connection.take_outgoing() == b""
    for use in (connection.select, connection.linktest, connection.deselect):
        with pytest.raises(NotSelectedError):
            use(bench.now_s)


def test_our_own_end_says_separate_if_the_link_is_selected() -> None:
    bench = Bench(selected=True)
    assert [type(e).__name__ for e in bench.connection.separate()] == ["Closed"]
    assert [(frame[9], frame[4:6]) for frame in bench.sent()] == [(SEPARATE, b"\xff\xff")]
    bench = Bench()
    bench.connection.separate()
    assert bench.sent() == []


def test_a_select_that_the_peer_refuses_ends_the_link() -> None:
    for answer, status in ((SELECT_RSP, 3), (SELECT_RSP, 1), (REJECT, 1)):
        connection = Connection(HsmsSettings(), 0.0)
        number = connection.select(0.0)
        reply = hand(answer, number, SELECT_REQ if answer == REJECT else 0, status)
        events = connection.feed(reply, 0.0)
        assert [type(e).__name__ for e in events] == ["PeerRefused", "Closed"]


def test_our_own_deselect_and_its_answers() -> None:
    bench = Bench(selected=True)
    for status, told in ((2, ["PeerRefused"]), (0, ["Deselected"])):
        number = bench.connection.deselect(bench.now_s)
        assert [frame[9] for frame in bench.sent()] == [DESELECT_REQ]
        bench.take(hand(DESELECT_RSP, number, 0, status))
        assert bench.told() == told
    number = bench.connection.deselect(bench.now_s)
    bench.take(hand(REJECT, number, DESELECT_REQ, 1))
    assert bench.told() == ["PeerRefused"]
    assert not bench.connection.closed


def test_every_frame_is_shown_to_the_log() -> None:
    seen: list[tuple[bool, bytes]] = []
    connection = Connection(HsmsSettings(), 0.0, watch=lambda sent, content: seen.append((sent, content)))
    connection.feed(hand(SELECT_REQ, 1) + data(1, 1, 2, device=0), 0.0)
    assert seen == [
        (False, hand(SELECT_REQ, 1)[4:]),
        (True, hand(SELECT_RSP, 1)[4:]),
        (False, data(1, 1, 2, device=0)[4:]),
    ]
