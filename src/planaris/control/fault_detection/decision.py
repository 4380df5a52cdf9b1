"""What fault detection says of a step: charts that were violated, faults that were found or are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from planaris.model import OutOfControlAction


@dataclass(frozen=True, slots=True)
class Violation:
    """A chart's statistic beyond its limit; ``feature`` is '' for T² and SPE, whose ``contributions`` name the largest.

    Single features' values are in sigma.
    """

    chart: str
    feature: str
    value: float
    limit: float
    contributions: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class FoundFault:
    """A fault at a place, found on so many wafers in a row, with what the plan has done about it now."""

    fault: str
    place: str
    share_fraction: float
    features: tuple[str, ...]
    found_count: int
    action: OutOfControlAction | None


@dataclass(frozen=True, slots=True)
class FaultDecision:
    """What is said of one step. ``learned_count`` of ``learn_count`` wafers have taught its limits so far.

    ``has_learned``: this wafer taught something. ``gone``: (fault, place) that were there and are no more.
    """

    learned_count: int
    learn_count: int
    z: Mapping[str, float] = field(default_factory=dict[str, float])
    violations: tuple[Violation, ...] = ()
    faults: tuple[FoundFault, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    has_learned: bool = False

    @property
    def is_learning(self) -> bool:
        """Whether limits are still learned, so that nothing can be found."""
        return self.learned_count < self.learn_count
