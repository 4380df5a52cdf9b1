"""Commands given while no lot runs: the recipe library through the one door, journalled under the office."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from planaris import clock
from planaris.dictionary import build
from planaris.historian import OFFICE, Home, SqliteJournal, last_sequence
from planaris.model import RecipeVersion, ToolDescription
from planaris.stream import EventStream
from planaris.tool import Answer, CommandDoor, CommandRequest, RecipeLibrary


class Office:
    """A home's recipe library behind a door of its own."""

    def __init__(self, home: Home, journal: SqliteJournal, tool: ToolDescription, clock_s: Callable[[], float]) -> None:
        before = last_sequence(home.database, OFFICE)
        stream = EventStream(clock_s, journal.append, before + 1)
        self._stream = stream
        self.door = CommandDoor(stream, build(tool), clock_s, before)
        self.library = RecipeLibrary(home.recipes, tool, stream)
        self.library.offer(self.door)

    async def submit(self, request: CommandRequest) -> Answer:
        """Give a command and commit what it did."""
        answer = await self.door.submit(request)
        self._stream.flush(durable=True)
        return answer


def give(
    home_path: Path,
    tool: ToolDescription,
    verb: str,
    arguments: Mapping[str, str],
    *,
    principal: str,
    role: str,
    reason: str,
) -> Answer:
    """Open a home, give one command through its door and return the answer. Raises HomeError."""
    with (
        Home.open(home_path, label=f"planaris {verb}") as home,
        SqliteJournal(home.database, OFFICE) as journal,
    ):
        # Without a run there is no tool time; the journal keeps the wall's.
        office = Office(home, journal, tool, lambda: clock.utc_now().timestamp())
        key = f"{verb}-{clock.utc_now():%Y%m%dT%H%M%S%f}"
        return asyncio.run(office.submit(CommandRequest(verb, dict(arguments), principal, role, reason, key)))


def recipe_versions(home_path: Path, name: str | None = None) -> list[RecipeVersion]:
    """Return the versions a home keeps, oldest first. Raises HomeError."""
    with Home.open(home_path, label="planaris recipe list") as home:
        return home.recipes.versions(name)
