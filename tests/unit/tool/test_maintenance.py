"""Change sequences: steps in order, by role and hand; a platen takes no product until its wafers passed."""

from __future__ import annotations

import asyncio
import itertools
import math
from dataclasses import replace

import pytest
from engine_bench import EngineBench, order, route_recipe, working

from planaris import clock
from planaris.dictionary import change_sequences
from planaris.formats import load_tool
from planaris.model import WaferKind
from planaris.stream import (
    ConsumableChanged,
    EquipmentStateChanged,
    MaintenanceChanged,
    RunStarted,
    WaferFinished,
    WaferMarked,
    WaferMoved,
)

SEQUENCES = {s.part: s for s in change_sequences()}
PLACES = {"platen": "platen3", "head": "head2", "slurry": "slurry1", "brush": "brush1"}
HANDS = {"@mover": ("carousel",), "@platens": ("platen1", "platen2", "platen3")}
ROLES = ("operator", "process", "maintenance", "host", "administrator", "script")


async def hands(bench: EngineBench, part: str, verb: str) -> None:
    sequence = SEQUENCES[part]
    for name in sequence.by_hand:
        for module in HANDS.get(name, (PLACES[sequence.place],)):
            answer = await bench.give(verb, "maintenance", module=module)
            assert answer.status == "done", answer.why


async def start(bench: EngineBench, part: str) -> dict[str, str]:
    """Begin a change with its modules by hand; return what names it."""
    await hands(bench, part, "module.manual_on")
    what = {"part": part, "location": PLACES[SEQUENCES[part].place]}
    answer = await bench.give("maintenance.start", "maintenance", **what)
    assert answer.status == "done", answer.why
    return what


def kinds_taken(bench: EngineBench, platen: str) -> set[str]:
    return {k.value for k in WaferKind if not bench.tool.maintenance.refusal(platen, k)}


async def refused(bench: EngineBench, verb: str, said: str, /, role: str, **arguments: str | float) -> None:
    answer = await bench.give(verb, role, **arguments)
    assert answer.status == "refused"
    assert said in answer.why, answer.why


@pytest.mark.parametrize("part", SEQUENCES)
def test_a_sequence_goes_through_its_steps_by_role_hand_time_and_wafers(part: str) -> None:
    sequence = SEQUENCES[part]

    async def main() -> EngineBench:
        async with working(order("L1", (1,))) as bench:
            place = PLACES[sequence.place]
            await refused(
                bench, "maintenance.start", "not in manual mode", role="maintenance", part=part, location=place
            )
            what, maintenance, serial = await start(bench, part), bench.tool.maintenance, itertools.count(1)
            own = sequence.closes == "own"
            for step in sequence.steps:
                assert [c.at for c in maintenance.under_way] == [step.name]
                taken = {step.wafer} if step.kind == "wafers" else set[str]()
                everything = {k.value for k in WaferKind}
                own_platen = own and sequence.place == "platen"
                assert kinds_taken(bench, "platen3") == (taken if own_platen or not own else everything)
                assert kinds_taken(bench, "platen1") == (everything if own else taken)
                heads = {
                    h: {k.value for k in WaferKind if not maintenance.head_refusal(h, k)} for h in ("head1", "head2")
                }
                assert heads == {"head1": everything, "head2": taken if sequence.place == "head" else everything}
                if step.kind == "wafers":
                    await refused(
                        bench, "maintenance.confirm_step", "wafers to come", role="maintenance", step=step.name, **what
                    )
                    for n in range(step.count):
                        assert [c.passed_count for c in maintenance.under_way] == [n]
                        wafer_id, kind = f"Q{next(serial)}", WaferKind(step.wafer)
                        maintenance.polished(wafer_id, kind, {place}, step.rate_pct, whole=True)
                    continue
                given: dict[str, str | float] = {"step": step.name, **what}
                if step.kind == "change":
                    given["serial"] = "S-77"
                if step.kind == "measure":
                    given["pressure_loss_kPa"] = step.limit_kPa
                for role in set(ROLES) - set(step.roles):
                    await refused(bench, "maintenance.confirm_step", f"role {role} may not", role=role, **given)
                if step.wait_s:
                    early = step.wait_s - 1.0
                    await asyncio.sleep(early)
                    await refused(bench, "maintenance.confirm_step", "are left", role=step.roles[0], **given)
                    await asyncio.sleep(1.0)
                answer = await bench.give("maintenance.confirm_step", step.roles[0], **given)
                assert answer.status == "done", answer.why
            assert maintenance.under_way == ()
            assert kinds_taken(bench, "platen1") == kinds_taken(bench, "platen3") == {k.value for k in WaferKind}
        return bench

    bench = clock.run(main())
    told = bench.of(MaintenanceChanged)
    assert [e.state for e in told if e.state != e.previous] == [s.name for s in sequence.steps] + ["done"]
    changed = [(e.part, e.location, e.serial) for e in bench.of(ConsumableChanged)]
    assert changed == ([(part, PLACES[sequence.place], "S-77")] if sequence.counter else [])


