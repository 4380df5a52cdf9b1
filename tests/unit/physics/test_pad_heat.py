"""Ring temperatures of the pad."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from polish_case import GRID, PAD_EDGES_MM, PSI_KPA, drive, model, state

from planaris import physics
from planaris.physics.heat import SLURRY_HEAT_W_K_PER_ML_MIN

HEAT = physics.HeatConstants()
AREA = physics.ring_areas_m2(PAD_EDGES_MM)


def test_friction_power_of_white_2003() -> None:
    # μ 0.18, 6 psi, 3.14 ft/s (0.957 m/s), 8 in wafer: 231.1 W (T), within 1 % (V12).
    area = np.pi * (0.1016) ** 2
    assert float(physics.friction_power_W(0.18, 6.0 * PSI_KPA, 0.957, area)) == pytest.approx(231.1, rel=0.01)


def test_slurry_carries_what_its_flow_can() -> None:
    assert pytest.approx(17.4, abs=0.05) == SLURRY_HEAT_W_K_PER_ML_MIN * 250.0


@pytest.mark.parametrize("dt_s", [0.1, 30.0])
def test_energy_balance_closes(dt_s: float) -> None:
    rng = np.random.default_rng(3)
    heat_W, start = rng.uniform(0.0, 40.0, (1, 16)), rng.uniform(18.0, 45.0, 16)
    target, rate = physics.temperature_rates(heat_W, 180.0, 22.0, 20.0, 24.0, ring_area_m2=AREA, constants=HEAT)
    end = physics.march(start, target, rate, dt_s)[0]
    # Mean over the interval of an exponential, exactly.
    mean = target[0] + (start - end) / (rate[0] * dt_s)
    share = AREA / AREA.sum()
    loss_W = share * (
        SLURRY_HEAT_W_K_PER_ML_MIN * 180.0 * (mean - 22.0)
        + HEAT.pad_conductance_W_K * (mean - 20.0)
        + HEAT.air_conductance_W_K * (mean - 24.0)
    )
    given_W = HEAT.friction_to_pad_fraction * heat_W[0]
    stored_J = HEAT.capacity_J_K * share * (end - start)
    np.testing.assert_allclose((given_W - loss_W) * dt_s, stored_J, atol=1e-6 * np.abs(given_W * dt_s).max())


def test_time_constant_is_within_the_published_range() -> None:
    _, rate = physics.temperature_rates(
        np.zeros((1, 16)), np.array([250.0]), 22.0, 20.0, 24.0, ring_area_m2=AREA, constants=HEAT
    )
    assert 19.0 <= 1.0 / rate[0, 0] <= 74.0


def test_pad_warms_by_15_K_in_90_s() -> None:
    # Shin 2025 (F): 2 psi, 93 rpm, 150 ml/min, 200 mm; hottest ring, ±30 % (V12). Ring at 1.25 times the zone.
    cold = drive(900, zone_psi=2.0, ring_psi=2.5, slurry_ml_min=150.0, conditioning=0.0)
    cold = replace(cold, slurry_temperature_C=23.0, platen_temperature_C=23.0, air_temperature_C=23.0)
    rise = physics.polish_block(state(23.0), cold, model(), 0.1).temperature_C[-1].max() - 23.0
    assert rise == pytest.approx(15.0, rel=0.30)


def test_all_friction_reaches_the_pad_rings() -> None:
    block = physics.polish_block(state(), drive(3), model(), 0.1)
    pv_m = 1e3 * (block.pressure_kPa * block.velocity_m_s) @ GRID.ring_area_m2
    ring = (
        block.ring_force_N
        * physics.mean_sliding_speed(
            np.array([110.25]), 93.0, 87.0, drive(3).center_distance_mm, drive(3).sweep_speed_mm_s
        )[:, 0]
    )
    np.testing.assert_allclose(block.friction_W, 0.18 * pv_m + 0.15 * ring, rtol=1e-12)


def test_coolant_and_pad_surface_are_two_temperatures() -> None:
    warm = physics.polish_block(state(22.0), drive(600), model(), 0.1).temperature_C[-1]
    cooled = replace(drive(600), platen_temperature_C=15.0)
    colder = physics.polish_block(state(22.0), cooled, model(), 0.1).temperature_C[-1]
    assert np.all(warm - colder > 0.5), "the coolant is felt"
    assert np.all(warm - colder < 7.0), "but through the pad, not as its surface"
