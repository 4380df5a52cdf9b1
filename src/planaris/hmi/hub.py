"""The live channel's heart: one book of what is shown, told to all pages as numbered differences, beats and frames."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from planaris import clock
from planaris.historian import journal_events
from planaris.hmi.accounts import Accounts, Session
from planaris.hmi.book import Book
from planaris.hmi.command_desk import CommandDesk
from planaris.hmi.messages import MessageError, read_message
from planaris.hmi.ports import Look, Lost, PagePorts
from planaris.hmi.protocol import BEAT_S, Beat, Diff, GivenCommand, Snapshot, Watching
from planaris.hmi.traces import TraceCatalogue, TraceGroup, Wanted
from planaris.hmi.verbs import VerbCatalogue
from planaris.hmi.viewer import Channel, Viewer, encode
from planaris.model import Block
from planaris.stream import CommandAnswered, Committed, JobStateChanged, RunResumed

LOG = logging.getLogger("planaris.hmi")
# Differences go out at most so often; what came meanwhile is one of them [design].
TELL_S = 0.1
# Frames carry what came in this time [design]: one message for several samples.
FRAME_S = 0.2
# The controller is asked again only when it answered; without an answer for this long the pages are told nothing.
LOOK_LIMIT_S = 10.0
# The factory interface and a twin's world are looked at so often while a page is open [design].
ASIDE_S = 1.0
# After these the controller is asked at once for what they do not tell: priority, counts, what else is offered.
LOOK_AFTER = (CommandAnswered, JobStateChanged, RunResumed)
VIEWERS_LIMIT = 64
FORGET_S = 3600.0
ERRORS_LIMIT = 20


class Hub:
    """Pages, book and beats. `run` works until it is cancelled, on the server's own loop."""

    def __init__(
        self, ports: PagePorts, accounts: Accounts, desk: Callable[[Callable[[], float]], CommandDesk]
    ) -> None:
        self._ports, self._accounts = ports, accounts
        self.facts = ports.facts
        self.book = Book(self.facts)
        self.catalogue = TraceCatalogue(self.facts.dictionary)
        self.verbs = VerbCatalogue(self.facts.dictionary)
        self.desk = desk(self.tool_time_s)
        self._viewers: set[Viewer] = set()
        self._groups: dict[Wanted, TraceGroup] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._offered: tuple[str, ...] = ()
        self._n = 0
        self._looked: tuple[float, float] = 0.0, clock.monotonic_s()
        self._following: frozenset[str] = frozenset()
        self._follow_changed, self._look_soon = asyncio.Event(), asyncio.Event()
        self.lost_count = 0
        self._forgot_s = clock.monotonic_s()
        accounts.on_end = self._session_ended

    # -- time ----------------------------------------------------------------------------------------------------
    def tool_time_s(self) -> float:
        """Return tool time now, as of the controller's last answer."""
        time_s, at_s = self._looked
        return time_s + (clock.monotonic_s() - at_s) * self.facts.speed

    # -- life ----------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Take what the tool tells, ask it for a sign of life, and tell the pages."""
        self._fold(list(self._ports.past))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take(), name="page.take")
            tasks.create_task(self._look(), name="page.look")
            tasks.create_task(self._tell(), name="page.tell")
            tasks.create_task(self._frames(), name="page.frames")
            tasks.create_task(self._aside(), name="page.aside")
            tasks.create_task(self._follow(), name="page.follow")

    async def stop(self) -> None:
        """Say good-bye to every page."""
        for viewer in self._viewers:
            viewer.bye("stopping", "the server stops")
        for task in tuple(self._work):
            task.cancel()
        await asyncio.sleep(0.05)

    def _fold(self, items: list[Committed]) -> None:
        for first in range(0, len(items), 100):
            self.book.take(items[first : first + 100])
            self.book.tree.take()

    async def _take(self) -> None:
        while True:
            items = await self._ports.take()
            told = [item for item in items if isinstance(item, Committed)]
            self._fold_one_batch(told)
            if any(isinstance(item.event, LOOK_AFTER) for item in told):
                self._look_soon.set()
            for item in items:
                if isinstance(item, Block):
                    for group in self._groups.values():
                        group.take(item)
                elif isinstance(item, Lost) and item.events_count:
                    await self._anew(item)

    def _fold_one_batch(self, told: list[Committed]) -> None:
        """Go on by events. What cannot be folded is told, and the others are shown all the same."""
        for item in told:
            try:
                self.book.take([item])
            except Exception as error:
                self._ports.failed(f"{item.event.name} {item.sequence}: {type(error).__name__}: {error}")

    async def _anew(self, lost: Lost) -> None:
        """Events are missing: fold the whole journal of the session again."""
        self.lost_count += lost.events_count
        path = self.facts.home / "tool.db"
        events = await asyncio.to_thread(journal_events, path, self.facts.run_id)
        self.book = Book(self.facts)
        self._fold(events)
        for viewer in self._viewers:
            viewer.again()

    async def _look(self) -> None:
        """Ask the controller every half second; a beat says that it answered."""
        while True:
            begun_s = clock.monotonic_s()
            look: Look | None = None
            try:
                async with asyncio.timeout(LOOK_LIMIT_S):
                    look = await self._ports.look()
            except TimeoutError:
                LOG.warning("the controller did not answer for %g s", LOOK_LIMIT_S)
            if look is not None:
                self._looked = look.time_s, clock.monotonic_s()
                self.book.looked(look)
                if look.verbs != self._offered:
                    self._offered = look.verbs
                    for viewer in self._viewers:
                        viewer.again()
                beat: Beat = {"t": "beat", "n": self._n, "tool_time_s": round(look.time_s, 3)}
                text = encode(beat)
                for viewer in self._viewers:
                    viewer.beat(text)
            self._accounts.expire()
            if clock.monotonic_s() - self._forgot_s > FORGET_S:
                self._forgot_s = clock.monotonic_s()
                self.desk.forget()
            self._look_soon.clear()
            await asyncio.sleep(TELL_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, BEAT_S - (clock.monotonic_s() - begun_s))):
                    await self._look_soon.wait()

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            self._tell_all()

    def _tell_all(self) -> None:
        """Tell every page what changed since the last time."""
        if not self.book.tree.changed:
            return
        values, gone = self.book.tree.take()
        self._n += 1
        diff: Diff = {"t": "diff", "n": self._n, "set": [(path, value) for path, value in values], "del": gone}
        if self._viewers:
            text = encode(diff)
            for viewer in self._viewers:
                viewer.diff(text)

    async def _frames(self) -> None:
        while True:
            await asyncio.sleep(FRAME_S)
            now_s = self.tool_time_s()
            for wanted, group in self._groups.items():
                frame = group.frame(now_s)
                if frame is not None:
                    for viewer in self._viewers:
                        if viewer.wanted == wanted:
                            viewer.frame(frame)

    async def _aside(self) -> None:
        """Look at what stands beside the tool, while anybody looks."""
        while True:
            if self._viewers:
                self.book.factory(self._ports.factory())
                world = await self._ports.world()
                if world is not None:
                    self.book.world(world)
            await asyncio.sleep(ASIDE_S)

    async def _follow(self) -> None:
        while True:
            await self._follow_changed.wait()
            self._follow_changed.clear()
            await self._ports.follow(self._following)

    # -- pages ---------------------------------------------------------------------------------------------------
    @property
    def full(self) -> bool:
        """Whether no page more may come."""
        return len(self._viewers) >= VIEWERS_LIMIT

    @property
    def viewers_count(self) -> int:
        """Pages that are open."""
        return len(self._viewers)

    def enter(self, channel: Channel, session: Session) -> Viewer:
        """Take a page in; the caller runs its `Viewer.run` and hands messages to `hear`."""
        viewer = Viewer(channel, session, self._snapshot)
        self._viewers.add(viewer)
        session.open_pages += 1
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Let a page go."""
        if viewer in self._viewers:
            self._viewers.discard(viewer)
            viewer.session.open_pages -= 1
            viewer.session.seen = clock.utc_now()
            self._regroup()

    def hear(self, viewer: Viewer, text: str) -> None:
        """Take a message of a page."""
        try:
            message = read_message(text)
        except MessageError as error:
            viewer.errors_count += 1
            if viewer.errors_count > ERRORS_LIMIT:
                viewer.bye("malformed", "too many messages made no sense")
            else:
                viewer.say({"t": "error", "why": str(error)})
            return
        if message["t"] == "again":
            viewer.again()
        elif message["t"] == "watch":
            choice = self.catalogue.choose(message["tags"], message["hz"])
            viewer.wanted = choice.wanted if choice.wanted.tags else None
            answer: Watching = {
                "t": "watching",
                "tags": list(choice.wanted.tags),
                "refused": dict(choice.refused),
                "hz": choice.wanted.hz,
            }
            viewer.say(answer)
            self._regroup()
        elif message["t"] == "command":
            self._spawn(self._give(viewer, message))
        else:
            viewer.say({"t": "error", "why": "hello comes first and once"})

    async def _give(self, viewer: Viewer, given: GivenCommand) -> None:
        await self.desk.give(viewer.session, given, viewer.say)

    def _snapshot(self, session: Session) -> str:
        self._tell_all()  # so that the snapshot is that of its number
        root = self.book.tree.root
        root["time"]["tool_time_s"] = round(self.tool_time_s(), 3)
        state = {**root, "verbs": self.verbs.for_role(session.role, self._offered)}
        snapshot: Snapshot = {"t": "snapshot", "n": self._n, "state": state}  # pyright: ignore[reportAssignmentType]
        return encode(snapshot)

    def _session_ended(self, session: Session) -> None:
        for viewer in self._viewers:
            if viewer.session is session:
                viewer.bye(session.ended if session.ended in {"expired", "signed_out"} else "signed_out", "signed out")

    def _regroup(self) -> None:
        wanted = {viewer.wanted for viewer in self._viewers if viewer.wanted is not None}
        for gone in [group for group in self._groups if group not in wanted]:
            del self._groups[gone]
        for new in wanted - self._groups.keys():
            self._groups[new] = TraceGroup(new, self.catalogue, self.facts.speed)
        following = self.catalogue.rate_classes(self._groups)
        if following != self._following:
            self._following = following
            self._follow_changed.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._ports.failed(f"{type(error).__name__}: {error}")
