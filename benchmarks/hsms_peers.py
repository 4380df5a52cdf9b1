"""Ends of a link for the factory benchmark, each in a process of its own: ours, and secsgem's (unmodified).

    python benchmarks/hsms_peers.py STACK ROLE [PORT]

A ``secsgem`` process holds one connection, because that is what it can hold. The equipment prints its port; the host
then measures round trips of S1F1 and prints their rate; the equipment measures events with reply and prints theirs.
Beside each rate stands the processor time of the end that measures, which a busy machine changes less.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

VALUES = 100
ROUND_TRIPS, EVENTS = 500, 200
# A stack that is faster gets more to do, so that each measures for about as long.
OUR_SHARE = 10
START_LIMIT_S = 20.0


def values(k: int) -> list[float]:
    """Return the values of an event's report."""
    return [k + 0.1 * n for n in range(VALUES)]


def say(**facts: Any) -> None:
    """Print facts for the benchmark."""
    print(json.dumps(facts), flush=True)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rate_per_s(work: Callable[[int], object], count: int) -> float:
    """Return how often a second of processor time a piece of work is done."""
    for k in range(count // 10 + 1):
        work(k)
    begin = time.process_time()
    for k in range(count):
        work(k)
    return count / (time.process_time() - begin)


class Stretch:
    """How long a stretch of work takes, by the clock and in processor time of this process."""

    def __init__(self) -> None:
        self._begin_s, self._cpu_s = time.perf_counter(), time.process_time()

    def facts(self, name: str, count: int) -> dict[str, float]:
        """Return how many a second by the clock, and microseconds of processor time for one."""
        rate = count / (time.perf_counter() - self._begin_s)
        return {name: rate, f"{name}_us": 1e6 * (time.process_time() - self._cpu_s) / count}


# -- secsgem -----------------------------------------------------------------------------------------------------------


def secsgem_codec() -> None:
    """Measure encoding and decoding."""
    import secsgem.secs.variables as v
    from secsgem.secs import functions

    def built(k: int) -> bytes:
        report = {"RPTID": v.U4(7), "V": [v.F8(number) for number in values(k)]}
        return functions.SecsS06F11({"DATAID": v.U4(k), "CEID": v.U4(4102), "RPT": [report]}).encode()

    data = built(1)

    def read(_: int) -> float:
        function: Any = functions.SecsS06F11()
        function.decode(data)
        return sum(function.get()["RPT"][0]["V"])

    say(bytes=data.hex(), sum=read(0), encode=rate_per_s(built, 200), decode=rate_per_s(read, 200))


def _secsgem_link(*, active: bool, port: int) -> Any:
    import secsgem.common
    import secsgem.hsms

    return secsgem.hsms.HsmsProtocol(
        secsgem.hsms.HsmsSettings(
            address="127.0.0.1",
            port=port,
            connect_mode=secsgem.hsms.HsmsConnectMode.ACTIVE if active else secsgem.hsms.HsmsConnectMode.PASSIVE,
            device_type=secsgem.common.DeviceType.HOST if active else secsgem.common.DeviceType.EQUIPMENT,
        )
    )


def _secsgem_wait(link: Any) -> None:
    for _ in range(int(START_LIMIT_S * 100)):
        if link.connection_state.current.name == "CONNECTED_SELECTED":
            return
        time.sleep(0.01)
    raise TimeoutError("not selected")


def secsgem_equipment() -> None:
    """Answer S1F1; on a line of input, measure events."""
    import secsgem.secs.variables as v
    from secsgem.secs import functions

    port = free_port()
    link = _secsgem_link(active=False, port=port)

    def answer(data: dict[str, Any]) -> None:
        reply = functions.SecsS01F02(["MODEL", "1.0"])
        link.send_response(reply, data["message"].header.system)

    link.events.message_received += answer
    link.enable()
    say(port=port)
    sys.stdin.readline()
    stretch = Stretch()
    for k in range(EVENTS):
        report = {"RPTID": v.U4(7), "V": [v.F8(number) for number in values(k)]}
        event = functions.SecsS06F11({"DATAID": v.U4(k), "CEID": v.U4(4102), "RPT": [report]})
        assert link.send_and_waitfor_response(event) is not None
    say(**stretch.facts("events", EVENTS))
    sys.stdin.readline()


def secsgem_host(port: int) -> None:
    """Measure round trips of S1F1; then answer events."""
    from secsgem.secs import functions

    link = _secsgem_link(active=True, port=port)

    def answer(data: dict[str, Any]) -> None:
        link.send_response(functions.SecsS06F12(0), data["message"].header.system)

    link.events.message_received += answer
    link.enable()
    _secsgem_wait(link)
    stretch = Stretch()
    for _ in range(ROUND_TRIPS):
        assert link.send_and_waitfor_response(functions.SecsS01F01()) is not None
    say(**stretch.facts("round_trips", ROUND_TRIPS))
    sys.stdin.readline()


# -- ours --------------------------------------------------------------------------------------------------------------


def planaris_codec() -> None:
    """Measure encoding and decoding, of compiled reports and of items."""
    from planaris.factory.secs2 import BodyEncoder, Format, decode, encode
    from planaris.factory.secs2.items import F8, U4, L

    encoder = BodyEncoder((Format.U4, Format.U4, ((Format.U4, (Format.F8,) * VALUES),)))

    def compiled(k: int) -> bytes:
        return encoder.encode([k, 4102, 7, *values(k)])

    def built(k: int) -> bytes:
        return encode(L(U4(k), U4(4102), L(L(U4(7), L(*[F8(number) for number in values(k)])))))

    data = compiled(1)

    def read(_: int) -> float:
        body = decode(data)
        assert body is not None
        return sum([item.scalar for item in body[2][0][1]])

    say(
        bytes=data.hex(),
        sum=read(0),
        encode=rate_per_s(compiled, 200 * OUR_SHARE),
        items=rate_per_s(built, 200 * OUR_SHARE),
        decode=rate_per_s(read, 200 * OUR_SHARE),
    )


async def planaris_equipment() -> None:
    """Answer S1F1, take a long time over S2F41; on a line of input, measure events."""
    from planaris.factory.hsms import Application, DataReceived, HsmsServer, HsmsSettings, Link
    from planaris.factory.secs2 import BodyEncoder, Format, Message
    from planaris.factory.secs2.items import A, L

    async def answer(_: Link, primary: DataReceived) -> Message | None:
        if primary.message.stream == 2:
            await asyncio.sleep(5.0)
            return Message(2, 42)
        return Message(1, 2, False, L(A("MODEL"), A("1.0")))

    loop = asyncio.get_running_loop()
    async with HsmsServer(HsmsSettings(), Application(answer)) as server:
        _, port = await server.start(port=0)
        say(port=port)
        await loop.run_in_executor(None, sys.stdin.readline)
        link = server.link
        if link is not None:
            encoder = BodyEncoder((Format.U4, Format.U4, ((Format.U4, (Format.F8,) * VALUES),)))
            stretch = Stretch()
            for k in range(EVENTS * OUR_SHARE):
                await link.request_encoded(6, 11, encoder.encode([k, 4102, 7, *values(k)]))
            say(**stretch.facts("events", EVENTS * OUR_SHARE))
        await loop.run_in_executor(None, sys.stdin.readline)


async def planaris_host(port: int) -> None:
    """Measure round trips of S1F1; then answer events."""
    from planaris.factory.hsms import Application, DataReceived, HsmsClient, HsmsSettings, Link
    from planaris.factory.secs2 import Message
    from planaris.factory.secs2.items import B

    async def answer(_: Link, __: DataReceived) -> Message | None:
        return Message(6, 12, False, B(0))

    async with HsmsClient(HsmsSettings(), Application(answer), "127.0.0.1", port) as client:
        async with asyncio.timeout(START_LIMIT_S):
            link = await client.wait_selected()
        stretch = Stretch()
        for _ in range(ROUND_TRIPS * OUR_SHARE):
            await link.request(Message(1, 1, True))
        say(**stretch.facts("round_trips", ROUND_TRIPS * OUR_SHARE))
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def main(stack: str, role: str, *port: str) -> None:
    """Be one end."""
    work = globals()[f"{stack}_{role}"](*map(int, port))
    if work is not None:
        asyncio.run(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
