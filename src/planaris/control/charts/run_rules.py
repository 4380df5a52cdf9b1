"""Run rules: patterns of points that chance seldom makes. Western Electric's four (1956) and Nelson's eight (1984)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


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
    z = np.asarray(points[-rule.among :], dtype=np.float64)
    match rule.pattern:
        case Pattern.BEYOND:
            return _beyond(rule, z)
        case Pattern.ONE_SIDE:
            return bool((z > 0).all() or (z < 0).all())
        case Pattern.TREND:
            return bool((np.diff(z) > 0).all() or (np.diff(z) < 0).all())
        case Pattern.ALTERNATING:
            steps = np.sign(np.diff(z))
            return bool((steps[1:] * steps[:-1] < 0).all())
        case Pattern.WITHIN:
            return bool((np.abs(z) < rule.sigma).all())
        case Pattern.AVOIDING:
            return bool((np.abs(z) > rule.sigma).all())


def _beyond(rule: RunRule, z: NDArray[np.float64]) -> bool:
    """Whether enough points lie beyond on one side, the newest among them."""
    sides = ((z > rule.sigma), (z < -rule.sigma))
    return any(bool(side[-1]) and int(side.sum()) >= rule.count for side in sides)
