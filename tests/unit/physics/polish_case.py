"""One platen as most tests want it: tool A, 200 mm, oxide, 3 psi at 93/87 rpm."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from planaris import physics

PSI_KPA = 6.894757293168
GRID = physics.PolarGrid()
PAD_EDGES_MM = np.linspace(0.0, 254.0, 17)
LAW = physics.RemovalLaw(
    1.579e-13,
    k2_nm_min=3939.0,
    activation_kJ_mol=16.6,
    activation_mechanical_kJ_mol=8.75,
    temperature_ref_C=30.0,
    exponent_solids=1.67,
)


@lru_cache
def model(law: physics.RemovalLaw = LAW) -> physics.PlatenModel:
    geometry = physics.platen_geometry(GRID, PAD_EDGES_MM, 125.0, 5.0, ring_inner_mm=100.5, ring_outer_mm=120.0)
    return physics.PlatenModel(
        geometry=geometry,
        pressure_matrix=physics.pressure_matrix(GRID.r_mm, (85.0, 95.0, 99.0)),
        law=law,
        friction_coefficient=0.18,
        ring_friction_coefficient=0.15,
        groove_volume_ml=26.0,
    )


def state(temperature_C: float = 23.0, theta: float = 0.9, solids_ratio: float = 1.0) -> physics.PlatenState:
    n_ring = len(PAD_EDGES_MM) - 1
    return physics.PlatenState(np.full(n_ring, temperature_C), np.full((3, n_ring), theta), np.asarray(solids_ratio))


@lru_cache
def cut_um_h() -> np.ndarray:
    centers = physics.sweep_positions_mm(55.0, 199.0)
    return physics.cut_rate(
        PAD_EDGES_MM,
        centers,
        np.full(len(centers), 1.0 / len(centers)),
        platen_speed_rpm=93.0,
        disk_speed_rpm=73.0,
        force_N=22.24,
        disk=physics.DiskConstants(),
    )


def drive(
    n_t: int,
    *,
    zone_psi: float = 3.0,
    ring_psi: float = 3.9,
    slurry_ml_min: float = 200.0,
    water_ml_min: float = 0.0,
    conditioning: float = 1.0,
) -> physics.PlatenDrive:
    one = np.ones(n_t)
    e_mm, e_mm_s = physics.sweep_position(0.1 * np.arange(n_t, dtype=np.float64), 125.0, 5.0, 10.0)
    return physics.PlatenDrive(
        zone_pressures_kPa=np.full((n_t, 3), zone_psi * PSI_KPA),
        ring_pressure_kPa=ring_psi * PSI_KPA * one,
        platen_speed_rpm=93.0 * one,
        head_speed_rpm=87.0 * one,
        center_distance_mm=e_mm,
        sweep_speed_mm_s=e_mm_s,
        slurry_flow_ml_min=slurry_ml_min * one,
        water_flow_ml_min=water_ml_min * one,
        slurry_temperature_C=22.0,
        platen_temperature_C=22.0,
        air_temperature_C=22.0,
        cut_um_h=conditioning * np.broadcast_to(cut_um_h(), (n_t, len(cut_um_h()))),
    )


def rows(whole: physics.PlatenDrive, start: int, stop: int) -> physics.PlatenDrive:
    """Return a part of a drive's intervals."""
    parts = {
        name: value[start:stop]
        for name in whole.__dataclass_fields__
        if isinstance(value := getattr(whole, name), np.ndarray)
    }
    return replace(whole, **parts)
