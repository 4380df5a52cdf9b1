"""The factory interface at work: a listener for the host, on a plain asyncio loop of peer time."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planaris.clock import ns_of_utc, utc_now
from planaris.dictionary import Dictionary
from planaris.factory.face import FacePorts
from planaris.factory.gem import GemEquipment, GemSettings, IllegalTransitionError
from planaris.factory.hsms import Application, Closed, HandlerFailed, HsmsServer, HsmsSettings, Link, LinkEvent
from planaris.factory.hsms.record import LoggedFrame, Record
from planaris.historian import HostStore
from planaris.tool import CommandRequest, RefusedError

LOG = logging.getLogger("planaris.factory")
# asyncio's timers take no infinity, and a clock that is set must not delay a retry for long.
_LONGEST_WAIT_S = 60.0
# How long tasks may take to end when the interface does.
_END_LIMIT_S = 5.0

Act = Callable[[CommandRequest], str]


@dataclass(frozen=True, slots=True)
class FactorySettings:
    """Where the host connects to, and how link and GEM are set up; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 5000
    hsms: HsmsSettings = field(default_factory=HsmsSettings)
    gem: GemSettings = field(default_factory=GemSettings)


@dataclass(frozen=True, slots=True)
class Shown:
    """Communication, control and spool as GEM calls their states."""

    communication: str = "disabled"
    control: str = ""
    spool: str = ""
    spool_count: int = 0


class LinkLine:
    """A link as GEM sees it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.send = link.post
        self.send_encoded = link.post_encoded
        self.reply = link.reply
        self.abandon = link.abandon
        self.separate = link.separate


class Later:
    """Hands frames to a record after they went out, while the peer is at work: no reply waits for its log line.

    Make it inside the running loop.
    """

    def __init__(self, record: Record) -> None:
        self._record, self._waiting = record, deque[LoggedFrame]()
        self._loop = asyncio.get_running_loop()

    def __call__(self, frame: LoggedFrame) -> None:
        self._waiting.append(frame)
        self._loop.call_soon(self._next)

    def all(self) -> None:
        """Hand on what waits."""
        while self._waiting:
            self._next()

    def _next(self) -> None:
        if self._waiting:
            self._record(self._waiting.popleft())


class Face:
    """The equipment side of GEM on HSMS. `run` serves until it is cancelled; nothing else of it blocks.

    ``database`` is the home's ``tool.db``, for the host's definitions and the spool. ``record`` gets every frame, both
    ways (see `MessageLog`).
    """

    def __init__(
        self,
        settings: FactorySettings,
        dictionary: Dictionary,
        ports: FacePorts,
        database: Path,
        record: Record | None = None,
    ) -> None:
        self._settings, self._dictionary, self._ports, self._database = settings, dictionary, ports, database
        self._record = record
        self._work: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._equipment: GemEquipment | None = None
        self._server: HsmsServer | None = None

    @property
    def equipment(self) -> GemEquipment:
        """The equipment side. Raises RuntimeError unless `run` is running."""
        if self._equipment is None:
            raise RuntimeError("the factory interface does not run")
        return self._equipment

    def shown(self) -> Shown:
        """Return what people are shown of the link, on the face's loop."""
        if self._equipment is None:
            return Shown()
        at = self._equipment
        spool = at.outgoing.spool.state.value
        return Shown(at.communication.machine.state.value, at.control.state.value, spool, at.core.store.spool_count)

    async def run(self, on_listening: Callable[[str, int], None] = lambda _host, _port: None) -> None:
        """Listen and serve until cancelled; ``on_listening`` hears the address.

        Raises OSError if the address is taken, HostStoreError if the home's database cannot be used.
        """
        loop = asyncio.get_running_loop()
        with HostStore(self._database) as store:
            equipment = GemEquipment(
                self._dictionary,
                self._settings.gem,
                store,
                self._ports,
                now_s=loop.time,
                utc_ns=lambda: ns_of_utc(utc_now()),
                spawn=self._spawn,
            )
            equipment.core.constants.told(await self._ports.constants())
            self._equipment = equipment
            lines: dict[Link, LinkLine] = {}

            def notice(link: Link, event: LinkEvent) -> None:
                line = lines.setdefault(link, LinkLine(link))
                self._notice(equipment, line, event)
                if isinstance(event, Closed):
                    lines.pop(link, None)

            self._offer(equipment)
            async with AsyncExitStack() as stack:
                later = Later(self._record) if self._record is not None else None
                if later is not None:
                    stack.callback(later.all)  # the last, also of what the server says as it ends
                application = Application(notice=notice, record=later)
                server = await stack.enter_async_context(HsmsServer(self._settings.hsms, application))
                self._server = server
                on_listening(*await server.start(self._settings.host, self._settings.port))
                self._arm()
                try:
                    while True:
                        equipment.told(await self._ports.take())
                        self._arm()
                finally:
                    await self._stop(equipment)
                    self._equipment = None

    def _notice(self, equipment: GemEquipment, line: LinkLine, event: LinkEvent) -> None:
        if isinstance(event, HandlerFailed):  # GEM answers by itself, so the link has no handlers
            raise event.error
        equipment.take(line, event)
        self._arm()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        self._arm()

    async def _stop(self, equipment: GemEquipment) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        equipment.close()
        work = tuple(self._work)
        for task in work:
            task.cancel()
        if work:
            await asyncio.wait(work, timeout=_END_LIMIT_S)

    def _arm(self) -> None:
        """Set the timer for what the equipment has to do next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._equipment is None:
            return
        if self._server is not None:
            self._server.ready = self._equipment.enabled
        due_s = self._equipment.deadline_s
        if due_s < math.inf:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(min(due_s, loop.time() + _LONGEST_WAIT_S), self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._equipment is not None:
            self._equipment.tick()
            self._arm()

    # -- verbs of people at the tool -----------------------------------------------------------------------------

    def _offer(self, equipment: GemEquipment) -> None:
        acts: dict[str, Act] = {
            "factory.enable": lambda _: _done(equipment.communication.enable, "communication is enabled"),
            "factory.disable": lambda _: _done(equipment.communication.disable, "communication is disabled"),
            "factory.online": lambda _: _done(equipment.control.go_online, "the host is asked"),
            "factory.offline": lambda _: _done(equipment.control.go_offline, "offline"),
            "factory.local": lambda _: _done(equipment.switch_to_local, "local"),
            "factory.remote": lambda _: _done(equipment.switch_to_remote, "remote"),
            "factory.send_text": lambda r: _done(lambda: equipment.terminal.say(str(r.arguments["text"])), "sent"),
            "factory.acknowledge_text": lambda _: _unless(equipment.terminal.acknowledge(), "acknowledged"),
            "factory.set_constant": lambda r: _unless(
                equipment.variables.change_by_operator(str(r.arguments["constant"]), str(r.arguments["entered"])),
                f"{r.arguments['constant']} is {r.arguments['entered']}",
            ),
        }
        for verb, act in acts.items():
            self._ports.offer(verb, self._handler(act))

    def _handler(self, act: Act) -> Callable[[CommandRequest], Coroutine[Any, Any, str]]:
        async def handle(request: CommandRequest) -> str:
            try:
                return act(request)
            except IllegalTransitionError as error:
                raise RefusedError(str(error)) from error
            finally:
                self._arm()

        return handle


def _done(act: Callable[[], object], answer: str) -> str:
    act()
    return answer


def _unless(why_not: str, answer: str) -> str:
    if why_not:
        raise RefusedError(why_not)
    return answer
