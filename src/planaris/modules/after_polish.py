"""Cleaner stations and in-line metrology."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from planaris.model import CleanerStation
from planaris.modules.context import ModuleContext
from planaris.modules.handling import confirm_wafer
from planaris.modules.module import Module, StateTable
from planaris.stream import CleanEnded, CleanStarted


class Cleaner(Module):
    """One cleaner station; the transfer carries its wafer to the next one."""

    TABLE: ClassVar[StateTable] = {
        ("idle", "process"): "processing",
        # A retry cleans again for the whole time.
        ("finished", "process"): "processing",
        ("processing", "done"): "finished",
        ("finished", "transfer"): "transferring",
        ("transferring", "done"): "idle",
        ("finished", "removed"): "idle",
    }
    RECOVERIES: ClassVar[Mapping[str, str]] = {"clear_finished": "finished"}

    def __init__(self, name: str, context: ModuleContext) -> None:
        super().__init__(name, context)
        self._device = context.device(name)
        self._cleaned = False

    def recovery(self) -> str:
        """Return what leads out of the failed state: a transfer that failed leaves a finished wafer."""
        return "clear_finished" if self._cleaned and self._present() else "clear"

    def finish(self) -> None:
        """Take the wafer as cleaned although its cleaning was not ended."""
        self._cleaned = True
        self.recover()

    def _present(self) -> bool:
        return self.context.watch.is_on(f"{self.name}.wafer_present")

    async def process(self, wafer_id: str, setting: CleanerStation) -> None:
        """Clean the wafer in the station."""
        self.context.permit("cleaner.process", self.name)
        self.fire("process")
        self._cleaned = False
        self.context.announce(CleanStarted(wafer_id, self.name))
        await self._device.do("process", setting.time_s, limit_s=self.context.limit_s(setting.time_s))
        di_water_ml = setting.di_flow_ml_min * setting.time_s / 60.0
        self.context.announce(CleanEnded(wafer_id, self.name, round(di_water_ml, 3)))
        self._cleaned = True
        self.fire("done")

    async def transfer(self, destination: str) -> None:
        """Carry the wafer to the next station."""
        self.context.permit("cleaner.transfer", destination)
        self.fire("transfer")
        await self._device.do("transfer", limit_s=self.context.limit_s(self.context.tool.cleaner.exchange_s))
        await confirm_wafer(self.context, self.name, False, self.name, "transfer")
        await confirm_wafer(self.context, destination, True, self.name, "transfer")
        self.fire("done")

    def removed(self) -> None:
        """Note that a robot took the finished wafer."""
        self.fire("removed")


class Metrology(Module):
    """Measures film thickness at the sites of a plan."""

    TABLE: ClassVar[StateTable] = {("idle", "measure"): "measuring", ("measuring", "done"): "idle"}

    def __init__(self, context: ModuleContext) -> None:
        super().__init__("metrology", context)
        self._device = context.device(self.name)
        self._plans = context.codes("site_plan")

    async def measure(self, plan: str) -> tuple[float, ...]:
        """Measure and return film thickness in nm at the plan's sites."""
        description = self.context.tool.metrology
        assert description is not None
        self.fire("measure")
        limit_s = self.context.limit_s(description.time_s_by_plan[plan])
        await self._device.do("measure", self._plans[plan], limit_s=limit_s)
        values, count = await self.context.port.read(("metrology.result_nm", "metrology.result_count"))
        assert isinstance(values.value, tuple)
        assert not isinstance(count.value, tuple)
        self.fire("done")
        return values.value[: int(count.value)]
