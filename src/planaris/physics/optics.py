"""Reflectance of a film stack at normal incidence, and of a patterned wafer.

The stack's characteristic matrix M = Π[[cos δ, i·sin δ/N], [i·N·sin δ, cos δ]], δ = 2πN·d/λ, gives r of the whole.
It is computed in its equivalent form from the substrate up, r ← (ρ + r·e^{−2iδ})/(1 + ρ·r·e^{−2iδ}) with ρ of each
border (Rouard 1937; Born & Wolf, 1.6.4): one exponential a layer, and none that grows, however thick a metal is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.physics._namespace import Array, ArrayLike, array_namespace
from planaris.physics.optical_constants import refractive_index

# Arrays of complex numbers; as `Array`, any namespace's will do.
ComplexArray = NDArray[np.complex128]


def _fresnel(upper: Any, lower: Any) -> Any:
    """Return the amplitude reflected at a border, light from above."""
    return (upper - lower) / (upper + lower)


def there_and_back(rate_per_nm: Any, thickness_nm: Any) -> Any:
    """Return e^(rate·d), what light gains on its way through a layer and back.

    ``rate_per_nm`` is −4πi·N/λ; the two broadcast. NumPy's cosine and sine of reals are several times as fast as its
    complex exponential.
    """
    xp = array_namespace(thickness_nm, rate_per_nm)
    if xp is not np:
        return xp.exp(rate_per_nm * thickness_nm)
    angle: Array = rate_per_nm.imag * thickness_nm
    turned = np.empty(angle.shape, dtype=np.complex128)
    np.cos(angle, out=turned.real)
    np.sin(angle, out=turned.imag)
    if rate_per_nm.real.any():
        turned *= np.exp(rate_per_nm.real * thickness_nm)
    return turned


def reflectance(
    wavelength_nm: Array,
    index: ComplexArray,
    thickness_nm: Array,
    substrate_index: ComplexArray,
    ambient_index: ComplexArray | float = 1.0,
) -> Array:
    """Return R (..., L) of stacks, layers from the top down.

    ``wavelength_nm`` (L,), ``index`` (..., layers, L) and ``substrate_index`` (L,) as n − ik, ``thickness_nm``
    (..., layers), ``ambient_index`` (L,) or a number; leading axes broadcast. A layer of no thickness is not there.
    """
    xp = array_namespace(thickness_nm, index, wavelength_nm, substrate_index)
    index, thickness = xp.asarray(index), xp.asarray(thickness_nm)
    phase = (-4j * math.pi) / xp.asarray(wavelength_nm)
    layers = index.shape[-2]
    upper = xp.asarray(ambient_index)
    above = [upper] + [index[..., j, :] for j in range(layers)]
    r = _fresnel(above[-1], xp.asarray(substrate_index))
    below: Any = None
    for j in range(layers - 1, -1, -1):
        r = (r if below is None else r / below) * there_and_back(phase * above[j + 1], thickness[..., j, None])
        border = _fresnel(above[j], above[j + 1])
        r, below = r + border, r * border + 1.0
    found = _squared(r) if below is None else _squared(r) / _squared(below)
    # A bare substrate still answers for every stack that was asked for.
    shape = (*thickness.shape[:-1], found.shape[-1])
    return found if len(found.shape) >= len(shape) else found + xp.zeros(shape)


def _squared(amplitude: Any) -> Any:
    """Return |r|² without the root that `abs` takes."""
    xp = array_namespace(amplitude)
    return xp.real(amplitude) ** 2 + xp.imag(amplitude) ** 2


def transmittance(
    wavelength_nm: Array,
    index: ComplexArray,
    thickness_nm: Array,
    substrate_index: ComplexArray,
    ambient_index: ComplexArray | float = 1.0,
) -> Array:
    """Return T (..., L) into the substrate, arguments as for `reflectance`; R + T = 1 where nothing absorbs."""
    xp = array_namespace(thickness_nm, index, wavelength_nm, substrate_index)
    index, thickness, below = xp.asarray(index), xp.asarray(thickness_nm), xp.asarray(substrate_index)
    phase = (-2j * math.pi) / xp.asarray(wavelength_nm)
    layers = index.shape[-2]
    upper = xp.asarray(ambient_index)
    above = [upper] + [index[..., j, :] for j in range(layers)]
    r = _fresnel(above[-1], below)
    t = 2.0 * above[-1] / (above[-1] + below)
    for j in range(layers - 1, -1, -1):
        once = xp.exp((phase * above[j + 1]) * thickness[..., j, None])
        r = r * once * once
        border = _fresnel(above[j], above[j + 1])
        passed = 2.0 * above[j] / (above[j] + above[j + 1])
        t = passed * t * once / (r * border + 1.0)
        r = (r + border) / (r * border + 1.0)
    return xp.real(below) / xp.real(upper) * abs(t) ** 2


def area_reflectance(area_fractions: Array, reflectances: Array) -> Array:
    """Return R = ΣA_i·R_i (..., L) of a pattern: areas (..., n) add without interference, reflectances (..., n, L)."""
    xp = array_namespace(area_fractions, reflectances)
    return xp.sum(xp.asarray(area_fractions)[..., None] * xp.asarray(reflectances), axis=-2)


def spectrum_of(
    materials: Sequence[str],
    thickness_nm: Array,
    wavelength_nm: Array,
    *,
    substrate: str = "Si",
    ambient: str = "water",
    index_ratio: ArrayLike = 1.0,
) -> Array:
    """Return R (..., L) of films by name from the top down, ``thickness_nm`` (..., layers), with nominal constants.

    ``index_ratio`` (layers,) or a number multiplies the films' indices. Raises `KeyError` for an unknown material.
    """
    wavelength = np.asarray(wavelength_nm, dtype=np.float64)
    none = np.zeros((0, len(wavelength)), dtype=np.complex128)
    index = np.stack([refractive_index(m, wavelength) for m in materials]) if materials else none
    ratio = np.asarray(index_ratio, dtype=np.float64)
    return reflectance(
        wavelength,
        index * (ratio[:, None] if ratio.ndim else ratio),
        thickness_nm,
        refractive_index(substrate, wavelength),
        refractive_index(ambient, wavelength),
    )


def spectrum_wavelengths_nm(points: int = 256, first_nm: float = 400.0, last_nm: float = 800.0) -> Array:
    """Return the wavelengths of a spectrometer's points, evenly from first to last."""
    return np.linspace(first_nm, last_nm, points)
