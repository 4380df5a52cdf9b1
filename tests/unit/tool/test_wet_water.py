"""Water for wafers that wait over a platen, when the platen gives none at first; and waits that nobody had begun."""

from __future__ import annotations

import asyncio

from engine_bench import EngineBench, order, play, route_recipe

from planaris import clock
from planaris.formats import load_tool
from planaris.stream import AlarmCleared, AlarmSet, StepEnded, StepStarted, WaferMarked

# Handshakes are given up after some seconds, and a platen that gave no water is asked again after two.
SOON_S = 10.0


def gives_water(bench: EngineBench, platen: str) -> bool:
    return bench.tool.watch.is_on(f"{platen}.pad_wet")


def test_a_platen_that_does_not_rinse_wets_its_pad_all_the_same_and_is_asked_until_it_does() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: len(bench.of(StepEnded)) == 2)
        bench.world.inject_fault("carousel", "jammed", 0.0)  # the wafer waits over its platen
        await bench.until(lambda: not bench.engine.shop.due)
        bench.world.inject_fault("platen2", "silent", 0.0)
        await bench.until(lambda: [e for e in bench.of(AlarmSet) if e.alarm == "make_safe_failed"], limit_s=SOON_S * 2)
        assert gives_water(bench, "platen2")  # by the set-point, which no device has to answer
        await asyncio.sleep(5 * SOON_S)
        assert not bench.of(AlarmCleared)
        bench.world.clear_fault("platen2")
        await bench.until(lambda: bench.of(AlarmCleared), limit_s=SOON_S)
        assert "platen2" not in bench.engine.shop.failed
        bench.world.clear_fault("carousel")
        assert (await bench.give("work.retry", module="all")).status == "done"

    bench = play(script, order(slots=(1,), recipe=route_recipe(2, 3)))
    assert bench.outcome() == "completed"
    told = [e for e in bench.of(AlarmCleared) if e.alarm == "make_safe_failed"]
    assert [(e.source, e.why) for e in told] == [("platen2", "platen2 gives water")]
    assert "scrap" not in {e.mark for e in bench.of(WaferMarked)}
    assert not gives_water(bench, "platen2")  # the head has left it


def test_a_wafer_cut_short_while_its_arm_is_stuck_has_its_wait_to_the_cleaner_watched() -> None:
    polished_s: list[float] = []

    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.of(StepEnded))
        bench.world.inject_fault("swing1", "jammed", 0.0)
        await bench.until(lambda: "swing1" in bench.engine.shop.failed)
        polished_s.append(bench.engine.jobs.progress_of("L1-01").polish_end_s)
        await bench.until(lambda: clock.now_s() > polished_s[0] + 50.0)
        assert (await bench.give("job.abort", lot_id="L1")).status == "done"
        await bench.until(lambda: clock.now_s() > polished_s[0] + 70.0)
        bench.world.clear_fault("swing1")
        assert (await bench.give("work.retry", module="swing1")).status == "done"

    bench = play(script, order(slots=(1,), recipe=route_recipe(1, 2)), tool=load_tool("tool_b"))
    assert {e.step for e in bench.of(StepStarted)} == {0, 1}
    ((set_s, alarm),) = [(t, e) for t, e in bench.named(AlarmSet) if e.alarm == "wet_limit_exceeded"]
    assert alarm.wafer_id == "L1-01"
    assert set_s - polished_s[0] < 61.0
    assert "hold" in {e.mark for e in bench.of(WaferMarked)}
