"""Joins the page server on its own loop to the tool on control's: events and samples go over, commands come back."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TypeVar

from planaris import clock
from planaris.app.live_tool import LiveTool
from planaris.app.world_access import WorldAccess, WorldError
from planaris.control import catalogue
from planaris.hardware import STATE, Port, PortError, Subscription
from planaris.historian import Home, RunRecord
from planaris.hmi import (
    Counted,
    FactoryLook,
    FeatureLimits,
    JobLook,
    Look,
    PageInbox,
    PageItem,
    PageService,
    QuestionLook,
    Released,
    StepCharts,
    ToolFacts,
    WorldLook,
)
from planaris.model import Severity
from planaris.stream import Committed, Event
from planaris.tool import Answer, CommandRequest

# Samples come over in blocks of so much peer time [design].
BLOCK_PEER_S = 0.2
# How long a subscription that was closed may take to end, tool time [design].
END_LIMIT_S = 10.0
_T = TypeVar("_T")


class PageLink:
    """What the page server has of the tool (`planaris.hmi.PagePorts`). Make it on the tool's loop."""

    def __init__(
        self,
        peer: clock.PeerThread,
        live: LiveTool,
        home: Home,
        port: Port,
        world: WorldAccess | None,
        facts: ToolFacts,
        past: Sequence[Committed],
        factory: Callable[[], FactoryLook],
        tell: Callable[[str], None],
    ) -> None:
        self._peer, self._live, self._home, self._port, self._world = peer, live, home, port, world
        self._facts, self._past, self._factory, self._tell = facts, tuple(past), factory, tell
        self._inbox = PageInbox()
        self._following: dict[str, tuple[Subscription, asyncio.Task[None]]] = {}
        live.stream.listen(self._inbox)

    # -- the tool's loop -----------------------------------------------------------------------------------------
    async def close(self) -> None:
        """Follow nothing any more."""
        self._live.stream.unlisten(self._inbox)
        await self._follow(frozenset())

    async def _follow(self, rate_classes: frozenset[str]) -> None:
        gone = [self._following.pop(name) for name in [n for n in self._following if n not in rate_classes]]
        # A subscription is read to its end: one that is only left would have its samples kept for it for ever.
        for subscription, _ in gone:
            subscription.close()
        if gone:
            _, late = await asyncio.wait({task for _, task in gone}, timeout=END_LIMIT_S)
            for task in late:
                task.cancel()
        for name in sorted(rate_classes - self._following.keys()):
            with suppress(PortError):  # without a link there are no samples; the next page asks again
                block_s = 1.0 if name == STATE else BLOCK_PEER_S * self._facts.speed
                subscription = self._port.subscribe(name, block_s)
                task = asyncio.create_task(self._blocks(subscription), name=f"page.{name}")
                self._following[name] = subscription, task

    async def _blocks(self, subscription: Subscription) -> None:
        async for block in subscription:
            self._inbox.put(block)

    def _look(self) -> Look:
        live = self._live
        tool, engine = live.tool, live.engine
        return Look(
            time_s=clock.now_s(),
            link=tool.port.link.value,
            halted=engine.halted,
            verbs=tool.commands.verbs,
            jobs=tuple(
                JobLook(
                    job.lot_id,
                    job.state.value,
                    job.lot.load_port,
                    job.recipe,
                    job.priority,
                    job.finished_count,
                    len(job.progress),
                    tuple(job.failures),
                )
                for job in engine.jobs
            ),
            lots=tuple(live.book.lots.values()),
            questions=tuple(
                QuestionLook(q.wafer_id, q.why, tuple(q.candidates), tuple(q.look_at)) for q in live.questions
            ),
            modules={module.name: module.state for module in tool.modules},
            by_hand=dict(tool.by_hand),
            counters=tuple(
                Counted(c.location, c.part, c.serial, c.wafers_count, c.use_h, tool.consumables.life_pct(c))
                for c in tool.consumables.counters
            ),
        )

    def _charts(self) -> tuple[StepCharts, ...]:
        specs = catalogue(len(self._facts.description.head.zone_outer_mm))
        found: list[StepCharts] = []
        for key, step in self._live.tool.fault_watch.state.steps.items():
            known = step.reference
            limits = () if known is None else tuple(FeatureLimits(n, *v) for n, v in known.limits(specs).items())
            found.append(StepCharts(key, len(step.learning) if known is None else known.trained_count, limits))
        return tuple(found)

    def _note(self, event: Event) -> None:
        self._live.stream.commit(event)

    async def _ask_world(self) -> WorldLook | None:
        if self._world is None:
            return None
        try:
            where, flags = await self._world.ask("where"), await self._world.ask("flags")
            return WorldLook(dict(where), tuple(str(flag) for flag in flags), tuple(await self._world.ask("carriers")))
        except WorldError:
            return None

    async def _truth(self, wafer_id: str) -> bytes | None:
        if self._world is None:
            return None
        try:
            return base64.b64decode(await self._world.ask("truth", wafer_id=wafer_id))
        except WorldError:
            return None

    # -- the server's loop ---------------------------------------------------------------------------------------
    @property
    def facts(self) -> ToolFacts:
        """What nothing changes."""
        return self._facts

    @property
    def past(self) -> Sequence[Committed]:
        """Events of an earlier life of the session."""
        return self._past

    async def take(self) -> Sequence[PageItem]:
        """Wait until the tool told something and return it, in order."""
        return await self._inbox.take()

    async def look(self) -> Look:
        """Ask the controller."""
        return await self._peer.ask(_done(self._look))

    async def charts(self) -> Sequence[StepCharts]:
        """Return the control charts of fault detection."""
        return await self._peer.ask(_done(self._charts))

    async def world(self) -> WorldLook | None:
        """Ask a twin's world."""
        return await self._peer.ask(self._ask_world())

    async def truth(self, wafer_id: str) -> bytes | None:
        """Return what only a twin's world knows of a wafer."""
        return await self._peer.ask(self._truth(wafer_id))

    def factory(self) -> FactoryLook:
        """Look at the factory interface, which lives on the same loop."""
        return self._factory()

    async def submit(self, request: CommandRequest) -> Answer:
        """Give a command through the tool's one door and return its answer."""
        return await self._peer.ask(_awaited(partial(self._live.submit, request)))

    async def note(self, event: Event) -> None:
        """Put an audited event into the chain."""
        await self._peer.ask(_done(partial(self._note, event)))

    async def recipes(self) -> Released:
        """Return what the recipe library holds."""
        return await self._peer.ask(
            _done(lambda: Released(tuple(self._home.recipes.versions()), dict(self._live.engine.jobs.recipes_in_use())))
        )

    async def runs(self) -> Sequence[RunRecord]:
        """Return the runs of the home."""
        return await self._peer.ask(_done(self._home.runs))

    async def follow(self, rate_classes: frozenset[str]) -> None:
        """Have blocks of these rate classes come by `take`."""
        await self._peer.ask(self._follow(rate_classes))

    def failed(self, detail: str) -> None:
        """Set the alarm of a face that failed inside."""
        self._tell(f"the page server failed: {detail}")
        self._peer.back(
            self._live.tool.alarms.set, "observer_failed", "tool", Severity.WARNING, f"page server: {detail}"[:300]
        )

    def tell(self, text: str) -> None:
        """Tell the people at the console."""
        self._tell(text)


