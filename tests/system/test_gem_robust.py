"""A killed equipment, slow commands, lost links and odd hosts: the interface is there again, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gem_bench import BenchPorts
from gem_face import playing

from planaris.factory import GemSettings, Host
from planaris.stream import LotEnded
from planaris.tool import Answer, AnswerStatus, CommandRequest

SCRIPT = Path(__file__).with_name("gem_killed.py")
LIMIT_S = 30.0


# -- kill -9 -----------------------------------------------------------------------------------------------------


@contextmanager
def equipment(home: Path, first: int, count: int) -> Generator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(home), str(first), str(count)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(LIMIT_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def let_lots_end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "told\n"


async def _define(port: int) -> None:
    async with Host("127.0.0.1", port) as host:
        await host.establish(LIMIT_S)
        await host.learn()
        await host.subscribe("lot_ended", "lot_id")
        await host.spool(6)
        await host.set_constant("time_format", 2)


async def _fetch(port: int, count: int) -> tuple[list[str], list[int], str]:
    async with Host("127.0.0.1", port) as host:
        await host.establish(LIMIT_S)
        await host.learn()
        assert await host.fetch_spool() == 0
        told = [await host.told(LIMIT_S) for _ in range(count)]
        return [str(next(iter(t.values.values()))) for t in told], [t.data_id for t in told], await host.clock()


@pytest.mark.timeout(120)
def test_a_killed_equipment_still_knows_its_reports_and_its_spool(tmp_path: Path) -> None:
    with equipment(tmp_path, 1, 20) as (process, port):
        asyncio.run(_define(port))
        let_lots_end(process)  # the host has left: all of them go into the spool
    with equipment(tmp_path, 21, 5) as (process, _):
        let_lots_end(process)
    with equipment(tmp_path, 26, 0) as (_, port):
        lots, data_ids, clock = asyncio.run(_fetch(port, 25))
    assert lots == [f"L{n}" for n in range(1, 26)]
    assert len(set(data_ids)) == 25
    assert clock.endswith("Z"), "the constant that the host set is kept"


# -- slow commands -----------------------------------------------------------------------------------------------


class Slow(BenchPorts):
    """A tool whose commands take until a test lets them end."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.answer = self._wait

    async def _wait(self, request: CommandRequest) -> Answer:
        del request
        for _ in range(2_000):
            if self.release.is_set():
                return Answer("C1", AnswerStatus.DONE)
            await asyncio.sleep(0.01)
        raise TimeoutError("nobody let it end")


@pytest.mark.timeout(60)
def test_links_queries_and_events_go_on_while_a_command_runs(tmp_path: Path) -> None:
    async def scenario(port: int, happen: threading.Event) -> None:
        async with Host("127.0.0.1", port) as host:
            await host.establish(LIMIT_S)
            await host.learn()
            await host.subscribe("lot_ended", "lot_id")
            command = asyncio.ensure_future(host.command("job.start", lot_id="L1"))
            link = await host._client.wait_selected()
            for _ in range(20):
                link.linktest()
                assert await host.online() == 2
            happen.set()
            assert (await host.told(LIMIT_S)).name == "lot_ended"
            assert not command.done()
            ports.release.set()
            assert await command == 0

    ports = Slow()
    with playing(tmp_path, gem=GemSettings(reply_limit_s=30.0), ports=ports) as tool:
        happen = threading.Event()

        def later() -> None:
            happen.wait(LIMIT_S)
            tool.happens(LotEnded("L1", "completed", 1))

        thread = threading.Thread(target=later)
        thread.start()
        asyncio.run(scenario(tool.port, happen))
        thread.join()


# -- raw sockets -------------------------------------------------------------------------------------------------

SELECT = bytes((0xFF, 0xFF, 0, 0, 0, 1))
SEPARATE = bytes((0xFF, 0xFF, 0, 0, 0, 9))


