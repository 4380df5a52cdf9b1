"""What a tool description file may say, and its conversion to the model."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from planaris.formats.edge import Edge
from planaris.model import (
    Architecture,
    CleanerDescription,
    EndpointSensors,
    HeadDescription,
    LoadCupTimes,
    MetrologyDescription,
    PlatenDescription,
    Range,
    RobotTimes,
    ToolDescription,
    UnitsDescription,
)

TOOL_SCHEMA = "planaris/tool/1"

_Positive = Annotated[float, Field(gt=0)]
_NotNegative = Annotated[float, Field(ge=0)]


class HeadEdge(Edge):
    zone_outer_mm: list[_Positive] = Field(min_length=1)
    ring_inner_mm: _Positive
    ring_outer_mm: _Positive


class PlatenEdge(Edge):
    radius_mm: _Positive
    center_distance_mm: _Positive
    sweep_max_mm: _NotNegative
    slurry_lines: Annotated[int, Field(ge=1)]
    overhang_allowed_mm: _NotNegative = 0.0


class RobotEdge(Edge):
    pick_s: _Positive
    place_s: _Positive
    move_s: _Positive
    empty_move_s: _Positive
    arms: Annotated[int, Field(ge=1, le=2)] = 1
    swap_s: _Positive | None = None

    def to_model(self) -> RobotTimes:
        return RobotTimes(self.pick_s, self.place_s, self.move_s, self.empty_move_s, self.arms, self.swap_s or 0.0)


class LoadCupEdge(Edge):
    unload_s: _Positive
    head_rinse_s: _NotNegative
    load_s: _Positive
    chuck_s: _Positive

    def to_model(self) -> LoadCupTimes:
        return LoadCupTimes(self.unload_s, self.head_rinse_s, self.load_s, self.chuck_s)


class SwingEdge(Edge):
    table_s: _Positive
    exchange_s: _Positive


class UnitsEdge(Edge):
    count: Annotated[int, Field(ge=1, le=4)]
    swing: SwingEdge
    exchange: LoadCupEdge


class EndpointSensorsEdge(Edge):
    window_radius_mm: _Positive
    spectrometer: list[int] = Field(default_factory=list)
    laser: list[int] = Field(default_factory=list)
    eddy: list[int] = Field(default_factory=list)
    laser_wavelength_nm: list[Annotated[float, Field(ge=400, le=800)]] = Field(
        default_factory=lambda: [650.0, 470.0], min_length=2, max_length=2
    )
    flashes_count: Annotated[int, Field(ge=1, le=64)] = 16

    def to_model(self) -> EndpointSensors:
        return EndpointSensors(
            self.window_radius_mm,
            tuple(self.spectrometer),
            tuple(self.laser),
            tuple(self.eddy),
            (self.laser_wavelength_nm[0], self.laser_wavelength_nm[1]),
            self.flashes_count,
        )


class ToolCleanerEdge(Edge):
    stations: list[str] = Field(min_length=1)
    exchange_s: _NotNegative


class MetrologyEdge(Edge):
    instrument: str
    time_s_by_plan: dict[str, _Positive]


class ToolEdge(Edge):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
    architecture: Annotated[Architecture, Field(strict=False)]
    wafer_diameter_mm: _Positive
    load_ports: Annotated[int, Field(ge=1, le=2)]
    heads: Annotated[int, Field(ge=1)]
    platens: Annotated[int, Field(ge=1)]
    aligner_s: _Positive
    carrier_map_s: _Positive
    carousel_index_s: _Positive | None = None
    stages: Annotated[int, Field(ge=1, le=2)] = 1
    route: list[list[int]] | None = None
    touch_down_s: _Positive
    lift_s: _Positive
    head: HeadEdge
    platen: PlatenEdge
    dry_robot: RobotEdge
    wet_robot: RobotEdge
    load_cup: LoadCupEdge | None = None
    units: UnitsEdge | None = None
    cleaner: ToolCleanerEdge
    metrology: MetrologyEdge | None = None
    endpoint_sensors: EndpointSensorsEdge | None = None

    def to_model(self, ranges: tuple[Range, ...], limits: dict[str, float]) -> ToolDescription:
        """Return the model; ranges and consumable limits are read apart, their keys are data."""
        head, platen, units, metrology = self.head, self.platen, self.units, self.metrology
        cup = self.load_cup if units is None else units.exchange
        assert cup is not None  # the loader refuses a tool without
        return ToolDescription(
            name=self.name,
            architecture=self.architecture,
            wafer_diameter_mm=self.wafer_diameter_mm,
            load_ports=self.load_ports,
            heads=self.heads,
            platens=self.platens,
            head=HeadDescription(tuple(head.zone_outer_mm), head.ring_inner_mm, head.ring_outer_mm),
            platen=PlatenDescription(
                platen.radius_mm,
                platen.center_distance_mm,
                platen.sweep_max_mm,
                platen.slurry_lines,
                platen.overhang_allowed_mm,
            ),
            dry_robot=self.dry_robot.to_model(),
            wet_robot=self.wet_robot.to_model(),
            aligner_s=self.aligner_s,
            carrier_map_s=self.carrier_map_s,
            carousel_index_s=self.carousel_index_s or 0.0,
            load_cup=cup.to_model(),
            touch_down_s=self.touch_down_s,
            lift_s=self.lift_s,
            cleaner=CleanerDescription(tuple(self.cleaner.stations), self.cleaner.exchange_s),
            metrology=None
            if metrology is None
            else MetrologyDescription(metrology.instrument, dict(metrology.time_s_by_plan)),
            ranges=ranges,
            consumable_limits=limits,
            units=None if units is None else UnitsDescription(units.count, units.swing.table_s, units.swing.exchange_s),
            stages=self.stages,
            route=tuple(tuple(platens) for platens in self.route or ()),
            endpoint_sensors=None if self.endpoint_sensors is None else self.endpoint_sensors.to_model(),
        )