async def start_page(
    faces: AsyncExitStack, peer: clock.PeerThread, link: PageLink, service: PageService
) -> tuple[str, str]:
    """Run the page server on the peer's loop until ``faces`` is left; return its address and a first password, '' if
    there are accounts. Raises what its start raises."""
    listening: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()

    def heard(address: str, password: str) -> None:
        peer.back(listening.set_result, (address, password))

    async def begin() -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(service.run(heard), name="page")

    async def ended(running: asyncio.Task[None]) -> BaseException | None:
        await asyncio.wait({running})
        return None if running.cancelled() else running.exception()

    async def end(running: asyncio.Task[None]) -> None:
        running.cancel()
        await asyncio.wait({running})

    running = await peer.call(begin())
    watching = asyncio.create_task(peer.call(ended(running)), name="page.end")

    async def leave() -> None:
        watching.cancel()
        await peer.call(end(running))
        await link.close()

    faces.push_async_callback(leave)
    await asyncio.wait({listening, watching}, return_when=asyncio.FIRST_COMPLETED)
    if not listening.done():
        error = watching.result()
        raise error if error is not None else RuntimeError("the page server ended at once")
    watching.add_done_callback(lambda task: None if task.cancelled() else link.failed(str(task.result())))
    return listening.result()


async def _awaited(work: Callable[[], Awaitable[_T]]) -> _T:
    return await work()


async def _done(work: Callable[[], _T]) -> _T:
    return work()
