"""A plan beside the engine: it steers where it is good and in time, and the rule goes on whatever becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from engine_bench import EngineBench, order, route_recipe
from tool_bench import tool_a

from planaris import clock
from planaris.model import PlanningDescription, Recipe
from planaris.scheduling import Mishap, Planner, PlanProblem, RollingPlan, on_time
from planaris.stream import MoveIntended, PlanAnswered, SteeringChanged, WaferFinished
from planaris.tool import CarouselTransport, Planning

SLOTS = (1, 2, 3, 4)
LATENCY_S = 2.0


def recipe(name: str, front_s: float, back_s: float) -> Recipe:
    """Return a recipe that polishes on the first and the third platen."""
    parts = [route_recipe(1, polish_s=front_s), route_recipe(3, polish_s=back_s)]
    return replace(parts[0], name=name, steps=tuple(step for part in parts for step in part.steps))


ORDERS = (
    order("A", SLOTS, recipe=recipe("front", 90.0, 10.0)),
    order("B", SLOTS, port=2, recipe=recipe("back", 10.0, 90.0)),
)


def two_and_two(problem: PlanProblem) -> RollingPlan:
    """Order as lots that fit into each other go best: one wafer of the first lot, then two of each in turn."""
    left = {lot: [w.wafer_id for w in problem.waiting if w.wafer_id.startswith(lot)] for lot in "AB"}
    out: list[str] = []
    pattern = "A" * problem.fixed_count + "BBAA" * len(problem.waiting)
    for lot in pattern:
        out += left[lot][:1]
        left[lot] = left[lot][1:]
    return RollingPlan(tuple(out), 0.0, proven=False)


def run(planner: Planner, mishap: Callable[[int], Mishap] = on_time, *, planned: bool = True) -> EngineBench:
    """Run both lots to their end."""

    async def main() -> EngineBench:
        times = PlanningDescription(LATENCY_S, 60.0, 16) if planned else None
        make = partial(CarouselTransport, planning=Planning(planner, mishap))
        bench = EngineBench(ORDERS, tool=replace(tool_a(), planning=times), make_transport=make)
        async with bench.tool.running(), bench.engine.running():
            for one in ORDERS:
                await bench.start(one.lot)
            await bench.engine.still()
            bench.known()
        bench.machine.close()
        return bench

    return clock.run(main())


def begun(bench: EngineBench) -> str:
    """Return the lots of the wafers in the order in which they left their slots."""
    return "".join(e.wafer_id[0] for e in bench.of(MoveIntended) if e.source.startswith("loadport"))


def verdicts(bench: EngineBench) -> list[str]:
    return [e.verdict for e in bench.of(PlanAnswered)]


def told(bench: EngineBench) -> list[object]:
    return [(c.sequence, c.time_s, c.event) for c in bench.kept]


@pytest.fixture(scope="module")
def by_rule() -> EngineBench:
    return run(two_and_two, planned=False)


@pytest.fixture(scope="module")
def by_plan() -> EngineBench:
    return run(two_and_two)


def test_the_plans_order_is_followed_and_faster(by_rule: EngineBench, by_plan: EngineBench) -> None:
    assert begun(by_rule) == "AAAABBBB"
    assert begun(by_plan) == "AABBAABB"  # the first two had begun, or might have, when the second lot came
    ends_s = [max(t for t, _ in bench.named(WaferFinished)) for bench in (by_rule, by_plan)]
    assert ends_s[1] < 0.95 * ends_s[0]
    assert all(bench.outcome(lot) == "completed" for bench in (by_rule, by_plan) for lot in "AB")


def test_who_steers_is_an_event_and_the_plan_is_seen_a_declared_time_after_its_request(by_plan: EngineBench) -> None:
    (seen_s, first), *_ = by_plan.named(PlanAnswered)
    assert (first.verdict, first.request) == ("accepted", 0)
    assert first.makespan_s < first.rule_makespan_s
    assert 50.0 < first.bound_pct <= 100.0
    (steered_s, plan), *rest = by_plan.named(SteeringChanged)
    assert plan.steers == "plan"
    assert steered_s == seen_s
    assert rest[-1][1].steers == "rule"
    # Both lots wait from the end of the second scan on, at the earliest.
    assert seen_s >= LATENCY_S + tool_a().carrier_map_s


def test_without_planning_nothing_is_told_of_it(by_rule: EngineBench) -> None:
    assert by_rule.of(PlanAnswered) == []
    assert by_rule.of(SteeringChanged) == []


def test_a_slow_planner_changes_nothing_in_virtual_time(by_plan: EngineBench) -> None:
    def slow(problem: PlanProblem) -> RollingPlan:
        time.sleep(0.5)
        return two_and_two(problem)

    assert told(run(slow)) == told(by_plan)


def backwards(problem: PlanProblem) -> RollingPlan:
    return RollingPlan(tuple(w.wafer_id for w in reversed(problem.waiting)), 0.0, proven=True)


def nothing(_problem: PlanProblem) -> None:
    return None


@pytest.mark.parametrize(
    ("planner", "mishap", "verdict"),
    [
        (backwards, Mishap.ON_TIME, "refused"),
        (nothing, Mishap.ON_TIME, "none"),
        (two_and_two, Mishap.NONE, "none"),
    ],
)
def test_a_plan_that_is_refused_or_missing_leaves_the_rule_alone(
    planner: Planner, mishap: Mishap, verdict: str, by_rule: EngineBench
) -> None:
    bench = run(planner, lambda _number: mishap)
    assert set(verdicts(bench)) == {verdict}
    assert bench.of(SteeringChanged) == []
    own = [(c.time_s, c.event) for c in bench.kept if not isinstance(c.event, PlanAnswered)]
    assert own == [(c.time_s, c.event) for c in by_rule.kept]


def test_a_late_plan_is_told_as_late_and_steers_from_when_it_comes() -> None:
    bench = run(two_and_two, lambda number: Mishap.LATE if number == 0 else Mishap.NONE)
    assert verdicts(bench)[:2] == ["late", "accepted"]
    late, came = [time_s for time_s, _ in bench.named(PlanAnswered)][:2]
    assert came - late == pytest.approx(60.0)
    steers = bench.named(SteeringChanged)
    assert steers == [] or steers[0][0] >= came
    assert bench.outcome("A") == bench.outcome("B") == "completed"
