"""Optics of the endpoint bench's true wafers: characteristic matrices and constants of their own.

Nothing here is shared with the estimators, which see nominal constants: no inverse crime.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

WAVELENGTH_NM: FloatArray = np.linspace(400.0, 800.0, 256)
WATER = 1.333  # visible, 25 °C (Hale and Querry 1973); the estimator takes 1.33

# Rounded after Aspnes and Studna 1983 (Si), Palik (W), with more points than a nominal table has.
_SI_NM = (400.0, 425.0, 450.0, 500.0, 550.0, 600.0, 650.0, 700.0, 750.0, 800.0)
_SI_N = (5.570, 4.970, 4.676, 4.298, 4.084, 3.943, 3.844, 3.774, 3.723, 3.681)
_SI_K = (0.387, 0.161, 0.091, 0.073, 0.041, 0.025, 0.016, 0.012, 0.008, 0.006)
_W_NM = (400.0, 450.0, 500.0, 550.0, 600.0, 650.0, 700.0, 800.0)
_W_N = (3.39, 3.34, 3.38, 3.50, 3.54, 3.70, 3.82, 3.56)
_W_K = (2.41, 2.55, 2.68, 2.75, 2.84, 2.93, 2.91, 2.73)


def silica(wavelength_nm: FloatArray = WAVELENGTH_NM) -> ComplexArray:
    """Return the index of fused silica (Malitson 1965)."""
    um2 = (1e-3 * wavelength_nm) ** 2
    n2 = 1.0 + 0.6961663 * um2 / (um2 - 0.0684043**2)
    n2 += 0.4079426 * um2 / (um2 - 0.1162414**2) + 0.8974794 * um2 / (um2 - 9.896161**2)
    return np.sqrt(n2).astype(np.complex128)


def nitride(wavelength_nm: FloatArray = WAVELENGTH_NM) -> ComplexArray:
    """Return the index of silicon nitride (Philipp 1973)."""
    um2 = (1e-3 * wavelength_nm) ** 2
    return np.sqrt(1.0 + 2.8939 * um2 / (um2 - 0.13967**2)).astype(np.complex128)


def silicon(wavelength_nm: FloatArray = WAVELENGTH_NM) -> ComplexArray:
    """Return n − ik of silicon."""
    return np.interp(wavelength_nm, _SI_NM, _SI_N) - 1j * np.interp(wavelength_nm, _SI_NM, _SI_K)


def tungsten(wavelength_nm: FloatArray = WAVELENGTH_NM) -> ComplexArray:
    """Return n − ik of tungsten."""
    return np.interp(wavelength_nm, _W_NM, _W_N) - 1j * np.interp(wavelength_nm, _W_NM, _W_K)


def below(layers: list[tuple[ComplexArray, float]], substrate: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return B and C under the top film: characteristic matrices of layers (index, nm) from the top down."""
    b, c = np.ones_like(substrate), substrate.copy()
    for index, nm in reversed(layers):
        delta = 2.0 * np.pi * index * nm / WAVELENGTH_NM
        cos, sin = np.cos(delta), np.sin(delta)
        b, c = cos * b + 1j * sin / index * c, 1j * index * sin * b + cos * c
    return b, c


def film_reflectance(
    index: FloatArray, nm: FloatArray, under: tuple[ComplexArray, ComplexArray], ambient: float = WATER
) -> FloatArray:
    """Return reflectances (k, L) of a transparent film of thicknesses (k,) over B and C of what is below."""
    b, c = under
    # (ambient·B ∓ C) of the whole is cos·P + sin·Q with complex P and Q of what is below: squares need no complex rows.
    angle = (4.0 * np.pi * index / WAVELENGTH_NM) * nm[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    squares: list[FloatArray] = []
    for sign in (-1.0, 1.0):
        p, q = ambient * b + sign * c, 1j * (ambient * c / index + sign * index * b)
        p2, q2 = np.abs(p) ** 2, np.abs(q) ** 2
        squares.append(0.5 * (p2 + q2) + 0.5 * (p2 - q2) * cos + (p * np.conj(q)).real * sin)
    return squares[0] / squares[1]
