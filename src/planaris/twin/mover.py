"""What every handling part of the twin shares: devices by name, true wafers that move, sensors that follow them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from planaris.dictionary import Dictionary
from planaris.hardware import Value
from planaris.twin.devices import DeviceError, TwinDevice
from planaris.twin.plc import VirtualPlc
from planaris.twin.wafers import Places


class Transport(Protocol):
    """How heads get to platens: a carousel, or swing arms."""

    def head_at(self, platen: int) -> int | None:
        """Return the head over a platen, None where there is none."""
        ...

    def station_of(self, head: int) -> int:
        """Return the platen a head stands over, 0 where it is handed wafers; while it moves, where it was."""
        ...

    def moving(self, head: int) -> bool:
        """Whether a head is on its way."""
        ...


class Mover:
    """Moves true wafers between places and keeps the presence sensors true.

    ``on_turn`` is told which platens have another head now; ``on_hold`` that a head took a wafer by vacuum or let go.
    ``misses_left`` says how often a device will yet go through its motion without the wafer, ``missed`` which ever did.
    """

    def __init__(self, plc: VirtualPlc, places: Places, dictionary: Dictionary, seed: int) -> None:
        self.plc, self.places, self.dictionary = plc, places, dictionary
        self._seed = seed
        self.devices: dict[str, TwinDevice] = {}
        self.on_turn: Callable[[Sequence[int]], None] = lambda _platens: None
        self.on_hold: Callable[[int, bool], None] = lambda _head, _held: None
        self.vacuum_ok: Callable[[], bool] = lambda: True
        self.misses_left: dict[str, int] = {}
        self.missed: set[str] = set()

    def device(self, name: str) -> TwinDevice:
        """Make a device; what its verbs do is declared on it."""
        verbs = {verb.name: verb.value for verb in self.dictionary.verbs_of(name)}
        device = TwinDevice(self.plc, name, verbs, self._seed)
        self.devices[name] = device
        return device

    def sensor(self, location: str) -> None:
        """Bring a location's sensors in line with what is there; pieces of a broken wafer are not seen as one."""
        if location.startswith("loadport"):
            return
        wafer = self.places.get(location)
        pieces = wafer is not None and wafer.broken
        changed: dict[str, Value] = {f"{location}.wafer_present": wafer is not None and not pieces}
        if (room := f"{location}.flip_clear") in self.plc.tags:
            changed[room] = not pieces
        self.plc.set(changed)

    def misses(self, device: str) -> bool:
        """Whether a device's grip fails it this time: its motion ends well, and the wafer is where it was."""
        left = self.misses_left.get(device, 0)
        if left:
            self.misses_left[device] = left - 1
            self.missed.add(device)
        return left > 0

    def move(self, source: str, destination: str) -> DeviceError:
        """Move the true wafer if there is one and the destination is free."""
        if self.places.get(source) is None:
            return DeviceError.NO_WAFER
        if self.places.get(destination) is not None:
            return DeviceError.WAFER_PRESENT
        self.places.move(source, destination)
        self.sensor(source)
        self.sensor(destination)
        return DeviceError.NONE


def scalar(value: Value) -> float:
    """Return a scalar tag's value; `TypeError` for an array's."""
    if isinstance(value, tuple):
        raise TypeError("not a scalar tag")
    return float(value)
