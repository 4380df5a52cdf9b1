"""Heads that stay down: what moves them is locked, and whatever a person answers first, the head is brought up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache

import pytest
from engine_bench import EngineBench, order, play, route_recipe

from planaris.formats import load_tool
from planaris.model import ToolDescription
from planaris.stream import AlarmSet, StepEnded, StepStarted, WaferFinished, WaferMarked
from planaris.tool import Answer

# Tool, what moves head1 there, and the platen where head1 polishes a lot of one wafer.
TOOLS = pytest.mark.parametrize(
    ("tool", "mover", "platen"), [("tool_a", "carousel", "platen3"), ("tool_b", "swing1", "platen1")]
)


@cache
def description(name: str) -> ToolDescription:
    return load_tool(name)


def run(script: Callable[[EngineBench], Awaitable[None]], tool: str, platen: str) -> EngineBench:
    recipe = route_recipe(int(platen.removeprefix("platen")))
    return play(script, order(slots=(1,), recipe=recipe), tool=description(tool))


async def stays_down(bench: EngineBench, mover: str, platen: str) -> None:
    """Let head1 jam at the end of its polish; wait until the platen's work and what moves the head are given up."""
    await bench.until(lambda: [e for e in bench.of(StepEnded) if e.step == 1])
    jam(bench, True)
    await bench.until(lambda: {mover, platen} <= bench.engine.shop.failed.keys())


def jam(bench: EngineBench, jammed: bool) -> None:
    bench.machine.devices["head1"].fault.jammed = jammed


async def told(bench: EngineBench, verb: str, **arguments: str) -> Answer:
    answer = await bench.give(verb, **arguments)
    assert answer.status == "done", answer.why
    return answer


def is_up(bench: EngineBench) -> bool:
    return bench.tool.watch.is_on("head1.up")


def marks(bench: EngineBench) -> set[str]:
    return {e.mark for e in bench.of(WaferMarked)}


@TOOLS
@pytest.mark.parametrize("mover_first", [True, False])
def test_a_person_may_answer_in_any_order_and_the_head_comes_up(
    tool: str, mover: str, platen: str, mover_first: bool
) -> None:
    async def script(bench: EngineBench) -> None:
        await stays_down(bench, mover, platen)
        jam(bench, False)
        for module in (mover, platen) if mover_first else (platen, mover):
            await told(bench, "work.retry", module=module)
        await bench.until(lambda: is_up(bench))
        await bench.until(lambda: not bench.engine.shop.running_count)
        assert not bench.engine.shop.failed
        assert not bench.engine.shop.refused

    bench = run(script, tool, platen)
    assert bench.outcome() == "completed"
    assert [e.step for e in bench.of(StepStarted)] == [0, 1]  # nothing is polished again


@TOOLS
def test_a_head_that_still_does_not_come_up_keeps_its_mover_locked(tool: str, mover: str, platen: str) -> None:
    async def script(bench: EngineBench) -> None:
        await stays_down(bench, mover, platen)
        await told(bench, "work.retry", module=mover)
        assert mover not in bench.engine.shop.failed
        await bench.until(lambda: mover in bench.engine.shop.failed)
        assert not is_up(bench)
        jam(bench, False)
        await told(bench, "module.clear", module=mover)
        await bench.until(lambda: is_up(bench))
        # The platen was not answered yet, and its wafer goes on as after any visit that failed.
        assert set(bench.engine.shop.failed) == {platen}

    bench = run(script, tool, platen)
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01"}
    locks = [e.detail for e in bench.of(AlarmSet) if e.alarm in {"index_blocked", "swing_blocked"}]
    assert locks == [f"{mover}.move: head1 did not come up; see what holds head1 down, then retry {mover}"] * 2


@TOOLS
@pytest.mark.parametrize("answer", ["work.abort", "work.skip", "module.clear"])
def test_a_visit_given_up_while_its_head_is_down_does_not_leave_it_there(
    tool: str, mover: str, platen: str, answer: str
) -> None:
    async def script(bench: EngineBench) -> None:
        await stays_down(bench, mover, platen)
        await told(bench, answer, module=platen)
        jam(bench, False)
        assert not is_up(bench)
        await told(bench, "work.retry", module=mover)

    bench = run(script, tool, platen)
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01"}
    assert "rework" in marks(bench)
    assert not bench.engine.shop.failed


@TOOLS
def test_a_job_aborted_while_its_head_jams_ends_with_its_wafer_home(tool: str, mover: str, platen: str) -> None:
    """Polishing that a person ended leaves no failed work at the platen: the mover's lock is all there is to answer."""

    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: [e for e in bench.of(StepStarted) if e.step == 0])
        jam(bench, True)
        await told(bench, "job.abort", lot_id="L1")
        await bench.until(lambda: mover in bench.engine.shop.failed and not bench.engine.shop.running_count)
        assert set(bench.engine.shop.failed) == {mover}
        jam(bench, False)
        await told(bench, "work.retry", module=mover)

    bench = run(script, tool, platen)
    assert bench.outcome() == "aborted"
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01"}


@TOOLS
def test_a_wafer_that_stays_on_the_pad_as_its_locked_head_comes_up_is_followed_there(
    tool: str, mover: str, platen: str
) -> None:
    async def script(bench: EngineBench) -> None:
        await stays_down(bench, mover, platen)
        await told(bench, "work.abort", module=platen)
        jam(bench, False)
        bench.world.inject_fault("head1", "left_on_pad", 1.0)
        await told(bench, "work.retry", module=mover)
        await bench.until(lambda: platen in bench.engine.shop.failed)
        assert bench.where["L1-01"] == platen == bench.world.where()["L1-01"]
        assert ("wafer_left_on_pad", platen) in {(a.alarm, a.source) for a in bench.tool.alarms.active}
        bench.world.clear_fault("head1")
        bench.world.take_wafer(platen)
        await told(bench, "wafer.confirm_place", wafer_id="L1-01", location="removed")
        assert not bench.engine.shop.failed

    bench = run(script, tool, platen)
    assert bench.outcome() == "failed"
    assert marks(bench) == {"rework", "hold"}


@pytest.mark.parametrize("up_before", [True, False])
def test_visits_of_other_heads_that_are_answered_with_the_lock_go_on(up_before: bool) -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: {e.platen for e in bench.of(StepStarted) if e.kind == "polish"} == {2, 3})
        (head,) = {e.head for e in bench.of(StepStarted) if e.platen == 3}
        bench.machine.devices[f"head{head}"].fault.jammed = True
        bench.world.inject_fault("platen2", "silent", 0.0)
        await bench.until(lambda: {"carousel", "platen2", "platen3"} <= bench.engine.shop.failed.keys())
        bench.machine.devices[f"head{head}"].fault.jammed = False
        bench.world.clear_fault("platen2")
        if up_before:
            await bench.tool.platens[3].secure(head)
        assert bench.tool.watch.is_on(f"head{head}.up") is up_before
        await told(bench, "work.retry", module="all")

    bench = play(script, order(slots=(1, 2), recipe=route_recipe(2, 3)))
    assert bench.outcome() == "completed"  # both wafers were polished whole
    assert not bench.engine.shop.failed
