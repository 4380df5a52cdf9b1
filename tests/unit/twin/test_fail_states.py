"""The fail-state table against the twin: each output goes where the table says, whatever was lost."""

from __future__ import annotations

import asyncio

import pytest
from twin_case import TwinCase

from planaris.clock import run
from planaris.hardware import DeviceFailedError, LinkState, PortError
from planaris.model import MEMBRANE_HELD_kPa
from planaris.twin import World
from planaris.twin.fail_states import FailState, Loss, Output, fail_states

# Long enough for the head's lift, the ramps and the lags behind them.
SETTLED_S = 6.0
SUPPLIES = (Loss.POWER, Loss.AIR, Loss.VACUUM, Loss.COMMUNICATION)
# Where an actuator stands in each state while a polish runs, and what it does undisturbed.
TARGET = {
    FailState.CLOSED: {"slurry": 0.0},
    FailState.OPEN: {"di": 1500.0},
    FailState.STOPPED: {"speed": 0.0, "disk": 0.0, "sweep": 0.0},
    FailState.VENTED: {"force": 0.0, "zone1": 0.0, "zone2": 0.0, "zone3": 0.0, "back": 0.0, "ring": 0.0},
    FailState.UP: {"disk_height": 20.0, "disk_down": 0.0, "height": 60.0, "contact": 0.0},
}
RUNNING = {
    "slurry": 200.0, "di": 0.0, "force": 22.0, "disk": 73.0, "disk_height": 0.0, "disk_down": 1.0,
    "zone1": 27.6, "zone2": 27.6, "zone3": 27.6, "back": 3.4, "ring": 35.9, "sweep": 5.0, "height": 0.0, "contact": 1.0,
}  # fmt: skip
SPEED_rpm = {"platen": 93.0, "head": 87.0}


def targets(case: TwinCase, place: str) -> dict[str, float]:
    process = case.machine.process
    bank = process.heads[1].bank if place == "head" else process.platens[1].bank
    return dict(bank.targets())


def test_every_output_has_a_state_for_every_loss_and_texts_in_both_languages() -> None:
    table = fail_states(3)
    assert len({(o.place, o.name) for o in table}) == len(table)
    for output in table:
        assert set(output.on) == set(Loss)
        assert output.kind_en
        assert output.kind_zh
        for actuator in output.actuators:
            for loss in SUPPLIES:
                state = output.on[loss]
                assert state in {FailState.HOLDS, FailState.UNCHANGED} or actuator in TARGET[state]


@pytest.mark.parametrize("loss", SUPPLIES)
def test_each_output_of_a_platen_that_polishes_goes_to_its_fail_state(loss: Loss) -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(10.0)
            World(case.machine).lose(loss.value)
            await asyncio.sleep(SETTLED_S)
            for output in fail_states(3):
                for actuator in output.actuators:
                    check(case, output, actuator, loss)

    run(story())


def check(case: TwinCase, output: Output, actuator: str, loss: Loss) -> None:
    place = "head" if output.place == "head" else "platen"
    found, state = targets(case, place)[actuator], output.on[loss]
    if state is FailState.HOLDS:
        return  # nothing of the wafer's hold is given up; what the lift takes is the lift's own
    if state is FailState.UNCHANGED:
        assert found == (SPEED_rpm[place] if actuator == "speed" else RUNNING[actuator]), (output, loss)
    else:
        assert found == TARGET[state][actuator], (output, loss)


@pytest.mark.parametrize("loss", [Loss.POWER, Loss.AIR, Loss.COMMUNICATION])
def test_after_a_loss_nothing_starts_by_itself_and_works_again_when_told(loss: Loss) -> None:
    async def story() -> None:
        case = TwinCase()
        world = World(case.machine)
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(5.0)
            world.lose(loss.value)
            await asyncio.sleep(SETTLED_S)
            world.regain(loss.value)
            await asyncio.sleep(SETTLED_S)
            shown = await case.values("head1.up", "platen1.slurry_valve_open", "platen1.rinse_valve_open")
            assert shown == {"head1.up": 1, "platen1.slurry_valve_open": 0, "platen1.rinse_valve_open": 1}
            await case.begin_polish()
            assert targets(case, "head")["contact"] == 1.0

    run(story())


@pytest.mark.parametrize("loss", [Loss.POWER, Loss.AIR])
def test_without_power_or_air_nothing_touches_down_and_no_slurry_flows(loss: Loss) -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            World(case.machine).lose(loss.value)
            for device, verb in (("head1", "touch_down"), ("platen1", "slurry")):
                with pytest.raises(DeviceFailedError):
                    await case.device(device).do(verb, 1, 1, limit_s=20.0)
            assert targets(case, "head")["contact"] == 0.0
            assert targets(case, "platen")["slurry"] == 0.0

    run(story())


def test_without_vacuum_no_wafer_is_chucked_and_held_ones_stay() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            case.machine.process.hold(1, held=True)
            World(case.machine).lose("vacuum")
            await asyncio.sleep(SETTLED_S)
            assert targets(case, "head")["vacuum"] < -60.0
            assert not case.machine.handling.vacuum_ok()

    run(story())


# -- the process PLC killed ---------------------------------------------------------------------------------------


def test_a_dead_plc_answers_nothing_and_its_outputs_drop_out() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(5.0)
            World(case.machine).lose("communication")
            assert case.port.link is LinkState.DISCONNECTED
            with pytest.raises(PortError):
                await case.port.read(("head1.up",))
            with pytest.raises(PortError):
                await case.port.write({"platen1.sp_speed_rpm": 50.0})
            await asyncio.sleep(SETTLED_S)
            assert targets(case, "head")["height"] == 60.0
            assert targets(case, "platen")["speed"] == 0.0

    run(story())


def test_the_safety_layer_works_while_the_plc_is_dead_and_is_seen_when_it_is_back() -> None:
    async def story() -> None:
        case = TwinCase()
        world = World(case.machine)
        async with case.connected():
            world.lose("communication")
            world.press_emo()
            assert not case.machine.safety.powered
            assert not case.machine.safety.chemicals_allowed
            world.regain("communication")
            await asyncio.sleep(1.0)
            assert await case.values("safety.emo", "safety.healthy") == {"safety.emo": 1, "safety.healthy": 0}
            assert case.watch.is_on("safety.emo")
            with pytest.raises(DeviceFailedError):
                await case.device("carousel").do("index", 2, limit_s=30.0)

    run(story())


def test_what_a_dead_plc_did_not_sample_is_marked_bad() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            subscription = case.port.subscribe("facility", 30.0)
            await asyncio.sleep(9.5)
            case.machine.lose(Loss.COMMUNICATION)
            await asyncio.sleep(10.0)
            case.machine.regain(Loss.COMMUNICATION)
            await asyncio.sleep(15.0)
            block = await anext(subscription)
            subscription.close()
            bad = block.time_s[block.quality == 0]
            assert (bad.min(), bad.max()) == (10.0, 19.0)

    run(story())


# -- process PLC's own rules --------------------------------------------------------------------------------------


def test_the_plc_holds_the_membrane_low_while_the_ring_is_below_its_minimum() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(5.0)
            await case.port.write({"head1.sp_ring_pressure_kPa": 5.0})
            await asyncio.sleep(3.0)
            assert targets(case, "head")["zone1"] == MEMBRANE_HELD_kPa
            await case.port.write({"head1.sp_ring_pressure_kPa": 35.9, "head1.sp_zone1_pressure_kPa": 27.6})
            await asyncio.sleep(3.0)
            assert targets(case, "head")["zone1"] == pytest.approx(27.6)

    run(story())
