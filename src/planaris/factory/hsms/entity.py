"""What server and client share: the links of one side, of which at most one is selected."""

from __future__ import annotations

import asyncio

from planaris.factory.hsms.application import Application
from planaris.factory.hsms.connection import NotSelectedError
from planaris.factory.hsms.events import Closed, CloseReason, Deselected, Event, Selected
from planaris.factory.hsms.frame import SelectStatus
from planaris.factory.hsms.link import Link
from planaris.factory.hsms.settings import HsmsSettings
from planaris.factory.hsms.states import LinkState
from planaris.factory.hsms.transactions import SystemBytes
from planaris.factory.secs2 import Message


class Entity:
    """One side of HSMS-SS on an asyncio loop of peer time.

    While ``ready`` is set to False, a Select is answered with 2 and its link ended.
    """

    def __init__(self, settings: HsmsSettings, application: Application) -> None:
        self.settings = settings
        self._application = application
        self._numbers = SystemBytes()
        self._links: dict[Link, None] = {}  # oldest first
        self._selected: Link | None = None
        self._selection = asyncio.Event()
        self._count = 0
        self._closing = False
        self.ready = True

    @property
    def link(self) -> Link | None:
        """The link that is selected."""
        return self._selected

    @property
    def links(self) -> frozenset[Link]:
        """All links that have a socket."""
        return frozenset(self._links)

    async def wait_selected(self) -> Link:
        """Wait for a selected link and return it; whoever waits sets the time limit."""
        while self._selected is None:
            await self._selection.wait()
        return self._selected

    async def send(self, message: Message) -> int:
        """Send a primary message on the selected link. Raises NotSelectedError if there is none; as `Link.send`."""
        return await self._need(message).send(message)

    async def request(self, message: Message) -> Message:
        """Send a primary message on the selected link and return its reply. As `Link.request`."""
        return await self._need(message).request(message)

    def _need(self, message: Message) -> Link:
        if self._selected is None:
            raise NotSelectedError(LinkState.NOT_SELECTED if self._links else LinkState.NOT_CONNECTED, message.title)
        return self._selected

    def _make_link(self, *, active: bool) -> Link:
        self._count += 1
        return Link(
            self.settings,
            self._application,
            self._count,
            admit=self._admit,
            system_bytes=self._numbers,
            attached=self._attached,
            follow=self._follow,
            detached=self._detached,
            active=active,
        )

    def _admit(self) -> SelectStatus:
        if not self.ready:
            return SelectStatus.NOT_READY
        return SelectStatus.ESTABLISHED if self._selected is None else SelectStatus.EXHAUSTED

    def _attached(self, link: Link) -> tuple[CloseReason, str] | None:
        if self._closing:
            return CloseReason.STOPPED, "this side is being closed"
        if not self.settings.allows(link.peer):
            return (
                CloseReason.NOT_ALLOWED,
                f"{link.peer} is none of allowed_peers: {', '.join(self.settings.allowed_peers)}",
            )
        limit = self.settings.max_connections_count
        if len(self._links) >= limit:
            # Idle links must not keep a host out: the one that has waited longest for a Select goes.
            idle = next((other for other in self._links if not other.selected), None)
            if idle is None:
                return CloseReason.TOO_MANY, f"{limit} links are the most, and all are selected"
            idle.drop(
                CloseReason.TOO_MANY, f"{limit} links are the most, and this one was not selected when another came"
            )
            self._detached(idle)
        self._links[link] = None
        return None

    def _detached(self, link: Link) -> None:
        self._links.pop(link, None)

    def _follow(self, link: Link, event: Event) -> None:
        if isinstance(event, Selected):
            self._selected = link
            self._selection.set()
        elif isinstance(event, Deselected | Closed) and self._selected is link:
            self._selected = None
            self._selection.clear()

    async def _end_links(self) -> None:
        self._closing = True
        ending = list(self._links)
        for link in ending:
            link.separate()
        for link in ending:
            await link.wait_ended()
