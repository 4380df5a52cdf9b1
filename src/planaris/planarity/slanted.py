"""Polygons with slanted edges, many in two arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Slanted:
    """Polygons as their points one after the other [p, 2] in dbu, and where each begins (n + 1 entries)."""

    points: Ints
    starts: Ints

    @staticmethod
    def of(polygons: list[Ints]) -> Slanted:
        """Return the polygons of a list of [v, 2] arrays."""
        if not polygons:
            return NO_SLANTED
        lengths = np.array([len(p) for p in polygons], dtype=np.int64)
        return Slanted(np.concatenate(polygons), np.concatenate([[0], np.cumsum(lengths)]))

    @staticmethod
    def joined(parts: Sequence[Slanted]) -> Slanted:
        """Return the polygons of several."""
        filled = [part for part in parts if len(part)]
        if not filled:
            return NO_SLANTED
        ends = np.cumsum([len(part.points) for part in filled])
        begins = [part.starts[:-1] + end - len(part.points) for part, end in zip(filled, ends, strict=True)]
        return Slanted(np.concatenate([part.points for part in filled]), np.concatenate([*begins, ends[-1:]]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def polygon(self, number: int) -> Ints:
        """Return one polygon's points."""
        return self.points[self.starts[number] : self.starts[number + 1]]

    def bounds(self) -> Ints:
        """Return each polygon's (x0, y0, x1, y1) [n, 4]."""
        if not len(self):
            return np.zeros((0, 4), dtype=np.int64)
        at = self.starts[:-1]
        return np.concatenate([np.minimum.reduceat(self.points, at), np.maximum.reduceat(self.points, at)], axis=1)


NO_SLANTED = Slanted(np.zeros((0, 2), dtype=np.int64), np.zeros(1, dtype=np.int64))