def test_steps_are_confirmed_in_order_with_what_they_ask_for() -> None:
    async def main() -> None:
        async with working(order("L1", (1,))) as bench:
            what = await start(bench, "membrane")
            confirm, who = "maintenance.confirm_step", "maintenance"
            await refused(bench, confirm, "the step to confirm is remove", role=who, step="leak_test", **what)
            assert (await bench.give(confirm, who, step="remove", **what)).status == "done"
            await refused(bench, confirm, "serial: missing", role=who, step="change", **what)
            await refused(bench, "maintenance.start", "is being changed, at change", role=who, **what)
            assert (await bench.give(confirm, who, step="change", serial="M1", **what)).status == "done"
            await asyncio.sleep(30.0)
            test = {"step": "leak_test", **what}
            await refused(bench, confirm, "pressure_loss_kPa: missing", role=who, **test)
            await refused(bench, confirm, "2.08 kPa, at most 2.07", role=who, pressure_loss_kPa=2.08, **test)
            await hands(bench, "membrane", "module.manual_off")
            await refused(
                bench,
                confirm,
                "not in manual mode: carousel",
                role=who,
                step="leak_test",
                pressure_loss_kPa=1.0,
                **what,
            )
            await refused(
                bench, "maintenance.start", "no membrane at platen1", role=who, part="membrane", location="platen1"
            )

    clock.run(main())


async def up_to(bench: EngineBench, part: str, wanted: str) -> dict[str, str]:
    """Go through a sequence to a step and give the modules back."""
    what = await start(bench, part)
    for step in SEQUENCES[part].steps:
        if step.name == wanted:
            break
        if step.kind == "wafers":
            for n in range(step.count):
                bench.tool.maintenance.polished(f"D{n}", WaferKind(step.wafer), {what["location"]}, 0.0, whole=True)
            continue
        await asyncio.sleep(step.wait_s)
        answer = await bench.give("maintenance.confirm_step", step.roles[0], step=step.name, serial="S1", **what)
        assert answer.status == "done", answer.why
    await hands(bench, part, "module.manual_off")
    return what


def test_a_wafer_off_its_target_or_not_whole_begins_the_count_again_and_others_do_not_count() -> None:
    async def main() -> None:
        async with working(order("L1", (1,))) as bench:
            what = await up_to(bench, "pad", "qualify")
            maintenance, test = bench.tool.maintenance, WaferKind.QUALIFICATION
            (change,) = maintenance.under_way

            def back(off_pct: float, *, whole: bool = True, kind: WaferKind = test, place: str = "platen3") -> int:
                maintenance.polished("Q", kind, {place, "head1"}, off_pct, whole=whole)
                return change.passed_count

            assert back(10.0) == 1
            assert back(-10.0) == 2
            assert back(0.0, kind=WaferKind.PRODUCT) == 2
            assert back(0.0, place="platen1") == 2
            assert back(math.nan) == 2
            assert back(10.1) == 0
            assert back(3.0) == 1
            assert back(0.0, whole=False) == 0
            entered = await bench.give("maintenance.enter_result", "process", wafer_id="Q9", off_pct=2.0, **what)
            assert (entered.status, change.passed_count) == ("done", 1)
            again = await bench.give("maintenance.enter_result", "process", wafer_id="Q9", off_pct=-12.0, **what)
            assert (again.status, change.passed_count) == ("done", 0)

    clock.run(main())


def test_an_abort_opens_what_was_not_changed_and_leaves_closed_what_was() -> None:
    async def main() -> None:
        async with working(order("L1", (1,))) as bench:
            what = await start(bench, "disk")
            assert (await bench.give("maintenance.confirm_step", "maintenance", step="remove", **what)).status == "done"
            assert (await bench.give("maintenance.abort", "maintenance", **what)).status == "done"
            assert kinds_taken(bench, "platen3") == {k.value for k in WaferKind}
            await hands(bench, "disk", "module.manual_off")
            await up_to(bench, "disk", "qualify")
            assert (await bench.give("maintenance.abort", "maintenance", **what)).status == "done"
            assert kinds_taken(bench, "platen3") == set()
            await start(bench, "disk")
            assert (await bench.give("maintenance.abort", "maintenance", **what)).status == "done"
            assert kinds_taken(bench, "platen3") == set()

    clock.run(main())


def test_a_restart_goes_on_at_the_step_that_was_due() -> None:
    async def main() -> None:
        async with working(order("L1", (1,))) as bench:
            await up_to(bench, "pad", "qualify")
            first = bench.tool.maintenance
            first.polished("Q1", WaferKind.QUALIFICATION, {"platen3"}, 0.0, whole=True)
            async with working(order("L1", (1,))) as other:
                again = other.tool.maintenance
                again.restore(e for e in bench.of(MaintenanceChanged))
                assert [(c.location, c.at, c.passed_count, c.changed) for c in again.under_way] == [
                    ("platen3", "qualify", 1, True)
                ]

    clock.run(main())


