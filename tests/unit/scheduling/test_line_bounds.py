"""Proven bounds: by hand, against brute force, and never beaten by what is played."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_cases import JOB, NINE, ROUTES, line, visits, wafers

from planaris.scheduling import best_mix, least_empty_s, line_bound, play, throughput_bound


def test_the_dryer_of_tool_a_must_be_filled_dry_and_be_emptied() -> None:
    """Exchange 10, dry 50, pick 3; the design bound counts 60."""
    bound = line_bound(line(), wafers(25, ROUTES["three"]))
    assert (bound.bottleneck, bound.cycle_s) == ("srd", pytest.approx(63.0))
    slots = tuple(w.slot for w in JOB.lot.wafers)
    design = throughput_bound(JOB.tool, JOB.recipe, JOB.cleaner, NINE, slots)
    assert 3600.0 / design.wafers_per_h == pytest.approx(60.0)
    assert bound.busy_s["brush1"] == pytest.approx(60.0)  # filled 10, brushed 40, emptied 10
    assert bound.busy_s["platen1"] == pytest.approx(56.0)  # visit 51, turn 5
    assert bound.busy_s["dry_robot"] == pytest.approx(42.0)
    assert bound.busy_s["wet_robot"] == pytest.approx(28.0)


def test_one_wafer_alone_takes_its_shortest_way() -> None:
    some = wafers(1, ROUTES["three"])
    bound, played = line_bound(line(), some), play(line(), some)
    assert bound.makespan_s <= played.makespan_s
    # What the way costs beyond: empty moves to slot, aligner and stage that no arm can make beforehand.
    assert played.makespan_s - bound.makespan_s <= 3 * 3.0 + 2.0


@given(
    st.lists(st.sampled_from(sorted(ROUTES)), min_size=1, max_size=3), st.integers(1, 12), st.booleans(), st.booleans()
)
@settings(deadline=None, max_examples=30)
def test_nothing_played_beats_the_bound(routes: list[str], count: int, metrology: bool, slow_dryer: bool) -> None:
    some = tuple(
        replace(
            w, visits=visits(ROUTES[routes[n % len(routes)]]), clean_s=(40.0, 40.0, 40.0, 90.0 if slow_dryer else 20.0)
        )
        for n, w in enumerate(wafers(count, ROUTES["three"], metrology=metrology))
    )
    tool = line(metrology=metrology)
    assert play(tool, some).makespan_s >= line_bound(tool, some).makespan_s - 1e-6


@given(st.lists(st.lists(st.floats(0.0, 9.0), min_size=4, max_size=4), min_size=4, max_size=4))
@settings(deadline=None)
def test_the_least_empty_travel_is_that_of_the_best_permutation(empty_s: list[list[float]]) -> None:
    best = min(sum(empty_s[i][p] for i, p in enumerate(order)) for order in itertools.permutations(range(4)))
    assert least_empty_s(empty_s) == pytest.approx(best)


def test_a_mix_uses_what_one_route_leaves() -> None:
    """Route A needs 10 s of x and 4 of y, B 2 of x and 8 of y: 6/72 of each a second fill both."""
    rate, parts = best_mix({"A": {"x": 10.0, "y": 4.0}, "B": {"x": 2.0, "y": 8.0}}, {"x": 1, "y": 1})
    assert rate == pytest.approx(12.0 / 72.0)
    assert parts == {"A": pytest.approx(6.0 / 72.0), "B": pytest.approx(6.0 / 72.0)}
    assert best_mix({"A": {"x": 10.0}}, {"x": 2})[0] == pytest.approx(0.2)


def test_without_wafers_there_is_no_bound() -> None:
    with pytest.raises(ValueError, match="needs a wafer"):
        line_bound(line(), ())
