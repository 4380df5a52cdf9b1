"""The half-space contact meets its closed forms, its complementarity and its symmetries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rough_surfaces import self_affine

from planaris.physics.contact import ContactSolution, complementarity_ratio, solve_contact

# Pressures in kPa and moduli in MPa: with E* of 1 MPa a pressure of 1000 is E*.
E_STAR_MPA = 1.0
E_STAR_KPA = 1000.0


def rough(n: int = 128, seed: int = 0) -> np.ndarray:
    return self_affine(n, np.random.default_rng(seed), shortest=16)


def solve(heights: np.ndarray, mean_ratio: float, *, free: bool = False, tolerance: float = 1e-8) -> ContactSolution:
    """Solve over a unit width at a mean pressure over E*."""
    spacing = 1.0 / heights.shape[1]
    found = solve_contact(heights, spacing, mean_ratio * E_STAR_KPA, E_STAR_MPA, free=free, tolerance_ratio=tolerance)
    assert found.converged
    return found


# Hertz: a sphere of radius 1 um pressed to a contact radius of 0.2 um (Johnson 1985, 4.2).
HERTZ_A, HERTZ_R = 0.2, 1.0
HERTZ_P0 = 2.0 * HERTZ_A / (np.pi * HERTZ_R)
HERTZ_LOAD = 4.0 / 3.0 * HERTZ_A**3 / HERTZ_R


def hertz(n: int) -> tuple[ContactSolution, np.ndarray]:
    x = (np.arange(n) + 0.5) / n - 0.5
    square = x[:, None] ** 2 + x[None, :] ** 2
    exact = HERTZ_P0 * np.sqrt(np.maximum(0.0, 1.0 - square / HERTZ_A**2))
    return solve(-square / (2.0 * HERTZ_R), HERTZ_LOAD, free=True), exact


def test_a_sphere_is_hertzs_and_refines_at_second_order() -> None:
    errors: list[tuple[float, float]] = []
    for n in (64, 128, 256):
        found, exact = hertz(n)
        pressure = found.pressure_kPa / E_STAR_KPA
        assert np.sqrt(np.mean((pressure - exact) ** 2)) < 0.25 / n * HERTZ_P0
        assert np.sqrt(found.contact_area_ratio / np.pi) == pytest.approx(HERTZ_A, abs=0.5 / n)
        errors.append((abs(pressure.max() / HERTZ_P0 - 1.0), abs(found.approach_um * HERTZ_R / HERTZ_A**2 - 1.0)))
    orders = np.log2(np.divide(errors[0], errors[2])) / 2.0
    assert np.all(orders > 1.7)
    assert max(errors[2]) < 1e-4


# A wave Δ(1 − cos 2πx/λ), λ of 1 um, touches everywhere from p* = πE*Δ/λ on (Westergaard 1939; Johnson 1985, 13.2).
WAVE_DEPTH = 0.01
WAVE_P = np.pi * WAVE_DEPTH


def wave(n: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.arange(n) / n
    return x, np.broadcast_to(-WAVE_DEPTH * (1.0 - np.cos(2.0 * np.pi * x)), (4, n))


@pytest.mark.parametrize("n", [64, 75])
def test_a_wave_touches_everywhere_above_its_full_contact_pressure(n: int) -> None:
    x, heights = wave(n)
    full = solve(heights, 1.01 * WAVE_P, tolerance=1e-11)
    np.testing.assert_allclose(
        full.pressure_kPa / E_STAR_KPA,
        np.broadcast_to(WAVE_P * (1.01 + np.cos(2.0 * np.pi * x)), heights.shape),
        atol=1e-9 * WAVE_P,
    )
    assert full.contact_area_ratio == 1.0
    assert full.gap_um.max() < 1e-10 * WAVE_DEPTH
    assert solve(heights, 0.98 * WAVE_P).contact_area_ratio < 1.0


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
def test_a_wave_in_part_contact_is_westergaards(share: float) -> None:
    n = 512
    x, heights = wave(n)
    found = solve(heights, share * WAVE_P)
    half_width = np.arcsin(np.sqrt(share)) / np.pi
    away = np.minimum(x, 1.0 - x)
    root = np.maximum(0.0, np.sin(np.pi * half_width) ** 2 - np.sin(np.pi * away) ** 2)
    exact = 2.0 * WAVE_P * np.cos(np.pi * away) * np.sqrt(root)
    pressure = found.pressure_kPa[0] / E_STAR_KPA
    # The pressure ends as a square root, so the last cell is wrong by about the root of a cell.
    assert np.sqrt(np.mean((pressure - exact) ** 2)) < 2e-3 * WAVE_P
    assert found.contact_area_ratio == pytest.approx(2.0 * half_width, abs=2.0 / n)
    np.testing.assert_allclose(found.pressure_kPa, found.pressure_kPa[:1].repeat(4, axis=0), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("mean_ratio", [0.002, 0.05, 0.5])
def test_pressure_and_gap_exclude_each_other_and_carry_the_load(mean_ratio: float, *, free: bool) -> None:
    heights = rough(64)
    found = solve(heights, mean_ratio, free=free)
    assert found.pressure_kPa.min() >= 0.0
    assert found.gap_um.min() >= 0.0
    assert found.pressure_kPa.mean() == pytest.approx(mean_ratio * E_STAR_KPA, rel=1e-12)
    both = float((found.pressure_kPa * found.gap_um).mean()) / (mean_ratio * E_STAR_KPA * float(heights.std()))
    assert both == pytest.approx(found.residual_ratio, rel=1e-6, abs=1e-14)
    assert both <= 1e-8
    # The gap in contact is small against the roughness, and outside it is open.
    assert found.gap_um[found.contact].max() < 1e-4 * heights.std()
    assert complementarity_ratio(found.pressure_kPa, heights, 1.0 / 64, E_STAR_MPA, free=free) == pytest.approx(
        found.residual_ratio, abs=1e-12
    )


def test_no_other_pressure_of_that_load_has_less_energy() -> None:
    heights = rough(32)
    found = solve(heights, 0.03)
    p = found.pressure_kPa.reshape(-1) / E_STAR_KPA
    # At the least energy every admissible change costs: its slope is Σ gap·change.
    generator = np.random.default_rng(1)
    for _ in range(50):
        other = np.maximum(0.0, p + generator.normal(0.0, 0.05, p.size) * (generator.random(p.size) < 0.1))
        other *= p.sum() / other.sum()
        assert float((found.gap_um.reshape(-1) * (other - p)).sum()) > -1e-8 * p.sum() * heights.std()


def test_area_follows_load_while_it_is_small() -> None:
    # Persson: area = 2p̄/(E*·√π·rms slope)·κ with κ near 1.1–1.4 at small load; the surface has rms slope 1.
    heights = self_affine(256, np.random.default_rng(3), shortest=32)
    loads = (0.002, 0.004, 0.008)
    areas = np.array([solve(heights, load).contact_area_ratio for load in loads])
    per_load = areas / loads
    assert per_load.max() / per_load.min() < 1.25
    assert np.all((per_load > 1.6) & (per_load < 3.2))


def test_more_load_never_takes_contact_or_pressure_away_in_sum() -> None:
    heights = rough()
    found = [solve(heights, load) for load in (0.01, 0.03, 0.1)]
    areas = [one.contact_area_ratio for one in found]
    gaps = [float(one.gap_um.mean()) for one in found]
    assert areas == sorted(areas)
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.parametrize(("stretch", "lift"), [(3.0, 1.0), (1.0, 2.5), (4.0, 0.5)])
def test_stretching_the_surface_scales_the_pressure_by_its_slope(stretch: float, lift: float) -> None:
    heights = rough(64)
    one = solve(heights, 0.02)
    slope = lift / stretch
    other = solve_contact(
        lift * heights, stretch / 64, 0.02 * slope * 7.0 * E_STAR_KPA, 7.0 * E_STAR_MPA, tolerance_ratio=1e-8
    )
    np.testing.assert_allclose(other.pressure_kPa, 7.0 * slope * one.pressure_kPa, atol=1e-3 * one.pressure_kPa.max())
    np.testing.assert_allclose(other.gap_um, lift * one.gap_um, atol=1e-4 * lift * heights.std())


def test_a_shifted_or_mirrored_surface_has_the_same_contact_shifted_or_mirrored() -> None:
    heights = rough(64)
    one = solve(heights, 0.02, tolerance=1e-11)
    scale = one.pressure_kPa.max()
    moves: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
        lambda f: np.roll(f, (5, -13), (0, 1)),
        lambda f: f[::-1],
        lambda f: f[:, ::-1],
        lambda f: f.T,
    )
    for move in moves:
        other = solve(np.ascontiguousarray(move(heights)), 0.02, tolerance=1e-11)
        np.testing.assert_allclose(other.pressure_kPa, move(one.pressure_kPa), atol=1e-5 * scale)


def test_a_shift_of_height_changes_nothing_but_the_approach() -> None:
    heights = rough(64)
    one, other = solve(heights, 0.02), solve(heights + 3.0, 0.02)
    np.testing.assert_allclose(other.pressure_kPa, one.pressure_kPa, atol=1e-6 * one.pressure_kPa.max())
    assert other.approach_um - one.approach_um == pytest.approx(-3.0, rel=1e-6)


def test_finer_grids_of_one_surface_agree_better_and_better() -> None:
    fine = self_affine(256, np.random.default_rng(5), shortest=8)
    found = [solve(fine[::step, ::step], 0.05) for step in (8, 4, 2, 1)]
    for values in ([one.contact_area_ratio for one in found], [float(one.gap_um.mean()) for one in found]):
        errors = np.abs(np.array(values[:3]) - values[3])
        assert errors[2] < 0.5 * errors[0]
        assert errors[2] < 0.03 * values[3]


def test_threads_do_not_change_the_answer() -> None:
    heights = rough(64)
    one = solve_contact(heights, 1.0 / 64, 20.0, 1.0, workers=1)
    two = solve_contact(heights, 1.0 / 64, 20.0, 1.0, workers=2)
    np.testing.assert_array_equal(one.pressure_kPa, two.pressure_kPa)


def test_a_flat_surface_carries_its_load_evenly() -> None:
    flat = solve(np.full((8, 8), 2.0), 0.1)
    np.testing.assert_allclose(flat.pressure_kPa, 100.0, rtol=1e-12)
    assert abs(flat.residual_ratio) < 1e-14


@pytest.mark.parametrize("free", [False, True])
def test_one_peak_alone_carries_everything(*, free: bool) -> None:
    heights = np.zeros((16, 16))
    heights[3, 4] = 100.0
    found = solve(heights, 1e-4, free=free)
    assert found.pressure_kPa[3, 4] == pytest.approx(1e-4 * 256 * E_STAR_KPA)
    assert found.contact_area_ratio == 1.0 / 256


def test_running_out_of_passes_is_told() -> None:
    found = solve_contact(rough(64), 1.0 / 64, 20.0, 1.0, tolerance_ratio=1e-12, passes=2)
    assert not found.converged
    assert found.residual_ratio > 1e-12


@pytest.mark.parametrize(
    ("heights", "spacing", "pressure", "modulus", "says"),
    [
        (np.zeros(4), 1.0, 1.0, 1.0, "grid"),
        (np.zeros((0, 4)), 1.0, 1.0, 1.0, "grid"),
        (np.full((2, 2), np.nan), 1.0, 1.0, 1.0, "4 cells"),
        (np.zeros((2, 2)), 0.0, 1.0, 1.0, "spacing_um"),
        (np.zeros((2, 2)), 1.0, -1.0, 1.0, "mean_pressure_kPa"),
        (np.zeros((2, 2)), 1.0, 1.0, np.inf, "reduced_modulus_MPa"),
    ],
)
def test_a_wrong_question_is_refused_with_what_is_wrong(
    heights: np.ndarray, spacing: float, pressure: float, modulus: float, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        solve_contact(heights, spacing, pressure, modulus)


def test_a_pulling_pressure_has_no_complementarity() -> None:
    with pytest.raises(ValueError, match="pressure_kPa"):
        complementarity_ratio(np.array([[2.0, -1.0]]), np.zeros((1, 2)), 1.0, 1.0)
