"""Which parameters of a recipe run-to-run control may move, within what, and how it learns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RunToRunMethod(StrEnum):
    """How removal is learned; each is a file of `control.run_to_run`."""

    EWMA = "ewma"
    DOUBLE_EWMA = "double_ewma"
    STATE_SPACE = "state_space"


class RunToRunMode(StrEnum):
    """What becomes of a decision: it is taken, only told, or none is made."""

    CONTROL = "control"
    ADVISE = "advise"
    OFF = "off"


class VirtualLabels(StrEnum):
    """What becomes of removal estimated from a wafer's traces: nothing, it is told, or it stands in for a label."""

    OFF = "off"
    ADVISE = "advise"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class ReleasedTime:
    """The time of a step, released between limits, for no more than ``max_step_s`` from wafer to wafer of a head.

    A change within the dead band is not made.
    """

    step: str
    min_s: float
    max_s: float
    max_step_s: float
    dead_band_s: float = 0.05


@dataclass(frozen=True, slots=True)
class ReleasedPressure:
    """The pressure of one zone of a step, zones counted from 1 at the wafer's centre; else as `ReleasedTime`."""

    step: str
    zone: int
    min_kPa: float
    max_kPa: float
    max_step_kPa: float
    dead_band_kPa: float = 0.05


@dataclass(frozen=True, slots=True)
class RunToRunSetting:
    """A recipe's run-to-run control.

    With ``target_post_nm`` so much film is to be left, and what came in thicker is polished longer; without, the
    recipe's removal is the target. Weights belong to the moving averages. Of the labels that come one in
    ``label_every_count`` is used, each after ``label_delay_count`` more wafers: both rehearse a metrology out of line.
    ``virtual_metrology`` estimates each wafer's removal until its label is there; one whose reliance index is below
    ``reliance_limit_ratio`` is told and moves nothing. The other numbers say when control is held
    (docs/explanations/run-to-run.md).
    """

    method: RunToRunMethod
    times: tuple[ReleasedTime, ...]
    pressures: tuple[ReleasedPressure, ...] = ()
    mode: RunToRunMode = RunToRunMode.CONTROL
    target_post_nm: float | None = None
    weight_fraction: float | None = None
    trend_weight_fraction: float | None = None
    head_weight_fraction: float | None = None
    label_every_count: int = 1
    label_delay_count: int = 0
    min_labels_count: int = 3
    stale_count: int = 150
    residual_limit_pct: float = 10.0
    outliers_count: int = 3
    estimate_limit_pct: float = 30.0
    miss_limit_pct: float = 3.0
    virtual_metrology: VirtualLabels = VirtualLabels.OFF
    reliance_limit_ratio: float = 0.7

    @property
    def estimates(self) -> bool:
        """Whether removal is estimated from traces."""
        return self.mode is not RunToRunMode.OFF and self.virtual_metrology is not VirtualLabels.OFF
