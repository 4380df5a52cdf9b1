"""The rule that looks ahead, played on reference tool A: near the proven bound, no limit passed, an even wait."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from line_cases import JOB, NINE, ROUTES, line, visits, wafers, waits_s

from planaris.scheduling import (
    Fault,
    PlatenVisit,
    RoutedWafer,
    Spread,
    check,
    cycle_system,
    line_bound,
    play,
    routed,
)

DEVICE_SPREAD = 0.01  # the twin's repeatability of device times, 1 sigma; cut at 3


@pytest.mark.parametrize("metrology", [False, True])
@pytest.mark.parametrize("route", ROUTES)
def test_a_hundred_wafers_come_within_3_percent_of_the_bound_and_no_limit_is_passed(
    route: str, metrology: bool
) -> None:
    some = wafers(100, ROUTES[route], metrology=metrology)
    tool = line(metrology=metrology)
    played = play(tool, some, spread=Spread(3, DEVICE_SPREAD))
    assert line_bound(tool, some).cycle_s / played.steady_s(skip=10) >= 0.97
    assert check(tool, some, played.operations, short_fraction=3 * DEVICE_SPREAD) == ()
    low, high = np.percentile(waits_s(played), [5, 95])
    assert high - low <= 10.0


def test_without_spread_the_rule_reaches_the_bound_and_its_order_allows_no_shorter_period() -> None:
    for metrology in (False, True):
        some = wafers(30, ROUTES["three"], metrology=metrology)
        tool = line(metrology=metrology)
        played = play(tool, some)
        assert played.steady_s() == pytest.approx(63.0)  # exchange 10, dry 50, pick 3
        assert line_bound(tool, some).cycle_s == pytest.approx(63.0)
        system = cycle_system(tool, some, played.operations, wafer=15)
        period = system.period_s()
        assert period is not None
        assert period[0] == pytest.approx(63.0, abs=1e-5)
        assert set(np.round(waits_s(played), 6)) == {22.0}  # index 5, unload 6, pick 4, move 3, place 4


def test_endpoints_that_spread_by_20_percent_cost_little_and_keep_the_wait_even() -> None:
    some = wafers(300, ROUTES["three"], spread_fraction=0.2)
    played = play(line(), some, spread=Spread(2, DEVICE_SPREAD))
    assert line_bound(line(), some).cycle_s / played.steady_s() >= 0.97
    low, high = np.percentile(waits_s(played), [5, 95])
    assert high - low <= 10.0
    found = check(line(), some, played.operations, short_fraction=3 * DEVICE_SPREAD)
    # Three coupled heads whose endpoints differ by more than 20 s: one waits over its platen, which then must rinse.
    assert {v.fault for v in found} <= {Fault.STOPPED_PLATEN}


def test_a_route_that_ends_far_from_the_load_cup_keeps_its_wet_limit_at_the_cost_of_speed() -> None:
    for route in (((1, 51.0),), ((1, 51.0), (2, 51.0))):
        some = wafers(12, route)
        played = play(line(), some)
        assert check(line(), some, played.operations) == ()


def test_a_dryer_that_is_slow_holds_the_polish_back_and_not_the_wet_wafer() -> None:
    some = tuple(replace(w, clean_s=(40.0, 40.0, 40.0, 200.0)) for w in wafers(20, ROUTES["three"]))
    played = play(line(), some)
    assert check(line(), some, played.operations) == ()
    assert set(np.round(waits_s(played), 6)) == {22.0}
    assert played.steady_s(skip=5) == pytest.approx(213.0)


def test_a_wafer_with_49_sites_does_not_make_the_next_ones_wait_wet() -> None:
    some = routed(JOB.tool, JOB.lot, JOB.recipe, JOB.cleaner)
    played = play(line(), some)
    assert check(line(), some, played.operations) == ()
    assert waits_s(played).max() <= 22.0 + 10.0


def two_lots() -> tuple[RoutedWafer, ...]:
    """Return two lots in turn: three platens of 51 s, one of 90 s on the last."""
    base = routed(JOB.tool, JOB.lot, JOB.recipe, JOB.cleaner, sampling=NINE)
    other = [
        replace(
            w, wafer_id=f"B{w.wafer_id}", home=w.home.replace("loadport1", "loadport2"), visits=visits(((3, 90.0),))
        )
        for w in base
    ]
    return tuple(w for pair in zip(base, other, strict=True) for w in pair)


def test_two_lots_at_once_with_mixed_recipes_pass_the_checker() -> None:
    some = two_lots()
    played = play(line(), some, spread=Spread(1, DEVICE_SPREAD))
    assert len(played.finished_s) == 50
    assert check(line(), some, played.operations, short_fraction=3 * DEVICE_SPREAD) == ()


def test_priority_goes_first_and_nobody_before_its_release() -> None:
    some = [*wafers(4, ROUTES["three"])]
    some[2] = replace(some[2], priority=5)
    some[3] = replace(some[3], priority=9, release_s=400.0)
    finished_s = play(line(), some).finished_s
    order = sorted(finished_s, key=lambda w: finished_s[w])
    assert order[0] == some[2].wafer_id
    assert order[-1] == some[3].wafer_id


def test_with_a_platen_down_what_needs_it_is_refused_and_the_rest_goes_on() -> None:
    some = wafers(6, ROUTES["two"])
    down = frozenset({1})
    played = play(line(), some, platens_down=down)
    assert len(played.finished_s) == 6
    with pytest.raises(ValueError, match="platen that is down"):
        play(line(), wafers(1, ROUTES["three"]), platens_down=down)


def test_the_same_seed_plays_the_same_and_another_does_not() -> None:
    some = wafers(8, ROUTES["three"], spread_fraction=0.2)
    runs = [play(line(), some, spread=Spread(seed, DEVICE_SPREAD)).operations for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


ROUTE = st.permutations((1, 2, 3)).flatmap(
    lambda order: st.lists(st.floats(20.0, 120.0), min_size=3, max_size=3).flatmap(
        lambda times: st.integers(1, 3).map(lambda n: tuple(zip(sorted(order[:n]), times, strict=False)))
    )
)


@given(st.lists(ROUTE, min_size=1, max_size=3), st.integers(0, 20), st.booleans(), st.floats(0.0, 0.2))
# Two wafers of other routes that end their polish at one stop.
@example([((1, 20.0),), ((1, 34.0), (2, 20.0), (3, 20.0)), ((1, 20.0), (2, 20.0))], 0, True, 0.0)
@settings(deadline=None, max_examples=40)
def test_any_mix_of_routes_comes_through_with_every_wet_limit_kept(
    routes: list[tuple[tuple[int, float], ...]], seed: int, metrology: bool, spread: float
) -> None:
    some = tuple(
        replace(w, visits=tuple(PlatenVisit(p, s, spread * s) for p, s in routes[n % len(routes)]))
        for n, w in enumerate(wafers(9, ROUTES["three"], metrology=metrology))
    )
    tool = line(metrology=metrology)
    played = play(tool, some, spread=Spread(seed, DEVICE_SPREAD))
    found = check(tool, some, played.operations, short_fraction=3 * DEVICE_SPREAD)
    assert {v.fault for v in found} <= {Fault.STOPPED_PLATEN}, found
    assert played.makespan_s >= line_bound(tool, some).makespan_s * (1.0 - 0.25)  # visits may end 20 % early
