"""Parts of a polishing unit: exchange station and swing arm; and a robot with two arms."""

from __future__ import annotations

from typing import ClassVar

from planaris.modules.context import ModuleContext
from planaris.modules.handling import LoadCup, Robot, confirm_wafer
from planaris.modules.module import Module, StateTable


class Exchange(LoadCup):
    """The exchange station of a unit, which serves the head of the same number."""

    KIND: ClassVar[str] = "exchange"

    def __init__(self, unit: int, context: ModuleContext) -> None:
        super().__init__(context, f"exchange{unit}")
        self.unit = unit


class Swing(Module):
    """The swing arm of a unit: brings its head over the exchange station and its tables."""

    TABLE: ClassVar[StateTable] = {("idle", "swing"): "swinging", ("swinging", "done"): "idle"}

    def __init__(self, unit: int, context: ModuleContext) -> None:
        super().__init__(f"swing{unit}", context)
        self.unit, self.head = unit, unit
        self._device = context.device(self.name)
        self._platens = context.tool.platens_of(unit)
        units = context.tool.units
        assert units is not None  # a unit's platens were found
        self._table_s, self._exchange_s = units.swing_table_s, units.swing_exchange_s

    @property
    def platen(self) -> int:
        """Platen its head stands over, 0 at the exchange station; while it moves, where it was."""
        position = int(self.context.watch[f"{self.name}.position"])
        return self._platens[position - 1] if position else 0

    async def to(self, platen: int, *, loaded: bool = False) -> None:
        """Swing over a platen of the unit, 0 for the exchange station; a loaded head must show its wafer first.

        Does nothing where the arm is there. Raises `ValueError` for another unit's platen.
        """
        if platen == self.platen:
            return
        if platen and platen not in self._platens:
            raise ValueError(f"platen{platen} is none of {self.name}'s")
        position = self._platens.index(platen) + 1 if platen else 0
        if loaded:
            await confirm_wafer(self.context, f"head{self.head}", True, self.name, "to")
        place = f"platen{platen}" if platen else f"exchange{self.unit}"
        self.context.permit("swing.to", f"{self.name} to {place}")
        self.fire("swing")
        nominal_s = self._table_s if platen and self.platen else self._exchange_s
        await self._device.do("to", position, limit_s=self.context.limit_s(nominal_s))
        self.fire("done")


class DualArmRobot(Robot):
    """A robot with two arms: while one holds a wafer the other may pick, which with a place there is a swap.

    The halves of a swap are two verbs, so that what is believed of each wafer is what a sensor showed.
    """

    TABLE: ClassVar[StateTable] = {
        **Robot.TABLE,
        ("holding", "pick"): "picking",
        ("placing", "kept"): "holding",
        ("holding", "goto"): "carrying",
        ("carrying", "done"): "holding",
    }

    @property
    def _holding(self) -> bool:
        return any(self.context.watch.is_on(f"{arm}.wafer_present") for arm in self.arms)

    def recovery(self) -> str:
        """Return what leads out of the failed state: the arms' sensors say whether one holds a wafer."""
        return "clear_holding" if self._holding else "clear"

    def _placed(self) -> str:
        return "kept" if self._holding else "done"
