"""Fault detection: learns each step's limits from wafers in control, then watches, names faults and plans actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from planaris.control.charts import EwmaChart, EwmaState, HotellingChart, ShewhartChart, SpeChart
from planaris.control.fault_detection.classify import NamedFault, classify
from planaris.control.fault_detection.decision import FaultDecision, FoundFault, Violation
from planaris.control.fault_detection.reference import LIMIT_SIGMA, Reference, learn
from planaris.control.step_features import FeatureSpec, StepFeatures, catalogue
from planaris.model import UNKNOWN_FAULT, FaultPlan

# Contributions that a violation of T² or SPE names.
NAMED_CONTRIBUTIONS = 4
_SHEWHART = ShewhartChart(LIMIT_SIGMA)
_EWMA = EwmaChart()


@dataclass(frozen=True, slots=True)
class StepState:
    """One step's wafers while limits are learned, then its reference and its charts."""

    learning: tuple[Mapping[str, float], ...] = ()
    reference: Reference | None = None
    ewma: Mapping[str, EwmaState] = field(default_factory=dict[str, EwmaState])


@dataclass(frozen=True, slots=True)
class Sighting:
    """A fault at a place: on how many wafers in a row, and the last of them."""

    count: int
    wafer_id: str


@dataclass(frozen=True, slots=True)
class DetectionState:
    """State of all steps by their key, and of the faults that are there by (fault, place)."""

    steps: Mapping[str, StepState] = field(default_factory=dict[str, StepState])
    found: Mapping[tuple[str, str], Sighting] = field(default_factory=dict[tuple[str, str], Sighting])