class Raw:
    """A host that writes frames by hand."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.number = 0

    def send(self, head: bytes, body: bytes = b"", number: int | None = None) -> int:
        self.number += 1
        chosen = self.number if number is None else number
        frame = head + struct.pack(">I", chosen) + body
        self.socket.sendall(struct.pack(">I", len(frame)) + frame)
        return chosen

    def data(self, stream: int, function: int, body: bytes = b"", *, wait: bool = True, device: int = 0) -> int:
        head = struct.pack(">H", device) + bytes(((0x80 if wait else 0) | stream, function, 0, 0))
        return self.send(head, body)

    def receive(self) -> tuple[bytes, bytes]:
        """Return header and body of the next frame."""
        length = struct.unpack(">I", self._exactly(4))[0]
        frame = self._exactly(length)
        return frame[:10], frame[10:]

    def until(self, stream: int, function: int) -> tuple[bytes, bytes]:
        """Return the next data message of a kind; others are passed over."""
        while True:
            header, body = self.receive()
            if header[5] == 0 and (header[2] & 0x7F, header[3]) == (stream, function):
                return header, body

    def _exactly(self, count: int) -> bytes:
        parts = b""
        while len(parts) < count:
            part = self.socket.recv(count - len(parts))
            assert part, "the equipment closed the link"
            parts += part
        return parts

    def establish(self) -> None:
        self.send(SELECT)
        header, _ = self.receive()
        assert (header[5], header[3]) == (2, 0)
        self.data(1, 13, bytes((0x01, 0)))
        self.until(1, 14)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def hang_up(raw: Raw) -> None:
    """Close with a reset."""
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


@pytest.mark.timeout(60)
def test_whatever_ends_a_link_the_next_host_finds_the_equipment_ready(tmp_path: Path) -> None:
    with playing(tmp_path) as tool:
        for n in range(30):
            raw = Raw(tool.port)
            if n % 5 != 4:
                raw.establish()
            if n % 5 == 0:
                raw.close()
            elif n % 5 == 1:
                hang_up(raw)
            elif n % 5 == 2:
                raw.socket.sendall(struct.pack(">I", 100) + bytes(7))
                raw.close()
            elif n % 5 == 3:
                raw.send(SEPARATE)
                raw.close()
            else:
                hang_up(raw)
        with Raw(tool.port) as last:
            _retry_establish(last, tool.port)
            assert tool.call(lambda: tool.face.equipment.communication.communicating)


def _retry_establish(raw: Raw, port: int) -> None:
    """Establish; the listener may still be taking leave of the host before."""
    for _ in range(50):
        try:
            raw.establish()
        except AssertionError:
            raw.close()
            raw.socket = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        else:
            return
    raise AssertionError("no host is taken any more")


@pytest.mark.timeout(60)
def test_errors_are_told_with_the_offending_header_and_the_link_goes_on(tmp_path: Path) -> None:
    with playing(tmp_path) as tool:
        raw = Raw(tool.port)
        raw.establish()
        cases = [
            (1, {"stream": 1, "function": 1, "device": 7}),
            (3, {"stream": 77, "function": 1}),
            (5, {"stream": 1, "function": 99}),
            (7, {"stream": 1, "function": 3, "body": bytes((0x41, 5))}),
            (7, {"stream": 1, "function": 3, "body": bytes((0x41, 1, 65))}),
        ]
        for function, case in cases:
            number = raw.data(**case)  # type: ignore[arg-type]
            header, body = raw.until(9, function)
            assert header[2] & 0x80 == 0
            assert header[6:10] != struct.pack(">I", number), "an S9 is a primary of its own"
            assert body[:2] == bytes((0x21, 10))
            assert body[8:12] == struct.pack(">I", number)
        number = raw.data(1, 1)
        header, _ = raw.until(1, 2)
        assert header[6:10] == struct.pack(">I", number)
        raw.close()


@pytest.mark.timeout(60)
def test_a_message_glued_to_the_select_and_one_in_pieces_are_served(tmp_path: Path) -> None:
    with playing(tmp_path) as tool:
        raw = Raw(tool.port)
        select = struct.pack(">I", 10) + SELECT + struct.pack(">I", 1)
        s1f13 = struct.pack(">I", 12) + bytes((0, 0, 0x81, 13, 0, 0)) + struct.pack(">I", 2) + bytes((1, 0))
        raw.socket.sendall(select + s1f13)
        raw.until(1, 14)
        for byte in struct.pack(">I", 10) + bytes((0, 0, 0x81, 1, 0, 0)) + struct.pack(">I", 3):
            raw.socket.sendall(bytes((byte,)))
        header, _ = raw.until(1, 2)
        assert header[6:10] == struct.pack(">I", 3)
        raw.close()


@pytest.mark.timeout(60)
def test_nothing_is_left_over_when_the_interface_ends(tmp_path: Path) -> None:
    with playing(tmp_path, ports=Slow()) as tool:
        raw = Raw(tool.port)
        raw.establish()
        raw.data(
            2,
            41,
            bytes((1, 2, 0x41, 5)) + b"START" + bytes((1, 1, 1, 2, 0x41, 5)) + b"LOTID" + bytes((0x41, 2)) + b"L1",
        )
        raw.close()
        assert isinstance(tool.ports, Slow)
        tool.ports.release.set()
    # `playing` holds that no task is left on the loop


# -- verbs of people at the tool ---------------------------------------------------------------------------------


@pytest.mark.timeout(60)
def test_people_at_the_tool_enable_switch_and_write(tmp_path: Path) -> None:
    def give(verb: str, **arguments: str) -> str:
        request = CommandRequest(verb, arguments, "ann", "operator", "test", verb)
        handler = tool.ports.offered[verb]
        return asyncio.run_coroutine_threadsafe(_awaited(handler, request), tool.loop).result(LIMIT_S)

    with playing(tmp_path) as tool:
        raw = Raw(tool.port)
        raw.establish()
        assert give("factory.local") == "local"
        assert give("factory.send_text", text="hello") == "sent"
        assert raw.until(10, 1)[1].endswith(b"hello")
        with pytest.raises(Exception, match="sent no text"):
            give("factory.acknowledge_text")
        raw.data(10, 3, bytes((1, 2, 0x21, 1, 0, 0x41, 2)) + b"hi")
        raw.until(10, 4)
        assert give("factory.acknowledge_text") == "acknowledged"
        assert tool.ports.shown == [("hi",), ()]
        assert give("factory.offline") == "offline"
        with pytest.raises(Exception, match="control is equipment_offline: it takes go_online, not go_offline"):
            give("factory.offline")
        assert give("factory.online") == "the host is asked"
        raw.until(1, 1)
        assert give("factory.set_constant", constant="time_format", entered="2") == "time_format is 2"
        with pytest.raises(Exception, match="takes 0 to 2, not 9"):
            give("factory.set_constant", constant="time_format", entered="9")
        assert give("factory.disable") == "communication is disabled"
        with pytest.raises(AssertionError, match="closed the link"):
            raw.until(127, 255)
        assert give("factory.enable") == "communication is enabled"
        assert give("factory.remote") == "remote"
        raw.close()
        with Raw(tool.port) as again:
            _retry_establish(again, tool.port)


async def _awaited(handler: object, request: CommandRequest) -> str:
    return await handler(request)  # type: ignore[operator]
