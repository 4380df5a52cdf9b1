"""Patterned wafers as they truly are: what is left on up and down places, how the surface rubs, and who recedes.

An area's up and down places begin as high as their films; how each comes down as the field does is marched by the
closed forms of `physics.pattern`: a step by two-level contact while both show the same film, a recess of the faster
film once they differ. The field is not changed by it: each cell of a pattern carries its own load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planaris.model import Layer, PatternArea
from planaris.physics import (
    ContactConstants,
    RemovalLaw,
    TwoMaterials,
    contact_rates,
    recess_limit_nm,
    removal_rate_nm_min,
)

Array = NDArray[np.float64]

# An area as a wafer carries it, in plain tuples that its memory can keep: share of the wafer, share of it that stands
# up, films (material, nm) on up places, empty for the wafer's own, and on down places, line and space in µm.
Films = Sequence[tuple[str, float]]
TrueArea = tuple[float, float, Films, Films, float, float]

# The field comes down in steps of this; the forms of one step are exact in it but for the films' borders [design].
_STEP_nm = 2.0
# How far beyond the field's own films the march goes on: a substrate is not polished.
_BEYOND_nm = 20.0
# Where the films' rates are compared: 3 psi, 93 rpm. Powers of pressure differ little within a pattern's loads.
_PATTERN_kPa, _PATTERN_m_s = 20.7, 1.2
# Largest recess of copper lines, B·w^α·s^β (Tugbawa 2002, I); other metals and oxides in trenches are taken alike (A).
_RECESS_nm, _WIDTH_EXPONENT, _SPACE_EXPONENT = 33.3, 0.303, 0.259


def true_area(area: PatternArea) -> TrueArea:
    """Return an area as a wafer carries it."""
    films = _films(area.up), _films(area.down)
    return area.area_fraction, area.density_fraction, *films, area.line_um, area.space_um


def _films(layers: Sequence[Layer]) -> tuple[tuple[str, float], ...]:
    return tuple((layer.material, layer.thickness_nm) for layer in layers)


@dataclass(frozen=True, slots=True)
class Field:
    """What a pattern's wafer is where it has none: films (material, nm) before any polish, and blanket rates.

    ``rate_ratio`` are the films' rates under the slurry in use, relative to each other.
    """

    films: tuple[tuple[str, float], ...]
    rate_ratio: tuple[tuple[str, float], ...]


def field_of(materials: Sequence[str], start_nm: Sequence[float], laws: Mapping[str, RemovalLaw]) -> Field | None:
    """Return what a patterned wafer is without its pattern; None of a blanket wafer, which has no ``start_nm``."""
    if not start_nm:
        return None
    rates = (
        (m, float(removal_rate_nm_min(_PATTERN_kPa, _PATTERN_m_s, law.temperature_ref_C, law)))
        for m, law in laws.items()
    )
    return Field(tuple(zip(materials, start_nm, strict=True)), tuple(rates))


@dataclass(frozen=True, slots=True)
class Place:
    """Kind of place: its share of the wafer, materials from the top, thicknesses (m, n); None for the wafer's own."""

    share: float
    materials: tuple[str, ...]
    films_nm: Array | None


def places(areas: Sequence[TrueArea], field: Field, lowered_nm: Array) -> Iterator[Place]:
    """Yield the kinds of places under points where the field has come down by ``lowered_nm`` (m,)."""
    for area in areas:
        area_fraction, density, up, down = area[:4]
        if not down or density >= 1.0:
            yield _place(area_fraction, up, lowered_nm)
            continue
        field_nm, up_nm, down_nm = _march(_key(area), field)
        own = up or field.films
        if density > 0.0:
            yield _place(area_fraction * density, own, np.interp(lowered_nm, field_nm, up_nm))
        yield _place(area_fraction * (1.0 - density), down, np.interp(lowered_nm, field_nm, down_nm))


def recess_nm(area: TrueArea, field: Field, lowered_nm: Array) -> Array:
    """Return how far down places lie below up places (m,): negative where they stand above."""
    field_nm, up_nm, down_nm = _march(_key(area), field)
    begin_nm = sum(d for _, d in area[2] or field.films) - sum(d for _, d in area[3])
    return begin_nm + np.interp(lowered_nm, field_nm, down_nm - up_nm)


