"""What the journal tells of an unfinished run: wafers, moves, jobs, alarms, counters. Events in, state out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from planaris.model import ActiveAlarm, AlarmState, Face, Lot, MapStage, WaferKind
from planaris.stream import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmSet,
    CarrierLifted,
    CleanEnded,
    CleanStarted,
    CommandReceived,
    Committed,
    ConsumableUsed,
    EndpointDecided,
    Event,
    FlipIntended,
    JobStateChanged,
    LotStarted,
    ModuleStateChanged,
    MoveCancelled,
    MoveIntended,
    PlaceConfirmed,
    RecipeAdjusted,
    RunEnded,
    StepEnded,
    StepStarted,
    WaferFinished,
    WaferFlipped,
    WaferMarked,
    WaferMeasured,
    WaferMoved,
    WaferRegistered,
)
from planaris.tool.jobs import ENDED, JobState

# Ways in which a step ends before it is through.
_CUT = "abort"


@dataclass(slots=True)
class StepStory:
    """What is known of a step: ``done_s`` seconds of it were run; ``open`` if nobody saw its end."""

    platen: int
    head: int
    step: int
    step_name: str
    kind: str
    started_s: float
    done_s: float = 0.0
    whole: bool = False
    open: bool = True


@dataclass(slots=True)
class WaferStory:
    """One wafer as the journal tells; times are tool time, NaN until they come.

    ``face`` is what it was turned to since it left ``came_from``, None if it was not; ``turning`` a turn under way.
    ``held`` says why an endpoint keeps it for a person; ``turned_away``: it is not one that the recipe means.
    ``adjusted`` is what run-to-run control decided on it; ``interrupted``: a step of it was cut off.
    """

    wafer_id: str
    lot_id: str
    slot: int
    kind: WaferKind
    home: str
    place: str
    going: str = ""
    came_from: str = ""
    face: Face | None = None
    turning: Face | None = None
    aligned: bool = False
    head: int = 0
    left_carrier_s: float = math.nan
    chucked_s: float = math.nan
    polish_start_s: float = math.nan
    polish_end_s: float = math.nan
    clean_start_s: float = math.nan
    dried_s: float = math.nan
    steps: dict[int, StepStory] = field(default_factory=dict[int, StepStory])
    slurry_ml: float = 0.0
    di_water_ml: float = 0.0
    cleaned_at: str = ""
    finished: bool = False
    plan: str = ""
    post_nm: tuple[float, ...] = ()
    marks: list[str] = field(default_factory=list[str])
    held: str = ""
    turned_away: bool = False
    adjusted: RecipeAdjusted | None = None
    interrupted: bool = False

    @property
    def polish_s(self) -> float:
        """Seconds polished, rinses left out."""
        return sum(s.done_s for s in self.steps.values() if s.kind != "rinse")


@dataclass(slots=True)
class JobStory:
    """One job: its state, and whether its wafers became known."""

    lot_id: str
    state: str = "queued"
    begun: bool = False


class Story:
    """State of an unfinished run as its events tell it."""

    def __init__(self, last_dryer: str, events: Iterable[Committed] = ()) -> None:
        """``last_dryer`` is the cleaner station that a wafer leaves dry."""
        self._dryer = last_dryer
        self.wafers: dict[str, WaferStory] = {}
        self.jobs: dict[str, JobStory] = {}
        self.alarms: dict[tuple[str, str, str], ActiveAlarm] = {}
        self.consumables: dict[tuple[str, str], ConsumableUsed] = {}
        self.commands_count = 0
        self.last_sequence = 0
        self.last_s = 0.0
        self.outcome = ""
        for item in events:
            self.take(item)

    def needs(self, lot: Lot) -> bool:
        """Say whether a lot's order is needed to go on: its job is not over, or wafers of it are here."""
        told = self.jobs.get(lot.lot_id)
        return told is None or JobState(told.state) not in ENDED or any(w.wafer_id in self.wafers for w in lot.wafers)

    def take(self, item: Committed) -> None:
        """Go on by one event of the journal."""
        self.last_sequence = item.sequence
        self.last_s = item.time_s
        self.apply(item.event, item.time_s)

    def apply(self, event: Event, time_s: float) -> None:
        """Go on by what an event says, at a tool time."""
        match event:
            case WaferRegistered():
                self.wafers[event.wafer_id] = WaferStory(
                    event.wafer_id, event.lot_id, event.slot, event.kind, event.location, event.location
                )
            case MoveIntended():
                self.wafers[event.wafer_id].going = event.destination
            case MoveCancelled():
                self.wafers[event.wafer_id].going = ""
            case WaferMoved():
                self._moved(self.wafers[event.wafer_id], event.destination, time_s)
            case FlipIntended():
                self.wafers[event.wafer_id].turning = event.face
            case WaferFlipped():
                self.wafers[event.wafer_id].face, self.wafers[event.wafer_id].turning = event.face, None
            case PlaceConfirmed():
                self._moved(self.wafers[event.wafer_id], event.location, time_s)
            case StepStarted() | StepEnded():
                self._step(event, time_s)
            case EndpointDecided(decision="hold" | "abort"):
                wafer = self.wafers[event.wafer_id]
                wafer.held, wafer.turned_away = f"{event.step_name}: {event.why}", event.decision == "abort"
            case RecipeAdjusted():
                self.wafers[event.wafer_id].adjusted = event
            case CleanStarted() | CleanEnded():
                self._clean(event, time_s)
            case WaferMeasured() | WaferMarked() | WaferFinished():
                self._told(event)
            case ModuleStateChanged():
                self._module(event)
            case JobStateChanged():
                self.jobs.setdefault(event.lot_id, JobStory(event.lot_id)).state = event.state
            case LotStarted():
                self.jobs.setdefault(event.lot_id, JobStory(event.lot_id)).begun = True
            case AlarmSet() | AlarmAcknowledged() | AlarmCleared():
                self._alarm(event, time_s)
            case ConsumableUsed():
                self.consumables[event.location, event.part] = event
            case CarrierLifted():
                inside = f"loadport{event.load_port}."
                self.wafers = {i: w for i, w in self.wafers.items() if not w.place.startswith(inside)}
            case CommandReceived():
                self.commands_count += 1
            case RunEnded():
                self.outcome = event.outcome
            case _:
                pass

    def _moved(self, wafer: WaferStory, place: str, time_s: float) -> None:
        if wafer.place == wafer.home and place != wafer.home and math.isnan(wafer.left_carrier_s):
            wafer.left_carrier_s = time_s
        if place.startswith("head") and not wafer.place.startswith("head"):
            wafer.head = int(place.removeprefix("head"))
            wafer.chucked_s = time_s
        if place.startswith("removed."):
            wafer.finished = True
        # Whose place did not change was said to be there by a person: it lies as it lay.
        if wafer.place != place:
            wafer.came_from, wafer.face, wafer.turning = wafer.place, None, None
        wafer.place, wafer.going, wafer.cleaned_at = place, "", ""

    def _step(self, event: StepStarted | StepEnded, time_s: float) -> None:
        wafer = self.wafers[event.wafer_id]
        if isinstance(event, StepStarted):
            before = wafer.steps.get(event.step)
            step = StepStory(event.platen, event.head, event.step, event.step_name, event.kind, time_s)
            step.done_s = before.done_s if before is not None else 0.0
            wafer.steps[event.step] = step
            if math.isnan(wafer.polish_start_s):
                wafer.polish_start_s = time_s
            return
        step = wafer.steps[event.step]
        step.done_s += event.duration_s
        step.open, step.whole = False, event.reason != _CUT
        wafer.interrupted = wafer.interrupted or event.reason == _CUT
        wafer.polish_end_s = time_s
        wafer.slurry_ml += event.slurry_ml
        wafer.di_water_ml += event.di_water_ml

    def _clean(self, event: CleanStarted | CleanEnded, time_s: float) -> None:
        wafer = self.wafers[event.wafer_id]
        if isinstance(event, CleanStarted):
            if math.isnan(wafer.clean_start_s):
                wafer.clean_start_s = time_s
            return
        wafer.cleaned_at = event.station
        wafer.di_water_ml += event.di_water_ml
        if event.station == self._dryer:
            wafer.dried_s = time_s

    def _told(self, event: WaferMeasured | WaferMarked | WaferFinished) -> None:
        wafer = self.wafers[event.wafer_id]
        if isinstance(event, WaferMeasured):
            if event.stage is MapStage.POST:
                wafer.plan, wafer.post_nm = event.plan, event.thickness_nm
        elif isinstance(event, WaferMarked):
            wafer.marks.append(event.mark)
        else:
            wafer.finished = True

    def _module(self, event: ModuleStateChanged) -> None:
        if event.module == "aligner" and event.trigger == "done":
            for wafer in self.wafers.values():
                wafer.aligned = wafer.aligned or wafer.place == "aligner"

    def _alarm(self, event: AlarmSet | AlarmAcknowledged | AlarmCleared, time_s: float) -> None:
        if isinstance(event, AlarmSet):
            self.alarms[event.alarm, event.source, event.wafer_id] = ActiveAlarm(
                event.alarm, event.source, event.severity, AlarmState.SET, time_s, event.detail
            )
            return
        for key in [key for key in self.alarms if key[:2] == (event.alarm, event.source)]:
            if isinstance(event, AlarmCleared):
                del self.alarms[key]
            else:
                a = self.alarms[key]
                self.alarms[key] = ActiveAlarm(
                    a.alarm, a.source, a.severity, AlarmState.ACKNOWLEDGED, a.set_at_s, a.detail
                )
