"""The checker: a played run passes; every seeded corruption of it is caught, and as what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_cases import ROUTES, line, wafers

from planaris.scheduling import Fault, Operation, What, check, play

LINE = line()
WAFERS = wafers(6, ROUTES["three"])
PLAYED = play(LINE, WAFERS).operations


def faults(operations: list[Operation]) -> set[Fault]:
    return {v.fault for v in check(LINE, WAFERS, operations)}


def index_of(what: What, wafer: int, resource: str = "", nth: int = 0) -> int:
    """Return where the nth operation of a kind stands."""
    name = WAFERS[wafer].wafer_id
    found = [i for i, o in enumerate(PLAYED) if o.what is what and o.wafer_id == name and resource in {"", o.resource}]
    return found[nth]


def test_what_the_rule_plays_passes() -> None:
    assert check(LINE, WAFERS, PLAYED) == ()


def shift(operation: Operation, by_s: float) -> Operation:
    return replace(operation, start_s=operation.start_s + by_s, end_s=operation.end_s + by_s)


@given(st.integers(0, len(PLAYED) - 1), st.floats(0.01, 40.0))
@settings(deadline=None)
def test_any_operation_moved_to_before_what_it_follows_is_caught(number: int, by_s: float) -> None:
    """Earlier by more than the slack before it: something else then still holds wafer, arm, place or head."""
    moved = PLAYED[number]
    if moved.wafer_id == "":
        return  # an empty move and a rinse may have time to spare
    ends = [o.end_s for o in PLAYED if o.wafer_id == moved.wafer_id and o.end_s <= moved.start_s + 1e-9]
    slack_s = moved.start_s - max(ends, default=0.0)
    if not ends:
        return
    assert faults([*PLAYED[:number], shift(moved, -(slack_s + by_s)), *PLAYED[number + 1 :]])


@given(st.integers(0, len(PLAYED) - 1))
@settings(deadline=None)
def test_any_operation_left_out_is_caught_except_a_mere_empty_move_or_rinse(number: int) -> None:
    gone = PLAYED[number]
    left = [*PLAYED[:number], *PLAYED[number + 1 :]]
    if gone.what in {What.GOTO, What.RINSE}:
        return
    assert faults(left), f"{gone.what} is missing"


@given(st.integers(0, len(PLAYED) - 1), st.floats(0.05, 0.9))
@settings(deadline=None)
def test_any_operation_cut_short_is_caught(number: int, share: float) -> None:
    long = PLAYED[number]
    short = replace(long, end_s=long.end_s - share * (long.end_s - long.start_s))
    assert Fault.TOO_SHORT in faults([*PLAYED[:number], short, *PLAYED[number + 1 :]])


def without(*numbers: int) -> list[Operation]:
    return [o for i, o in enumerate(PLAYED) if i not in numbers]


def corrupted_overlap() -> list[Operation]:
    """Wafer 2 in the dryer while wafer 1 still dries."""
    number = index_of(What.WORK, 1, "srd")
    earlier = index_of(What.WORK, 0, "srd")
    return [*without(number), shift(PLAYED[number], PLAYED[earlier].start_s + 5.0 - PLAYED[number].start_s)]


def corrupted_arm() -> list[Operation]:
    """The dry arm picks a second wafer while it holds one."""
    place = index_of(What.PLACE, 0, "dry_robot")
    pick = index_of(What.PICK, 1, "dry_robot")
    late = shift(PLAYED[place], PLAYED[pick].end_s - PLAYED[place].start_s)
    return [*without(place), late]


def corrupted_head() -> list[Operation]:
    """A visit at another platen than the one the head stands over."""
    number = index_of(What.VISIT, 0, "platen2")
    return [*without(number), replace(PLAYED[number], resource="platen3")]


def corrupted_turn() -> list[Operation]:
    """The carousel turns in the middle of a visit."""
    visit = PLAYED[index_of(What.VISIT, 2, "platen1")]
    return [*PLAYED, Operation(What.INDEX, "carousel", "", "", "", visit.start_s + 10.0, visit.start_s + 15.0)]


def corrupted_route() -> list[Operation]:
    """A wafer that misses its second brush."""
    return without(index_of(What.WORK, 3, "brush2"))


def corrupted_swap() -> list[Operation]:
    """Two wafers exchange names between stage and load cup."""
    one, other = WAFERS[1].wafer_id, WAFERS[2].wafer_id
    names = {one: other, other: one}
    at = PLAYED[index_of(What.PICK, 1, "wet_robot")].start_s
    return [replace(o, wafer_id=names.get(o.wafer_id, o.wafer_id)) if o.start_s >= at else o for o in PLAYED]


def corrupted_residency() -> list[Operation]:
    """Everything from the last wafer's clean on comes 60 s later: it has waited wet for 82 s."""
    number = index_of(What.PICK, 5, "wet_robot", 1)
    from_s = PLAYED[number].start_s
    return [shift(o, 60.0) if o.start_s >= from_s - 1e-9 else o for o in PLAYED]


@pytest.mark.parametrize(
    ("corrupt", "fault"),
    [
        (corrupted_overlap, Fault.OVERLAP),
        (corrupted_arm, Fault.ARM),
        (corrupted_head, Fault.CAROUSEL),
        (corrupted_turn, Fault.CAROUSEL),
        (corrupted_route, Fault.ROUTE),
        (corrupted_swap, Fault.ROUTE),
        (corrupted_residency, Fault.RESIDENCY),
    ],
)
def test_each_kind_of_corruption_is_told_as_what_it_is(corrupt: Callable[[], list[Operation]], fault: Fault) -> None:
    assert fault in faults(corrupt())


def test_a_wafer_brought_to_a_place_that_is_taken_is_told() -> None:
    place = index_of(What.PLACE, 1, "dry_robot", 0)
    pick = index_of(What.PICK, 1, "dry_robot", 0)
    taken_s = PLAYED[index_of(What.PLACE, 0, "dry_robot", 0)].end_s
    early = [shift(PLAYED[i], taken_s - PLAYED[place].start_s) for i in (pick, place)]
    assert Fault.OCCUPIED in faults([*without(pick, place), *early])


def test_a_wait_of_just_the_limit_is_allowed_and_more_is_not() -> None:
    limits = WAFERS[0].limits
    for over_s, wanted in ((0.0, False), (0.01, True)):
        tight = tuple(replace(w, limits=replace(limits, polish_to_clean_s=22.0 - over_s)) for w in WAFERS)
        found = {v.fault for v in check(LINE, tight, PLAYED)}
        assert (Fault.RESIDENCY in found) is wanted  # index 5, unload 6, pick 4, move 3, place 4: 22 s