def qualified_by_the_tool(target_nm: float) -> EngineBench:
    """Change a disk, then give the tool a product lot and two qualification wafers that should lose so much."""

    async def main() -> EngineBench:
        recipe = replace(route_recipe(3), target_removal_nm=target_nm)
        product = order("L1", (1,), recipe=recipe)
        tests = order("Q1", (1, 2), port=2, kind=WaferKind.QUALIFICATION, recipe=recipe)
        async with working(product, tests) as bench:
            await up_to(bench, "disk", "qualify")
            await bench.start(product.lot)
            await bench.start(tests.lot)
            await bench.engine.still(600.0)
            bench.known()
        return bench

    return clock.run(main())


def test_product_waits_until_wafers_that_the_tool_measured_have_qualified_the_platen() -> None:
    bench = qualified_by_the_tool(1000.0)  # far above what so short a polish takes off
    assert [e.wafer_id for e in bench.of(WaferFinished)] == ["Q1-01", "Q1-02"]
    assert [e.trigger for e in bench.of(MaintenanceChanged)[-2:]] == ["failed", "failed"]
    assert bench.where["L1-01"] == "loadport1.01"

    removed_nm = [e.removal_nm for e in bench.of(WaferFinished)]
    bench = qualified_by_the_tool(sum(removed_nm) / 2)
    assert [e.wafer_id for e in bench.of(WaferFinished)] == ["Q1-01", "Q1-02", "L1-01"]
    assert [(e.trigger, e.state) for e in bench.of(MaintenanceChanged)[-2:]] == [
        ("passed", "qualify"), ("passed", "done"),
    ]  # fmt: skip
    assert bench.outcome("L1") == bench.outcome("Q1") == "completed"
    done_s = bench.named(MaintenanceChanged)[-1][0]
    begun_s = next(t for t, e in bench.named(WaferMoved) if e.wafer_id == "L1-01")
    assert begun_s >= done_s


def closed_head(bench: EngineBench, head: str) -> None:
    """Have a head's ring changed and not yet run in: it takes dummy wafers only."""
    told = MaintenanceChanged("ring", head, "change", "dummies", "confirm", "eva", "new")
    bench.tool.maintenance.restore([told])


def heads_used(bench: EngineBench) -> dict[str, int]:
    return {e.wafer_id: e.head for e in bench.of(WaferFinished)}


@pytest.mark.parametrize("head", [1, 3])
def test_a_head_that_is_not_run_in_goes_round_empty_while_product_goes_on_with_the_others(head: int) -> None:
    async def main() -> EngineBench:
        async with working(order("L1", (1, 2, 3, 4, 5))) as bench:
            closed_head(bench, f"head{head}")
            await bench.start(bench.orders["L1"].lot)
            await bench.engine.still()
            bench.known()
        return bench

    bench = clock.run(main())
    assert bench.outcome() == "completed"
    assert len(heads_used(bench)) == 5
    assert head not in heads_used(bench).values()
    assert bench.of(WaferMarked) == []


def test_a_dummy_wafer_runs_a_closed_head_in() -> None:
    async def main() -> EngineBench:
        async with working(order("L1", (1, 2, 3, 4, 5), kind=WaferKind.DUMMY)) as bench:
            closed_head(bench, "head1")
            await bench.start(bench.orders["L1"].lot)
            await bench.engine.still()
        return bench

    bench = clock.run(main())
    assert list(heads_used(bench).values()).count(1) == 2
    assert [c.at for c in bench.tool.maintenance.under_way] == ["qualify"]


def test_on_a_tool_of_units_a_head_closes_its_own_platens_only() -> None:
    async def main() -> EngineBench:
        async with working(order("L1", (1,)), tool=load_tool("tool_b")) as bench:
            closed_head(bench, "head2")
            closed = {p for p in ("platen1", "platen2", "platen3", "platen4") if "product" not in kinds_taken(bench, p)}
            assert closed == {"platen3", "platen4"}
        return bench

    clock.run(main())


def test_the_change_of_a_part_is_scheduled_down_time_until_product_is_polished_elsewhere() -> None:
    async def main() -> EngineBench:
        async with working(order("L1", (1,))) as bench:
            bench.stream.publish(RunStarted("tool_a", "twin", 1, "test"))
            what = await start(bench, "pad")
            await hands(bench, "pad", "module.manual_off")
            await bench.start(bench.orders["L1"].lot)
            await bench.engine.still()
            assert (await bench.give("maintenance.abort", "maintenance", **what)).status == "done"
            await bench.until(lambda: bench.outcome())
        return bench

    bench = clock.run(main())
    told = [(e.state, e.why) for e in bench.of(EquipmentStateChanged) if e.module == "tool"]
    assert told == [("SBY", "no job"), ("SDT", "change of pad at platen3"), ("PRD", "L1"), ("SBY", "no job")]
