"""Manual mode: a wafer taken by hand through the whole tool; each verb against each role and each interlock."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from engine_bench import EngineBench, order, play, working

from planaris import clock
from planaris.dictionary import manual_verbs
from planaris.formats import load_tool
from planaris.stream import InterlockRefused, ManualModeChanged, MoveIntended, WaferMarked, WaferMoved
from planaris.tool import RULES, Interlocks
from planaris.tool.interlock_rule import Facts

ROLES = ("operator", "process", "maintenance", "host", "administrator", "script", "nobody")
Arg = str | int | float | bool
Args = dict[str, Arg]
# One wafer from its slot to a platen and home again, and what is done on the way: module, verb, arguments.
JOURNEY: list[tuple[str, str, Args]] = [
    ("loadport1", "map", {}),
    ("dry_robot", "pick", {"place": "loadport1.01"}),
    ("dry_robot", "place", {"place": "aligner"}),
    ("aligner", "align", {"angle_deg": 90.0}),
    ("dry_robot", "pick", {"place": "aligner"}),
    ("dry_robot", "place", {"place": "stage"}),
    ("wet_robot", "goto", {"place": "loadcup"}),
    ("wet_robot", "pick", {"place": "stage"}),
    ("wet_robot", "flip", {"face": "down"}),
    ("wet_robot", "place", {"place": "loadcup"}),
    ("loadcup", "load", {}),
    ("carousel", "index", {"position": 1}),
    ("loadcup", "rinse", {}),
    ("platen1", "slurry_on", {"line": 1}),
    ("platen1", "slurry_off", {}),
    ("platen1", "conditioner_down", {}),
    ("platen1", "conditioner_up", {}),
    ("platen1", "rinse_on", {}),
    ("platen1", "rinse_off", {}),
    ("platen1", "head_lift", {}),
    ("carousel", "index", {"position": 0}),
    ("loadcup", "unload", {}),
    ("wet_robot", "pick", {"place": "loadcup"}),
    ("wet_robot", "flip", {"face": "up"}),
    ("wet_robot", "place", {"place": "megasonic"}),
    ("megasonic", "process", {"time_s": 5.0}),
    ("megasonic", "transfer", {}),
    ("brush1", "process", {"time_s": 5.0}),
    ("brush1", "transfer", {}),
    ("brush2", "process", {"time_s": 5.0}),
    ("brush2", "transfer", {}),
    ("srd", "process", {"time_s": 5.0}),
    ("dry_robot", "pick", {"place": "srd"}),
    ("dry_robot", "place", {"place": "metrology"}),
    ("metrology", "measure", {"plan": "9"}),
    ("dry_robot", "pick", {"place": "metrology"}),
    ("dry_robot", "place", {"place": "loadport1.01"}),
    ("loadport1", "release", {}),
]
KINDS: dict[str, str] = {
    **dict.fromkeys(("megasonic", "brush", "srd"), "cleaner"),
    "loadport": "loadport",
    "dry_robot": "robot",
    "wet_robot": "robot",
    "loadcup": "cup",
    "exchange": "cup",
}
VERBS = {(v.kind, v.name): v for v in manual_verbs()}


def declared(module: str, verb: str) -> tuple[str, str]:
    base = module.rstrip("0123456789")
    return KINDS.get(base, base), verb


def commands_given(bench: EngineBench) -> dict[str, float]:
    """Return the id of each device's last command."""
    watch = bench.tool.watch
    return {name: watch[name] for name in bench.tool.port.tags if name.endswith(".cmd.id")}


async def refused(bench: EngineBench, verb: str, said: str, /, role: object = "maintenance", **arguments: Arg) -> None:
    """Give a command that must be refused for a reason and must move nothing."""
    before, moves = commands_given(bench), len(bench.of(MoveIntended))
    answer = await bench.give(verb, str(role), **arguments)  # type: ignore[arg-type]
    assert answer.status == "refused", (verb, arguments, answer)
    assert said in answer.why, answer.why
    assert commands_given(bench) == before
    assert len(bench.of(MoveIntended)) == moves


async def by_hand(bench: EngineBench, *modules: str) -> None:
    for module in modules or [m.name for m in bench.tool.modules if m.name not in bench.engine.shop.manual]:
        answer = await bench.give("module.manual_on", "maintenance", module=module)
        assert answer.status == "done", answer.why


