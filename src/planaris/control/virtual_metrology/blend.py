"""Two estimates into one: per regime, the share of the second that would have been best on past labels."""

from __future__ import annotations

import math
from collections.abc import Mapping

from planaris.control.virtual_metrology.faded_sums import FadedSums

# Old errors fade with this memory, in labels of the regime; as many errors of one spread as this, at no share at all,
# hold the share back until labels speak [design].
_MEMORY_COUNT = 150.0
_HOLD_COUNT = 30.0


class Blend(FadedSums):
    """Faded sums of a regime: of second - first, and of label - first."""

    __slots__ = ()

    @property
    def share(self) -> float:
        """The share of the second estimate, 0 to 1."""
        return self.held_share(_HOLD_COUNT)


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
    new = known.get(regime, Blend()).with_label(second - first, label - first, _MEMORY_COUNT)
    return {**known, regime: new}