@dataclass(frozen=True, slots=True)
class FaultDetection:
    """Charts on every feature, T² and SPE on all of them, and a name for what is found.

    Each step of a recipe on each platen has its own limits. EWMA runs on features that neither wear nor wander:
    what does so by itself is held against its limit alone.
    """

    plan: FaultPlan
    zones_count: int
    false_alarm_fraction: float = 0.001

    @property
    def specs(self) -> Mapping[str, FeatureSpec]:
        """The features, by name."""
        return catalogue(self.zones_count)

    def start(self) -> DetectionState:
        """Return the state that knows nothing."""
        return DetectionState()

    def step(self, state: DetectionState, seen: StepFeatures) -> tuple[DetectionState, FaultDecision]:
        """Take one step's features; return (state, decision)."""
        own = state.steps.get(seen.key, StepState())
        if own.reference is None:
            before, own = own, self._learn(own, seen)
            learned = self.plan.learn_count if own.reference is not None else len(own.learning)
            said = FaultDecision(learned, self.plan.learn_count, has_learned=own is not before)
            return _with(state, seen.key, own), said
        z = own.reference.z_of(seen.values)
        violations, moved, ewma = self._charts(own, z)
        several = self._together(own.reference, seen.values)
        known = seen.platen == 0 and any(s.wafer_id == seen.wafer_id for s in state.found.values())
        # What was measured afterwards is the doing of a fault that was found on the wafer before.
        named = () if known else classify(moved)
        if several and not named:
            names = tuple(name for name, _ in several[0].contributions)
            named = (NamedFault(UNKNOWN_FAULT, "platen", 1.0, names),)
        sightings, faults, gone = self._sighted(state.found, seen, named)
        steps = {**state.steps, seen.key: replace(own, ewma=ewma)}
        count = self.plan.learn_count
        return DetectionState(steps, sightings), FaultDecision(count, count, z, (*violations, *several), faults, gone)

    @staticmethod
    def changed(state: DetectionState, location: str) -> DetectionState:
        """Forget what was learned of a platen, or what was found at a head, because a part of it was changed."""
        number = location.removeprefix("platen")
        ending = f"/{number}" if location.startswith("platen") else None
        steps = {key: step for key, step in state.steps.items() if ending is None or not key.endswith(ending)}
        found = {key: sighting for key, sighting in state.found.items() if key[1] != location}
        return DetectionState(steps, found)

    # -- learning ---------------------------------------------------------------------------------------------
    def _learn(self, own: StepState, seen: StepFeatures) -> StepState:
        """Take a wafer to learn from, unless a set-point feature is beyond its band."""
        specs = self.specs
        for name, value in seen.values.items():
            spec = specs.get(name)
            if spec is not None and (spec.has_set_point or spec.from_zero) and abs(value) > spec.band:
                return own
        wafers = (*own.learning, dict(seen.values))
        if len(wafers) < self.plan.learn_count:
            return StepState(wafers)
        return StepState(reference=learn(specs, wafers))

    # -- watching ---------------------------------------------------------------------------------------------
    def _charts(
        self, own: StepState, z: Mapping[str, float]
    ) -> tuple[list[Violation], dict[str, float], dict[str, EwmaState]]:
        """Return violations of single features, those features with how far they moved, and the EWMAs' states."""
        violations: list[Violation] = []
        moved: dict[str, float] = {}
        ewma: dict[str, EwmaState] = {}
        specs = self.specs
        for name, value in z.items():
            spec = specs[name]
            _, single = _SHEWHART.step((), value)
            if single.is_violated and value * spec.side >= 0:
                violations.append(Violation("shewhart", name, single.value, single.limit))
                moved[name] = value
            if spec.wears or spec.wanders:
                continue
            ewma[name], mean = _EWMA.step(own.ewma.get(name, EwmaState()), value)
            if mean.is_violated and mean.value * spec.side >= 0:
                violations.append(Violation("ewma", name, mean.value, mean.limit))
                moved.setdefault(name, mean.value / abs(mean.limit) * LIMIT_SIGMA)
        return violations, moved, ewma

    def _together(self, reference: Reference, values: Mapping[str, float]) -> list[Violation]:
        """Return violations of T² and SPE; none where a feature is missing."""
        subspace = reference.subspace
        if subspace is None or any(name not in values for name in reference.names):
            return []
        point = (np.array([values[name] for name in reference.names]) - reference.mean) / reference.spread
        # What wears is not taken with the others, it moves in control; nor is what moves to its good side.
        specs = [self.specs[name] for name in reference.names]
        point[[spec.wears for spec in specs]] = 0.0
        point[point * np.array([spec.side for spec in specs]) < 0.0] = 0.0
        found: list[Violation] = []
        charts = (("t2", HotellingChart), ("spe", SpeChart))
        for name, chart in charts:
            _, said = chart(subspace, self.false_alarm_fraction).step(None, point)
            if said.is_violated:
                shares = sorted(zip(reference.names, said.contributions, strict=True), key=lambda pair: -pair[1])
                found.append(Violation(name, "", said.value, said.limit, tuple(shares[:NAMED_CONTRIBUTIONS])))
        return found

    # -- what is done -----------------------------------------------------------------------------------------
    def _sighted(
        self, before: Mapping[tuple[str, str], Sighting], seen: StepFeatures, named: tuple[NamedFault, ...]
    ) -> tuple[dict[tuple[str, str], Sighting], tuple[FoundFault, ...], tuple[tuple[str, str], ...]]:
        """Count wafers in a row, plan what is done, and tell which faults of these places are gone."""
        sightings = dict(before)
        faults: list[FoundFault] = []
        places = {"platen": f"platen{seen.platen}" if seen.platen else f"head{seen.head}", "head": f"head{seen.head}"}
        for fault in named:
            key = fault.fault, places[fault.place]
            last = before.get(key, Sighting(0, ""))
            count = last.count + (last.wafer_id != seen.wafer_id)
            sightings[key] = Sighting(count, seen.wafer_id)
            action = self.plan.action_for(fault.fault, count)
            faults.append(FoundFault(*key, round(fault.share_fraction, 4), fault.features, count, action))
        here, now = set(places.values()), {(f.fault, f.place) for f in faults}
        gone = tuple(
            key for key, s in before.items() if key[1] in here and key not in now and s.wafer_id != seen.wafer_id
        )
        for key in gone:
            del sightings[key]
        return sightings, tuple(faults), gone


def _with(state: DetectionState, key: str, own: StepState) -> DetectionState:
    return replace(state, steps={**state.steps, key: own})
