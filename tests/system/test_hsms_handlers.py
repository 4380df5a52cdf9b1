"""What a server does with what comes: handlers as tasks, bounds, and nothing that waits for the application."""

from __future__ import annotations

import asyncio

import pytest
from hand_frames import (
    LINKTEST_REQ,
    LINKTEST_RSP,
    REJECT,
    data,
    hand,
)
from hsms_sockets import Notes, Raw, can_select, quick, run, serving

from planaris.factory.hsms import (
    Closed,
    CloseReason,
    DataReceived,
    FailureReason,
    HandlerFailed,
    Link,
    NotSelectedError,
    TransactionError,
)
from planaris.factory.hsms.handlers import MESSAGE_OVERHEAD_BYTES
from planaris.factory.secs2 import Message
from planaris.factory.secs2.items import B

S1F1 = Message(1, 1, True)


def test_control_messages_are_answered_while_handlers_take_their_time() -> None:
    async def slow(link: Link, primary: DataReceived) -> Message | None:
        await asyncio.sleep(3_600)
        return None

    async def work() -> None:
        async with serving(quick(), slow) as server:
            client = await Raw.to(server.address)
            await client.select()
            for number in range(1_000):
                await client.send(data(2, 41, number, wait=True) + hand(LINKTEST_REQ, number))
                assert await client.frame() == hand(LINKTEST_RSP, number)
            await client.send(hand(8, 5))
            assert await client.frame() == hand(REJECT, 5, 8, 1)
            await client.reset()
            await can_select(server)

    run(work)


def test_a_request_from_inside_a_handler_sees_its_reply() -> None:
    async def asks_back(link: Link, primary: DataReceived) -> Message | None:
        reply = await link.request(S1F1)
        return Message(2, 42, False, reply.body)

    async def work() -> None:
        async with serving(quick(), asks_back) as server:
            client = await Raw.to(server.address)
            await client.select()
            await client.send(data(2, 41, 77, wait=True))
            asked = await client.frame()
            number = int.from_bytes(asked[10:14], "big")
            assert asked == data(1, 1, number, wait=True)
            await client.send(data(1, 2, number, b"\x41\x01x"))
            assert await client.frame() == data(2, 42, 77, b"\x41\x01x")
            await client.close()

    run(work)


def test_a_handler_that_fails_aborts_and_is_told() -> None:
    notes = Notes()

    async def fails(link: Link, primary: DataReceived) -> Message | None:
        if primary.message.stream == 1:
            raise RuntimeError("no such thing")
        return Message(2, 41) if primary.message.stream == 2 else None  # a primary cannot be a reply

    async def work() -> None:
        async with serving(quick(), fails, notes) as server:
            client = await Raw.to(server.address)
            await client.select()
            await client.send(data(1, 1, 5, wait=True) + data(1, 1, 6) + data(2, 41, 7, wait=True))
            assert await client.frame() == data(1, 0, 5)
            assert await client.frame() == data(2, 0, 7)
            await client.close()

    run(work)
    failed = [event for event in notes.named("HandlerFailed") if isinstance(event, HandlerFailed)]
    assert [event.system_bytes for event in failed] == [5, 6, 7]
    assert failed[0].explanation == "the handler of S1F1 W failed: RuntimeError: no such thing"


def test_a_handler_whose_wait_is_cancelled_aborts_and_is_told() -> None:
    notes = Notes()

    async def gives_up(link: Link, primary: DataReceived) -> Message | None:
        waiting = asyncio.get_running_loop().create_future()
        waiting.cancel()
        await waiting
        return Message(1, 2)

    async def work() -> None:
        async with serving(quick(), gives_up, notes) as server:
            client = await Raw.to(server.address)
            await client.select()
            await client.send(data(1, 1, 5, wait=True))
            assert await client.frame() == data(1, 0, 5)
            await client.close()

    run(work)
    [failed] = notes.named("HandlerFailed")
    assert failed.explanation == "the handler of S1F1 W failed: CancelledError: "


