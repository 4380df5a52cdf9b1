"""The hub: beats say that control answered, lost events are folded anew, a broken event breaks nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_served import Channel, make_accounts

from planaris.clock import utc_of_text
from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.historian import Home, PageStore, RunRecord, SqliteJournal
from planaris.hmi.accounts import Accounts, Session
from planaris.hmi.command_desk import CommandDesk
from planaris.hmi.hub import Hub
from planaris.hmi.inbox import PageInbox
from planaris.hmi.passwords import PasswordPool
from planaris.hmi.ports import FactoryLook, Look, PageItem, Released, StepCharts, ToolFacts, WorldLook
from planaris.hmi.protocol import STALE_S
from planaris.model import Block, Quality, Severity
from planaris.processes import load_package
from planaris.stream import AlarmSet, Committed, Event, EventStream, ModuleStateChanged, StepStarted
from planaris.tool import Answer, AnswerStatus, CommandRequest

TOOL = load_tool(None)
NOW = utc_of_text("2026-01-01T00:00:00Z")
LOOK = Look(1.0, "connected", "", ("job.start",), (), (), (), {"platen1": "idle"}, {}, ())


class Ports:
    """A tool that a test plays."""

    def __init__(self, home: Path, inbox: PageInbox) -> None:
        package = load_package("oxide_ild")
        dictionary = build(TOOL)
        self.facts = ToolFacts("run-0001-T", home, home, TOOL, dictionary, package, "TEOS", "twin", 1.0, "0", "")
        self.past: tuple[Committed, ...] = ()
        self.inbox, self.looks, self.failures = inbox, LOOK, list[str]()
        self.answers = asyncio.Event()
        self.answers.set()
        self.following: frozenset[str] = frozenset()

    async def take(self) -> Any:
        items: list[PageItem] = list(await self.inbox.take())
        return items

    async def look(self) -> Look:
        await self.answers.wait()
        return self.looks

    async def charts(self) -> tuple[StepCharts, ...]:
        return ()

    async def world(self) -> WorldLook | None:
        return None

    async def truth(self, wafer_id: str) -> bytes | None:
        return None

    def factory(self) -> FactoryLook:
        return FactoryLook()

    async def submit(self, request: CommandRequest) -> Answer:
        return Answer("C1", AnswerStatus.DONE)

    async def note(self, event: Event) -> None:
        pass

    async def recipes(self) -> Released:
        return Released(())

    async def runs(self) -> tuple[RunRecord, ...]:
        return ()

    async def follow(self, rate_classes: frozenset[str]) -> None:
        self.following = rate_classes

    def failed(self, detail: str) -> None:
        self.failures.append(detail)

    def tell(self, text: str) -> None:
        pass


class Socket:
    """A channel that keeps what is sent in a page's own words."""

    def __init__(self) -> None:
        self.page = Channel.__new__(Channel)
        self.page.state, self.page.n, self.page.messages, self.page.frames = {}, -1, [], []
        self.page.bytes_count = 0
        self._data: str | bytes = ""
        self.page.socket = self  # pyright: ignore[reportAttributeAccessIssue]

    def recv(self, _limit_s: float) -> str | bytes:
        return self._data

    async def send_text(self, data: str) -> None:
        self._data = data
        self.page.hear()

    async def send_bytes(self, data: bytes) -> None:
        self._data = data
        self.page.hear()

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        pass


class Stage:
    """A hub with a page that is open, and the stream behind it."""

    def __init__(self, home: Path, store: PageStore, pool: PasswordPool, journal: SqliteJournal, room: int) -> None:
        self.inbox = PageInbox(events_limit=room)
        self.ports = Ports(home, self.inbox)
        self.stream = EventStream(lambda: 1.0, journal.append)
        self.stream.listen(self.inbox)
        accounts = Accounts(store, pool, self.ports.note, lambda count: bytes(count), lambda: NOW)
        submit = self.ports.submit
        self.hub = Hub(self.ports, accounts, lambda now_s: CommandDesk(store, self.hub_verbs(), submit, now_s, 1.0))
        self.socket = Socket()
        self.session = Session("", "olga", "operator", "", NOW, must_change=False, seen=NOW)
        self.viewer = self.hub.enter(self.socket, self.session)

    @staticmethod
    def hub_verbs() -> Any:
        from planaris.hmi.verbs import VerbCatalogue

        return VerbCatalogue(build(TOOL))

    @property
    def beats(self) -> int:
        return sum(m["t"] == "beat" for m in self.socket.page.messages)

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not what():  # noqa: ASYNC110  what is looked for has no event
                await asyncio.sleep(0.02)


