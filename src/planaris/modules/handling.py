"""Load ports, robots, aligner, load cup and carousel."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import ClassVar

from planaris.hardware import DeviceFailedError, PortError, TagWatch
from planaris.model import Face, SlotState
from planaris.modules.context import ModuleContext
from planaris.modules.module import Module, StateTable


class WaferNotSeenError(DeviceFailedError):
    """A presence sensor does not confirm where the wafer must be."""

    def __init__(self, device: str, verb: str, sensor: str, expected: bool) -> None:
        self.sensor, self.expected = sensor, expected
        seen = "no wafer" if expected else "a wafer"
        super().__init__(device, verb, f"{sensor} shows {seen}", "look where the wafer is, then confirm its place")


async def confirm_wafer(context: ModuleContext, place: str, expected: bool, device: str, verb: str) -> None:
    """Raise `WaferNotSeenError` unless a place's sensor shows what it must; in doubt it is read outright."""
    sensor = f"{place}.wafer_present"
    if context.watch.is_on(sensor) is not expected:
        with contextlib.suppress(PortError):
            await context.watch.ask((sensor,))
    if context.watch.is_on(sensor) is not expected:
        raise WaferNotSeenError(device, verb, sensor, expected)


class FaceError(DeviceFailedError):
    """A wrist does not confirm which way its wafer faces. ``shown`` is None between its stops."""

    def __init__(self, device: str, verb: str, arm: str, expected: Face, shown: Face | None) -> None:
        self.arm, self.expected, self.shown = arm, expected, shown
        stands = "stands between its stops" if shown is None else f"holds its wafer face {shown}"
        super().__init__(
            device, verb, f"{arm} {stands}, not face {expected}", "free the wrist, then have the work done again"
        )


def face_shown(watch: TagWatch, arm: str) -> Face | None:
    """Return which way an arm's wrist holds a wafer, None between its stops."""
    return {1: Face.UP, 2: Face.DOWN}.get(int(watch[f"{arm}.wrist"]))


async def confirm_face(context: ModuleContext, arm: str, expected: Face, device: str, verb: str) -> None:
    """Raise `FaceError` unless an arm's wrist shows what it must; in doubt it is read outright."""
    if face_shown(context.watch, arm) is not expected:
        with contextlib.suppress(PortError):
            await context.watch.ask((f"{arm}.wrist",))
    shown = face_shown(context.watch, arm)
    if shown is not expected:
        raise FaceError(device, verb, arm, expected, shown)


class LoadPort(Module):
    """A load port with an open cassette."""

    TABLE: ClassVar[StateTable] = {
        ("idle", "map"): "mapping",
        ("mapping", "done"): "mapped",
        ("mapped", "map"): "mapping",
        ("mapped", "release"): "idle",
    }

    def __init__(self, number: int, context: ModuleContext) -> None:
        super().__init__(f"loadport{number}", context)
        self.number = number
        self._device = context.device(self.name)

    async def map(self) -> tuple[SlotState, ...]:
        """Scan the carrier and return what each slot holds."""
        self.context.permit("loadport.map", self.name)
        self.fire("map")
        await self._device.do("map", limit_s=self.context.limit_s(self.context.tool.carrier_map_s))
        (sample,) = await self.context.port.read((f"{self.name}.slot_state",))
        assert isinstance(sample.value, tuple)
        states = tuple(SlotState)
        self.fire("done")
        return tuple(states[int(code)] for code in sample.value)

    async def release(self) -> None:
        """Let the carrier go."""
        await self._device.do("release", limit_s=self.context.limit_s(2.0))
        self.fire("release")


