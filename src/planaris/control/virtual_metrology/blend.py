"""Two estimates into one: per regime, the share of the second that would have been best on past labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

# Old errors fade with this memory, in labels of the regime; as many errors of one spread as this, at no share at all,
# hold the share back until labels speak [design].
_MEMORY_COUNT = 150.0
_HOLD_COUNT = 30.0


@dataclass(frozen=True, slots=True)
class Blend:
    """Faded sums of a regime: difference times error, difference squared, of (second - first) and (label - first)."""

    cross: float = 0.0
    square: float = 0.0
    error: float = 0.0
    count: float = 0.0

    @property
    def share(self) -> float:
        """The share of the second estimate, 0 to 1: least squares with a ridge."""
        if self.count <= 0:
            return 0.0
        ridge = _HOLD_COUNT * self.square / self.count
        return min(1.0, max(0.0, self.cross / (self.square + ridge))) if self.square > 0 else 0.0


def blended(known: Mapping[str, Blend], regime: str, first: float, second: float) -> float:
    """Return the blend of two estimates of a regime; the first alone where the second is not known."""
    if not math.isfinite(second):
        return first
    if not math.isfinite(first):
        return second
    return first + known.get(regime, Blend()).share * (second - first)


def learned(known: Mapping[str, Blend], regime: str, first: float, second: float, label: float) -> Mapping[str, Blend]:
    """Return the blends after a label of a step that both methods had estimated."""
    if not (math.isfinite(first) and math.isfinite(second)):
        return known
    keep = 1.0 - 1.0 / _MEMORY_COUNT
    old, d, e = known.get(regime, Blend()), second - first, label - first
    new = Blend(keep * old.cross + d * e, keep * old.square + d * d, keep * old.error + e * e, keep * old.count + 1.0)
    return {**known, regime: new}
