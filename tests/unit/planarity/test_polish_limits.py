"""Polished chips in the limits that have closed forms, and what no polish may do."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from chips import BLANKET_NM_MIN, MOVES, SIGMA_NM, STEP_NM, blocks, chip, oxide, two_films, uniform

from planaris.model import Layer
from planaris.physics import ContactConstants, TwoMaterials, contact_step_after_nm, density_heights
from planaris.planarity import PatternProcess, Topography, chip_process, pattern_maps, polish, statistics

# Rounding of heights of 1e3 nm over some hundred additions.
EXACT_NM = 1e-9
FULL_NM = 2000.0


def blanket_nm(time_s: float) -> float:
    return BLANKET_NM_MIN * time_s / 60.0


@pytest.mark.parametrize("name", ["oxide", "sti", "w", "cu"])
@pytest.mark.parametrize("density", [0.1, 0.5, 0.9])
def test_a_uniform_layout_has_no_tir(name: str, density: float) -> None:
    found = statistics(polish(uniform(density), chip_process(name)))
    assert found.TIR_nm < 1e-6 * STEP_NM
    assert found.up_TIR_nm < 1e-6 * STEP_NM


def test_no_step_is_a_blanket_wafer() -> None:
    surface = polish(blocks(), oxide(step_nm=0.0))
    assert np.allclose(FULL_NM - surface.up_nm, blanket_nm(60.0), atol=EXACT_NM)
    assert np.allclose(FULL_NM - surface.down_nm, blanket_nm(60.0), atol=EXACT_NM)


def test_a_high_step_over_a_hard_contact_goes_by_one_over_density() -> None:
    surface = polish(blocks(), oxide(10.0, sigma_nm=5.0))
    rho = surface.effective_density
    # e^(−h/σ) is below 1e-20 all the time.
    assert surface.step_nm.min() > 50 * 5.0
    assert np.allclose(FULL_NM - surface.up_nm, blanket_nm(10.0) / rho, rtol=1e-6)
    assert np.allclose(surface.down_nm, FULL_NM - STEP_NM, atol=1e-6)


def test_the_density_model_is_the_limit_of_a_hard_contact() -> None:
    """K/ρ until ρ·z₁ is gone, then K (Ouma 1998): what σ makes of it on the way shrinks with σ."""
    maps, gaps = blocks(), list[float]()
    for sigma in (40.0, 20.0, 10.0):
        surface = polish(maps, oxide(90.0, sigma_nm=sigma))
        up, _ = density_heights(FULL_NM, STEP_NM, surface.effective_density, blanket_nm(90.0))
        gaps.append(float(np.abs(surface.up_nm - up).max()))
    # Where the two differ most, at the end of the step, the gap goes with σ.
    assert gaps[0] > 1.8 * gaps[1] > 3.2 * gaps[2] > 0.0


def test_a_planarized_chip_has_the_density_model_s_tir() -> None:
    """Δρ̄·z₁ (Ouma 1998, 7.1), by the load that every cell keeps; whatever the contact was on the way."""
    for sigma in (20.0, 40.0):
        surface = polish(blocks(20, 200.0), oxide(300.0, sigma_nm=sigma, length_mm=2.0))
        spread = float(np.ptp(surface.effective_density)) * STEP_NM
        assert surface.step_nm.max() < 1e-3 * spread
        assert statistics(surface).up_TIR_nm == pytest.approx(spread, rel=2e-3)


def test_a_full_layout_is_a_blanket_wafer() -> None:
    surface = polish(uniform(1.0), oxide())
    assert np.allclose(FULL_NM - surface.up_nm, blanket_nm(60.0), rtol=1e-4)


@pytest.mark.parametrize("time_s", [30.0, 60.0, 120.0])
def test_the_step_is_that_of_the_closed_form(time_s: float) -> None:
    surface = polish(blocks(), oxide(time_s))
    closed = contact_step_after_nm(np.array(STEP_NM), surface.effective_density, SIGMA_NM, blanket_nm(time_s))
    # Second order in a time step that removes σ/20.
    assert np.abs(surface.step_nm - closed).max() < 2e-3 * SIGMA_NM


def test_every_cell_keeps_its_load() -> None:
    surface = polish(blocks(), oxide(90.0))
    rho = surface.effective_density
    worn = rho * (FULL_NM - surface.up_nm) + (1.0 - rho) * (FULL_NM - STEP_NM - surface.down_nm)
    assert np.allclose(worn, blanket_nm(90.0), rtol=1e-12)


@pytest.mark.parametrize(("fast", "slow", "start"), [(240.0, 12.0, 0.0), (240.0, 12.0, 45.0), (60.0, 120.0, 0.0)])
def test_a_recess_is_that_of_the_two_material_form(fast: float, slow: float, start: float) -> None:
    """Dishing and erosion of B. Lee and Tugbawa, from either side, with selectivities above and below 1."""
    rho, largest = 0.5, 50.0
    for time_s in (5.0, 40.0, 400.0):
        surface = polish(uniform(rho), two_films(time_s, fast, slow, largest, start))
        pair = TwoMaterials(rho, fast, slow, largest)
        assert surface.step_nm[0, 0] == pytest.approx(float(pair.recess_nm(time_s / 60.0, start)), rel=1e-9)
        if start == 0.0:
            lost = 3000.0 - surface.up_nm[0, 0]
            assert lost == pytest.approx(float(pair.slow_loss_nm(time_s / 60.0)), rel=1e-9)


def test_dishing_and_erosion_of_copper_are_the_fixed_point_of_its_polish() -> None:
    """Long after clearing, the copper process stands at D_ss and wears at the common steady rate."""
    usual = chip_process("cu")
    recess = usual.constants.recess
    assert recess is not None
    stage = replace(usual.stages[0], ends=200.0)
    process = replace(
        usual, stages=(stage,), constants=replace(usual.constants, recess=replace(recess, rounding_ratio=0.0)),
        stack=replace(usual.stack, up=(*usual.stack.up[:2], Layer("TEOS", 5000.0)), down=(Layer("Cu", 9000.0),)),
    )  # fmt: skip
    maps = uniform(0.6)
    early, late = polish(maps, process, time_s=600.0), polish(maps, process, time_s=660.0)
    rates = stage.rates_nm_min
    width, space = float(maps.line_width_um[0, 0]), float(maps.line_space_um[0, 0])
    largest = recess.scale_nm * width**recess.width_exponent_ratio * space**recess.space_exponent_ratio
    pair = TwoMaterials(0.4, rates["Cu"], rates["TEOS"], largest)
    assert late.dishing_nm[0, 0] == pytest.approx(pair.steady_recess_nm, rel=1e-6)
    eroded = late.erosion_nm[0, 0] - early.erosion_nm[0, 0]
    assert eroded == pytest.approx(pair.steady_rate_nm_min, rel=1e-6)


def seeded() -> list[Topography]:
    return [polish(blocks(), oxide(t)) for t in (1.0, 20.0, 60.0, 200.0)]


def test_steps_fall_and_never_turn_over_and_films_never_grow() -> None:
    before = np.inf, np.inf, np.inf
    for surface in seeded():
        now = surface.step_nm, surface.up_nm, surface.down_nm
        assert (surface.step_nm >= 0.0).all()
        for value, last in zip(now, before, strict=True):
            assert (value <= last + EXACT_NM).all()
        before = now


def test_denser_places_wear_slower_on_top() -> None:
    surface = polish(chip(np.tile(np.linspace(0.05, 0.95, 40), (8, 1))), oxide(20.0, length_mm=0.15))
    order = np.argsort(surface.effective_density[0])
    assert (np.diff(surface.up_nm[0, order]) > 0.0).all()


def test_a_longer_pad_length_has_no_larger_tir_on_two_blocks() -> None:
    halves = chip(np.where(np.arange(60)[None, :] < 30, 0.2, 0.8) * np.ones((60, 1)))
    tirs = [statistics(polish(halves, oxide(120.0, length_mm=length))).TIR_nm for length in (0.5, 1.0, 2.0, 4.0)]
    assert all(a >= b for a, b in pairwise(tirs))


def test_mirrored_turned_and_shifted_layouts_give_such_surfaces() -> None:
    process = chip_process("sti")
    maps = blocks()
    surface = polish(maps, process)
    for do in MOVES:
        other = polish(chip(do(maps.density)), process)
        assert np.allclose(other.surface_nm, do(surface.surface_nm), atol=1e-6 * STEP_NM)


def test_narrow_trenches_are_never_polished_faster() -> None:
    bent = oxide(60.0)
    bent = replace(bent, constants=replace(bent.constants, contact=ContactConstants(SIGMA_NM, alpha=11.25)))
    cells = np.full((8, 8), 0.5)
    removed = [float(-polish(chip(cells, width_um=w), bent).down_nm[0, 0]) for w in (1.0, 10.0, 100.0, 1000.0)]
    assert all(a < b for a, b in pairwise(removed))
    plain = polish(chip(cells), oxide(60.0))
    assert removed[-1] == pytest.approx(float(-plain.down_nm[0, 0]), rel=1e-3)


def errors_of_time_steps(process: PatternProcess) -> list[float]:
    maps, steps = blocks(20, 200.0), (2.0, 1.0, 0.5)
    surfaces = [polish(maps, process, longest_step_s=dt).surface_nm for dt in (*steps, 0.125)]
    return [float(np.ptp(s) - np.ptp(surfaces[-1])) for s in surfaces[:-1]]


@pytest.mark.parametrize("name", ["oxide", "sti"])
def test_tir_is_of_second_order_in_time_steps(name: str) -> None:
    """Also where films end within a step; 1.8 is asked of a second-order scheme."""
    usual = chip_process(name)
    took = polish(blocks(20, 200.0), usual).stage_times_s
    times = zip(usual.stages, took, strict=True)
    process = replace(usual, stages=tuple(replace(stage, ends=min(t, 120.0)) for stage, t in times))
    process = replace(process, constants=replace(process.constants, contact=ContactConstants(600.0)))
    found = np.abs(errors_of_time_steps(process))
    assert np.log2(found[0] / found[2]) / 2.0 > 1.8


def test_tir_is_of_second_order_in_cells() -> None:
    """Exact densities of two discs on ever finer grids, the same pad: 0.9 is asked of the cell."""
    found: list[float] = []
    fine = 240  # every grid's cells are made of these, so that densities are exact means
    y, x = (np.mgrid[0:fine, 0:fine] + 0.5) * (4000.0 / fine)
    drawn = 0.15 + 0.6 * (np.hypot(x - 1300.0, y - 1500.0) < 900.0) + 0.2 * (np.hypot(x - 2900.0, y - 2800.0) < 700.0)
    for n in (15, 30, 60, 240):
        k = fine // n
        density = drawn.reshape(n, k, n, k).mean(axis=(1, 3))
        surface = polish(chip(density, 4000.0 / n), oxide(60.0))
        found.append(statistics(surface).up_TIR_nm)
    errors = np.abs(np.array(found[:-1]) - found[-1])
    assert np.log2(errors[0] / errors[2]) / 2.0 > 0.9


def test_a_cell_across_the_chip_s_border_is_polished_as_its_inside() -> None:
    inside = np.ones((10, 10))
    inside[:, -1] = 0.5
    maps = pattern_maps(100.0, 0.0, 0.0, 0.5 * 1e4 * inside, 1e4 * inside, inside)
    assert statistics(polish(maps, oxide())).TIR_nm < 1e-6 * STEP_NM