Story = Callable[[Stage], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    def run(story: Story, room: int = 1000) -> None:
        async def main() -> None:
            stage = Stage(tmp_path, store, pool, journal, room)
            works = [asyncio.create_task(stage.hub.run()), asyncio.create_task(stage.viewer.run())]
            try:
                await stage.until(lambda: stage.socket.page.state)
                await story(stage)
            finally:
                for work in works:
                    work.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.gather(*works)

        make_accounts(tmp_path, {})
        pool = PasswordPool(lambda count: bytes(count))
        with Home.open(tmp_path, label="a test") as home, PageStore(tmp_path / "tool.db") as store:
            home.new_run("T")
            with SqliteJournal(home.database, "run-0001-T") as journal:
                asyncio.run(main())
        pool.close()

    return run


def test_without_an_answer_of_control_there_is_no_beat(play: Callable[..., None]) -> None:
    async def story(stage: Stage) -> None:
        await stage.until(lambda: stage.beats >= 2)
        stage.ports.answers.clear()
        await asyncio.sleep(0.6)
        before = stage.beats
        await asyncio.sleep(STALE_S)
        assert stage.beats == before
        stage.ports.answers.set()
        await stage.until(lambda: stage.beats > before)

    play(story)


def test_events_come_as_differences_and_no_gap(play: Callable[..., None]) -> None:
    async def story(stage: Stage) -> None:
        for number in range(5):
            stage.stream.commit(ModuleStateChanged("platen1", "idle", f"state {number}", "go"))
            stage.ports.looks = replace(LOOK, modules={"platen1": f"state {number}"})
            await asyncio.sleep(0.15)
        await stage.until(lambda: stage.socket.page.state["modules"]["platen1"]["state"] == "state 4")
        assert stage.socket.page.n >= 2

    play(story)


def test_what_did_not_fit_is_folded_from_the_journal(play: Callable[..., None]) -> None:
    async def story(stage: Stage) -> None:
        for number in range(20):
            stage.stream.publish(AlarmSet("pad_dry", "platen1", Severity.ERROR, f"A-{number:02d}", ""))
        stage.stream.flush()
        await stage.until(lambda: len(stage.socket.page.state["alarms"]["active"]) == 20)
        assert stage.hub.lost_count == 15
        assert not stage.ports.failures

    play(story, room=5)


def test_an_event_that_cannot_be_shown_is_told_and_breaks_nothing(play: Callable[..., None]) -> None:
    async def story(stage: Stage) -> None:
        broken = StepStarted("A-01", 1, 1, 0, "P1", "polish")
        stage.hub.book.recipes["A"] = object()  # pyright: ignore[reportArgumentType]
        stage.hub.book.tree.put({"lot_id": "A"}, "wafers", "A-01")
        stage.stream.publish(broken)
        stage.stream.publish(ModuleStateChanged("platen1", "idle", "polishing", "go"))
        stage.stream.flush()
        await stage.until(lambda: stage.ports.failures)
        assert "step_started 1" in stage.ports.failures[0]
        assert stage.hub.book.tree.get("modules", "platen1", "doing") == "go"

    play(story)


def test_only_what_is_watched_is_followed(play: Callable[..., None]) -> None:
    async def story(stage: Stage) -> None:
        assert stage.ports.following == frozenset()
        stage.hub.hear(stage.viewer, '{"t":"watch","tags":["platen1.torque_Nm","head2.up"],"hz":20}')
        await stage.until(lambda: stage.ports.following == frozenset({"platen1.fast", "state"}))
        times = np.arange(100) / 100.0
        good = np.full(100, int(Quality.GOOD), dtype=np.uint8)
        values = np.ones((100, 1), dtype=np.float32)
        stage.inbox.put(Block("platen1.fast", ("platen1.torque_Nm",), times, values, good, 1))
        await stage.until(lambda: stage.socket.page.frames)
        stage.hub.hear(stage.viewer, '{"t":"watch","tags":[],"hz":20}')
        await stage.until(lambda: stage.ports.following == frozenset())
        stage.hub.hear(stage.viewer, '{"t":"watch","tags":["platen1.torque_Nm"],"hz":20}')
        stage.hub.leave(stage.viewer)
        await stage.until(lambda: stage.ports.following == frozenset())

    play(story)


def test_a_session_that_ends_ends_its_pages(play: Callable[..., None]) -> None:
    async def story(stage: Stage) -> None:
        stage.session.ended = "expired"
        stage.hub._session_ended(stage.session)
        await stage.until(lambda: any(m["t"] == "bye" for m in stage.socket.page.messages))
        assert stage.socket.page.messages[-1]["code"] == "expired"

    play(story)
