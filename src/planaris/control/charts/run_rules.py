"""Run rules: patterns of points that chance seldom makes. Western Electric's four (1956) and Nelson's eight (1984)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Pattern(StrEnum):
    """How a rule looks at the last points."""

    BEYOND = "beyond"  # count of them on one side beyond a distance
    ONE_SIDE = "one_side"  # all on one side of the mean
    TREND = "trend"  # each higher than the one before, or each lower
    ALTERNATING = "alternating"  # up and down in turn
    WITHIN = "within"  # all nearer than a distance
    AVOIDING = "avoiding"  # none nearer than a distance, on either side


@dataclass(frozen=True, slots=True)
class RunRule:
    """One rule: ``count`` of the last ``among`` points show the pattern, at ``sigma`` where it has a distance."""

    name: str
    pattern: Pattern
    count: int
    among: int
    sigma: float = 0.0


# Western Electric, Statistical Quality Control Handbook (1956), zone rules 1 to 4.
WESTERN_ELECTRIC: tuple[RunRule, ...] = (
    RunRule("we1", Pattern.BEYOND, 1, 1, 3.0),
    RunRule("we2", Pattern.BEYOND, 2, 3, 2.0),
    RunRule("we3", Pattern.BEYOND, 4, 5, 1.0),
    RunRule("we4", Pattern.ONE_SIDE, 8, 8),
)
# Nelson, Journal of Quality Technology 16 (1984) 237, tests 1 to 8.
NELSON: tuple[RunRule, ...] = (
    RunRule("nelson1", Pattern.BEYOND, 1, 1, 3.0),
    RunRule("nelson2", Pattern.ONE_SIDE, 9, 9),
    RunRule("nelson3", Pattern.TREND, 6, 6),
    RunRule("nelson4", Pattern.ALTERNATING, 14, 14),
    RunRule("nelson5", Pattern.BEYOND, 2, 3, 2.0),
    RunRule("nelson6", Pattern.BEYOND, 4, 5, 1.0),
    RunRule("nelson7", Pattern.WITHIN, 15, 15, 1.0),
    RunRule("nelson8", Pattern.AVOIDING, 8, 8, 1.0),
)


def longest_run(rules: Sequence[RunRule]) -> int:
    """Return how many points back the rules look."""
    return max((rule.among for rule in rules), default=0)


def broken(rule: RunRule, points: Sequence[float]) -> bool:
    """Say whether the newest of points, in sigma from the mean, completes a rule's pattern."""
    if len(points) < rule.among:
        return False
    z = points[-rule.among :]
    match rule.pattern:
        case Pattern.BEYOND:
            return _beyond(rule, z)
        case Pattern.ONE_SIDE:
            return min(z) > 0.0 or max(z) < 0.0
        case Pattern.TREND:
            steps = _steps(z)
            return min(steps) > 0.0 or max(steps) < 0.0
        case Pattern.ALTERNATING:
            steps = _steps(z)
            return all(a * b < 0.0 for a, b in pairwise(steps))
        case Pattern.WITHIN:
            return all(abs(value) < rule.sigma for value in z)
        case Pattern.AVOIDING:
            return all(abs(value) > rule.sigma for value in z)


def _steps(z: Sequence[float]) -> list[float]:
    return [b - a for a, b in pairwise(z)]


def _beyond(rule: RunRule, z: Sequence[float]) -> bool:
    """Whether enough points lie beyond on one side, the newest among them."""
    side = 1.0 if z[-1] > 0.0 else -1.0
    return side * z[-1] > rule.sigma and sum(side * value > rule.sigma for value in z) >= rule.count
