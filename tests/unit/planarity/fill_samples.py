"""A small chip, rules for its fill, and a field in which it stands between dense neighbours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gdstk
import numpy as np

from planaris.planarity import (
    FillRules,
    Layout,
    PatternMaps,
    PatternProcess,
    Placed,
    Reticle,
    chip_process,
    pattern_maps,
    read_layout,
    reticle_of,
)

CELL_UM = 50.0
RULES = FillRules(
    name="metal", drawn=((8, 0),), fill=(8, 22), keep_out=((8, 23),), sizes_um=(8.0, 6.0, 4.0, 2.0), fill_space_um=1.0,
    drawn_space_um=1.5, keep_out_space_um=2.0, edge_um=5.0, window_um=400.0, density_min_fraction=0.15,
    density_max_fraction=0.7, target_fraction=0.4,
)  # fmt: skip


def chip_file(folder: Path) -> Path:
    """Write a chip of 1 mm: a comb of lines, a pad with slanted corners, a keep-out area, much that is empty."""
    made = gdstk.Library()
    chip, line = made.new_cell("CHIP"), made.new_cell("LINE")
    line.add(gdstk.rectangle((0, 0), (1.0, 300.0), layer=8))
    chip.add(gdstk.Reference(line, (100, 500), columns=150, rows=1, spacing=(2.0, 1.0)))
    chip.add(gdstk.Polygon([(620, 600), (680, 600), (700, 620), (700, 680), (680, 700), (620, 700)], layer=8))
    chip.add(gdstk.rectangle((500.3, 100.1), (900.7, 103.2), layer=8), gdstk.rectangle((750, 750), (850, 850), 8, 23))
    chip.add(gdstk.rectangle((0, 0), (1000, 1000), layer=99))
    path = folder / "chip.gds"
    made.write_gds(path)
    return path


def chip(folder: Path) -> Layout:
    """Return the chip."""
    return read_layout(chip_file(folder))


def uniform(density: float, cells: int) -> PatternMaps:
    """Return maps of a chip of lines of 1 µm at one density."""
    area = np.full((cells, cells), density * CELL_UM**2)
    return pattern_maps(CELL_UM, 0.0, 0.0, area, 2.0 * area, np.ones((cells, cells)))


def reticle(target: PatternMaps) -> Reticle:
    """Return a field with four copies of the chip in the middle of dense ones."""
    dense = uniform(0.6, 60)
    neighbours = [(0, 0), (0, 3000), (5200, 0), (5200, 3000)]
    chips = [Placed("dense", dense, float(x), float(y)) for x, y in neighbours]
    chips += [Placed("chip", target, x, y) for x in (3050.0, 4150.0) for y in (1950.0, 3000.0)]
    return reticle_of("field", "a field", (8200.0, 6000.0), 0.55, chips, (4, 5, 6, 7))


def long_polish() -> PatternProcess:
    """Return an oxide polish that leaves next to no step, so that TIR is what the pad makes of densities."""
    process = chip_process("oxide")
    return replace(process, stages=(replace(process.stages[0], ends=260.0),))
