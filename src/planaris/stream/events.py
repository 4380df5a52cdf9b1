"""Events: whatever happens, as frozen data. Names match the dictionary's events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planaris.model import Face, MapStage, Severity, WaferKind
from planaris.stream.event import Event
from planaris.stream.fault_events import ChartViolated, FaultFound, FeaturesTaken
from planaris.stream.page_events import AccountChanged, SessionChanged
from planaris.stream.run_to_run_events import (
    RecipeAdjusted,
    RemovalEstimated,
    RemovalLabelled,
    RemovalLearned,
    RunToRunSwitched,
)


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run of the tool began."""

    name: ClassVar[str] = "run_started"
    tool: str
    port_kind: str
    seed: int
    software: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """A run of the tool ended in a named state."""

    name: ClassVar[str] = "run_ended"
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class RunResumed(Event):
    """A run went on after the controller's death: how long it was away, moves settled by sensors, questions left."""

    name: ClassVar[str] = "run_resumed"
    away_s: float
    moves_count: int
    questions_count: int


@dataclass(frozen=True, slots=True)
class LinkChanged(Event):
    """The link to the hardware changed its state."""

    name: ClassVar[str] = "link_changed"
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class CommandReceived(Event):
    """A command came through the door."""

    name: ClassVar[str] = "command_received"
    audited: ClassVar[bool] = True
    command_id: str
    verb: str
    principal: str
    role: str
    reason: str
    arguments: str


@dataclass(frozen=True, slots=True)
class CommandAnswered(Event):
    """A command was accepted, refused or done."""

    name: ClassVar[str] = "command_answered"
    audited: ClassVar[bool] = True
    command_id: str
    verb: str
    status: str
    why: str


@dataclass(frozen=True, slots=True)
class InterlockRefused(Event):
    """An interlock rule kept an action from starting."""

    name: ClassVar[str] = "interlock_refused"
    rule: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModuleStateChanged(Event):
    """A module went from one state to another."""

    name: ClassVar[str] = "module_state_changed"
    module: str
    previous: str
    state: str
    trigger: str


@dataclass(frozen=True, slots=True)
class CarrierMapped(Event):
    """A load port scanned its carrier; ``slots`` holds one letter a slot: - empty, O occupied, D double, X crossed."""

    name: ClassVar[str] = "carrier_mapped"
    load_port: int
    carrier_id: str
    slots: str


@dataclass(frozen=True, slots=True)
class CarrierLifted(Event):
    """A carrier was taken off its load port in good order; the wafers in it are no longer in the machine."""

    name: ClassVar[str] = "carrier_lifted"
    load_port: int
    lot_id: str
    wafers_count: int


@dataclass(frozen=True, slots=True)
class LotStarted(Event):
    """Work on a lot began."""

    name: ClassVar[str] = "lot_started"
    lot_id: str
    product: str
    recipe: str
    process_package: str
    carrier_id: str
    load_port: int
    wafers_count: int
    target_removal_nm: float
    removal_tolerance_pct: float
    wiwnu_limit_pct: float


@dataclass(frozen=True, slots=True)
class LotEnded(Event):
    """Work on a lot ended: completed, stopped or aborted."""

    name: ClassVar[str] = "lot_ended"
    lot_id: str
    outcome: str
    processed_count: int


@dataclass(frozen=True, slots=True)
class WaferRegistered(Event):
    """A wafer became known to the material map."""

    name: ClassVar[str] = "wafer_registered"
    wafer_id: str
    lot_id: str
    slot: int
    kind: WaferKind
    location: str


@dataclass(frozen=True, slots=True)
class MoveIntended(Event):
    """A wafer is about to move; committed before the first motion."""

    name: ClassVar[str] = "move_intended"
    wafer_id: str
    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class WaferMoved(Event):
    """A wafer's move was confirmed by sensors; believed from now on."""

    name: ClassVar[str] = "wafer_moved"
    wafer_id: str
    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class MoveCancelled(Event):
    """An intended move did not happen: the wafer is still at its source."""

    name: ClassVar[str] = "move_cancelled"
    wafer_id: str
    source: str
    destination: str
    why: str


@dataclass(frozen=True, slots=True)
class FlipIntended(Event):
    """A wafer on a robot's arm is about to be turned to a ``face``; committed before the motion."""

    name: ClassVar[str] = "flip_intended"
    wafer_id: str
    location: str
    face: Face


