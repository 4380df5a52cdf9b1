"""Schedules against bounds: tool A's rule over 100 wafers, and the public cluster contest against its own makespans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmark_result import Better, Result
from cluster_contest import ROUTES, contest, published_s
from planaris.formats import load_job
from planaris.model import SamplingPlan
from planaris.scheduling import (
    Cluster,
    PlanBoard,
    PlatenVisit,
    Spread,
    check,
    check_cluster,
    cluster_bound,
    line_bound,
    line_of,
    plan_by_play,
    play,
    repeated,
    routed,
    search_cluster,
)

NAME = "schedule"
WAFERS = 100
TRIES = 150
RATIO = 0.97
SLOPE_RATIO = 1.1
# Recipes of one to three platens, seconds from pre-flow to head up; device times spread by 1 % (1 sigma).
RECIPES = {
    "3 x 51 s": ((1, 51.0), (2, 51.0), (3, 51.0)),
    "2 x 71 s": ((2, 71.0), (3, 71.0)),
    "1 x 131 s": ((3, 131.0),),
}
# Two lots at once, (platen, seconds) of each: recipes that fit into each other, and two that do not.
MIXED_WAFERS = 12
MIXES = {
    "100/-/30 and 30/-/100 s": (((1, 100.0), (3, 30.0)), ((1, 30.0), (3, 100.0))),
    "90/40/40 and 40/40/90 s": (((1, 90.0), (2, 40.0), (3, 40.0)), ((1, 40.0), (2, 40.0), (3, 90.0))),
    "71/71/20 and -/-/131 s": (((1, 71.0), (2, 71.0), (3, 20.0)), ((3, 131.0),)),
}
EXAMPLE = Path(__file__).parents[1] / "examples" / "oxide_ild" / "lot.toml"


class InfeasibleError(Exception):
    """A schedule that the checker does not let pass."""


def run() -> list[Result]:
    """Return the ratios of the rule and of the contest's routes; raise if the checker finds anything."""
    return [*_tool_a(), *_mixed_lots(), *(result for route in ROUTES for result in _route(route))]


def _tool_a() -> list[Result]:
    job = load_job(EXAMPLE)
    results: list[Result] = []
    for metrology in (False, True):
        line = line_of(job.tool, metrology=metrology)
        sampling = SamplingPlan(dense_slots=())
        base = routed(job.tool, job.lot, job.recipe, job.cleaner, sampling=sampling, metrology=metrology)
        for name, route in RECIPES.items():
            for spread in (0.0, 0.2):
                visits = tuple(PlatenVisit(n, time_s, spread * time_s) for n, time_s in route)
                wafers = tuple(replace(w, visits=visits) for w in repeated(base, WAFERS))
                played = play(line, wafers, spread=Spread(1, 0.01))
                found = check(line, wafers, played.operations, short_fraction=0.03)
                if not spread and found:
                    raise InfeasibleError(f"tool A, {name}: {found[0]}")
                bound = line_bound(line, wafers)
                label = f"A, {name}{', endpoint +-20 %' if spread else ''}, {'9 points' if metrology else 'unmeasured'}"
                ratio = bound.cycle_s / played.steady_s(skip=10)
                against = f"bound {bound.cycle_s:.1f} s by {bound.bottleneck}"
                results.append(Result(label, ratio, "of bound", RATIO, Better.MORE, against))
    return results


def _mixed_lots() -> list[Result]:
    """Return the makespan of two lots with plans over that of the rule, which takes them one after another."""
    job = load_job(EXAMPLE)
    line = line_of(job.tool, metrology=False)
    base = repeated(routed(job.tool, job.lot, job.recipe, job.cleaner, metrology=False), MIXED_WAFERS)
    results: list[Result] = []
    for name, routes in MIXES.items():
        lots = [
            tuple(
                replace(
                    w,
                    wafer_id=f"{lot}{w.wafer_id}",
                    home=w.home.replace("loadport1", f"loadport{lot}"),
                    visits=tuple(PlatenVisit(*visit) for visit in route),
                )
                for w in base
            )
            for lot, route in enumerate(routes, start=1)
        ]
        wafers = tuple(w for own in lots for w in own)
        played = play(line, wafers, board=PlanBoard(plan_by_play))
        found = check(line, wafers, played.operations)
        if found:
            raise InfeasibleError(f"tool A, {name}: {found[0]}")
        alone = play(line, wafers)
        ratio = played.makespan_s / alone.makespan_s
        against = f"of {alone.makespan_s:.0f} s by the rule alone"
        results.append(Result(f"A, two lots, {name}", ratio, "of the rule", 1.0, Better.LESS, against))
    return results


def _route(route: str) -> list[Result]:
    """Return a route's makespans, by the plans' own rule and with empty moves counted, and its slope over the bound."""
    results = [result for result, _ in _makespans(contest(route, empty_moves=False), ", empty moves free as published")]
    cluster = contest(route)
    strict = _makespans(cluster, "")
    results += [result for result, _ in strict]
    makespans = [makespan_s for _, makespan_s in strict]
    slope_s = (makespans[1] - makespans[0]) / 50.0
    # Between 25 and 75 wafers on one chamber fall the cleans after the 30th, 45th and 60th.
    cleans = 3.0 / 50.0 if cluster.cleaned else None
    bound = cluster_bound(cluster, cluster.ports[1:], cleans_per_wafer=cleans)
    against = f"x {bound.cycle_s:.2f} s proven by {bound.bottleneck}; work alone {bound.plain_cycle_s:.2f} s"
    ratio = slope_s / bound.cycle_s
    results.append(Result(f"contest {route}, s a wafer", ratio, "of bound", SLOPE_RATIO, Better.LESS, against))
    return results


def _makespans(cluster: Cluster, rule: str) -> list[tuple[Result, float]]:
    found_by_size: list[tuple[Result, float]] = []
    for wafers, theirs_s in zip((25, 75), published_s(cluster.name), strict=True):
        plan = search_cluster(cluster, wafers, tries=TRIES)
        found = check_cluster(cluster, wafers, plan)
        if found:
            raise InfeasibleError(f"contest {cluster.name}, {wafers} wafers: {found[0]}")
        label = f"contest {cluster.name}, {wafers} wafers{rule}"
        result = Result(label, plan.makespan_s, "s", theirs_s, Better.LESS, "published makespan")
        found_by_size.append((result, plan.makespan_s))
    return found_by_size
