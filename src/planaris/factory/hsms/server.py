"""The passive side: a listener that stays open whatever its links do."""

from __future__ import annotations

import asyncio

from planaris.factory.hsms.application import Application
from planaris.factory.hsms.entity import Entity
from planaris.factory.hsms.settings import HsmsSettings

# Connections that the system may hold before they are accepted.
_BACKLOG = 1024


class HsmsServer(Entity):
    """Listens, from `start` to `close`. At most one link is selected: to others a Select is answered with 3."""

    def __init__(self, settings: HsmsSettings, application: Application) -> None:
        super().__init__(settings, application)
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on. Raises RuntimeError before `start`."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the server does not listen: start it")
        host, port, *_ = self._server.sockets[0].getsockname()
        return host, port

    async def start(self, host: str = "127.0.0.1", port: int = 5000) -> tuple[str, int]:
        """Listen; port 0 takes a free one. Returns host and port. Raises OSError if the address is taken."""
        self._closing = False
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self._make_link(active=False), host, port, backlog=_BACKLOG)
        return self.address

    async def close(self) -> None:
        """Listen no longer, end all links, and wait until their sockets and handlers are gone."""
        if self._server is not None:
            self._server.close()
            await self._end_links()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> HsmsServer:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
