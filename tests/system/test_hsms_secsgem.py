"""secsgem 0.3.0, unmodified and in a process of its own, as host and as equipment of our links."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from hsms_sockets import Notes, run, serving

import hsms_peers
from hsms_peers import EVENTS, ROUND_TRIPS, VALUES, values
from planaris.factory.hsms import (
    Application,
    DataReceived,
    HsmsClient,
    HsmsSettings,
    Link,
    LoggedFrame,
    TransactionError,
)
from planaris.factory.secs2 import BodyEncoder, Format, Message
from planaris.factory.secs2.items import A, B, L

START_LIMIT_S = 60.0


async def other_end(role: str, *port: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable,
        hsms_peers.__file__,
        "secsgem",
        role,
        *port,
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def heard(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(START_LIMIT_S):
        return json.loads(await process.stdout.readline())


async def killed(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.communicate()


def test_secsgem_as_host_selects_asks_and_answers() -> None:
    notes = Notes()

    async def equipment(link: Link, primary: DataReceived) -> Message | None:
        return Message(1, 2, False, L(A("MODEL"), A("1.0")))

    async def work() -> None:
        async with serving(HsmsSettings(), equipment, notes) as server:
            for _ in range(2):  # killed and started again, it is served again
                host = await other_end("host", str(server.address[1]))
                link = await asyncio.wait_for(server.wait_selected(), START_LIMIT_S)
                assert "round_trips" in await heard(host)
                encoder = BodyEncoder((Format.U4, Format.U4, ((Format.U4, (Format.F8,) * VALUES),)))
                for k in range(20):
                    body = encoder.encode([k, 4102, 7, *values(k)])
                    assert await link.request_encoded(6, 11, body) == Message(6, 12, False, B(0))
                await killed(host)
                await asyncio.wait_for(link.wait_ended(), START_LIMIT_S)

    run(work)
    assert len(notes.named("DataReceived")) == 2 * ROUND_TRIPS
    assert not notes.named("Refused")


async def taken_up(link: Link) -> None:
    """Wait until secsgem takes messages: it answers Select.req before it counts as selected itself."""
    while True:
        try:
            await link.request(Message(1, 1, True))
            return
        except TransactionError as error:
            if "not selected" not in str(error):
                raise
            await asyncio.sleep(0.05)


def test_secsgem_as_equipment_answers_and_reports() -> None:
    bodies: list[Any] = []
    seen: list[LoggedFrame] = []

    async def host(link: Link, primary: DataReceived) -> Message | None:
        bodies.append(primary.message.body)
        return Message(6, 12, False, B(0))

    async def work() -> None:
        other = await other_end("equipment")
        port = (await heard(other))["port"]
        application = Application(host, record=seen.append)
        async with HsmsClient(HsmsSettings(t5_s=1.0), application, "127.0.0.1", port) as client:
            async with asyncio.timeout(START_LIMIT_S):
                link = await client.wait_selected()
                await taken_up(link)
                for _ in range(50):
                    assert await link.request(Message(1, 1, True)) == Message(1, 2, False, L(A("MODEL"), A("1.0")))
                link.linktest()
                assert other.stdin is not None
                other.stdin.write(b"\n")
                assert "events" in await heard(other)
        await killed(other)

    run(work)
    assert [[item.scalar for item in body[2][0][1]] for body in bodies] == [values(k) for k in range(EVENTS)]
    assert "Linktest.rsp" in {frame.header.title for frame in seen if not frame.sent}
