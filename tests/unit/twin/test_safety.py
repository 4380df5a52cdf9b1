"""What brings the machine to safety without the controller: safety relay, lost heartbeat, longest polish time."""

from __future__ import annotations

import asyncio

import pytest
from twin_case import HEAD_SET, PLATEN_SET, TwinCase, dictionary_a, tool_a

from planaris.clock import now_s, run
from planaris.hardware import DeviceFailedError, DeviceReportedError, Value
from planaris.twin import World
from planaris.twin.devices import DeviceError
from planaris.twin.safety import INPUTS

HEARTBEAT_S = 2.0
LIFT_S = tool_a().lift_s
SLURRY, RINSE = "platen1.slurry_flow_ml_min", "platen1.di_flow_ml_min"
STOPPING = ["emo", "door_open", "over_temperature"]


async def shows_safe(case: TwinCase) -> None:
    """Assert that head 1 is off the pad, rinse on, slurry off, drives and pressures at rest."""
    found = await case.values(
        "head1.up", "head1.height_mm", SLURRY, RINSE, "head1.downforce_N", "platen1.pad_wet",
        "platen1.speed_rpm", "head1.speed_rpm", "head1.zone1_pressure_kPa", "platen1.conditioner_force_N",
    )  # fmt: skip
    assert found["head1.up"] == 1
    assert found["platen1.pad_wet"] == 1
    assert found["head1.height_mm"] > 50.0
    assert found[RINSE] > 1000.0
    # Sensor noise, 6 sigma of each tag.
    assert abs(found[SLURRY]) < 6.0
    assert abs(found["head1.downforce_N"]) < 12.0
    assert abs(found["platen1.speed_rpm"]) < 0.4
    assert abs(found["head1.speed_rpm"]) < 0.4
    assert abs(found["head1.zone1_pressure_kPa"]) < 0.4
    assert abs(found["platen1.conditioner_force_N"]) < 1.0


async def film_left(case: TwinCase) -> float:
    return float(World(case.machine).wafers()[0].after_nm.mean())


async def polishing_stopped(case: TwinCase) -> None:
    before = await film_left(case)
    await asyncio.sleep(5.0)
    assert await film_left(case) == before


# -- safety relay ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STOPPING)
def test_a_stopping_input_brings_heads_up_rinse_on_slurry_off(name: str) -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(10.0)
            case.machine.safety.trip(name)
            await asyncio.sleep(LIFT_S + 0.1)
            assert (await case.values("head1.up"))["head1.up"] == 1
            await asyncio.sleep(6.0)
            await shows_safe(case)
            await polishing_stopped(case)
            assert await case.values(f"safety.{name}", "safety.healthy") == {f"safety.{name}": 1, "safety.healthy": 0}

    run(story())


def test_a_head_rises_in_finite_time_not_at_once() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(5.0)
            case.machine.safety.trip("emo")
            await asyncio.sleep(0.5 * LIFT_S)
            seen = await case.values("head1.up", "head1.height_mm")
            assert seen["head1.up"] == 0
            assert 1.0 < seen["head1.height_mm"] < 50.0

    run(story())


def test_every_motion_under_way_ends_in_an_interlock() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            doing = [
                asyncio.create_task(case.device("carousel").do("index", 2, limit_s=30.0)),
                asyncio.create_task(case.device("dry_robot").do("pick", 1, 1, limit_s=30.0)),
                asyncio.create_task(case.device("loadport1").do("release", limit_s=30.0)),
            ]
            await asyncio.sleep(1.0)
            case.machine.safety.trip("emo")
            await asyncio.sleep(0.1)
            for error in await asyncio.gather(*doing, return_exceptions=True):
                assert isinstance(error, DeviceReportedError)
                assert error.code == DeviceError.INTERLOCK
            await asyncio.sleep(30.0)
            assert (await case.values("carousel.position"))["carousel.position"] == 1

    run(story())


