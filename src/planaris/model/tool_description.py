"""Tool description: geometry, modules and times of one tool. Read from TOML; the same code runs them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Legal range of a recipe parameter; the unit is that of ``name``."""

    name: str
    minimum: float
    maximum: float


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
    """Robot action times in seconds."""

    pick_s: float
    place_s: float
    move_s: float
    empty_move_s: float


@dataclass(frozen=True, slots=True)
class LoadCupTimes:
    """Load cup action times in seconds."""

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
class ToolDescription:
    """One tool."""

    name: str
    configuration: str
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

    def range_of(self, name: str) -> Range | None:
        """Return the legal range of a recipe parameter."""
        return next((r for r in self.ranges if r.name == name), None)
