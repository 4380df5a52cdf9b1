"""Wafers turned over between stage and heads, and back before the cleaner; what breaks on the way, and what follows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from engine_bench import EngineBench, example, nobody, order, play, route_recipe, working

from planaris import clock
from planaris.app import kills
from planaris.formats import load_tool
from planaris.model import Face
from planaris.stream import (
    AlarmSet,
    FlipIntended,
    MoveIntended,
    WaferFinished,
    WaferFlipped,
    WaferMarked,
    WaferMoved,
)
from planaris.tool import Engine, Story, TakenUp, take_up
from planaris.tool.verbs import JobOrder

BETWEEN = 0.0


async def on_its_way(bench: EngineBench, wafer_id: str = "L1-01") -> None:
    """Wait until a wafer is about to be turned over for the first time."""
    await bench.until(lambda: [e for e in bench.of(FlipIntended) if e.wafer_id == wafer_id])


def faces_hold(bench: EngineBench) -> None:
    """Hold what is believed of each wafer's face to the truth, and to what its place needs."""
    for place, wafer in bench.machine.places.items():
        believed = bench.tool.material.face(wafer.wafer_id)
        assert wafer.face_down is (believed is Face.DOWN), f"{wafer.wafer_id} at {place}"
        assert bench.tool.description.face_at(place) in {None, believed}


@pytest.mark.parametrize("name", ["tool_a", "tool_b"])
def test_each_wafer_goes_to_the_heads_face_down_and_to_the_cleaner_face_up(name: str) -> None:
    tool, seen = load_tool(name), list[tuple[str, str, bool]]()

    async def script(bench: EngineBench) -> None:
        def look(_batch: object) -> None:
            seen.extend((w.wafer_id, place, w.face_down) for place, w in bench.machine.places.items())

        bench.stream.listen(look)

    bench = play(script, order(slots=(1, 2, 3), recipe=route_recipe(1)), tool=tool)
    assert bench.outcome() == "completed"
    kinds = {(place.rstrip("0123456789").partition(".")[0], down) for _, place, down in seen}
    # The arm's sensor is true before the map is: on the wet arm both faces are seen, elsewhere one.
    assert {k for k, down in kinds if down} - {"wet_robot", "wet_robot_b"} == (
        {"head", "loadcup"} if name == "tool_a" else {"head", "exchange"}
    )
    assert not {("stage", True), ("megasonic", True), ("loadport", True), ("head", False)} & kinds
    turns = [(e.wafer_id, e.face) for e in bench.of(WaferFlipped)]
    assert sorted(turns) == sorted((f"L1-0{n}", face) for n in (1, 2, 3) for face in Face)


def test_the_intent_to_turn_is_committed_before_the_turn_and_the_turn_before_the_place() -> None:
    bench = play(nobody, order(slots=(1,)))
    told = [c.event for c in bench.kept if isinstance(c.event, MoveIntended | FlipIntended | WaferFlipped | WaferMoved)]
    ours = [e for e in told if "wet_robot" in (getattr(e, "source", ""), getattr(e, "location", ""))]
    assert [type(e) for e in ours] == [MoveIntended, FlipIntended, WaferFlipped, WaferMoved] * 2


def test_a_tool_that_turns_no_wafers_goes_as_it_went() -> None:
    tool = load_tool()
    plain = replace(tool, wet_robot=replace(tool.wet_robot, flip_s=0.0))
    bench = play(nobody, order(slots=(1,)), tool=plain)
    assert (bench.outcome(), bench.of(FlipIntended)) == ("completed", [])


def test_a_wrist_that_jams_takes_the_robot_out_and_a_retry_turns_on_from_where_it_stands() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "stage")
        bench.world.inject_fault("wet_robot", "flip_jam", 0.0)
        await bench.until(lambda: bench.engine.shop.failed)
        assert [(a.alarm, a.source) for a in bench.tool.alarms.active] == [("device_error", "wet_robot")]
        assert (bench.tool.watch["wet_robot.wrist"], bench.where["L1-01"]) == (BETWEEN, "wet_robot")
        assert dict(bench.tool.material.turning()) == {"L1-01": Face.DOWN}
        assert (await bench.give("work.retry", module="wet_robot")).status == "done"
        await bench.until(lambda: bench.engine.shop.failed)  # it is still jammed
        bench.world.clear_fault("wet_robot")
        assert (await bench.give("work.retry", module="wet_robot")).status == "done"

    bench = play(script, order(slots=(1, 2)))
    assert bench.outcome() == "completed"
    assert bench.of(WaferMarked) == []
    assert [e.face for e in bench.of(FlipIntended) if e.wafer_id == "L1-01"] == [Face.DOWN, Face.UP]


