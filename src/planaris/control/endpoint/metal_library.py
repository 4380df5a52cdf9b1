"""Library of a metal's last nanometres over a transparent layer: what a spectrum says of how much metal is left."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planaris.control.endpoint.nominal import nominal_stack
from planaris.control.endpoint.signals import FloatArray
from planaris.control.endpoint.spectral_library import basis_misfits, bin_wavelengths, binned_nm
from planaris.control.endpoint.spectral_model import NominalStack, film_phase, interfaces, spectra
from planaris.control.endpoint.spectral_window import window_basis
from planaris.model import FilmStack

# Metal is opaque from about 60 nm and transparent below 30 (Tian 2023); entries get closer towards clear.
_METAL_NM = (0.0, 1.5, 3.0, 5.0, 8.0, 12.0, 17.0, 24.0, 34.0, 50.0, 80.0)
# Where the metal has gone first the layer below goes on to lose, in a slurry that does not spare it.
_ERODED_SCALES = tuple(1.0 - 0.0075 * k for k in range(7, 31))
# A liner below the metal goes as soon as the metal has; it is metal too where it absorbs more than this.
_LINER_LEFT = (0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1, 0.0)
_LINER_EXTINCTION = 0.5
# The layer below deviates by 3 % and its index by 1 %, which its spectrum cannot tell apart.
_UNDER_SCALES = tuple(1.0 + 0.0075 * k for k in range(-6, 7))


@dataclass(frozen=True, slots=True)
class MetalLibrary:
    """For each entry (m,): the metal's thickness and an orthonormal basis (m, p, l) of it through any window."""

    metal_nm: FloatArray
    basis: FloatArray


@dataclass(frozen=True, slots=True)
class Beside:
    """Places of a pattern that keep their metal when the field clears: share of the wafer, their reflectance (L,)."""

    fraction: float
    reflectance: FloatArray


def beside_of(films: FilmStack, wavelength_nm: FloatArray) -> Beside | None:
    """Return a pattern's places with films of their own as they are before any polish; None of a blanket wafer."""
    total, light = 0.0, np.zeros_like(wavelength_nm)
    for area in films.areas:
        share = area.area_fraction * (1.0 - area.density_fraction)
        if not area.down or share <= 0.0:
            continue
        stack = nominal_stack(replace(films, layers=area.down, areas=()), wavelength_nm)
        shown = spectra(interfaces(stack), film_phase(stack, np.array([stack.film_nm])))[0]
        total, light = total + share, light + share * shown
    return Beside(total, light / total) if total else None


def metal_library(stack: NominalStack, beside: Beside | None = None) -> MetalLibrary:
    """Return the library of a stack whose film is the metal, with what is seen of a liner below it once that goes."""
    nm = np.asarray(_METAL_NM)
    phase = film_phase(stack, nm)
    entries = [spectra(interfaces(stack, under_scale=scale), phase) for scale in _UNDER_SCALES]
    bare = [stack]
    if len(stack.under_nm) > 1 and float(np.abs(stack.under_index[0].imag).mean()) > _LINER_EXTINCTION:
        bare = [replace(stack, under_nm=(left * stack.under_nm[0], *stack.under_nm[1:])) for left in _LINER_LEFT]
        entries += [spectra(interfaces(worn, under_scale=s), phase[:1]) for worn in bare for s in _UNDER_SCALES]
    entries += [spectra(interfaces(bare[-1], under_scale=scale), phase[:1]) for scale in _ERODED_SCALES]
    left_nm = np.concatenate([np.tile(nm, len(_UNDER_SCALES)), np.zeros(len(entries) - len(_UNDER_SCALES))])
    seen = np.concatenate(entries)
    if beside is not None:
        seen = (1.0 - beside.fraction) * seen + beside.fraction * beside.reflectance
    basis = window_basis(bin_wavelengths(seen), binned_nm(stack.wavelength_nm))
    return MetalLibrary(left_nm, basis)


def metal_left(library: MetalLibrary, measured: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the metal's thickness (k,) that fits spectra (k, L) best, and the relative misfit (k,)."""
    found = basis_misfits(library.basis, bin_wavelengths(measured))
    best = found.argmin(axis=1)
    return library.metal_nm[best], found[np.arange(best.size), best]
