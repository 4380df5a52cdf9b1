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
    """``effective_nm`` (m,) and, for each, an orthonormal basis (m, 4, L) of its spectrum through any window."""

    effective_nm: FloatArray
    basis: FloatArray


def library_of(stack: NominalStack, thickest_nm: float, under_scale: float = 1.0) -> SpectralLibrary:
    """Return the library from 0 to a thickness."""
    effective_nm = np.arange(0.0, thickest_nm + _SPACING_NM, _SPACING_NM)
    model = spectra(interfaces(stack, under_scale=under_scale), film_phase(stack, effective_nm))
    return SpectralLibrary(effective_nm, window_basis(model, stack.wavelength_nm))


def centred(wavelength_nm: FloatArray) -> FloatArray:
    """Return the wavelengths as −1 to 1, for slopes over the spectrum."""
    low, high = float(wavelength_nm[0]), float(wavelength_nm[-1])
    return (2.0 * wavelength_nm - (low + high)) / (high - low)


def misfits(library: SpectralLibrary, measured: FloatArray) -> FloatArray:
    """Return relative root-mean-square misfits (k, m) of spectra (k, L) to each entry, the window fitted."""
    return basis_misfits(library.basis, measured)


def window_basis(model: FloatArray, wavelength_nm: FloatArray) -> FloatArray:
    """Return orthonormal bases (m, 4, L) of what spectra (m, L) are through a window.

    Its gain is a parabola over the spectrum, and it scatters light back, more in the blue.
    """
    x = centred(wavelength_nm)
    scattered = np.broadcast_to(scatter(wavelength_nm), model.shape)
    columns = np.stack([model, model * x, model * x * x, scattered], axis=2)
    return np.ascontiguousarray(np.linalg.qr(columns)[0].transpose(0, 2, 1))


def scatter(wavelength_nm: FloatArray) -> FloatArray:
    """Return the spectrum of light that a worn window scatters back, 1 at 600 nm: between λ⁻¹ and λ⁻⁴ (A)."""
    return (600.0 / wavelength_nm) ** 2


def basis_misfits(basis: FloatArray, measured: FloatArray) -> FloatArray:
    """Return relative root-mean-square misfits (k, m) of spectra (k, L) to bases (m, p, L)."""
    count, terms, length = basis.shape
    along = (measured @ basis.reshape(terms * count, length).T).reshape(measured.shape[0], count, terms)
    power = np.sum(measured * measured, axis=1, keepdims=True)
    return np.sqrt(np.maximum(power - np.sum(along * along, axis=2), 0.0) / np.maximum(power, 1e-30))
