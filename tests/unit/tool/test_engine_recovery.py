"""Work that failed: what a person orders brings it back, and every wafer is where the tool believes it."""

from __future__ import annotations

import pytest
from engine_bench import EngineBench, order, play, route_recipe

from planaris import clock
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    CleanStarted,
    StepEnded,
    StepStarted,
    TraceRecorded,
    WaferFinished,
    WaferMarked,
    WaferMoved,
)


async def broken(bench: EngineBench, device: str, fault: str, time_s: float) -> str:
    """Break a device at a time, wait for a module that is down for it, mend the device; return the module."""
    await bench.until(lambda: clock.now_s() >= time_s)
    bench.world.inject_fault(device, fault, 0.0)
    await bench.until(lambda: bench.engine.shop.failed)
    bench.world.clear_fault(device)
    return next(iter(bench.engine.shop.failed))


# Times fall where the device has work in a short lot: the first wafer is chucked at about 60 s, polished by 95 s.
JAMS = [
    ("loadport1", "jammed", 1.0),
    ("dry_robot", "jammed", 30.0),
    ("dry_robot", "jammed", 25.0),
    ("dry_robot", "silent", 45.0),
    ("aligner", "jammed", 35.0),
    ("wet_robot", "jammed", 50.0),
    ("wet_robot", "jammed", 56.0),
    ("loadcup", "jammed", 60.0),
    ("carousel", "jammed", 68.0),
    ("carousel", "silent", 68.0),
    ("megasonic", "jammed", 190.0),
    ("brush1", "jammed", 250.0),
    ("srd", "jammed", 340.0),
    ("metrology", "jammed", 400.0),
]


@pytest.mark.parametrize(("device", "fault", "time_s"), JAMS, ids=lambda v: str(v))
def test_a_retry_after_the_cause_is_gone_goes_on_and_the_lot_is_completed(
    device: str, fault: str, time_s: float
) -> None:
    async def script(bench: EngineBench) -> None:
        module = await broken(bench, device, fault, time_s)
        assert module.startswith(device)
        answer = await bench.give("work.retry", module=module)
        assert answer.status == "done", answer.why

    bench = play(script, order(slots=(1, 2)))
    assert bench.outcome() == "completed"
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01", "L1-02"}
    # What waited longer for the device than its wet limit is held for a look; nothing is lost.
    assert {e.mark for e in bench.of(WaferMarked)} <= {"hold"}
    assert [a for a in bench.tool.alarms.active if a.alarm != "wet_limit_exceeded"] == []
    assert bench.of(AlarmCleared)


def test_a_polish_that_was_cut_goes_on_for_the_time_that_was_left() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: [e for e in bench.of(StepStarted) if (e.wafer_id, e.platen) == ("L1-02", 2)])
        started_s = bench.named(StepStarted)[-1][0]
        await bench.until(lambda: clock.now_s() >= started_s + 12)
        bench.machine.plc.write({"platen2.sp_slurry_flow_ml_min": 60.0})
        await bench.until(lambda: bench.engine.shop.failed)
        assert (await bench.give("work.retry", module="platen2")).status == "done"

    # The first wafer is still polished on platen 3: until it is through the carousel stays.
    bench = play(script, order(slots=(1, 2), recipe=route_recipe(2, 3, polish_s=40.0)))
    steps = [e for e in bench.of(StepEnded) if (e.wafer_id, e.step) == ("L1-02", 0)]
    assert [e.reason for e in steps] == ["abort", "time"]
    assert sum(e.duration_s for e in steps) == pytest.approx(40.0, abs=0.01)
    assert bench.outcome() == "completed"
    assert {(e.wafer_id, e.mark) for e in bench.of(WaferMarked)} == {("L1-02", "rework")}
    # What the wafer went through counts, not the last visit alone, and each part of the polish has its trace.
    whole = [e for e in bench.of(StepEnded) if e.wafer_id == "L1-02"]
    (finished,) = [e for e in bench.of(WaferFinished) if e.wafer_id == "L1-02"]
    assert finished.polish_s == pytest.approx(2 * 40.0, abs=0.01)
    assert finished.slurry_ml == pytest.approx(sum(e.slurry_ml for e in whole), rel=0.1)
    traces = [e.platen for e in bench.of(TraceRecorded) if e.wafer_id == "L1-02"]
    assert traces == [2, 2, 3]


@pytest.mark.parametrize("verb", ["work.skip", "work.abort"])
def test_a_cleaning_that_failed_is_left_out_or_given_up_and_its_wafer_goes_on_marked(verb: str) -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: [e for e in bench.of(CleanStarted) if e.station == "brush1"])
        assert await broken(bench, "brush1", "jammed", 0.0) == "brush1"
        assert (await bench.give(verb, module="brush1")).status == "done"

    bench = play(script, order(slots=(1, 2)))
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01", "L1-02"}
    assert [(e.wafer_id, e.mark) for e in bench.of(WaferMarked)] == [("L1-01", "rework")]


def test_what_cannot_be_left_out_is_refused_with_what_to_do_instead() -> None:
    async def script(bench: EngineBench) -> None:
        assert "no failed work; these have: none" in (await bench.give("work.retry", module="srd")).why
        assert await broken(bench, "dry_robot", "jammed", 30.0) == "dry_robot"
        refused = await bench.give("work.skip", module="dry_robot")
        assert (refused.status, "retry it or say where" in refused.why) == ("refused", True)
        assert (await bench.give("work.retry", module="all")).status == "done"

    assert play(script, order(slots=(1,))).outcome() == "completed"


def test_a_person_says_where_a_lost_wafer_is_and_is_refused_where_a_sensor_contradicts() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "stage")
        bench.world.inject_fault("stage", "lost", 0.0)
        await bench.until(lambda: bench.engine.shop.failed)
        assert set(bench.engine.shop.failed) == {"wet_robot"}
        refused = await bench.give("wafer.confirm_place", wafer_id="L1-01", location="stage")
        assert (refused.status, refused.why) == ("refused", "stage.wafer_present shows no wafer")
        done = await bench.give("wafer.confirm_place", wafer_id="L1-01", location="removed")
        assert done.status == "done", done.why

    bench = play(script, order(slots=(1, 2)))
    assert bench.where["L1-01"] == "removed.L1-01"
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-02"}
    assert ("L1-01", "hold") in {(e.wafer_id, e.mark) for e in bench.of(WaferMarked)}


def test_a_halt_brings_heads_up_with_rinse_on_and_nothing_moves_before_a_person_lets_it() -> None:
    halted_s: list[float] = []

    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.of(StepStarted))
        assert (await bench.give("tool.halt")).status == "done"
        await bench.until(lambda: not bench.engine.shop.running_count)
        halted_s.append(bench.named(StepEnded)[0][0])
        assert bench.of(StepEnded)[0].reason == "abort"
        assert bench.tool.watch.is_on("head1.up")
        assert bench.tool.watch.is_on("platen3.pad_wet")
        moves = len(bench.of(WaferMoved))
        await bench.until(lambda: clock.now_s() > halted_s[0] + 60)
        assert len(bench.of(WaferMoved)) - moves == 0
        assert (await bench.give("job.resume", lot_id="L1")).status == "done"
        assert len(bench.of(WaferMoved)) - moves == 0
        assert (await bench.give("tool.resume")).status == "done"

    bench = play(script, order(slots=(1, 2)))
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01", "L1-02"}
    assert not bench.of(AlarmSet) or {a.alarm for a in bench.of(AlarmSet)} <= {"wet_limit_exceeded"}
