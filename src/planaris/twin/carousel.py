"""Carousel of the twin: all heads turn together over the load cup and the platens."""

from __future__ import annotations

from planaris.model import ToolDescription
from planaris.twin.cups import Cup
from planaris.twin.devices import DeviceError, Motion
from planaris.twin.mover import Mover, scalar


class TwinCarousel:
    """Carousel and load cup."""

    def __init__(self, tool: ToolDescription, mover: Mover) -> None:
        self._tool, self._mover = tool, mover
        Cup("loadcup", tool.load_cup, mover, lambda head: self.station_of(head) == 0 and not self.moving(head))
        self._device = mover.device("carousel")
        self._device.action("index", self._index)

    @property
    def _position(self) -> int:
        return int(scalar(self._mover.plc.values["carousel.position"]))

    def head_at(self, platen: int) -> int:
        """Return the head over a platen."""
        return (platen - self._position) % self._tool.heads + 1

    def station_of(self, head: int) -> int:
        """Return the station a head stands over: 0 load cup, 1… platens."""
        return (head - 1 + self._position) % self._tool.heads

    def moving(self, head: int) -> bool:
        """Whether the carousel turns."""
        del head  # they turn together
        return self._device.busy

    def _index(self, position: float, _b: float) -> Motion | DeviceError:
        if not 0 <= position < self._tool.heads:
            return DeviceError.BAD_ARGUMENT
        values = self._mover.plc.values
        up = all(values[f"head{head}.up"] for head in range(1, self._tool.heads + 1))
        if not (up and values["loadcup.down"]):
            return DeviceError.INTERLOCK
        steps = (int(position) - self._position) % self._tool.heads

        def turned() -> DeviceError:
            self._mover.plc.set({"carousel.position": int(position)})
            self._mover.on_turn(range(1, self._tool.platens + 1))
            return DeviceError.NONE

        return Motion(self._tool.carousel_index_s * max(1, steps), turned)
