"""What fault campaigns found: moves that happened though they failed, lifts that are retried, waits that go on."""

from __future__ import annotations

import asyncio
import re

import pytest
from engine_bench import EngineBench, order, play, route_recipe

from planaris import clock
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    CleanEnded,
    JobStateChanged,
    StepEnded,
    StepStarted,
    WaferFinished,
    WaferMarked,
    WaferMoved,
)
from planaris.tool.engine import REFUSED_PATIENCE_S


def test_a_move_that_sensors_show_done_is_not_given_up_but_goes_on_by_a_retry() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: [e for e in bench.of(CleanEnded) if e.station == "brush2"])
        bench.machine.plc.force("brush2.wafer_present", True)
        await bench.until(lambda: "brush2" in bench.engine.shop.failed)
        refused = await bench.give("work.abort", module="brush2")
        assert (refused.status, "sensors do not tell where" in refused.why) == ("refused", True)
        bench.machine.plc.force("brush2.wafer_present", None)
        bench.machine.handling.sensor("brush2")
        await bench.until(lambda: not bench.tool.watch.is_on("brush2.wafer_present"))
        refused = await bench.give("work.abort", module="brush2")
        assert (refused.status, "is seen at srd; retry" in refused.why) == ("refused", True)
        assert (await bench.give("work.retry", module="brush2")).status == "done"

    bench = play(script, order(slots=(1,)))
    assert bench.outcome() == "completed"
    assert ("brush2", "srd") in {(e.source, e.destination) for e in bench.of(WaferMoved)}


def test_a_lift_that_failed_is_retried_without_polishing_again() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: [e for e in bench.of(StepEnded) if e.step == 1])
        bench.machine.devices["head1"].fault.jammed = True
        await bench.until(lambda: "platen3" in bench.engine.shop.failed)
        bench.machine.devices["head1"].fault.jammed = False
        assert (await bench.give("work.retry", module="platen3")).status == "done"
        await bench.until(lambda: bench.tool.watch.is_on("head1.up"))
        assert (await bench.give("work.retry", module="carousel")).status == "done"

    bench = play(script, order(slots=(1,)))
    assert bench.outcome() == "completed"
    assert [e.step for e in bench.of(StepStarted)] == [0, 1]
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01"}


def test_the_wet_wait_of_a_wafer_that_a_person_cuts_short_counts_from_its_last_polish() -> None:
    polished_s: list[float] = []

    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: len(bench.of(StepEnded)) == 2)
        polished_s.append(clock.now_s())
        bench.machine.devices["carousel"].fault.jammed = True
        await bench.until(lambda: clock.now_s() > polished_s[0] + 50.0)
        assert (await bench.give("wafer.abort", wafer_id="L1-01")).status == "done"
        await bench.until(lambda: clock.now_s() > polished_s[0] + 70.0)
        bench.machine.devices["carousel"].fault.jammed = False
        await bench.give("work.retry", module="all")

    bench = play(script, order(slots=(1,), recipe=route_recipe(2, 3)))
    ((set_s, alarm),) = [(t, e) for t, e in bench.named(AlarmSet) if e.alarm == "wet_limit_exceeded"]
    assert alarm.wafer_id == "L1-01"
    assert 60.0 <= set_s - polished_s[0] < 63.0
    assert ("L1-01", "hold") in {(e.wafer_id, e.mark) for e in bench.of(WaferMarked)}


def test_a_wafer_that_no_slurry_touched_has_no_wet_limit() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "head1")
        bench.machine.devices["carousel"].fault.jammed = True
        await bench.until(lambda: bench.engine.shop.failed)
        assert (await bench.give("wafer.abort", wafer_id="L1-01")).status == "done"
        started_s = clock.now_s()
        await bench.until(lambda: clock.now_s() > started_s + 90.0)
        bench.machine.devices["carousel"].fault.jammed = False
        await bench.give("work.retry", module="all")

    bench = play(script, order(slots=(1,)))
    assert [e.alarm for e in bench.of(AlarmSet) if e.alarm == "wet_limit_exceeded"] == []
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01"}


