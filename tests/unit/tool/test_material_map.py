"""The material map: intent is in the journal before anything moves; one wafer a place, one place a wafer."""

from __future__ import annotations

import pytest
from tool_bench import Bench, wafer

from planaris.modules import ClosedError
from planaris.stream import CarrierLifted, Event, MoveIntended, WaferMoved, WaferRegistered
from planaris.tool import MaterialError, MaterialMap


class JournalGoneError(Exception):
    """The journal cannot be written."""


@pytest.fixture
def material(bench: Bench) -> MaterialMap:
    found = MaterialMap(bench.stream)
    found.register(wafer(1), "loadport1.01")
    found.register(wafer(2), "loadport1.02")
    bench.stream.flush()
    return found


def last(bench: Bench, count: int) -> list[tuple[Event, bool]]:
    return [(item.event, durable) for item, durable in bench.journal[-count:]]


def test_a_registered_wafer_is_where_it_was_put_and_an_event_says_so(bench: Bench, material: MaterialMap) -> None:
    assert material.where("L1-01") == "loadport1.01"
    assert material.at["loadport1.02"] == wafer(2)
    assert [(e.wafer_id, e.location, e.slot) for e in bench.of(WaferRegistered)] == [
        ("L1-01", "loadport1.01", 1),
        ("L1-02", "loadport1.02", 2),
    ]


def test_an_intent_is_durable_before_the_call_returns_and_believes_nothing_yet(
    bench: Bench, material: MaterialMap
) -> None:
    moving = material.intend("loadport1.01", "dry_robot")
    assert moving == wafer(1)
    assert last(bench, 1) == [(MoveIntended("L1-01", "loadport1.01", "dry_robot"), True)]
    assert material.where("L1-01") == "loadport1.01"
    assert "dry_robot" not in material.at
    assert dict(material.in_motion()) == {"L1-01": "dry_robot"}


def test_a_confirmation_is_durable_and_then_believed(bench: Bench, material: MaterialMap) -> None:
    material.confirm(material.intend("loadport1.01", "dry_robot"))
    assert last(bench, 1) == [(WaferMoved("L1-01", "loadport1.01", "dry_robot"), True)]
    assert material.where("L1-01") == "dry_robot"
    assert "loadport1.01" not in material.at
    assert material.in_motion() == {}


def test_a_confirmation_can_intend_the_next_move_in_the_same_commit(bench: Bench, material: MaterialMap) -> None:
    moving = material.intend("loadport1.01", "dry_robot")
    material.confirm(moving, then="aligner")
    assert last(bench, 2) == [
        (WaferMoved("L1-01", "loadport1.01", "dry_robot"), True),
        (MoveIntended("L1-01", "dry_robot", "aligner"), True),
    ]
    assert dict(material.in_motion()) == {"L1-01": "aligner"}
    material.confirm(moving)
    assert material.where("L1-01") == "aligner"


def moved(material: MaterialMap, source: str, destination: str) -> None:
    material.confirm(material.intend(source, destination))


def test_a_place_is_free_again_once_its_wafer_is_confirmed_elsewhere(material: MaterialMap) -> None:
    moved(material, "loadport1.01", "aligner")
    moved(material, "aligner", "stage")
    moved(material, "loadport1.02", "aligner")
    assert {place: w.wafer_id for place, w in material.at.items()} == {"stage": "L1-01", "aligner": "L1-02"}


def test_contradictions_are_refused_and_leave_map_and_journal_as_they_were(bench: Bench, material: MaterialMap) -> None:
    moved(material, "loadport1.01", "aligner")
    in_motion = material.intend("loadport1.02", "dry_robot")
    events, places = len(bench.events), dict(material.at)
    contradictions = {
        "no wafer there": lambda: material.intend("stage", "loadcup"),
        "destination holds a wafer": lambda: material.confirm(in_motion, then="aligner"),
        "destination is another wafer's": lambda: material.intend("aligner", "dry_robot"),
        "wafer is on its way elsewhere": lambda: material.intend("loadport1.02", "stage"),
        "nothing was intended": lambda: material.confirm(wafer(1)),
        "place holds a wafer": lambda: material.register(wafer(3), "aligner"),
        "wafer is known elsewhere": lambda: material.register(wafer(1), "stage"),
    }
    accepted: list[str] = []
    for what, act in contradictions.items():
        try:
            act()
        except MaterialError:
            continue
        accepted.append(what)
    assert accepted == []
    assert len(bench.events) == events
    assert dict(material.at) == places
    assert dict(material.in_motion()) == {"L1-02": "dry_robot"}


def test_a_contradiction_names_the_place_and_the_wafer(material: MaterialMap) -> None:
    moved(material, "loadport1.01", "aligner")
    with pytest.raises(MaterialError, match=r"aligner.*L1-02"):
        material.intend("loadport1.02", "aligner")


def test_without_a_journal_no_move_is_intended(bench: Bench, material: MaterialMap) -> None:
    bench.journal_failure = JournalGoneError()
    with pytest.raises(JournalGoneError):
        material.intend("loadport1.01", "dry_robot")
    assert material.in_motion() == {}
    assert material.where("L1-01") == "loadport1.01"


def test_without_a_journal_a_confirmation_is_not_believed(bench: Bench, material: MaterialMap) -> None:
    moving = material.intend("loadport1.01", "dry_robot")
    bench.journal_failure = JournalGoneError()
    with pytest.raises(JournalGoneError):
        material.confirm(moving)
    assert material.where("L1-01") == "loadport1.01"
    assert dict(material.in_motion()) == {"L1-01": "dry_robot"}  # a person or a sensor must be asked


def test_while_nothing_is_permitted_no_move_is_intended_but_what_was_seen_is_told(
    bench: Bench, material: MaterialMap
) -> None:
    material.intend("loadport1.01", "dry_robot")

    def closed(source: str) -> None:
        raise ClosedError(source, "move", "halted")

    material.permit = closed
    with pytest.raises(ClosedError, match="halted"):
        material.intend("loadport1.02", "aligner")
    material.confirm(wafer(1), then="aligner")
    assert [type(event) for event, _ in last(bench, 1)] == [WaferMoved]
    assert material.in_motion() == {}
    material.intend("dry_robot", "aligner", seen=True)
    material.confirm(wafer(1))
    assert material.where("L1-01") == "aligner"


def test_a_carrier_that_is_lifted_takes_its_wafers_along_in_one_commit(bench: Bench, material: MaterialMap) -> None:
    material.intend("loadport1.01", "dry_robot")
    with pytest.raises(MaterialError, match="L1-01"):
        material.carrier_gone(1)
    material.confirm(wafer(1))
    material.carrier_gone(1)
    assert last(bench, 1) == [(CarrierLifted(1, "L1", 1), True)]
    assert dict(material.at) == {"dry_robot": wafer(1)}
    material.register(wafer(2), "loadport1.02")  # the same one may come again
