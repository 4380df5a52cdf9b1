"""Alarms: only those of the catalogue, each said once while it stands, acknowledged by people, cleared by its cause."""

from __future__ import annotations

import pytest
from tool_bench import Bench

from planaris.model import ActiveAlarm, AlarmState, Severity
from planaris.stream import AlarmAcknowledged, AlarmCleared, AlarmSet
from planaris.tool import AlarmBook, UnknownAlarmError
from planaris.tool.tag_alarms import ON_TAGS as WATCHED


@pytest.fixture
def book(bench: Bench) -> AlarmBook:
    return AlarmBook(bench.stream, bench.dictionary, lambda: bench.now_s)


def test_a_set_alarm_stands_with_where_when_and_why_and_is_an_event(bench: Bench, book: AlarmBook) -> None:
    bench.now_s = 12.5
    book.set("flow_deviation", "platen2", Severity.ERROR, "150 of 200 ml/min", "L1-03")
    assert book.active == (
        ActiveAlarm("flow_deviation", "platen2", Severity.ERROR, AlarmState.SET, 12.5, "150 of 200 ml/min"),
    )
    assert bench.events == [AlarmSet("flow_deviation", "platen2", Severity.ERROR, "L1-03", "150 of 200 ml/min")]


def test_an_alarm_that_is_not_in_the_catalogue_does_not_exist(bench: Bench, book: AlarmBook) -> None:
    with pytest.raises(UnknownAlarmError, match="pad_sad"):
        book.set("pad_sad", "platen1", Severity.ERROR, "")
    assert book.active == ()
    assert bench.events == []


def test_an_alarm_that_stands_is_not_said_again(bench: Bench, book: AlarmBook) -> None:
    book.set("leak", "safety", Severity.FATAL, "drip pan")
    bench.now_s = 5.0
    book.set("leak", "safety", Severity.FATAL, "drip pan again")
    assert len(bench.of(AlarmSet)) == 1
    assert book.active[0].set_at_s == 0.0


def test_the_same_alarm_elsewhere_is_another(bench: Bench, book: AlarmBook) -> None:
    book.set("device_error", "dry_robot", Severity.ERROR, "")
    book.set("device_error", "wet_robot", Severity.ERROR, "")
    assert [a.source for a in book.active] == ["dry_robot", "wet_robot"]


def test_the_same_alarm_for_another_wafer_is_said_and_all_are_acknowledged_and_cleared_together(
    bench: Bench, book: AlarmBook
) -> None:
    for wafer_id in ("L1-01", "L1-02", "L1-01"):
        book.set("wet_limit_exceeded", "megasonic", Severity.WARNING, "70 s", wafer_id)
    assert [e.wafer_id for e in bench.of(AlarmSet)] == ["L1-01", "L1-02"]
    assert book.acknowledge("wet_limit_exceeded", "megasonic", "eva")
    assert [a.state for a in book.active] == [AlarmState.ACKNOWLEDGED] * 2
    book.clear("wet_limit_exceeded", "megasonic", "it is in the cleaner")
    assert book.active == ()


def test_an_acknowledged_alarm_still_stands_until_its_cause_is_gone(bench: Bench, book: AlarmBook) -> None:
    book.set("door_open", "safety", Severity.ERROR, "")
    assert book.acknowledge("door_open", "safety", "eva")
    assert [a.state for a in book.active] == [AlarmState.ACKNOWLEDGED]
    book.clear("door_open", "safety", "shut")
    assert book.active == ()
    assert bench.events[1:] == [
        AlarmAcknowledged("door_open", "safety", "eva"),
        AlarmCleared("door_open", "safety", "shut"),
    ]


def test_a_cleared_alarm_can_come_again(bench: Bench, book: AlarmBook) -> None:
    for _ in range(2):
        book.set("door_open", "safety", Severity.ERROR, "")
        book.clear("door_open", "safety", "shut")
    assert [type(e) for e in bench.events] == [AlarmSet, AlarmCleared] * 2


def test_what_is_not_set_can_be_neither_acknowledged_nor_cleared(bench: Bench, book: AlarmBook) -> None:
    assert not book.acknowledge("emo", "safety", "eva")
    book.clear("emo", "safety", "")
    assert bench.events == []


def test_how_bad_an_alarm_is_stands_in_the_catalogue(book: AlarmBook) -> None:
    assert book.severity_of("emo") is Severity.FATAL
    assert book.severity_of("wet_limit_exceeded") is Severity.WARNING
    with pytest.raises(UnknownAlarmError):
        book.severity_of("pad_sad")


def test_watched_tags_and_their_alarms_exist(bench: Bench, book: AlarmBook) -> None:
    assert WATCHED.keys() <= bench.port.tags.keys()
    assert all(book.severity_of(alarm) in {Severity.ERROR, Severity.FATAL} for alarm in WATCHED.values())
