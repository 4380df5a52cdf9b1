"""What goes in comes out or stays: load, heat, solute, cut volume, area; and no bit depends on how time is cut."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planaris import physics
from planaris.physics.heat import SLURRY_HEAT_W_K_PER_ML_MIN

CONSERVED = 1e-6  # the project's bound for balances
GRIDS = {n: physics.PolarGrid(n_r=n) for n in (24, 64)}
EDGES = np.linspace(0.0, 254.0, 17)


@st.composite
def heads(draw: st.DrawFn) -> tuple[tuple[float, ...], list[float]]:
    """Zone borders from the centre out, ending at 90–100 mm, and as many pressures."""
    n = draw(st.integers(1, 5))
    inner = sorted(draw(st.lists(st.floats(10.0, 85.0), min_size=n - 1, max_size=n - 1, unique=True)))
    zones = (*inner, draw(st.floats(90.0, 100.0)))
    return zones, draw(st.lists(st.floats(0.0, 60.0), min_size=n, max_size=n))


@settings(max_examples=40, deadline=None)
@given(
    heads(),
    st.floats(0.0, 100.0),
    st.builds(physics.EdgeTerm, st.floats(-1.5, 1.5), st.floats(1.5, 12.0)),
    st.floats(2.0, 8.0),
    st.sampled_from(sorted(GRIDS)),
)
def test_load_is_conserved(
    head: tuple[tuple[float, ...], list[float]], ring: float, edge: physics.EdgeTerm, kernel: float, n_r: int
) -> None:
    zones, given_kPa = head
    grid = GRIDS[n_r]
    pressure = physics.pressure_matrix(grid.r_mm, zones, edge, kernel) @ np.append(given_kPa, ring)
    areas = math.pi * 1e-6 * np.diff(np.square([0.0, *zones]))
    scale = sum(given_kPa) + ring
    assert abs(pressure @ grid.ring_area_m2 - given_kPa @ areas) <= CONSERVED * 0.0314 * scale


@given(
    st.lists(st.floats(0.0, 60.0), min_size=16, max_size=16),
    st.floats(0.0, 500.0),
    st.floats(10.0, 30.0),
    st.floats(15.0, 60.0),
    st.floats(0.01, 100.0),
)
def test_heat_is_conserved(friction_W: list[float], flow: float, coolant_C: float, start_C: float, dt_s: float) -> None:
    heat, area = physics.HeatConstants(), physics.ring_areas_m2(EDGES)
    share = area / area.sum()
    target, rate = physics.temperature_rates(
        np.asarray([friction_W]), flow, 22.0, coolant_C, 24.0, ring_area_m2=area, constants=heat
    )
    start = np.full(16, start_C)
    end = physics.relax(start, target, rate, dt_s)[0]
    mean = target[0] + (start - end) / (rate[0] * dt_s)
    slurry_W_K = SLURRY_HEAT_W_K_PER_ML_MIN * flow
    lost_W = share * (
        slurry_W_K * (mean - 22.0)
        + heat.pad_conductance_W_K * (mean - coolant_C)
        + heat.air_conductance_W_K * (mean - 24.0)
    )
    balance_J = (heat.friction_to_pad_fraction * np.asarray(friction_W) - lost_W) * dt_s
    stored_J = heat.capacity_J_K * share * (end - start)
    # Relative to the heat that passed through or is held above 0 °C, whichever is more.
    scale = np.abs(lost_W * dt_s) + heat.capacity_J_K * share * np.maximum(start, end)
    assert np.all(np.abs(balance_J - stored_J) <= CONSERVED * scale)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 3000.0), st.floats(1.0, 40.0), st.floats(0.0, 600.0))
def test_solute_is_conserved(start: float, inlet: float, flow: float, volume: float, dt_s: float) -> None:
    step = physics.groove_step(start, inlet, flow, volume, dt_s)
    stored = (float(step.concentration) - start) * volume
    scale = float(step.solute_in_ml) + volume
    assert abs(float(step.solute_in_ml) - float(step.solute_out_ml) - stored) <= CONSERVED * scale
    assert 0.0 <= float(step.concentration) <= 1.0
    assert float(step.solute_out_ml) >= -CONSERVED * scale


@settings(max_examples=25, deadline=None)
@given(st.floats(55.0, 120.0), st.floats(125.0, 200.0), st.floats(20.0, 150.0), st.floats(10.0, 50.0))
def test_cut_volume_is_force_times_distance(inner: float, outer: float, rpm: float, force_N: float) -> None:
    disk, centers = physics.DiskConstants(), physics.sweep_positions_mm(inner, outer, 24)
    dwell = np.full(24, 1.0 / 24)
    cut = physics.cut_rate(EDGES, centers, dwell, platen_speed_rpm=rpm, disk_speed_rpm=rpm, force_N=force_N, disk=disk)
    # Equal turning: every grit slides at ω·e.
    expected = disk.cut_m2_N * force_N * rpm * math.pi / 30.0 * 1e-3 * centers.mean() * 3600e9
    assert abs(float(physics.total_cut_mm3_h(cut, EDGES)) - expected) <= CONSERVED * expected


@given(st.floats(5.0, 100.0), st.floats(0.0, 150.0))
def test_areas_under_a_disk_add_up(radius_mm: float, distance_mm: float) -> None:
    covered = physics.ring_cover(EDGES, radius_mm, distance_mm) @ physics.ring_areas_m2(EDGES)
    assert abs(covered / (math.pi * radius_mm**2 * 1e-6) - 1.0) <= CONSERVED


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_no_bit_depends_on_how_time_is_cut(n_t: int, piece: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, target, rate = rng.random(5), rng.random((n_t, 5)), rng.random((n_t, 5))
    whole = physics.march(start, target, rate, 0.1)
    now = start
    for k in range(0, n_t, piece):
        now = physics.march(now, target[k : k + piece], rate[k : k + piece], 0.1)[-1]
    np.testing.assert_array_equal(now, whole[-1])
