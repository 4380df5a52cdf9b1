"""What a controller cannot rely on: notices that get lost, presence sensors that stick or flicker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from planaris.twin.machine import Machine

# How long each state of a flickering sensor holds [design].
FLICKER_S = 0.4


class Unreliable:
    """Faults of a machine's notices and sensors. ``effects`` counts by target how often one hid something."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._losing: dict[str, int] = {}
        self._flickering: dict[str, asyncio.TimerHandle] = {}
        self.effects: dict[str, int] = {}
        machine.plc.loses = self._loses
        machine.plc.masks = lambda name: self._took(name.partition(".")[0])

    def _took(self, target: str) -> None:
        self.effects[target] = self.effects.get(target, 0) + 1

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
        self._took(device)
        return True

    def stick(self, place: str, shown: bool) -> None:
        """Let a place's presence sensor show a wafer, or none, whatever is there."""
        if (self._machine.places.get(place) is not None) != shown:
            self._took(place)
        self._machine.plc.force(f"{place}.wafer_present", shown)

    def flicker(self, place: str) -> None:
        """Let a place's presence sensor come and go."""
        self._flip(place, True)

    def _flip(self, place: str, shown: bool) -> None:
        self.stick(place, shown)
        loop = asyncio.get_running_loop()
        self._flickering[place] = loop.call_later(FLICKER_S, self._flip, place, not shown)

    def mend(self, target: str) -> None:
        """End what is wrong with a device's notices or a place's sensor."""
        self._losing.pop(target, None)
        timer = self._flickering.pop(target, None)
        if timer is not None:
            timer.cancel()
        tag = f"{target}.wafer_present"
        if tag in self._machine.plc.tags:
            self._machine.plc.force(tag, None)
            self._machine.handling.sensor(target)

    def close(self) -> None:
        """Stop all timers."""
        for timer in self._flickering.values():
            timer.cancel()
