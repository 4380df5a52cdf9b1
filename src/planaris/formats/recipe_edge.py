"""What a recipe file may say, and its conversion to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from planaris.formats.edge import Edge
from planaris.formats.run_to_run_edge import RunToRunEdge
from planaris.model import (
    DEFAULT_ACTIONS,
    Band,
    Combine,
    Conditioning,
    ConditioningMode,
    DetectorKind,
    DetectorSetting,
    EndKind,
    FaultPlan,
    OutOfControlAction,
    PlannedAction,
    PolishStep,
    Recipe,
    StepEnd,
    StepKind,
    WetLimits,
    ZoneControl,
)

RECIPE_SCHEMA = "planaris/recipe/1"

_Positive = Annotated[float, Field(gt=0)]
_NotNegative = Annotated[float, Field(ge=0)]
_Name = Annotated[str, Field(pattern=r"^[^\s].{0,63}$")]
_EVEN_DWELL = (1.0, 1.0, 1.0, 1.0, 1.0)


_Percent = Annotated[float, Field(gt=0, le=100)]


class DetectorEdge(Edge):
    detector: Annotated[DetectorKind, Field(strict=False)]
    target_nm: _NotNegative | None = None
    time_s: _Positive | None = None
    source: str | None = None
    step_pct: float | None = None
    steep_per_s: float | None = None
    level_per_s: _Positive | None = None
    window_s: _Positive | None = None
    clear_pct: _Percent | None = None
    lasers_count: Annotated[int, Field(ge=1, le=2)] | None = None
    incoming_tolerance_pct: _Percent | None = None

    def to_model(self) -> DetectorSetting:
        return DetectorSetting(**{name: getattr(self, name) for name in type(self).model_fields})


class ZoneControlEdge(Edge):
    min_ratio: Annotated[float, Field(gt=0, le=1)]
    max_ratio: Annotated[float, Field(ge=1, le=3)]
    max_step_kPa: _Positive
    update_s: _Positive = 2.0

    def to_model(self) -> ZoneControl:
        return ZoneControl(self.min_ratio, self.max_ratio, self.max_step_kPa, self.update_s)


class EndEdge(Edge):
    kind: Annotated[EndKind, Field(strict=False)]
    time_s: _Positive
    min_s: _NotNegative
    max_s: _Positive
    over_polish_s: _NotNegative = 0.0
    over_polish_pct: _NotNegative = 0.0
    removal_nm: _Positive | None = None
    over_polish_nm: _NotNegative = 0.0
    combine: Annotated[Combine, Field(strict=False)] = Combine.FIRST
    detectors: list[DetectorEdge] = Field(default_factory=list[DetectorEdge])

    def to_model(self) -> StepEnd:
        return StepEnd(
            self.kind,
            self.time_s,
            self.min_s,
            self.max_s,
            self.over_polish_s,
            self.over_polish_pct,
            self.removal_nm,
            self.over_polish_nm,
            self.combine,
            tuple(detector.to_model() for detector in self.detectors),
        )


class ConditioningEdge(Edge):
    mode: Annotated[ConditioningMode, Field(strict=False)] = ConditioningMode.OFF
    downforce_N: _NotNegative = 0.0
    disk_speed_rpm: _NotNegative = 0.0
    sweep_per_min: _NotNegative = 0.0
    dwell_ratio: list[_NotNegative] = Field(default_factory=lambda: list(_EVEN_DWELL))
    time_s: _NotNegative = 0.0

    def to_model(self) -> Conditioning:
        return Conditioning(
            self.mode, self.downforce_N, self.disk_speed_rpm, self.sweep_per_min, tuple(self.dwell_ratio), self.time_s
        )


class BandEdge(Edge):
    quantity: str
    warn_pct: _Positive
    abort_pct: _Positive
    persist_s: _NotNegative = 3.0

    def to_model(self) -> Band:
        return Band(self.quantity, self.warn_pct, self.abort_pct, self.persist_s)


class StepEdge(Edge):
    name: _Name
    platen: int
    kind: Annotated[StepKind, Field(strict=False)] = StepKind.POLISH
    end: EndEdge
    zone_pressure_kPa: list[_NotNegative]
    ring_pressure_kPa: _NotNegative
    back_pressure_kPa: _NotNegative = 0.0
    platen_speed_rpm: _NotNegative
    head_speed_rpm: _NotNegative
    slurry_line: int = 1
    slurry_flow_ml_min: _NotNegative
    di_flow_ml_min: _NotNegative = 0.0
    conditioning: ConditioningEdge = ConditioningEdge()
    sweep_amplitude_mm: _NotNegative
    sweep_per_min: _NotNegative
    platen_temperature_C: float
    ramp_s: _NotNegative
    bands: list[BandEdge] = Field(default_factory=list[BandEdge])
    zone_control: ZoneControlEdge | None = None

    def to_model(self) -> PolishStep:
        return PolishStep(
            name=self.name,
            platen=self.platen,
            kind=self.kind,
            end=self.end.to_model(),
            zone_pressure_kPa=tuple(self.zone_pressure_kPa),
            ring_pressure_kPa=self.ring_pressure_kPa,
            back_pressure_kPa=self.back_pressure_kPa,
            platen_speed_rpm=self.platen_speed_rpm,
            head_speed_rpm=self.head_speed_rpm,
            slurry_line=self.slurry_line,
            slurry_flow_ml_min=self.slurry_flow_ml_min,
            di_flow_ml_min=self.di_flow_ml_min,
            conditioning=self.conditioning.to_model(),
            sweep_amplitude_mm=self.sweep_amplitude_mm,
            sweep_per_min=self.sweep_per_min,
            platen_temperature_C=self.platen_temperature_C,
            ramp_s=self.ramp_s,
            bands=tuple(band.to_model() for band in self.bands),
            zone_control=self.zone_control.to_model() if self.zone_control else None,
        )


class WetLimitsEdge(Edge):
    polish_to_clean_s: _Positive = 60.0
    between_stations_s: _Positive = 60.0
    stopped_platen_s: _Positive = 20.0


class ActionEdge(Edge):
    fault: Literal["slurry_drop", "worn_disk", "ring_wear", "membrane_leak", "head_speed_drift", "unknown"]
    action: Annotated[OutOfControlAction, Field(strict=False)]
    after_count: Annotated[int, Field(ge=1)] = 1

    def to_model(self) -> PlannedAction:
        return PlannedAction(self.fault, self.action, self.after_count)


class FaultDetectionEdge(Edge):
    learn_count: Annotated[int, Field(ge=6, le=1000)] = 12
    actions: list[ActionEdge] = Field(default_factory=list[ActionEdge])

    def to_model(self) -> FaultPlan:
        actions = tuple(action.to_model() for action in self.actions)
        return FaultPlan(self.learn_count, actions or DEFAULT_ACTIONS)


class RecipeEdge(Edge):
    name: _Name
    version: str
    process_package: str
    film: str
    target_removal_nm: _Positive
    removal_tolerance_pct: _Positive
    wiwnu_limit_pct: _Positive
    edge_exclusion_mm: Annotated[float, Field(ge=0, le=20)]
    pre_flow_s: _NotNegative = 3.0
    cleaner_recipe: str
    wet_limits: WetLimitsEdge = WetLimitsEdge()
    fault_detection: FaultDetectionEdge | None = None
    steps: list[StepEdge] = Field(min_length=1)
    run_to_run: RunToRunEdge | None = None

    def to_model(self, entered: Mapping[str, str]) -> Recipe:
        limits = self.wet_limits
        return Recipe(
            name=self.name,
            version=self.version,
            process_package=self.process_package,
            film=self.film,
            target_removal_nm=self.target_removal_nm,
            removal_tolerance_pct=self.removal_tolerance_pct,
            wiwnu_limit_pct=self.wiwnu_limit_pct,
            edge_exclusion_mm=self.edge_exclusion_mm,
            steps=tuple(step.to_model() for step in self.steps),
            wet_limits=WetLimits(limits.polish_to_clean_s, limits.between_stations_s, limits.stopped_platen_s),
            cleaner_recipe=self.cleaner_recipe,
            pre_flow_s=self.pre_flow_s,
            fault_detection=self.fault_detection.to_model() if self.fault_detection else None,
            run_to_run=self.run_to_run.to_model() if self.run_to_run else None,
            entered=entered,
        )
