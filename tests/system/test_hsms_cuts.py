"""A stream that is cut after any byte of any message, in any way, leaves nothing and keeps nobody out."""

from __future__ import annotations

import asyncio

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
from hsms_sockets import Notes, Raw, can_select, quick, run, serving

MESSAGES = {
    "Select.req": hand(SELECT_REQ, 2),
    "Select.rsp": hand(SELECT_RSP, 2),
    "Deselect.req": hand(DESELECT_REQ, 2),
    "Deselect.rsp": hand(DESELECT_RSP, 2),
    "Linktest.req": hand(LINKTEST_REQ, 2),
    "Linktest.rsp": hand(LINKTEST_RSP, 2),
    "Reject.req": hand(REJECT, 2, 0, 4, session=DEVICE),
    "Separate.req": hand(SEPARATE, 2),
    "unknown SType": hand(8, 2),
    "other PType": hand(0, 2, ptype=1),
    "S1F1": data(1, 1, 2, wait=True),
    "S1F2": data(1, 2, 2),
    "S6F11": data(6, 11, 2, bytes.fromhex("01 02 A5 01 07 41 03 57 33 34"), wait=True),
    "wrong device": data(1, 1, 2, wait=True, device=9),
    "no SECS-II": data(1, 1, 2, b"\x41\x09x", wait=True),
}
# Silent links at once: each waits for a timer.
AT_ONCE = 80


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("selected", [False, True], ids=["not selected", "selected"])
def test_cut_by_close_and_by_reset(name: str, selected: bool) -> None:
    message = MESSAGES[name]

    async def work() -> None:
        async with serving(quick()) as server:
            for end in range(len(message) + 1):
                for way in (Raw.close, Raw.reset):
                    client = await Raw.to(server.address)
                    if selected:
                        await client.select()
                    await client.send(message[:end])
                    await way(client)
                    await can_select(server)

    run(work)


@pytest.mark.parametrize("selected", [False, True], ids=["not selected", "selected"])
def test_cut_by_silence(selected: bool) -> None:
    """T7, T8 or the linktest end a link that says nothing more, whatever it said last."""
    notes = Notes()

    async def silent(message: bytes, end: int) -> None:
        # A server each, because only one of its links can be selected.
        settings = quick(t7_s=1.0, t8_s=0.5, t6_s=0.5, linktest_period_s=0.5)
        async with serving(settings, notes=notes) as server:
            client = await Raw.to(server.address)
            if selected:
                await client.select()
            await client.send(message[:end])
            assert await client.ended()
            await can_select(server)
            await client.close()

    async def work() -> None:
        cuts = [(message, end) for message in MESSAGES.values() for end in range(len(message) + 1)]
        for at in range(0, len(cuts), AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for message, end in cuts[at : at + AT_ONCE]:
                    group.create_task(silent(message, end))

    run(work)
    closed = notes.named("Closed")
    reasons = {event.why for event in closed}  # pyright: ignore[reportAttributeAccessIssue]
    expected = {"t6", "t7", "t8", "peer separated", "peer reset"} if selected else {"t6", "t7", "t8", "peer reset"}
    assert reasons == expected


def test_a_reconnect_storm_in_the_middle_of_messages() -> None:
    async def work() -> None:
        async with serving(quick(max_connections_count=32)) as server:

            async def storm(k: int) -> None:
                message = list(MESSAGES.values())[k % len(MESSAGES)]
                client = await Raw.to(server.address)
                try:
                    if k % 3:
                        await client.send(hand(SELECT_REQ, 1))
                    await client.send(message[: k % (len(message) + 1)])
                    await asyncio.sleep(0.001 * (k % 7))
                except ConnectionError:
                    pass
                await (client.reset if k % 2 else client.close)()

            for _ in range(10):
                async with asyncio.TaskGroup() as group:
                    for k in range(100):
                        group.create_task(storm(k))
                await can_select(server)
            for _ in range(200):
                if not server.links:
                    break
                await asyncio.sleep(0.01)
            assert not server.links

    run(work)
