"""Stream 7 on the recipe library, unformatted and formatted."""

from __future__ import annotations

from pathlib import Path

import pytest
from gem_bench import GemBench

from planaris.factory import GemSettings
from planaris.factory.gem.formatted import FormattedError, commands_of, from_item, text_of, to_item
from planaris.factory.gem.shape import ShapeError
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import BOOLEAN, F4, F8, I8, U4, A, B, L
from planaris.formats import parse_recipe, recipe_hash
from planaris.model import RecipeKind, RecipeState, RecipeVersion
from planaris.tool import Answer, AnswerStatus, CommandRequest

EXAMPLES = sorted(Path("examples").glob("*/*recipe*.toml")) + sorted(Path("examples").glob("*/*clean*.toml"))
TEXT = Path("examples/oxide_ild/recipe.toml").read_text(encoding="utf-8")
NAME = parse_recipe(TEXT, "example", None).name
ARRAYS = frozenset({"zone_pressure_psi", "zone_pressure_kPa", "dwell_ratio"})


def version(state: RecipeState = RecipeState.RELEASED, text: str = TEXT) -> RecipeVersion:
    recipe = parse_recipe(text, "example", None)
    return RecipeVersion(RecipeKind.POLISH, recipe.name, recipe_hash(recipe), recipe.version, text, "ann", state)


@pytest.fixture
def bench() -> GemBench:
    bench = GemBench()
    bench.communicate()
    return bench


def sendable(text: str) -> Item:
    return A(text) if text.isascii() else B(text.encode())


# -- inquiry, sending --------------------------------------------------------------------------------------------


def test_a_recipe_is_saved_through_the_door_as_a_draft_of_the_host(bench: GemBench) -> None:
    assert bench.body(7, 1, L(A(NAME), U4(len(TEXT)))) == B(0)
    assert bench.body(7, 3, L(A(NAME), sendable(TEXT))) == B(0)
    (request,) = bench.ports.requests
    assert (request.verb, request.role, request.arguments["text"]) == ("recipe.save", "host", TEXT)


def test_where_the_fab_rules_it_is_taken_as_released() -> None:
    bench = GemBench(GemSettings(host_may_release=True))
    bench.communicate()
    assert bench.body(7, 3, L(A(NAME), B(TEXT.encode()))) == B(0)
    assert bench.ports.requests[0].verb == "recipe.receive"


def test_a_text_that_is_no_recipe_is_refused_and_the_host_hears_why(bench: GemBench) -> None:
    wrong = TEXT.replace("platen_speed_rpm = 93", "platen_speed_rpm = -93")
    assert wrong != TEXT
    assert bench.body(7, 3, L(A(NAME), sendable(wrong))) == B(64)
    told = bench.answer(7, 27).body
    assert told is not None
    assert told[0] == A(NAME)
    assert "platen_speed_rpm" in told[1][0][2].value
    assert bench.ports.requests == []


def test_a_recipe_of_another_name_is_refused(bench: GemBench) -> None:
    assert bench.body(7, 3, L(A("other"), sendable(TEXT))) == B(64)
    told = bench.answer(7, 27).body
    assert told is not None
    assert told[1][0][2] == A(f"PPID is other, the recipe's name is {NAME}")


def test_a_recipe_in_use_is_neither_replaced_nor_deleted(bench: GemBench) -> None:
    kept = version()
    bench.ports.library, bench.ports.in_use = [kept], {kept.content_hash: "L1"}
    changed = TEXT.replace("platen_speed_rpm = 93", "platen_speed_rpm = 92")
    assert bench.body(7, 3, L(A(NAME), sendable(changed))) == B(1)
    assert bench.body(7, 17, L(A(NAME))) == B(1)
    assert bench.body(7, 17, L()) == B(1)
    assert bench.ports.requests == []


def test_what_the_library_refuses_is_not_permitted(bench: GemBench) -> None:
    async def refuse(_: CommandRequest) -> Answer:
        return Answer("C1", AnswerStatus.REFUSED, "the library is locked")

    bench.ports.answer = refuse
    assert bench.body(7, 3, L(A(NAME), sendable(TEXT))) == B(1)


@pytest.mark.parametrize(
    ("ppid", "length", "code"), [(NAME, 100, 0), (NAME, 1_048_577, 2), ("", 100, 3), ("a\tb", 100, 3)]
)
def test_the_inquiry(bench: GemBench, ppid: str, length: int, code: int) -> None:
    bench.ports.library = [version()]
    assert bench.body(7, 1, L(A(ppid), U4(length))) == B(code)


def test_a_version_that_is_there_need_not_be_sent(bench: GemBench) -> None:
    kept = version()
    bench.ports.library = [kept]
    assert bench.body(7, 1, L(A(f"{NAME}@{kept.content_hash[:12]}"), U4(1))) == B(1)
    assert bench.body(7, 1, L(A(f"{NAME}@000000000000"), U4(1))) == B(0)


# -- fetching, deleting, listing ---------------------------------------------------------------------------------


def test_a_recipe_is_fetched_as_its_author_wrote_it(bench: GemBench) -> None:
    draft = version(RecipeState.DRAFT, TEXT.replace("platen_speed_rpm = 93", "platen_speed_rpm = 91"))
    bench.ports.library = [version(), draft]
    assert bench.body(7, 5, A(NAME)) == L(A(NAME), sendable(TEXT)), "the released version, not the newer draft"
    assert bench.body(7, 5, A(f"{NAME}@{draft.content_hash[:12]}"))[1] == sendable(draft.text)


