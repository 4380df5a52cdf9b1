"""Commands given while no lot runs: the recipe library through the one door, journalled under the office."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from planaris import clock
from planaris.app.resume import used_by_open_run
from planaris.dictionary import build
from planaris.formats import SHORT_HASH_LENGTH, FindRecipe
from planaris.historian import OFFICE, Home, SqliteJournal, last_sequence
from planaris.model import InputError, InputFault, RecipeVersion, ToolDescription
from planaris.stream import EventStream
from planaris.tool import Answer, CommandDoor, CommandRequest, RecipeFinder, RecipeLibrary, RefusedError


class Office:
    """A home's recipe library behind a door of its own."""

    def __init__(self, home: Home, journal: SqliteJournal, tool: ToolDescription, clock_s: Callable[[], float]) -> None:
        before = last_sequence(home.database, OFFICE)
        stream = EventStream(clock_s, journal.append, before + 1)
        self._stream = stream
        self.door = CommandDoor(stream, build(tool), clock_s, before)
        self.library = RecipeLibrary(home.recipes, tool, stream, lambda: used_by_open_run(home))
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


def recipe_finder(home: Home) -> FindRecipe:
    """Return what looks released recipes up in an open home."""

    def find(entry: str) -> tuple[str, str]:
        try:
            version = RecipeFinder(home.recipes).take(entry)
        except RefusedError as error:
            fault = InputFault(entry, f'"{entry}"', str(error), remedy="see planaris recipe list, or name a file")
            raise InputError(str(home.path), (fault,)) from error
        return version.text, f"{version.name}@{version.content_hash[:SHORT_HASH_LENGTH]}"

    return find


def recipe_finder_at(home_path: Path) -> FindRecipe:
    """Return what looks released recipes up in a home that is opened for each of them. It raises HomeError."""

    def find(entry: str) -> tuple[str, str]:
        if not (home_path / "tool.db").exists():
            fault = InputFault(entry, f'"{entry}"', f"{home_path} has no recipe library", remedy="save a recipe there")
            raise InputError(str(home_path), (fault,))
        with Home.open(home_path, label="planaris run") as home:
            return recipe_finder(home)(entry)

    return find


def recipe_versions(home_path: Path, name: str | None = None) -> list[RecipeVersion]:
    """Return the versions a home keeps, oldest first. Raises HomeError."""
    with Home.open(home_path, label="planaris recipe list") as home:
        return home.recipes.versions(name)
