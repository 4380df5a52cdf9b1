"""The message log says what went over the wire, and can be read back."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

from planaris.clock import ns_of_utc, utc_of_text
from planaris.factory import MessageLog, host_primaries, read_log
from planaris.factory.hsms import LoggedFrame
from planaris.factory.message_log import line_of
from planaris.factory.secs2 import Message, encode
from planaris.factory.secs2.items import F4, U1, U4, A, B, L
from planaris.factory.service import Later

TIME = utc_of_text("2026-03-01T12:00:00.123456+00:00")


def frame(
    stream: int, function: int, body: bytes, *, sent: bool = False, wait: bool = True, stype: int = 0
) -> LoggedFrame:
    head = bytes((0, 0, (0x80 if wait else 0) | stream, function, 0, stype)) + struct.pack(">I", 7)
    return LoggedFrame(TIME, 3, sent, head + body)


def test_a_line_says_time_connection_direction_and_message(tmp_path: Path) -> None:
    log = MessageLog(tmp_path / "deep" / "host.sml")
    body = L(A("x */ y"), U4(5), F4(3.8), B(1))
    log(frame(1, 13, encode(L())))
    log(frame(1, 14, encode(body), sent=True, wait=False))
    log(frame(0, 0, b"", stype=5))
    log(frame(1, 3, bytes((0x41, 9))))
    log(frame(1, 1, b""))
    log.close()
    lines = list(read_log(log.path))
    assert [line.sent for line in lines] == [False, True, False, False, False]
    assert {line.utc_ns for line in lines} == {ns_of_utc(TIME)}
    assert {line.connection_number for line in lines} == {3}
    assert [line.message for line in lines] == [
        Message(1, 13, True, L()),
        Message(1, 14, False, body),
        None,
        None,
        Message(1, 1, True),
    ]
    assert [line.header.system_bytes for line in lines] == [7] * 5
    assert (lines[2].remark, lines[3].remark) == ("Linktest.req", "S1F3 W undecodable 4109")
    assert [m.title for m in host_primaries(log.path)] == ["S1F13 W", "S1F1 W"]


def test_a_full_log_is_put_aside_and_one_older_is_kept(tmp_path: Path) -> None:
    with MessageLog(tmp_path / "host.sml", limit_bytes=2_000) as log:
        for n in range(100):
            log(frame(1, 3, encode(L(U1(n)))))
    older, newer = list(read_log(tmp_path / "host.sml.1")), list(read_log(tmp_path / "host.sml"))
    last = [line.message.body for line in (*older, *newer) if line.message is not None]
    assert last[-1] == L(U1(99))
    numbers = [body[0].scalar for body in last if body is not None]
    assert numbers == list(range(numbers[0], 100))
    assert (tmp_path / "host.sml.1").stat().st_size < 2_300


@pytest.mark.parametrize("line", ["nonsense", "/* 2026-03-01T12:00:00Z 3 sent 00000000000000000007 */ S1F1 W <A"])
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "x.sml"
    file.write_text(line_of(frame(1, 1, b"")) + line + "\n")
    with pytest.raises(ValueError, match="line 2"):
        list(read_log(file))


@pytest.mark.parametrize("cut_bytes", [1, 5, 40, 60])
def test_a_line_that_a_death_cut_short_is_left_out_and_the_next_life_writes_after_it(
    tmp_path: Path, cut_bytes: int
) -> None:
    """The log is written in blocks, so that a killed process leaves a part of a line."""
    file, whole = tmp_path / "x.sml", line_of(frame(1, 1, b""))
    torn = line_of(frame(1, 3, encode(L(U1(1), A("a longer body")))))
    file.write_text(whole + torn[: len(torn) - cut_bytes])
    if cut_bytes > 1:
        assert len(list(read_log(file))) == 1
    with MessageLog(file) as log:
        log(frame(1, 17, b""))
    assert [line.header.function for line in read_log(file)] == [1, 17]


def test_a_log_that_is_no_text_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.sml").write_bytes(b"\xff\xfe\n")
    with pytest.raises(ValueError, match=r"x\.sml line 1"):
        list(read_log(tmp_path / "x.sml"))


def test_a_log_on_a_full_disk_is_given_up_and_the_link_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "full.sml").symlink_to("/dev/full")
    log = MessageLog(tmp_path / "full.sml")
    for _ in range(3_000):  # more than the buffer holds
        log(frame(1, 3, encode(L(U1(1)))))
    log.flush()
    log.close()
    assert "No space left" in log.failure
    assert [r.getMessage() for r in caplog.records] == [
        f"the message log {log.path} ends here, it cannot be written: {log.failure}"
    ]
    assert len(log.last) == 30


def test_a_log_that_comes_later_loses_no_frame_and_keeps_their_order() -> None:
    frames = [LoggedFrame(TIME, 1, True, bytes(10) + bytes([n])) for n in range(5)]
    got: list[LoggedFrame] = []

    async def log() -> None:
        later = Later(got.append)
        later(frames[0])
        assert got == []  # the frame goes out first
        await asyncio.sleep(0)
        assert got == frames[:1]
        for frame in frames[1:]:
            later(frame)
        later.all()
        await asyncio.sleep(0)  # what the loop was to write is written already

    asyncio.run(log())
    assert got == frames
