"""Films on a wafer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layer:
    """One film: its material (as in the process package) and nominal thickness."""

    material: str
    thickness_nm: float


@dataclass(frozen=True, slots=True)
class PatternArea:
    """One kind of area: its share of the wafer, the share of it that stands up, line and space, films from the top.

    ``up`` empty means the lot's own stack; ``down`` are the films over trenches, plugs or lines, whose tops lie level
    with the polished surface once the pad has planarized it. ``density_fraction`` 1 is an area without pattern.
    """

    name: str
    area_fraction: float
    density_fraction: float
    line_um: float
    space_um: float
    up: tuple[Layer, ...] = ()
    down: tuple[Layer, ...] = ()


@dataclass(frozen=True, slots=True)
class FilmStack:
    """Films from the top down on a substrate; the first layer is the one that is polished.

    ``areas`` are those of a patterned wafer, empty on a blanket one.
    """

    layers: tuple[Layer, ...]
    substrate: str = "Si"
    areas: tuple[PatternArea, ...] = ()

    @property
    def top(self) -> Layer:
        """The layer that meets the pad first."""
        return self.layers[0]