@dataclass(frozen=True, slots=True)
class WaferFlipped(Event):
    """Sensors confirmed which way a wafer on a robot's arm faces; believed from now on."""

    name: ClassVar[str] = "wafer_flipped"
    wafer_id: str
    location: str
    face: Face


@dataclass(frozen=True, slots=True)
class PlaceConfirmed(Event):
    """A person said where a wafer is; that is believed from now on."""

    name: ClassVar[str] = "place_confirmed"
    audited: ClassVar[bool] = True
    wafer_id: str
    source: str
    location: str
    principal: str


@dataclass(frozen=True, slots=True)
class WaferMarked(Event):
    """A wafer got a mark (rework, hold, suspect, scrap) that goes with it, and why."""

    name: ClassVar[str] = "wafer_marked"
    audited: ClassVar[bool] = True
    wafer_id: str
    mark: str
    why: str


@dataclass(frozen=True, slots=True)
class JobStateChanged(Event):
    """A job went from one state to another."""

    name: ClassVar[str] = "job_state_changed"
    lot_id: str
    previous: str
    state: str
    trigger: str
    why: str


@dataclass(frozen=True, slots=True)
class QuarantineChanged(Event):
    """A platen's quarantine went from one state to another; ``principal`` is who did it, '' for the tool itself."""

    name: ClassVar[str] = "quarantine_changed"
    module: str
    previous: str
    state: str
    trigger: str
    principal: str
    why: str


@dataclass(frozen=True, slots=True)
class ManualModeChanged(Event):
    """A module is worked by hand (``state`` on) or by the tool again (off); ``principal`` is who said so."""

    name: ClassVar[str] = "manual_mode_changed"
    module: str
    state: str
    principal: str
    why: str


@dataclass(frozen=True, slots=True)
class MaintenanceChanged(Event):
    """The change of a consumable went from one step (``previous``) to another, or a wafer of the step was counted."""

    name: ClassVar[str] = "maintenance_changed"
    part: str
    location: str
    previous: str
    state: str
    trigger: str
    principal: str
    why: str


@dataclass(frozen=True, slots=True)
class EquipmentStateChanged(Event):
    """The tool or one of its modules went from one state of use to another, as its events tell."""

    name: ClassVar[str] = "equipment_state_changed"
    module: str
    previous: str
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class PlanAnswered(Event):
    """A request for a plan was answered: accepted, refused, no better than the rule, late or not at all.

    Makespans are of the ``ahead_count`` wafers it was asked for, as played by the plan and by the rule alone;
    ``bound_pct`` is the proven shortest one over the plan's. 0 where nothing was played.
    """

    name: ClassVar[str] = "plan_answered"
    request: int
    verdict: str
    ahead_count: int
    makespan_s: float
    rule_makespan_s: float
    bound_pct: float
    why: str


@dataclass(frozen=True, slots=True)
class SteeringChanged(Event):
    """From now on a plan, or the dispatch rule alone, says which wafer begins next."""

    name: ClassVar[str] = "steering_changed"
    steers: str
    why: str


