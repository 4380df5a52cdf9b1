"""A machine with a wafer over platen 1, and the few commands of a polish, for the twin's tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cache

import numpy as np
from numpy.typing import NDArray

from planaris.dictionary import Dictionary, build
from planaris.formats import load_tool
from planaris.hardware import Device, Subscription, TagWatch, Value
from planaris.model import Block, ToolDescription, WaferKind
from planaris.processes import load_package
from planaris.twin import LinkModel, Machine, Truth, TwinPort, make_truth
from planaris.twin.wafers import TrueWafer

# A polish as an oxide recipe has it; back pressure on, so that its regulator moves too.
PLATEN_SET: Mapping[str, Value] = {
    "platen1.sp_ramp_s": 2.0,
    "platen1.sp_speed_rpm": 93.0,
    "platen1.sp_slurry_flow_ml_min": 200.0,
    "platen1.sp_di_flow_ml_min": 0.0,
    "platen1.sp_conditioner_force_N": 22.0,
    "platen1.sp_conditioner_speed_rpm": 73.0,
    "platen1.sp_conditioner_sweep_per_min": 19.0,
    "platen1.sp_coolant_temperature_C": 25.0,
    "platen1.sp_polish_limit_s": 600.0,
}
HEAD_SET: Mapping[str, Value] = {
    "head1.sp_ramp_s": 2.0,
    "head1.sp_zone1_pressure_kPa": 27.6,
    "head1.sp_zone2_pressure_kPa": 27.6,
    "head1.sp_zone3_pressure_kPa": 27.6,
    "head1.sp_ring_pressure_kPa": 35.9,
    "head1.sp_back_pressure_kPa": 3.4,
    "head1.sp_speed_rpm": 87.0,
    "head1.sp_sweep_amplitude_mm": 5.0,
    "head1.sp_sweep_per_min": 10.0,
}


@cache
def tool_a() -> ToolDescription:
    return load_tool()


@cache
def dictionary_a() -> Dictionary:
    return build(tool_a())


@cache
def truth_a(seed: int = 1) -> Truth:
    return make_truth(load_package("oxide_ild"), "TEOS", tool_a(), seed)


class TwinCase:
    """A machine, a port and a watch onto it, and clients of its devices."""

    def __init__(
        self,
        link: LinkModel | None = None,
        seed: int = 1,
        truth: Truth | None = None,
        change_period_s: float | None = None,
    ) -> None:
        self.machine = Machine(
            tool_a(), dictionary_a(), truth or truth_a(seed), seed, link, change_period_s=change_period_s
        )
        self.port = TwinPort(self.machine)
        self.watch = TagWatch(self.port)
        self.wafer = TrueWafer("W1", 1, WaferKind.PRODUCT, self._film(), self._film())
        self.machine.places.put("head1", self.wafer)
        self.machine.handling.sensor("head1")
        self.machine.plc.set({"carousel.position": 1})
        self.machine.process.seat_heads()
        self._devices: dict[str, Device] = {}

    def _film(self) -> NDArray[np.float64]:
        grid = self.machine.process.grid
        return np.full((grid.n_r, grid.n_theta), 1500.0)

    def device(self, name: str) -> Device:
        """Return the client of a device."""
        if name not in self._devices:
            verbs = {verb.name: verb.value for verb in dictionary_a().verbs_of(name)}
            self._devices[name] = Device(self.port, self.watch, name, verbs, {})
        return self._devices[name]

    async def begin_polish(self, pre_flow_s: float = 3.0) -> None:
        """Slurry on, disk down, head down, set-points of the step; returns when the ramp begins."""
        await self.port.write(PLATEN_SET)
        await self.device("platen1").do("slurry", 1, 1, limit_s=10.0)
        await self.device("conditioner1").do("down", limit_s=10.0)
        await asyncio.sleep(pre_flow_s)
        await self.device("head1").do("touch_down", limit_s=20.0)
        await self.port.write(HEAD_SET)

    async def end_polish(self) -> None:
        """Pressures and flows to rest, head and disk up."""
        await self.port.write({name: 0.0 for name in HEAD_SET if not name.endswith(("ramp_s", "sweep_per_min"))})
        await self.device("head1").do("lift", limit_s=10.0)
        await self.device("conditioner1").do("up", limit_s=10.0)
        await self.device("platen1").do("slurry", 0, 0, limit_s=10.0)

    async def values(self, *names: str) -> dict[str, float]:
        """Read scalar tags."""
        return {s.tag: float(s.value) for s in await self.port.read(names) if not isinstance(s.value, tuple)}

    async def beat(self) -> None:
        """Give the controller's sign of life until cancelled."""
        count = 0
        while True:
            count += 1
            await self.port.write({"plc.sp_heartbeat_count": count})
            await asyncio.sleep(1.0)

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[TwinCase]:
        """Connect and watch inside the block."""
        await self.port.connect()
        following = asyncio.create_task(self.watch.run())
        await self.watch.ready()
        try:
            yield self
        finally:
            await self.port.close()
            await following
            self.machine.close()


async def all_blocks(subscription: Subscription) -> list[Block]:
    """Read a subscription to its end."""
    return [block async for block in subscription]


def rows_of(blocks: list[Block]) -> NDArray[np.float32]:
    """Return all samples of blocks, (n, tags)."""
    return np.concatenate([block.values for block in blocks])
