"""Handling devices of the twin: load ports, robots, aligner, load cup, carousel, cleaner, metrology."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from planaris.dictionary import Dictionary
from planaris.hardware import Value
from planaris.model import CARRIER_SLOTS, SlotState, ToolDescription
from planaris.twin.devices import DeviceError, Motion, TwinDevice
from planaris.twin.plc import VirtualPlc
from planaris.twin.wafers import Places, TrueCarrier, TrueWafer, slot_location

Measure = Callable[[TrueWafer, str], tuple[float, ...]]
OK = DeviceError.NONE


class Handling:
    """Moves true wafers between places in finite time and keeps the presence sensors true."""

    def __init__(
        self,
        tool: ToolDescription,
        plc: VirtualPlc,
        places: Places,
        dictionary: Dictionary,
        seed: int,
        measure: Measure,
    ) -> None:
        self._tool, self._plc, self._places, self._measure = tool, plc, places, measure
        self._dictionary, self._seed = dictionary, seed
        self.carriers: dict[int, TrueCarrier] = {}
        self.on_turn: Callable[[], None] = lambda: None
        self.on_hold: Callable[[int, bool], None] = lambda _head, _held: None
        self.vacuum_ok: Callable[[], bool] = lambda: True
        self.lid_stuck = False
        self.devices: dict[str, TwinDevice] = {}
        for port in range(1, tool.load_ports + 1):
            self._load_port(port)
        self._robot("dry_robot", "dry_station", wet=False)
        self._robot("wet_robot", "wet_station", wet=True)
        self._device("aligner").action("align", self._align)
        self._load_cup()
        self._carousel()
        for station in tool.cleaner.stations:
            self._cleaner(station)
        if tool.metrology is not None:
            self._device("metrology").action("measure", self._metrology)

    def _device(self, name: str) -> TwinDevice:
        verbs = {verb.name: verb.value for verb in self._dictionary.verbs_of(name)}
        device = TwinDevice(self._plc, name, verbs, self._seed)
        self.devices[name] = device
        return device

    def sensor(self, location: str) -> None:
        """Bring a location's presence sensor in line with what is there."""
        if not location.startswith("loadport"):
            self._plc.set({f"{location}.wafer_present": self._places.get(location) is not None})

    def move(self, source: str, destination: str) -> DeviceError:
        """Move the true wafer if there is one and the destination is free."""
        if self._places.get(source) is None:
            return DeviceError.NO_WAFER
        if self._places.get(destination) is not None:
            return DeviceError.WAFER_PRESENT
        self._places.move(source, destination)
        self.sensor(source)
        self.sensor(destination)
        return OK

    # -- carriers ---------------------------------------------------------------------------------------------
    def _load_port(self, port: int) -> None:
        device = self._device(f"loadport{port}")

        def scanned() -> DeviceError:
            carrier = self.carriers.get(port)
            if carrier is None:
                return DeviceError.PRECONDITION
            codes = tuple(float(carrier.code(slot)) for slot in range(1, CARRIER_SLOTS + 1))
            self._plc.set({f"loadport{port}.slot_state": codes})
            return OK

        def accept_map(_a: float, _b: float) -> Motion | DeviceError:
            if port not in self.carriers:
                return DeviceError.PRECONDITION
            return Motion(self._tool.carrier_map_s, scanned)

        device.action("map", accept_map)
        device.action("release", lambda _a, _b: Motion(2.0, lambda: OK))

    # -- robots -----------------------------------------------------------------------------------------------
    def _location(self, stations: Mapping[int, str], station: float, slot: float) -> str | None:
        name = stations.get(int(station))
        if name is None or not name.startswith("loadport"):
            return name
        port = int(name.removeprefix("loadport"))
        return slot_location(port, int(slot)) if 1 <= slot <= CARRIER_SLOTS else None

    def _robot(self, name: str, station_codes: str, *, wet: bool) -> None:
        times = self._tool.wet_robot if wet else self._tool.dry_robot
        stations = {code.value: place for place, code in self._dictionary.code_list(station_codes).by_name.items()}
        device = self._device(name)

        def pick(station: float, slot: float) -> Motion | DeviceError:
            source = self._location(stations, station, slot)
            if source is None:
                return DeviceError.BAD_ARGUMENT
            if self._places.get(name) is not None:
                return DeviceError.WAFER_PRESENT
            return Motion(times.empty_move_s + times.pick_s, lambda: self._picked(source, name))

        def place(station: float, slot: float) -> Motion | DeviceError:
            destination = self._location(stations, station, slot)
            if destination is None:
                return DeviceError.BAD_ARGUMENT
            if self._places.get(name) is None:
                return DeviceError.NO_WAFER
            return Motion(times.move_s + times.place_s, lambda: self._placed(name, destination))

        device.action("pick", pick)
        device.action("place", place)

    def _picked(self, source: str, robot: str) -> DeviceError:
        error = self.move(source, robot)
        if error is OK:
            self._mark_slot(source, SlotState.EMPTY)
        return error

    def _placed(self, robot: str, destination: str) -> DeviceError:
        error = self.move(robot, destination)
        if error is OK:
            self._mark_slot(destination, SlotState.OCCUPIED)
        return error

    def _mark_slot(self, location: str, state: SlotState) -> None:
        if location.startswith("loadport"):
            port, slot = location.removeprefix("loadport").split(".")
            self.carriers[int(port)].slots[int(slot)] = state

    def _align(self, angle_deg: float, _b: float) -> Motion | DeviceError:
        wafer = self._places.get("aligner")
        if wafer is None:
            return DeviceError.NO_WAFER

        def aligned() -> DeviceError:
            wafer.notch_deg = angle_deg
            return OK

        return Motion(self._tool.aligner_s, aligned)

    # -- load cup and carousel --------------------------------------------------------------------------------
    def head_at(self, station: int) -> int:
        """Return the head over a station: 0 load cup, 1… platens."""
        position = int(_scalar(self._plc.values["carousel.position"]))
        return (station - position) % self._tool.heads + 1

    def station_of(self, head: int) -> int:
        """Return the station a head stands over: 0 load cup, 1… platens."""
        position = int(_scalar(self._plc.values["carousel.position"]))
        return (head - 1 + position) % self._tool.heads

    def _load_cup(self) -> None:
        device = self._device("loadcup")
        times = self._tool.load_cup
        loaded = {"for": 0}

        def up_while(time_s: float, finish: Callable[[], DeviceError]) -> Motion:
            self._plc.set({"loadcup.down": False})

            def done() -> DeviceError:
                error = finish()
                self._plc.set({"loadcup.down": True})
                return error

            return Motion(time_s, done)

        def at_cup(head: float) -> DeviceError:
            return OK if self.head_at(0) == int(head) else DeviceError.PRECONDITION

        def unload(head: float, _b: float) -> Motion | DeviceError:
            if error := at_cup(head):
                return error
            if self._places.get(f"head{int(head)}") is None:
                return DeviceError.NO_WAFER
            if self._places.get("loadcup") is not None:
                return DeviceError.WAFER_PRESENT

            def unloaded() -> DeviceError:
                self.on_hold(int(head), False)
                return self.move(f"head{int(head)}", "loadcup")

            return up_while(times.unload_s, unloaded)

        def rinse(head: float, _b: float) -> Motion | DeviceError:
            return at_cup(head) or Motion(times.head_rinse_s, lambda: OK)

        def load(head: float, _b: float) -> Motion | DeviceError:
            if error := at_cup(head):
                return error
            if self._places.get("loadcup") is None:
                return DeviceError.NO_WAFER
            self._plc.set({"loadcup.down": False})

            def raised() -> DeviceError:
                loaded["for"] = int(head)
                return OK

            return Motion(times.load_s, raised)

        def chuck(head: float, _b: float) -> Motion | DeviceError:
            if error := at_cup(head):
                return error
            if loaded["for"] != int(head) or not self.vacuum_ok():
                return DeviceError.PRECONDITION

            def chucked() -> DeviceError:
                loaded["for"] = 0
                wafer = self._places.get("loadcup")
                error = self.move("loadcup", f"head{int(head)}")
                if error is OK and wafer is not None:
                    self.on_hold(int(head), True)
                    wafer.head = int(head)
                    wafer.wet = True
                return error

            return up_while(times.chuck_s, chucked)

        for verb, accept in (("unload", unload), ("rinse", rinse), ("load", load), ("chuck", chuck)):
            device.action(verb, accept)

    def _carousel(self) -> None:
        device = self._device("carousel")

        def index(position: float, _b: float) -> Motion | DeviceError:
            if not 0 <= position < self._tool.heads:
                return DeviceError.BAD_ARGUMENT
            up = all(self._plc.values[f"head{head}.up"] for head in range(1, self._tool.heads + 1))
            if not (up and self._plc.values["loadcup.down"]):
                return DeviceError.INTERLOCK
            steps = (int(position) - int(_scalar(self._plc.values["carousel.position"]))) % self._tool.heads

            def turned() -> DeviceError:
                self._plc.set({"carousel.position": int(position)})
                self.on_turn()
                return OK

            return Motion(self._tool.carousel_index_s * max(1, steps), turned)

        device.action("index", index)

    # -- after the polish -------------------------------------------------------------------------------------
    def _cleaner(self, station: str) -> None:
        device = self._device(station)
        stations = self._tool.cleaner.stations
        place = stations.index(station)
        following = stations[place + 1] if place + 1 < len(stations) else None

        def process(time_s: float, _b: float) -> Motion | DeviceError:
            wafer = self._places.get(station)
            if wafer is None:
                return DeviceError.NO_WAFER
            if following is None:  # the last station dries, under its lid
                if self.lid_stuck:
                    return DeviceError.INTERLOCK
                self._plc.set({f"{station}.lid_shut": True})

            def cleaned() -> DeviceError:
                if following is None:
                    wafer.wet = False
                    self._plc.set({f"{station}.lid_shut": False})
                return OK

            return Motion(time_s, cleaned)

        device.action("process", process)
        if following is not None:
            self._carrying(device, station, following)

    def _carrying(self, device: TwinDevice, station: str, following: str) -> None:
        def transfer(_a: float, _b: float) -> Motion | DeviceError:
            if self._places.get(station) is None:
                return DeviceError.NO_WAFER
            if self._places.get(following) is not None:
                return DeviceError.WAFER_PRESENT
            return Motion(self._tool.cleaner.exchange_s, lambda: self.move(station, following))

        device.action("transfer", transfer)

    def _metrology(self, plan_code: float, _b: float) -> Motion | DeviceError:
        metrology = self._tool.metrology
        code = self._dictionary.code_list("site_plan").by_value.get(int(plan_code))
        if metrology is None or code is None:
            return DeviceError.BAD_ARGUMENT
        plan = code.name
        wafer = self._places.get("metrology")
        if wafer is None:
            return DeviceError.NO_WAFER

        def measured() -> DeviceError:
            result = self._measure(wafer, plan)
            wafer.measurement_count += 1
            size = self._plc.tags["metrology.result_nm"].shape[0]
            padded = result + (0.0,) * (size - len(result))
            self._plc.set({"metrology.result_nm": padded, "metrology.result_count": len(result)})
            return OK

        return Motion(metrology.time_s_by_plan[plan], measured)


def _scalar(value: Value) -> float:
    if isinstance(value, tuple):
        raise TypeError("not a scalar tag")
    return float(value)