async def ready_for_hands(bench: EngineBench) -> None:
    """Take every module out of the engine's hands before the job's wafer leaves its slot."""
    await by_hand(bench, "dry_robot")
    await bench.start(bench.orders["L1"].lot)
    await bench.until(lambda: bench.tool.load_ports[1].state == "mapped" and "loadport1" not in bench.engine.shop.busy)
    await by_hand(bench)


async def forbidden(bench: EngineBench, module: str, verb: str, arguments: Args) -> set[str]:
    """Try a verb in every role that may not, and with each of its interlocks blocking; return the roles refused."""
    one, tool = VERBS[declared(module, verb)], bench.tool
    roles = {role for role in ROLES if role not in one.roles}
    for role in roles:
        await refused(bench, "module.manual", role, role, module=module, verb=verb, **arguments)
    action = one.action.replace("@module", module).replace("@cup", module.rstrip("0123456789"))

    def shut_now(_facts: Facts, _subject: str) -> str:
        return "so says the test"

    rules, real = [rule for rule in RULES if action in rule.actions], tool.interlocks
    assert bool(rules) is bool(action)
    for rule in rules:
        shut = {action: (replace(rule, blocked=shut_now),)}
        tool.interlocks = Interlocks(tool.watch, tool.description, real.dictionary, tool.stream, _rules=shut)
        await refused(bench, "module.manual", f"interlock {rule.number} blocks", module=module, verb=verb, **arguments)
        assert bench.of(InterlockRefused)[-1].rule == rule.number
    tool.interlocks = real
    return roles


def test_a_wafer_goes_through_the_tool_by_hand_and_no_verb_runs_for_another_role_or_past_an_interlock() -> None:
    async def main() -> EngineBench:
        async with working(order("L1", (1,))) as bench:
            await ready_for_hands(bench)
            for module, verb, arguments in JOURNEY:
                await forbidden(bench, module, verb, arguments)
                role = VERBS[declared(module, verb)].roles[0]
                answer = await bench.give("module.manual", role, module=module, verb=verb, **arguments)
                assert answer.status == "done", (module, verb, answer.why)
                bench.known()
            for module in tuple(bench.engine.shop.manual):
                assert (await bench.give("module.manual_off", "maintenance", module=module)).status == "done"
            await bench.engine.still()
        return bench

    bench = clock.run(main())
    walked = {declared(module, verb) for module, verb, _ in JOURNEY}
    assert walked == VERBS.keys() - {("swing", "to")}
    moves = [e.destination for e in bench.of(WaferMoved)]
    assert len(moves) == sum(VERBS[declared(m, v)].carries for m, v, _ in JOURNEY) == 17
    assert moves[-1] == "loadport1.01"
    assert [e.mark for e in bench.of(WaferMarked)] == ["rework"]  # it was never polished
    assert not bench.engine.jobs.active


def test_manual_mode_needs_the_module_at_rest_a_reason_and_the_role_and_is_told() -> None:
    async def script(bench: EngineBench) -> None:
        await refused(bench, "module.manual", "not worked by hand", module="aligner", verb="align", angle_deg=0.0)
        await refused(bench, "module.manual_on", "no module", module="lift")
        await refused(bench, "module.manual_on", "may not", "operator", module="aligner")
        await refused(bench, "module.manual_off", "not worked by hand", module="aligner")
        await bench.until(lambda: bench.tool.platens[3].state == "polishing")
        await refused(bench, "module.manual_on", "works for a job: polishing", module="platen3")
        await bench.until(lambda: bench.tool.wet_robot.state == "picking")
        await refused(bench, "module.manual_on", "works for a job", module="wet_robot")

    bench = play(script, order("L1", (1,)))
    assert bench.outcome() == "completed"
    assert not bench.of(ManualModeChanged)


