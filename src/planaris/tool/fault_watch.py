"""Fault detection of the tool: takes step features, tells what charts and classifier say, sets and clears alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from planaris.control import (
    DetectionState,
    FaultDecision,
    FaultDetection,
    FoundFault,
    Sighting,
    StepFeatures,
    Violation,
    limits_from_text,
    limits_to_text,
)
from planaris.formats import content_name
from planaris.model import UNKNOWN_FAULT, OutOfControlAction, ProcessFault, Recipe, Severity
from planaris.stream import AlarmCleared, ChartViolated, Event, EventStream, FaultFound, FeaturesTaken
from planaris.tool.alarms import AlarmBook

# What a fault's alarm is called; found at a platen or a head.
FAULT_ALARMS: Mapping[str, str] = MappingProxyType(
    {
        ProcessFault.SLURRY_DROP.value: "slurry_drop_found",
        ProcessFault.WORN_DISK.value: "worn_disk_found",
        ProcessFault.RING_WEAR.value: "ring_wear_found",
        ProcessFault.MEMBRANE_LEAK.value: "membrane_leak_found",
        ProcessFault.HEAD_SPEED_DRIFT.value: "head_speed_drift_found",
        UNKNOWN_FAULT: "unknown_fault_found",
    }
)
_FAULT_OF = {alarm: fault for fault, alarm in FAULT_ALARMS.items()}


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """What the plan wants done now because of a fault, beyond its alarm."""

    action: OutOfControlAction
    why: str


class FaultWatch:
    """Limits and sightings of one tool. Work is only done for recipes that ask for fault detection.

    ``state`` is what was learned and what was found. ``on_learned`` is told whenever a wafer taught something, to keep
    `limits`.
    """

    def __init__(self, stream: EventStream, alarms: AlarmBook, zones_count: int) -> None:
        self._stream, self._alarms, self._zones_count = stream, alarms, zones_count
        self.state = DetectionState()
        self.on_learned: Callable[[], None] = lambda: None

    @property
    def limits(self) -> str:
        """What was learned, as text that `know` takes."""
        return limits_to_text(self.state)

    def know(self, text: str) -> None:
        """Take over what was learned before. Raises ValueError for a text that is none of `limits`."""
        self.state = DetectionState(limits_from_text(text), self.state.found)

    def restore(self, events: Iterable[Event]) -> None:
        """Take over the faults that a journal tells of."""
        found = dict(self.state.found)
        for event in events:
            if isinstance(event, FaultFound):
                found[event.fault, event.source] = Sighting(event.found_count, event.wafer_id)
            elif isinstance(event, AlarmCleared) and event.alarm in _FAULT_OF:
                found.pop((_FAULT_OF[event.alarm], event.source), None)
        self.state = DetectionState(self.state.steps, found)

    def changed(self, location: str) -> None:
        """Forget what was learned with a part that was changed."""
        for fault, place in tuple(self.state.found):
            if place == location:
                self._alarms.clear(FAULT_ALARMS[fault], place, f"a part of {location} was changed")
        self.state = FaultDetection.changed(self.state, location)
        self.on_learned()

    def visited(self, recipe: Recipe, features: Sequence[StepFeatures]) -> list[FaultOrder]:
        """Take the features of a wafer's steps and return what the plan wants done, the strongest last."""
        plan = recipe.fault_detection
        if plan is None:
            return []
        detection, orders = FaultDetection(plan, self._zones_count), list[FaultOrder]()
        for seen in features:
            self.state, said = detection.step(self.state, seen)
            self._tell(seen, said)
            orders += [FaultOrder(f.action, _why(f)) for f in said.faults if f.action is not None]
            if said.has_learned:
                self.on_learned()
        return sorted(orders, key=lambda order: tuple(OutOfControlAction).index(order.action))

    def measured(self, recipe: Recipe, wafer_id: str, head: int, removal_error_pct: float) -> list[FaultOrder]:
        """Take what was measured of a wafer after its last step; as `visited`."""
        values, number = {"removal_error_pct": removal_error_pct}, len(recipe.steps)
        seen = StepFeatures(wafer_id, content_name(recipe), 0, head, number, "measured", values)
        return self.visited(recipe, (seen,))

    def _tell(self, seen: StepFeatures, said: FaultDecision) -> None:
        at = seen.wafer_id, seen.platen, seen.head, seen.step, seen.step_name
        self._stream.publish(features_taken(seen, said.learned_count, said.learn_count))
        for v in said.violations:
            self._stream.publish(
                ChartViolated(*at, v.chart, v.feature, round(v.value, 4), round(v.limit, 4), _largest(v))
            )
        for f in said.faults:
            planned = f.action.value if f.action is not None else ""
            share_pct, names = round(100.0 * f.share_fraction, 2), ",".join(f.features)
            self._stream.publish(FaultFound(*at, f.fault, f.place, share_pct, f.found_count, names, planned))
            alarm = FAULT_ALARMS[f.fault]
            severity = Severity.ERROR if f.action is OutOfControlAction.STOP_PLATEN else self._alarms.severity_of(alarm)
            self._alarms.set(alarm, f.place, severity, f"{seen.wafer_id}: {_why(f)}; {_moves(f, said)}")
        for fault, place in said.gone:
            self._alarms.clear(FAULT_ALARMS[fault], place, f"{seen.wafer_id} is within the limits again")


def features_taken(seen: StepFeatures, learned_count: int = 0, learn_count: int = 0) -> FeaturesTaken:
    """Return the event of a step's features; without counts nobody learns limits from them."""
    at = seen.wafer_id, seen.platen, seen.head, seen.step, seen.step_name
    names, numbers = ",".join(seen.values), tuple(round(value, 6) for value in seen.values.values())
    return FeaturesTaken(*at, seen.recipe, names, numbers, learned_count, learn_count)


def _why(fault: FoundFault) -> str:
    wafers = "1 wafer" if fault.found_count == 1 else f"{fault.found_count} wafers in a row"
    return f"{fault.fault.replace('_', ' ')} at {fault.place}, found on {wafers}"


def _moves(fault: FoundFault, said: FaultDecision) -> str:
    """Say which features moved and how far, in their limits' units."""
    return ", ".join(f"{name} {said.z.get(name, 0.0):+.1f} sigma" for name in fault.features)


def _largest(violation: Violation) -> str:
    """Name the largest contributions to a statistic of several features."""
    return ", ".join(f"{name} {share:.3g}" for name, share in violation.contributions)
