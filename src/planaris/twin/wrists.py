"""Wrists of a robot's arms in the twin: they turn wafers over, may jam on the way, and may let a wafer fall."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from planaris.model import Face
from planaris.twin.devices import DeviceError, Motion
from planaris.twin.mover import Mover, scalar

OK = DeviceError.NONE


class Wrist(IntEnum):
    """Where a wrist stands (the dictionary's code list `wrist`). A gripper holds the back of its wafer, so that at a
    stop the wrist says which way the wafer faces."""

    BETWEEN = 0
    FACE_UP = 1
    FACE_DOWN = 2


@dataclass(slots=True)
class FlipFault:
    """What is wrong with turning: ``jammed`` stops every turn on its way, ``drops_count`` wafers fall in the next ones.

    ``effects_count`` counts the turns it touched.
    """

    jammed: bool = False
    drops_count: int = 0
    effects_count: int = 0


class Wrists:
    """The wrists of one robot's arms."""

    def __init__(self, arms: tuple[str, ...], flip_s: float, mover: Mover) -> None:
        self._flip_s, self._mover = flip_s, mover
        self.fault = FlipFault()
        mover.plc.set({f"{arm}.wrist": Wrist.FACE_UP for arm in arms})
        for arm in arms:
            mover.sensor(arm)

    def at(self, arm: str) -> Wrist:
        """Return where an arm's wrist stands."""
        return Wrist(int(scalar(self._mover.plc.values[f"{arm}.wrist"])))

    def meet(self, arm: str, face: Face | None) -> DeviceError:
        """Turn an empty arm's wrist to the back of a wafer that faces so; it did that on its way there."""
        wrist = self.at(arm) if face is None else _stop_of(face)
        if wrist is self.at(arm):
            return OK
        if self.fault.jammed:
            self.fault.effects_count += 1
            return DeviceError.HARDWARE_FAULT
        self._mover.plc.set({f"{arm}.wrist": wrist})
        return OK

    def flip(self, arm: str, code: float) -> Motion | DeviceError:
        """Turn an arm's wafer to a stop; nothing is to be done where the wrist stands there."""
        wafer = self._mover.places.get(arm)
        if code not in (Wrist.FACE_UP, Wrist.FACE_DOWN):
            return DeviceError.BAD_ARGUMENT
        if wafer is None or wafer.broken:
            return DeviceError.NO_WAFER
        stop = Wrist(int(code))
        if self.at(arm) is stop:
            return Motion(0.0, lambda: OK)
        self._mover.plc.set({f"{arm}.wrist": Wrist.BETWEEN})

        def turned() -> DeviceError:
            if self.fault.jammed:
                self.fault.effects_count += 1
                return DeviceError.HARDWARE_FAULT
            wafer.face_down = stop is Wrist.FACE_DOWN
            if self.fault.drops_count > 0:
                self.fault.drops_count -= 1
                self.fault.effects_count += 1
                wafer.broken = True
                self._mover.sensor(arm)
            self._mover.plc.set({f"{arm}.wrist": stop})
            return OK

        return Motion(self._flip_s, turned)

    def mend(self) -> None:
        """Mend the wrists."""
        self.fault.jammed, self.fault.drops_count = False, 0


def _stop_of(face: Face) -> Wrist:
    return Wrist.FACE_DOWN if face is Face.DOWN else Wrist.FACE_UP
