"""What one estimate foresaw of another's error, as sums over labels in which old ones fade."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class FadedSums:
    """Sums of foreseen times found, foreseen squared and found squared, and how many labels they stand for."""

    cross: float = 0.0
    square: float = 0.0
    error: float = 0.0
    count: float = 0.0

    def held_share(self, hold_count: float) -> float:
        """Return what of the foreseen to believe, 0 to 1: least squares held by ``hold_count`` labels at none."""
        if self.count <= 0.0 or self.square <= 0.0:
            return 0.0
        return min(1.0, max(0.0, self.cross / (self.square * (1.0 + hold_count / self.count))))

    def with_label(self, foreseen: float, found: float, memory_count: float) -> Self:
        """Return the sums after a label; those before fade with a memory of so many labels."""
        keep = 1.0 - 1.0 / memory_count
        return replace(
            self,
            cross=keep * self.cross + foreseen * found,
            square=keep * self.square + foreseen**2,
            error=keep * self.error + found**2,
            count=keep * self.count + 1.0,
        )
