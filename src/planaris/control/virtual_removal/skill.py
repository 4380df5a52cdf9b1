"""How much of what labels found off the residual model had foreseen: faded sums over labels, in units of sigma."""

from __future__ import annotations

import math

from planaris.control.virtual_metrology.faded_sums import FadedSums

# Old labels fade with this memory; so many labels at no share at all hold the model back until labels speak [design].
_MEMORY_COUNT = 100.0
_HOLD_COUNT = 10.0
# What the model foresaw must go with what was found by more than chance, at so many standard errors [design].
_PROOF_SIGMA = 3.0


class Skill(FadedSums):
    """Faded sums of what was foreseen and found, each over the sigma of its wafer."""

    __slots__ = ()

    @property
    def share_fraction(self) -> float:
        """What of the foreseen to believe, 0 to 1, by labels that came after it."""
        return self.held_share(_HOLD_COUNT)

    @property
    def explained_fraction(self) -> float:
        """The part of the variance of what was found that the believed share took away, 0 to 1."""
        if self.error <= 0.0:
            return 0.0
        share = self.share_fraction
        left = self.error - 2.0 * share * self.cross + share**2 * self.square
        return min(1.0, max(0.0, 1.0 - left / self.error))

    @property
    def is_proven(self) -> bool:
        """Whether labels bear the model out: their correlation with what it foresaw is no chance."""
        if self.cross <= 0.0 or self.count <= 2.0:
            return False
        correlation = self.cross / math.sqrt(self.square * self.error)
        return correlation * math.sqrt(self.count - 2.0) > _PROOF_SIGMA * math.sqrt(max(1.0 - correlation**2, 0.0))

    def learned(self, foreseen: float, found: float) -> Skill:
        """Return the sums after a label."""
        return self.with_label(foreseen, found, _MEMORY_COUNT)