class Robot(Module):
    """A robot. Its verbs end when the gripper's sensor confirms them; an arm is a place, the first has its name."""

    TABLE: ClassVar[StateTable] = {
        ("idle", "pick"): "picking",
        ("picking", "done"): "holding",
        ("holding", "place"): "placing",
        ("placing", "done"): "idle",
        ("idle", "goto"): "moving",
        ("moving", "done"): "idle",
        ("holding", "flip"): "flipping",
        ("flipping", "done"): "holding",
    }
    RECOVERIES: ClassVar[Mapping[str, str]] = {"clear_holding": "holding"}

    def __init__(self, name: str, context: ModuleContext) -> None:
        super().__init__(name, context)
        self._device = context.device(name)
        self._stations = context.codes("dry_station" if name == "dry_robot" else "wet_station")
        times = context.tool.dry_robot if name == "dry_robot" else context.tool.wet_robot
        self._pick_s = times.empty_move_s + times.pick_s
        self._place_s = times.move_s + times.place_s
        self._flip_s = times.flip_s
        self._move_s = max(times.move_s, times.empty_move_s)
        self._before, self._arms = "", times.arms

    @property
    def arms(self) -> tuple[str, ...]:
        """Its arms as places."""
        return (self.name, f"{self.name}_b")[: self._arms]

    @property
    def before(self) -> str:
        """The place it stands before since its last verb, '' where that is not known."""
        return self._before

    def recovery(self) -> str:
        """Return what leads out of the failed state: the gripper's sensor says whether it holds a wafer."""
        return "clear_holding" if self.context.watch.is_on(f"{self.name}.wafer_present") else "clear"

    def reaches(self, location: str) -> bool:
        """Whether a place is a station of the robot, with a slot if it has slots."""
        station, _, slot = location.partition(".")
        carrier = station.startswith("loadport")
        return station in self._stations and carrier is bool(slot) and (not slot or slot.isdigit())

    def _address(self, location: str) -> tuple[int, int]:
        station, _, slot = location.partition(".")
        return self._stations[station], int(slot or 0)

    async def pick(self, location: str, arm: str = "") -> None:
        """Take the wafer at a location with an arm, the first where none is named."""
        arm = arm or self.name
        self.context.permit(f"{self.name}.pick", location)
        self.fire("pick")
        station, slot = self._address(location)
        await self._do(f"pick{arm.removeprefix(self.name)}", station, slot, location, self._pick_s)
        await confirm_wafer(self.context, arm, True, self.name, "pick")
        if not slot:
            await confirm_wafer(self.context, location, False, self.name, "pick")
        self.fire("done")

    async def place(self, location: str, arm: str = "") -> None:
        """Put an arm's wafer down at a location."""
        arm = arm or self.name
        self.context.permit(f"{self.name}.place", location)
        self.fire("place")
        need = self.context.tool.face_at(location) if self._flip_s else None
        if need is not None:
            await confirm_face(self.context, arm, need, self.name, "place")
        station, slot = self._address(location)
        await self._do(f"place{arm.removeprefix(self.name)}", station, slot, location, self._place_s)
        await confirm_wafer(self.context, arm, False, self.name, "place")
        if not slot:
            await confirm_wafer(self.context, location, True, self.name, "place")
        self.fire(self._placed())

    async def flip(self, face: Face, location: str = "", arm: str = "") -> None:
        """Turn an arm's wafer to face up or down, on the way to a location if one is named.

        Sensors must show the wafer before and after, and the wrist at its stop.
        """
        arm = arm or self.name
        self.context.permit(f"{self.name}.flip", arm)
        self.fire("flip")
        await confirm_wafer(self.context, arm, True, self.name, "flip")
        station = self._stations[location] if location else 0
        verb, code = f"flip{arm.removeprefix(self.name)}", self.context.codes("wrist")[f"face_{face}"]
        self._before = ""
        await self._device.do(verb, station, code, limit_s=self.context.limit_s(self._flip_s))
        await confirm_wafer(self.context, arm, True, self.name, "flip")
        await confirm_face(self.context, arm, face, self.name, "flip")
        self.fire("done")

    async def goto(self, location: str) -> None:
        """Stand before a location without reaching in, so that the next pick or place there need not move."""
        self.context.permit(f"{self.name}.goto", location)
        self.fire("goto")
        station, _ = self._address(location)
        await self._do("goto", station, 0, location, self._move_s)
        self.fire("done")

    async def _do(self, verb: str, station: int, slot: int, location: str, nominal_s: float) -> None:
        self._before = ""
        await self._device.do(verb, station, slot, limit_s=self.context.limit_s(nominal_s))
        # One arm draws back to the middle after each pick and place.
        self._before = location if self._arms > 1 or verb == "goto" else ""

    def _placed(self) -> str:
        """Return the trigger that ends a place."""
        return "done"


