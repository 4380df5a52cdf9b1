"""Ports under contract, each with a hand on its far side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from planaris.dictionary import Dictionary, build
from planaris.formats import load_tool
from planaris.hardware import Device, HandshakeLimits, Port, PortKind, TagWatch, Value, tags_from
from planaris.hardware.mock import MockPort
from planaris.model import ToolDescription
from planaris.processes import load_package
from planaris.twin import LinkModel, Machine, TwinPort, make_truth
from planaris.twin.devices import DeviceError, Motion
from planaris.twin.noise import stream_of

# The device that the contract gives commands to: it needs nothing else to be there.
DEVICE, VERB, VERB_S = "loadport1", "release", 2.0
# What a jammed device answers, and a device that does not know a verb (code list `device_error`).
HARDWARE_FAULT, UNKNOWN_VERB = 7, 1


class Fault(StrEnum):
    """What can be wrong with the device."""

    SILENT = "silent"
    SLOW = "slow"
    JAMMED = "jammed"


class Rig(Protocol):
    """A port and what a test may do behind it.

    ``lag_s`` is how much later than the link's delay news may come, and how long a closed subscription may wait for its
    last samples: 0 where the port itself cuts the blocks. ``resolution_s`` is that of the far side's time stamps.
    ``ways_count`` is how often a write goes over the link until it returns.
    """

    ways_count: int
    lag_s: float
    resolution_s: float

    @property
    def port(self) -> Port: ...

    @property
    def starts(self) -> list[float]:
        """Times at which the device began to move."""
        ...

    def change(self, values: Mapping[str, Value]) -> None:
        """Change state tags from the far side."""
        ...

    def lose_notices(self, lost: bool) -> None:
        """Let change notices get lost from now on, or not."""
        ...

    def break_device(self, fault: Fault) -> None:
        """Break the device."""
        ...


@cache
def tool_a() -> ToolDescription:
    return load_tool()


@cache
def dictionary_a() -> Dictionary:
    return build(tool_a())


class TwinRig:
    """The twin; its link is the link model."""

    kind = PortKind.TWIN
    lag_s = resolution_s = 0.0
    ways_count = 1

    def __init__(self, link: LinkModel, seed: int = 1) -> None:
        truth = make_truth(load_package("oxide_ild"), "TEOS", tool_a(), seed)
        self.machine = Machine(tool_a(), dictionary_a(), truth, seed, link)
        self.port = TwinPort(self.machine)
        self.starts: list[float] = []
        self._link = link
        self.machine.devices[DEVICE].action(VERB, self._start)

    def _start(self, _a: float, _b: float) -> Motion:
        self.starts.append(asyncio.get_running_loop().time())
        return Motion(VERB_S, lambda: DeviceError.NONE)

    def change(self, values: Mapping[str, Value]) -> None:
        self.machine.plc.set(values)

    def lose_notices(self, lost: bool) -> None:
        self.machine.plc.link = LinkModel(self._link.latency_s, self._link.jitter_s, 1.0 if lost else 0.0)

    def break_device(self, fault: Fault) -> None:
        broken = self.machine.devices[DEVICE].fault
        broken.silent, broken.jammed = fault is Fault.SILENT, fault is Fault.JAMMED
        broken.slow_ratio = 1000.0 if fault is Fault.SLOW else 1.0


class MockRig:
    """The mock, told to answer as a device does."""

    kind = PortKind.MOCK
    lag_s = resolution_s = 0.0
    ways_count = 1

    def __init__(self, link: LinkModel, seed: int = 1) -> None:
        chance = stream_of(seed, "mock")
        self.port = MockPort(
            tags_from(dictionary_a()),
            on_write=self._written,
            signal=_ramp,
            delay_s=lambda: link.latency_s + link.jitter_s * float(chance.random()),
        )
        self.starts: list[float] = []
        self._known = {verb.value for verb in dictionary_a().verbs_of(DEVICE)}
        self._lost = False
        self._fault: Fault | None = None
        self._last_id = 0

    def change(self, values: Mapping[str, Value]) -> None:
        self.port.set(values, lost=self._lost)

    def lose_notices(self, lost: bool) -> None:
        self._lost = lost

    def break_device(self, fault: Fault) -> None:
        self._fault = fault

    def _written(self, values: Mapping[str, Value]) -> None:
        if not values.get(f"{DEVICE}.cmd.request") or self._fault is Fault.SILENT:
            return
        number = self.port.values[f"{DEVICE}.cmd.id"]
        assert isinstance(number, int)
        if number == self._last_id:
            names = [f"{DEVICE}.sts.{key}" for key in ("id", "busy", "done", "error")]
            self.port.set({name: self.port.values[name] for name in names}, repeat=True, lost=self._lost)
            return
        self._last_id = number
        if self.port.values[f"{DEVICE}.cmd.verb"] not in self._known:
            self._status(id=number, busy=False, done=False, error=UNKNOWN_VERB)
            return
        self._status(id=number, busy=True, done=False, error=0)
        loop = asyncio.get_running_loop()
        self.starts.append(loop.time())
        loop.call_later(VERB_S * (1000.0 if self._fault is Fault.SLOW else 1.0), self._end)

    def _end(self) -> None:
        jammed = self._fault is Fault.JAMMED
        self._status(busy=False, done=not jammed, error=HARDWARE_FAULT if jammed else 0)

    def _status(self, **status: Value) -> None:
        self.change({f"{DEVICE}.sts.{key}": value for key, value in status.items()})


def _ramp(_rate_class: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every tag shows the time times its column."""
    tags = tags_from(dictionary_a())
    width = sum(tags.widths_of(_rate_class)) or len(tags.of_class(_rate_class))
    return times_s[:, None] * np.arange(1.0, width + 1.0)


MakeRig = Callable[[LinkModel], Rig]


@dataclass(frozen=True)
class Connected:
    """A connected rig with a watch on its tags and the client of its device."""

    rig: Rig
    watch: TagWatch
    device: Device

    @property
    def port(self) -> Port:
        return self.rig.port


@asynccontextmanager
async def connected(make: MakeRig, link: LinkModel | None = None) -> AsyncGenerator[Connected]:
    """Connect a fresh rig, keep its watch running inside the block, close it after."""
    rig = make(link or LinkModel())
    await rig.port.connect()
    watch = TagWatch(rig.port)
    following = asyncio.create_task(watch.run())
    await watch.ready()
    verbs = {verb.name: verb.value for verb in dictionary_a().verbs_of(DEVICE)} | {"unheard_of": 99}
    errors = {UNKNOWN_VERB: "unknown verb", HARDWARE_FAULT: "hardware fault"}
    yield Connected(rig, watch, Device(rig.port, watch, DEVICE, verbs, errors, HandshakeLimits()))
    await rig.port.close()
    await following
