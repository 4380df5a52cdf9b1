"""Where cells of a gdstk library stand: placements of one child by one turn together, in dbu and in the order of x."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.layout import LARGEST_DBU, MATRICES, Offsets, Placement
from planaris.planarity.placed_shapes import rounded

# Turns are read as degrees and kept as radians.
_SAME_ANGLE = 1e-9
# Offsets that are turned into dbu at once: an array may hold millions.
_AT_ONCE_COUNT = 200_000


@dataclass(slots=True)
class _Turn:
    """Where one child stands by one turn: offsets as they are read, and those in dbu already."""

    read: list[NDArray[np.float64]] = field(default_factory=list[NDArray[np.float64]])
    count: int = 0
    made: list[Offsets] = field(default_factory=list[Offsets])

    def add(self, offsets: NDArray[np.float64], scale: float) -> None:
        """Take offsets [k, 2]; turn what has gathered into dbu before it grows large."""
        self.read.append(offsets)
        self.count += len(offsets)
        if self.count >= _AT_ONCE_COUNT:
            self.settle(scale)

    def settle(self, scale: float) -> None:
        """Turn what was read into dbu, of 32 bits where they do."""
        every = self.read[0] if len(self.read) == 1 else np.concatenate([*self.read, np.zeros((0, 2))])
        fits = np.abs(every).max(initial=0.0) * scale < LARGEST_DBU
        made = np.empty(every.shape, dtype=np.int32 if fits else np.int64)
        for begin in range(0, len(every), _AT_ONCE_COUNT):
            piece = np.s_[begin : begin + _AT_ONCE_COUNT]
            made[piece] = rounded(every[piece] * scale)
        self.made.append(made)
        self.read, self.count = [], 0

    def by_x(self, scale: float) -> Offsets:
        """Return all in the order of x, each column without gaps: what is near a place is then looked up."""
        self.settle(scale)
        offsets = np.asfortranarray(np.concatenate(self.made))
        self.made = []
        x = offsets[:, 0]
        return offsets if (x[1:] >= x[:-1]).all() else np.asfortranarray(offsets[np.argsort(x, kind="stable")])


def placements_of(cell: Any, index: dict[str, int], scale: float) -> tuple[Placement, ...]:
    """Return a cell's placements, those of one child and turn together."""
    groups: dict[tuple[str, float, bool, float], _Turn] = {}
    single: dict[tuple[str, float, bool, float], list[tuple[float, float]]] = {}
    for reference in cell.references:
        turn = (reference.cell.name, reference.rotation, reference.x_reflection, reference.magnification)
        repetition = reference.repetition
        if repetition.size:
            group = groups.get(turn) or groups.setdefault(turn, _Turn())
            group.add(repetition.get_offsets() + reference.origin, scale)
        else:
            single.setdefault(turn, []).append(reference.origin)
    for turn, origins in single.items():
        groups.setdefault(turn, _Turn()).add(np.array(origins, dtype=np.float64), scale)
    return tuple(_placement(*turn, group, index, scale) for turn, group in groups.items())


def _placement(
    name: str, angle: float, mirrored: bool, magnification: float, group: _Turn, index: dict[str, int], scale: float
) -> Placement:
    offsets = group.by_x(scale)
    quarters = angle / (0.5 * np.pi)
    if abs(quarters - round(quarters)) < _SAME_ANGLE and magnification == 1.0:
        return Placement(index[name], round(quarters) % 4 + (4 if mirrored else 0), offsets)
    c, s = np.cos(angle), np.sin(angle)
    matrix = magnification * np.array([[c, -s], [s, c]])
    return Placement(index[name], 0, offsets, matrix @ MATRICES[4] if mirrored else matrix)
