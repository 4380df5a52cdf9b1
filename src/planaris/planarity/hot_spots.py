"""Places of a polished chip that leave what the next steps can bear: out of focus, or too deep a recess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from planaris.model import InputError, InputFault
from planaris.planarity.maps import PatternMaps
from planaris.planarity.topography import Topography

Map = NDArray[np.float64]
# Of the depth of focus, what CMP's topography may use; resist, wafer and stage share the rest [design].
CMP_SHARE_RATIO = 1.0 / 3.0


@dataclass(frozen=True, slots=True)
class ExposureTool:
    """A lithography tool: wavelength, numerical aperture, index of what lies between lens and wafer."""

    name: str
    wavelength_nm: float
    aperture_ratio: float
    source: str
    index_ratio: float = 1.0

    @property
    def depth_of_focus_nm(self) -> float:
        """n·λ/NA²: the whole range about best focus, Rayleigh with k₂ = 1."""
        return self.index_ratio * self.wavelength_nm / self.aperture_ratio**2

    @property
    def budget_nm(self) -> float:
        """What of it the topography of CMP may use."""
        return CMP_SHARE_RATIO * self.depth_of_focus_nm


# Wavelength and aperture as the maker names the machines; R: recollected, to be checked against the tool in use.
EXPOSURE_TOOLS: Mapping[str, ExposureTool] = MappingProxyType(
    {
        "pas5500-275": ExposureTool("ASML PAS 5500/275 (i-line)", 365.0, 0.57, "maker's product line, R"),
        "pas5500-850": ExposureTool("ASML PAS 5500/850 (KrF)", 248.0, 0.80, "maker's product line, R"),
        "arf-immersion": ExposureTool("193 nm immersion, NA 1.35", 193.0, 1.35, "water n 1.44; maker's line, R", 1.44),
    }
)


# What a lens can be: EUV to the g line of mercury, and below the index of an immersion liquid.
_WAVELENGTH_nm, _APERTURE, _INDEX = (10.0, 500.0), (0.05, 1.7), (1.0, 1.8)


def exposure_tool(text: str) -> ExposureTool:
    """Return a named tool, or one's own from ``wavelength_nm,aperture[,index]``; `InputError` with every fault."""
    if text in EXPOSURE_TOOLS:
        return EXPOSURE_TOOLS[text]
    remedy = f"name one of {', '.join(EXPOSURE_TOOLS)}, or give your own lens as WAVELENGTH_nm,NA[,INDEX]: 365,0.57"
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3):
        raise InputError("--exposure", (InputFault("--exposure", text, "is no exposure tool", remedy=remedy),))
    wavelength_nm, aperture, index = (*numbers, 1.0)[:3]
    wanted = (
        ("wavelength", wavelength_nm, *_WAVELENGTH_nm, "nm"),
        ("index", index, *_INDEX, ""),
        ("aperture", aperture, _APERTURE[0], min(_APERTURE[1], index), ""),
    )
    faults = tuple(
        InputFault("--exposure", f"{value:g}", f"the {name} is out of range", f"{low:g}..{high:g}", unit, remedy)
        for name, value, low, high, unit in wanted
        if not low <= value <= high
    )
    if faults:
        raise InputError("--exposure", faults)
    liquid = "" if index == 1.0 else f", n {index:g}"
    return ExposureTool(f"{wavelength_nm:g} nm, NA {aperture:g}{liquid}", wavelength_nm, aperture, "given", index)


@dataclass(frozen=True, slots=True)
class HotSpotLimits:
    """Limits of a surface, nm: ``focus_nm`` of the whole range about the mean plane; None is not checked."""

    focus_nm: float | None = None
    step_nm: float | None = None
    dishing_nm: float | None = None
    erosion_nm: float | None = None


@dataclass(frozen=True, slots=True)
class HotSpot:
    """Neighbouring cells over one limit: what, worst value and limit in nm, box in µm, area in µm²."""

    layer: str
    kind: str
    worst_nm: float
    limit_nm: float
    left_um: float
    bottom_um: float
    right_um: float
    top_um: float
    cells_count: int

    @property
    def severity_ratio(self) -> float:
        """Worst value over limit."""
        return self.worst_nm / self.limit_nm


def find_hot_spots(layer: str, maps: PatternMaps, surface: Topography, limits: HotSpotLimits) -> tuple[HotSpot, ...]:
    """Return places over a limit, worst first. A place is connected cells; out of focus counts from the mean plane."""
    mean = float((surface.surface_nm * surface.inside).sum() / surface.inside.sum())
    checks: tuple[tuple[str, Map, float | None], ...] = (
        # A cell may lie half the range above or below best focus.
        ("focus", 2.0 * np.abs(surface.surface_nm - mean), limits.focus_nm),
        ("step", np.abs(surface.step_nm) * _both(surface), limits.step_nm),
        ("dishing", surface.dishing_nm, limits.dishing_nm),
        ("erosion", surface.erosion_nm, limits.erosion_nm),
    )
    found: list[HotSpot] = []
    for kind, values, limit in checks:
        if limit is not None:
            found += _places(layer, kind, values, limit, maps)
    return tuple(sorted(found, key=lambda spot: (-spot.severity_ratio, spot.bottom_um, spot.left_um)))


def _both(surface: Topography) -> Map:
    return ((surface.up_fraction > 0.0) & (surface.up_fraction < 1.0)).astype(np.float64)


def _places(layer: str, kind: str, values: Map, limit: float, maps: PatternMaps) -> list[HotSpot]:
    over = values > limit
    labels: Any
    labels, count = scipy.ndimage.label(over)  # pyright: ignore[reportGeneralTypeIssues]
    if not count:
        return []
    worst: Any = scipy.ndimage.maximum(values, labels, np.arange(1, count + 1))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    found: list[HotSpot] = []
    for number, place in enumerate(scipy.ndimage.find_objects(labels)):
        rows, columns = place
        found.append(
            HotSpot(
                layer,
                kind,
                float(worst[number]),
                limit,
                maps.left_um + columns.start * maps.cell_um,
                maps.bottom_um + rows.start * maps.cell_um,
                maps.left_um + columns.stop * maps.cell_um,
                maps.bottom_um + rows.stop * maps.cell_um,
                int(sizes[number + 1]),
            )
        )
    return found
