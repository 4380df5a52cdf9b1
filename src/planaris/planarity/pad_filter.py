"""The pad's weights laid over a chip: effective densities, and the same operation backwards for gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from planaris.planarity.pad_kernel import KernelShape, kernel_weights

Array = NDArray[np.float64]


class PadFilter:
    """k ⊗ f over cells of a chip, by FFT.

    Without ``surround`` the chip is repeated in all directions, as dies are on a wafer; with it the chip lies in a
    field of that value. ``inside`` [ny, nx] are the shares of cells within the chip's box: what lies outside of a
    border cell is no part of the chip. ``workers`` are threads of the transform.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        cell_um: float,
        planarization_length_mm: float,
        *,
        inside: Array | None = None,
        surround: float | None = None,
        kernel: KernelShape = KernelShape.ELLIPTIC,
        cut_ratio: float = 2.0,
        workers: int = 1,
    ) -> None:
        """Prepare the kernel's transform for a grid (ny, nx); ValueError as `kernel_weights`."""
        weights = kernel_weights(cell_um, planarization_length_mm, shape=kernel, cut_ratio=cut_ratio)
        self._shape, self._workers, self._surround = shape, workers, surround
        reach = weights.shape[0] // 2
        self._grid = shape if surround is None else (_padded(shape[0] + reach), _padded(shape[1] + reach))
        self._spectrum = _spectrum(weights, self._grid)
        self._inside = np.ones(shape) if inside is None else np.asarray(inside, dtype=np.float64)
        self._reached = self._convolve(self._inside, np)
        self._whole = inside is None or bool(np.all(self._inside == 1.0))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the chip."""
        return self._shape

    def smooth(self, field: Array, xp: Any = np) -> Array:
        """Return the kernel's mean of a field [ny, nx] around each cell."""
        if self._surround is not None:
            return self._convolve(field * xp.asarray(self._inside), xp) + self._surround * (1.0 - self._reached)
        if self._whole:
            return self._convolve(field, xp)
        return self._convolve(field * xp.asarray(self._inside), xp) / xp.asarray(self._reached)

    def backward(self, weight: Array, xp: Any = np) -> Array:
        """Return the adjoint of `smooth`: Σ weight·smooth(f) = Σ backward(weight)·f for every f, surround apart."""
        if self._surround is None and not self._whole:
            weight = weight / xp.asarray(self._reached)
        return xp.asarray(self._inside) * self._convolve(weight, xp)

    def _convolve(self, field: Array, xp: Any) -> Array:
        ny, nx = self._shape
        if xp is np:
            transform: Any = scipy.fft.rfft2(field, s=self._grid, workers=self._workers)
            transform *= self._spectrum
            made: Any = scipy.fft.irfft2(transform, s=self._grid, workers=self._workers, overwrite_x=True)
        else:
            transform = xp.fft.rfft2(field, s=self._grid) * xp.asarray(self._spectrum)
            made = xp.fft.irfft2(transform, s=self._grid)
        return made[:ny, :nx]


def _padded(n: int) -> int:
    return int(scipy.fft.next_fast_len(n, real=True))


def _spectrum(weights: Array, grid: tuple[int, int]) -> Array:
    """Return the real transform of even weights round the origin of a periodic grid, folded where they reach over."""
    reach = weights.shape[0] // 2
    laid = np.zeros(grid)
    rows = np.arange(-reach, reach + 1) % grid[0]
    columns = np.arange(-reach, reach + 1) % grid[1]
    np.add.at(laid, (rows[:, None], columns[None, :]), weights)
    return np.ascontiguousarray(scipy.fft.rfft2(laid).real)
