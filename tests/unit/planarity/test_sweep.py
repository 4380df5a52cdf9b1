"""Sweeps through one map, and coarser maps of the same chip."""

from __future__ import annotations

import numpy as np
import pytest
from chips import blocks, oxide

from planaris.planarity import SweepPoint, chip_process, coarser, pattern_maps, polish, process_pool, statistics, sweep

POINTS = [
    SweepPoint("oxide, 60 s", oxide(60.0)),
    SweepPoint("oxide, 90 s, coarse", oxide(60.0), coarser=2, time_s=90.0),
    SweepPoint("copper in a field", chip_process("cu"), surround=0.3),
]


def test_a_sweep_has_a_row_for_every_point_in_order() -> None:
    maps = blocks()
    rows = sweep(maps, POINTS)
    assert [row.label for row in rows] == [point.label for point in POINTS]
    assert rows[0].figures == statistics(polish(maps, oxide(60.0)))
    assert (rows[1].cell_um, rows[1].time_s) == (200.0, 90.0)


def test_a_pool_gives_what_one_process_gives() -> None:
    assert sweep(blocks(), POINTS[:2], process_pool(2)) == sweep(blocks(), POINTS[:2])


def test_coarser_maps_keep_area_outline_and_box() -> None:
    random = np.random.default_rng(2)
    inside = np.ones((7, 10))
    inside[-1] = 0.25
    area, outline = random.random((7, 10)) * inside * 1e4, random.random((7, 10)) * 1e3
    fine = pattern_maps(100.0, -5.0, 7.0, area, outline, inside)
    wide = coarser(fine, 3)
    assert wide.shape == (3, 4)
    assert wide.cell_um == 300.0
    for maps in (fine, wide):
        box = maps.inside * maps.cell_um**2
        assert (maps.density * box).sum() == pytest.approx(area.sum(), rel=1e-12)
        assert (maps.perimeter_um_per_um2 * box).sum() == pytest.approx(outline.sum(), rel=1e-12)
        assert box.sum() == pytest.approx(inside.sum() * 1e4, rel=1e-12)
    assert coarser(fine, 1) is fine
