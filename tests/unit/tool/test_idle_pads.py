"""Pads idle for long: dummies go first, from the own carrier or another, and a warning where there are too few."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from engine_bench import EngineBench, order, route_recipe, working
from tool_bench import tool_a

from planaris import clock
from planaris.model import IdlePadDescription, WaferKind
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    Committed,
    DummiesCalled,
    MoveIntended,
    StepEnded,
    WaferFinished,
)
from planaris.tool import JobOrder

LIMIT_S = 300.0
TOOL = replace(tool_a(), idle_pad=IdlePadDescription(LIMIT_S, 2))
ALARM = "pad_idle_no_dummy"


def lot(lot_id: str, slots: Sequence[int], dummies: Sequence[int] = (), *, port: int = 1) -> JobOrder:
    """Return a job whose wafers in some slots are dummies."""
    made = order(lot_id, slots, port=port, recipe=route_recipe(3, name=f"recipe {lot_id}"))
    wafers = tuple(replace(w, kind=WaferKind.DUMMY) if w.slot in dummies else w for w in made.lot.wafers)
    return replace(made, lot=replace(made.lot, wafers=wafers))


def begun(bench: EngineBench) -> list[str]:
    """Return the wafers in the order in which they left their slots."""
    return [e.wafer_id for e in bench.of(MoveIntended) if e.source.startswith("loadport")]


def run(script: Callable[[EngineBench], Awaitable[None]], *orders: JobOrder) -> EngineBench:
    async def main() -> EngineBench:
        async with working(*orders, tool=TOOL) as bench:
            await script(bench)
            await bench.engine.still()
            bench.known()
        return bench

    return clock.run(main())


async def idle(bench: EngineBench, first: JobOrder) -> None:
    """Run a lot, so that the pad is used, and let longer than the limit pass."""
    await bench.start(first.lot)
    await bench.engine.still()
    await asyncio.sleep(LIMIT_S + 100.0)


FIRST = lot("L1", (1,))


def test_after_a_long_idle_time_the_carriers_own_dummies_go_first_and_spare_ones_stay() -> None:
    second = lot("L2", (1, 2, 5, 6, 7), (5, 6, 7), port=2)

    async def script(bench: EngineBench) -> None:
        await idle(bench, FIRST)
        await bench.start(second.lot)

    bench = run(script, FIRST, second)
    assert begun(bench) == ["L1-01", "L2-05", "L2-06", "L2-01", "L2-02"]
    (called,) = bench.of(DummiesCalled)
    assert (called.module, called.wafers_count) == ("platen3", 2)
    assert bench.where["L2-07"] == "loadport2.07"
    assert bench.outcome("L2") == "completed"
    assert bench.of(AlarmSet) == []


def test_a_pad_in_use_calls_no_dummies_and_the_lot_ends_with_them_in_their_slots() -> None:
    second = lot("L2", (1, 2, 5), (5,), port=2)

    async def script(bench: EngineBench) -> None:
        await bench.start(FIRST.lot)
        await bench.start(second.lot)

    bench = run(script, FIRST, second)
    assert bench.of(DummiesCalled) == []
    assert "L2-05" not in begun(bench)
    assert bench.outcome("L2") == "completed"


def test_dummies_come_from_the_other_load_port_before_its_lot_would_be_due() -> None:
    product, dummies = lot("L2", (1, 2)), lot("D", (1, 2, 3, 4), (1, 2, 3, 4), port=2)

    async def script(bench: EngineBench) -> None:
        await asyncio.sleep(LIMIT_S + 100.0)  # nobody has used the pad since the controller came
        await bench.start(dummies.lot)
        await bench.start(product.lot, priority=5)

    bench = run(script, product, dummies)
    # The product's carrier was scanned first; it waits for the other, whose spare wafers then give way to it.
    assert begun(bench) == ["D-01", "D-02", "L2-01", "L2-02", "D-03", "D-04"]
    assert sum(e.wafers_count for e in bench.of(DummiesCalled)) == 2
    assert bench.of(AlarmSet) == []


def test_without_dummies_a_warning_says_so_until_the_pad_was_polished_on() -> None:
    second = lot("L2", (1, 2), port=2)

    async def script(bench: EngineBench) -> None:
        await idle(bench, FIRST)
        await bench.start(second.lot)

    bench = run(script, FIRST, second)
    ((set_s, alarm),) = bench.named(AlarmSet)
    assert (alarm.alarm, alarm.source) == (ALARM, "platen3")
    assert "2 dummy wafers are due before product and 0 are there" in alarm.detail
    ((cleared_s, _),) = bench.named(AlarmCleared)
    polished_s = next(t for t, e in bench.named(StepEnded) if e.wafer_id == "L2-01" and e.step == 1)
    assert set_s < polished_s <= cleared_s < next(t for t, e in bench.named(WaferFinished) if e.wafer_id == "L2-01")
    assert bench.outcome("L2") == "completed"


def test_too_few_dummies_are_used_and_told() -> None:
    second = lot("L2", (1, 5), (5,), port=2)

    async def script(bench: EngineBench) -> None:
        await idle(bench, FIRST)
        await bench.start(second.lot)

    bench = run(script, FIRST, second)
    assert begun(bench) == ["L1-01", "L2-05", "L2-01"]
    assert "and 1 are there" in bench.of(AlarmSet)[0].detail


@pytest.mark.parametrize(("used_s", "due"), [(950.0, False), (100.0, True)])
def test_a_restart_knows_from_the_journal_when_each_pad_was_used(used_s: float, due: bool) -> None:
    told = [Committed(1, used_s, StepEnded("X", 3, 1, 0, "main", 60.0, "time", 0.0, 0.0))]

    async def main() -> EngineBench:
        second = lot("L2", (1, 5, 6), (5, 6))
        async with working(second, tool=TOOL) as bench:
            bench.engine.tool.idle_pads.restore(told)
            await bench.start(second.lot)
            await bench.engine.still()
        return bench

    bench = clock.run(main(), start_s=1000.0)
    assert bool(bench.of(DummiesCalled)) is due


def test_a_tool_that_asks_for_none_takes_dummies_as_they_come() -> None:
    second = lot("L2", (1, 2), (1,))

    async def main() -> EngineBench:
        async with working(second, tool=replace(TOOL, idle_pad=None)) as bench:
            await bench.start(second.lot)
            await bench.engine.still()
        return bench

    assert begun(clock.run(main())) == ["L2-01", "L2-02"]
