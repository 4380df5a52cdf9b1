"""The nominal stack of a wafer: the lot's films with the materials' nominal optical constants."""

from __future__ import annotations

import numpy as np

from planaris.control.endpoint.signals import FloatArray
from planaris.control.endpoint.spectral_model import NominalStack
from planaris.model import FilmStack
from planaris.physics import has_optics, refractive_index


def nominal_stack(films: FilmStack, wavelength_nm: FloatArray) -> NominalStack:
    """Return the stack that detectors start from; raise `KeyError` for materials without optical constants."""
    top, *under = films.layers
    return NominalStack(
        wavelength_nm=np.asarray(wavelength_nm, dtype=np.float64),
        film_index=refractive_index(top.material, wavelength_nm),
        film_nm=top.thickness_nm,
        under_index=tuple(refractive_index(layer.material, wavelength_nm) for layer in under),
        under_nm=tuple(layer.thickness_nm for layer in under),
        substrate_index=refractive_index(films.substrate, wavelength_nm),
        ambient_index=float(refractive_index("water", wavelength_nm).real.mean()),
        materials=(*(layer.material for layer in films.layers), films.substrate),
    )


def unknown_optics(films: FilmStack) -> tuple[str, ...]:
    """Return the materials of a wafer that have no optical constants; a spectral detector cannot work with them."""
    materials = (*(layer.material for layer in films.layers), films.substrate)
    return tuple(material for material in materials if not has_optics(material))