def test_too_much_to_handle_is_aborted_and_waits_in_order_before() -> None:
    notes = Notes()
    begun: list[int] = []
    gate: list[asyncio.Event] = []

    async def waits(link: Link, primary: DataReceived) -> Message | None:
        begun.append(primary.system_bytes)
        await gate[0].wait()
        return Message(7, 4)

    async def work() -> None:
        gate.append(asyncio.Event())
        body = bytes.fromhex("21 58") + bytes(88)  # with its header a message of 100 bytes
        room = 10 * (100 + MESSAGE_OVERHEAD_BYTES)
        async with serving(quick(max_open_handlers_count=3, max_held_bytes=room), waits, notes) as server:
            client = await Raw.to(server.address)
            await client.select()
            await client.send(b"".join(data(7, 3, k, body, wait=True) for k in range(15)))
            assert [await client.frame() for _ in range(5)] == [data(7, 0, k) for k in range(10, 15)]
            assert begun == [0, 1, 2]
            gate[0].set()
            assert sorted([await client.frame() for _ in range(10)]) == [data(7, 4, k) for k in range(10)]
            # There is room again.
            await client.send(data(7, 3, 99, body, wait=True))
            assert await client.frame() == data(7, 4, 99)
            await client.close()

    run(work)
    assert begun == [*range(10), 99]
    assert len(notes.named("Refused")) == 5


def test_a_peer_that_does_not_read_loses_its_link() -> None:
    notes = Notes()

    async def work() -> None:
        async with serving(quick(max_held_bytes=100_000), notes=notes) as server:
            client = await Raw.to(server.address)
            await client.select()
            link = server.link
            assert link is not None
            sent = 0
            while link.selected and sent < 1_000:  # far more than the system's own buffers hold
                link.post(Message(6, 11, True, B(bytes(65_536))))
                sent += 1
                await asyncio.sleep(0)
            assert not link.selected
            await can_select(server)
            await client.close()

    run(work)
    reasons = [event.why for event in notes.named("Closed") if isinstance(event, Closed)]
    assert reasons[0] is CloseReason.OVERRUN
    assert notes.named("TransactionFailed")


def test_a_flood_of_the_shortest_messages_is_bounded() -> None:
    """Their bytes alone would let millions of them wait."""
    notes = Notes()

    async def stuck(link: Link, primary: DataReceived) -> Message | None:
        await asyncio.sleep(3_600)
        return None

    async def work() -> None:
        async with serving(quick(max_held_bytes=1_000_000), stuck, notes) as server:
            client = await Raw.to(server.address)
            await client.select()
            await client.send(data(1, 1, 5) * 20_000 + hand(LINKTEST_REQ, 9))
            assert await client.frame() == hand(LINKTEST_RSP, 9)
            await client.reset()
            await can_select(server)

    run(work)
    taken = len(notes.named("DataReceived")) - len(notes.named("Refused"))
    assert taken == 1_000_000 // (MESSAGE_OVERHEAD_BYTES + 10)


def test_send_waits_for_a_peer_that_reads_slowly() -> None:
    async def work() -> None:
        async with serving(quick()) as server:
            client = await Raw.to(server.address)
            await client.select()
            link = server.link
            assert link is not None

            async def sender() -> None:
                for _ in range(500):
                    await link.send(Message(6, 11, False, B(bytes(65_536))))

            task = asyncio.create_task(sender())
            done, _ = await asyncio.wait([task], timeout=0.2)
            assert not done  # 32 MB do not go anywhere yet
            for _ in range(500):
                assert len(await client.frame()) == 4 + 10 + 4 + 65_536
            await task
            await client.close()

    run(work)


def test_a_lost_link_fails_requests_at_once_and_cancels_handlers() -> None:
    ended: list[str] = []

    async def slow(link: Link, primary: DataReceived) -> Message | None:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            ended.append(primary.message.title)
            raise
        return None

    async def work() -> None:
        async with serving(quick(max_open_handlers_count=2), slow) as server:
            client = await Raw.to(server.address)
            await client.select()
            await client.send(data(2, 41, 1) * 4 + hand(LINKTEST_REQ, 1))
            await client.frame()
            asked = [asyncio.create_task(server.request(S1F1)) for _ in range(3)]
            given_up = asyncio.create_task(server.request(S1F1))
            for _ in range(4):
                await client.frame()
            given_up.cancel()
            await asyncio.wait([given_up])
            link = server.link
            assert link is not None
            assert len(link.open_transactions) == 3
            await client.reset()
            results = await asyncio.gather(*asked, return_exceptions=True)
            failures = [r.failure.why for r in results if isinstance(r, TransactionError)]
            assert failures == [FailureReason.LINK_LOST] * 3
            assert server.link is None
            with pytest.raises(NotSelectedError):
                await server.request(S1F1)

    run(work)
    assert ended == ["S2F41"] * 2
