"""Robots of the twin: one or two arms that pick and place in finite time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from planaris.model import CARRIER_SLOTS, Face, RobotTimes
from planaris.twin.devices import DeviceError, Motion
from planaris.twin.mover import Mover
from planaris.twin.wafers import slot_location
from planaris.twin.wrists import Wrists

OK = DeviceError.NONE


class TwinRobot:
    """One robot. Its first arm's place has the robot's name, the second's ends in ``_b``.

    With one arm every transfer takes its whole design time: an empty move, pick, move, place. With two, a robot that
    stands before a station need not move there, and a wafer picked with one arm and placed there by the other is a
    swap, of which each half is a command of its own: its sensors tell of it before the other begins.
    A robot that flips turns a wafer over on its way to a station: what passes from there on counts as travelled.
    """

    def __init__(
        self,
        name: str,
        station_codes: str,
        times: RobotTimes,
        mover: Mover,
        placed: Callable[[str, bool], None],
        face_at: Callable[[str], Face | None],
    ) -> None:
        self._name, self._times, self._mover, self._placed_in = name, times, mover, placed
        self._face_at = face_at
        self._stations = {
            code.value: place for place, code in mover.dictionary.code_list(station_codes).by_name.items()
        }
        self._arms = (name, f"{name}_b")[: times.arms]
        self._before = self._swapping = ""
        self._way: tuple[str, float] | None = None
        device = mover.device(name)
        self.wrists = Wrists(self._arms, times.flip_s, mover) if times.flip_s else None
        for arm, suffix in zip(self._arms, ("", "_b"), strict=False):
            device.action(f"pick{suffix}", partial(self._pick, arm))
            device.action(f"place{suffix}", partial(self._place, arm))
            if self.wrists is not None:
                device.action(f"flip{suffix}", partial(self._flip, self.wrists, arm))
        device.action("goto", self._goto)

    def _location(self, station: float, slot: float) -> str | None:
        name = self._stations.get(int(station))
        if name is None or not name.startswith("loadport"):
            return name
        port = int(name.removeprefix("loadport"))
        return slot_location(port, int(slot)) if 1 <= slot <= CARRIER_SLOTS else None

    def _move_s(self, station: str) -> float:
        """Return the time to get before a station; what it is under way already is over."""
        way, self._way = self._way, None
        if self._before == station:
            return 0.0
        loaded = any(self._mover.places.get(arm) is not None for arm in self._arms)
        move_s = self._times.move_s if loaded else self._times.empty_move_s
        if way is None or way[0] != station:
            return move_s
        return max(0.0, move_s - (asyncio.get_running_loop().time() - way[1]))

    def _flip(self, wrists: Wrists, arm: str, station: float, code: float) -> Motion | DeviceError:
        """Turn a wafer over, on the way to a station if one is given."""
        toward = self._stations.get(int(station), "") if station else self._before
        if station and not toward:
            return DeviceError.BAD_ARGUMENT
        motion = wrists.flip(arm, code)
        if isinstance(motion, Motion) and motion.time_s and toward != self._before:
            if self._way is None or self._way[0] != toward:
                self._way = toward, asyncio.get_running_loop().time()
            self._before = ""
        return motion

    def _stand(self, station: str) -> None:
        self._before = station if len(self._arms) > 1 else ""

    def _goto(self, station: float, _b: float) -> Motion | DeviceError:
        name = self._stations.get(int(station))
        if name is None:
            return DeviceError.BAD_ARGUMENT

        def arrived() -> DeviceError:
            self._before = name
            return OK

        return Motion(self._move_s(name), arrived)

    def _pick(self, arm: str, station: float, slot: float) -> Motion | DeviceError:
        source = self._location(station, slot)
        if source is None:
            return DeviceError.BAD_ARGUMENT
        if self._mover.places.get(arm) is not None:
            return DeviceError.WAFER_PRESENT
        other_loaded = any(self._mover.places.get(other) is not None for other in self._arms if other != arm)

        def picked() -> DeviceError:
            error = OK if self.wrists is None else self.wrists.meet(arm, self._face_at(source))
            missed = error is OK and self._mover.misses(self._name)
            error = error or (OK if missed else self._mover.move(source, arm))
            if error is OK and not missed:
                self._placed_in(source, False)
                self._swapping = source if other_loaded else ""
            self._stand(self._stations[int(station)])
            return error

        pick_s = self._half_swap_s if other_loaded else self._times.pick_s
        return Motion(self._move_s(self._stations[int(station)]) + pick_s, picked)

    def _place(self, arm: str, station: float, slot: float) -> Motion | DeviceError:
        destination = self._location(station, slot)
        if destination is None:
            return DeviceError.BAD_ARGUMENT
        if self._mover.places.get(arm) is None:
            return DeviceError.NO_WAFER
        swaps, self._swapping = self._swapping == destination, ""

        def placed() -> DeviceError:
            missed = self._mover.misses(self._name)
            error = OK if missed else self._mover.move(arm, destination)
            if error is OK and not missed:
                self._placed_in(destination, True)
            self._stand(self._stations[int(station)])
            return error

        place_s = self._half_swap_s if swaps else self._times.place_s
        return Motion(self._move_s(self._stations[int(station)]) + place_s, placed)

    @property
    def _half_swap_s(self) -> float:
        return self._times.swap_s / 2.0
