"""Recipes between host and library: S7F1-F6, F17-F20, and formatted F23-F26. PPID is a recipe's name, or NAME@HASH."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planaris.factory.gem import shape
from planaris.factory.gem.core import Core, Later, Table, refused, served
from planaris.factory.gem.declared import ascii_text, nearest_name
from planaris.factory.gem.formatted import FormattedError, commands_of, from_item, text_of, to_item
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import U4, A, B, L
from planaris.formats import RECIPE_LIMIT_BYTES, SHORT_HASH_LENGTH, parse_recipe
from planaris.model import InputError, RecipeState, RecipeVersion
from planaris.tool import AnswerStatus, CommandRequest

# PPGNT and ACKC7 (SEMI E5). 64 is the equipment's own: the body is no recipe; S7F27 says why.
GRANTED, HAVE_IT, NO_SPACE, BAD_PPID = 0, 1, 2, 3
DONE, NOT_PERMITTED, NO_PPID, NO_RECIPE = 0, 1, 4, 64
# Longest ERRW7 and most errors in one S7F27 (SEMI E5, from memory, unverified).
_ERROR_LIMIT_COUNT, _ERRORS_COUNT = 80, 50
# Keys of a recipe that hold arrays, also of one element.
_ARRAYS = frozenset({"zone_pressure_psi", "zone_pressure_kPa", "dwell_ratio"})


@dataclass(frozen=True, slots=True)
class _Body:
    """A formatted recipe as it came."""

    ppid: str
    model: str
    commands: Item


class Recipes:
    """Serves stream 7 on the recipe library; every change goes through the tool's one door."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._count = 0
        # Recipes that were announced -> when they must have come.
        self._announced: dict[str, float] = {}
        core.computed["tool.pp_format"] = lambda: core.declared.dictionary.code("pp_format", "both")

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {
            (7, 1): served(_inquiry, lambda asked: Later(lambda: self._inquire(*asked))),
            (7, 3): served(_unformatted, self._unformatted),
            (7, 5): served(_ppid, lambda ppid: Later(lambda: self._send(ppid))),
            (7, 17): served(_ppids, lambda ppids: Later(lambda: self._delete(ppids))),
            (7, 19): served(shape.nothing, lambda _: Later(self._directory)),
            (7, 23): served(_formatted, lambda sent: Later(lambda: self._receive_formatted(sent))),
            (7, 25): served(_ppid, lambda ppid: Later(lambda: self._send_formatted(ppid))),
        }

    @property
    def deadline_s(self) -> float:
        """When `tick` has something to do; infinity for never."""
        return min(self._announced.values(), default=math.inf)

    def tick(self, now_s: float) -> None:
        """Tell which announced recipe did not come in time."""
        for ppid in [p for p, due_s in self._announced.items() if now_s >= due_s]:
            del self._announced[ppid]
            self._core.missing("S07F03", ppid)

    def lost(self) -> None:
        """Expect nothing any more: the link is gone."""
        self._announced.clear()

    def _unformatted(self, sent: tuple[str, str]) -> Later:
        self._announced.pop(sent[0], None)
        return Later(lambda: self._receive("S7F3", *sent))

    # -- library -------------------------------------------------------------------------------------------------

    async def _versions(self, ppid: str) -> list[RecipeVersion]:
        """Return what a PPID names and is not obsolete, the newest last."""
        name, _, digits = ppid.partition("@")
        found = await self._core.ports.recipes(name)
        return [v for v in found if v.state is not RecipeState.OBSOLETE and v.content_hash.startswith(digits)]

    async def _best(self, ppid: str) -> RecipeVersion | None:
        """Return the version that a PPID means: the one released last, else the newest."""
        versions = await self._versions(ppid)
        released = [v for v in versions if v.state is RecipeState.RELEASED]
        return (released or versions or [None])[-1]

    async def _names(self) -> list[str]:
        versions = await self._core.ports.recipes()
        return sorted({v.name for v in versions if v.state is not RecipeState.OBSOLETE})

    async def _used_by(self, ppid: str) -> str:
        """Return the lot whose job uses a recipe, '' if none does."""
        in_use = await self._core.ports.recipes_in_use()
        return next((in_use[v.content_hash] for v in await self._versions(ppid) if v.content_hash in in_use), "")

    # -- from the host -------------------------------------------------------------------------------------------

    async def _inquire(self, ppid: str, length: int) -> Item:
        name, at, _ = ppid.partition("@")
        if not name or not ppid.isprintable():
            refused("S7F1", f'"{ppid}" is no name of a recipe')
            return B(BAD_PPID)
        if length > RECIPE_LIMIT_BYTES:
            refused("S7F1", f"{length} bytes; a recipe has at most {RECIPE_LIMIT_BYTES}")
            return B(NO_SPACE)
        # A name may get another version any time; one version is there or is not.
        if at and await self._versions(ppid):
            return B(HAVE_IT)
        self._announced[ppid] = self._core.now_s() + self._core.settings.conversation_limit_s
        return B(GRANTED)

    async def _receive(self, message: str, ppid: str, text: str, errors: Sequence[tuple[int, str]] = ()) -> Item:
        name = ppid.partition("@")[0]
        if lot := await self._used_by(name):
            refused(message, f"{name} is in use by lot {lot}; wait for its end")
            return B(NOT_PERMITTED)
        errors = list(errors) or _errors(name, text)
        if errors:
            refused(message, "; ".join(why for _, why in errors))
            self._verification(ppid, errors)
            return B(NO_RECIPE)
        releases = self._core.settings.host_may_release
        verb = "recipe.receive" if releases else "recipe.save"
        why = await self._give(verb, text=text, source=f"{message} of {self._core.settings.host_name}")
        if why:
            refused(message, why)
            return B(NOT_PERMITTED)
        return B(DONE)

    async def _receive_formatted(self, sent: _Body) -> Item:
        self._announced.pop(sent.ppid, None)
        if sent.model not in {"", self._core.settings.model}:
            why = f"it was made for {sent.model}, this is {self._core.settings.model}"
            return await self._receive("S7F23", sent.ppid, "", [(0, why)])
        try:
            text = text_of(from_item(sent.commands), _ARRAYS)
        except FormattedError as error:
            return await self._receive("S7F23", sent.ppid, "", [(error.command, str(error))])
        return await self._receive("S7F23", sent.ppid, text)

    def _verification(self, ppid: str, errors: Sequence[tuple[int, str]]) -> None:
        told = [L(B(NO_RECIPE), U4(n), A(ascii_text(why, _ERROR_LIMIT_COUNT))) for n, why in errors[:_ERRORS_COUNT]]
        self._core.post(7, 27, L(A(ascii_text(ppid)), L(*told)))

    async def _delete(self, ppids: tuple[str, ...]) -> Item:
        names = ppids or tuple(await self._names())
        found = {ppid: await self._versions(ppid) for ppid in names}
        unknown = [ppid for ppid, versions in found.items() if not versions]
        if unknown:
            known = await self._names()
            refused("S7F17", "; ".join(f"no recipe {p}; {nearest_name(p, known)}" for p in unknown))
            return B(NO_PPID)
        for ppid in names:
            if lot := await self._used_by(ppid):
                refused("S7F17", f"{ppid} is in use by lot {lot}; nothing was deleted")
                return B(NOT_PERMITTED)
        for version in (v for versions in found.values() for v in versions):
            why = await self._give("recipe.obsolete", recipe=version.name, content_hash=version.content_hash)
            if why:
                refused("S7F17", why)
                return B(NOT_PERMITTED)
        return B(DONE)

    async def _give(self, verb: str, **arguments: str) -> str:
        """Give a command of the library in the host's name; return '' or why it was not done."""
        self._count += 1
        who = self._core.settings.host_name
        key = f"{who}-recipe-{self._core.utc_ns()}-{self._count}"
        answer = await self._core.ports.submit(CommandRequest(verb, arguments, who, "host", "stream 7", key))
        return "" if answer.status is AnswerStatus.DONE else answer.why

    # -- to the host ---------------------------------------------------------------------------------------------

    async def _send(self, ppid: str) -> Item:
        version = await self._best(ppid)
        if version is None:
            refused("S7F5", f"no recipe {ppid}; {nearest_name(ppid, await self._names())}")
            return L()
        text = version.text
        return L(A(ascii_text(ppid)), A(text) if text.isascii() else B(text.encode()))

    async def _send_formatted(self, ppid: str) -> Item:
        version = await self._best(ppid)
        if version is None:
            refused("S7F25", f"no recipe {ppid}; {nearest_name(ppid, await self._names())}")
            return L()
        settings = self._core.settings
        commands = to_item(commands_of(version.text))
        return L(A(ascii_text(ppid)), A(settings.model), A(settings.software), commands)

    async def _directory(self) -> Item:
        return L(*(A(ascii_text(name)) for name in await self._names()))


