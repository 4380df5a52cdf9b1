"""Public cluster-tool contest, in short: feasible, not slower than published, near the bound; corruptions told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster_contest import ROUTES, contest, published_s
from planaris.scheduling import (
    ClusterPlan,
    Fault,
    Handling,
    check_cluster,
    cluster_bound,
    plan_cluster,
    search_cluster,
)

TRIES = 12


@pytest.mark.parametrize("route", ["A", "B"])
def test_a_few_tries_are_feasible_and_faster_than_published(route: str) -> None:
    cluster = contest(route)
    plan = search_cluster(cluster, 25, tries=TRIES)
    assert check_cluster(cluster, 25, plan) == ()
    assert plan.makespan_s <= published_s(route)[0]


def test_with_a_single_arm_in_every_robot_route_b_is_still_faster_than_published() -> None:
    cluster = contest("B", vacuum_arms=1)
    plan = search_cluster(cluster, 25, tries=TRIES)
    assert check_cluster(cluster, 25, plan) == ()
    assert plan.makespan_s <= published_s("B")[0]


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_planned_feasibly_and_no_plan_beats_the_bound(route: str) -> None:
    cluster = contest(route)
    made = [plan_cluster(cluster, wafers) for wafers in (25, 75)]
    for wafers, plan in zip((25, 75), made, strict=True):
        assert check_cluster(cluster, wafers, plan) == ()
    cleans = 3.0 / 50.0 if cluster.cleaned else None
    bound = cluster_bound(cluster, cluster.ports[1:], cleans_per_wafer=cleans)
    # Makespans hold fill and drain, so 50 wafers may save at most one way through the tool.
    assert (made[1].makespan_s - made[0].makespan_s) / 50.0 >= 0.98 * bound.cycle_s
    assert bound.plain_cycle_s <= bound.cycle_s


@pytest.mark.parametrize("route", ["A", "B", "C", "D"])
def test_by_the_published_rule_four_routes_are_no_slower_than_published(route: str) -> None:
    """By that rule empty moves are free: these plans are faster, and break the stricter one."""
    cluster = contest(route, empty_moves=False)
    plan = search_cluster(cluster, 25, tries=3 * TRIES)
    assert check_cluster(cluster, 25, plan) == ()
    assert plan.makespan_s <= published_s(route)[0]
    assert Fault.OVERLAP in {v.fault for v in check_cluster(contest(route), 25, plan)}


def test_the_same_seed_finds_the_same_plan() -> None:
    cluster = contest("B")
    assert search_cluster(cluster, 10, seed=3, tries=8) == search_cluster(cluster, 10, seed=3, tries=8)


def test_bounds_by_hand() -> None:
    """B, wafers from LP2 and LP3. Six handlings of 5 s; LP2: ways 2.5 + 2 + 3.5 and empty 3.5 + 2 + 2.5, 46 s in all;
    LP3: 2 + 2 + 3 and 3 + 2 + 2, 44 s. A, PM3/PM4: place 5, work 75, pick 5, turn of the arms 5, two chambers."""
    assert cluster_bound(contest("B"), ("LP2", "LP3")).proven_s["TM1"] == pytest.approx(45.0)
    assert cluster_bound(contest("A"), ("LP2", "LP3")).proven_s["PM3/PM4"] == pytest.approx(45.0)
    assert cluster_bound(contest("C"), ("LP1",)).plain_s["PM2"] == pytest.approx(70.0 + 10.0 + 300.0 / 15.0)


# -- corruptions -------------------------------------------------------------------------------------------------

CLUSTER = contest("C")
PLAN = plan_cluster(CLUSTER, 20).handlings


def told(*handlings: Handling) -> set[Fault]:
    return {v.fault for v in check_cluster(CLUSTER, 20, ClusterPlan(handlings))}


@pytest.mark.parametrize("number", range(0, len(PLAN), 41))
def test_a_handling_moved_left_out_or_cut_short_is_caught(number: int) -> None:
    one = PLAN[number]
    rest = [*PLAN[:number], *PLAN[number + 1 :]]
    assert told(*rest)
    assert told(*rest, replace(one, start_s=one.start_s - 40.0, end_s=one.end_s - 40.0))
    assert told(*rest, replace(one, end_s=one.end_s - 1.0)) >= {Fault.TOO_SHORT}
    assert told(*rest, replace(one, module="PM6")) & {Fault.ROUTE, Fault.OVERLAP}


def test_a_third_wafer_on_two_arms_is_told() -> None:
    crowded = replace(CLUSTER, robots=tuple(replace(r, arms=1) for r in CLUSTER.robots))
    assert Fault.ARM in {v.fault for v in check_cluster(crowded, 20, ClusterPlan(PLAN))}


def test_a_wafer_in_a_chamber_that_is_being_cleaned_is_told() -> None:
    strict = replace(CLUSTER, clean_every=10)
    assert Fault.OCCUPIED in {v.fault for v in check_cluster(strict, 20, ClusterPlan(PLAN))}