def test_the_engine_leaves_a_module_alone_that_is_worked_by_hand_and_goes_on_when_it_is_given_back() -> None:
    async def script(bench: EngineBench) -> None:
        await by_hand(bench, "platen3")
        await refused(bench, "module.manual_on", "already", module="platen3")
        await bench.until(lambda: bench.tool.load_ports[1].state == "mapped")
        await asyncio.sleep(300.0)
        assert bench.where == {"L1-01": "loadport1.01"}
        assert (await bench.give("module.manual_off", "maintenance", module="platen3")).status == "done"

    bench = play(script, order("L1", (1,)))
    assert bench.outcome() == "completed"
    assert [(e.module, e.state, e.principal) for e in bench.of(ManualModeChanged)] == [
        ("platen3", "on", "eva"), ("platen3", "off", "eva"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"verb": "pick"}, "place: missing"),
        ({"verb": "pick", "place": "stage", "line": 1}, "line: unknown argument"),
        ({"verb": "dance"}, "it has: pick, place, goto"),
        ({"verb": "pick", "place": "brush1"}, "does not reach brush1"),
        ({"verb": "pick", "place": "loadport1"}, "does not reach loadport1"),
        ({"verb": "pick", "place": "stage"}, "no wafer is known at stage"),
        ({"verb": "place", "place": "stage"}, "holds no wafer"),
    ],
)
def test_a_verb_that_makes_no_sense_is_refused_and_moves_nothing(arguments: Args, said: str) -> None:
    async def main() -> None:
        async with working(order("L1", (1,))) as bench:
            await ready_for_hands(bench)
            await refused(bench, "module.manual", said, module="dry_robot", **arguments)

    clock.run(main())


def test_a_halt_leaves_only_verbs_to_safety() -> None:
    async def main() -> None:
        async with working(order("L1", (1,))) as bench:
            await by_hand(bench)
            assert (await bench.give("tool.halt")).status == "done"
            await refused(bench, "module.manual", "halted", module="platen1", verb="slurry_on", line=1)
            for verb in ("rinse_on", "slurry_off", "conditioner_up", "head_lift"):
                answer = await bench.give("module.manual", "operator", module="platen1", verb=verb)
                assert answer.status == "done", answer.why

    clock.run(main())


def test_an_emo_blocks_every_verb_that_moves_and_a_failed_verb_stays_with_its_module() -> None:
    async def main() -> None:
        async with working(order("L1", (1,))) as bench:
            await ready_for_hands(bench)
            pick: Args = {"verb": "pick", "place": "loadport1.01"}
            bench.world.press_emo()
            await bench.until(lambda: bench.tool.watch.is_on("safety.emo"))
            await refused(bench, "module.manual", "interlock 1 blocks", module="dry_robot", **pick)
            bench.world.reset_emo()
            await bench.until(lambda: not bench.tool.watch.is_on("safety.emo"))
            bench.world.inject_fault("dry_robot", "jammed", 0.0)
            answer = await bench.give("module.manual", "maintenance", module="dry_robot", **pick)
            assert answer.status == "failed"
            await refused(bench, "module.manual", "failed work", module="dry_robot", **pick)
            await refused(bench, "module.manual_off", "failed work", module="dry_robot")
            bench.world.clear_fault("dry_robot")
            assert (await bench.give("module.clear", "maintenance", module="dry_robot")).status == "done"
            bench.known()
            assert not bench.tool.material.in_motion()
            again = await bench.give("module.manual", "maintenance", module="dry_robot", **pick)
            assert again.status == "done", again.why
            bench.known()

    clock.run(main())


def test_a_restart_remembers_who_works_which_module_by_hand() -> None:
    async def main() -> None:
        async with working(order("L1", (1,))) as bench:
            told = [
                ManualModeChanged("stage", "on", "eva", "w"),
                ManualModeChanged("srd", "on", "ann", "w"),
                ManualModeChanged("stage", "off", "eva", "w"),
            ]
            bench.engine.manual.restore(told)
            assert bench.engine.shop.manual == {"srd": "ann"}
            assert "srd" in bench.engine.shop.down

    clock.run(main())


def test_a_swing_arm_swings_by_hand_for_its_roles_past_no_interlock() -> None:
    async def main() -> None:
        async with working(order("L1", (1,)), tool=load_tool("tool_b")) as bench:
            await by_hand(bench, "swing1", "exchange1")
            await forbidden(bench, "swing1", "to", {"platen": 2})
            await refused(bench, "module.manual", "none of swing1", module="swing1", verb="to", platen=3)
            answer = await bench.give("module.manual", "maintenance", module="swing1", verb="to", platen=2)
            assert answer.status == "done", answer.why
            assert bench.tool.swings[1].platen == 2
            await refused(bench, "module.manual", "not over exchange1", module="exchange1", verb="unload")

    clock.run(main())