@pytest.mark.parametrize("after_s", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("cause", ["emo", "heartbeat"])
def test_a_head_on_its_way_down_goes_up_again(cause: str, after_s: float) -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.port.write(PLATEN_SET)
            await case.device("platen1").do("slurry", 1, 1, limit_s=10.0)
            await case.port.write({"plc.sp_heartbeat_count": 1})
            if cause == "heartbeat":  # silence runs out while the head is on its way
                await asyncio.sleep(HEARTBEAT_S - after_s)
            down = asyncio.create_task(case.device("head1").do("touch_down", limit_s=20.0))
            if cause == "emo":
                await asyncio.sleep(after_s)
                case.machine.safety.trip("emo")
            with pytest.raises(DeviceReportedError) as caught:
                await down
            assert caught.value.code == DeviceError.INTERLOCK
            await asyncio.sleep(8.0)
            await shows_safe(case)
            assert await film_left(case) == 1500.0

    run(story())


def test_no_command_and_no_set_point_moves_anything_until_a_person_resets() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(5.0)
            case.machine.safety.trip("emo")
            await asyncio.sleep(8.0)
            await case.port.write({**PLATEN_SET, **HEAD_SET})
            refused = [
                ("head1", "touch_down", 0, 0),
                ("carousel", "index", 2, 0),
                ("conditioner1", "down", 0, 0),
                ("platen1", "slurry", 1, 1),
                ("platen1", "rinse", 0, 0),
                ("wet_robot", "pick", 12, 0),
            ]
            for name, verb, arg1, arg2 in refused:
                with pytest.raises(DeviceReportedError) as caught:
                    await case.device(name).do(verb, arg1, arg2, limit_s=20.0)
                assert caught.value.code == DeviceError.INTERLOCK, name
            await asyncio.sleep(10.0)
            await shows_safe(case)
            # What leads to safety is still obeyed.
            for name, verb, arg1 in [("head1", "lift", 0), ("platen1", "rinse", 1), ("conditioner1", "up", 0)]:
                await case.device(name).do(verb, arg1, limit_s=20.0)
            await case.device("platen1").do("slurry", 0, 0, limit_s=20.0)
            await shows_safe(case)

    run(story())


def test_after_a_reset_nothing_starts_by_itself_and_commands_work_again() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(5.0)
            for name in ("emo", "door_open"):
                case.machine.safety.trip(name)
            await asyncio.sleep(8.0)
            case.machine.safety.reset("emo")
            assert case.machine.safety.tripped == {"door_open"}
            with pytest.raises(DeviceFailedError):
                await case.device("carousel").do("index", 2, limit_s=30.0)
            case.machine.safety.reset("door_open")
            await asyncio.sleep(10.0)
            await shows_safe(case)
            assert (await case.values("safety.healthy"))["safety.healthy"] == 1
            before = await film_left(case)
            await case.begin_polish()
            await asyncio.sleep(10.0)
            assert await film_left(case) < before - 10.0

    run(story())


@pytest.mark.parametrize("value", [0, 1])
def test_no_tag_that_can_be_written_resets_a_safety_input(value: int) -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            for name in INPUTS:
                case.machine.safety.trip(name)
            names = [f"safety.{name}" for name in INPUTS]
            assert not any(case.port.tags[name].writable for name in [*names, "safety.healthy", "plc.heartbeat_lost"])
            group: dict[str, Value] = {name: value for name, tag in case.port.tags.items() if tag.writable}
            assert len(group) > 100
            await case.port.write(group)
            await asyncio.sleep(5.0)
            found = await case.values(*names, "safety.healthy")
            assert list(found.values()) == [1.0] * len(names) + [0.0]
            assert case.machine.safety.tripped == set(INPUTS)

    run(story())


def test_a_leak_closes_the_slurry_and_leaves_motion_alone() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.begin_polish()
            await asyncio.sleep(10.0)
            case.machine.safety.trip("leak")
            await asyncio.sleep(6.0)
            found = await case.values(SLURRY, "platen1.speed_rpm", "head1.up")
            assert abs(found[SLURRY]) < 6.0
            assert found["platen1.speed_rpm"] > 90.0
            assert found["head1.up"] == 0
            await case.port.write({"platen1.sp_slurry_flow_ml_min": 200.0})
            with pytest.raises(DeviceReportedError):
                await case.device("platen1").do("slurry", 1, 1, limit_s=10.0)
            await asyncio.sleep(5.0)
            assert abs((await case.values(SLURRY))[SLURRY]) < 6.0
            await case.device("head1").do("lift", limit_s=10.0)

    run(story())


def test_an_unknown_input_is_no_input() -> None:
    async def story() -> None:
        case = TwinCase()
        with pytest.raises(ValueError, match="emo, door_open, leak, over_temperature"):
            case.machine.safety.trip("coffee")

    run(story())


# -- heartbeat ---------------------------------------------------------------------------------------------------


def test_two_seconds_without_the_controller_bring_the_machine_to_safety() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            beating = asyncio.create_task(case.beat())
            await case.begin_polish()
            await asyncio.sleep(10.0)
            assert (await case.values("plc.heartbeat_lost", "head1.up")) == {"plc.heartbeat_lost": 0, "head1.up": 0}
            beating.cancel()
            silent_s = case.machine._last_beat_s
            await case.watch.until(
                lambda: case.watch.is_on("plc.heartbeat_lost"), ("plc.heartbeat_lost",), 5.0, "heartbeat lost"
            )
            assert now_s() - silent_s == pytest.approx(HEARTBEAT_S, abs=0.05)  # and the link's delay
            await asyncio.sleep(8.0)
            await shows_safe(case)
            await polishing_stopped(case)

    run(story())


def test_a_count_that_stands_still_is_no_sign_of_life() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            for _ in range(6):
                await case.port.write({"plc.sp_heartbeat_count": 7})
                await asyncio.sleep(0.5)
            assert (await case.values("plc.heartbeat_lost"))["plc.heartbeat_lost"] == 1

    run(story())


def test_a_regular_beat_keeps_polishing_and_its_return_allows_the_next_touch_down() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            beating = asyncio.create_task(case.beat())
            await case.begin_polish()
            await asyncio.sleep(60.0)
            assert (await case.values("plc.heartbeat_lost", "head1.up")) == {"plc.heartbeat_lost": 0, "head1.up": 0}
            beating.cancel()
            await asyncio.sleep(10.0)
            with pytest.raises(DeviceReportedError) as caught:
                await case.device("head1").do("touch_down", limit_s=20.0)
            assert caught.value.code == DeviceError.INTERLOCK
            again = asyncio.create_task(case.beat())
            await asyncio.sleep(1.0)
            assert (await case.values("plc.heartbeat_lost"))["plc.heartbeat_lost"] == 0
            await case.begin_polish()
            again.cancel()

    run(story())


# -- longest polish time -----------------------------------------------------------------------------------------


def test_the_longest_polish_time_lifts_the_head() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.port.write({"platen1.sp_polish_limit_s": 30.0})
            set_points = {name: v for name, v in PLATEN_SET.items() if not name.endswith("limit_s")}
            await case.port.write(set_points)
            await case.device("platen1").do("slurry", 1, 1, limit_s=10.0)
            await case.device("head1").do("touch_down", limit_s=20.0)
            touched_s = now_s()
            await case.port.write(HEAD_SET)
            await case.watch.until(lambda: case.watch.is_on("head1.up"), ("head1.up",), 60.0, "head up")
            # The handshake's last message and the notice of the head travel on the link.
            assert now_s() - touched_s == pytest.approx(30.0 + LIFT_S, abs=0.1)
            await asyncio.sleep(8.0)
            await shows_safe(case)

    run(story())


def test_without_a_limit_set_the_head_does_not_stay_on_the_pad() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.device("head1").do("touch_down", limit_s=20.0)
            await asyncio.sleep(LIFT_S + 0.5)
            assert (await case.values("head1.up"))["head1.up"] == 1

    run(story())


def test_a_lift_in_time_disarms_the_limit() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            await case.port.write({**PLATEN_SET, "platen1.sp_polish_limit_s": 30.0})
            await case.device("platen1").do("slurry", 1, 1, limit_s=10.0)
            await case.device("head1").do("touch_down", limit_s=20.0)
            await asyncio.sleep(5.0)
            await case.device("head1").do("lift", limit_s=10.0)
            await asyncio.sleep(60.0)
            # The limit would have closed the slurry and opened the rinse.
            found = await case.values(SLURRY, RINSE)
            assert found[SLURRY] > 190.0
            assert abs(found[RINSE]) < 9.0

    run(story())


def test_codes_of_device_errors_are_the_dictionary_s() -> None:
    codes = {code.name: code.value for code in dictionary_a().code_list("device_error").by_name.values()}
    assert {error.name.lower(): error.value for error in DeviceError} == codes