@dataclass(frozen=True, slots=True)
class DummiesCalled(Event):
    """Dummy wafers go before product, for pads that have been idle for long; ``module`` names the platens."""

    name: ClassVar[str] = "dummies_called"
    module: str
    wafers_count: int
    why: str


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A polish step began on a platen."""

    name: ClassVar[str] = "step_started"
    wafer_id: str
    platen: int
    head: int
    step: int
    step_name: str
    kind: str


@dataclass(frozen=True, slots=True)
class StepEnded(Event):
    """A polish step ended; ``reason`` says by what: time, endpoint, latest (no endpoint in time), wafer, abort."""

    name: ClassVar[str] = "step_ended"
    wafer_id: str
    platen: int
    head: int
    step: int
    step_name: str
    duration_s: float
    reason: str
    slurry_ml: float
    di_water_ml: float


@dataclass(frozen=True, slots=True)
class EndpointDecided(Event):
    """A step's endpoint was decided on: called, held, aborted or silent.

    ``called_s`` is the tool time of the newest sample behind it, ``endpoint_s`` when the film reaches its endpoint and
    ``stop_s`` when the PLC was told to stop; NaN where there is none. The trail is what the detector said, once a sweep
    or second: thickness (NaN where it sees none) and confidence, which of a clearing film is the share
    that has cleared.
    """

    name: ClassVar[str] = "endpoint_decided"
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
class CleanStarted(Event):
    """A cleaner station began on a wafer."""

    name: ClassVar[str] = "clean_started"
    wafer_id: str
    station: str


@dataclass(frozen=True, slots=True)
class CleanEnded(Event):
    """A cleaner station finished a wafer."""

    name: ClassVar[str] = "clean_ended"
    wafer_id: str
    station: str
    di_water_ml: float


@dataclass(frozen=True, slots=True)
class WaferMeasured(Event):
    """A metrology map came in; sites are those of the named plan."""

    name: ClassVar[str] = "wafer_measured"
    wafer_id: str
    stage: MapStage
    plan: str
    instrument: str
    thickness_nm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class WaferFinished(Event):
    """A wafer is back in its slot; what was measured on it and how long things took."""

    name: ClassVar[str] = "wafer_finished"
    wafer_id: str
    slot: int
    head: int
    kind: WaferKind
    sites_count: int
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


@dataclass(frozen=True, slots=True)
class AlarmSet(Event):
    """An alarm was set."""

    name: ClassVar[str] = "alarm_set"
    alarm: str
    source: str
    severity: Severity
    wafer_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged(Event):
    """A person acknowledged an alarm."""

    name: ClassVar[str] = "alarm_acknowledged"
    audited: ClassVar[bool] = True
    alarm: str
    source: str
    principal: str


@dataclass(frozen=True, slots=True)
class RecipeChanged(Event):
    """A version of the recipe library came or changed its state."""

    name: ClassVar[str] = "recipe_changed"
    audited: ClassVar[bool] = True
    recipe: str
    content_hash: str
    state: str
    principal: str
    reason: str


@dataclass(frozen=True, slots=True)
class AlarmCleared(Event):
    """An alarm's cause is gone; ``why`` says how that is known, '' in journals of earlier versions."""

    name: ClassVar[str] = "alarm_cleared"
    alarm: str
    source: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class TraceRecorded(Event):
    """The trace of one wafer and visit is on disk; ``file`` is relative to the run's folder.

    What the platen's window saw is a trace of its own: ``_optical`` stands in its name.
    """

    name: ClassVar[str] = "trace_recorded"
    wafer_id: str
    platen: int
    head: int
    step: int
    file: str
    rows_count: int
    tags_count: int


@dataclass(frozen=True, slots=True)
class ConsumableUsed(Event):
    """A consumable's counters after use; ``life_pct`` is spent life by the counter."""

    name: ClassVar[str] = "consumable_used"
    part: str
    location: str
    wafers_count: int
    use_h: float
    life_pct: float


@dataclass(frozen=True, slots=True)
class ConsumableChanged(Event):
    """A part was changed, or a slurry batch put on its line (``serial`` is its lot number): its counters start again.

    Counts are those of the part that went.
    """

    name: ClassVar[str] = "consumable_changed"
    part: str
    location: str
    serial: str
    wafers_count: int
    use_h: float
    reason: str


ALL_EVENTS: tuple[type[Event], ...] = (
    RunStarted,
    RunEnded,
    RunResumed,
    LinkChanged,
    CommandReceived,
    CommandAnswered,
    InterlockRefused,
    ModuleStateChanged,
    CarrierMapped,
    CarrierLifted,
    LotStarted,
    LotEnded,
    WaferRegistered,
    MoveIntended,
    WaferMoved,
    MoveCancelled,
    FlipIntended,
    WaferFlipped,
    PlaceConfirmed,
    WaferMarked,
    JobStateChanged,
    QuarantineChanged,
    ManualModeChanged,
    MaintenanceChanged,
    EquipmentStateChanged,
    PlanAnswered,
    SteeringChanged,
    DummiesCalled,
    StepStarted,
    StepEnded,
    EndpointDecided,
    FeaturesTaken,
    ChartViolated,
    FaultFound,
    CleanStarted,
    CleanEnded,
    WaferMeasured,
    RecipeAdjusted,
    RemovalLabelled,
    RemovalEstimated,
    RemovalLearned,
    RunToRunSwitched,
    WaferFinished,
    AlarmSet,
    AlarmAcknowledged,
    AlarmCleared,
    RecipeChanged,
    TraceRecorded,
    ConsumableUsed,
    ConsumableChanged,
    SessionChanged,
    AccountChanged,
)
EVENT_TYPES: dict[str, type[Event]] = {event.name: event for event in ALL_EVENTS}
