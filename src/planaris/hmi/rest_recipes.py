"""Recipes over HTTP: the library, a version as text and as fields, all faults of a draft, and saving one."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable
from typing import Any, cast

import tomlkit
from starlette.requests import Request
from starlette.responses import Response

from planaris.formats import diff_recipes, parse_recipe, recipe_hash, recipe_schema
from planaris.hmi.accounts import Session
from planaris.hmi.answers import RefusedRequestError, answer, body_of, fault_of, text_in
from planaris.hmi.entry import Entry
from planaris.hmi.ports import PagePorts
from planaris.model import CleanerRecipe, InputError, Recipe, RecipeVersion
from planaris.tool import AnswerStatus, CommandRequest

TEXT_LIMIT = 200_000
# Where a recipe that was made on the page comes from, as its faults name it.
SOURCE = "page"


class RecipeDesk:
    """Answers about the recipe library. ``key`` makes a key for a command."""

    def __init__(self, ports: PagePorts, key: Callable[[], str]) -> None:
        self._ports, self._key = ports, key
        self._tool = ports.facts.description
        self._schema = recipe_schema(self._tool)

    def entries(self) -> tuple[Entry, ...]:
        """Return the paths."""
        recipes = "/api/recipes"
        return (
            Entry("GET", recipes, "The versions in the recipe library.", self._list),
            Entry(
                "POST", recipes, "Save a draft, as fields or as TOML.", self._save, body=("fields", "text", "reason")
            ),
            Entry("GET", f"{recipes}/schema", "JSON schemas of polish and cleaner recipes.", self._schema_of),
            Entry("POST", f"{recipes}/check", "All faults of a draft.", self._check, body=("fields", "text")),
            Entry("GET", f"{recipes}/diff", "What differs, in meaning.", self._diff, query=("before", "after")),
            Entry("GET", f"{recipes}/{{version}}", "One version, NAME@HASH: text and fields.", self._one),
        )

    async def find(self, entry: str) -> RecipeVersion:
        """Return the version of NAME@HASH, or the newest of NAME. Raises RefusedRequestError."""
        name, _, digits = entry.partition("@")
        versions = [v for v in (await self._ports.recipes()).versions if v.name == name]
        found = [v for v in versions if v.content_hash.startswith(digits)]
        if not found or (digits and len(found) > 1):
            raise RefusedRequestError(404, "recipe", f"{len(found)} versions are called {entry[:100]}")
        return found[-1]

    def parsed(self, text: str, source: str) -> Recipe | CleanerRecipe:
        """Return a recipe from its text. Raises RefusedRequestError with every fault."""
        try:
            return parse_recipe(text, source, self._tool)
        except InputError as error:
            raise RefusedRequestError(422, "recipe", "the recipe has faults", error.faults) from error

    # -- answers -------------------------------------------------------------------------------------------------
    async def _list(self, _request: Request, _session: Session) -> Response:
        library = await self._ports.recipes()
        rows = [
            {
                "name": v.name,
                "hash": v.content_hash,
                "kind": v.kind.value,
                "label": v.label,
                "state": v.state.value,
                "author": v.author,
                "approved_by": v.approved_by,
                "released_by": v.released_by,
                "reason": v.reason,
                "lots": [lot] if (lot := library.in_use.get(v.content_hash)) else [],
            }
            for v in library.versions
        ]
        return answer({"recipes": rows})

    async def _schema_of(self, _request: Request, _session: Session) -> Response:
        return answer(self._schema)

    async def _one(self, request: Request, _session: Session) -> Response:
        version = await self.find(request.path_params["version"])
        entered: dict[str, str] = {}
        faults: list[Any] = []
        try:
            entered = dict(parse_recipe(version.text, version.name, self._tool).entered)
        except InputError as error:
            faults = [fault_of(fault) for fault in error.faults]
        body = {
            "name": version.name,
            "hash": version.content_hash,
            "kind": version.kind.value,
            "state": version.state.value,
            "author": version.author,
            "approved_by": version.approved_by,
            "released_by": version.released_by,
            "reason": version.reason,
            "text": version.text,
            "fields": tomllib.loads(version.text),
            "entered": entered,
            "faults": faults,
        }
        return answer(body)

    async def _check(self, request: Request, _session: Session) -> Response:
        text = text_of(await body_of(request))
        try:
            recipe = await asyncio.to_thread(parse_recipe, text, SOURCE, self._tool)
        except InputError as error:
            return answer({"faults": [fault_of(fault) for fault in error.faults], "text": text, "hash": ""})
        return answer({"faults": [], "text": text, "hash": recipe_hash(recipe)})

    async def _save(self, request: Request, session: Session) -> Response:
        body = await body_of(request)
        text = text_of(body)
        reason = text_in(body, "reason", 500) if "reason" in body else ""
        recipe = self.parsed(text, SOURCE)
        arguments = {"text": text, "source": SOURCE}
        given = CommandRequest("recipe.save", arguments, session.user, session.role, reason, self._key())
        told = await self._ports.submit(given)
        if told.status is not AnswerStatus.DONE:
            raise RefusedRequestError(409, told.status.value, told.why)
        return answer({"name": recipe.name, "hash": recipe_hash(recipe), "why": told.why}, 201)

    async def _diff(self, request: Request, _session: Session) -> Response:
        asked = [request.query_params.get(side, "") for side in ("before", "after")]
        before, after = [self.parsed((await self.find(side)).text, side) for side in asked]
        try:
            changes = diff_recipes(before, after)
        except TypeError as error:
            raise RefusedRequestError(422, "recipe", str(error)) from error
        return answer({"changes": changes})


def text_of(body: dict[str, Any]) -> str:
    """Return the TOML of a body: its ``text``, or its ``fields`` written down. Raises RefusedRequestError."""
    if "text" in body:
        return text_in(body, "text", TEXT_LIMIT)
    fields = body.get("fields")
    if not isinstance(fields, dict):
        raise RefusedRequestError(422, "body", "the body has neither text nor fields")
    try:
        text = tomlkit.dumps(_without_none(cast("dict[str, Any]", fields)))
        text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise RefusedRequestError(422, "body", "the fields cannot be written as TOML") from error
    if len(text) > TEXT_LIMIT:
        raise RefusedRequestError(413, "size", f"a recipe has {TEXT_LIMIT} characters at most")
    return text


def _without_none(value: Any) -> Any:
    """Leave out what is null: TOML has no word for it."""
    if isinstance(value, dict):
        return {str(k): _without_none(v) for k, v in cast("dict[Any, Any]", value).items() if v is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in cast("list[Any]", value) if item is not None]
    return value
