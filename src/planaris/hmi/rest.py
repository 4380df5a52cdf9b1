"""The REST interface beside sign-in and accounts: history, recipes, dictionary, and what would happen if."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from planaris import clock
from planaris.formats import dump_recipe
from planaris.historian import PageStore
from planaris.hmi.accounts import Session
from planaris.hmi.answers import RefusedRequestError, answer, body_of, plain
from planaris.hmi.entry import Entry
from planaris.hmi.hub import Hub
from planaris.hmi.ports import PagePorts
from planaris.hmi.rest_control import ProcessControl
from planaris.hmi.rest_history import History
from planaris.hmi.rest_recipes import RecipeDesk
from planaris.hmi.rest_training import Training
from planaris.hmi.what_if import Wear, WhatIf, changed
from planaris.hmi.words import words
from planaris.model import Recipe

# Set-points that may be tried, and what is beyond every machine [design].
_TRIED: Mapping[str, float] = {
    "ring_pressure_kPa": 200.0,
    "back_pressure_kPa": 200.0,
    "platen_speed_rpm": 400.0,
    "head_speed_rpm": 400.0,
    "slurry_flow_ml_min": 2000.0,
    "platen_temperature_C": 100.0,
    "time_s": 1000.0,
}
_ZONES = "zone_pressure_kPa"


def rest_entries(ports: PagePorts, hub: Hub, store: PageStore, key: Callable[[], str]) -> tuple[Entry, ...]:
    """Return every path beside sign-in and accounts; ``key`` makes keys of commands."""
    recipes = RecipeDesk(ports, key)
    return (
        *History(ports).entries(),
        *ProcessControl(ports).entries(),
        *Training(ports.facts, store).entries(),
        *recipes.entries(),
        *Trial(ports, hub, recipes).entries(),
        Entry("GET", "/api/dictionary", "What things are called: lang=en or zh.", Words(ports).answer, query=("lang",)),
    )


class Words:
    """The dictionary for people."""

    def __init__(self, ports: PagePorts) -> None:
        facts = ports.facts
        zones_count = len(facts.description.head.zone_outer_mm)
        self._words = {language: words(facts.dictionary, language, zones_count) for language in ("en", "zh")}

    async def answer(self, request: Request, _session: Session) -> Response:
        """Answer in the language that is asked for."""
        return answer(self._words["zh" if request.query_params.get("lang", "") == "zh" else "en"])


class Trial:
    """What if: one answer at a time, so that no slider takes more than a part of one core."""

    def __init__(self, ports: PagePorts, hub: Hub, recipes: RecipeDesk) -> None:
        facts = ports.facts
        self._hub, self._recipes, self._facts = hub, recipes, facts
        self._what_if = WhatIf(facts.package, facts.description)
        self._one = asyncio.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """Return the path."""
        body = ("recipe", "lot_id", "step", "changes", "pad_wafers_count", "disk_h", "ring_h", "with_text")
        text = "What set-points would remove: by radius, with its interval."
        return (Entry("POST", "/api/what-if", text, self._answer, body=body),)

    async def _answer(self, request: Request, _session: Session) -> Response:
        body = await body_of(request)
        recipe = await self._recipe_of(body)
        if recipe.process_package != self._facts.package.name:
            why = f"{recipe.name} is of process package {recipe.process_package}, here is {self._facts.package.name}"
            raise RefusedRequestError(422, "package", why)
        step = _number(body, "step", 0, len(recipe.steps) - 1)
        tried = changed(
            recipe, int(step), _changes(body.get("changes") or {}, len(self._facts.description.head.zone_outer_mm))
        )
        wear = Wear(
            int(_number(body, "pad_wafers_count", 0, 20_000)),
            _number(body, "disk_h", 0, 500),
            _number(body, "ring_h", 0, 5_000),
        )
        async with self._one:
            begun_s = clock.monotonic_s()
            profile = await asyncio.to_thread(self._what_if.answer, tried, wear)
            took_ms = 1e3 * (clock.monotonic_s() - begun_s)
        found: dict[str, Any] = plain(profile)
        found["radius_mm"] = found.pop("radii_mm")
        found["took_ms"] = round(took_ms, 2)
        found["target_nm"] = recipe.target_removal_nm
        found["steps"] = [
            {"name": s.name, "platen": s.platen, "kind": s.kind.value, "time_s": s.end.time_s} for s in tried.steps
        ]
        if body.get("with_text") is True:
            found["text"] = dump_recipe(tried)
        return answer(found)

    async def _recipe_of(self, body: dict[str, Any]) -> Recipe:
        lot_id, entry = body.get("lot_id"), body.get("recipe")
        if isinstance(lot_id, str) and lot_id:
            known = self._hub.book.recipes.get(lot_id)
            if known is None:
                raise RefusedRequestError(404, "lot", f"no job of lot {lot_id[:100]}")
            return known
        if not isinstance(entry, str):
            raise RefusedRequestError(422, "body", "the body names neither recipe nor lot_id")
        found = self._recipes.parsed((await self._recipes.find(entry)).text, entry[:100])
        if not isinstance(found, Recipe):
            raise RefusedRequestError(422, "recipe", f"{entry[:100]} polishes nothing")
        return found


def _number(body: Mapping[str, Any], name: str, low: float, high: float) -> float:
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RefusedRequestError(422, "body", f"{name} is no number from {low:g} to {high:g}")
    return float(value)


def _changes(given: object, zones_count: int) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise RefusedRequestError(422, "body", "changes is no object")
    found: dict[str, Any] = {}
    for name, value in cast("dict[str, Any]", given).items():
        if name == _ZONES:
            listed = cast("list[Any]", value) if isinstance(value, list) else []
            if len(listed) != zones_count:
                raise RefusedRequestError(422, "body", f"{_ZONES} is no list of {zones_count} pressures")
            found[name] = tuple(_number({_ZONES: one}, _ZONES, 0, 200.0) for one in listed)
        elif name in _TRIED:
            found[name] = _number(given, name, 0, _TRIED[name])
        else:
            raise RefusedRequestError(422, "body", f"{name[:100]} cannot be tried; {', '.join((_ZONES, *_TRIED))} can")
    if found.get("time_s", math.inf) <= 0:
        raise RefusedRequestError(422, "body", "time_s is above 0")
    return found
