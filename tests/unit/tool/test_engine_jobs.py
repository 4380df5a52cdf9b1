"""Several jobs at once: ports, priorities, routes, and what pausing, stopping and aborting one of them does."""

from __future__ import annotations

import pytest
from engine_bench import EngineBench, nobody, order, play, route_recipe, working

from planaris import clock
from planaris.formats import recipe_hash
from planaris.model import WaferKind
from planaris.stream import (
    JobStateChanged,
    LotEnded,
    StepStarted,
    WaferFinished,
    WaferMarked,
    WaferMoved,
)


def begun(bench: EngineBench) -> list[str]:
    """Return wafers in the order they left their carriers."""
    return [e.wafer_id for e in bench.of(WaferMoved) if e.source.startswith("loadport")]


def test_two_lots_with_mixed_recipes_and_routes_share_the_tool_and_each_gets_its_own_steps() -> None:
    one = order("L1", (1, 2), recipe=route_recipe(1, 2, 3))
    two = order("L2", (1, 2), port=2, recipe=route_recipe(2, name="one step"), kind=WaferKind.DUMMY)
    bench = play(nobody, one, two)
    assert (bench.outcome("L1"), bench.outcome("L2")) == ("completed", "completed")
    assert bench.where == {
        **{f"L1-{s:02d}": f"loadport1.{s:02d}" for s in (1, 2)},
        **{f"L2-{s:02d}": f"loadport2.{s:02d}" for s in (1, 2)},
    }
    visited = {(e.wafer_id, e.platen) for e in bench.of(StepStarted)}
    assert visited == {(f"L1-{s:02d}", p) for s in (1, 2) for p in (1, 2, 3)} | {(f"L2-{s:02d}", 2) for s in (1, 2)}
    assert {e.kind for e in bench.of(WaferFinished) if e.wafer_id.startswith("L2")} == {WaferKind.DUMMY}
    assert [e.outcome for e in bench.of(LotEnded)] == ["completed", "completed"]


def test_the_job_of_higher_priority_goes_first_and_equal_ones_as_they_came() -> None:
    first, hot = order("L1", (1, 2, 3)), order("HOT", (1, 2), port=2)

    async def main() -> EngineBench:
        async with working(first, hot) as bench:
            await bench.start(first.lot)
            await bench.until(lambda: len(begun(bench)) == 1)
            await bench.start(hot.lot, priority=5)
            await bench.engine.still()
        return bench

    bench = clock.run(main())
    mapped = next(t for t, e in bench.named(JobStateChanged) if e.lot_id == "HOT") + 25.0
    later = [e.wafer_id for t, e in bench.named(WaferMoved) if e.source.startswith("loadport") and t > mapped]
    assert later[:2] == ["HOT-01", "HOT-02"]
    assert sorted(begun(bench)) == ["HOT-01", "HOT-02", "L1-01", "L1-02", "L1-03"]


def test_a_paused_job_finishes_what_is_wet_keeps_the_dry_where_it_is_and_goes_on_when_told() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.of(StepStarted))
        assert (await bench.give("job.pause", lot_id="L1")).status == "done"
        await bench.engine.shop.idle.wait()
        await bench.until(lambda: bench.of(WaferFinished) and not bench.engine.shop.running_count)
        wet = [p for p in bench.engine.jobs.progress().values() if p.wet]
        assert wet == []
        waiting = {place.split(".")[0] for place in bench.where.values()}
        assert waiting <= {"loadport1", "aligner", "stage"}
        assert waiting != {"loadport1"}
        assert (await bench.give("job.resume", lot_id="L1")).status == "done"

    bench = play(script, order(slots=(1, 2, 3, 4, 5)))
    assert bench.outcome() == "completed"
    assert [e.state for e in bench.of(JobStateChanged)] == ["running", "paused", "running", "completed"]


def test_an_aborted_job_polishes_no_more_and_brings_every_wafer_home_marked() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: len(bench.of(StepStarted)) >= 1)
        assert (await bench.give("job.abort", lot_id="L1")).status == "done"

    bench = play(script, order(slots=(1, 2, 3, 4), recipe=route_recipe(2, 3)))
    assert bench.outcome() == "aborted"
    started = [e.wafer_id for e in bench.of(StepStarted)]
    assert started == ["L1-01"]
    out = set(begun(bench))
    assert {e.wafer_id for e in bench.of(WaferMarked) if e.mark == "rework"} == out
    assert set(bench.where.values()) == {f"loadport1.{s:02d}" for s in (1, 2, 3, 4)}
    assert not bench.tool.watch.is_on("head1.wafer_present")


def test_one_wafer_is_aborted_and_the_others_of_its_job_go_on() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.of(StepStarted))
        assert (await bench.give("wafer.abort", wafer_id="L1-01")).status == "done"
        assert (await bench.give("wafer.abort", wafer_id="L1-06")).why == "it stays in its slot"
        assert (await bench.give("wafer.abort", wafer_id="X")).status == "refused"

    bench = play(script, order(slots=(1, 2, 3, 4, 6), recipe=route_recipe(2, 3)))
    assert bench.outcome() == "completed"
    whole = {(f"L1-{s:02d}", platen) for s in (2, 3, 4) for platen in (2, 3)}
    assert {(e.wafer_id, e.platen) for e in bench.of(StepStarted)} == {("L1-01", 2), *whole}
    assert {e.wafer_id for e in bench.of(WaferMarked)} == {"L1-01", "L1-06"}
    assert "L1-06" not in begun(bench)


@pytest.mark.parametrize("again", [1, 2])
def test_a_port_works_for_one_job_and_a_lot_has_one(again: int) -> None:
    async def script(bench: EngineBench) -> None:
        lot = "L2" if again == 1 else "L1"
        recipe = bench.orders[lot].recipe.name
        created = await bench.give("job.create", lot_id=lot, load_port=1, recipe=recipe)
        if again == 2:
            assert "there is a job for lot L1" in created.why
            return
        refused = await bench.give("job.start", lot_id=lot)
        assert refused.status == "refused"
        assert "works for L1" in refused.why

    async def main() -> None:
        async with working(order("L1"), order("L2")) as bench:
            await bench.start(bench.orders["L1"].lot)
            await script(bench)

    clock.run(main())


def test_a_job_locks_its_recipes_until_it_is_over() -> None:
    used = list[set[str]]()
    one = order(slots=(1,))
    hashes = {recipe_hash(one.recipe), recipe_hash(one.cleaner)}

    async def script(bench: EngineBench) -> None:
        used.append(set(bench.engine.jobs.recipes_in_use()))
        await bench.until(lambda: bench.outcome())
        used.append(set(bench.engine.jobs.recipes_in_use()))

    play(script, one)
    assert used == [hashes, set()]
