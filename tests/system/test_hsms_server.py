"""A server on real sockets: who gets in, what is answered at once, and what is left when it is over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hand_frames import (
    LINKTEST_REQ,
    LINKTEST_RSP,
    SELECT_REQ,
    SELECT_RSP,
    SEPARATE,
    data,
    hand,
)
from hsms_sockets import ANSWER_LIMIT_S, Notes, Raw, answer, can_select, quick, run, serving

from planaris.factory.hsms import (
    Application,
    Closed,
    CloseReason,
    DataReceived,
    HsmsClient,
    HsmsServer,
    Link,
    LoggedFrame,
    NotSelectedError,
    TransactionError,
)
from planaris.factory.secs2 import Message, to_sml
from planaris.factory.secs2.items import A, B, L

S1F1 = Message(1, 1, True)
S1F2 = Message(1, 2, False, L(A("MODEL"), A("1.0")))


def test_a_client_is_selected_and_answered() -> None:
    async def work() -> None:
        async with serving(quick()) as server:
            client = await Raw.to(server.address)
            # Glued: Select, linktest and a primary in one segment.
            await client.send(hand(SELECT_REQ, 1) + hand(LINKTEST_REQ, 2) + data(1, 1, 3, wait=True))
            assert await client.frame() == hand(SELECT_RSP, 1)
            assert await client.frame() == hand(LINKTEST_RSP, 2)
            assert await client.frame() == data(1, 2, 3, bytes.fromhex("01 02 41 05 4D4F44454C 41 03 312E30"))
            await client.close()

    run(work)


def test_a_second_client_is_answered_3_and_closed_and_the_first_goes_on() -> None:
    notes = Notes()

    async def work() -> None:
        async with serving(quick(), notes=notes) as server:
            first = await Raw.to(server.address)
            await first.select()
            for _ in range(20):
                second = await Raw.to(server.address)
                assert await second.select(7) == hand(SELECT_RSP, 7, 0, 3)
                assert await second.ended()
                await second.close()
                await first.send(hand(LINKTEST_REQ, 9))
                assert await first.frame() == hand(LINKTEST_RSP, 9)
            await first.send(hand(SEPARATE, 1))
            assert await first.ended()
            await first.close()
            await can_select(server)

    run(work)
    closed = [event.why for event in notes.named("Closed") if isinstance(event, Closed)]
    assert closed.count(CloseReason.EXHAUSTED) == 20


def test_a_client_that_is_connected_but_not_selected_keeps_nobody_out() -> None:
    async def work() -> None:
        async with serving(quick()) as server:
            idle = [await Raw.to(server.address) for _ in range(10)]
            client = await Raw.to(server.address)
            assert await client.select() == hand(SELECT_RSP, 1)
            assert await idle[0].select() == hand(SELECT_RSP, 1, 0, 3)
            for raw in (*idle, client):
                await raw.close()

    run(work)


def test_a_peer_that_is_not_allowed_is_ended() -> None:
    notes = Notes()

    async def work() -> None:
        async with serving(quick(allowed_peers=("10.9.8.7",)), notes=notes) as server:
            for _ in range(5):
                client = await Raw.to(server.address)
                assert await client.select() == b""
                await client.close()

    run(work)
    assert {event.explanation for event in notes.named("Closed") if isinstance(event, Closed)} == {
        "127.0.0.1 is none of allowed_peers: 10.9.8.7"
    }
    assert len(notes.events) == 5


def test_idle_links_keep_nobody_out() -> None:
    notes = Notes()

    async def work() -> None:
        async with serving(quick(max_connections_count=8), notes=notes) as server:
            idle = [await Raw.to(server.address) for _ in range(50)]
            client = await Raw.to(server.address)
            assert await client.select() == hand(SELECT_RSP, 1)
            more = [await Raw.to(server.address) for _ in range(50)]
            await client.send(hand(LINKTEST_REQ, 2))
            assert await client.frame() == hand(LINKTEST_RSP, 2)
            assert len(server.links) == 8
            # Those that came last are still there, and are told why they cannot be selected.
            assert await more[-1].select() == hand(SELECT_RSP, 1, 0, 3)
            for raw in (*idle, *more, client):
                await raw.close()

    run(work)
    closed = [event.why for event in notes.named("Closed") if isinstance(event, Closed)]
    assert closed.count(CloseReason.TOO_MANY) == 101 - 8


def test_a_selected_link_is_never_put_out_by_another() -> None:
    async def work() -> None:
        async with serving(quick(max_connections_count=1)) as server:
            client = await Raw.to(server.address)
            await client.select()
            for _ in range(5):
                other = await Raw.to(server.address)
                assert await other.select() == b""
                await other.close()
            await client.send(hand(LINKTEST_REQ, 2))
            assert await client.frame() == hand(LINKTEST_RSP, 2)
            await client.close()

    run(work)


def test_a_server_that_is_not_ready_answers_2() -> None:
    async def work() -> None:
        async with serving(quick()) as server:
            server.ready = False
            client = await Raw.to(server.address)
            assert await client.select() == hand(SELECT_RSP, 1, 0, 2)
            assert await client.ended()
            await client.close()
            server.ready = True
            await can_select(server)

    run(work)


def test_events_that_a_listener_causes_come_after_those_it_is_being_told() -> None:
    told: list[str] = []

    def meddles(link: Link, event: Any) -> None:
        told.append(type(event).__name__)
        if told[-1] == "Selected":
            link.post(S1F1)
            link.separate()

    async def work() -> None:
        async with HsmsServer(quick(), Application(answer, meddles)) as server:
            await server.start(port=0)
            client = await Raw.to(server.address)
            await client.send(hand(SELECT_REQ, 1) + data(1, 1, 3, wait=True) + data(1, 1, 4, wait=True))
            assert [(await client.frame())[9] for _ in range(3)] == [SELECT_RSP, 0, SEPARATE]
            assert await client.ended()
            await client.close()

    run(work)
    assert told == ["Selected", "DataReceived", "DataReceived", "TransactionFailed", "Closed"]


def test_every_link_of_a_row_is_tested_when_it_is_silent() -> None:
    async def work() -> None:
        async with serving(quick(linktest_period_s=0.05, t6_s=20.0)) as server:
            for _ in range(4):
                client = await Raw.to(server.address)
                await client.select()
                for _ in range(2):
                    test = await client.frame()
                    assert test[9] == LINKTEST_REQ
                    await client.send(hand(LINKTEST_RSP, int.from_bytes(test[10:14], "big")))
                await client.reset()

    run(work)


def test_last_words_are_read_even_if_bytes_are_still_on_their_way() -> None:
    async def work() -> None:
        async with serving(quick()) as server:
            first = await Raw.to(server.address)
            await first.select()
            for _ in range(20):
                reader, writer = await asyncio.open_connection(*server.address)
                writer.write(hand(SELECT_REQ, 1))
                for _ in range(50):
                    writer.write(bytes(10_000))
                    await asyncio.sleep(0)
                async with asyncio.timeout(ANSWER_LIMIT_S):
                    assert await reader.read() == hand(SELECT_RSP, 1, 0, 3)  # then its end, and no reset
                writer.close()
                await writer.wait_closed()
            await first.close()

    run(work)


def test_a_listener_that_fails_touches_nothing_else() -> None:
    told: list[str] = []

    def fails(*_: object) -> None:
        raise RuntimeError("no")

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
        async with HsmsServer(quick(), Application(notice=fails, record=fails)) as server:
            await server.start(port=0)
            client = await Raw.to(server.address)
            assert await client.select() == hand(SELECT_RSP, 1)
            await client.close()

    run(work)
    assert set(told) == {"a listener of link 1 failed"}


def test_every_frame_is_recorded_with_time_and_connection() -> None:
    seen: list[LoggedFrame] = []

    async def work() -> None:
        async with serving(quick(), record=seen.append) as server:
            for _ in range(2):
                client = await Raw.to(server.address)
                await client.select()
                await client.send(data(1, 1, 3, wait=True) + data(1, 1, 4, b"\xff"))
                await client.frame()
                await client.send(hand(SEPARATE, 5))
                assert await client.ended()
                await client.close()

    run(work)
    assert [(f.connection_number, f.sent, f.header.title) for f in seen[:6]] == [
        (1, False, "Select.req"),
        (1, True, "Select.rsp"),
        (1, False, "S1F1 W"),
        (1, False, "S1F1"),
        (1, True, "S1F2"),
        (1, False, "Separate.req"),
    ]
    assert {f.connection_number for f in seen} == {1, 2}
    assert [f.time for f in seen] == sorted(f.time for f in seen)
    messages = [f.message() for f in seen[:6]]
    assert messages == [None, None, S1F1, None, S1F2, None]
    assert to_sml(S1F2, one_line=True) == 'S1F2 <L [2] <A "MODEL"> <A "1.0"> > .'


def test_a_server_that_closes_says_separate_and_frees_its_port() -> None:
    async def work() -> None:
        async with serving(quick()) as server:
            address = server.address
            client = await Raw.to(address)
            await client.select()
        assert (await client.frame())[9] == SEPARATE
        assert await client.ended()
        await client.close()
        with pytest.raises(RuntimeError, match="start it"):
            _ = server.address
        again = HsmsServer(quick(), Application())
        assert await again.start(*address) == address
        await can_select(again)
        await again.close()

    run(work)


def test_our_client_and_our_server_talk_both_ways() -> None:
    async def host(link: Link, primary: DataReceived) -> Message | None:
        return Message(6, 12, False, B(0))

    async def work() -> None:
        async with (
            serving(quick()) as server,
            HsmsClient(quick(t5_s=0.05), Application(host), *server.address) as client,
        ):
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await client.wait_selected()
                equipment = await server.wait_selected()
                answers = await asyncio.gather(
                    *(client.request(S1F1) for _ in range(50)),
                    *(server.request(Message(6, 11, True, L())) for _ in range(50)),
                )
            assert answers == [S1F2] * 50 + [Message(6, 12, False, B(0))] * 50
            assert equipment.open_transactions == ()

    run(work)


def test_a_client_comes_back_after_every_loss_and_tells_why_it_cannot() -> None:
    async def work() -> None:
        client = HsmsClient(quick(t5_s=0.02), Application(), "127.0.0.1", 9)
        client.start()
        for _ in range(2_000):
            if client.last_failure:
                break
            await asyncio.sleep(0.01)
        assert client.last_failure.startswith("127.0.0.1:9: ")
        with pytest.raises(NotSelectedError):
            await client.request(S1F1)
        await client.close()
        async with (
            serving(quick()) as server,
            HsmsClient(quick(t5_s=0.02), Application(), *server.address) as client,
        ):
            for _ in range(10):
                async with asyncio.timeout(ANSWER_LIMIT_S):
                    link = await client.wait_selected()
                    assert await client.request(S1F1) == S1F2
                    (await server.wait_selected()).separate()
                    await link.wait_ended()

    run(work)


def test_t3_fails_a_request_and_the_link_stays() -> None:
    async def work() -> None:
        async with serving(quick(t3_s=0.05)) as server:
            client = await Raw.to(server.address)
            await client.select()
            with pytest.raises(TransactionError, match=r"S1F1 W, system bytes 1: T3: no reply within 0\.05 s"):
                await server.request(S1F1)
            assert await client.frame() == data(1, 1, 1, wait=True)
            await client.send(data(1, 2, 1) + hand(LINKTEST_REQ, 5))
            assert await client.frame() == hand(LINKTEST_RSP, 5)
            await client.close()

    run(work)


def test_a_length_that_lies_ends_the_link_and_keeps_nobody_out() -> None:
    async def work() -> None:
        async with serving(quick(max_message_bytes=1_000)) as server:
            for lie in (0, 9, 1_001, 0x7FFFFFFF, 0xFFFFFFFF):
                for first in (b"", hand(SELECT_REQ, 1)):
                    client = await Raw.to(server.address)
                    await client.send(first + lie.to_bytes(4, "big") + b"x" * 100)
                    assert await client.ended()
                    await client.close()
                    await can_select(server)

    run(work)


SETTINGS: list[dict[str, Any]] = [{"t7_s": 0.05, "t6_s": 60.0}, {"t7_s": 0.05, "t6_s": 0.02}]


@pytest.mark.parametrize("times", SETTINGS, ids=["T6 > T7", "T6 < T7"])
def test_t7_ends_links_one_after_the_other(times: dict[str, Any]) -> None:
    async def work() -> None:
        async with serving(quick(**times)) as server:
            for _ in range(5):
                client = await Raw.to(server.address)
                await client.send(hand(LINKTEST_REQ, 1))
                assert await client.ended()
                await client.close()

        async with serving(quick()) as server:
            await can_select(server)

    run(work)
