"""The shared layouts' reference table: which layers a layout has, and densities to compare with.

A folder holds the layouts (``NAME.gds.gz``) and ``reference/densities.csv`` with one row for each layout and layer, and
``reference/NAME__LAYER__corner20.csv`` with the windows at the lower left corner. It is no part of the repository.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WINDOW_DBU = 50_000


@dataclass(frozen=True, slots=True)
class LayerReference:
    """One layer of a layout: its GDS layers, corner windows [20, 20], and figures over all windows."""

    name: str
    keys: tuple[tuple[int, int], ...]
    corner: NDArray[np.float64]
    mean_all: float
    std_all: float
    min_all: float
    max_all: float
    chip_density: float


def layouts_of(folder: Path) -> dict[Path, list[LayerReference]]:
    """Return the layouts of a folder with their layers."""
    found: dict[Path, list[LayerReference]] = {}
    with (folder / "reference" / "densities.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name, layer = row["layout"], row["layer"]
            pairs = [pair.split("/") for pair in row["gds_layers"].split()]
            corner = folder / "reference" / f"{name}__{layer.replace('+', '_')}__corner20.csv"
            found.setdefault(folder / f"{name}.gds.gz", []).append(
                LayerReference(
                    layer,
                    tuple((int(a), int(b)) for a, b in pairs),
                    np.loadtxt(corner, delimiter=","),
                    *(float(row[key]) for key in ("mean_all", "std_all", "min_all", "max_all", "chip_density")),
                )
            )
    return found