def test_what_an_interlock_refused_for_a_moment_goes_on_by_itself() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.of(StepEnded))
        bench.machine.plc.force("loadcup.down", False)
        await bench.until(lambda: "carousel" in bench.engine.shop.refused)
        asyncio.get_running_loop().call_later(REFUSED_PATIENCE_S / 2, bench.machine.plc.force, "loadcup.down", None)
        asyncio.get_running_loop().call_later(REFUSED_PATIENCE_S / 2, bench.machine.plc.set, {"loadcup.down": True})

    bench = play(script, order(slots=(1,)))
    assert bench.outcome() == "completed"
    assert [e.alarm for e in bench.of(AlarmSet)] == ["index_blocked"]


def test_a_run_that_an_interlock_ended_says_which() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.of(StepEnded))
        bench.machine.plc.force("loadcup.down", False)

    bench = play(script, order(slots=(1,)))
    assert bench.outcome() == "failed"
    job = bench.engine.jobs.get("L1")
    assert job is not None
    assert job.failures == ["interlock 5 blocks carousel.index carousel: the load cup is not down"]
    assert [e.why for e in bench.of(JobStateChanged) if e.state == "failed"] == job.failures


def test_a_cleaning_that_a_leak_holds_back_begins_when_it_is_mended() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(
            lambda: [e for e in bench.of(WaferMoved) if (e.source, e.destination) == ("loadcup", "wet_robot")]
        )
        bench.world.machine.safety.trip("leak")
        await bench.until(lambda: "megasonic" in bench.engine.shop.refused)
        await asyncio.sleep(REFUSED_PATIENCE_S / 2)
        bench.world.machine.safety.reset("leak")

    bench = play(script, order(slots=(1,)))
    assert bench.outcome() == "completed"
    assert [e.alarm for e in bench.of(AlarmSet)] == ["leak", "interlock_refused"]
    assert not bench.of(WaferMarked)


def test_a_wafer_whose_cleaning_is_held_back_for_long_is_told_and_marked() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(
            lambda: [e for e in bench.of(WaferMoved) if (e.source, e.destination) == ("loadcup", "wet_robot")]
        )
        bench.world.machine.safety.trip("leak")
        await bench.until(lambda: "megasonic" in bench.engine.shop.refused)
        await bench.until(lambda: bench.of(WaferMarked), limit_s=120.0)
        bench.world.machine.safety.reset("leak")

    bench = play(script, order(slots=(1,)), patience_s=120.0)
    assert bench.outcome() == "completed"
    limit_s = order().recipe.wet_limits.polish_to_clean_s
    ended_s = max(t for t, _ in bench.named(StepEnded))
    ((set_s, told),) = [(t, e) for t, e in bench.named(AlarmSet) if e.alarm == "wet_limit_exceeded"]
    assert (told.source, set_s - ended_s < limit_s + 5.0) == ("megasonic", True)
    assert [(e.wafer_id, e.mark) for e in bench.of(WaferMarked)] == [("L1-01", "hold")]


def test_a_link_that_comes_back_clears_its_alarm_and_says_why() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "aligner")
        bench.machine.plc.cut()
        await bench.until(lambda: not bench.tool.linked)
        await asyncio.sleep(5.0)
        bench.machine.plc.splice()
        await bench.until(lambda: bench.tool.linked)
        await bench.until(lambda: not bench.engine.shop.running_count)
        if bench.engine.shop.failed:
            assert (await bench.give("work.retry", module="all")).status == "done"

    bench = play(script, order(slots=(1,)))
    link = [e for e in bench.of(AlarmCleared) if e.alarm == "link_lost"]
    assert re.fullmatch(r"the link is back after [5-9]\.\d s, beats get through", link[0].why), link
    assert all(e.why for e in bench.of(AlarmCleared))
    assert bench.outcome() == "completed"


