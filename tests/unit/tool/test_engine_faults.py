"""What fault campaigns found: moves that happened though they failed, lifts that are retried, waits that go on."""

from __future__ import annotations

from engine_bench import EngineBench, order, play, route_recipe

from planaris import clock
from planaris.stream import AlarmSet, CleanEnded, StepEnded, StepStarted, WaferFinished, WaferMarked, WaferMoved


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


def test_a_wafer_in_a_station_that_must_not_begin_still_waits_and_is_cleaned_when_it_may() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "wet_robot" and len(bench.of(StepEnded)) == 2)
        bench.machine.safety.trip("leak")
        await bench.until(lambda: bench.where.get("L1-01") == "megasonic")
        await bench.until(lambda: [e for e in bench.of(AlarmSet) if e.alarm == "wet_limit_exceeded"])
        assert not bench.engine.shop.failed
        bench.machine.safety.reset("leak")

    bench = play(script, order(slots=(1,)), patience_s=30.0)
    # The leak came and went; nobody had to answer for the station.
    assert bench.outcome() == "completed"
    assert {e.alarm for e in bench.of(AlarmSet)} == {"leak", "interlock_refused", "wet_limit_exceeded"}
    assert {(e.wafer_id, e.mark) for e in bench.of(WaferMarked)} == {("L1-01", "hold")}