def _key(area: TrueArea) -> TrueArea:
    """Return an area that can be hashed, also where memory gave its films back as lists."""
    share, density, up, down, line_um, space_um = area
    films = tuple((str(m), float(d)) for m, d in up), tuple((str(m), float(d)) for m, d in down)
    return share, density, *films, line_um, space_um


@lru_cache(maxsize=64)
def _march(area: TrueArea, field: Field) -> tuple[Array, Array, Array]:
    """Return how far field, up and down places have come down, (k,) each."""
    density, rates = area[1], dict(field.rate_ratio)
    up, down = _Films(area[2] or field.films), _Films(area[3])
    own, contact = _Films(field.films), ContactConstants()
    limit_nm = float(recess_limit_nm(area[5], area[4], _RECESS_nm, _WIDTH_EXPONENT, _SPACE_EXPONENT))
    lowered = np.arange(0.0, own.height_nm + _BEYOND_nm, _STEP_nm)
    up_nm, down_nm = np.zeros_like(lowered), np.zeros_like(lowered)
    u = v = 0.0
    for k, field_nm in enumerate(lowered[:-1].tolist()):
        time = _STEP_nm / rates[own.at(field_nm)]
        slow, fast = rates[up.at(u)], rates[down.at(v)]
        step_nm = (up.height_nm - u) - (down.height_nm - v)
        if up.at(u) != down.at(v) and step_nm <= limit_nm:
            pair = TwoMaterials(density, fast, slow, limit_nm)
            after_nm = float(pair.recess_nm(time, step_nm))
            _, of_up = pair.rates_nm_min(0.5 * (step_nm + after_nm))
            u, v = u + float(of_up) * time, v + float(of_up) * time + after_nm - step_nm
        else:  # what stands higher carries more, be it up or down
            share = density if step_nm >= 0.0 else 1.0 - density
            high, low = contact_rates(1.0, share, abs(step_nm), contact)
            of_up, of_down = (high, low) if step_nm >= 0.0 else (low, high)
            u, v = u + slow * float(of_up) * time, v + fast * float(of_down) * time
        up_nm[k + 1], down_nm[k + 1] = u, v
    return lowered, up_nm, down_nm


class _Films:
    """Films from the top: which shows once so much has gone."""

    def __init__(self, films: Films) -> None:
        self._materials = [m for m, _ in films]
        self._below = np.cumsum([d for _, d in films])

    @property
    def height_nm(self) -> float:
        return float(self._below[-1])

    def at(self, lowered_nm: float) -> str:
        """Return the film that shows; the last where all have gone."""
        return self._materials[min(int(np.searchsorted(self._below, lowered_nm, "right")), len(self._materials) - 1)]


def _place(share: float, films: Films, lowered_nm: Array) -> Place:
    if not films:
        return Place(share, (), None)
    thickness = np.array([d for _, d in films])
    below = np.cumsum(thickness)
    left = np.clip(below - lowered_nm[:, None], 0.0, thickness)
    return Place(share, tuple(m for m, _ in films), left)


def pattern_friction(areas: Sequence[TrueArea], field: Field, coefficients: Mapping[str, float]) -> Array:
    """Return a patterned wafer's friction coefficient by state of its surface: field film k on top, (n_film,)."""
    rubs = np.array([coefficients[m] for m, _ in field.films])
    # As film k shows all of those above it are gone.
    lowered = np.concatenate([[0.0], np.cumsum([d for _, d in field.films])[:-1]])
    total = np.zeros(len(rubs))
    for place in places(areas, field, lowered):
        if place.films_nm is None:
            total += place.share * rubs
            continue
        for k in range(len(rubs)):
            there = np.flatnonzero(place.films_nm[k] > 0.0)
            top = place.materials[int(there[0])] if len(there) else place.materials[-1]
            total[k] += place.share * coefficients.get(top, float(rubs[k]))
    return total
