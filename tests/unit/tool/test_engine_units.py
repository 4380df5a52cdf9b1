"""The engine on a tool of units: lots, orders and failures, with the map held to the truth at the end of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache, partial

import pytest
from engine_bench import EngineBench, nobody, order, play, route_recipe, working

from planaris import clock
from planaris.formats import load_tool
from planaris.model import ToolDescription
from planaris.scheduling import PlanProblem, RollingPlan, in_turn
from planaris.stream import AlarmSet, MoveIntended, PlanAnswered, StepStarted, WaferFinished, WaferMarked, WaferMoved
from planaris.tool import JobOrder, Planning, UnitsTransport


@cache
def tool_b() -> ToolDescription:
    return load_tool("tool_b")


def on_b(script: Callable[[EngineBench], Awaitable[None]], *orders: JobOrder, patience_s: float = 0.0) -> EngineBench:
    return play(script, *orders, patience_s=patience_s, tool=tool_b())


def finished(bench: EngineBench) -> list[str]:
    return sorted(e.wafer_id for e in bench.of(WaferFinished))


async def broken(bench: EngineBench, device: str, fault: str, when: Callable[[], object]) -> str:
    """Break a device when something is so, wait for a module that is down for it, mend it; return the module."""
    await bench.until(when)
    bench.world.inject_fault(device, fault, 0.0)
    await bench.until(lambda: bench.engine.shop.failed)
    bench.world.clear_fault(device)
    return next(iter(bench.engine.shop.failed))


def busy(bench: EngineBench, device: str) -> Callable[[], object]:
    return lambda: bench.machine.devices[device].busy


def test_two_lots_of_different_routes_share_the_units() -> None:
    one = order("L1", (1, 2, 3), recipe=route_recipe(1))
    two = order("L2", (1, 2, 3), port=2, recipe=route_recipe(1, 2, 3, name="long"))
    bench = on_b(nobody, one, two)
    assert (bench.outcome("L1"), bench.outcome("L2")) == ("completed", "completed")
    assert bench.of(AlarmSet) == []
    visits = {(e.wafer_id[:2], e.platen) for e in bench.of(StepStarted)}
    assert visits <= {("L1", 1), ("L1", 3), ("L2", 1), ("L2", 2), ("L2", 3), ("L2", 4)}


JAMS = [
    ("swing1", "jammed"), ("swing2", "silent"), ("exchange1", "jammed"), ("exchange2", "silent"),
    ("wet_robot", "jammed"), ("dry_robot", "jammed"),
]  # fmt: skip


@pytest.mark.parametrize(("device", "fault"), JAMS)
def test_a_retry_after_the_cause_is_gone_goes_on_and_the_lot_is_completed(device: str, fault: str) -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-02", "").startswith("head"))
        module = await broken(bench, device, fault, busy(bench, device) if fault == "jammed" else lambda: True)
        assert module == device
        answer = await bench.give("work.retry", module=module)
        assert answer.status == "done", answer.why

    bench = on_b(script, order(slots=(1, 2, 3, 4), recipe=route_recipe(1, 2)))
    assert bench.outcome() == "completed"
    assert finished(bench) == ["L1-01", "L1-02", "L1-03", "L1-04"]
    assert {e.mark for e in bench.of(WaferMarked)} <= {"hold"}
    assert [a for a in bench.tool.alarms.active if a.alarm != "wet_limit_exceeded"] == []


def test_a_swap_that_stops_between_its_halves_goes_on_from_there() -> None:
    async def script(bench: EngineBench) -> None:
        def between() -> bool:
            arms = {"wet_robot", "wet_robot_b"} & set(bench.where.values())
            return len(arms) == 2 and bench.machine.devices["wet_robot"].busy

        assert await broken(bench, "wet_robot", "jammed", between) == "wet_robot"
        assert {"wet_robot", "wet_robot_b"} <= set(bench.where.values())
        assert (await bench.give("work.retry", module="wet_robot")).status == "done"

    bench = on_b(script, order(slots=(1, 2, 3, 4)))
    assert (bench.outcome(), len(finished(bench))) == ("completed", 4)


def test_while_one_unit_is_down_the_other_takes_the_lot() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "head1")
        bench.world.inject_fault("swing1", "jammed", 0.0)
        await bench.until(lambda: len(finished(bench)) == 4)
        bench.world.clear_fault("swing1")
        assert (await bench.give("module.clear", module="swing1")).status == "done"

    bench = on_b(script, order(slots=(1, 2, 3, 4, 5)), patience_s=600.0)
    assert (bench.outcome(), len(finished(bench))) == ("completed", 5)
    assert {e.head for e in bench.of(WaferFinished) if e.wafer_id != "L1-01"} == {2}


def test_a_wafer_whose_polish_was_cut_is_cleaned_and_the_others_use_the_other_unit() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: [e for e in bench.of(StepStarted) if e.platen == 1])
        bench.machine.plc.write({"platen1.sp_slurry_flow_ml_min": 60.0})
        await bench.until(lambda: bench.engine.shop.failed)
        await bench.until(lambda: len(finished(bench)) == 4)
        assert (await bench.give("module.clear", module="platen1")).status == "done"

    bench = on_b(script, order(slots=(1, 2, 3, 4), recipe=route_recipe(1, polish_s=40.0)), patience_s=900.0)
    assert bench.outcome() == "failed"  # not every wafer was processed in full
    assert ("L1-01", "rework") in {(e.wafer_id, e.mark) for e in bench.of(WaferMarked)}
    later = {e.platen for e in bench.of(StepStarted) if e.wafer_id in {"L1-03", "L1-04"}}
    assert later == {3}
    assert len(finished(bench)) == 4


def test_an_aborted_job_comes_home_a_dry_wafer_on_an_arm_by_the_stage_out() -> None:
    async def script(bench: EngineBench) -> None:
        def fresh_on_arm() -> bool:
            return any(w == "L1-03" and place.startswith("wet_robot") for w, place in bench.where.items())

        await bench.until(fresh_on_arm)
        assert (await bench.give("job.abort", lot_id="L1")).status == "done"

    bench = on_b(script, order(slots=(1, 2, 3, 4, 5, 6)))
    assert bench.outcome() == "aborted"
    assert all(place.startswith("loadport1") for place in bench.where.values())
    moved = [(e.wafer_id, e.destination) for e in bench.of(WaferMoved)]
    assert ("L1-03", "stage_out") in moved
    assert ("L1-03", "megasonic") not in moved
    assert "scrap" not in {e.mark for e in bench.of(WaferMarked)}


def test_a_paused_job_begins_nothing_and_goes_on_when_it_is_resumed() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: "wet_robot" in bench.where.values() and "head1" in bench.where.values())
        assert (await bench.give("job.pause", lot_id="L1")).status == "done"
        await asyncio.sleep(1200.0)  # what is wet is finished by then
        waiting = {w for w, place in bench.where.items() if not place.startswith("loadport1")}
        begun = len(bench.of(StepStarted))
        dry = {w for w in waiting if bench.engine.jobs.progress_of(w).dry}
        assert waiting == dry
        assert begun > 0
        assert (await bench.give("job.resume", lot_id="L1")).status == "done"

    bench = on_b(script, order(slots=(1, 2, 3, 4)), patience_s=100.0)
    assert (bench.outcome(), len(finished(bench))) == ("completed", 4)


def test_a_halt_brings_heads_up_and_what_is_wet_is_finished_after_it() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: [e for e in bench.of(StepStarted) if e.platen == 3])
        assert (await bench.give("tool.halt")).status == "done"
        await bench.until(lambda: all(bench.machine.plc.values[f"head{n}.up"] for n in (1, 2)), limit_s=10.0)
        assert (await bench.give("tool.resume", role="maintenance")).status == "done"
        assert (await bench.give("job.resume", lot_id="L1")).status == "done"

    bench = on_b(script, order(slots=(1, 2, 3), recipe=route_recipe(1, polish_s=40.0)), patience_s=100.0)
    assert len(finished(bench)) == 3
    assert "scrap" not in {e.mark for e in bench.of(WaferMarked)}


def test_a_plan_orders_the_wafers_of_two_lots() -> None:
    def in_pairs(problem: PlanProblem) -> RollingPlan:
        return in_turn(problem, 1)

    orders = (
        order("A", (1, 2, 3, 4, 5), recipe=route_recipe(1, polish_s=150.0)),
        order("B", (1, 2, 3, 4, 5), port=2, recipe=route_recipe(1, polish_s=20.0, name="short")),
    )

    async def main() -> EngineBench:
        make = partial(UnitsTransport, planning=Planning(in_pairs))
        async with working(*orders, tool=tool_b(), make_transport=make) as bench:
            for one in orders:
                await bench.start(one.lot)
            await bench.engine.still()
            bench.known()
        return bench

    bench = clock.run(main())
    begun = "".join(e.wafer_id[0] for e in bench.of(MoveIntended) if e.source.startswith("loadport"))
    (first, *_) = bench.of(PlanAnswered)
    assert first.verdict == "accepted", first.why
    assert begun == "AAABABABBB"
    assert bench.outcome("A") == bench.outcome("B") == "completed"
