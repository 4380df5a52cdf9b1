"""Connections that send half a request are given up, so that nobody takes the room of others by saying nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# A request's head is there within this time of the connection, or of its first byte [design].
HEAD_LIMIT_S = 10.0


class PatientProtocol(H11Protocol):
    """HTTP of uvicorn that waits for a request's head only so long."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; where they are no whole head, wait for the rest."""
        super().data_received(data)
        taken = self.transport.get_protocol() is not self  # a web socket has its own limits
        cycle: Any = self.cycle  # None before the first request, whatever its type says
        answering = cycle is not None and not cycle.response_complete
        if taken or answering or self.timeout_keep_alive_task is not None:
            self._stop()
        else:
            self._wait()

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_LIMIT_S, self._give_up)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self.transport.close()
