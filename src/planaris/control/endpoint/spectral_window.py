"""What the platen's window does to a spectrum: its colour, and light that it scatters back.

A window ages over hours, so that all spectra of a wafer share both; only the level may differ from one to the next.
Both are smooth: a worn pad loses and scatters light by some power of the wave number between 1 and 4 (A), and the lamp
may lean. A quartic in the wave number holds any of these to 2e-4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legvander

from planaris.control.endpoint.signals import FloatArray

# Deviations, relative to the mean level, of the Legendre terms 1 to 4 of a window's colour over the wave number, and
# what a window that has lost light in the blue shows in the first. A window that has lost 0.3·(600/λ)³ of its light
# has −0.83, −0.18, −0.01 and 0.
COLOUR_MEAN = (-0.15, 0.0, 0.0, 0.0)
COLOUR_PRIOR = (0.35, 0.1, 0.03, 0.015)
# Scattered light in reflectance at 600 nm, and how it changes with the unknown power of 600 nm/λ about 2.
SCATTER_MEAN = (0.005, 0.0)
SCATTER_PRIOR = (0.01, 0.01)
# No window is believed to pass less than this of its mean level.
_DARKEST = 0.01


def centred(wavelength_nm: FloatArray) -> FloatArray:
    """Return wavelengths, or wave numbers, as −1 to 1 from the first to the last."""
    first, last = float(wavelength_nm[0]), float(wavelength_nm[-1])
    return (2.0 * wavelength_nm - (first + last)) / (last - first)


def colour_terms(wavelength_nm: FloatArray, order: int = len(COLOUR_PRIOR)) -> FloatArray:
    """Return the terms (order, L) that a window's colour is made of: Legendre in the wave number."""
    return np.asarray(legvander(-centred(1.0 / wavelength_nm), order).T[1:], dtype=np.float64)


def colour(terms: FloatArray, weights: FloatArray) -> FloatArray:
    """Return what a window passes (L,), 1 in the mean over the wave numbers."""
    return np.maximum(1.0 + weights @ terms, _DARKEST)


def scatter_terms(wavelength_nm: FloatArray) -> FloatArray:
    """Return scattered light (2, L), 1 at 600 nm, and its change with the power: v² and v²·ln v of v = 600 nm/λ."""
    v = 600.0 / wavelength_nm
    return np.stack([v * v, v * v * np.log(v)])


@dataclass(frozen=True, slots=True)
class WindowTerms:
    """Terms over a spectrum's wavelengths: colour (4, L), scattered light (2, L), and a slope (L,)."""

    colour: FloatArray
    scatter: FloatArray
    slope: FloatArray


def window_terms(wavelength_nm: FloatArray) -> WindowTerms:
    """Return what a window's state weighs."""
    return WindowTerms(colour_terms(wavelength_nm), scatter_terms(wavelength_nm), centred(wavelength_nm))


def window_basis(model: FloatArray, wavelength_nm: FloatArray) -> FloatArray:
    """Return orthonormal bases (m, p, L) of what spectra (m, L) are through any window.

    Its colour is a cubic over the wave number here: one spectrum cannot tell more from its film.
    """
    colours = np.concatenate([np.ones((1, wavelength_nm.size)), colour_terms(wavelength_nm, 3)])
    through = model[:, :, None] * colours.T
    back = np.broadcast_to(scatter_terms(wavelength_nm)[:1].T, (*model.shape, 1))
    bases = np.linalg.qr(np.concatenate([through, back], axis=2))[0]
    return np.ascontiguousarray(bases.transpose(0, 2, 1))
