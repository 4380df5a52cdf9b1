"""Displacement of an elastic half-space under pressures on a grid of square cells, by FFT.

Pressures are in units of the reduced modulus E* = E/(1−ν²), lengths in micrometres.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np
import scipy.fft

from planaris.physics.contact.rectangle import influence_um
from planaris.physics.contact.types import Field, Single

Real = TypeVar("Real", Field, Single)


class Influence(Protocol):
    """What the solver asks of a half-space: u = K·p, and an approximate inverse."""

    def displacement_um(self, pressure_ratio: Field) -> Field:
        """Return K·p (n_y, n_x) for p/E* (n_y, n_x)."""
        ...

    def displacement_single_um(self, pressure_ratio: Single) -> Single:
        """Return K·p in single precision."""
        ...

    def stiffness(self, gap_um: Single) -> Single:
        """Return approximately K⁻¹·u (n_y, n_x), symmetric and positive on fields of zero mean, in single precision."""
        ...


def wave_number_per_um(shape: tuple[int, int], spacing_um: float) -> Field:
    """Return |q| = 2π√(f_y² + f_x²) on the half-spectrum of a real grid (n_y, n_x//2 + 1)."""
    q_y = 2.0 * np.pi * scipy.fft.fftfreq(shape[0], spacing_um)
    q_x = 2.0 * np.pi * scipy.fft.rfftfreq(shape[1], spacing_um)
    return np.hypot(q_y[:, None], q_x[None, :])


class PeriodicInfluence:
    """A half-space whose load repeats: û(q) = 2p̂(q)/(E*·|q|), no mean displacement (Johnson 1985, 13.2)."""

    def __init__(self, shape: tuple[int, int], spacing_um: float, workers: int = 1) -> None:
        """Hold the spectra of a grid (n_y, n_x) of cells of ``spacing_um``."""
        self._shape, self._workers = shape, workers
        q = wave_number_per_um(shape, spacing_um)
        self._compliance = np.divide(2.0, q, out=np.zeros_like(q), where=q > 0.0)
        self._compliance_single = self._compliance.astype(np.float32)
        self._stiffness = (0.5 * q).astype(np.float32)

    def displacement_um(self, pressure_ratio: Field) -> Field:
        """Return K·p (n_y, n_x)."""
        return convolve(pressure_ratio, self._compliance, self._workers)

    def displacement_single_um(self, pressure_ratio: Single) -> Single:
        """Return K·p (n_y, n_x) in single precision."""
        return convolve(pressure_ratio, self._compliance_single, self._workers)

    def stiffness(self, gap_um: Single) -> Single:
        """Return K⁻¹·u, but for the mean."""
        return convolve(gap_um, self._stiffness, self._workers)


class FreeInfluence:
    """A half-space loaded on the grid only: cells under uniform pressure (Love 1929), zero-padded to twice the size."""

    def __init__(self, shape: tuple[int, int], spacing_um: float, workers: int = 1) -> None:
        """Hold the spectra of a grid (n_y, n_x) of cells of ``spacing_um``."""
        self._shape, self._workers = shape, workers
        self._padded = (
            scipy.fft.next_fast_len(2 * shape[0], real=True),
            scipy.fft.next_fast_len(2 * shape[1], real=True),
        )
        away_y, away_x = (np.minimum(np.arange(n), n - np.arange(n)) for n in self._padded)
        kernel = influence_um(spacing_um * away_x[None, :], spacing_um * away_y[:, None], spacing_um)
        # The kernel is even, so that its spectrum is real.
        self._compliance = np.ascontiguousarray(scipy.fft.rfft2(kernel, workers=workers).real)
        self._compliance_single = self._compliance.astype(np.float32)
        q = wave_number_per_um(shape, spacing_um)
        q[0, 0] = min(q[0, 1:2].min(initial=np.inf), q[1:2, 0].min(initial=np.inf))
        self._stiffness = (0.5 * q).astype(np.float32)

    def displacement_um(self, pressure_ratio: Field) -> Field:
        """Return K·p (n_y, n_x)."""
        return self._padded_convolve(pressure_ratio, self._compliance)

    def displacement_single_um(self, pressure_ratio: Single) -> Single:
        """Return K·p (n_y, n_x) in single precision."""
        return self._padded_convolve(pressure_ratio, self._compliance_single)

    def _padded_convolve(self, field: Real, spectrum: Real) -> Real:
        """Convolve; padding is added and dropped along each axis in turn, which halves the work along the rows."""
        (n_y, n_x), (pad_y, pad_x), workers = self._shape, self._padded, self._workers
        rows = scipy.fft.rfft(field, n=pad_x, axis=1, workers=workers)
        both = scipy.fft.fft(rows, n=pad_y, axis=0, workers=workers)
        both *= spectrum
        back = scipy.fft.ifft(both, axis=0, workers=workers, overwrite_x=True)[:n_y]
        made: Any = scipy.fft.irfft(back, n=pad_x, axis=1, workers=workers)[:, :n_x]
        return made

    def stiffness(self, gap_um: Single) -> Single:
        """Return the inverse of the periodic half-space, a fair guess of this one's."""
        return convolve(gap_um, self._stiffness, self._workers)


def convolve(field: Real, spectrum: Real, workers: int) -> Real:
    """Return the periodic convolution of a real field with an even kernel; both of one precision, which is kept."""
    transform = scipy.fft.rfft2(field, workers=workers)
    transform *= spectrum
    made: Any = scipy.fft.irfft2(transform, s=field.shape, workers=workers, overwrite_x=True)
    return made
