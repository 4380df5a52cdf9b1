"""One page on the live channel: a bounded queue out, so that a slow one delays nobody and falls behind alone."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from planaris.hmi.accounts import Session
from planaris.hmi.protocol import Bye
from planaris.hmi.traces import Wanted

# A page that is this many differences behind gets the whole state instead [design].
DIFFS_LIMIT = 50
# Frames that wait; older ones are left out, which a page sees by their times [design].
FRAMES_LIMIT = 5
# Answers that wait: a page that takes none of them is gone.
ANSWERS_LIMIT = 100
# One message is out within this time, or the page is given up [design].
SEND_LIMIT_S = 20.0


class Channel(Protocol):
    """A web socket, as far as it is needed here."""

    async def send_text(self, data: str) -> None: ...

    async def send_bytes(self, data: bytes) -> None: ...

    async def close(self, code: int = 1000, reason: str | None = None) -> None: ...


def encode(message: Any) -> str:
    """Return a message as text."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Viewer:
    """Sends what is offered; ``snapshot`` returns the whole state as text, made when it is sent."""

    def __init__(self, channel: Channel, session: Session, snapshot: Callable[[Session], str]) -> None:
        self.session = session
        self.wanted: Wanted | None = None
        self.errors_count = 0
        self._channel, self._snapshot = channel, snapshot
        self._diffs: deque[str] = deque()
        self._frames: deque[bytes] = deque(maxlen=FRAMES_LIMIT)
        self._answers: deque[str] = deque()
        self._beat = ""
        self._whole = True
        self._bye: Bye | None = None
        self._wake = asyncio.Event()
        self.snapshots_count = 0
        self._wake.set()

    # -- what is offered; none of it waits -----------------------------------------------------------------------
    def diff(self, text: str) -> None:
        """Offer a difference; a page that is too far behind gets a snapshot later instead."""
        if self._whole:
            return  # the snapshot to come has it
        self._diffs.append(text)
        if len(self._diffs) > DIFFS_LIMIT:
            self.again()
        self._wake.set()

    def again(self) -> None:
        """Send the whole state next."""
        self._whole = True
        self._diffs.clear()
        self._wake.set()

    def beat(self, text: str) -> None:
        """Offer a beat; only the newest counts."""
        self._beat = text
        self._wake.set()

    def frame(self, frame: bytes) -> None:
        """Offer a trace frame."""
        self._frames.append(frame)
        self._wake.set()

    def say(self, message: Any) -> None:
        """Offer an answer; these are never left out."""
        self._answers.append(encode(message))
        if len(self._answers) > ANSWERS_LIMIT:
            self.bye("slow", "this page takes no answers")
        self._wake.set()

    def bye(self, code: Any, why: str) -> None:
        """Send what waits of answers, then the reason, then close."""
        if self._bye is None:
            self._bye = {"t": "bye", "code": code, "why": why}
        self._wake.set()

    # -- the sender ----------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Send until the page is told good-bye, or is gone."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                async with asyncio.timeout(SEND_LIMIT_S):
                    await self._send_all()
                if self._bye is not None:
                    async with asyncio.timeout(SEND_LIMIT_S):
                        await self._channel.send_text(encode(self._bye))
                        await self._channel.close(1000, None)
                    return
        except (TimeoutError, RuntimeError, OSError):
            with suppress(TimeoutError, RuntimeError, OSError):
                async with asyncio.timeout(1.0):
                    await self._channel.close(1013, None)

    async def _send_all(self) -> None:
        while self._answers:
            await self._channel.send_text(self._answers.popleft())
        if self._bye is not None:
            return
        if self._whole:
            whole = self._snapshot(self.session)  # differences that it tells to others are in it
            self._whole = False
            self._diffs.clear()
            self.snapshots_count += 1
            await self._channel.send_text(whole)
        while self._diffs:
            await self._channel.send_text(self._diffs.popleft())
        if self._beat:
            beat, self._beat = self._beat, ""
            await self._channel.send_text(beat)
        while self._frames:
            await self._channel.send_bytes(self._frames.popleft())
