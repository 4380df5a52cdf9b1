"""Hard moves: a wafer that stays on the wet pad, slips out or breaks, and the quarantine that follows."""

from __future__ import annotations

from engine_bench import EngineBench, order, play, route_recipe, working

from planaris import clock
from planaris.model import WaferKind
from planaris.stream import (
    AlarmSet,
    QuarantineChanged,
    StepEnded,
    StepStarted,
    WaferFinished,
    WaferMarked,
    WaferMoved,
)
from planaris.tool import CommandRequest

PLATEN, HEAD = "platen3", 1


def marks(bench: EngineBench) -> set[tuple[str, str]]:
    return {(e.wafer_id, e.mark) for e in bench.of(WaferMarked)}


async def polishing(bench: EngineBench, wafer_id: str) -> int:
    """Wait until a wafer is polished; return its head."""
    await bench.until(lambda: [e for e in bench.of(StepStarted) if e.wafer_id == wafer_id])
    return next(e.head for e in bench.of(StepStarted) if e.wafer_id == wafer_id)


def test_a_wafer_that_sticks_once_is_pulled_with_more_vacuum_and_goes_on() -> None:
    async def script(bench: EngineBench) -> None:
        head = await polishing(bench, "L1-01")
        bench.world.inject_fault(f"head{head}", "weak_vacuum", 30.0)

    bench = play(script, order(slots=(1, 2)))
    assert bench.outcome() == "completed"
    assert marks(bench) == set()
    assert bench.of(AlarmSet) == []


def test_a_wafer_that_stays_on_the_pad_is_an_alarm_and_a_retry_takes_it_up() -> None:
    async def script(bench: EngineBench) -> None:
        head = await polishing(bench, "L1-01")
        bench.world.inject_fault(f"head{head}", "left_on_pad", 9.0)
        await bench.until(lambda: bench.engine.shop.failed)
        assert [(a.alarm, a.source) for a in bench.tool.alarms.active] == [("wafer_left_on_pad", PLATEN)]
        assert bench.where["L1-01"] == PLATEN == bench.world.where()["L1-01"]
        assert bench.tool.watch.is_on(f"{PLATEN}.pad_wet")
        bench.world.clear_fault(f"head{head}")
        await bench.until(lambda: not bench.engine.shop.running_count)
        if f"head{bench.tool.head_over(3)}" in bench.tool.material.at:
            return
        answer = await bench.give("work.retry", module=PLATEN)
        assert answer.status == "done", answer.why

    bench = play(script, order(slots=(1,)))
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01"}
    assert ("L1-01", "suspect") in marks(bench)


def test_a_slip_brings_the_head_up_stops_the_platen_locks_the_carousel_and_closes_the_platen() -> None:
    async def script(bench: EngineBench) -> None:
        head = await polishing(bench, "L1-01")
        bench.world.inject_fault(f"head{head}", "slip", 0.0)
        slipped_s = clock.now_s()
        await bench.until(lambda: bench.of(StepEnded))
        await bench.until(lambda: bench.tool.watch.is_on(f"head{head}.up"))
        assert clock.now_s() - slipped_s < 3.0
        await bench.until(lambda: bench.engine.shop.failed)
        assert bench.where["L1-01"] == PLATEN
        turns = bench.tool.carousel.position
        await bench.until(lambda: not bench.engine.shop.running_count)
        assert bench.tool.carousel.position == turns
        unknown = await bench.give("quarantine.inspect", "maintenance", module="platen9", finding="clean")
        assert (unknown.status, unknown.why) == (
            "refused",
            "there is no platen platen9; there are platen1, platen2, platen3",
        )
        refused = await bench.give("quarantine.inspect", "maintenance", module=PLATEN, finding="clean")
        assert (refused.status, "take it out" in refused.why) == ("refused", True)
        bench.world.take_wafer(PLATEN)
        await bench.until(lambda: not bench.tool.watch.is_on(f"{PLATEN}.slip"))
        assert (await bench.give("wafer.confirm_place", wafer_id="L1-01", location="removed")).status == "done"

    bench = play(script, order(slots=(1, 2, 3)))
    assert "wafer_slip" in {a.alarm for a in bench.of(AlarmSet)}
    assert ("L1-01", "scrap") in marks(bench)
    assert [e.state for e in bench.of(QuarantineChanged)] == ["open"]
    # Nothing else is lost: what was out is home, marked, and the rest never left.
    assert {w for w, m in marks(bench) if m == "scrap"} == {"L1-01"}
    out = {w: place for w, place in bench.where.items() if not place.startswith(("loadport1", "stage", "aligner"))}
    assert out == {"L1-01": "removed.L1-01"}


def test_a_quarantined_platen_takes_only_qualification_wafers_and_two_people_release_it() -> None:
    product = order("L1", (1, 2))
    qualify = order("Q1", (1,), port=2, kind=WaferKind.QUALIFICATION, recipe=route_recipe(3, name="qualify"))

    async def main() -> EngineBench:
        async with working(product, qualify) as bench:
            bench.tool.quarantine.open(PLATEN, "W0 broke")
            await bench.start(product.lot)
            await bench.engine.still()
            assert bench.of(WaferMoved) == []
            early = await bench.give("quarantine.release", "process", module=PLATEN)
            assert early.status == "refused"
            done = await bench.give("quarantine.inspect", "maintenance", module=PLATEN, finding="pad changed")
            assert done.status == "done"
            await bench.start(qualify.lot)
            await bench.engine.still()
            assert {e.wafer_id for e in bench.of(StepStarted)} == {"Q1-01"}
            same = await bench.give("quarantine.release", "process", module=PLATEN)
            assert "another person signs off" in same.why
            release = CommandRequest("quarantine.release", {"module": PLATEN}, "ada", "process", "qualified", "k")
            assert (await bench.tool.commands.submit(release)).status == "done"
            await bench.engine.still()
        return bench

    bench = clock.run(main())
    assert [e.state for e in bench.of(QuarantineChanged)] == ["open", "inspected", "qualified", "released"]
    assert bench.outcome("L1") == "completed"


def test_a_person_says_that_a_wafer_is_broken_and_its_platen_and_neighbours_follow() -> None:
    async def script(bench: EngineBench) -> None:
        await polishing(bench, "L1-02")
        await bench.until(lambda: bench.tool.material.where("L1-02") in {f"head{bench.tool.head_over(3)}"})
        done = await bench.give("wafer.scrap", wafer_id="L1-02", broken=True)
        assert done.status == "done"

    bench = play(script, order(slots=(1, 2, 3)))
    assert ("L1-02", "scrap") in marks(bench)
    assert [e.module for e in bench.of(QuarantineChanged)] == [PLATEN]
    assert {w for w, m in marks(bench) if m == "scrap"} == {"L1-02"}
