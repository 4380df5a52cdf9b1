"""The recipe library: who may do what to a version in which state, and what locks it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tool_bench import Bench

from planaris.formats import recipe_hash
from planaris.model import RecipeState, RecipeVersion
from planaris.stream import CommandAnswered, CommandReceived, RecipeChanged
from planaris.tool import Answer, AnswerStatus, CommandDoor, CommandRequest, RecipeLibrary

TEXT = Path("examples/oxide_ild/recipe.toml").read_text(encoding="utf-8")
EVENTS = ("approve", "release", "obsolete")
ROLES = ("operator", "process", "maintenance", "host", "script", "administrator")
MAY = {
    "save": {"process", "host", "administrator"},
    "receive": {"host"},
    "approve": {"process", "administrator"},
    "release": {"administrator"},
    "obsolete": {"process", "host", "administrator"},
}


class Shelf:
    """Versions in a list, as the historian keeps them."""

    def __init__(self) -> None:
        self.kept: list[RecipeVersion] = []

    def put(self, record: RecipeVersion) -> None:
        for i, old in enumerate(self.kept):
            if (old.kind, old.name, old.content_hash) == (record.kind, record.name, record.content_hash):
                self.kept[i] = record
                return
        self.kept.append(record)

    def versions(self, name: str | None = None) -> Sequence[RecipeVersion]:
        return [v for v in self.kept if name in {None, v.name}]


class Desk:
    """A library behind a door, and people who come to it."""

    def __init__(self, bench: Bench) -> None:
        self.shelf, self.bench, self.used = Shelf(), bench, dict[str, str]()
        self.library = RecipeLibrary(self.shelf, bench.tool, bench.stream, lambda: self.used)
        self.door = CommandDoor(bench.stream, bench.dictionary, lambda: bench.now_s)
        self.library.offer(self.door)
        self._keys = itertools.count()

    def give(self, verb: str, by: str, role: str, **arguments: str) -> Answer:
        request = CommandRequest(f"recipe.{verb}", arguments, by, role, "because", f"k{next(self._keys)}")
        return asyncio.run(self.door.submit(request))

    def saved(self, text: str = TEXT, by: str = "ann") -> RecipeVersion:
        assert self.give("save", by, "process", text=text).status is AnswerStatus.DONE
        return self.shelf.kept[-1]

    def move(self, event: str, version: RecipeVersion, by: str = "bob", role: str = "administrator") -> Answer:
        return self.give(event, by, role, recipe=version.name, content_hash=version.content_hash)

    @property
    def state(self) -> RecipeState:
        return self.shelf.kept[-1].state


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


@pytest.mark.parametrize(("verb", "role"), list(itertools.product(MAY, ROLES)))
def test_each_role_against_each_verb(desk: Desk, verb: str, role: str) -> None:
    version = desk.saved()
    if verb == "release":
        desk.move("approve", version)
    brought = verb in {"save", "receive"}
    answer = desk.give(verb, "cy", role, text=TEXT) if brought else desk.move(verb, version, "cy", role)
    assert (answer.status is AnswerStatus.DONE) is (role in MAY[verb]), answer.why
    if role not in MAY[verb]:
        assert f"role {role} may not" in answer.why


@pytest.mark.parametrize(("state", "event"), list(itertools.product(RecipeState, EVENTS)))
def test_each_state_takes_what_its_table_says_and_nothing_else(desk: Desk, state: RecipeState, event: str) -> None:
    legal = {
        (RecipeState.DRAFT, "approve"): RecipeState.APPROVED,
        (RecipeState.APPROVED, "release"): RecipeState.RELEASED,
        (RecipeState.DRAFT, "obsolete"): RecipeState.OBSOLETE,
        (RecipeState.APPROVED, "obsolete"): RecipeState.OBSOLETE,
        (RecipeState.RELEASED, "obsolete"): RecipeState.OBSOLETE,
    }
    version = desk.saved()
    desk.shelf.put(replace(version, state=state))
    answer = desk.move(event, version)
    assert (answer.status is AnswerStatus.DONE) is ((state, event) in legal)
    assert desk.state is legal.get((state, event), state)
    if (state, event) not in legal:
        assert f"is {state.value}" in answer.why


def test_the_same_content_is_the_same_version_and_another_value_another(desk: Desk) -> None:
    first = desk.saved()
    again = desk.give("save", "bob", "process", text=TEXT)
    assert "there already: draft" in again.why
    assert len(desk.shelf.kept) == 1
    second = desk.saved(TEXT.replace("wiwnu_limit_pct = 5", "wiwnu_limit_pct = 4"))
    assert len({first.content_hash, second.content_hash}) == 2


def test_the_author_does_not_approve_his_own(desk: Desk) -> None:
    version = desk.saved(by="ann")
    refused = desk.move("approve", version, by="ann")
    assert refused.status is AnswerStatus.REFUSED
    assert "somebody else" in refused.why
    assert desk.move("approve", version, by="bob").status is AnswerStatus.DONE


def test_sign_offs_and_reasons_are_kept_and_told(desk: Desk, bench: Bench) -> None:
    version = desk.saved()
    desk.move("approve", version, "bob", "process")
    desk.move("release", version, "cy")
    kept = desk.shelf.kept[0]
    assert (kept.author, kept.approved_by, kept.released_by, kept.reason) == ("ann", "bob", "cy", "because")
    assert [(e.state, e.principal) for e in bench.of(RecipeChanged)] == [
        ("draft", "ann"), ("approved", "bob"), ("released", "cy")
    ]  # fmt: skip
    assert len(bench.of(CommandReceived)) == len(bench.of(CommandAnswered)) == 3


def test_a_version_in_use_is_not_made_obsolete(desk: Desk) -> None:
    version = desk.saved()
    desk.used[version.content_hash] = "LOT7"
    refused = desk.move("obsolete", version)
    assert "in use by lot LOT7" in refused.why
    assert desk.state is RecipeState.DRAFT
    desk.used.clear()
    assert desk.move("obsolete", version).status is AnswerStatus.DONE


def test_out_of_the_tool_s_range_is_not_released_and_every_fault_is_told(desk: Desk) -> None:
    text = TEXT.replace("platen_speed_rpm = 93", "platen_speed_rpm = 290").replace(
        "ring_pressure_psi = 5.2", "ring_pressure_psi = 25"
    )
    version = desk.saved(text)
    desk.move("approve", version)
    refused = desk.move("release", version)
    assert refused.status is AnswerStatus.REFUSED
    assert "platen_speed_rpm" in refused.why
    assert "ring_pressure" in refused.why
    assert desk.state is RecipeState.APPROVED


def test_a_bad_text_is_refused_with_all_its_faults_and_nothing_is_kept(desk: Desk) -> None:
    answer = desk.give("save", "ann", "process", text='schema = "planaris/recipe/1"\nname = 1\nversion = 2', source="x")
    assert answer.status is AnswerStatus.REFUSED
    assert "name" in answer.why
    assert "version" in answer.why
    assert desk.shelf.kept == []


@pytest.mark.parametrize(("digits", "said"), [("", "begin with nothing"), ("zz", "0 versions"), ("", "draft")])
def test_a_version_that_is_not_one_is_asked_again(desk: Desk, digits: str, said: str) -> None:
    desk.saved()
    answer = desk.give("approve", "bob", "process", recipe="oxide_ild", content_hash=digits)
    assert answer.status is AnswerStatus.REFUSED
    assert said in answer.why


def test_the_released_version_of_a_name_is_the_last_one(desk: Desk) -> None:
    for limit in ("5", "4"):
        version = desk.saved(TEXT.replace("wiwnu_limit_pct = 5", f"wiwnu_limit_pct = {limit}"))
        desk.move("approve", version)
        desk.move("release", version)
    released = desk.library.released("oxide_ild")
    recipe = desk.library.recipe_of(released)
    assert recipe_hash(recipe) == released.content_hash
    assert "wiwnu_limit_pct = 4" in released.text


def test_what_the_fab_has_released_is_taken_as_released(desk: Desk) -> None:
    answer = desk.give("receive", "host", "host", text=TEXT)
    assert answer.status is AnswerStatus.DONE, answer.why
    (kept,) = desk.shelf.kept
    assert (kept.state, kept.author, kept.approved_by, kept.released_by) == (
        RecipeState.RELEASED,
        "host",
        "host",
        "host",
    )
    assert "there already: released" in desk.give("receive", "host", "host", text=TEXT).why


def test_a_draft_that_the_fab_releases_keeps_its_author(desk: Desk) -> None:
    desk.saved()
    assert desk.give("receive", "host", "host", text=TEXT).status is AnswerStatus.DONE
    (kept,) = desk.shelf.kept
    assert (kept.state, kept.author, kept.released_by) == (RecipeState.RELEASED, "ann", "host")


def test_what_is_obsolete_here_or_out_of_range_is_not_taken(desk: Desk) -> None:
    version = desk.saved()
    desk.move("obsolete", version)
    answer = desk.give("receive", "host", "host", text=TEXT)
    assert (answer.status, answer.at_fault) == (AnswerStatus.REFUSED, ("text",))
    assert "was made obsolete here" in answer.why
    wild = desk.give("receive", "host", "host", text=TEXT.replace("platen_speed_rpm = 93", "platen_speed_rpm = 900"))
    assert wild.status is AnswerStatus.REFUSED
    assert desk.state is RecipeState.OBSOLETE
