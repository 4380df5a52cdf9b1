"""What a layout is to a polishing model: per cell of a grid, how much of a layer stands there, and how finely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PatternMaps:
    """One merged layer on a grid of square cells; arrays are [ny, nx], row 0 is the bottom row.

    ``density``: merged area over the area of the cell inside the chip's box, 0..1, exact: overlaps count once.
    ``perimeter_um_per_um2``: length of the merged outline over the same area; an edge on a cell's border belongs to
    the cell whose material it bounds. ``line_width_um`` and ``line_space_um``: 2·area/perimeter of material and of
    what is free of it, the width of long parallel lines of that area and outline; a full cell has the cell's size as
    width and no space, an empty one the reverse. ``inside``: share of the cell inside the chip's box.
    """

    cell_um: float
    left_um: float
    bottom_um: float
    density: Map
    perimeter_um_per_um2: Map
    line_width_um: Map
    line_space_um: Map
    inside: Map

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.density.shape[0], self.density.shape[1]

    @property
    def mean_density(self) -> float:
        """Merged area over the area of the chip's box."""
        return float((self.density * self.inside).sum() / self.inside.sum())


ChipMaps = Mapping[str, PatternMaps]


def pattern_maps(
    cell_um: float, left_um: float, bottom_um: float, area_um2: Map, perimeter_um: Map, inside: Map
) -> PatternMaps:
    """Return the maps of merged areas and outlines per cell; all arrays [ny, nx], ``inside`` above 0."""
    box_um2 = inside * (cell_um * cell_um)
    density = np.clip(area_um2 / box_um2, 0.0, 1.0)
    drawn = perimeter_um > 0.0
    outline_um = np.where(drawn, perimeter_um, 1.0)
    bare_width = np.where(density > 0.5, cell_um, 0.0)
    return PatternMaps(
        cell_um=cell_um,
        left_um=left_um,
        bottom_um=bottom_um,
        density=density,
        perimeter_um_per_um2=perimeter_um / box_um2,
        line_width_um=np.where(drawn, 2.0 * area_um2 / outline_um, bare_width),
        line_space_um=np.where(drawn, 2.0 * np.maximum(box_um2 - area_um2, 0.0) / outline_um, cell_um - bare_width),
        inside=inside,
    )
