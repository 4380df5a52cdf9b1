"""Devices of the virtual PLC: handshake, finite time, jams. What a device does to the world is its `action`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from planaris.hardware import Value
from planaris.twin.noise import stream_of
from planaris.twin.plc import VirtualPlc

# Repeatability of device times, 1 sigma [design].
TIME_SPREAD_FRACTION = 0.01


class DeviceError(IntEnum):
    """Error codes of a device (the dictionary's code list `device_error`)."""

    NONE = 0
    UNKNOWN_VERB = 1
    PRECONDITION = 2
    TIMEOUT = 3
    NO_WAFER = 4
    WAFER_PRESENT = 5
    INTERLOCK = 6
    HARDWARE_FAULT = 7
    BAD_ARGUMENT = 8


@dataclass(slots=True)
class DeviceFault:
    """What is wrong with a device: ``slow_ratio`` stretches its times, ``silent`` swallows requests,
    ``jammed`` ends every motion in a hardware fault. ``effects_count`` counts the motions and requests it touched."""

    slow_ratio: float = 1.0
    silent: bool = False
    jammed: bool = False
    effects_count: int = 0

    @property
    def none(self) -> bool:
        """Whether nothing is or was wrong."""
        return self.slow_ratio == 1.0 and not (self.silent or self.jammed or self.effects_count)


@dataclass(frozen=True, slots=True)
class Motion:
    """A verb accepted by a device: its nominal time and what happens at its end (returning an error code)."""

    time_s: float
    finish: Callable[[], DeviceError]


Accept = Callable[[float, float], Motion | DeviceError]


class TwinDevice:
    """PLC side of one device's handshake.

    ``motion`` is the verb under way with its arguments; ``on_begun`` and ``on_ended`` are called
    when one began or ended.
    """

    def __init__(self, plc: VirtualPlc, name: str, verbs: Mapping[str, int], seed: int) -> None:
        self.name = name
        self.fault = DeviceFault()
        self._plc = plc
        self._verb_names = {number: verb for verb, number in verbs.items()}
        self.powered: Callable[[], bool] = lambda: True
        self.on_asked: Callable[[str, str, float, float], None] = lambda _name, _verb, _arg1, _arg2: None
        self._actions: dict[str, Accept] = {}
        self._safe: set[str] = set()
        self._chance = stream_of(seed, f"device.{name}")
        self._last_id = 0
        self._running: asyncio.TimerHandle | None = None
        self._finish: Callable[[], DeviceError] | None = None
        self.motion: tuple[str, float, float] | None = None
        self.on_begun: Callable[[TwinDevice], None] = lambda _device: None
        self.on_ended: Callable[[], None] = lambda: None
        plc.on_write((f"{name}.cmd.request",), self._requested)
        for own in ("request", "id"):  # whoever writes them is told by the status
            plc.without_notice(f"{name}.cmd.{own}")

    def action(self, verb: str, accept: Accept, *, safe: bool = False) -> None:
        """Declare what a verb does. A ``safe`` one needs no motion power: springs, water, closing valves."""
        self._actions[verb] = accept
        if safe:
            self._safe.add(verb)

    @property
    def busy(self) -> bool:
        """Whether a motion is under way."""
        return self._running is not None

    def stop(self) -> None:
        """Stop at once, as on a power cut of the drives; the motion ends in an interlock error."""
        if self._running is not None:
            self._running.cancel()
            self._end(DeviceError.INTERLOCK)

    def _requested(self, values: Mapping[str, Value]) -> None:
        name, plc = self.name, self._plc
        if not values[f"{name}.cmd.request"]:
            return
        if self.fault.silent:
            self.fault.effects_count += 1
            return
        number = int(_number(plc.values[f"{name}.cmd.id"]))
        if number == self._last_id:  # a duplicate: say again where we are, do nothing
            self._publish({key: plc.values[f"{name}.sts.{key}"] for key in ("id", "busy", "done", "error")}, again=True)
            return
        self._last_id = number
        if self.busy:
            self._publish({"id": number, "busy": True, "done": False, "error": int(DeviceError.PRECONDITION)})
            return
        verb = self._verb_names.get(int(_number(plc.values[f"{name}.cmd.verb"])), "")
        accept = self._actions.get(verb)
        if accept is None:
            self._refuse(number, DeviceError.UNKNOWN_VERB)
            return
        arguments = _number(plc.values[f"{name}.cmd.arg1"]), _number(plc.values[f"{name}.cmd.arg2"])
        self.on_asked(name, verb, *arguments)
        if verb not in self._safe and not self.powered():
            self._refuse(number, DeviceError.INTERLOCK)
            return
        accepted = accept(*arguments)
        if isinstance(accepted, DeviceError):
            self._refuse(number, accepted)
            return
        self._publish({"id": number, "busy": True, "done": False, "error": 0})
        self.fault.effects_count += self.fault.slow_ratio != 1.0
        spread = 1.0 + TIME_SPREAD_FRACTION * max(-3.0, min(3.0, float(self._chance.standard_normal())))
        time_s = accepted.time_s * spread * self.fault.slow_ratio
        self._finish, self.motion = accepted.finish, (verb, *arguments)
        self._running = asyncio.get_running_loop().call_later(time_s, self._arrived)
        self.on_begun(self)

    def do_at_once(self, verb: str, arg1: float, arg2: float) -> DeviceError:
        """Do what a verb does without handshake and time: a motion whose end nobody saw."""
        accepted = self._actions[verb](arg1, arg2)
        return accepted if isinstance(accepted, DeviceError) else accepted.finish()

    def _arrived(self) -> None:
        finish = self._finish
        assert finish is not None
        self.fault.effects_count += self.fault.jammed
        self._end(DeviceError.HARDWARE_FAULT if self.fault.jammed else finish())

    def _end(self, error: DeviceError) -> None:
        self._running = self._finish = self.motion = None
        self._publish({"busy": False, "done": error is DeviceError.NONE, "error": int(error)})
        self.on_ended()

    def _refuse(self, number: int, error: DeviceError) -> None:
        self._publish({"id": number, "busy": False, "done": False, "error": int(error)})

    def _publish(self, status: Mapping[str, Value], *, again: bool = False) -> None:
        self._plc.set({f"{self.name}.sts.{key}": value for key, value in status.items()}, repeat=again)


def _number(value: Value) -> float:
    if isinstance(value, tuple):
        raise TypeError("a command argument is a scalar")
    return float(value)
