"""Texts, and the clock in its three forms."""

from __future__ import annotations

import pytest
from gem_bench import START_NS, GemBench

from planaris.factory.gem.clock_text import parse_time, time_text
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import U4, A, B, L


@pytest.fixture
def bench() -> GemBench:
    bench = GemBench()
    bench.communicate()
    return bench


@pytest.mark.parametrize(
    ("function", "text", "lines"),
    [(3, A("hello"), ("hello",)), (3, A(""), ()), (5, L(A("one"), A("two")), ("one", "two")), (5, L(), ())],
)
def test_texts_are_shown(bench: GemBench, function: int, text: Item, lines: tuple[str, ...]) -> None:
    assert bench.body(10, function, L(B(0), text)) == B(0)
    assert bench.ports.shown == [lines]


def test_there_is_one_terminal(bench: GemBench) -> None:
    assert bench.body(10, 3, L(B(1), A("hello"))) == B(2)
    assert bench.body(10, 5, L(B(7), L(A("hello")))) == B(2)
    assert bench.ports.shown == []


def test_an_acknowledged_text_is_an_event_once(bench: GemBench) -> None:
    bench.subscribe("terminal_acknowledged", "terminal")
    assert bench.equipment.terminal.acknowledge() != ""
    bench.body(10, 3, L(B(0), A("hello")))
    assert bench.equipment.terminal.acknowledge() == ""
    assert bench.events() == ["terminal_acknowledged"]
    assert bench.ports.shown[-1] == ()
    assert bench.equipment.terminal.acknowledge() != ""


def test_the_operator_s_text_goes_to_the_host(bench: GemBench) -> None:
    bench.equipment.terminal.say("pad 2 worn, 抛光垫")
    assert bench.answer(10, 1).body == L(B(0), A("pad 2 worn, ???"))


@pytest.mark.parametrize(
    ("form", "text"), [(0, "260301120001"), (1, "2026030112000150"), (2, "2026-03-01T12:00:01.50Z")]
)
def test_the_clock_is_read_in_the_chosen_form(bench: GemBench, form: int, text: str) -> None:
    bench.body(2, 15, L(L(U4(bench.ecid("time_format")), U4(form))))
    bench.now_s += 1.5
    assert bench.body(2, 17) == A(text)
    assert bench.body(1, 3, L(U4(bench.vid("tool.clock")))) == L(A(text))


@pytest.mark.parametrize(
    "text",
    ["270102030405", "2027010203040500", "2027-01-02T03:04:05", "2027-01-02T04:04:05+01:00", "2027-01-02T03:04:05Z"],
)
def test_the_host_sets_the_clock_and_a_restart_keeps_it(bench: GemBench, text: str) -> None:
    assert bench.body(2, 31, A(text)) == B(0)
    assert bench.body(2, 17) == A("2027010203040500")
    after = GemBench(store=bench.store)
    after.communicate()
    assert after.body(2, 17) == A("2027010203040500")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "279902030405",
        "20270102",
        "2027-13-01T00:00:00",
        "9999999999999999",
        # A clock at the ends of the calendar could be shown by no later time, also after a restart.
        "9999123123595999",
        "2200-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59",
    ],
)
def test_what_is_no_time_is_refused(bench: GemBench, text: str) -> None:
    before = bench.body(2, 17)
    assert bench.body(2, 31, A(text)) == B(1)
    assert bench.body(2, 17) == before


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00", "2199-12-31T23:59:59"])
def test_the_ends_of_the_clock_can_be_set_and_shown_for_years_after(bench: GemBench, text: str) -> None:
    assert bench.body(2, 31, A(text)) == B(0)
    bench.now_s += 10 * 365 * 86_400.0
    assert bench.body(2, 17) is not None


def test_forms_go_there_and_back() -> None:
    at_ns = START_NS + 120_000_000
    assert [parse_time(time_text(at_ns, form)) for form in (0, 1, 2)] == [START_NS, at_ns, at_ns]
