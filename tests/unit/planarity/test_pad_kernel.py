"""The pad's kernel: published closed values, unit sum, symmetry; what the filter keeps and how it turns back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chips import MOVES, blocks

from planaris.planarity import KernelShape, PadFilter, deflection_ratio, kernel_weights

# Sums of some 1e5 weights in double precision.
EXACT = 1e-12


def test_deflection_has_its_closed_values() -> None:
    at = deflection_ratio(np.array([0.0, 1.0, 1e6]))
    assert at[0] == pytest.approx(1.0, abs=EXACT)
    assert at[1] == pytest.approx(2.0 / math.pi, abs=EXACT)
    # Far away a disc acts as its load at a point: u/u(0) = a/(2r); rounding of E − (1 − m)K grows as r².
    assert at[2] * 1e6 == pytest.approx(0.5, rel=1e-3)
    below, above = deflection_ratio(np.array([1.0 - 1e-9, 1.0 + 1e-9]))
    assert below == pytest.approx(above, abs=1e-7)


def test_ouma_s_deflection_is_six_micrometres() -> None:
    """2(1−ν²)p·a/E of 29 MPa, ν 1/3, radius 2 mm, 7 psi: about 6 µm (Ouma 1998, p. 126)."""
    centre_um = 2.0 * (1.0 - 1.0 / 9.0) * (7.0 * 6.894757e-3) * 2000.0 / 29.0
    assert centre_um == pytest.approx(6.0, rel=0.02)


@pytest.mark.parametrize("shape", list(KernelShape))
@pytest.mark.parametrize("length_mm", [0.3, 1.4, 3.0])
def test_weights_are_a_symmetric_mean(shape: KernelShape, length_mm: float) -> None:
    weights = kernel_weights(40.0, length_mm, shape=shape)
    assert weights.min() >= 0.0
    assert weights.sum() == pytest.approx(1.0, abs=EXACT)
    assert np.array_equal(weights, weights[::-1])
    assert np.array_equal(weights, weights[:, ::-1])
    assert np.allclose(weights, weights.T, rtol=EXACT)


def test_the_cut_belongs_to_the_kernel() -> None:
    near, far = (kernel_weights(50.0, 3.0, cut_ratio=cut) for cut in (1.0, 2.0))
    assert far.shape[0] == pytest.approx(2 * near.shape[0], abs=4)


def test_lengths_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="planarization_length_mm = 0"):
        kernel_weights(40.0, 0.0)


@pytest.mark.parametrize("length_mm", [1.0, 3.0, 9.0])  # the chip is 4 mm: the last kernel is larger than the die
def test_repeated_dies_keep_the_mean_and_the_range(length_mm: float) -> None:
    density = blocks().density
    seen = PadFilter((40, 40), 100.0, length_mm).smooth(density)
    assert seen.mean() == pytest.approx(density.mean(), abs=EXACT)
    assert density.min() <= seen.min()
    assert seen.max() <= density.max()


def test_shifts_turns_and_mirrors_go_through_the_filter() -> None:
    density = blocks().density
    pad = PadFilter((40, 40), 100.0, 3.0)
    seen = pad.smooth(density)
    for do in MOVES:
        assert np.allclose(pad.smooth(do(density)), do(seen), atol=EXACT)


@pytest.mark.parametrize("surround", [None, 0.4])
def test_backward_is_the_adjoint_also_at_borders_that_cells_cross(surround: float | None) -> None:
    random = np.random.default_rng(1)
    inside = np.ones((17, 23))
    inside[:, -1], inside[-1] = 0.3, 0.6
    pad = PadFilter((17, 23), 100.0, 2.0, inside=inside, surround=surround)
    f, g = random.random((17, 23)), random.random((17, 23))
    here = (g * (pad.smooth(f) - pad.smooth(np.zeros_like(f)))).sum()
    assert (pad.backward(g) * f).sum() == pytest.approx(here, rel=EXACT)


def test_a_chip_in_a_field_sees_the_field_at_its_border() -> None:
    n = 100
    seen = PadFilter((n, n), 100.0, 2.0, surround=0.8).smooth(np.full((n, n), 0.2))
    assert seen[n // 2, n // 2] == pytest.approx(0.2, abs=EXACT)
    # Half of the kernel lies beyond a straight border, half a cell of it more on this side.
    assert seen[n // 2, 0] == pytest.approx(0.5, abs=0.03)
    same = PadFilter((n, n), 100.0, 2.0, surround=0.2).smooth(np.full((n, n), 0.2))
    assert np.allclose(same, 0.2, atol=EXACT)


def test_a_half_cell_outside_the_box_is_no_empty_cell() -> None:
    inside = np.ones((20, 20))
    inside[:, -1] = 0.25
    seen = PadFilter((20, 20), 100.0, 1.0, inside=inside).smooth(np.full((20, 20), 0.6))
    assert np.allclose(seen, 0.6, atol=EXACT)
