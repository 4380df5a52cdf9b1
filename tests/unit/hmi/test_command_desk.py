"""Commands of pages: a key is done once, whatever is cut or dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from page_served import make_accounts

from planaris.clock import utc_of_text
from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.historian import PageStore
from planaris.hmi.accounts import Session
from planaris.hmi.command_desk import UNDER_WAY_LIMIT, CommandDesk
from planaris.hmi.protocol import AnswerMessage, GivenCommand
from planaris.hmi.verbs import VerbCatalogue
from planaris.tool import Answer, AnswerStatus, CommandRequest

NOW = utc_of_text("2026-01-01T00:00:00Z")
VERBS = VerbCatalogue(build(load_tool(None)))


def person(name: str = "olga") -> Session:
    return Session("", name, "operator", "", NOW, must_change=False, seen=NOW)


def command(key: str = "key-0001", verb: str = "job.start", reason: str = "", **args: Any) -> GivenCommand:
    return {"t": "command", "key": key, "verb": verb, "args": args, "reason": reason, "expires_s": 10.0}


class Door:
    """A door that counts, and that a test may hold shut."""

    def __init__(self) -> None:
        self.requests: list[CommandRequest] = []
        self.open = asyncio.Event()
        self.open.set()

    async def submit(self, request: CommandRequest) -> Answer:
        self.requests.append(request)
        await self.open.wait()
        return Answer(f"C{len(self.requests):06d}", AnswerStatus.DONE, "so it is")


@pytest.fixture
def store(tmp_path: Path) -> Generator[PageStore]:
    make_accounts(tmp_path, {})
    with PageStore(tmp_path / "tool.db") as found:
        yield found


def desk(store: PageStore, door: Door, speed: float = 20.0) -> CommandDesk:
    return CommandDesk(store, VERBS, door.submit, lambda: 100.0, speed)


async def give(at: CommandDesk, given: GivenCommand, by: Session | None = None) -> list[AnswerMessage]:
    told: list[AnswerMessage] = []
    await at.give(by or person(), given, told.append)
    return told


def statuses(told: list[AnswerMessage]) -> list[str]:
    return [message["status"] for message in told]


def test_the_person_and_the_expiry_go_with_the_command(store: PageStore) -> None:
    async def story() -> None:
        door = Door()
        told = await give(desk(store, door), command(lot_id="A"))
        assert statuses(told) == ["accepted", "done"]
        assert told[-1]["command_id"] == "C000001"
        (request,) = door.requests
        assert (request.principal, request.role, request.arguments) == ("olga", "operator", {"lot_id": "A"})
        assert request.expires_at_s == 100.0 + 10.0 * 20.0  # ten seconds of the person's time

    asyncio.run(story())


def test_the_same_key_again_is_done_once(store: PageStore) -> None:
    async def story() -> None:
        door = Door()
        at = desk(store, door)
        first = await give(at, command(lot_id="A"))
        assert await give(at, command(lot_id="A")) == first[1:]
        # After a restart, too: the key is in the home.
        assert await give(desk(store, door), command(lot_id="A")) == first[1:]
        other = await give(at, command(lot_id="B"))
        assert statuses(other) == ["refused"]
        assert "another command" in other[0]["why"]
        assert statuses(await give(at, command(lot_id="A"), person("otto"))) == ["accepted", "done"]
        assert len(door.requests) == 2

    asyncio.run(story())


def test_the_same_key_while_it_is_under_way_waits_for_the_one_answer(store: PageStore) -> None:
    async def story() -> None:
        door = Door()
        door.open.clear()
        at = desk(store, door)
        one, two = (asyncio.create_task(give(at, command(lot_id="A"))) for _ in range(2))
        await asyncio.sleep(0)
        refused = await give(at, command(lot_id="B"))
        assert statuses(refused) == ["refused"]
        one.cancel()  # the page is cut; the command goes on
        door.open.set()
        assert statuses(await two) == ["accepted", "done"]
        assert len(door.requests) == 1

    asyncio.run(story())


def test_a_death_in_between_leaves_it_unknown_and_undone(store: PageStore) -> None:
    async def story() -> None:
        door = Door()
        door.open.clear()
        under_way = asyncio.create_task(give(desk(store, door), command(lot_id="A")))
        await asyncio.sleep(0.01)
        again = Door()
        told = await give(desk(store, again), command(lot_id="A"))
        assert statuses(told) == ["unknown"]
        assert "look whether it was done" in told[0]["why"]
        assert not again.requests
        under_way.cancel()

    asyncio.run(story())


def test_what_needs_a_reason_and_what_came_too_late(store: PageStore) -> None:
    async def story() -> None:
        door = Door()
        at = desk(store, door)
        assert statuses(await give(at, command(verb="job.abort", lot_id="A"))) == ["refused"]
        assert statuses(await give(at, command(verb="job.abort", reason="it burns", lot_id="A"))) == [
            "accepted",
            "done",
        ]
        late = command("key-0002", lot_id="A")
        late["expires_s"] = 0.0
        assert statuses(await give(at, late)) == ["expired"]
        assert len(door.requests) == 1

    asyncio.run(story())


def test_one_person_cannot_fill_the_door(store: PageStore) -> None:
    async def story() -> None:
        door = Door()
        door.open.clear()
        at = desk(store, door)
        tasks = [asyncio.create_task(give(at, command(f"key-{n:04d}", lot_id="A"))) for n in range(UNDER_WAY_LIMIT)]
        await asyncio.sleep(0)
        assert statuses(await give(at, command("key-more", lot_id="A"))) == ["refused"]
        other = asyncio.create_task(give(at, command(lot_id="A"), person("otto")))
        await asyncio.sleep(0)
        door.open.set()
        assert statuses(await other) == ["accepted", "done"]
        await asyncio.gather(*tasks)

    asyncio.run(story())
