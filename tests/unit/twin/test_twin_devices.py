"""PLC side of the handshake: one motion at a time, finite times, faults, and who may move without power."""

from __future__ import annotations

import asyncio

import pytest
from twin_case import dictionary_a

from planaris.clock import now_s, run
from planaris.hardware import tags_from
from planaris.twin import LinkModel
from planaris.twin.devices import Accept, DeviceError, Motion, TwinDevice
from planaris.twin.plc import VirtualPlc

MOVE, RAISE, REFUSE = 1, 2, 3
VERBS = {"move": MOVE, "raise": RAISE, "refuse": REFUSE, "undone": 4}
MOVE_S = 10.0


class Rig:
    """A device on a bare PLC; what it did is kept with its time."""

    def __init__(self, seed: int = 1) -> None:
        self.plc = VirtualPlc(tags_from(dictionary_a()), LinkModel(0.0), seed)
        self.device = TwinDevice(self.plc, "aligner", VERBS, seed)
        self.did: list[tuple[str, float, float, float]] = []
        self.device.action("move", self._motion("move"))
        self.device.action("raise", self._motion("raise"), safe=True)
        self.device.action("refuse", lambda _a, _b: DeviceError.NO_WAFER)

    def _motion(self, verb: str) -> Accept:
        def accept(a: float, b: float) -> Motion:
            def finish() -> DeviceError:
                self.did.append((verb, a, b, now_s()))
                return DeviceError.NONE

            return Motion(MOVE_S, finish)

        return accept

    def command(self, number: int, verb: int, arg1: float = 0.0, arg2: float = 0.0) -> None:
        values = {"id": number, "verb": verb, "arg1": arg1, "arg2": arg2, "request": True}
        self.plc.write({f"aligner.cmd.{key}": value for key, value in values.items()})

    def status(self) -> tuple[object, ...]:
        """Return (id, busy, done, error)."""
        return tuple(self.plc.values[f"aligner.sts.{key}"] for key in ("id", "busy", "done", "error"))


def test_a_verb_runs_with_its_arguments_and_ends_done() -> None:
    async def story() -> None:
        rig = Rig()
        rig.command(7, MOVE, 45.0, 2.0)
        assert rig.status() == (7, True, False, 0)
        assert rig.device.busy
        await asyncio.sleep(0.9 * MOVE_S)
        assert rig.did == []
        await asyncio.sleep(0.2 * MOVE_S)
        assert rig.status() == (7, False, True, 0)
        assert [d[:3] for d in rig.did] == [("move", 45.0, 2.0)]
        assert not rig.device.busy

    run(story())


def test_a_lowered_request_starts_nothing() -> None:
    async def story() -> None:
        rig = Rig()
        rig.plc.write({"aligner.cmd.id": 3, "aligner.cmd.verb": MOVE, "aligner.cmd.request": False})
        assert rig.status() == (0, False, False, 0)
        rig.plc.write({"aligner.cmd.verb": MOVE, "aligner.cmd.id": 4})  # and neither does one without it
        assert rig.status() == (0, False, False, 0)

    run(story())


def test_a_busy_device_refuses_the_next_command_and_ends_the_first() -> None:
    async def story() -> None:
        rig = Rig()
        rig.command(1, MOVE)
        await asyncio.sleep(1.0)
        rig.command(2, RAISE)
        assert rig.status() == (2, True, False, DeviceError.PRECONDITION)
        await asyncio.sleep(20.0)
        assert [d[0] for d in rig.did] == ["move"]
        rig.command(3, RAISE)
        await asyncio.sleep(20.0)
        assert rig.status() == (3, False, True, 0)

    run(story())


@pytest.mark.parametrize(
    ("verb", "error"), [(REFUSE, DeviceError.NO_WAFER), (4, DeviceError.UNKNOWN_VERB), (77, DeviceError.UNKNOWN_VERB)]
)
def test_a_refusal_says_why_at_once(verb: int, error: DeviceError) -> None:
    async def story() -> None:
        rig = Rig()
        rig.command(1, verb)
        assert rig.status() == (1, False, False, error)

    run(story())


def test_a_stop_ends_the_motion_in_an_interlock_and_nothing_comes_of_it() -> None:
    async def story() -> None:
        rig = Rig()
        rig.command(1, MOVE)
        await asyncio.sleep(5.0)
        rig.device.stop()
        rig.device.stop()
        assert rig.status() == (1, False, False, DeviceError.INTERLOCK)
        await asyncio.sleep(20.0)
        assert rig.did == []

    run(story())


def test_without_power_only_safe_verbs_run() -> None:
    async def story() -> None:
        rig = Rig()
        rig.device.powered = lambda: False
        rig.command(1, MOVE)
        assert rig.status() == (1, False, False, DeviceError.INTERLOCK)
        rig.command(2, RAISE)
        await asyncio.sleep(20.0)
        assert rig.status() == (2, False, True, 0)
        assert [d[0] for d in rig.did] == ["raise"]

    run(story())


def test_slow_silent_and_jammed_are_what_they_say() -> None:
    async def story() -> None:
        rig = Rig()
        rig.device.fault.slow_ratio = 3.0
        rig.command(1, MOVE)
        await asyncio.sleep(2.8 * MOVE_S)
        assert rig.did == []
        await asyncio.sleep(0.4 * MOVE_S)
        assert len(rig.did) == 1
        rig.device.fault.slow_ratio, rig.device.fault.jammed = 1.0, True
        rig.command(2, MOVE)
        await asyncio.sleep(1.1 * MOVE_S)
        assert rig.status() == (2, False, False, DeviceError.HARDWARE_FAULT)
        rig.device.fault.jammed, rig.device.fault.silent = False, True
        rig.command(3, MOVE)
        await asyncio.sleep(2.0 * MOVE_S)
        assert rig.status() == (2, False, False, DeviceError.HARDWARE_FAULT)
        assert len(rig.did) == 1

    run(story())


def test_times_spread_by_one_percent_and_repeat_with_the_seed() -> None:
    async def times(seed: int) -> list[float]:
        rig = Rig(seed)
        found: list[float] = []
        for number in range(1, 201):
            begun_s = now_s()
            rig.command(number, MOVE)
            await asyncio.sleep(2.0 * MOVE_S)
            found.append(rig.did[-1][3] - begun_s)
        return found

    first = run(times(1))
    assert run(times(1)) == first
    assert run(times(2)) != first
    ratios = [t / MOVE_S - 1.0 for t in first]
    assert max(map(abs, ratios)) <= 0.03 + 1e-9
    spread = (sum(r * r for r in ratios) / len(ratios)) ** 0.5
    # 1 sigma of a spread from 200 is 5 %; 4.5 sigma.
    assert spread == pytest.approx(0.01, rel=0.225)
