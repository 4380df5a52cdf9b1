"""What a benchmark says: a value beside a bound or a peer that was measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Better(Enum):
    """Which way is good."""

    MORE = ">="
    LESS = "<="


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a benchmark.

    ``against`` says what ``bound`` is: a promised number, or a peer of this run. Both are in ``unit``.
    """

    label: str
    value: float
    unit: str
    bound: float
    better: Better
    against: str

    @property
    def ratio(self) -> float:
        """Return how many times the bound is met: 1 is just met, 2 is twice as good."""
        good, needed = (self.value, self.bound) if self.better is Better.MORE else (self.bound, self.value)
        return good / needed if needed else float("inf")

    @property
    def ok(self) -> bool:
        """Say whether the bound is met."""
        return self.ratio >= 1.0


class NotRunError(Exception):
    """A benchmark cannot run here; the text says why."""