def test_a_recipe_that_is_not_there_is_an_empty_list(bench: GemBench) -> None:
    bench.ports.library = [version(RecipeState.OBSOLETE)]
    assert bench.body(7, 5, A(NAME)) == L()
    assert bench.body(7, 25, A(NAME)) == L()
    assert bench.body(7, 19) == L()
    assert bench.body(7, 17, L(A(NAME))) == B(4)


def test_deleting_makes_every_version_obsolete(bench: GemBench) -> None:
    draft = version(RecipeState.DRAFT, TEXT.replace("platen_speed_rpm = 93", "platen_speed_rpm = 91"))
    bench.ports.library = [version(), draft]
    assert bench.body(7, 19) == L(A(NAME))
    assert bench.body(7, 17, L(A(NAME))) == B(0)
    obsoleted = [(r.verb, r.arguments["content_hash"]) for r in bench.ports.requests]
    assert obsoleted == [("recipe.obsolete", v.content_hash) for v in bench.ports.library]


def test_one_unknown_name_deletes_nothing(bench: GemBench) -> None:
    bench.ports.library = [version()]
    assert bench.body(7, 17, L(A(NAME), A("gone"))) == B(4)
    assert bench.ports.requests == []


# -- formatted ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_example_survives_the_way_to_process_commands_and_back(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    item = to_item(commands_of(text))
    back = text_of(from_item(item), ARRAYS)
    assert recipe_hash(parse_recipe(back, "back", None)) == recipe_hash(parse_recipe(text, "there", None))
    assert to_item(commands_of(back)) == item


def test_there_is_an_example_of_each_kind() -> None:
    assert {path.parent.name for path in EXAMPLES} >= {"oxide_ild", "cu_two_step", "oxide_endpoint", "sti_ceria"}
    assert any("clean" in path.name for path in EXAMPLES)


def test_a_formatted_recipe_goes_out_and_comes_back(bench: GemBench) -> None:
    bench.ports.library = [version()]
    sent = bench.body(7, 25, A(NAME))
    assert sent.items[:3] == (A(NAME), A("PLANARIS"), A("0.1.0"))
    assert sent[3][0][0] == A("recipe")
    assert [c[0].value for c in sent[3]][1:4] == ["wet_limits", "steps[1]", "steps[1].end"]
    assert bench.body(7, 23, sent) == B(0)
    saved = str(bench.ports.requests[0].arguments["text"])
    assert recipe_hash(parse_recipe(saved, "x", None)) == version().content_hash


def test_a_formatted_recipe_of_another_model_is_refused(bench: GemBench) -> None:
    commands = to_item(commands_of(TEXT))
    assert bench.body(7, 23, L(A(NAME), A("OTHER"), A(""), commands)) == B(64)
    told = bench.answer(7, 27).body
    assert told is not None
    assert told[1][0][2] == A("it was made for OTHER, this is PLANARIS")


def test_a_number_of_four_bytes_keeps_its_seven_digits() -> None:
    (command,) = from_item(L(L(A("recipe"), L(A("x_psi"), F4(3.8), A("on"), BOOLEAN(True), A("n"), I8(4)))))
    assert command == ("recipe", (("x_psi", 3.8), ("on", True), ("n", 4)))


@pytest.mark.parametrize(
    ("commands", "number", "told"),
    [
        ([("steps[2]", ())], 1, "does not follow"),
        ([("steps[0]", ())], 1, "does not follow"),
        ([("a b", ())], 1, "is no path"),
        ([("recipe", (("x", 1),)), ("x.y", ())], 2, "is a value, not a table"),
        ([("recipe", (("x", 1), ("x", 2)))], 1, "stands twice"),
    ],
)
def test_commands_that_cannot_be_placed_are_named(
    commands: list[tuple[str, tuple[tuple[str, object], ...]]], number: int, told: str
) -> None:
    with pytest.raises(FormattedError, match=told) as error:
        text_of(commands, frozenset())
    assert error.value.command == number


def test_a_command_that_cannot_be_placed_is_told_to_the_host(bench: GemBench) -> None:
    assert bench.body(7, 23, L(A(NAME), A(""), A(""), L(L(A("steps[5]"), L())))) == B(64)
    told = bench.answer(7, 27).body
    assert told is not None
    assert told[1][0][1] == U4(1)


def test_parameters_that_are_no_pairs_are_a_wrong_structure() -> None:
    with pytest.raises(ShapeError):
        from_item(L(L(A("recipe"), L(A("name"), A("x"), A("lonely")))))


def test_values_keep_their_types() -> None:
    text = 'a = 1\nb = 1.5\nc = true\nd = "x"\ne = [1, 2]\nf = [1, 2.5]\ng = ["p", "µ"]\nh = []\n'
    (item,) = to_item(commands_of(text))
    values = dict(zip((n.value for n in item[1].items[::2]), item[1].items[1::2], strict=True))
    assert values["a"] == I8(1)
    assert values["b"] == F8(1.5)
    assert values["c"] == BOOLEAN(True)
    assert values["d"] == A("x")
    assert values["e"] == I8(1, 2)
    assert values["f"] == F8(1.0, 2.5)
    assert [v.value for v in values["g"]] == ["p", "µ"]
    assert len(values["h"]) == 0
