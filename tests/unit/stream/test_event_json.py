"""Events as JSON and as a hash: nothing is lost on the way, equal streams are equal and unequal ones are not."""

from __future__ import annotations

import dataclasses
import json
import math
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planaris.stream import (
    ALL_EVENTS,
    EVENT_TYPES,
    AlarmCleared,
    Committed,
    Event,
    StepEnded,
    StreamHash,
    WaferMoved,
    from_json,
    to_json,
)

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
# Any text that UTF-8 can carry: lone surrogates are no text.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if get_origin(kind) is tuple:
        return st.lists(values_of(get_args(kind)[0]), max_size=6).map(tuple)
    return {float: FLOATS, int: st.integers(-(2**53), 2**53), str: TEXTS}[kind]


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: values_of(hints[f.name]) for f in dataclasses.fields(kind)})


EVENTS = st.one_of([events_of(kind) for kind in ALL_EVENTS])
STREAMS = st.lists(st.tuples(st.floats(0, 1e6), EVENTS), max_size=5)


def digest(stream: list[tuple[float, Event]], first: int = 1) -> str:
    found = StreamHash()
    found([Committed(first + i, time_s, event) for i, (time_s, event) in enumerate(stream)])
    return found.hexdigest()


@pytest.mark.parametrize("kind", ALL_EVENTS, ids=lambda kind: kind.name)
@given(data=st.data())
def test_an_event_comes_back_from_json_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(events_of(kind))
    found = from_json(kind.name, to_json(event))
    assert found == event
    for field in dataclasses.fields(kind):
        assert type(getattr(found, field.name)) is type(getattr(event, field.name))


@given(EVENTS)
def test_an_events_json_is_one_object_with_its_fields_in_order(event: Event) -> None:
    text = to_json(event)
    assert list(json.loads(text)) == [f.name for f in dataclasses.fields(event)]
    assert "\n" not in text


@given(EVENTS)
def test_a_committed_event_is_the_same_whether_its_json_was_made_or_not(event: Event) -> None:
    told, asked = Committed(3, 1.5, event), Committed(3, 1.5, event)
    assert asked.json == to_json(event)
    assert (told, repr(told)) == (asked, repr(asked))


def test_a_number_that_was_not_measured_comes_back_as_such() -> None:
    event = StepEnded("W1", 1, 1, 0, "main", 40.0, "time", math.nan, 0.0)
    found = from_json("step_ended", to_json(event))
    assert isinstance(found, StepEnded)
    assert math.isnan(found.slurry_ml)
    assert found.duration_s == 40.0


def test_every_event_class_is_known_by_a_name_of_its_own() -> None:
    assert len(EVENT_TYPES) == len(ALL_EVENTS) == len({kind.name for kind in ALL_EVENTS})
    ours = [kind for kind in Event.__subclasses__() if kind.__module__.startswith("planaris.")]  # not a test's own
    assert set(EVENT_TYPES) == {kind.name for kind in ours}


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        from_json("wafer_sung", "{}")


def test_what_is_no_event_value_is_refused_not_written() -> None:
    with pytest.raises(TypeError):
        to_json(AlarmCleared("emo", object()))  # pyright: ignore[reportArgumentType]


@given(STREAMS)
def test_equal_streams_have_equal_hashes(stream: list[tuple[float, Event]]) -> None:
    assert digest(stream) == digest(list(stream))


@given(STREAMS, st.integers(0, 5))
def test_how_events_were_batched_does_not_show_in_the_hash(stream: list[tuple[float, Event]], cut: int) -> None:
    in_two = StreamHash()
    numbered = [Committed(1 + i, time_s, event) for i, (time_s, event) in enumerate(stream)]
    in_two(numbered[:cut])
    in_two(numbered[cut:])
    assert in_two.hexdigest() == digest(stream)


@given(STREAMS, st.tuples(st.floats(0, 1e6), EVENTS))
def test_one_event_more_changes_the_hash(stream: list[tuple[float, Event]], more: tuple[float, Event]) -> None:
    assert digest([*stream, more]) != digest(stream)


MOVED = WaferMoved("W1", "aligner", "stage")


@pytest.mark.parametrize(
    ("other", "first"),
    [
        ([(1.0, MOVED)], 2),
        ([(math.nextafter(1.0, 2.0), MOVED)], 1),
        ([(1.0, WaferMoved("W1", "aligner", "stag"))], 1),
        ([(1.0, WaferMoved("W1", "stage", "aligner"))], 1),
        ([(1.0, AlarmCleared("W1", "aligner"))], 1),
    ],
    ids=["number", "time", "value", "order", "kind"],
)
def test_any_difference_changes_the_hash(other: list[tuple[float, Event]], first: int) -> None:
    assert digest(other, first) != digest([(1.0, MOVED)])


def test_a_cleared_alarm_of_an_earlier_version_has_no_reason() -> None:
    assert from_json("alarm_cleared", '{"alarm":"emo","source":"safety"}') == AlarmCleared("emo", "safety", "")


def test_what_utf8_cannot_hold_is_stored_as_a_question_mark() -> None:
    text = to_json(AlarmCleared("observer_failed", "caf\u00e9 \udcff"))
    assert text.encode("utf-8").decode("utf-8") == text
    assert from_json("alarm_cleared", text) == AlarmCleared("observer_failed", "caf\u00e9 ?")
