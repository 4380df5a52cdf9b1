"""Spectra of the nominal film stack and their derivatives, as the spectral fit wants them.

The film's index is s times nominal and its thickness d; what a spectrum's phase tells is s·d, what its contrast tells
is s. So the model's unknowns are the effective thickness d_eff = s·d, s, and the underlayers' thickness relative to
nominal, u: nearly independent of each other, which keeps the fit's steps straight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.control.endpoint.signals import FloatArray
from planaris.physics import there_and_back

ComplexArray = NDArray[np.complex128]

# Step of the numerical derivatives by s and u: small against the priors of 1 and 3 %, large against rounding.
_STEP = 1e-3


@dataclass(frozen=True, slots=True)
class NominalStack:
    """What the process package and the lot say of the wafer: film on underlayers on a substrate, under slurry.

    Index arrays are (L,) at ``wavelength_nm``, n − ik; ``film_nm`` is the film's nominal incoming thickness,
    ``under_nm`` the underlayers' from the top down.
    """

    wavelength_nm: FloatArray
    film_index: ComplexArray
    film_nm: float
    under_index: tuple[ComplexArray, ...]
    under_nm: tuple[float, ...]
    substrate_index: ComplexArray
    ambient_index: float = 1.33
    materials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Amplitude reflection of the film's two faces, (L,) each: upper seen from above, lower from within the film."""

    upper: ComplexArray
    lower: ComplexArray


def interfaces(stack: NominalStack, index_scale: float = 1.0, under_scale: float = 1.0) -> Interfaces:
    """Return the film's faces for an index scale s and a thickness scale u of the underlayers.

    Admittance of layers from the substrate up: Y' = N(Y + iN·tan δ)/(N + iY·tan δ) (Macleod 2010, eq. 2.93 for r).
    """
    admittance = stack.substrate_index.astype(np.complex128)
    for index, thickness_nm in zip(reversed(stack.under_index), reversed(stack.under_nm), strict=True):
        tangent = np.tan(2.0 * np.pi * index * (under_scale * thickness_nm) / stack.wavelength_nm)
        admittance = index * (admittance + 1j * index * tangent) / (index + 1j * admittance * tangent)
    film = index_scale * stack.film_index
    upper = (stack.ambient_index - film) / (stack.ambient_index + film)
    return Interfaces(upper, (film - admittance) / (film + admittance))


def film_phase(stack: NominalStack, effective_nm: FloatArray) -> ComplexArray:
    """Return e^(−2iδ) of the film (m, L) for effective thicknesses (m,)."""
    return there_and_back((-4j * np.pi) * (stack.film_index / stack.wavelength_nm), effective_nm[:, None])


def spectra(faces: Interfaces, phase: ComplexArray) -> FloatArray:
    """Return reflectances (m, L): |r|² of a film between its faces (Airy's sum)."""
    below = faces.lower * phase
    r, over = faces.upper + below, 1.0 + faces.upper * below
    return (r.real**2 + r.imag**2) / (over.real**2 + over.imag**2)


@dataclass(frozen=True, slots=True)
class Faces:
    """What reflectance takes of a film's two faces, (L,) each, so that it needs real numbers alone.

    With the film's p = e^(−2iδ) and a = |p|²: R = (u² + l²·a + 2·Re(w·p))/(1 + u²l²·a + 2·Re(z·p)).
    """

    upper: FloatArray
    lower: FloatArray
    both: FloatArray
    w: ComplexArray
    z: ComplexArray


def faces_of(amplitudes: Interfaces) -> Faces:
    """Return squares and products of a film's faces: w = conj(upper)·lower, z = upper·lower."""
    upper, lower = np.abs(amplitudes.upper) ** 2, np.abs(amplitudes.lower) ** 2
    w, z = np.conj(amplitudes.upper) * amplitudes.lower, amplitudes.upper * amplitudes.lower
    return Faces(upper, lower, upper * lower, w, z)


@dataclass(frozen=True, slots=True)
class Phase:
    """Real and imaginary part (m, L) of e^(−2iδ), its square; its logarithm's derivative by thickness (L,), 1/nm."""

    real: FloatArray
    imag: FloatArray
    square: FloatArray | float
    by_nm: ComplexArray


def phase_of(stack: NominalStack, effective_nm: FloatArray) -> Phase:
    """Return the film's phase for effective thicknesses (m,); one that does not absorb has the square 1."""
    by_nm = (-4j * np.pi) * (stack.film_index / stack.wavelength_nm)
    angle = effective_nm[:, None] * by_nm.imag
    real, imag = np.cos(angle), np.sin(angle)
    if not by_nm.real.any():
        return Phase(real, imag, 1.0, by_nm)
    size = np.exp(effective_nm[:, None] * by_nm.real)
    return Phase(size * real, size * imag, size * size, by_nm)


def _parts(faces: Faces, phase: Phase) -> tuple[FloatArray, FloatArray]:
    top = faces.upper + faces.lower * phase.square + 2.0 * (faces.w.real * phase.real - faces.w.imag * phase.imag)
    bottom = 1.0 + faces.both * phase.square + 2.0 * (faces.z.real * phase.real - faces.z.imag * phase.imag)
    return top, bottom


@dataclass(frozen=True, slots=True)
class Expansion:
    """Faces of the stack about one s and u, with those a step away for the derivatives."""

    index_scale: float
    under_scale: float
    here: Faces
    by_index: Faces
    by_under: Faces


def expand(stack: NominalStack, index_scale: float = 1.0, under_scale: float = 1.0) -> Expansion:
    """Return the stack's faces about s and u."""
    return Expansion(
        index_scale,
        under_scale,
        faces_of(interfaces(stack, index_scale, under_scale)),
        faces_of(interfaces(stack, index_scale + _STEP, under_scale)),
        faces_of(interfaces(stack, index_scale, under_scale + _STEP)),
    )


def derivatives(
    stack: NominalStack, about: Expansion, effective_nm: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return reflectances (m, L) and their derivatives by d_eff (1/nm), s and u at effective thicknesses (m,)."""
    phase, faces = phase_of(stack, effective_nm), about.here
    top, bottom = _parts(faces, phase)
    here = top / bottom
    w, z = 2.0 * faces.w * phase.by_nm, 2.0 * faces.z * phase.by_nm
    top_by_nm = w.real * phase.real - w.imag * phase.imag
    bottom_by_nm = z.real * phase.real - z.imag * phase.imag
    if phase.by_nm.real.any():
        top_by_nm = top_by_nm + 2.0 * phase.by_nm.real * faces.lower * phase.square
        bottom_by_nm = bottom_by_nm + 2.0 * phase.by_nm.real * faces.both * phase.square
    by_nm = (top_by_nm - here * bottom_by_nm) / bottom
    by_index = (np.divide(*_parts(about.by_index, phase)) - here) / _STEP
    by_under = (np.divide(*_parts(about.by_under, phase)) - here) / _STEP if stack.under_nm else np.zeros_like(here)
    return here, by_nm, by_index, by_under
