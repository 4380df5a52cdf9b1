"""Throw mutated HSMS frames at a server in a process of its own, by seed, and hold that it stays what it was.

    python faults/hsms_fuzz.py --frames 1000000 --seed 1

Good frames are damaged in their bytes, headers, lengths and bodies, glued and cut. Every so often a good client must be
selected, tested and answered; the server must not end, tell an error, hang, or grow by more than 50 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hand_frames import DEVICE, LINKTEST_REQ, LINKTEST_RSP, SELECT_REQ, SELECT_RSP, SEPARATE, data, hand

from planaris.factory.hsms import Application, DataReceived, HsmsServer, HsmsSettings, Link, LoggedFrame
from planaris.factory.secs2 import Item, Message, encode
from planaris.factory.secs2.items import BOOLEAN, C2, F4, F8, I2, I8, U1, U4, A, B, J, L

GROWTH_LIMIT_MB = 50.0
ANSWER_LIMIT_S = 30.0  # for a busy machine; an answer takes some milliseconds
FRAMES_PER_LINK = 40
FRAMES_PER_CHECK = 10_000
WARM_UP_FRAMES = 5_000  # before the memory is measured first: caches and pools are filled by then


@dataclass(frozen=True, slots=True)
class FuzzResult:
    """What a campaign found; it raises where the server fails. ``taken_count`` frames had a length that let them in."""

    frames_count: int
    taken_count: int
    links_count: int
    checks_count: int
    growth_MB: float


# -- frames ------------------------------------------------------------------------------------------------------------


def body(chance: random.Random, depth: int = 3) -> Item:
    """Return some item."""
    leaves: list[Callable[[], Item]] = [
        lambda: A("x" * chance.choice((0, 1, 5, 300))),
        lambda: B(chance.randbytes(chance.randrange(6))),
        lambda: U4(*(chance.randrange(2**32) for _ in range(chance.randrange(3)))),
        lambda: U1(chance.randrange(256)),
        lambda: I2(chance.randrange(-300, 300)),
        lambda: I8(chance.randrange(-(2**60), 2**60)),
        lambda: F4(chance.random()),
        lambda: F8(*(chance.random() for _ in range(chance.randrange(4)))),
        lambda: BOOLEAN(chance.random() < 0.5),
        lambda: J("ab\uff71"),
        lambda: C2("µm 片", 2),
        lambda: L(*[F8(chance.random()) for _ in range(chance.choice((5, 30)))]),
    ]
    if depth and chance.random() < 0.5:
        return L(*[body(chance, depth - 1) for _ in range(chance.randrange(5))])
    return chance.choice(leaves)()


def good(chance: random.Random) -> bytes:
    """Return a frame that is right."""
    system = chance.choice((1, 2, 77, chance.randrange(2**32)))
    if chance.random() < 0.35:
        stype = chance.choice((SELECT_REQ, SELECT_REQ, LINKTEST_REQ, SELECT_RSP, LINKTEST_RSP, 3, 4, 7, 8, 10))
        return hand(stype, system, byte3=chance.choice((0, 0, 1, 4)))
    stream, function = chance.choice(((1, 1), (1, 2), (1, 13), (2, 41), (6, 11), (6, 12), (9, 1), (127, 255), (5, 0)))
    content = b"" if chance.random() < 0.2 else encode(body(chance))
    device = DEVICE if chance.random() < 0.9 else chance.randrange(2**16)
    return data(stream, function, system, content, wait=chance.random() < 0.5, device=device)


def mutated(chance: random.Random) -> bytes:
    """Return a frame with its right length and anything wrong inside."""
    frame = bytearray(good(chance))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 4))):
        kind = chance.randrange(8)
        at = chance.randrange(4, len(frame)) if len(frame) > 4 else 0
        if kind <= 2:
            frame[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif kind == 3 and len(frame) > 14:
            del frame[chance.randrange(14, len(frame)) :]
        elif kind == 4:
            frame += chance.randbytes(chance.randrange(1, 9))
        elif kind == 5:
            frame[at:at] = frame[4:at]
        elif kind == 6 and len(frame) > 16:
            frame[14:16] = chance.choice((b"\x03\xff", b"\x01\xff", b"\x43\xff", b"\x00\x01", b"\x01\x01"))
        else:
            frame[at] ^= 1 << chance.randrange(8)
    return (len(frame) - 4).to_bytes(4, "big") + bytes(frame[4:])


def last(chance: random.Random) -> bytes:
    """Return what ends a link or what makes everything after it mean something else, and a few frames after it."""
    frame = mutated(chance)
    lies = (b"\0\0\0\x09", b"\xff" * 4, b"\0\0\0\0", chance.randbytes(4), b"\0\0\x01\0", b"\0\x0f\xff\xff")
    kind = chance.randrange(3)
    if kind == 0:
        frame = chance.choice(lies) + frame[4:]
    elif kind == 1:
        frame = frame[: chance.randrange(len(frame))]
    else:
        frame = hand(SEPARATE, 1)
    return frame + b"".join(mutated(chance) for _ in range(chance.randrange(3)))


# -- the server --------------------------------------------------------------------------------------------------------


async def _echo(_: Link, primary: DataReceived) -> Message | None:
    m = primary.message
    return Message(m.stream, m.function + 1, False, m.body) if m.wait and m.function < 255 else None


async def _serve() -> None:
    def untold(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        print(context, file=sys.stderr, flush=True)
        os._exit(3)

    asyncio.get_running_loop().set_exception_handler(untold)
    settings = HsmsSettings(
        device_id=DEVICE,
        t7_s=1.0,
        t8_s=0.2,
        linktest_period_s=1.0,
        t6_s=1.0,
        unlimited_timers=True,
        max_message_bytes=2**20,
    )
    taken = 0

    def count(frame: LoggedFrame) -> None:
        nonlocal taken
        taken += not frame.sent

    server = HsmsServer(settings, Application(_echo, record=count))
    _, port = await server.start(port=0)
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the other side is done
    await server.close()
    print(taken, flush=True)


# -- the campaign ------------------------------------------------------------------------------------------------------


class FuzzError(Exception):
    """The server did not stay what it was."""


def _resident_MB(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head, "big"))


async def _good_client(port: int) -> None:
    """Hold that a good client is served. A link that is still being ended may be in the way for a moment."""
    async with asyncio.timeout(ANSWER_LIMIT_S):
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(hand(SELECT_REQ, 1))
                if await _frame(reader) != hand(SELECT_RSP, 1):
                    continue
                writer.write(hand(LINKTEST_REQ, 2) + data(1, 1, 3, b"\x41\x01x", wait=True))
                answers = [await _frame(reader), await _frame(reader)]
                if answers != [hand(LINKTEST_RSP, 2), data(1, 2, 3, b"\x41\x01x")]:
                    raise FuzzError(f"wrong answers: {[answer.hex() for answer in answers]}")
                return
            except (asyncio.IncompleteReadError, ConnectionError):
                continue
            finally:
                writer.close()


async def _bad_client(port: int, frames: list[bytes], chance: random.Random) -> None:
    """Send frames in segments of chance; read and forget what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def forget() -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                pass

    reading = asyncio.create_task(forget())
    stream = (hand(SELECT_REQ, 1) if chance.random() < 0.9 else b"") + b"".join(frames) + last(chance)
    try:
        while stream and not reading.done():
            size = chance.choice((1, 7, 100, 4_000, 60_000))
            writer.write(stream[:size])
            stream = stream[size:]
            await asyncio.wait_for(writer.drain(), ANSWER_LIMIT_S)
        if chance.random() < 0.9 and not reading.done():
            writer.write_eof()
            await asyncio.wait([reading], timeout=ANSWER_LIMIT_S)
    except OSError:
        pass
    finally:
        (writer.transport.abort if chance.random() < 0.5 else writer.close)()
        await asyncio.wait([reading], timeout=ANSWER_LIMIT_S)


