"""One platen through a block: what a process engineer knows must come out of state."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from polish_case import GRID, LAW, PSI_KPA, drive, model, rows, state

from planaris import physics

DT_S = 0.1


def removal_nm(block: physics.PlatenBlock) -> float:
    return float(physics.area_mean(block.rate_nm_min.sum(axis=0) * DT_S / 60.0, GRID))


@pytest.mark.parametrize("cut", [1, 3, 20])
def test_splitting_a_block_changes_no_bit(cut: int) -> None:
    whole = physics.polish_block(state(), drive(60), model(), DT_S)
    now, parts = state(), []
    for k in range(0, 60, cut):
        parts.append(physics.polish_block(now, rows(drive(60), k, k + cut), model(), DT_S))
        now = parts[-1].state
    for name in (f.name for f in fields(physics.PlatenBlock) if f.name != "state"):
        joined = np.concatenate([getattr(p, name) for p in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name), err_msg=name)
    for name in ("temperature_C", "populations", "solids_ratio"):
        np.testing.assert_array_equal(getattr(now, name), getattr(whole.state, name), err_msg=name)


def test_nothing_pressing_gives_the_bits_that_it_gives_before_something_presses() -> None:
    films = replace(model(), under_laws=(replace(LAW, k2_nm_min=float("inf")),))
    pressed, up = drive(40), np.arange(40) < 30
    lowered = replace(
        pressed,
        zone_pressures_kPa=np.where(up[:, None], 0.0, pressed.zone_pressures_kPa),
        ring_pressure_kPa=np.where(up, 0.0, pressed.ring_pressure_kPa),
    )
    whole = physics.polish_block(state(), lowered, films, DT_S)
    alone = physics.polish_block(state(), rows(lowered, 0, 30), films, DT_S)
    for name in (f.name for f in fields(physics.PlatenBlock) if f.name not in {"state", "under_rates_nm_min"}):
        np.testing.assert_array_equal(getattr(alone, name), getattr(whole, name)[:30], err_msg=name)
    (under,) = alone.under_rates_nm_min
    np.testing.assert_array_equal(under, whole.under_rates_nm_min[0][:30])
    assert whole.rate_nm_min[-1].min() > 0.0


def test_finer_edges_give_the_same_polish() -> None:
    # States are exact; the rate takes the mean of both ends, which errs at second order in the interval.
    still = replace(drive(60), center_distance_mm=np.full(60, 125.0), sweep_speed_mm_s=np.zeros(60))
    fine = replace(drive(600), center_distance_mm=np.full(600, 125.0), sweep_speed_mm_s=np.zeros(600))
    coarse = physics.polish_block(state(solids_ratio=0.2), still, model(), 1.0)
    dense = physics.polish_block(state(solids_ratio=0.2), fine, model(), 0.1)
    np.testing.assert_allclose(coarse.state.temperature_C, dense.state.temperature_C, rtol=1e-12)
    np.testing.assert_allclose(coarse.state.populations, dense.state.populations, rtol=1e-12)
    assert 10.0 * removal_nm(coarse) == pytest.approx(removal_nm(dense), rel=1e-3)


def test_a_cold_pad_removes_less() -> None:
    first = physics.polish_block(state(22.0), drive(400), model(), DT_S)
    later = physics.polish_block(first.state, drive(400), model(), DT_S)
    assert 1.02 < removal_nm(later) / removal_nm(first) < 1.2
    assert np.all(np.diff(first.wafer_temperature_C[:, 0]) > 0.0)


def test_a_dull_disk_costs_rate() -> None:
    # Steady state of contacts under a new disk and under one at a fifth of its cut.
    rates = []
    for conditioning in (1.0, 0.2):
        now = state(35.0)
        for _ in range(8):
            now = physics.polish_block(now, drive(400, conditioning=conditioning), model(), DT_S).state
        rates.append(removal_nm(physics.polish_block(now, drive(400, conditioning=conditioning), model(), DT_S)))
    assert 0.85 < rates[1] / rates[0] < 0.97


def test_the_edge_answers_to_the_ring() -> None:
    rim = GRID.r_mm > 96.0
    profiles = [
        physics.polish_block(state(), drive(5, ring_psi=psi), model(), DT_S).rate_nm_min[-1] for psi in (3.3, 4.8)
    ]
    relative = [p[rim].mean() / p[GRID.r_mm < 70.0].mean() for p in profiles]
    assert relative[0] - relative[1] > 0.05


def test_rinse_water_stops_the_removal() -> None:
    polishing = physics.polish_block(state(), drive(50), model(), DT_S)
    rinsing = physics.polish_block(
        polishing.state, drive(50, zone_psi=1.0, ring_psi=1.5, slurry_ml_min=0.0, water_ml_min=2000.0), model(), DT_S
    )
    assert np.all(rinsing.rate_nm_min == 0.0)
    assert float(rinsing.state.solids_ratio) < 0.01
    assert rinsing.temperature_C[-1].max() < polishing.temperature_C[-1].max()


def test_grooves_fill_again_after_a_rinse() -> None:
    block = physics.polish_block(state(solids_ratio=0.0), drive(300), model(), DT_S)
    solids = block.solids_ratio
    assert np.all(np.diff(solids) > 0.0)
    assert solids[78 - 1] == pytest.approx(1.0 - np.exp(-1.0), abs=0.01)  # 26 ml at 200 ml/min: 7.8 s
    assert block.rate_nm_min[0, 0] < 0.3 * block.rate_nm_min[-1, 0]


def test_no_pressure_no_removal_but_conditioning_goes_on() -> None:
    block = physics.polish_block(state(theta=0.5), drive(600, zone_psi=0.0, ring_psi=0.0), model(), DT_S)
    assert np.all(block.rate_nm_min == 0.0)
    assert np.all(block.friction_W == 0.0)
    assert block.theta[-1].mean() > 0.8


def test_preston_is_the_limit_of_the_whole_chain() -> None:
    plain = physics.RemovalLaw(1.5e-13)
    slurry = physics.SlurryConstants(supply_flow_ml_min=0.0)
    whole = replace(model(plain), slurry=slurry, freshness=physics.FreshnessConstants(beta_fraction=0.0), law=plain)
    block = physics.polish_block(state(), drive(5), whole, DT_S)
    expected = 1.5e-13 * 1e3 * np.maximum(block.pressure_kPa, 0.0) * block.velocity_m_s * 6e10
    np.testing.assert_allclose(block.rate_nm_min, expected, rtol=1e-12)


def test_forces_are_those_of_the_zones() -> None:
    block = physics.polish_block(state(), drive(2), model(), DT_S)
    assert block.wafer_force_N[0] == pytest.approx(3.0 * PSI_KPA * 1e3 * np.pi * 0.099**2, rel=1e-9)
    assert block.ring_force_N[0] == pytest.approx(3.9 * PSI_KPA * 1e3 * np.pi * (0.12**2 - 0.1005**2), rel=1e-9)
    np.testing.assert_allclose(block.wafer_drag_N, 0.18 * block.wafer_force_N)


def test_wafer_and_ring_both_rub_on_the_pad() -> None:
    # P·V of a pad ring times its area, over all rings, is the P·V·A of wafer and retaining ring together.
    geometry = model().geometry
    both = physics.polish_block(state(), drive(2), model(), DT_S)
    wafer = physics.polish_block(state(), drive(2, ring_psi=0.0), model(), DT_S)
    speed = physics.mean_sliding_speed(
        np.array([geometry.retaining_radius_mm]), 93.0, 87.0, drive(2).center_distance_mm, drive(2).sweep_speed_mm_s
    )[:, 0]
    rubbed = (both.pv_ring_kPa_m_s - wafer.pv_ring_kPa_m_s) @ geometry.pad_area_m2
    # The ring also moves load on the wafer: its speed there differs by less than 1e-3 from place to place.
    np.testing.assert_allclose(rubbed, 1e-3 * both.ring_force_N * speed, rtol=1e-3)
    under = both.pressure_kPa * both.velocity_m_s @ GRID.ring_area_m2
    np.testing.assert_allclose(both.pv_ring_kPa_m_s @ geometry.pad_area_m2 - rubbed, under, rtol=1e-3)


def test_default_recipe_raises_no_flag() -> None:
    now = state(23.0)
    for _ in range(5):
        block = physics.polish_block(now, drive(400, zone_psi=4.0, ring_psi=5.2), model(), DT_S)
        assert physics.polish_flags(block, drive(400, zone_psi=4.0, ring_psi=5.2), model()) == physics.ModelFlag.NONE
        now = block.state


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"zone_psi": 0.5, "ring_psi": 0.6}, physics.ModelFlag.PRESSURE_RANGE),
        ({"ring_psi": 8.0}, physics.ModelFlag.RING_RANGE),
        ({"slurry_ml_min": 70.0}, physics.ModelFlag.SLURRY_SUPPLY),
        ({"slurry_ml_min": 450.0}, physics.ModelFlag.FLOW_RANGE),
    ],
)
def test_leaving_a_range_is_flagged_and_not_clipped(change: dict[str, float], flag: physics.ModelFlag) -> None:
    bad = drive(3, **change)  # pyright: ignore[reportArgumentType]
    block = physics.polish_block(state(), bad, model(), DT_S)
    assert physics.polish_flags(block, bad, model()) == flag
    assert physics.polish_flags(block, bad, model(), np.zeros(3, dtype=bool)) == physics.ModelFlag.NONE
    assert np.all(block.rate_nm_min[:, :50] > 0.0)


def test_glazing_and_heat_are_flagged() -> None:
    block = physics.polish_block(state(58.0, theta=0.2), drive(2, conditioning=0.0), model(), DT_S)
    expected = physics.ModelFlag.TEMPERATURE_RANGE | physics.ModelFlag.PAD_GLAZED
    assert physics.polish_flags(block, drive(2), model()) == expected


def test_rate_is_near_what_the_package_says() -> None:
    # The law's own reference: 225 nm/min at 3 psi and 93 rpm on 125 mm at 30 °C and 150 ml/min, all contacts fresh.
    one = replace(drive(1, slurry_ml_min=150.0), center_distance_mm=np.full(1, 125.0), sweep_speed_mm_s=np.zeros(1))
    block = physics.polish_block(state(30.0, theta=1.0), one, model(LAW), DT_S)
    centre = block.rate_nm_min[0, GRID.r_mm < 70.0].mean()
    assert centre == pytest.approx(225.0, rel=0.01)
