"""Declared events and the event stream are the same thing."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from planaris.dictionary import Dictionary
from planaris.stream import ALL_EVENTS, Event

# Type of an event's field -> dtype of its data variable.
DTYPES = {"str": "str", "int": "int", "float": "float", "bool": "bool", "tuple[float, ...]": "float"}


def fields_of(event: type[Event]) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(event))


def test_every_event_of_the_stream_is_declared_and_no_other(dictionary: Dictionary) -> None:
    of_the_tool = [e.name for e in dictionary.events if e.owner == "tool"]
    assert of_the_tool == [event.name for event in ALL_EVENTS]
    others = [e for e in dictionary.events if e.owner != "tool"]
    assert {e.owner for e in others} == {"factory"}
    assert not {e.name for e in others} & {event.name for event in ALL_EVENTS}


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.name)
def test_an_event_carries_exactly_its_fields(dictionary: Dictionary, event: type[Event]) -> None:
    assert dictionary.event(event.name).variables == fields_of(event)


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.name)
def test_data_variables_have_the_type_of_the_field(dictionary: Dictionary, event: type[Event]) -> None:
    hints = typing.get_type_hints(event)
    for name in fields_of(event):
        variable = dictionary.variable(name)
        kind = hints[name]
        expected = "str" if isinstance(kind, type) and issubclass(kind, str) else DTYPES[_shown(kind)]
        assert (variable.kind, variable.dtype) == ("dv", expected), name
        assert variable.shape == ((-1,) if _shown(kind).startswith("tuple") else ()), name


def _shown(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind)


def test_every_data_variable_is_carried_by_an_event(dictionary: Dictionary) -> None:
    carried = {name for e in dictionary.events for name in e.variables}
    assert {v.name for v in dictionary.variables if v.kind == "dv"} == carried
