"""Where wafers are after a death: what sensors settle is settled, what they do not is asked, nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planaris.tool import Question, ResolvedMove, reconcile

A, B = "loadcup", "head2"
SLOT = "loadport1.03"


def move(source: str, destination: str, *seen: tuple[str, bool]) -> tuple[str | None, ResolvedMove | None]:
    """Return where a wafer on its way is, and the move as it was settled."""
    found = reconcile({"W": source}, {"W": destination}, dict(seen))
    return found.places.get("W"), found.moves[0] if found.moves else None


@pytest.mark.parametrize(
    ("seen", "where"),
    [
        ({A: False, B: True}, B),
        ({A: True, B: False}, A),
        ({SLOT: True, "dry_robot": False}, None),
        ({A: False, B: False}, None),
        ({A: True, B: True}, None),
        ({B: True}, B),
        ({A: True}, A),
        ({A: False}, None),
        ({B: False}, None),
        ({}, None),
    ],
)
def test_a_move_is_settled_only_where_the_sensors_of_its_ends_tell(seen: dict[str, bool], where: str | None) -> None:
    place, settled = move(A, B, *seen.items())
    assert place == where
    assert settled == (None if where is None else ResolvedMove("W", A, B, made=where == B))


@pytest.mark.parametrize(
    ("source", "destination", "seen", "where"),
    [
        (SLOT, "dry_robot", {SLOT: True, "dry_robot": False}, SLOT),
        (SLOT, "dry_robot", {SLOT: False, "dry_robot": True}, "dry_robot"),
        ("dry_robot", SLOT, {SLOT: True, "dry_robot": False}, SLOT),
        ("dry_robot", SLOT, {SLOT: False, "dry_robot": True}, "dry_robot"),
        ("dry_robot", SLOT, {SLOT: False, "dry_robot": False}, None),
        # The carrier could not be scanned: an empty gripper alone does not say that the wafer lies in its slot.
        ("dry_robot", SLOT, {"dry_robot": False}, None),
        ("dry_robot", SLOT, {"dry_robot": True}, "dry_robot"),
    ],
)
def test_a_slot_is_seen_by_a_scan(source: str, destination: str, seen: dict[str, bool], where: str | None) -> None:
    assert move(source, destination, *seen.items())[0] == where


def test_a_question_names_the_wafer_the_places_it_may_be_at_and_why() -> None:
    found = reconcile({"W": A}, {"W": B}, {A: False, B: False})
    assert found.places == {}
    (question,) = found.questions
    assert question == Question(
        "W", (A, B), "it was going from loadcup to head2; loadcup shows none, head2 shows none", (A, B)
    )


def test_a_wafer_at_rest_that_is_not_seen_is_asked_for_and_a_place_without_a_sensor_is_believed() -> None:
    found = reconcile({"W1": "brush1", "W2": "platen2"}, {}, {"brush1": False})
    assert found.places == {"W2": "platen2"}
    assert [(q.wafer_id, q.candidates) for q in found.questions] == [("W1", ("brush1",))]


def test_a_wafer_seen_where_the_map_has_none_is_told_and_never_taken_for_the_one_that_is_missing() -> None:
    found = reconcile({"W": "aligner"}, {}, {"aligner": False, "stage": True})
    assert found.places == {}
    assert [(q.wafer_id, q.candidates, q.look_at) for q in found.questions] == [
        ("W", ("aligner",), ("aligner",)),
        ("", ("W",), ("stage",)),
    ]


PLACES = ("a", "b", "c", "d", "e")


@given(
    truth=st.permutations(PLACES).map(lambda order: dict(zip(("W1", "W2", "W3"), order, strict=False))),
    data=st.data(),
)
def test_what_is_settled_is_true_whatever_was_moving(truth: dict[str, str], data: st.DataObject) -> None:
    """Honest sensors everywhere: each wafer stands at its map's place, or is at an end of its move."""
    places, moving = dict(truth), dict[str, str]()
    free = [p for p in PLACES if p not in truth.values()]
    for wafer, place in truth.items():
        if free and data.draw(st.booleans(), label=f"{wafer} moves"):
            other = free.pop()
            made = data.draw(st.booleans(), label=f"{wafer} arrived")
            places[wafer], moving[wafer] = (other, place) if made else (place, other)
    found = reconcile(places, moving, {p: p in truth.values() for p in PLACES})
    assert found.places == truth
    assert found.questions == ()