async def fuzz(frames_count: int, seed: int, told: Callable[[str], object] = len) -> FuzzResult:
    """Run a campaign. Raises FuzzError when the server ends, hangs, grows or answers a good client wrongly."""
    chance = random.Random(seed)
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        __file__,
        "--serve",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    first_MB, growth_MB, sent, links, checks = 0.0, 0.0, 0, 0, 0
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            port = int(await server.stdout.readline())
        while sent < frames_count:
            count = min(FRAMES_PER_LINK, frames_count - sent)
            await _bad_client(port, [mutated(chance) for _ in range(count)], chance)
            sent, links = sent + count, links + 1
            if server.returncode is not None:
                raise FuzzError(f"the server ended with {server.returncode} after {sent} frames, seed {seed}")
            if sent // FRAMES_PER_CHECK > (sent - count) // FRAMES_PER_CHECK or sent == frames_count:
                await _good_client(port)
                checks += 1
                growth_MB = _resident_MB(server.pid) - first_MB if first_MB else 0.0
                told(f"{sent} frames, {links} links, {growth_MB:+.1f} MB")
            if not first_MB and sent >= WARM_UP_FRAMES:
                first_MB = _resident_MB(server.pid)
            if growth_MB > GROWTH_LIMIT_MB:
                raise FuzzError(f"the server grew by {growth_MB:.0f} MB in {sent} frames, seed {seed}")
    except OSError as error:
        what = "hung" if isinstance(error, TimeoutError) else f"takes no connection ({error})"
        raise FuzzError(f"the server {what} after {sent} frames, seed {seed}") from None
    finally:
        server.stdin.close()
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                counted = await server.stdout.read()
                ended = await server.wait()
        except TimeoutError:
            counted = b""
            server.kill()
            ended = await server.wait()
    if ended:
        raise FuzzError(f"the server ended with {ended}, seed {seed}")
    return FuzzResult(sent, int(counted), links, checks, growth_MB)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", action="store_true", help="be the server that is fuzzed")
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(_serve())
        return 0
    try:
        result = asyncio.run(
            fuzz(arguments.frames, arguments.seed, lambda line: print(line, file=sys.stderr, flush=True))
        )
    except FuzzError as error:
        print(error)
        return 1
    print(
        f"{result.frames_count} frames sent, {result.taken_count} taken, {result.links_count} links, "
        f"seed {arguments.seed}: {result.checks_count} good clients served in between, "
        f"the server grew by {result.growth_MB:.1f} MB"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
