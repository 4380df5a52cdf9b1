"""Recipes: what to do to a wafer. Data only; the tool interprets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from planaris.model.fault_plan import FaultPlan
from planaris.model.run_to_run import RunToRunSetting
from planaris.model.tool_description import Instrument

_EMPTY: Mapping[str, str] = MappingProxyType({})


class StepKind(StrEnum):
    """What a polish step is."""

    POLISH = "polish"
    BUFF = "buff"
    RINSE = "rinse"


class EndKind(StrEnum):
    """How a step ends."""

    TIME = "time"
    REMOVAL = "removal"
    ENDPOINT = "endpoint"


class DetectorKind(StrEnum):
    """What an endpoint is seen by; each is a file of `control.endpoint`."""

    TIME = "time"
    SPECTRUM = "spectrum"
    FRINGE = "fringe"
    REFLECTANCE = "reflectance"
    FRICTION = "friction"
    EDDY = "eddy"
    SLOPE = "slope"


# What looks through the platen's window for a detector; the others read the platen's scalar sensors.
_LOOKS_WITH: Mapping[DetectorKind, Instrument] = MappingProxyType(
    {
        DetectorKind.SPECTRUM: Instrument.SPECTROMETER,
        DetectorKind.REFLECTANCE: Instrument.SPECTROMETER,
        DetectorKind.FRINGE: Instrument.LASER,
        DetectorKind.EDDY: Instrument.EDDY,
    }
)


class Combine(StrEnum):
    """How several detectors of a step make one endpoint: the first, all, or one after another in the file's order."""

    FIRST = "first"
    ALL = "all"
    AFTER = "after"


class ConditioningMode(StrEnum):
    """When the conditioner works."""

    OFF = "off"
    IN_SITU = "in_situ"
    EX_SITU = "ex_situ"


@dataclass(frozen=True, slots=True)
class DetectorSetting:
    """One detector of a step and its parameters; each takes some of them (docs/reference/recipe.md).

    ``target_nm`` is what is to be left of the polished film. ``source`` is the signal of friction and slope, without
    its owner's name. ``step_pct`` is the signal's step at clearing in percent of its level, negative where it falls;
    None takes it from the process package. ``lasers_count`` is how many wavelengths count fringes.
    """

    detector: DetectorKind
    target_nm: float | None = None
    time_s: float | None = None
    source: str | None = None
    step_pct: float | None = None
    steep_per_s: float | None = None
    level_per_s: float | None = None
    window_s: float | None = None
    clear_pct: float | None = None
    lasers_count: int | None = None
    incoming_tolerance_pct: float | None = None

    @property
    def instrument(self) -> Instrument | None:
        """What it looks through the platen's window with; None where it reads the platen's scalar sensors."""
        by_laser = self.source is not None and self.source.startswith("laser")
        return Instrument.LASER if by_laser else _LOOKS_WITH.get(self.detector)


@dataclass(frozen=True, slots=True)
class ZoneControl:
    """Zone pressures that move during a step, so that all zones reach the target together.

    Each zone stays within ``min_ratio`` and ``max_ratio`` of its set-point and moves by no more than ``max_step_kPa``
    every ``update_s``.
    """

    min_ratio: float
    max_ratio: float
    max_step_kPa: float
    update_s: float = 2.0


@dataclass(frozen=True, slots=True)
class StepEnd:
    """End of a step: nominal time with earliest and latest, over-polish, and detectors where it ends by endpoint."""

    kind: EndKind
    time_s: float
    min_s: float
    max_s: float
    over_polish_s: float = 0.0
    over_polish_pct: float = 0.0
    removal_nm: float | None = None
    over_polish_nm: float = 0.0
    combine: Combine = Combine.FIRST
    detectors: tuple[DetectorSetting, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditioning:
    """Conditioner setting of a step; dwell weights per sweep zone from pad centre out, mean 1."""

    mode: ConditioningMode
    downforce_N: float
    disk_speed_rpm: float
    sweep_per_min: float
    dwell_ratio: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0)
    time_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Band:
    """Allowed deviation of a measured quantity from its set-point, percent, held for ``persist_s``."""

    quantity: str
    warn_pct: float
    abort_pct: float
    persist_s: float = 3.0


@dataclass(frozen=True, slots=True)
class PolishStep:
    """One step on one platen. Zone pressures run from the wafer centre out."""

    name: str
    platen: int
    kind: StepKind
    end: StepEnd
    zone_pressure_kPa: tuple[float, ...]
    ring_pressure_kPa: float
    back_pressure_kPa: float
    platen_speed_rpm: float
    head_speed_rpm: float
    slurry_line: int
    slurry_flow_ml_min: float
    di_flow_ml_min: float
    conditioning: Conditioning
    sweep_amplitude_mm: float
    sweep_per_min: float
    platen_temperature_C: float
    ramp_s: float
    bands: tuple[Band, ...] = ()
    zone_control: ZoneControl | None = None


@dataclass(frozen=True, slots=True)
class WetLimits:
    """Longest waits of a wet wafer (docs/reference/design-values.md, design values)."""

    polish_to_clean_s: float = 60.0
    between_stations_s: float = 60.0
    stopped_platen_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A polish recipe.

    ``entered`` keeps what a person typed, keyed by path: ``{"steps[0].ring_pressure_kPa": "4.5 psi"}``.
    """

    name: str
    version: str
    process_package: str
    film: str
    target_removal_nm: float
    removal_tolerance_pct: float
    wiwnu_limit_pct: float
    edge_exclusion_mm: float
    steps: tuple[PolishStep, ...]
    wet_limits: WetLimits
    cleaner_recipe: str
    pre_flow_s: float = 3.0
    fault_detection: FaultPlan | None = None
    run_to_run: RunToRunSetting | None = None
    entered: Mapping[str, str] = field(default_factory=lambda: _EMPTY, compare=False)

    @property
    def takes_features(self) -> bool:
        """Whether fault detection or virtual metrology wants to know the features of its polish steps."""
        virtual = self.run_to_run is not None and self.run_to_run.estimates
        return self.fault_detection is not None or virtual

    @property
    def platens(self) -> tuple[int, ...]:
        """Platens in the order the wafer visits them."""
        visits: list[int] = []
        for step in self.steps:
            if not visits or visits[-1] != step.platen:
                visits.append(step.platen)
        return tuple(visits)

    def steps_on(self, platen: int) -> tuple[PolishStep, ...]:
        """Steps that run on one platen."""
        return tuple(step for step in self.steps if step.platen == platen)


@dataclass(frozen=True, slots=True)
class CleanerStation:
    """One cleaner station's setting."""

    station: str
    time_s: float
    speed_rpm: float = 0.0
    power_W: float = 0.0
    chemical_flow_ml_min: float = 0.0
    di_flow_ml_min: float = 0.0


@dataclass(frozen=True, slots=True)
class CleanerRecipe:
    """A cleaner recipe: its stations in order."""

    name: str
    version: str
    stations: tuple[CleanerStation, ...]
    entered: Mapping[str, str] = field(default_factory=lambda: _EMPTY, compare=False)
