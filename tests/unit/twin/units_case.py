"""A machine of polishing units with wafers where a test puts them, and clients of its devices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cache

import numpy as np

from planaris.clock import now_s
from planaris.dictionary import Dictionary, build
from planaris.formats import load_tool
from planaris.hardware import Device, TagWatch, Value
from planaris.model import ToolDescription, WaferKind
from planaris.processes import load_package
from planaris.twin import Machine, TwinPort, make_truth
from planaris.twin.wafers import TrueWafer


@cache
def tool_b() -> ToolDescription:
    return load_tool("tool_b")


@cache
def dictionary_b() -> Dictionary:
    return build(tool_b())


class UnitsCase:
    """A machine, a port and a watch onto it. Device times are exact to the spread of 3 sigma of 1 %."""

    def __init__(self, seed: int = 1) -> None:
        truth = make_truth(load_package("oxide_ild"), "TEOS", tool_b(), seed)
        self.machine = Machine(tool_b(), dictionary_b(), truth, seed)
        self.port = TwinPort(self.machine)
        self.watch = TagWatch(self.port)
        errors = {code.value: name for name, code in dictionary_b().code_list("device_error").by_name.items()}
        self._devices = {
            p.name: Device(
                self.port, self.watch, p.name, {v.name: v.value for v in dictionary_b().verbs_of(p.name)}, errors
            )
            for p in dictionary_b().devices
        }

    def put(self, location: str, wafer_id: str = "W1") -> TrueWafer:
        """Put a true wafer with a flat film somewhere; its sensor shows it."""
        grid = self.machine.process.grid
        film = np.full((grid.n_r, grid.n_theta), 1500.0)
        wafer = TrueWafer(wafer_id, 1, WaferKind.PRODUCT, film, film.copy())
        self.machine.places.put(location, wafer)
        self.machine.handling.sensor(location)
        return wafer

    def station(self, name: str) -> int:
        """Return the wet robot's code of a station."""
        return dictionary_b().code("wet_station", name)

    async def do(self, device: str, verb: str, arg1: float = 0, arg2: float = 0) -> float:
        """Run a verb and return how long it took."""
        start_s = now_s()
        await self._devices[device].do(verb, arg1, arg2, limit_s=60.0)
        return now_s() - start_s

    async def seen(self, *names: str) -> list[float]:
        """Read scalar tags."""
        return [float(s.value) for s in await self.port.read(names) if not isinstance(s.value, tuple)]

    async def set_points(self, platen: int, head: int) -> None:
        """Write the set-points of an oxide polish."""
        values: Mapping[str, Value] = {
            f"platen{platen}.sp_ramp_s": 1.0,
            f"platen{platen}.sp_speed_rpm": 93.0,
            f"platen{platen}.sp_slurry_flow_ml_min": 200.0,
            f"platen{platen}.sp_polish_limit_s": 600.0,
            f"head{head}.sp_ramp_s": 1.0,
            f"head{head}.sp_ring_pressure_kPa": 35.9,
            f"head{head}.sp_speed_rpm": 87.0,
        } | {f"head{head}.sp_zone{zone}_pressure_kPa": 27.6 for zone in (1, 2, 3)}
        await self.port.write(values)

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[UnitsCase]:
        """Connect, watch and beat inside the block."""
        await self.port.connect()
        following = asyncio.create_task(self.watch.run())
        await self.watch.ready()
        beating = asyncio.create_task(self._beat())
        try:
            yield self
        finally:
            beating.cancel()
            await self.port.close()
            await following
            self.machine.close()

    async def _beat(self) -> None:
        count = 0
        while True:
            count += 1
            await self.port.write({"plc.sp_heartbeat_count": count})
            await asyncio.sleep(1.0)
