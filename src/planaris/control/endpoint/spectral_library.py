"""Library of the nominal stack's spectra over thickness: finds a spectrum's thickness without a first guess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planaris.control.endpoint.signals import FloatArray
from planaris.control.endpoint.spectral_model import NominalStack, film_phase, interfaces, spectra
from planaris.control.endpoint.spectral_window import window_basis

# Spacing of the library: an eighth of the shortest fringe in thickness, λ/2n at 400 nm in oxide, is 17 nm.
_SPACING_NM = 4.0
# Wavelengths that are averaged: fringes of two micrometres of oxide are six times wider.
_BINNED = 4


@dataclass(frozen=True, slots=True)
class SpectralLibrary:
    """``effective_nm`` (m,) and, for each, an orthonormal basis (m, p, l) of its spectrum through any window.

    Over binned wavelengths.
    """

    effective_nm: FloatArray
    basis: FloatArray


def library_of(stack: NominalStack, thickest_nm: float, under_scale: float = 1.0) -> SpectralLibrary:
    """Return the library from 0 to a thickness."""
    effective_nm = np.arange(0.0, thickest_nm + _SPACING_NM, _SPACING_NM)
    model = spectra(interfaces(stack, under_scale=under_scale), film_phase(stack, effective_nm))
    return SpectralLibrary(effective_nm, window_basis(bin_wavelengths(model), binned_nm(stack.wavelength_nm)))


def misfits(library: SpectralLibrary, measured: FloatArray) -> FloatArray:
    """Return relative root-mean-square misfits (k, m) of spectra (k, L) to each entry, the window fitted."""
    return basis_misfits(library.basis, bin_wavelengths(measured))


def bin_wavelengths(spectra_: FloatArray) -> FloatArray:
    """Return spectra (k, L) averaged over neighbouring wavelengths, (k, l)."""
    length = spectra_.shape[1] // _BINNED * _BINNED
    return spectra_[:, :length].reshape(spectra_.shape[0], -1, _BINNED).mean(axis=2)


def binned_nm(wavelength_nm: FloatArray) -> FloatArray:
    """Return the wavelengths (l,) of binned spectra."""
    return bin_wavelengths(wavelength_nm[None, :])[0]


def basis_misfits(basis: FloatArray, measured: FloatArray) -> FloatArray:
    """Return relative root-mean-square misfits (k, m) of spectra (k, L) to bases (m, p, L)."""
    count, terms, length = basis.shape
    along = (measured @ basis.reshape(terms * count, length).T).reshape(measured.shape[0], count, terms)
    power = np.sum(measured * measured, axis=1, keepdims=True)
    return np.sqrt(np.maximum(power - np.sum(along * along, axis=2), 0.0) / np.maximum(power, 1e-30))
