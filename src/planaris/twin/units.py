"""Polishing units of the twin: a head on a swing arm between its exchange station and its tables."""

from __future__ import annotations

from functools import partial

from planaris.model import ToolDescription, UnitsDescription
from planaris.twin.cups import Cup
from planaris.twin.devices import DeviceError, Motion, TwinDevice
from planaris.twin.mover import Mover, scalar


class TwinUnits:
    """All units of a tool: unit n has head n and the n-th share of the platens."""

    def __init__(self, tool: ToolDescription, units: UnitsDescription, mover: Mover) -> None:
        self._tool, self._units, self._mover = tool, units, mover
        self._arms: dict[int, TwinDevice] = {}
        self._ends: dict[int, tuple[int, int]] = {}
        for unit in range(1, units.count + 1):
            Cup(f"exchange{unit}", tool.load_cup, mover, partial(self._is_above, unit))
            self._arms[unit] = device = mover.device(f"swing{unit}")
            device.action("to", partial(self._swing, unit))

    def _position(self, unit: int) -> int:
        return int(scalar(self._mover.plc.values[f"swing{unit}.position"]))

    def _platen(self, unit: int, position: int) -> int:
        """Return the platen at a position of a unit's arm, 0 at the exchange station."""
        return self._tool.platens_of(unit)[position - 1] if position else 0

    def _is_above(self, unit: int, head: int) -> bool:
        return head == unit and self.station_of(head) == 0 and not self.moving(head)

    def head_at(self, platen: int) -> int | None:
        """Return the head over a platen, None where there is none."""
        unit = self._tool.unit_of(platen)
        return unit if self._platen(unit, self._position(unit)) == platen else None

    def station_of(self, head: int) -> int:
        """Return the platen a head stands over, 0 at its exchange station; while it moves, where it was."""
        return self._platen(head, self._position(head))

    def moving(self, head: int) -> bool:
        """Whether a head's arm swings."""
        return self._arms[head].busy

    def crosses(self, platen: int) -> bool:
        """Whether a head is on its way to or from a platen, where the conditioner's arm may not come down."""
        unit = self._tool.unit_of(platen)
        return self.moving(unit) and platen in self._ends[unit]

    def _swing(self, unit: int, position: float, _b: float) -> Motion | DeviceError:
        here, there = self._position(unit), int(position)
        if there != position or not 0 <= there <= len(self._tool.platens_of(unit)):
            return DeviceError.BAD_ARGUMENT
        values, ends = self._mover.plc.values, (self._platen(unit, here), self._platen(unit, there))
        parked = all(values[f"conditioner{platen}.up"] for platen in ends if platen)
        if not (values[f"head{unit}.up"] and values[f"exchange{unit}.down"] and parked):
            return DeviceError.INTERLOCK
        self._ends[unit] = ends

        def swung() -> DeviceError:
            self._mover.plc.set({f"swing{unit}.position": there})
            self._mover.on_turn([platen for platen in ends if platen])
            return DeviceError.NONE

        if here == there:
            return Motion(0.0, lambda: DeviceError.NONE)
        return Motion(self._units.swing_table_s if here and there else self._units.swing_exchange_s, swung)