def test_a_wrist_whose_stop_is_not_shown_is_an_alarm_of_its_own() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "stage")
        bench.machine.plc.force("wet_robot.wrist", BETWEEN)
        await bench.until(lambda: bench.engine.shop.failed)
        assert [(a.alarm, a.source) for a in bench.tool.alarms.active] == [("flip_not_confirmed", "wet_robot")]
        bench.machine.plc.force("wet_robot.wrist", None)
        bench.machine.plc.set({"wet_robot.wrist": 2})
        assert (await bench.give("work.retry", module="wet_robot")).status == "done"

    assert play(script, order(slots=(1,))).outcome() == "completed"


def test_a_turn_that_is_given_up_brings_the_wafer_home_face_up_and_marked() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "stage")
        bench.world.inject_fault("wet_robot", "flip_jam", 0.0)
        await bench.until(lambda: bench.engine.shop.failed)
        bench.world.clear_fault("wet_robot")
        assert (await bench.give("work.abort", module="wet_robot")).status == "done"

    bench = play(script, order(slots=(1,)))
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-01"}
    assert [(e.wafer_id, e.mark) for e in bench.of(WaferMarked)] == [("L1-01", "rework")]
    assert not [e for e in bench.of(WaferMoved) if e.destination == "loadcup"]
    faces_hold(bench)


def test_a_wafer_that_falls_in_the_turn_is_missed_and_nothing_is_turned_before_its_pieces_are_out() -> None:
    async def script(bench: EngineBench) -> None:
        await bench.until(lambda: bench.where.get("L1-01") == "stage")
        bench.world.inject_fault("wet_robot", "flip_drop", 1.0)
        await bench.until(lambda: bench.engine.shop.failed)
        assert [(a.alarm, a.source) for a in bench.tool.alarms.active] == [("wafer_not_seen", "wet_robot")]
        assert "not clear" in bench.tool.interlocks.reason("wet_robot.flip", "wet_robot")
        refused = await bench.give("wafer.confirm_place", wafer_id="L1-01", location="wet_robot")
        assert (refused.status, refused.why) == ("refused", "wet_robot.wafer_present shows no wafer")
        bench.world.take_wafer("wet_robot")
        await bench.until(lambda: bench.tool.watch.is_on("wet_robot.flip_clear"))
        done = await bench.give("wafer.confirm_place", wafer_id="L1-01", location="removed")
        assert done.status == "done", done.why

    bench = play(script, order(slots=(1, 2)))
    assert {e.wafer_id for e in bench.of(WaferFinished)} == {"L1-02"}
    assert "L1-01" not in bench.world.where()
    assert [e.alarm for e in bench.of(AlarmSet)] == ["wafer_not_seen"]


def test_by_hand_no_wafer_is_put_down_the_wrong_way_round_and_a_turn_of_the_hand_helps() -> None:
    async def main() -> EngineBench:
        async with working(order(slots=(1,))) as bench:
            await bench.start(bench.orders["L1"].lot)
            by_hand = {"module": "wet_robot"}
            await bench.until(lambda: bench.tool.material.in_motion().get("L1-01") == "stage")
            assert (await bench.give("module.manual_on", "maintenance", **by_hand)).status == "done"
            await bench.until(lambda: bench.where.get("L1-01") == "stage" and "stage" not in bench.engine.shop.busy)
            for verb, arguments, status in (
                ("pick", {"place": "stage"}, "done"),
                ("place", {"place": "loadcup"}, "refused"),
                ("flip", {"face": "sideways"}, "refused"),
                ("flip", {"face": "down"}, "done"),
                ("place", {"place": "stage"}, "refused"),
                ("place", {"place": "loadcup"}, "done"),
                ("flip", {"face": "up"}, "refused"),
            ):
                answer = await bench.give("module.manual", "maintenance", verb=verb, **by_hand, **arguments)
                assert answer.status == status, (verb, arguments, answer.why)
            assert bench.tool.material.face("L1-01") is Face.DOWN
            faces_hold(bench)
        return bench

    bench = clock.run(main())
    assert [(e.location, e.face) for e in bench.of(WaferFlipped)] == [("wet_robot", Face.DOWN)]


def always(kill: kills.Kill, *_drawn: object) -> tuple[kills.Kill, ...]:
    return (kill,)


@pytest.mark.parametrize("campaign", list(kills.Campaign))
def test_killed_in_mid_turn_a_restart_knows_how_the_wafer_lies(
    campaign: kills.Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    turning = list[str]()

    async def spied(engine: Engine, story: Story, orders: dict[str, JobOrder], died_s: float) -> TakenUp:
        turning.extend(w.wafer_id for w in story.wafers.values() if w.turning is not None)
        return await take_up(engine, story, orders, died_s)

    monkeypatch.setattr(kills, "take_up", spied)
    job = kills.with_slots(example(), (1,))
    for quarter in range(8):
        # The first wafer is picked from the stage at about 51 s and turned for 2 s.
        kill = kills.Kill(kills.At.CALLBACK, 51.6 + 0.25 * quarter, 0, 1.0)
        monkeypatch.setattr(kills, "plan", partial(always, kill))
        result = kills.run_kills(job, 1, campaign)
        assert result.failures == []
        assert (result.outcome, len(result.deaths)) == ("completed", 1)
    assert len(turning) >= 3
