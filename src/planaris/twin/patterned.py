"""Patterned wafers as they truly are: what lies on up and down places once the surface has come down, and how it rubs.

The pad keeps the surface of all areas level (closed forms of steps and recess are `physics.pattern`): a place has lost
from its top what the field has lost in height.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.model import Layer, PatternArea

Array = NDArray[np.float64]

# An area as a wafer carries it, in plain tuples that its memory can keep: share of the wafer, share of it that stands
# up, films (material, nm) on up places, empty for the wafer's own, and on down places.
Films = Sequence[tuple[str, float]]
TrueArea = tuple[float, float, Films, Films]


def true_area(area: PatternArea) -> TrueArea:
    """Return an area as a wafer carries it."""
    return area.area_fraction, area.density_fraction, _films(area.up), _films(area.down)


def _films(layers: Sequence[Layer]) -> tuple[tuple[str, float], ...]:
    return tuple((layer.material, layer.thickness_nm) for layer in layers)


@dataclass(frozen=True, slots=True)
class Place:
    """Kind of place: its share of the wafer, materials from the top, thicknesses (m, n); None for the wafer's own."""

    share: float
    materials: tuple[str, ...]
    films_nm: Array | None


def places(areas: Sequence[Any], lowered_nm: Array) -> Iterator[Place]:
    """Yield the kinds of places under points whose surface has come down by ``lowered_nm`` (m,)."""
    for area_fraction, density, up, down in areas:
        if density > 0.0:
            yield _place(area_fraction * density, up, lowered_nm)
        if density < 1.0:
            yield _place(area_fraction * (1.0 - density), down, lowered_nm)


def _place(share: float, films: Films, lowered_nm: Array) -> Place:
    if not films:
        return Place(share, (), None)
    thickness = np.array([d for _, d in films])
    below = np.cumsum(thickness)
    left = np.clip(below - lowered_nm[:, None], 0.0, thickness)
    return Place(share, tuple(m for m, _ in films), left)


def pattern_friction(
    areas: Sequence[Any], materials: Sequence[str], start_nm: Sequence[float], coefficients: Mapping[str, float]
) -> Array:
    """Return the friction coefficient of each state of the surface: field film k on top, (n_film,).

    The field's films begin with thicknesses ``start_nm``; places without coefficients of their own rub as the field.
    """
    field = np.array([coefficients[m] for m in materials])
    if not areas:
        return field
    # As film k shows all of those above it are gone.
    lowered = np.concatenate([[0.0], np.cumsum(start_nm)[:-1]])
    total = np.zeros(len(field))
    for place in places(areas, lowered):
        if place.films_nm is None:
            total += place.share * field
            continue
        for k in range(len(field)):
            there = np.flatnonzero(place.films_nm[k] > 0.0)
            top = place.materials[int(there[0])] if len(there) else place.materials[-1]
            total[k] += place.share * coefficients.get(top, float(field[k]))
    return total
