"""Rows that a run's record answers with. Times are tool time in seconds; None where it has not happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WaferRow:
    """One wafer; lengths and percents are measured, NaN where nothing was measured or the wafer is not finished."""

    wafer_id: str
    lot_id: str
    slot: int
    kind: str
    head: int | None
    sites_count: int | None
    incoming_nm: float
    post_nm: float
    removal_nm: float
    wiwnu_pct: float
    range_pct: float
    polish_s: float
    wait_s: float
    wet_s: float
    polish_to_clean_s: float
    slurry_ml: float
    di_water_ml: float
    finished_s: float | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """One polish step; the fields from ``end_s`` on are None or NaN if it has not ended."""

    wafer_id: str
    platen: int
    head: int
    step: int
    step_name: str
    kind: str
    start_s: float
    end_s: float | None
    duration_s: float
    reason: str | None
    slurry_ml: float
    di_water_ml: float


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """How a step's endpoint was decided; times and lengths are NaN where there is none, the trail's have one length."""

    time_s: float
    wafer_id: str
    platen: int
    head: int
    step: int
    step_name: str
    decision: str
    why: str
    called_s: float
    endpoint_s: float
    stop_s: float
    endpoint_nm: float
    sigma_nm: float
    rate_nm_min: float
    trail_s: tuple[float, ...]
    trail_nm: tuple[float, ...]
    trail_pct: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event; ``payload`` is JSON of its fields."""

    sequence: int
    time_s: float
    name: str
    payload: str


@dataclass(frozen=True, slots=True)
class FeaturesRow:
    """A step's features: names with commas between, and as many values; platen 0 is what was measured afterwards."""

    time_s: float
    wafer_id: str
    platen: int
    head: int
    step: int
    step_name: str
    recipe: str
    features: str
    feature_values: tuple[float, ...]
    learned_count: int
    learn_count: int

    @property
    def by_name(self) -> dict[str, float]:
        """The features by name."""
        return dict(zip(self.features.split(","), self.feature_values, strict=True)) if self.features else {}


@dataclass(frozen=True, slots=True)
class ViolationRow:
    """A chart's statistic beyond its limit; ``feature`` is '' for T² and SPE, and of one feature both are in sigma."""

    time_s: float
    wafer_id: str
    platen: int
    head: int
    step: int
    step_name: str
    chart: str
    feature: str
    statistic_ratio: float
    limit_ratio: float
    why: str


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A fault found at a place, on so many wafers in a row; ``planned`` is what the plan did, '' for nothing."""

    time_s: float
    wafer_id: str
    platen: int
    head: int
    step: int
    step_name: str
    fault: str
    source: str
    share_pct: float
    found_count: int
    features: str
    planned: str


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """What run-to-run control decided on a wafer: released times and pressures before (on its head) and after."""

    time_s: float
    wafer_id: str
    recipe: str
    head: int
    thread: str
    parts: str
    mode: str
    adjustment: str
    why: str
    target_nm: float
    expected_nm: float
    estimate_pct: float
    estimate_sigma_pct: float
    labels_count: int
    times: str
    time_before_s: tuple[float, ...]
    time_after_s: tuple[float, ...]
    pressures: str
    pressure_before_kPa: tuple[float, ...]
    pressure_after_kPa: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LearnedRow:
    """A label that run-to-run control held against what it expected; ``why`` says what kept it out of the estimate."""

    time_s: float
    wafer_id: str
    thread: str
    expected_nm: float
    measured_nm: float
    residual_pct: float
    why: str
    estimate_pct: float
    estimate_sigma_pct: float
    labels_count: int


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """A wafer's removal as virtual metrology has it; ``stand_in_sigma_pct`` is 0 where it stood in for no label."""

    time_s: float
    wafer_id: str
    regime: str
    features: str
    feature_values: tuple[float, ...]
    expected_nm: float
    estimate_nm: float
    estimate_sigma_pct: float
    low_nm: float
    high_nm: float
    explained_pct: float
    reliance_ratio: float
    similarity_ratio: float
    labels_count: int
    model: str
    stand_in_sigma_pct: float
    why: str


@dataclass(frozen=True, slots=True)
class CleanRow:
    """One stay in a cleaner station with its water."""

    wafer_id: str
    station: str
    start_s: float
    end_s: float | None
    di_water_ml: float


@dataclass(frozen=True, slots=True)
class StayRow:
    """A wafer at one location, from its confirmed arrival to its next; ``left_s`` is None if it is still there."""

    wafer_id: str
    location: str
    arrived_s: float
    left_s: float | None


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One episode of an alarm from a source."""

    alarm: str
    source: str
    severity: str
    wafer_id: str
    detail: str
    set_s: float
    acknowledged_s: float | None
    acknowledged_by: str | None
    cleared_s: float | None


@dataclass(frozen=True, slots=True)
class ModuleStateRow:
    """A module in one state; ``end_s`` is None for the state the run ended in."""

    module: str
    state: str
    start_s: float
    end_s: float | None
    previous: str
    trigger: str


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """One measured map; ``thickness_nm`` in the order of the plan's sites, NaN where a site failed."""

    time_s: float
    wafer_id: str
    stage: str
    plan: str
    instrument: str
    thickness_nm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ConsumableRow:
    """A consumable's counters at one time; the last row of a part and location is its present state."""

    time_s: float
    part: str
    location: str
    wafers_count: int
    use_h: float
    life_pct: float


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One command with its last answer."""

    command_id: str
    verb: str
    principal: str
    role: str
    reason: str
    arguments: str
    received_s: float
    status: str | None
    why: str | None
    answered_s: float | None


@dataclass(frozen=True, slots=True)
class TraceFileRow:
    """One trace file; ``file`` is relative to the run's folder."""

    time_s: float
    wafer_id: str
    platen: int
    head: int
    step: int
    file: str
    rows_count: int
    tags_count: int

    @property
    def of_window(self) -> bool:
        """Whether it is what a platen's window saw."""
        return "_optical" in self.file.rpartition("/")[2]