def version_ppid(version: RecipeVersion) -> str:
    """Return the PPID of exactly one version."""
    return f"{version.name}@{version.content_hash[:SHORT_HASH_LENGTH]}"


def _errors(name: str, text: str) -> list[tuple[int, str]]:
    """Return everything that is wrong with a recipe's text, numbered; nothing if it is a recipe of that name."""
    try:
        recipe = parse_recipe(text, name, None)
    except InputError as error:
        return [(n, f"{f.path} = {f.value}: {f.problem}") for n, f in enumerate(error.faults, start=1)]
    if recipe.name != name:
        return [(0, f"PPID is {name}, the recipe's name is {recipe.name}")]
    return []


def _inquiry(body: Item | None) -> tuple[str, int]:
    ppid, length = shape.listed(body, counts=(2,))
    return shape.name(ppid, "PPID"), shape.count(length, "LENGTH")


def _ppid(body: Item | None) -> str:
    return shape.name(body, "PPID")


def _ppids(body: Item | None) -> tuple[str, ...]:
    return () if body is None else tuple(shape.name(item, "PPID") for item in shape.listed(body))


def _unformatted(body: Item | None) -> tuple[str, str]:
    ppid, content = shape.listed(body, counts=(2,))
    return shape.name(ppid, "PPID"), _text(content)


def _text(content: Item) -> str:
    if isinstance(content.value, bytes):
        return content.value.decode("utf-8", "replace")
    return shape.text(content, "PPBODY")


def _formatted(body: Item | None) -> _Body:
    ppid, model, _, commands = shape.listed(body, counts=(4,))
    from_item(commands)  # a wrong structure is told before anything else
    return _Body(shape.name(ppid, "PPID"), shape.text(model, "MDLN"), commands)
