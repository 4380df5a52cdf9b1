"""A witness of the machine: notes every order that a sound controller does not give, whatever the PLC makes of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planaris.model import Face

if TYPE_CHECKING:
    from planaris.twin.machine import Machine

# News of a tripped input reach the controller within this time: link, block, one motion decided already [design].
NEWS_S = 1.0
# Verbs that lead to safety are always allowed.
SAFE = frozenset({"lift", "up", "slurry", "rinse", "release"})


@dataclass(frozen=True, slots=True)
class Lapse:
    """An order against an interlock, seen at the machine. ``rule`` names it."""

    time_s: float
    rule: str
    detail: str


class Witness:
    """Judges every order a device takes up by the machine's true state. It changes nothing."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.lapses: list[Lapse] = []
        self._tripped_s: float | None = None
        for device in machine.devices.values():
            device.on_asked = self.asked

    def asked(self, device: str, verb: str, arg1: float, arg2: float) -> None:
        """Look at one order."""
        self._look_at_power(device, verb)
        kind = device.rstrip("0123456789")
        if kind == "carousel" and verb == "index":
            self._index()
        elif kind == "head" and verb == "touch_down":
            self._touch_down(int(device.removeprefix("head")))
        elif kind in {"dry_robot", "wet_robot"} and verb.startswith("place"):
            self._place(device, arg1)
            if device == "wet_robot":
                self._face(f"wet_robot{verb.removeprefix('place')}", arg1)
        elif verb == "transfer":
            self._transfer(device)
        del arg2

    def _note(self, rule: str, detail: str) -> None:
        self.lapses.append(Lapse(asyncio.get_running_loop().time(), rule, detail))

    def _look_at_power(self, device: str, verb: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._machine.safety.powered:
            self._tripped_s = None
        elif self._tripped_s is None:
            self._tripped_s = self._machine.safety.tripped_s
        if self._tripped_s is not None and verb not in SAFE and now_s - self._tripped_s > NEWS_S:
            self._note(
                "power", f"{device}.{verb} ordered {now_s - self._tripped_s:.1f} s after the safety layer stopped"
            )

    def _index(self) -> None:
        process, places = self._machine.process, self._machine.places
        for n, head in process.heads.items():
            if head.in_contact:
                self._note("head_up", f"carousel.index ordered while head{n} is on its pad")
        for n in process.platens:
            wafer = places.get(f"platen{n}")
            # One that stayed under its head lies flat; one that slipped or broke may stick out anywhere.
            if wafer is not None and process.mishaps.loose(wafer.wafer_id):
                self._note("slipped_out", f"carousel.index ordered while a loose wafer lies on platen{n}")

    def _touch_down(self, n: int) -> None:
        machine = self._machine
        station = machine.handling.station_of(n)
        if machine.places.get(f"head{n}") is None:
            self._note("wafer_held", f"head{n}.touch_down ordered without a wafer")
        if station and machine.places.get(f"platen{station}") is not None:
            self._note("two_on_pad", f"head{n}.touch_down ordered where a wafer lies on platen{station}")
        if station and not machine.plc.values[f"platen{station}.pad_wet"]:
            self._note("pad_wet", f"head{n}.touch_down ordered on the dry pad of platen{station}")

    def _place(self, robot: str, station: float) -> None:
        codes = self._machine.handling.dictionary.code_list("dry_station" if robot == "dry_robot" else "wet_station")
        code = codes.by_value.get(int(station))
        if code is not None and not code.name.startswith("loadport") and self._machine.places.get(code.name):
            self._note("station_free", f"{robot}.place ordered on {code.name}, which holds a wafer")

    def _face(self, arm: str, station: float) -> None:
        """A wafer goes to the heads with its face down, and to the cleaner and the carriers with its face up."""
        code = self._machine.handling.dictionary.code_list("wet_station").by_value.get(int(station))
        wafer = self._machine.places.get(arm)
        need = None if code is None else self._machine.tool.face_at(code.name)
        if code is not None and wafer is not None and need is not None and wafer.face_down is not (need is Face.DOWN):
            self._note("face", f"{arm} was to put {wafer.wafer_id} down at {code.name}, which does not face {need}")

    def _transfer(self, station: str) -> None:
        stations = self._machine.tool.cleaner.stations
        following = stations[stations.index(station) + 1]
        if self._machine.places.get(following) is not None:
            self._note("station_free", f"{station}.transfer ordered to {following}, which holds a wafer")