class Aligner(Module):
    """Finds the notch and turns it to an angle."""

    TABLE: ClassVar[StateTable] = {("idle", "align"): "aligning", ("aligning", "done"): "idle"}

    def __init__(self, context: ModuleContext) -> None:
        super().__init__("aligner", context)
        self._device = context.device(self.name)

    async def align(self, angle_deg: float) -> None:
        """Turn the notch to an angle."""
        self.fire("align")
        await self._device.do("align", angle_deg, limit_s=self.context.limit_s(self.context.tool.aligner_s))
        self.fire("done")


class LoadCup(Module):
    """Hands wafers to and takes them from the head above it. ``KIND`` begins its actions' names."""

    KIND: ClassVar[str] = "loadcup"
    TABLE: ClassVar[StateTable] = {
        ("idle", "load"): "loading",
        ("loading", "done"): "idle",
        ("idle", "unload"): "unloading",
        ("unloading", "done"): "idle",
        ("idle", "rinse"): "rinsing",
        ("rinsing", "done"): "idle",
    }

    def __init__(self, context: ModuleContext, name: str = "loadcup") -> None:
        super().__init__(name, context)
        self._device = context.device(self.name)

    async def load(self, head: int) -> None:
        """Raise the wafer to the head and chuck it; vacuum must hold it (wafer seen)."""
        self.context.permit(f"{self.KIND}.load", f"head{head}")
        self.fire("load")
        times = self.context.tool.load_cup
        await self._device.do("load", head, limit_s=self.context.limit_s(times.load_s))
        await self._device.do("chuck", head, limit_s=self.context.limit_s(times.chuck_s))
        await confirm_wafer(self.context, f"head{head}", True, self.name, "load")
        await confirm_wafer(self.context, self.name, False, self.name, "load")
        self.fire("done")

    async def unload(self, head: int) -> None:
        """De-chuck the head's wafer into the cup."""
        self.context.permit(f"{self.KIND}.unload", f"head{head}")
        self.fire("unload")
        await self._device.do("unload", head, limit_s=self.context.limit_s(self.context.tool.load_cup.unload_s))
        await confirm_wafer(self.context, f"head{head}", False, self.name, "unload")
        await confirm_wafer(self.context, self.name, True, self.name, "unload")
        self.fire("done")

    async def rinse(self, head: int) -> None:
        """Rinse an empty head."""
        self.fire("rinse")
        await self._device.do("rinse", head, limit_s=self.context.limit_s(self.context.tool.load_cup.head_rinse_s))
        self.fire("done")


class Carousel(Module):
    """Turns all heads together."""

    TABLE: ClassVar[StateTable] = {("idle", "index"): "indexing", ("indexing", "done"): "idle"}

    def __init__(self, context: ModuleContext) -> None:
        super().__init__("carousel", context)
        self._device = context.device(self.name)

    @property
    def position(self) -> int:
        """Quarter turns from the home position."""
        return int(self.context.watch["carousel.position"])

    def head_at(self, station: int) -> int:
        """Return the head over a station: 0 is the load cup, then the platens."""
        return (station - self.position) % self.context.tool.heads + 1

    async def index(self, loaded: frozenset[int] = frozenset(), target: int | None = None) -> None:
        """Turn by one station, or to a position; heads in ``loaded`` must show their wafers before anything turns."""
        for head in sorted(loaded):
            await confirm_wafer(self.context, f"head{head}", True, self.name, "index")
        self.context.permit("carousel.index", self.name)
        self.fire("index")
        if target is None:
            target = (self.position + 1) % self.context.tool.heads
        await self._device.do("index", target, limit_s=self.context.limit_s(self.context.tool.carousel_index_s))
        self.fire("done")
