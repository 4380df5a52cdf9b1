"""Chip scale: a 20 mm die polished for 60 s, the verification grid, and a gradient by all densities.

The die is of seeded 1 mm blocks on a 20 µm grid (1000²); the verification grid is 2048². Times are after set-up: maps
and the pad's filter are made before. Wall times are of as many threads as there are cores; processor times serve
where others use the machine.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmark_result import Better, Result
from planaris.planarity import PatternMaps, chip_process, pad_filter, pattern_maps, polish, polish_gradient

NAME = "chip"
DIE_mm, TIME_s = 20.0, 60.0
# What the goals ask.
GRID, GRID_LIMIT_s, FINE, FINE_LIMIT_s, GRADIENT_LIMIT = 1000, 2.0, 2048, 15.0, 5.0
REPEATS = 3
_BLOCKS, _LINE_um = 20, 0.5


def die(cells: int) -> PatternMaps:
    """Return a 20 mm die of 1 mm blocks of seeded densities, on a grid of so many cells a side."""
    levels = np.random.default_rng(0).uniform(0.1, 0.9, (_BLOCKS, _BLOCKS))
    at = np.arange(cells) * _BLOCKS // cells
    cell_um = 1000.0 * DIE_mm / cells
    area = levels[at[:, None], at[None, :]] * cell_um**2
    return pattern_maps(cell_um, 0.0, 0.0, area, 2.0 * area / _LINE_um, np.ones((cells, cells)))


def _timed(job: Callable[[], object], repeats: int = REPEATS) -> tuple[float, float]:
    """Return the least wall time of some runs and the least processor time."""
    walls: list[float] = []
    busy: list[float] = []
    for _ in range(repeats):
        begin, used = time.perf_counter(), time.process_time()
        job()
        walls.append(time.perf_counter() - begin)
        busy.append(time.process_time() - used)
    return min(walls), min(busy)


def run() -> list[Result]:
    """Measure, say what each took, and compare with the goals."""
    workers = os.cpu_count() or 1
    usual = chip_process("oxide")
    process = replace(usual, stages=(replace(usual.stages[0], ends=TIME_s),))
    results: list[Result] = []

    def note(label: str, wall: float, busy: float) -> None:
        print(f"  {label}: {wall:.2f} s, of processors {busy:.2f} s", file=sys.stderr, flush=True)

    small = die(GRID)
    pad = pad_filter(small, process, workers=workers)
    forward = _timed(lambda: polish(small, process, pad=pad, workers=workers))
    note(f"{GRID}²", *forward)
    against = "goal on 2 cores, after set-up"
    results.append(Result(f"chip {GRID}², 60 s oxide, wall", forward[0], "s", GRID_LIMIT_s, Better.LESS, against))
    results.append(
        Result(
            f"chip {GRID}², processor time", forward[1], "s", workers * GRID_LIMIT_s, Better.LESS, "the same, all cores"
        )
    )
    backward = _timed(lambda: polish_gradient(small, process, pad=pad, workers=workers))
    note("TIR and its gradient by all densities", *backward)
    # By processor time: threads wait for each other where others use the machine.
    ratio = backward[1] / forward[1]
    results.append(Result("TIR gradient over a polish", ratio, "x", GRADIENT_LIMIT, Better.LESS, "goal"))
    copper = chip_process("cu")
    two_steps = _timed(lambda: polish(small, copper, pad=pad, workers=workers), 1)
    note("the same die in copper, two steps to clearing", *two_steps)
    results.append(
        Result(f"chip {GRID}², Cu to clearing, wall", two_steps[0], "s", FINE_LIMIT_s, Better.LESS, "no goal")
    )
    fine = die(FINE)
    wide = pad_filter(fine, process, workers=workers)
    verify = _timed(lambda: polish(fine, process, pad=wide, workers=workers), 1)
    note(f"{FINE}²", *verify)
    results.append(Result(f"chip {FINE}², 60 s oxide, wall", verify[0], "s", FINE_LIMIT_s, Better.LESS, against))
    heights = polish(small, process, pad=pad, workers=workers).surface_nm
    same = polish(fine, process, pad=wide, workers=workers).surface_nm
    apart = abs(float(np.ptp(heights)) / float(np.ptp(same)) - 1.0)
    results.append(Result("TIR of the grid off the fine one", 100.0 * apart, "%", 1.0, Better.LESS, "a percent"))
    return results
