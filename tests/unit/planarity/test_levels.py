"""Levels of a chip on one another, and how the pad leans on what it cannot follow."""

from __future__ import annotations

import numpy as np
import pytest
from chips import BLANKET_NM_MIN, SIGMA_NM, blocks, chip, oxide, uniform

from planaris.planarity import Level, PadFollow, chip_process, polish_levels, statistics

CELL_UM, N = 100.0, 40


def wave(waves: int, height_nm: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return height_nm * np.cos(2.0 * np.pi * waves * np.arange(N) / N)[None, :] * np.ones((N, 1))


def test_a_pad_that_follows_all_adds_level_to_level() -> None:
    first, second = blocks(), chip(np.rot90(blocks().density))
    low, high = polish_levels([Level("M1", first, oxide(120.0)), Level("M2", second, oxide(90.0))])
    alone = polish_levels([Level("M2", second, oxide(90.0))])[0]
    below = low.surface_nm - low.surface_nm.mean()
    assert np.allclose(high.surface_nm, alone.surface_nm + below, atol=1e-9)
    assert np.array_equal(high.step_nm, alone.step_nm)


def test_the_same_level_twice_has_twice_the_tir() -> None:
    level = Level("M", blocks(), oxide(120.0))
    low, high = polish_levels([level, level])
    assert statistics(high).TIR_nm == pytest.approx(2.0 * statistics(low).TIR_nm, rel=1e-12)


def test_a_pad_without_stiffness_follows_all() -> None:
    levels = [Level("M", blocks(), oxide(60.0))] * 2
    soft = polish_levels(levels, follow=PadFollow(modulus_MPa=0.0))
    for one, other in zip(polish_levels(levels), soft, strict=True):
        assert np.allclose(one.surface_nm, other.surface_nm, atol=0.02)


def test_a_flat_chip_is_not_leaned_on() -> None:
    level = Level("M", uniform(0.4, N), oxide(60.0))
    plain, leaned = polish_levels([level])[0], polish_levels([level], follow=PadFollow())[0]
    assert np.ptp(leaned.surface_nm) < 1e-6
    assert np.allclose(plain.surface_nm, leaned.surface_nm, atol=0.02)


@pytest.mark.parametrize("waves", [1, 4, 16])
def test_small_waves_fall_at_the_rate_of_the_half_space_in_series_with_its_layer(waves: int) -> None:
    """z' = −K·z/(σ + 2P/(E*q)), so that ln(z₀/z) = K·t/(σ(1 + 1/(ℓq))): short waves go, long ones stay."""
    follow, before_nm, time_s = PadFollow(), 0.5, 60.0
    level = Level("M", uniform(1.0, N), oxide(time_s, step_nm=0.0))
    surface = polish_levels([level], follow=follow, base_nm=wave(waves, before_nm))[0]
    q = 2.0 * np.pi * waves / (N * CELL_UM)
    reach = follow.reach_um(SIGMA_NM) * q
    expected = np.exp(-BLANKET_NM_MIN * time_s / 60.0 / SIGMA_NM * reach / (1.0 + reach))
    after = float(np.ptp(surface.surface_nm) / np.ptp(wave(waves, before_nm)))
    # Loads are held over a tenth of σ of removal: second order in that.
    assert after == pytest.approx(expected, rel=0.02)


def test_the_chip_keeps_its_load() -> None:
    level = Level("M", uniform(1.0, N), oxide(60.0, step_nm=0.0))
    surface = polish_levels([level], follow=PadFollow(), base_nm=wave(3, 80.0))[0]
    assert 2000.0 - surface.up_nm.mean() == pytest.approx(BLANKET_NM_MIN, rel=1e-9)


def test_the_pad_s_stiffness_levels_what_density_makes() -> None:
    levels = [Level("M", blocks(), chip_process("sti"))]
    plain, leaned = polish_levels(levels)[0], polish_levels(levels, follow=PadFollow())[0]
    assert statistics(leaned).up_TIR_nm <= statistics(plain).up_TIR_nm
    assert leaned.stage_times_s == plain.stage_times_s


def test_levels_must_share_a_grid() -> None:
    with pytest.raises(ValueError, match="one grid"):
        polish_levels([Level("M1", blocks(), oxide()), Level("M2", blocks(20), oxide())])
