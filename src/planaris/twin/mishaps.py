"""What breaks around a twin beside its devices: notices that get lost, sensors that stick, wafers that slip or break."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planaris.twin.machine import Machine

# How long each state of a flickering sensor holds [design].
FLICKER_S = 0.4


class Mishaps:
    """Faults of links, sensors and wafers. ``effects`` counts by fault and target how often one acted on something."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._losing: dict[str, int] = {}
        self._flickering: dict[str, asyncio.TimerHandle] = {}
        self.effects: dict[tuple[str, str], int] = {}
        machine.plc.loses = self._loses
        machine.plc.masked = lambda name: self.took("sensor", name.partition(".")[0])

    def took(self, fault: str, target: str) -> None:
        """Count that a fault acted on something."""
        self.effects[fault, target] = self.effects.get((fault, target), 0) + 1

    # -- notices ----------------------------------------------------------------------------------------------
    def lose_notices(self, device: str, count: int) -> None:
        """Lose the next notices of a device's handshake: the write arrives, the answer does not."""
        self._losing[device] = count

    def _loses(self, changes: Mapping[str, float]) -> bool:
        if not self._losing:
            return False
        device, _, rest = next(iter(changes)).partition(".")
        left = self._losing.get(device, 0)
        if not left or not rest.startswith("sts."):
            return False
        self._losing[device] = left - 1
        self.took("lost_notice", device)
        return True

    # -- sensors ----------------------------------------------------------------------------------------------
    def stick(self, place: str, shown: bool) -> None:
        """Let a place's presence sensor show a wafer, or none, whatever is there."""
        tag = f"{place}.wafer_present"
        if self._machine.plc.true_value(tag) != shown:
            self.took("sensor", place)
        self._machine.plc.stick(tag, shown)

    def flicker(self, place: str) -> None:
        """Let a place's presence sensor come and go."""
        self._flip(place, True)

    def _flip(self, place: str, shown: bool) -> None:
        self.stick(place, shown)
        loop = asyncio.get_running_loop()
        self._flickering[place] = loop.call_later(FLICKER_S, self._flip, place, not shown)

    # -- wafers -----------------------------------------------------------------------------------------------
    def drop(self, head: int, *, broken: bool = False) -> str:
        """Let the wafer under a head lie on its pad, whole or broken; return its id, '' where there is none."""
        machine = self._machine
        station = machine.handling.station_of(head)
        wafer = machine.places.get(f"head{head}")
        if wafer is None or station == 0 or machine.places.get(f"platen{station}") is not None:
            return ""
        machine.process.settle()
        machine.places.move(f"head{head}", f"platen{station}")
        wafer.broken = broken
        machine.handling.sensor(f"head{head}")
        machine.process.seat_heads((station,))
        self.took("broken" if broken else "slip", f"head{head}")
        return wafer.wafer_id

    # -- mending ----------------------------------------------------------------------------------------------
    def mend(self, target: str) -> None:
        """End what is wrong with a device's notices or a place's sensor."""
        self._losing.pop(target, None)
        timer = self._flickering.pop(target, None)
        if timer is not None:
            timer.cancel()
        if f"{target}.wafer_present" in self._machine.plc.tags:
            self._machine.plc.loosen(f"{target}.wafer_present")

    def close(self) -> None:
        """Stop all timers."""
        for timer in self._flickering.values():
            timer.cancel()
