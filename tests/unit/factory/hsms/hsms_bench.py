"""A connection to try frames on."""

from __future__ import annotations

from typing import Any

from hand_frames import DEVICE, SELECT_REQ, frames, hand

from planaris.factory.hsms import Connection, Event, HsmsSettings, SelectStatus

SETTINGS: dict[str, Any] = {"device_id": DEVICE, "linktest_period_s": 0.0}


class Bench:
    """A connection under test: say what comes in, see what goes out and what is told."""

    def __init__(
        self, *, status: SelectStatus = SelectStatus.ESTABLISHED, selected: bool = False, **settings: Any
    ) -> None:
        self.now_s = 1_000.0
        self.connection = Connection(HsmsSettings(**{**SETTINGS, **settings}), self.now_s, admit=lambda: status)
        self.events: list[Event] = []
        if selected:
            self.take(hand(SELECT_REQ, 1))
            assert self.connection.selected
            self.events.clear()

    def take(self, *arrived: bytes) -> list[bytes]:
        """Feed segments; return the frames that go out."""
        for segment in arrived:
            self.events += self.connection.feed(segment, self.now_s)
        return self.sent()

    def sent(self) -> list[bytes]:
        """Return the frames that go out."""
        return list(frames(self.connection.take_outgoing()))

    def wait(self, time_s: float) -> list[bytes]:
        """Let time pass and timers run out; return the frames that go out."""
        end_s = self.now_s + time_s
        while (due_s := self.connection.next_deadline()) <= end_s:
            self.now_s = max(self.now_s, due_s)
            self.events += self.connection.tick(self.now_s)
            assert self.connection.next_deadline() > self.now_s, "a timer that stays due would spin"
        self.now_s = end_s
        return self.sent()

    def told(self) -> list[str]:
        """Return the names of the events so far, and forget them."""
        names = [type(event).__name__ for event in self.events]
        self.events.clear()
        return names
