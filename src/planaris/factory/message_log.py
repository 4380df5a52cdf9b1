"""The message log: every frame, both ways, as SML with time and connection number; it can be read and played again."""

from __future__ import annotations

import logging
import mmap
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from planaris.clock import ns_of_utc, utc_of_text
from planaris.factory.hsms import Header, LoggedFrame, SType
from planaris.factory.secs2 import Message, SecsDecodeError, SmlError, parse_sml
from planaris.factory.sml_bytes import body_sml

LOG = logging.getLogger("planaris.factory.log")

# A log of this size is put aside as ``NAME.1`` and a new one begun.
LOG_LIMIT_BYTES = 64 * 2**20
# So much may wait to be written: an event must not wait for the disk.
_BUFFER_BYTES = 1 << 16

# What people are shown: so many messages, each up to so many characters [design].
SHOWN_COUNT, SHOWN_LENGTH = 30, 2000

_HEADER_BYTES = 10

_HEAD = re.compile(
    r"/\* (?P<time>\S+) (?P<number>\d+) (?P<way>sent|received) (?P<header>[0-9a-f]{20})(?P<rest>[^*]*) \*/"
    r"\s*(?P<sml>.*)"
)


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """One line of a log: ns since 1970 (UTC), connection, direction, header; ``message`` is None for control frames
    and for bodies that are no SECS-II."""

    utc_ns: int
    connection_number: int
    sent: bool
    header: Header
    message: Message | None
    remark: str


class MessageLog:
    """Writes frames to a file, one line each, and keeps one older file.

    A file that cannot be written is given up: ``failure`` says why, and the link goes on without it. A line that a
    death cut short is taken out when the log is opened again.
    """

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        """Open the log. Raises OSError."""
        self.path, self._limit_bytes = path, limit_bytes
        self.failure = ""
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_to_whole_lines(path)
        self._file = path.open("ab", buffering=_BUFFER_BYTES)
        self._written_bytes = self._file.tell()
        self._last: deque[LoggedFrame] = deque(maxlen=SHOWN_COUNT)

    @property
    def last(self) -> tuple[str, ...]:
        """The last messages as the file has them, oldest first, each cut where it is too long to be shown."""
        return tuple(line_of(frame).rstrip("\n")[:SHOWN_LENGTH] for frame in self._last)

    def __call__(self, frame: LoggedFrame) -> None:
        if frame.content[5] == SType.DATA:
            self._last.append(frame)
        if not self.failure:
            self._guarded(lambda: self._write(line_of(frame).encode()))

    def _write(self, line: bytes) -> None:
        self._written_bytes += self._file.write(line)
        if self._written_bytes > self._limit_bytes:
            self._file.close()
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self._file = self.path.open("ab", buffering=_BUFFER_BYTES)
            self._written_bytes = 0

    def flush(self) -> None:
        """Hand everything to the system."""
        if not self.failure:
            self._guarded(self._file.flush)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if not self.failure:
            self._guarded(self._file.close)

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as error:
            self.failure = str(error)
            LOG.error("the message log %s ends here, it cannot be written: %s", self.path, error)
            with suppress(OSError):  # what waits in the buffer has no place
                self._file.close()

    def __enter__(self) -> MessageLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def line_of(frame: LoggedFrame) -> str:
    """Return a frame as one line: a comment with time, connection, direction and header, then the message in SML."""
    content, time = frame.content, frame.time
    way = "sent" if frame.sent else "received"
    at = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06d}Z"
    head = f"{at} {frame.connection_number} {way} {content[:10].hex()}"
    if content[5] != SType.DATA or content[4]:
        return f"/* {head} {frame.header.title} */\n"
    title = f"S{content[2] & 0x7F}F{content[3]}{' W' if content[2] & 0x80 else ''}"
    if len(content) == _HEADER_BYTES:
        return f"/* {head} */ {title} .\n"
    try:
        return f"/* {head} */ {title} {body_sml(content[_HEADER_BYTES:])} .\n"
    except SecsDecodeError:
        return f"/* {head} {title} undecodable {content[_HEADER_BYTES:].hex()} */\n"


def _cut_to_whole_lines(path: Path) -> None:
    """Take out a last line that has no end: the process died between two parts of it."""
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            whole_bytes, all_bytes = content.rfind(b"\n") + 1, len(content)
        if whole_bytes < all_bytes:
            file.truncate(whole_bytes)


def read_log(path: Path) -> Iterator[LoggedMessage]:
    """Yield what a log holds, in order. Raises ValueError for a line that is none, with its number.

    A last line that has no end and is none was cut short by a death, and is left out.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            found = _HEAD.fullmatch(line.rstrip("\n"))
            try:
                if found is None:
                    raise ValueError(f"{path} line {number} is no line of a message log: {line[:60]!r}")
                try:
                    messages = parse_sml(found["sml"]) if found["sml"] else []
                except SmlError as error:
                    raise ValueError(f"{path} line {number}: {error}") from error
            except ValueError:
                if line.endswith("\n"):
                    raise
                return
            yield LoggedMessage(
                ns_of_utc(utc_of_text(found["time"])),
                int(found["number"]),
                found["way"] == "sent",
                Header.of(bytes.fromhex(found["header"])),
                messages[0] if messages else None,
                found["rest"].strip(),
            )


def host_primaries(path: Path) -> Iterator[Message]:
    """Yield the primaries that an equipment's log says its host sent, in order: what a replay sends again."""
    for logged in read_log(path):
        if not logged.sent and logged.message is not None and logged.message.primary:
            yield logged.message
