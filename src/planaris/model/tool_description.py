"""Tool description: geometry, modules and times of one tool. Read from TOML; the same code runs them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from planaris.model.wafer import Face

# Kinds of places where a wafer lies with its polished side down, as the heads need it.
_FACE_DOWN = ("head", "platen", "loadcup", "exchange")


class Architecture(StrEnum):
    """How wafers get to the platens: all heads turn together, or each unit's arm swings over its own tables."""

    CAROUSEL = "carousel"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Range:
    """Legal range of a recipe parameter; the unit is that of ``name``."""

    name: str
    minimum: float
    maximum: float


# Interlock 10: under a ring that presses with less than 1 psi the PLC holds the membrane at 0.5 psi at the most
# (design values); rounded so that what is typed as 1 psi and 0.5 psi passes.
RING_MIN_kPa = 6.89
MEMBRANE_HELD_kPa = 3.45


@dataclass(frozen=True, slots=True)
class HeadDescription:
    """Carrier head: zone borders from the centre out, retaining ring."""

    zone_outer_mm: tuple[float, ...]
    ring_inner_mm: float
    ring_outer_mm: float


@dataclass(frozen=True, slots=True)
class PlatenDescription:
    """Platen and where the head sits on it."""

    radius_mm: float
    center_distance_mm: float
    sweep_max_mm: float
    slurry_lines: int
    overhang_allowed_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class RobotTimes:
    """Robot action times in seconds.

    ``swap_s``: with two ``arms``, the wafer of a station taken and another put down in its place; 0 with one arm.
    ``flip_s``: a wafer turned over on its way, within ``move_s``; 0 for a robot that turns none.
    """

    pick_s: float
    place_s: float
    move_s: float
    empty_move_s: float
    arms: int = 1
    swap_s: float = 0.0
    flip_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadCupTimes:
    """Action times in seconds of a load cup, or of the exchange station of a unit."""

    unload_s: float
    head_rinse_s: float
    load_s: float
    chuck_s: float


@dataclass(frozen=True, slots=True)
class CleanerDescription:
    """Cleaner stations in order and the exchange time between them."""

    stations: tuple[str, ...]
    exchange_s: float


@dataclass(frozen=True, slots=True)
class MetrologyDescription:
    """In-line metrology: seconds per map by plan name. Its bias and repeatability are the machine's, not ours."""

    instrument: str
    time_s_by_plan: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class UnitsDescription:
    """Polishing units, each one head on a swing arm, its own tables and its own exchange station.

    ``swing_table_s``: from table to table; ``swing_exchange_s``: between a table and the exchange station.
    """

    count: int
    swing_table_s: float
    swing_exchange_s: float


class Instrument(StrEnum):
    """What looks at a wafer through its platen."""

    SPECTROMETER = "spectrometer"
    LASER = "laser"
    EDDY = "eddy"


@dataclass(frozen=True, slots=True)
class EndpointSensors:
    """Window of a platen and what looks through it, at ``flashes_count`` points of the wafer in each turn.

    ``spectrometer``, ``laser`` and ``eddy`` list the platens that have one; ``laser_wavelength_nm`` the laser's two.
    """

    window_radius_mm: float
    spectrometer: tuple[int, ...] = ()
    laser: tuple[int, ...] = ()
    eddy: tuple[int, ...] = ()
    laser_wavelength_nm: tuple[float, float] = (650.0, 470.0)
    flashes_count: int = 16

    def on(self, platen: int) -> tuple[Instrument, ...]:
        """Return the instruments of a platen."""
        have = {Instrument.SPECTROMETER: self.spectrometer, Instrument.LASER: self.laser, Instrument.EDDY: self.eddy}
        return tuple(instrument for instrument, platens in have.items() if platen in platens)


@dataclass(frozen=True, slots=True)
class PlanningDescription:
    """The rolling plan of mixed lots: a plan of ``wafers_count`` wafers is seen ``latency_s`` after its request.

    A new one is asked for no sooner than ``period_s`` after the last.
    """

    latency_s: float
    period_s: float
    wafers_count: int


@dataclass(frozen=True, slots=True)
class IdlePadDescription:
    """A pad idle for longer than ``limit_s`` gets ``dummies_count`` dummy wafers before product."""

    limit_s: float
    dummies_count: int


@dataclass(frozen=True, slots=True)
class ToolDescription:
    """One tool.

    ``carousel_index_s`` is 0 where there is no carousel; ``load_cup`` are the times of the load cup or of each
    exchange station. ``stages`` are places between the dry and the wet robot: one, or one in and one out.
    ``route`` lists for each stage of a recipe the platens that may serve it; empty where stage n is platen n.
    Without ``planning`` the dispatch rule goes alone, without ``idle_pad`` no dummies are called.
    ``endpoint_sensors`` is None on a tool that looks at no wafer while it polishes.
    """

    name: str
    architecture: Architecture
    wafer_diameter_mm: float
    load_ports: int
    heads: int
    platens: int
    head: HeadDescription
    platen: PlatenDescription
    dry_robot: RobotTimes
    wet_robot: RobotTimes
    aligner_s: float
    carrier_map_s: float
    carousel_index_s: float
    load_cup: LoadCupTimes
    touch_down_s: float
    lift_s: float
    cleaner: CleanerDescription
    metrology: MetrologyDescription | None
    ranges: tuple[Range, ...]
    consumable_limits: Mapping[str, float]
    units: UnitsDescription | None = None
    stages: int = 1
    route: tuple[tuple[int, ...], ...] = ()
    planning: PlanningDescription | None = None
    idle_pad: IdlePadDescription | None = None
    endpoint_sensors: EndpointSensors | None = None

    def instruments_on(self, platen: int) -> tuple[Instrument, ...]:
        """Return what looks at a wafer through a platen, nothing on a platen without a window."""
        return () if self.endpoint_sensors is None else self.endpoint_sensors.on(platen)

    @property
    def recipe_stages(self) -> int:
        """How many stages a recipe may have."""
        return len(self.route) or self.platens

    def platens_for(self, stage: int) -> tuple[int, ...]:
        """Return the platens that may serve a recipe's stage, which counts from 1; the first is preferred."""
        return self.route[stage - 1] if self.route else (stage,)

    def unit_of(self, platen: int) -> int:
        """Return the unit of a platen, both counted from 1. Raises `ValueError` on a tool without units."""
        if self.units is None:
            raise ValueError(f"tool {self.name} has no polishing units")
        return (platen - 1) // (self.platens // self.units.count) + 1

    def platens_of(self, unit: int) -> tuple[int, ...]:
        """Return the platens of a unit in the order its arm reaches them. Raises `ValueError` without units."""
        return tuple(n for n in range(1, self.platens + 1) if self.unit_of(n) == unit)

    def face_at(self, place: str) -> Face | None:
        """Return which way a wafer lies at a place; None on the wet robot's arms and where nothing turns wafers."""
        if not self.wet_robot.flip_s or place.startswith(("wet_robot", "removed.")):
            return None
        return Face.DOWN if place.startswith(_FACE_DOWN) else Face.UP

    def range_of(self, name: str) -> Range | None:
        """Return the legal range of a recipe parameter."""
        return next((r for r in self.ranges if r.name == name), None)
