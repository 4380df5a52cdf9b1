"""A cup that hands wafers to the head above it and takes them: the load cup, or a unit's exchange station."""

from __future__ import annotations

from collections.abc import Callable

from planaris.model import LoadCupTimes
from planaris.twin.devices import DeviceError, Motion
from planaris.twin.mover import Mover

OK = DeviceError.NONE


class Cup:
    """One cup. ``is_above`` says whether a head stands still above it."""

    def __init__(self, name: str, times: LoadCupTimes, mover: Mover, is_above: Callable[[int], bool]) -> None:
        self._name, self._times, self._mover, self._is_above = name, times, mover, is_above
        self._raised_for = 0
        device = mover.device(name)
        mover.plc.set({f"{name}.down": True})
        for verb, accept in {
            "unload": self._unload, "rinse": self._rinse, "load": self._load, "chuck": self._chuck,
        }.items():  # fmt: skip
            device.action(verb, accept)

    def _above(self, head: float) -> DeviceError:
        return OK if self._is_above(int(head)) else DeviceError.PRECONDITION

    def _up_while(self, time_s: float, finish: Callable[[], DeviceError]) -> Motion:
        self._mover.plc.set({f"{self._name}.down": False})

        def done() -> DeviceError:
            error = finish()
            self._mover.plc.set({f"{self._name}.down": True})
            return error

        return Motion(time_s, done)

    def _unload(self, head: float, _b: float) -> Motion | DeviceError:
        places, holder = self._mover.places, f"head{int(head)}"
        if error := self._above(head):
            return error
        if places.get(holder) is None:
            return DeviceError.NO_WAFER
        if places.get(self._name) is not None:
            return DeviceError.WAFER_PRESENT

        def unloaded() -> DeviceError:
            if self._mover.misses(self._name):
                return OK
            self._mover.on_hold(int(head), False)
            return self._mover.move(holder, self._name)

        return self._up_while(self._times.unload_s, unloaded)

    def _rinse(self, head: float, _b: float) -> Motion | DeviceError:
        return self._above(head) or Motion(self._times.head_rinse_s, lambda: OK)

    def _load(self, head: float, _b: float) -> Motion | DeviceError:
        if error := self._above(head):
            return error
        if self._mover.places.get(self._name) is None:
            return DeviceError.NO_WAFER
        self._mover.plc.set({f"{self._name}.down": False})

        def raised() -> DeviceError:
            self._raised_for = int(head)
            return OK

        return Motion(self._times.load_s, raised)

    def _chuck(self, head: float, _b: float) -> Motion | DeviceError:
        if error := self._above(head):
            return error
        if self._raised_for != int(head) or not self._mover.vacuum_ok():
            return DeviceError.PRECONDITION

        def chucked() -> DeviceError:
            self._raised_for = 0
            if self._mover.misses(self._name):
                return OK
            wafer = self._mover.places.get(self._name)
            error = self._mover.move(self._name, f"head{int(head)}")
            if error is OK and wafer is not None:
                self._mover.on_hold(int(head), True)
                wafer.head = int(head)
                wafer.wet = True
            return error

        return self._up_while(self._times.chuck_s, chucked)
