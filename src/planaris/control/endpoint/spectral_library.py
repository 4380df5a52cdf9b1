"""Library of the nominal stack's spectra over thickness: finds a spectrum's thickness without a first guess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planaris.control.endpoint.signals import FloatArray
from planaris.control.endpoint.spectral_model import NominalStack, film_phase, interfaces, spectra

# Spacing of the library: an eighth of the shortest fringe in thickness, λ/2n at 400 nm in oxide, is 17 nm.
_SPACING_NM = 4.0


@dataclass(frozen=True, slots=True)
class SpectralLibrary:
    """``effective_nm`` (m,) and, for each, an orthonormal basis (m, 2, L) of its spectrum with free gain and slope."""

    effective_nm: FloatArray
    basis: FloatArray
    level: FloatArray


def library_of(stack: NominalStack, thickest_nm: float, under_scale: float = 1.0) -> SpectralLibrary:
    """Return the library from 0 to a thickness."""
    effective_nm = np.arange(0.0, thickest_nm + _SPACING_NM, _SPACING_NM)
    model = spectra(interfaces(stack, under_scale=under_scale), film_phase(stack, effective_nm))
    first = model / np.linalg.norm(model, axis=1, keepdims=True)
    second = model * centred(stack.wavelength_nm)
    second = second - first * np.sum(first * second, axis=1, keepdims=True)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    return SpectralLibrary(effective_nm, np.stack([first, second], axis=1), model.mean(axis=1))


def centred(wavelength_nm: FloatArray) -> FloatArray:
    """Return the wavelengths as −1 to 1, for slopes over the spectrum."""
    low, high = float(wavelength_nm[0]), float(wavelength_nm[-1])
    return (2.0 * wavelength_nm - (low + high)) / (high - low)


def misfits(library: SpectralLibrary, measured: FloatArray) -> FloatArray:
    """Return relative root-mean-square misfits (k, m) of spectra (k, L) to each entry, gain and slope fitted."""
    count, _, length = library.basis.shape
    along = (measured @ library.basis.reshape(2 * count, length).T).reshape(measured.shape[0], count, 2)
    power = np.sum(measured * measured, axis=1, keepdims=True)
    return np.sqrt(np.maximum(power - np.sum(along * along, axis=2), 0.0) / np.maximum(power, 1e-30))
