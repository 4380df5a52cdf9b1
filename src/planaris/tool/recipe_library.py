"""The recipe library: versions by content, approved by a second person, released by an administrator, locked in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from planaris.formats import SHORT_HASH_LENGTH, parse_recipe, recipe_hash
from planaris.model import (
    CleanerRecipe,
    InputError,
    Recipe,
    RecipeKind,
    RecipeState,
    RecipeVersion,
    ToolDescription,
)
from planaris.stream import EventStream, RecipeChanged
from planaris.tool.commands import CommandDoor, CommandRequest, Handler, RefusedError

# (state, event) -> state. What is not here is refused.
TABLE: Mapping[tuple[RecipeState, str], RecipeState] = {
    (RecipeState.DRAFT, "approve"): RecipeState.APPROVED,
    (RecipeState.APPROVED, "release"): RecipeState.RELEASED,
    (RecipeState.DRAFT, "obsolete"): RecipeState.OBSOLETE,
    (RecipeState.APPROVED, "obsolete"): RecipeState.OBSOLETE,
    (RecipeState.RELEASED, "obsolete"): RecipeState.OBSOLETE,
}


class RecipeStore(Protocol):
    """Keeps versions; the historian has one, a test may keep a list."""

    def put(self, record: RecipeVersion) -> None: ...

    def versions(self, name: str | None = None) -> Sequence[RecipeVersion]: ...


def _in_no_job() -> Mapping[str, str]:
    return {}


@dataclass(slots=True)
class RecipeFinder:
    """Finds versions in a store."""

    store: RecipeStore

    def take(self, entry: str) -> RecipeVersion:
        """Return the version that a job asks for: the last released one of a ``NAME``, or the one of ``NAME@HASH``.

        Raises `RefusedError` unless it is released.
        """
        name, at, digits = entry.partition("@")
        version = self.find(name, digits) if at else self.released(name)
        if version.state is not RecipeState.RELEASED:
            short = version.content_hash[:SHORT_HASH_LENGTH]
            raise RefusedError(f"{name}@{short} is {version.state.value}; a job takes a released version only")
        return version

    def find(self, name: str, digits: str) -> RecipeVersion:
        """Return the version of a name whose hash begins with ``digits``; raise `RefusedError` unless it is one."""
        versions = self.store.versions(name)
        if not versions:
            known = ", ".join(sorted({v.name for v in self.store.versions()})) or "none"
            raise RefusedError(f"no recipe {name} in the library; there are: {known}")
        found = [v for v in versions if v.content_hash.startswith(digits)]
        if len(found) != 1 or not digits:
            there = ", ".join(f"{v.content_hash[:SHORT_HASH_LENGTH]} ({v.state.value})" for v in versions)
            raise RefusedError(f"{len(found)} versions of {name} begin with {digits or 'nothing'}; there are: {there}")
        return found[0]

    def released(self, name: str) -> RecipeVersion:
        """Return the version of a name that was released last; raise `RefusedError` if none is."""
        found = [v for v in self.store.versions(name) if v.state is RecipeState.RELEASED]
        if not found:
            raise RefusedError(f"no version of {name} is released; approve and release one first")
        return found[-1]


@dataclass(slots=True)
class RecipeLibrary(RecipeFinder):
    """Rules of the library. ``in_use`` gives content hash -> lot of the jobs that are not over: they lock it."""

    tool: ToolDescription
    stream: EventStream
    in_use: Callable[[], Mapping[str, str]] = _in_no_job

    def offer(self, door: CommandDoor) -> None:
        """Register the library's verbs behind the door."""
        door.register("recipe.save", self._save)
        door.register("recipe.receive", self._receive)
        for verb in ("approve", "release", "obsolete"):
            door.register(f"recipe.{verb}", self._moving(verb))

    def recipe_of(self, version: RecipeVersion) -> Recipe | CleanerRecipe:
        """Return a version's recipe, checked against this tool; raise `RefusedError` with every fault."""
        try:
            return parse_recipe(version.text, f"{version.name}@{version.content_hash[:SHORT_HASH_LENGTH]}", self.tool)
        except InputError as error:
            raise RefusedError(f"{version.name} is out of {self.tool.name}'s range: {_listed(error)}") from error

    # -- commands -----------------------------------------------------------------------------------------------
    async def _save(self, request: CommandRequest) -> str:
        version, there = self._entered(request)
        if there:
            return f"{_short(version)} is there already: {version.state.value}"
        self._keep(version, request)
        return f"{_short(version)} saved as draft"

    async def _receive(self, request: CommandRequest) -> str:
        """Take a version as released on the authority of whoever sends it: the fab's recipe management."""
        version, _ = self._entered(request)
        if version.state is RecipeState.OBSOLETE:
            raise RefusedError(f"{_short(version)} was made obsolete here; send another version", ("text",))
        if version.state is RecipeState.RELEASED:
            return f"{_short(version)} is there already: released"
        self.recipe_of(version)
        who = request.principal
        released = replace(
            version,
            state=RecipeState.RELEASED,
            approved_by=version.approved_by or who,
            released_by=who,
            reason=request.reason,
        )
        self._keep(released, request)
        return f"{_short(version)} taken as released"

    def _entered(self, request: CommandRequest) -> tuple[RecipeVersion, bool]:
        """Return the version that a command brings, and whether the library has its content already."""
        text = str(request.arguments["text"])
        source = str(request.arguments.get("source", request.verb))
        try:
            recipe = parse_recipe(text, source, None)
        except InputError as error:
            raise RefusedError(f"{source}: {_listed(error)}", ("text",)) from error
        content = recipe_hash(recipe)
        kind = RecipeKind.POLISH if isinstance(recipe, Recipe) else RecipeKind.CLEANER
        there = [v for v in self.store.versions(recipe.name) if v.content_hash == content and v.kind is kind]
        made = RecipeVersion(kind, recipe.name, content, recipe.version, text, request.principal)
        return (there[0], True) if there else (made, False)

    def _moving(self, event: str) -> Handler:
        async def move(request: CommandRequest) -> str:
            version = self.find(str(request.arguments["recipe"]), str(request.arguments["content_hash"]))
            self._permit(event, version, request)
            moved = replace(version, state=TABLE[version.state, event], reason=request.reason)
            if event == "approve":
                moved = replace(moved, approved_by=request.principal)
            elif event == "release":
                moved = replace(moved, released_by=request.principal)
            self._keep(moved, request)
            return f"{version.name}@{version.content_hash[:SHORT_HASH_LENGTH]} is {moved.state.value}"

        return move

    def _permit(self, event: str, version: RecipeVersion, request: CommandRequest) -> None:
        if (version.state, event) not in TABLE:
            legal = ", ".join(e for state, e in TABLE if state is version.state) or "nothing"
            raise RefusedError(f"{version.name} is {version.state.value}: it takes {legal}, not {event}")
        if event == "approve" and request.principal == version.author:
            raise RefusedError(f"{request.principal} wrote it; somebody else must approve it")
        if event == "release":
            self.recipe_of(version)
        lot = self.in_use().get(version.content_hash)
        if lot is not None and event == "obsolete":
            raise RefusedError(f"{version.name} is in use by lot {lot}; wait for its end")

    def _keep(self, version: RecipeVersion, request: CommandRequest) -> None:
        self.store.put(version)
        self.stream.publish(
            RecipeChanged(version.name, version.content_hash, version.state.value, request.principal, request.reason)
        )


def _short(version: RecipeVersion) -> str:
    return f"{version.name}@{version.content_hash[:SHORT_HASH_LENGTH]}"


def _listed(error: InputError) -> str:
    """Return every fault in one line: path, value, what is wrong, limit and unit."""
    return "; ".join(
        f"{f.path} = {f.value}: {f.problem}" + (f" (limit {f.limit} {f.unit})".replace(" )", ")") if f.limit else "")
        for f in error.faults
    )
