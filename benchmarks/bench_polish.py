"""One 60 s polish in physics alone: edges of 0.1 s in blocks as the twin takes them, to the wafer's 64 × 32 map."""

from __future__ import annotations

import statistics
import time

import numpy as np
from numpy.typing import NDArray

from benchmark_result import Better, Result
from planaris import physics

NAME = "polish"
LIMIT_MS = 20.0
POLISH_S, EDGE_S, BLOCK_EDGES = 60.0, 0.1, 100
REPEATS = 25
_KPA_PER_PSI = 6.894757293168


def _model(grid: physics.PolarGrid) -> physics.PlatenModel:
    """Tool A with a head of three zones and 16 pad rings, oxide."""
    edges_mm = np.linspace(0.0, 254.0, 17)
    geometry = physics.platen_geometry(grid, edges_mm, 125.0, 5.0, ring_inner_mm=100.5, ring_outer_mm=120.0)
    return physics.PlatenModel(
        geometry=geometry,
        pressure_matrix=physics.pressure_matrix(grid.r_mm, (85.0, 95.0, 99.0)),
        law=physics.RemovalLaw(
            1.579e-13, k2_nm_min=3939.0, activation_kJ_mol=16.6, temperature_ref_C=30.0, exponent_solids=1.67
        ),
        friction_coefficient=physics.FRICTION_COEFFICIENT["oxide"],
        ring_friction_coefficient=0.15,
        groove_volume_ml=26.0,
    )


def _drive(first: int, n: int) -> physics.PlatenDrive:
    """3 psi at 93/87 rpm, sweeping and conditioned in situ."""
    one = np.ones(n)
    e_mm, e_mm_s = physics.sweep_position(EDGE_S * (first + np.arange(n, dtype=np.float64)), 125.0, 5.0, 10.0)
    return physics.PlatenDrive(
        zone_pressures_kPa=np.full((n, 3), 3.0 * _KPA_PER_PSI),
        ring_pressure_kPa=3.9 * _KPA_PER_PSI * one,
        platen_speed_rpm=93.0 * one,
        head_speed_rpm=87.0 * one,
        center_distance_mm=e_mm,
        sweep_speed_mm_s=e_mm_s,
        slurry_flow_ml_min=200.0 * one,
        water_flow_ml_min=0.0 * one,
        slurry_temperature_C=22.0,
        platen_temperature_C=22.0,
        air_temperature_C=22.0,
        cut_um_h=np.full((n, 16), 30.0),
    )


def polish(model: physics.PlatenModel, grid: physics.PolarGrid) -> NDArray[np.float64]:
    """Return the removal map in nm (n_r, n_theta) of one wafer, flags looked at on the way."""
    state = physics.PlatenState(np.full(16, 25.0), np.full((3, 16), 0.9), 1.0)
    removed_nm = np.zeros((grid.n_r, grid.n_theta))
    for first in range(0, round(POLISH_S / EDGE_S), BLOCK_EDGES):
        drive = _drive(first, BLOCK_EDGES)
        block = physics.polish_block(state, drive, model, EDGE_S)
        physics.polish_flags(block, drive, model)
        removed_nm += (EDGE_S / 60.0 * block.rate_nm_min.sum(axis=0))[:, None]
        state = block.state
    return removed_nm


def run() -> list[Result]:
    """Polish again and again; processor time of all threads, which is wall time of one core."""
    grid = physics.PolarGrid()
    model = _model(grid)
    polish(model, grid)
    times_ms: list[float] = []
    for _ in range(REPEATS):
        begin = time.process_time()
        polish(model, grid)
        times_ms.append(1e3 * (time.process_time() - begin))
    return [
        Result(
            f"{POLISH_S:.0f} s polish, {grid.n_r}x{grid.n_theta} map, {EDGE_S:g} s edges",
            statistics.median(times_ms), "ms", LIMIT_MS, Better.LESS, "promised; one core",
        )
    ]  # fmt: skip
