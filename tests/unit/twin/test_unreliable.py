"""Lost notices, sensors that stick or flicker, a cut link, weak actuators: what they hide and what they leave alone."""

from __future__ import annotations

import asyncio

import pytest
from twin_case import dictionary_a, tool_a, truth_a

from planaris import clock
from planaris.hardware import LinkState, PortError, TagWatch
from planaris.twin import Machine, TwinPort, Unreliable, Witness
from planaris.twin.unreliable import FLICKER_S


def machine() -> Machine:
    return Machine(tool_a(), dictionary_a(), truth_a(), 1)


def test_a_lost_notice_hides_that_many_answers_of_one_device_and_no_other() -> None:
    async def run() -> None:
        twin = machine()
        faults, told = Unreliable(twin), twin.plc.subscribe()
        await anext(told)
        faults.lose_notices("aligner", 2)
        twin.plc.set({"aligner.sts.id": 5})
        twin.plc.set({"srd.sts.id": 6})
        twin.plc.set({"aligner.sts.busy": True})
        twin.plc.set({"aligner.sts.id": 7})
        twin.plc.set({"aligner.wafer_present": True})
        await asyncio.sleep(1.0)
        twin.close()
        seen = [tag for block in [b async for b in told] for tag in block.tags]
        assert seen == ["srd.sts.id", "aligner.sts.id", "aligner.wafer_present"]
        assert twin.plc.values["aligner.sts.busy"]
        assert faults.effects == {"aligner": 2}

    clock.run(run())


@pytest.mark.parametrize("shown", [True, False])
def test_a_stuck_sensor_shows_one_thing_until_it_is_mended_and_counts_only_what_it_hid(shown: bool) -> None:
    async def run() -> None:
        twin = machine()
        faults, tag = Unreliable(twin), "stage.wafer_present"
        faults.stick("stage", shown)
        assert twin.plc.values[tag] is shown
        assert ("stage" in faults.effects) is shown  # no wafer is there
        twin.plc.set({tag: not shown})
        assert twin.plc.values[tag] is shown
        assert "stage" in faults.effects
        faults.mend("stage")
        assert twin.plc.values[tag] is False

    clock.run(run())


def test_a_flickering_sensor_comes_and_goes_until_it_is_mended() -> None:
    async def run() -> None:
        twin = machine()
        faults, told = Unreliable(twin), twin.plc.subscribe()
        await anext(told)
        faults.flicker("stage")
        await asyncio.sleep(4.5 * FLICKER_S)
        faults.mend("stage")
        await asyncio.sleep(4.5 * FLICKER_S)
        faults.close()
        twin.close()
        seen = [bool(b.values[-1, b.tags.index("stage.wafer_present")]) for b in [b async for b in told]]
        assert seen == [True, False, True, False, True, False]

    clock.run(run())


def test_a_cut_link_answers_nothing_while_the_plc_goes_on_and_is_told_all_when_it_is_whole_again() -> None:
    async def run() -> None:
        twin = machine()
        port = TwinPort(twin)
        await port.connect()
        watch = TagWatch(port)
        task = asyncio.create_task(watch.run())
        await watch.ready()
        twin.plc.cut()
        assert port.link is LinkState.DISCONNECTED
        with pytest.raises(PortError):
            await port.read(("stage.wafer_present",))
        with pytest.raises(PortError):
            await port.write({"platen1.sp_speed_rpm": 1.0})
        twin.plc.set({"stage.wafer_present": True})
        await asyncio.sleep(1.0)
        assert not watch.is_on("stage.wafer_present")
        assert twin.plc.values["stage.wafer_present"]
        twin.plc.splice()
        await asyncio.sleep(1.0)
        assert watch.is_on("stage.wafer_present")
        task.cancel()
        twin.close()

    clock.run(run())


def test_a_weak_actuator_reaches_its_share_of_what_is_asked_now_and_later() -> None:
    async def run() -> None:
        twin = machine()
        bank = twin.process.platens[1].bank
        twin.plc.write({"platen1.sp_speed_rpm": 80.0})
        assert twin.process.weaken("platen1", "speed", 0.5) == 80.0
        assert bank.targets()["speed"] == 40.0
        twin.plc.write({"platen1.sp_speed_rpm": 100.0})
        assert bank.targets()["speed"] == 50.0
        assert twin.process.platens[2].bank.targets()["speed"] == 0.0
        twin.process.weaken("platen1", "speed", 1.0)
        assert bank.targets()["speed"] == 100.0
        twin.close()

    clock.run(run())


def order(twin: Machine, device: str, verb: str, arg1: float = 0.0) -> None:
    code = dictionary_a().verb(device, verb).value
    number = int(twin.plc.values[f"{device}.sts.id"]) + 1  # type: ignore[arg-type]
    twin.plc.write({f"{device}.cmd.verb": code, f"{device}.cmd.arg1": arg1, f"{device}.cmd.id": number})
    twin.plc.write({f"{device}.cmd.request": True})
    twin.plc.write({f"{device}.cmd.request": False})


def test_a_witness_notes_orders_against_an_interlock_and_no_others() -> None:
    async def run() -> None:
        twin = machine()
        witness = Witness(twin)
        order(twin, "carousel", "index", 1)
        await asyncio.sleep(20.0)
        assert witness.lapses == []
        twin.process.heads[2].bank.command(clock.now_s(), {"contact": 1.0}, 0.0)
        order(twin, "carousel", "index", 2)
        order(twin, "head1", "touch_down")
        twin.safety.trip("emo")
        order(twin, "aligner", "align")  # the news may still be on its way
        await asyncio.sleep(5.0)
        order(twin, "aligner", "align")
        order(twin, "head1", "lift")
        assert [lapse.rule for lapse in witness.lapses] == ["head_up", "wafer_held", "pad_wet", "power"]
        twin.close()

    clock.run(run())
