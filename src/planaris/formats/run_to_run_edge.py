"""What a recipe file may say about run-to-run control."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from planaris.formats.edge import Edge
from planaris.model import ReleasedPressure, ReleasedTime, RunToRunMethod, RunToRunMode, RunToRunSetting, VirtualLabels

_Positive = Annotated[float, Field(gt=0)]
_NotNegative = Annotated[float, Field(ge=0)]
_Weight = Annotated[float, Field(gt=0, le=1)]
_HeadWeight = Annotated[float, Field(ge=0, le=1)]
_Percent = Annotated[float, Field(gt=0, le=100)]
_Count = Annotated[int, Field(ge=1)]


class ReleasedTimeEdge(Edge):
    step: str
    min_s: _Positive
    max_s: _Positive
    max_step_s: _Positive
    dead_band_s: _NotNegative = 0.05

    def to_model(self) -> ReleasedTime:
        return ReleasedTime(self.step, self.min_s, self.max_s, self.max_step_s, self.dead_band_s)


class ReleasedPressureEdge(Edge):
    step: str
    zone: _Count
    min_kPa: _NotNegative
    max_kPa: _Positive
    max_step_kPa: _Positive
    dead_band_kPa: _NotNegative = 0.05

    def to_model(self) -> ReleasedPressure:
        return ReleasedPressure(self.step, self.zone, self.min_kPa, self.max_kPa, self.max_step_kPa, self.dead_band_kPa)


class RunToRunEdge(Edge):
    method: Annotated[RunToRunMethod, Field(strict=False)]
    mode: Annotated[RunToRunMode, Field(strict=False)] = RunToRunMode.CONTROL
    target_post_nm: _Positive | None = None
    weight_fraction: _Weight | None = None
    trend_weight_fraction: _Weight | None = None
    head_weight_fraction: _HeadWeight | None = None
    label_every_count: _Count = 1
    label_delay_count: Annotated[int, Field(ge=0)] = 0
    min_labels_count: _Count = 3
    stale_count: _Count = 150
    residual_limit_pct: _Percent = 10.0
    outliers_count: _Count = 3
    estimate_limit_pct: _Percent = 30.0
    miss_limit_pct: _Percent = 3.0
    virtual_metrology: Annotated[VirtualLabels, Field(strict=False)] = VirtualLabels.OFF
    reliance_limit_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.7
    times: list[ReleasedTimeEdge] = Field(min_length=1)
    pressures: list[ReleasedPressureEdge] = Field(default_factory=list[ReleasedPressureEdge])

    def to_model(self) -> RunToRunSetting:
        return RunToRunSetting(
            method=self.method,
            times=tuple(t.to_model() for t in self.times),
            pressures=tuple(p.to_model() for p in self.pressures),
            mode=self.mode,
            target_post_nm=self.target_post_nm,
            weight_fraction=self.weight_fraction,
            trend_weight_fraction=self.trend_weight_fraction,
            head_weight_fraction=self.head_weight_fraction,
            label_every_count=self.label_every_count,
            label_delay_count=self.label_delay_count,
            min_labels_count=self.min_labels_count,
            stale_count=self.stale_count,
            residual_limit_pct=self.residual_limit_pct,
            outliers_count=self.outliers_count,
            estimate_limit_pct=self.estimate_limit_pct,
            miss_limit_pct=self.miss_limit_pct,
            virtual_metrology=self.virtual_metrology,
            reliance_limit_ratio=self.reliance_limit_ratio,
        )
