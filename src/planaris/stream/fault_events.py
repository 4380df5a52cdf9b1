"""Events of fault detection: features, charts, faults found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planaris.stream.event import Event


@dataclass(frozen=True, slots=True)
class FeaturesTaken(Event):
    """A step's features were worked out, for fault detection or for virtual metrology.

    ``features`` are names with commas between, ``feature_values`` in their order, each in its name's unit.
    ``recipe`` is name and content; of ``learn_count`` wafers that limits are learned from there were ``learned_count``,
    both 0 where fault detection does not ask for them.
    Platen 0 stands for what was measured after the wafer's last step.
    """

    name: ClassVar[str] = "features_taken"
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


@dataclass(frozen=True, slots=True)
class ChartViolated(Event):
    """A control chart's statistic passed its limit; of one feature both are in sigma.

    ``feature`` is '' for T² and SPE, which look at all; ``why`` names the largest contributions to these.
    """

    name: ClassVar[str] = "chart_violated"
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
class FaultFound(Event):
    """Fault detection named a fault, or "unknown", at a place: on how many wafers in a row, and what the plan does.

    ``share_pct`` is how much of what moved it explains.
    """

    name: ClassVar[str] = "fault_found"
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
