"""Films on a wafer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layer:
    """One film: its material (as in the process package) and nominal thickness."""

    material: str
    thickness_nm: float


@dataclass(frozen=True, slots=True)
class FilmStack:
    """Films from the top down on a substrate; the first layer is the one that is polished."""

    layers: tuple[Layer, ...]
    substrate: str = "Si"

    @property
    def top(self) -> Layer:
        """The layer that meets the pad first."""
        return self.layers[0]
