"""The active side: connects, selects, and does so again after T5 whenever the link has ended."""

from __future__ import annotations

import asyncio

from planaris.factory.hsms.application import Application
from planaris.factory.hsms.entity import Entity
from planaris.factory.hsms.link import Link
from planaris.factory.hsms.settings import HsmsSettings


class HsmsClient(Entity):
    """Keeps a link to a passive side, from `start` to `close`."""

    def __init__(self, settings: HsmsSettings, application: Application, host: str, port: int) -> None:
        super().__init__(settings, application)
        self._host, self._port = host, port
        self._keeper: asyncio.Task[None] | None = None
        self.last_failure = ""

    def start(self) -> None:
        """Begin to connect; `wait_selected` tells when it has worked, ``last_failure`` why it has not."""
        self._closing = False
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="HSMS client")

    async def close(self) -> None:
        """End the link, connect no more, and wait until socket and handlers are gone."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        await self._end_links()

    async def __aenter__(self) -> HsmsClient:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _keep(self) -> None:
        while True:
            link = await self._connect()
            if link is not None:
                await link.wait_ended()
            await asyncio.sleep(self.settings.t5_s)

    async def _connect(self) -> Link | None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.settings.t5_s):
                _, link = await loop.create_connection(lambda: self._make_link(active=True), self._host, self._port)
        except (OSError, TimeoutError) as error:
            self.last_failure = f"{self._host}:{self._port}: {error or 'no answer within T5'}"
            return None
        return link