def test_the_wait_after_a_retried_lift_counts_from_the_end_of_the_polish() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: [e for e in bench.of(StepEnded) if e.step == 1])
        bench.machine.devices["head1"].fault.jammed = True
        await bench.until(lambda: "platen3" in bench.engine.shop.failed)
        given_up_s = clock.now_s()
        await bench.until(lambda: clock.now_s() > given_up_s + 50.0)
        bench.machine.devices["head1"].fault.jammed = False
        assert (await bench.give("work.retry", module="all")).status == "done"

    bench = play(script, order(slots=(1,)))
    ((set_s, alarm),) = [(t, e) for t, e in bench.named(AlarmSet) if e.alarm == "wet_limit_exceeded"]
    ((ended_s, _),) = [(t, e) for t, e in bench.named(StepEnded) if e.step == 1]
    # As if the head had come up at once: what a platen takes to make itself safe is no dry time given away.
    assert set_s - ended_s == pytest.approx(60.0 + bench.tool.description.lift_s, abs=0.2)
    assert alarm.wafer_id == "L1-01"
    assert ("L1-01", "hold") in {(e.wafer_id, e.mark) for e in bench.of(WaferMarked)}


def test_a_wafer_is_held_that_nobody_measured_or_that_a_person_took_out_and_neither_is_scrap() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "srd")
        bench.machine.devices["metrology"].fault.jammed = True
        await bench.until(lambda: "metrology" in bench.engine.shop.failed)
        assert (await bench.give("work.skip", module="metrology")).status == "done"
        bench.machine.devices["metrology"].fault.jammed = False
        await bench.until(lambda: bench.where.get("L1-02") == "srd" and "srd" in bench.engine.shop.due)
        bench.world.take_wafer("srd")
        await bench.until(lambda: bench.engine.shop.failed)
        assert (await bench.give("wafer.confirm_place", wafer_id="L1-02", location="removed")).status == "done"

    bench = play(script, order(slots=(1, 2)))
    assert [(e.wafer_id, e.mark) for e in bench.of(WaferMarked)] == [("L1-01", "hold"), ("L1-02", "hold")]
    assert [e.why for e in bench.of(WaferMarked)] == [
        "measure left out at metrology",
        "taken out of the machine by a person",
    ]


def test_a_pick_from_a_slot_is_not_given_up_unless_a_person_says_that_the_wafer_is_there() -> None:
    """No sensor sees a slot. With the arm's broken too, the wafer may be on the arm and be taken for the next."""

    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.machine.devices["dry_robot"].busy)
        bench.machine.plc.force("dry_robot.wafer_present", False)
        await bench.until(lambda: "dry_robot" in bench.engine.shop.failed)
        assert bench.world.where()["L1-01"] == "dry_robot"
        refused = await bench.give("work.abort", module="dry_robot")
        assert (refused.status, "sensors do not tell where L1-01 is" in refused.why) == ("refused", True)
        bench.machine.plc.force("dry_robot.wafer_present", None)
        bench.machine.handling.sensor("dry_robot")
        await bench.until(lambda: bench.tool.watch.is_on("dry_robot.wafer_present"))
        assert (await bench.give("work.retry", module="dry_robot")).status == "done"

    bench = play(script, order(slots=(1, 2)))
    assert bench.outcome() == "completed"


@pytest.mark.parametrize(("cut", "outcome", "polished"), [(False, "completed", 2), (True, "failed", 1)])
def test_a_wafer_that_a_person_finds_in_its_slot_is_begun_again_unless_it_was_to_go_no_further(
    cut: bool, outcome: str, polished: int
) -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.machine.devices["dry_robot"].busy)
        bench.world.inject_fault("dry_robot", "jammed", 0.0)
        await bench.until(lambda: "dry_robot" in bench.engine.shop.failed)
        bench.world.clear_fault("dry_robot")
        if cut:
            assert (await bench.give("wafer.abort", wafer_id="L1-01")).status == "done"
        found = await bench.give("wafer.confirm_place", wafer_id="L1-01", location="loadport1.01")
        assert found.status == "done", found.why

    bench = play(script, order(slots=(1, 2)))
    assert bench.outcome() == outcome
    assert len({e.wafer_id for e in bench.of(StepStarted)}) == polished
    assert all(p.finished for p in job.progress.values()) if (job := bench.engine.jobs.get("L1")) else False
