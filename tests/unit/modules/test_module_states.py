"""State tables of the modules: closed, without dead ends, and the only moves a module makes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from module_bench import ModuleBench

from planaris import clock
from planaris.formats import load_tool
from planaris.modules import (
    ActionRefusedError,
    Aligner,
    Carousel,
    Cleaner,
    DualArmRobot,
    Exchange,
    IllegalTransitionError,
    LoadCup,
    LoadPort,
    Metrology,
    Module,
    Platen,
    Robot,
    Swing,
)
from planaris.stream import ModuleStateChanged

OF_UNITS: tuple[type[Module], ...] = (Exchange, Swing, DualArmRobot)
CLASSES: tuple[type[Module], ...] = (
    LoadPort, Robot, Aligner, LoadCup, Carousel, Platen, Cleaner, Metrology, *OF_UNITS,
)  # fmt: skip
ARCS = [(kind, state, event) for kind in CLASSES for state, event in kind.TABLE]


def states_of(kind: type[Module]) -> set[str]:
    """Return the states that a table lets a module leave, and the one it begins in."""
    return {state for state, _ in kind.TABLE} | {kind.INITIAL}


def made(kind: type[Module], bench: ModuleBench) -> Module:
    context = bench.context
    if kind is LoadPort:
        return LoadPort(1, context)
    if kind is Platen:
        return Platen(1, context)
    if kind in {Robot, DualArmRobot}:
        return kind("dry_robot", context)
    if kind in {Exchange, Swing}:
        return kind(2, context)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    if kind is Cleaner:
        return Cleaner("megasonic", context)
    assert kind in {Aligner, LoadCup, Carousel, Metrology}
    return kind(context)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue,reportArgumentType]


def brought_to(module: Module, state: str) -> None:
    """Fire the shortest way to a state."""
    ways: dict[str, list[str]] = {module.INITIAL: []}
    frontier = [module.INITIAL]
    while frontier:
        here = frontier.pop(0)
        for (source, event), target in module.TABLE.items():
            if source == here and target not in ways:
                ways[target] = [*ways[here], event]
                frontier.append(target)
    assert state in ways, f"{module.name} can never be {state}"
    for event in ways[state]:
        module.fire(event)
    assert module.state == state


def on_a_bench(kind: type[Module]) -> tuple[ModuleBench, Module]:
    async def make() -> tuple[ModuleBench, Module]:
        bench = ModuleBench(tool=load_tool("tool_b") if kind in OF_UNITS else None)
        return bench, made(kind, bench)

    return clock.run(make())


@pytest.mark.parametrize(("kind", "state", "event"), ARCS, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_every_move_of_a_table_leads_to_a_state_it_knows_and_is_made_and_announced(
    kind: type[Module], state: str, event: str
) -> None:
    target = kind.TABLE[state, event]
    assert target in states_of(kind), "a dead end"
    bench, module = on_a_bench(kind)
    brought_to(module, state)
    bench.events.clear()
    module.fire(event)
    assert module.state == target
    assert bench.events == [ModuleStateChanged(module.name, state, target, event)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_state_is_reached_and_every_one_leads_back_to_rest(kind: type[Module]) -> None:
    forward, back = {kind.INITIAL}, {kind.INITIAL}
    for _ in kind.TABLE:
        forward |= {target for (state, _), target in kind.TABLE.items() if state in forward}
        back |= {state for (state, _), target in kind.TABLE.items() if target in back}
    assert forward == back == states_of(kind)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_event_that_a_state_does_not_take_is_refused_without_a_trace(kind: type[Module]) -> None:
    events = {event for _, event in kind.TABLE} | {"clear", "sing"}
    bench, module = on_a_bench(kind)
    for state in sorted(states_of(kind)):
        bench, module = on_a_bench(kind)
        brought_to(module, state)
        bench.events.clear()
        for event in sorted(events - {e for s, e in kind.TABLE if s == state}):
            with pytest.raises(IllegalTransitionError) as caught:
                module.fire(event)
            assert (caught.value.module, caught.value.state, caught.value.trigger) == (module.name, state, event)
        assert module.state == state
        assert bench.events == []


@pytest.mark.parametrize("kind", CLASSES)
def test_a_module_fails_from_anywhere_takes_nothing_then_but_clear_and_is_at_rest_after_it(kind: type[Module]) -> None:
    for state in sorted(states_of(kind)):
        bench, module = on_a_bench(kind)
        brought_to(module, state)
        module.fire("fail")
        assert module.state == "failed"
        for event in sorted({e for _, e in kind.TABLE}):
            with pytest.raises(IllegalTransitionError):
                module.fire(event)
        module.fire("clear")
        assert module.state == kind.INITIAL
        assert [(e.state, e.trigger) for e in bench.events[-2:] if isinstance(e, ModuleStateChanged)] == [
            ("failed", "fail"),
            (kind.INITIAL, "clear"),
        ]


@given(st.sampled_from(CLASSES), st.data())
def test_whatever_is_fired_a_module_is_in_a_state_it_knows_and_its_events_join_up(
    kind: type[Module], data: st.DataObject
) -> None:
    bench, module = on_a_bench(kind)
    events = sorted({event for _, event in kind.TABLE} | {"fail", "clear"})
    for event in data.draw(st.lists(st.sampled_from(events), max_size=30)):
        try:
            module.fire(event)
        except IllegalTransitionError:
            continue
    assert module.state in states_of(kind) | {"failed"}
    changes = [e for e in bench.events if isinstance(e, ModuleStateChanged)]
    followed = [kind.INITIAL, *(e.state for e in changes)]
    assert [e.previous for e in changes] == followed[:-1]
    assert followed[-1] == module.state


class BrokenError(Exception):
    """A command went wrong."""


def test_commands_run_one_after_another_in_the_order_they_were_asked() -> None:
    async def scenario() -> list[str]:
        bench, log = ModuleBench(), list[str]()
        module = Aligner(bench.context)
        server = asyncio.create_task(module.serve())

        async def command(name: str, time_s: float) -> str:
            log.append(f"{name} begins")
            await asyncio.sleep(time_s)
            log.append(f"{name} ends")
            return name

        answers = await asyncio.gather(module.ask(lambda: command("a", 3.0)), module.ask(lambda: command("b", 1.0)))
        server.cancel()
        return [*log, *answers]

    assert clock.run(scenario()) == ["a begins", "a ends", "b begins", "b ends", "a", "b"]


def test_a_command_that_raises_leaves_the_module_failed_and_alive_and_tells_the_asker() -> None:
    async def scenario() -> tuple[str, str, str]:
        bench = ModuleBench()
        module = Aligner(bench.context)
        server = asyncio.create_task(module.serve())

        async def broken() -> None:
            module.fire("align")
            raise BrokenError

        async def fine() -> str:
            module.fire("clear")
            return "fine"

        with pytest.raises(BrokenError):
            await module.ask(broken)
        after = module.state
        answer = await module.ask(fine)
        server.cancel()
        return after, answer, module.state

    assert clock.run(scenario()) == ("failed", "fine", "idle")


@pytest.mark.parametrize(("begun", "after"), [(False, "idle"), (True, "failed")])
def test_a_command_that_is_refused_fails_the_module_only_if_it_had_begun(begun: bool, after: str) -> None:
    async def scenario() -> str:
        module = Aligner(ModuleBench().context)
        server = asyncio.create_task(module.serve())

        async def refused() -> None:
            if begun:
                module.fire("align")
            raise ActionRefusedError("a leak is detected")

        with pytest.raises(ActionRefusedError):
            await module.ask(refused)
        server.cancel()
        return module.state

    assert clock.run(scenario()) == after


def test_a_command_whose_asker_went_away_before_it_began_is_not_run() -> None:
    async def scenario() -> list[str]:
        module, log = Aligner(ModuleBench().context), list[str]()
        server = asyncio.create_task(module.serve())

        async def command(name: str) -> None:
            log.append(name)
            await asyncio.sleep(1.0)

        first = asyncio.create_task(module.ask(lambda: command("first")))
        second = asyncio.create_task(module.ask(lambda: command("second")))
        await asyncio.sleep(0.5)
        second.cancel()
        await first
        await asyncio.sleep(2.0)
        server.cancel()
        return log

    assert clock.run(scenario()) == ["first"]
