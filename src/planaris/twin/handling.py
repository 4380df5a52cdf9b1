"""Handling devices of the twin: load ports, robots, aligner, cleaner, metrology, and what moves the heads."""

from __future__ import annotations

from collections.abc import Callable

from planaris.dictionary import Dictionary
from planaris.model import CARRIER_SLOTS, SlotState, ToolDescription
from planaris.twin.carousel import TwinCarousel
from planaris.twin.devices import DeviceError, Motion, TwinDevice
from planaris.twin.mover import Mover, Transport
from planaris.twin.plc import VirtualPlc
from planaris.twin.robots import TwinRobot
from planaris.twin.units import TwinUnits
from planaris.twin.wafers import Places, TrueCarrier, TrueWafer

Measure = Callable[[TrueWafer, str], tuple[float, ...]]
OK = DeviceError.NONE


class Handling(Mover):
    """All handling devices of a twin."""

    def __init__(
        self,
        tool: ToolDescription,
        plc: VirtualPlc,
        places: Places,
        dictionary: Dictionary,
        seed: int,
        measure: Measure,
    ) -> None:
        super().__init__(plc, places, dictionary, seed)
        self._tool, self._measure = tool, measure
        self.carriers: dict[int, TrueCarrier] = {}
        self.lid_stuck, self.lid_refusals_count = False, 0
        for port in range(1, tool.load_ports + 1):
            self._load_port(port)
        TwinRobot("dry_robot", "dry_station", tool.dry_robot, self, self._mark_slot, tool.face_at)
        wet_robot = TwinRobot("wet_robot", "wet_station", tool.wet_robot, self, self._mark_slot, tool.face_at)
        self.wrists = wet_robot.wrists
        self.device("aligner").action("align", self._align)
        self._transport: Transport = (
            TwinCarousel(tool, self) if tool.units is None else TwinUnits(tool, tool.units, self)
        )
        for station in tool.cleaner.stations:
            self._cleaner(station)
        if tool.metrology is not None:
            self.device("metrology").action("measure", self._metrology)

    # -- carriers ---------------------------------------------------------------------------------------------
    def _load_port(self, port: int) -> None:
        device = self.device(f"loadport{port}")

        def scanned() -> DeviceError:
            carrier = self.carriers.get(port)
            if carrier is None:
                return DeviceError.PRECONDITION
            codes = tuple(float(carrier.code(slot)) for slot in range(1, CARRIER_SLOTS + 1))
            self.plc.set({f"loadport{port}.slot_state": codes})
            return OK

        def accept_map(_a: float, _b: float) -> Motion | DeviceError:
            if port not in self.carriers:
                return DeviceError.PRECONDITION
            return Motion(self._tool.carrier_map_s, scanned)

        device.action("map", accept_map)
        device.action("release", lambda _a, _b: Motion(2.0, lambda: OK))

    # -- wafers in carriers and on the aligner ----------------------------------------------------------------
    def _mark_slot(self, location: str, filled: bool) -> None:
        if location.startswith("loadport"):
            port, slot = location.removeprefix("loadport").split(".")
            self.carriers[int(port)].slots[int(slot)] = SlotState.OCCUPIED if filled else SlotState.EMPTY

    def _align(self, angle_deg: float, _b: float) -> Motion | DeviceError:
        wafer = self.places.get("aligner")
        if wafer is None:
            return DeviceError.NO_WAFER

        def aligned() -> DeviceError:
            wafer.notch_deg = angle_deg
            return OK

        return Motion(self._tool.aligner_s, aligned)

    # -- heads ------------------------------------------------------------------------------------------------
    def head_at(self, platen: int) -> int | None:
        """Return the head over a platen, None where there is none."""
        return self._transport.head_at(platen)

    def station_of(self, head: int) -> int:
        """Return the platen a head stands over, 0 where it is handed wafers."""
        return self._transport.station_of(head)

    def moving(self, head: int) -> bool:
        """Whether a head is on its way from one place to another."""
        return self._transport.moving(head)

    def crosses(self, platen: int) -> bool:
        """Whether a head's path to or from a platen keeps the conditioner's arm up."""
        return isinstance(self._transport, TwinUnits) and self._transport.crosses(platen)

    # -- after the polish -------------------------------------------------------------------------------------
    def _cleaner(self, station: str) -> None:
        device = self.device(station)
        stations = self._tool.cleaner.stations
        place = stations.index(station)
        following = stations[place + 1] if place + 1 < len(stations) else None

        def process(time_s: float, _b: float) -> Motion | DeviceError:
            wafer = self.places.get(station)
            if wafer is None:
                return DeviceError.NO_WAFER
            if following is None:  # the last station dries, under its lid
                if self.lid_stuck:
                    self.lid_refusals_count += 1
                    return DeviceError.INTERLOCK
                self.plc.set({f"{station}.lid_shut": True})

            def cleaned() -> DeviceError:
                if following is None:
                    wafer.wet = False
                    self.plc.set({f"{station}.lid_shut": False})
                return OK

            return Motion(time_s, cleaned)

        device.action("process", process)
        if following is not None:
            self._carrying(device, station, following)

    def _carrying(self, device: TwinDevice, station: str, following: str) -> None:
        def transfer(_a: float, _b: float) -> Motion | DeviceError:
            if self.places.get(station) is None:
                return DeviceError.NO_WAFER
            if self.places.get(following) is not None:
                return DeviceError.WAFER_PRESENT
            return Motion(self._tool.cleaner.exchange_s, lambda: self.move(station, following))

        device.action("transfer", transfer)

    def _metrology(self, plan_code: float, _b: float) -> Motion | DeviceError:
        metrology = self._tool.metrology
        code = self.dictionary.code_list("site_plan").by_value.get(int(plan_code))
        if metrology is None or code is None:
            return DeviceError.BAD_ARGUMENT
        plan = code.name
        wafer = self.places.get("metrology")
        if wafer is None:
            return DeviceError.NO_WAFER

        def measured() -> DeviceError:
            result = self._measure(wafer, plan)
            wafer.measurement_count += 1
            size = self.plc.tags["metrology.result_nm"].shape[0]
            padded = result + (0.0,) * (size - len(result))
            self.plc.set({"metrology.result_nm": padded, "metrology.result_count": len(result)})
            return OK

        return Motion(metrology.time_s_by_plan[plan], measured)
